//! The layer of environment variables: `CALLBOARD_SECTION__KEY`, and the names that are customary elsewhere.
//!
//! An empty variable counts as not set. Lists are comma separated or JSON.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::fault::{Faults, nearest};
use super::known::{FROM_FILES, Known, SECRETS, did_you_mean};
use super::layer::Layer;

const PREFIX: &str = "CALLBOARD_";

/// Customary names of settings. The name with the prefix wins over these.
const ALIASES: [(&str, &str); 9] = [
    ("HOST", "server.host"),
    ("OPENAI_API_KEY", "model.default.api_key"),
    ("OPENAI_BASE_URL", "model.default.base_url"),
    ("PORT", "server.port"),
    ("REDIS_URL", "store.url"),
    ("RUST_LOG", "log.filter"),
    ("WEBSOCKET_HEARTBEAT_INTERVAL", "connections.heartbeat_interval"),
    ("WEBSOCKET_MAX_CONNECTIONS", "connections.max_connections"),
    ("WEBSOCKET_MESSAGE_SIZE_LIMIT", "connections.max_message_bytes"),
];

/// Most bytes of a file that holds a secret; more is a mistake, and may never end.
const MAX_SECRET_BYTES: u64 = 65_536;

/// Variables, of the process or of a `.env` file.
pub(super) struct Variables<'a> {
    /// Names and values; no value where it is not UTF-8.
    pub(super) values: BTreeMap<String, Option<String>>,
    /// The `.env` file that they stand in, as it is shown; none for those of the process.
    pub(super) file: Option<&'a str>,
    /// The folder that files are looked for in.
    pub(super) folder: &'a Path,
}

impl Variables<'_> {
    /// The settings among the variables. Those that are none of ours are left alone.
    pub(super) fn layer(&self, known: &Known, faults: &mut Faults) -> Layer {
        let mut layer = Layer::default();
        for (name, key) in ALIASES {
            if let Some(text) = self.text(name, faults) {
                self.set(&mut layer, known, (name, key), text, faults);
            }
        }
        for from_file in [
            ("OPENAI_API_KEY_FILE", "OPENAI_API_KEY", "model.default.api_key"),
            ("REDIS_URL_FILE", "REDIS_URL", "store.url"),
        ] {
            self.set_from_file(&mut layer, known, from_file, faults);
        }
        let keys: BTreeMap<String, String> = known.keys().into_iter().map(|key| (variable(&key), key)).collect();
        for (name, value) in self.values.range(PREFIX.to_owned()..).take_while(|(name, _)| name.starts_with(PREFIX)) {
            if let Some(key) = keys.get(name) {
                if let Some(text) = self.text(name, faults) {
                    self.set(&mut layer, known, (name, key), text, faults);
                }
            } else if let Some(key) = secret_of(name) {
                self.set_from_file(&mut layer, known, (name, &variable(key), key), faults);
            } else if let Some(key) = key_of_named(name.strip_suffix("_FILE").unwrap_or_default(), known)
                && key.ends_with(".api_key")
            {
                self.set_from_file(&mut layer, known, (name, &variable(&key), &key), faults);
            } else if let Some(key) = key_of_named(name, known) {
                if let Some(text) = self.text(name, faults) {
                    self.set(&mut layer, known, (name, &key), text, faults);
                }
            } else if !is_of_a_task(name) && !is_service_link(name, value.as_deref().unwrap_or_default()) {
                faults.add(self.source(name), "", unknown(name, &keys));
            }
        }
        layer
    }

    fn source(&self, name: &str) -> String {
        match self.file {
            Some(file) => format!("{name} in {file}"),
            None => format!("environment variable {name}"),
        }
    }

    fn text(&self, name: &str, faults: &mut Faults) -> Option<&str> {
        let value = self.values.get(name)?;
        if value.is_none() {
            faults.add(self.source(name), "", "is not UTF-8 text");
        }
        value.as_deref().filter(|text| !text.is_empty())
    }

    fn set(&self, layer: &mut Layer, known: &Known, (name, key): (&str, &str), text: &str, faults: &mut Faults) {
        let named = key.split_once('.').and_then(|(section, rest)| known.named(section)?.get(rest.split_once('.')?.1));
        let value = read_as(known.default_of(key).or(named).unwrap_or(&Value::Null), text);
        put(layer, known, key, &value, &self.source(name), faults);
    }

    /// Sets what a file has that the variable `name` names, which must not stand beside `direct`.
    fn set_from_file(
        &self,
        layer: &mut Layer,
        known: &Known,
        (name, direct, key): (&str, &str, &str),
        faults: &mut Faults,
    ) {
        let Some(path) = self.text(name, faults) else { return };
        if self.values.get(direct).is_some_and(|value| value.as_deref() != Some("")) {
            return faults.add(self.source(name), key, format!("stands beside {direct}; set one of them"));
        }
        match read_secret(&self.folder.join(path)) {
            Ok(text) => put(layer, known, key, &Value::from(text.trim()), &self.source(name), faults),
            Err(error) => faults.add(self.source(name), key, format!("the file {path} cannot be read: {error}")),
        }
    }
}

