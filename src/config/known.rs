//! Which settings there are and of what type: read off the defaults and the structs, so that nothing is listed twice.

use serde_json::{Map, Value, json};

use super::Settings;
use super::callbacks::Callback;
use super::fault::nearest;
use super::handler::EventHandler;
use super::limits::Rates;
use super::task::CommandTask;
use crate::domain::agent::Agent;

/// The settings that are never shown, and that may be read from a file that a variable ending in `_FILE` names.
pub(super) const SECRETS: [&str; 2] = ["server.admin_token", "store.secret_key"];

/// What else may be read from such a file, as it may hold a password.
pub(super) const FROM_FILES: [&str; 1] = ["store.url"];

/// The settings that are not shown where they are wrong: beside the secrets, the store's address may hold a password.
pub(super) fn is_private(key: &str) -> bool {
    let of_named = key.strip_prefix("model.").and_then(|rest| rest.split('.').nth(1));
    SECRETS.contains(&key) || key == "store.url" || of_named.is_some_and(is_private_of_named)
}

/// The keys of a `[model.NAME]` that are not shown where they are wrong.
pub(super) fn is_private_of_named(key: &str) -> bool {
    matches!(key, "api_key" | "headers" | "base_url")
}

/// The settings that there are.
pub(super) struct Known {
    defaults: Map<String, Value>,
    /// The keys of each list of tables, by its name.
    lists: [(&'static str, Map<String, Value>); 4],
    /// The keys of the tables that have names of one's own, by their section.
    named: [(&'static str, Map<String, Value>); 2],
}

impl Known {
    pub(super) fn new() -> Self {
        let lists = [
            ("task", object(&CommandTask::default())),
            ("agent", with_other_name(object(&Agent::default()), "max_iter", "max_iterations")),
            ("event_handler", object(&EventHandler::default())),
            ("callback", object(&Callback::default())),
        ];
        let named =
            [("model", object(&callboard_model::Settings::default())), ("limits", object(&Rates::of_principal()))];
        let mut defaults = object(&Settings::default());
        for (section, _) in &named {
            defaults.shift_remove(*section);
        }
        Self { defaults, lists, named }
    }

    /// The sections `[…]` with their keys and defaults; `null` for a setting without a default.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.defaults.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_object()?)))
    }

    pub(super) fn section(&self, name: &str) -> Option<&Map<String, Value>> {
        self.defaults.get(name)?.as_object()
    }

    /// The lists of tables that there are, such as `[[task]]`.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'static str> {
        self.lists.iter().map(|(name, _)| *name)
    }

    /// The keys of a list's tables.
    pub(super) fn list(&self, name: &str) -> Option<&Map<String, Value>> {
        self.lists.iter().find(|(known, _)| *known == name).map(|(_, keys)| keys)
    }

    /// The sections of tables that have names of one's own, such as `[model.NAME]`.
    pub(super) fn named_sections(&self) -> impl Iterator<Item = &'static str> {
        self.named.iter().map(|(section, _)| *section)
    }

    /// The keys and defaults of such a section's tables.
    pub(super) fn named(&self, section: &str) -> Option<&Map<String, Value>> {
        self.named.iter().find(|(known, _)| *known == section).map(|(_, keys)| keys)
    }

    /// What to say of a key that such a table does not have.
    pub(super) fn unknown_in_named(&self, section: &str, name: &str, key: &str) -> String {
        let keys = self.named(section).into_iter().flat_map(Map::keys);
        let near = nearest(key, keys.map(String::as_str)).map(|near| format!("{section}.{name}.{near}"));
        did_you_mean("there is no such setting", near.as_ref())
    }

    /// Every setting as `section.key`, the lists of tables among them.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self
            .sections()
            .flat_map(|(section, keys)| keys.keys().map(move |key| format!("{section}.{key}")))
            .collect();
        keys.extend(self.lists().map(str::to_owned));
        keys
    }

    /// The default of `section.key`; `null` for a setting that has none.
    pub(super) fn default_of(&self, key: &str) -> Option<&Value> {
        match key.split_once('.') {
            Some((section, key)) => self.section(section)?.get(key),
            None => self.defaults.get(key),
        }
    }

    /// What to say of a key that there is not, with the one that was probably meant.
    pub(super) fn unknown(&self, section: &str, key: &str) -> String {
        let (owns, keys) = (self.section(section).map(|keys| keys.keys()), self.keys());
        let near = owns.and_then(|owns| nearest(key, owns.map(String::as_str))).map(|key| format!("{section}.{key}"));
        let elsewhere = || keys.iter().find(|known| known.split_once('.').is_some_and(|(_, last)| last == key));
        did_you_mean("there is no such setting", near.as_ref().or_else(elsewhere))
    }

    /// What to say of a top-level key that there is not.
    pub(super) fn unknown_section(&self, name: &str) -> String {
        let near = nearest(name, self.defaults.keys().map(String::as_str)).map(str::to_owned);
        near.map_or_else(|| self.unknown("", name), |near| did_you_mean("there is no such section", Some(&near)))
    }

    /// What to say of a key that the tables of a list do not have.
    pub(super) fn unknown_in_list(&self, name: &str, key: &str) -> String {
        let keys = self.list(name).into_iter().flat_map(Map::keys);
        let near = nearest(key, keys.map(String::as_str)).map(str::to_owned);
        let what = match name {
            "task" => "a task has no such setting",
            "agent" => "an agent has no such setting",
            _ => "an event handler has no such setting",
        };
        did_you_mean(what, near.as_ref())
    }
}

