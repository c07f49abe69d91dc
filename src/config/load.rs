//! Layers the settings and checks them as a whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use config::{Config, Value as Located};
use garde::Validate as _;
use serde_json::Value;

use super::Settings;
use super::dotenv;
use super::environment::Variables;
use super::fault::Faults;
use super::file;
use super::flags::Flags;
use super::known::{Known, is_private};
use super::layer::Layer;

/// The file that is read from the working directory where no other is named.
const FILE: &str = "callboard.toml";
const DOTENV: &str = ".env";
/// Where the key in `OPENAI_API_KEY` is taken, unless something else is said.
const OPENAI: &str = "https://api.openai.com/v1";

/// Settings that hold, and where those come from that are not the defaults.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// For `section.key`, and `task` as a whole: the file, variable or flag that said it.
    pub sources: BTreeMap<String, String>,
}

/// Layers `flags` over `env` over `.env` over the settings file over the defaults; files are looked for in `cwd`.
/// `built_in` are the names of the task kinds that a `[[task]]` must not take.
///
/// # Errors
/// Everything that is wrong, in all layers at once.
pub fn load(flags: &Flags, env: &[(OsString, OsString)], cwd: &Path, built_in: &[&str]) -> Result<Loaded, Faults> {
    let known = Known::new();
    let mut faults = Faults::default();
    let layers = [
        file_layer(flags.config.as_deref(), cwd, &known, &mut faults),
        dotenv_layer(cwd, &known, &mut faults),
        environment_layer(env, cwd, &known, &mut faults),
        flags.layer(&known, &mut faults),
    ];
    let merged = layers.into_iter().fold(Config::builder(), |builder, layer| builder.add_source(layer)).build();
    let merged = merged.and_then(|merged| Ok((sources(&merged.cache), merged.try_deserialize::<Settings>()?)));
    match merged {
        Ok((sources, mut settings)) => {
            complete_default_model(&mut settings, &sources);
            check(&settings, &sources, built_in, &mut faults);
            if faults.is_empty() {
                if let Some(folder) = flags.config.as_deref().and_then(Path::parent) {
                    beside(&mut settings, &cwd.join(folder));
                }
                return Ok(Loaded { settings, sources });
            }
        }
        Err(error) => faults.add("settings", "", error.to_string()),
    }
    Err(faults)
}

/// Whoever sets `OPENAI_API_KEY` alone means the server that it is for.
fn complete_default_model(settings: &mut Settings, sources: &BTreeMap<String, String>) {
    let is_customary = sources.get("model.default.api_key").is_some_and(|source| source.contains("OPENAI_API_KEY"));
    if let Some(model) = settings.model.get_mut("default").filter(|model| is_customary && model.base_url.is_empty()) {
        model.base_url = OPENAI.to_owned();
    }
}

/// Lets the programs of a settings file run beside it, and its files be found there, wherever the server was started: what
/// the file calls `examples/tasks/greet.sh` is found then.
fn beside(settings: &mut Settings, folder: &Path) {
    let tasks = settings.task.iter_mut().map(|task| &mut task.cwd);
    let handlers = settings.event_handler.iter_mut().map(|handler| &mut handler.cwd);
    for cwd in tasks.chain(handlers) {
        let resolved = folder.join(cwd.as_deref().unwrap_or_default());
        // A path that is no text cannot be written in the settings either.
        if let Some(text) = resolved.to_str() {
            *cwd = Some(text.to_owned());
        }
    }
    for file in settings.auth.files_mut().chain(settings.tls.files_mut()) {
        if let Some(text) = folder.join(&*file).to_str() {
            *file = text.to_owned();
        }
    }
}

fn file_layer(named: Option<&Path>, cwd: &Path, known: &Known, faults: &mut Faults) -> Layer {
    match named {
        Some(path) => file::read(&cwd.join(path), &path.display().to_string(), known, faults),
        None if is_there(&cwd.join(FILE)) => file::read(&cwd.join(FILE), FILE, known, faults),
        None => Layer::default(),
    }
}

fn dotenv_layer(cwd: &Path, known: &Known, faults: &mut Faults) -> Layer {
    let path = cwd.join(DOTENV);
    if !is_there(&path) {
        return Layer::default();
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            faults.add(DOTENV, "", format!("cannot be read: {error}"));
            return Layer::default();
        }
    };
    let values = dotenv::parse(&text, DOTENV, faults).into_iter().map(|(name, text)| (name, Some(text))).collect();
    Variables { values, file: Some(DOTENV), folder: cwd }.layer(known, faults)
}

fn environment_layer(env: &[(OsString, OsString)], cwd: &Path, known: &Known, faults: &mut Faults) -> Layer {
    let named =
        |(name, value): &(OsString, OsString)| Some((name.to_str()?.to_owned(), value.to_str().map(str::to_owned)));
    Variables { values: env.iter().filter_map(named).collect(), file: None, folder: cwd }.layer(known, faults)
}