/// Sets a setting of any kind: of a section, of a table with a name of one's own, or a whole list.
fn put(layer: &mut Layer, known: &Known, key: &str, value: &Value, source: &str, faults: &mut Faults) {
    match key.split_once('.') {
        Some((section, rest)) => match rest.split_once('.').filter(|_| known.named(section).is_some()) {
            Some((name, key)) => layer.set_named(known, (section, name, key), value, source, faults),
            None => layer.set(known, (section, rest), value, source, faults),
        },
        None => layer.set_list(known, key, value, source, faults),
    }
}

/// The setting of a table with a name of one's own that this variable is of, such as `CALLBOARD_MODEL__FAST__MODEL`.
fn key_of_named(variable: &str, known: &Known) -> Option<String> {
    let mut parts = variable.strip_prefix(PREFIX)?.split("__");
    let (section, name, key) =
        (parts.next()?.to_lowercase(), parts.next()?.to_lowercase(), parts.next()?.to_lowercase());
    let is_known = parts.next().is_none() && !name.is_empty() && known.named(&section)?.contains_key(&key);
    is_known.then(|| format!("{section}.{name}.{key}"))
}

/// The variable of a setting.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The secret whose file this variable names.
fn secret_of(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix("_FILE")?;
    SECRETS.into_iter().chain(FROM_FILES).find(|key| variable(key) == name)
}

fn read_secret(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_SECRET_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// A variable's text as a value of the default's type; as text where it is none, so that the check reports it.
fn read_as(default: &Value, text: &str) -> Value {
    let trimmed = text.trim();
    let read = match default {
        Value::Number(_) => number(trimmed),
        Value::Bool(_) => trimmed.parse().ok().map(Value::Bool),
        Value::Array(_) if trimmed.starts_with('[') => serde_json::from_str(trimmed).ok(),
        Value::Array(_) => Some(trimmed.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()),
        Value::String(_) | Value::Null | Value::Object(_) => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}

fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
    whole.ok().or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from))
}

fn unknown(name: &str, keys: &BTreeMap<String, String>) -> String {
    let said = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    let last = said.rsplit("__").next().unwrap_or(&said);
    let near = nearest(name, keys.keys().map(String::as_str)).map(str::to_owned);
    let elsewhere = || keys.iter().find(|(_, key)| key.rsplit('.').next() == Some(last)).map(|(name, _)| name.clone());
    did_you_mean("there is no such setting", near.or_else(elsewhere).as_ref())
}

/// Whether the variable is one that a command has which runs as a task: it may call this program.
fn is_of_a_task(name: &str) -> bool {
    matches!(name, "CALLBOARD_SESSION_ID" | "CALLBOARD_ATTEMPT")
}

/// Whether the variable is one that Kubernetes and container links make for a service called `callboard`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_port = |rest: &str| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
            && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.split_once("_PORT_").is_some_and(|(_, rest)| is_port(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_read_as_the_type_of_the_default() {
        for (default, text, value) in [
            (json!(1), "9000", json!(9000)),
            (json!(1), " 9000 ", json!(9000)),
            (json!(1), "abc", json!("abc")),
            (json!(0.5), "1.5", json!(1.5)),
            (json!(0.5), "inf", json!("inf")),
            (json!("a"), "9000", json!("9000")),
            (json!(null), "9000", json!("9000")),
            (json!(true), "false", json!(false)),
            (json!(true), "no", json!("no")),
            (json!([]), "a, b,,c", json!(["a", "b", "c"])),
            (json!([]), r#"["a,b"]"#, json!(["a,b"])),
            (json!([]), "[]", json!([])),
            (json!([]), "[a", json!("[a")),
        ] {
            assert_eq!(read_as(&default, text), value, "{default} {text}");
        }
    }

    #[test]
    fn a_service_called_callboard_does_not_stop_its_own_pods() {
        for (name, value) in [
            ("CALLBOARD_SERVICE_HOST", "10.0.0.1"),
            ("CALLBOARD_SERVICE_PORT", "80"),
            ("CALLBOARD_SERVICE_PORT_HTTP", "80"),
            ("CALLBOARD_PORT", "tcp://10.0.0.1:80"),
            ("CALLBOARD_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("CALLBOARD_PORT_80_TCP_ADDR", "10.0.0.1"),
        ] {
            assert!(is_service_link(name, value), "{name}");
        }
        assert!(is_of_a_task("CALLBOARD_SESSION_ID") && !is_of_a_task("CALLBOARD_SESSIONS_ID"));
        for (name, value) in [("CALLBOARD_PORT", "80"), ("CALLBOARD_SERVER_PORT", "80"), ("CALLBOARD_PORT_X_TCP", "")] {
            assert!(!is_service_link(name, value), "{name}");
        }
    }
}