/// The keys of a table, one of which may also be written in another way.
fn with_other_name(mut keys: Map<String, Value>, key: &str, other: &str) -> Map<String, Value> {
    if let Some(default) = keys.get(key).cloned() {
        keys.insert(other.to_owned(), default);
    }
    keys
}

/// Whether `value` has the type of `section.key`.
///
/// # Errors
/// What it must be instead.
pub(super) fn fits(section: &str, key: &str, value: &Value) -> Result<(), String> {
    typed(json!({section: {key: value}}), is_private(&format!("{section}.{key}")))
}

/// Whether `value` has the type of this key of the tables of a list.
///
/// # Errors
/// What it must be instead.
pub(super) fn fits_list(name: &str, key: &str, value: &Value) -> Result<(), String> {
    typed(json!({name: [{key: value}]}), false)
}

/// Whether a table with a name of one's own takes this value; if not, why.
pub(super) fn fits_named(section: &str, name: &str, key: &str, value: &Value) -> Result<(), String> {
    typed(json!({section: {name: {key: value}}}), is_private_of_named(key))
}

pub(super) fn did_you_mean(what: &str, near: Option<&String>) -> String {
    near.map_or_else(|| what.to_owned(), |near| format!("{what}; did you mean {near}?"))
}

fn object(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn typed(settings: Value, secret: bool) -> Result<(), String> {
    match serde_json::from_value::<Settings>(settings) {
        Ok(_) => Ok(()),
        Err(_) if secret => Err("must be a text".into()),
        Err(error) => Err(in_plain_words(&error.to_string())),
    }
}

/// The words of serde as a person would say them.
fn in_plain_words(error: &str) -> String {
    let Some((found, expected)) = error.rsplit_once(", expected ") else { return error.to_owned() };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => whole_number(expected),
        "f64" | "f32" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string or table" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    };
    format!("must be {expected}, not {}", in_short(found))
}

fn whole_number(kind: &str) -> String {
    match kind {
        "u8" => "a whole number from 0 to 255".into(),
        "u16" => "a whole number from 0 to 65535".into(),
        "u32" => "a whole number from 0 to 4294967295".into(),
        _ => "a whole number, 0 or more".into(),
    }
}

/// From ``invalid type: integer `7` `` the 7, cut where it is long.
fn in_short(found: &str) -> String {
    let found = found.split_once(": ").map_or(found, |(_, found)| found);
    let value = match found {
        "sequence" => "a list",
        "map" => "a table",
        "null" | "unit value" => "null",
        other => other.find(['`', '"']).and_then(|start| other.get(start..)).unwrap_or(other),
    };
    if value.chars().count() <= 80 {
        return value.to_owned();
    }
    format!("{}…", value.chars().take(80).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_are_told_in_plain_words() {
        for (section, key, value, said) in [
            ("server", "port", json!("abc"), r#"must be a whole number from 0 to 65535, not "abc""#),
            ("server", "port", json!(70_000), "must be a whole number from 0 to 65535, not `70000`"),
            ("server", "workers", json!(-1), "must be a whole number, 0 or more, not `-1`"),
            ("server", "workers", json!(1.5), "must be a whole number, 0 or more, not `1.5`"),
            ("server", "host", json!(["a"]), "must be a text, not a list"),
            ("server", "allowed_origins", json!("a"), r#"must be a list, not "a""#),
            (
                "server",
                "trusted_proxies",
                json!(["proxy"]),
                r#""proxy" is neither an address nor a network such as 10.0.0.0/8"#,
            ),
            ("server", "keep_alive", json!(true), "must be a number, not `true`"),
            ("log", "format", json!("xml"), "must be `text` or `json`, not `xml`"),
        ] {
            assert_eq!(fits(section, key, &value).unwrap_err(), said, "{section}.{key} = {value}");
        }
        assert_eq!(fits("server", "keep_alive", &json!(30)), Ok(()));
        assert_eq!(fits("server", "trusted_proxies", &json!(["127.0.0.1", "::1", "10.0.0.0/8"])), Ok(()));
    }

    #[test]
    fn a_secret_of_the_wrong_type_is_not_shown() {
        assert_eq!(fits("store", "secret_key", &json!(123_456)).unwrap_err(), "must be a text");
    }

    #[test]
    fn settings_without_a_default_are_texts() {
        let known = Known::new();
        for (section, keys) in known.sections() {
            for (key, _) in keys.iter().filter(|(_, default)| default.is_null()) {
                assert_eq!(fits(section, key, &json!("x")), Ok(()), "a variable cannot set {section}.{key}");
            }
        }
    }

    #[test]
    fn what_was_meant_is_looked_for_in_the_section_and_then_elsewhere() {
        let known = Known::new();
        for (said, meant) in [
            (known.unknown("server", "prot"), "server.port"),
            (known.unknown("server", "retention"), "sessions.retention"),
            (known.unknown("", "port"), "server.port"),
            (known.unknown_section("sesions"), "sessions"),
            (known.unknown_section("tasks"), "task"),
            (known.unknown_in_list("task", "commands"), "command"),
            (known.unknown_in_list("event_handler", "type"), "types"),
        ] {
            assert!(said.ends_with(&format!("did you mean {meant}?")), "{said}");
        }
        assert_eq!(known.unknown("server", "colour"), "there is no such setting");
    }

    #[test]
    fn every_secret_is_a_setting() {
        let known = Known::new();
        for secret in SECRETS {
            assert!(known.default_of(secret).is_some(), "{secret}");
        }
    }
}