/// Whether there is something of this name: a file that is there and cannot be read must not be passed over.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// The source of each value in the merged tree.
fn sources(merged: &Located) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    let Ok(sections) = merged.clone().into_table() else { return sources };
    for (section, value) in sections {
        if let Some(source) = value.origin() {
            sources.insert(section, source.to_owned());
            continue;
        }
        for (key, value) in value.into_table().unwrap_or_default() {
            if let Some(source) = value.origin() {
                sources.insert(format!("{section}.{key}"), source.to_owned());
                continue;
            }
            // A table with a name of one's own.
            for (inner, value) in value.into_table().unwrap_or_default() {
                if let Some(source) = value.origin() {
                    sources.insert(format!("{section}.{key}.{inner}"), source.to_owned());
                }
            }
        }
    }
    sources
}

fn check(settings: &Settings, sources: &BTreeMap<String, String>, built_in: &[&str], faults: &mut Faults) {
    if let Err(report) = settings.validate() {
        let values = serde_json::to_value(settings).unwrap_or_default();
        for (path, error) in report.iter() {
            let key = path.to_string();
            faults.add(
                source_of(&key, sources),
                &key,
                reason(error.message(), value_at(&key, &values).filter(|_| !is_private(&key))),
            );
        }
    }
    check_shared(settings, sources, faults);
    check_names("task", settings.task.iter().map(|task| task.name.as_str()), sources, built_in, faults);
    let handlers = settings.event_handler.iter().map(|handler| handler.name.as_str());
    check_names("event_handler", handlers, sources, &[], faults);
    let checks: Vec<&str> = callboard_audit::check::Check::ALL.iter().map(|check| check.id()).collect();
    check_names("agent", settings.agent.iter().map(|agent| agent.name.as_str()), sources, &checks, faults);
    for (index, agent) in settings.agent.iter().enumerate() {
        if let Some(unknown) = agent.llm.as_ref().filter(|llm| !settings.model.contains_key(*llm)) {
            let key = format!("agent[{index}].llm");
            faults.add(source_of("agent", sources), key, format!("there is no [model.{unknown}]"));
        }
    }
}

/// Checks that servers that share a store have what they must have in common: none of them can make it up by itself.
fn check_shared(settings: &Settings, sources: &BTreeMap<String, String>, faults: &mut Faults) {
    if !settings.store.is_shared() {
        return;
    }
    let needed = [
        (
            "store.secret_key",
            settings.store.secret_key.is_none(),
            "32 bytes in base64, as `openssl rand -base64 32` gives",
        ),
        ("server.admin_token", settings.server.admin_token.is_none(), "16 or more characters"),
    ];
    for (key, _, what) in needed.into_iter().filter(|(_, is_missing, _)| *is_missing) {
        let why = format!("must be set where store.url is a Redis, the same for all its servers: {what}");
        faults.add(source_of("store.url", sources), key, why);
    }
}

/// Checks that no two tables of a list have one name, nor one of those that are taken.
fn check_names<'a>(
    list: &str,
    names: impl Iterator<Item = &'a str>,
    sources: &BTreeMap<String, String>,
    taken: &[&str],
    faults: &mut Faults,
) {
    let source = source_of(list, sources);
    let mut first = BTreeMap::new();
    for (index, name) in names.enumerate().filter(|(_, name)| !name.is_empty()) {
        let key = format!("{list}[{index}].name");
        if taken.contains(&name) {
            faults.add(&source, &key, format!("{name:?} is the name of a task that is built in; take another one"));
        }
        if let Some(earlier) = first.get(name) {
            faults.add(&source, &key, format!("{name:?} is the name of {list}[{earlier}], too; take another one"));
        } else {
            first.insert(name, index);
        }
    }
}

/// The source of `server.allowed_origins[0]` is that of the setting that it is part of.
fn source_of(key: &str, sources: &BTreeMap<String, String>) -> String {
    let setting = key.split('[').next().unwrap_or(key);
    sources.get(setting).map_or_else(|| "default".to_owned(), Clone::clone)
}

fn value_at<'a>(key: &str, values: &'a Value) -> Option<&'a Value> {
    values.pointer(&format!("/{}", key.replace(['.', '['], "/").replace(']', "")))
}

fn reason(message: &str, value: Option<&Value>) -> String {
    let message = match message.split_once(" than ") {
        Some(("lower", bound)) => format!("must be at least {bound}"),
        Some(("greater", bound)) => format!("must be at most {bound}"),
        _ => message.to_owned(),
    };
    match value {
        Some(value) if !message.contains(", not ") && (value.is_number() || value.is_string()) && value != "***" => {
            format!("{message}, not {value}")
        }
        _ => message,
    }
}
