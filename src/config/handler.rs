//! `[[event_handler]]`: commands that are run when something happens.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// A command that is run for each event of some types, with its JSON on standard input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct EventHandler {
    /// Its name, for the log: letters, digits, `_` and `-`.
    #[garde(custom(super::check::name))]
    pub name: String,
    /// Which events: types, or the beginning of some up to a dot and `*`, such as `custom.orders.*`.
    #[garde(custom(super::check::event_types))]
    pub types: Vec<String>,
    /// The program and its arguments; no shell reads them.
    #[garde(custom(super::check::command))]
    pub command: Vec<String>,
    /// The folder that it runs in. Relative to the settings file that `--config` names, whose folder is also the default;
    /// else to the server's.
    #[garde(skip)]
    pub cwd: Option<String>,
    /// Environment variables that it gets beside `PATH`, `HOME`, `LANG`, `TZ` and `PYTHONUNBUFFERED`.
    #[garde(skip)]
    pub env: BTreeMap<String, String>,
    /// Which of these are secrets, beside those whose names say so, such as `API_KEY`: their values are masked wherever
    /// text is kept or logged.
    #[garde(skip)]
    pub secrets: Vec<String>,
    /// Seconds after which it is killed, with all that it has started.
    #[garde(range(min = 0.01, max = 3600.0))]
    pub timeout: f64,
    /// How many of it may run at once.
    #[garde(range(min = 1, max = 64))]
    pub max_running: usize,
}

impl Default for EventHandler {
    fn default() -> Self {
        Self {
            name: String::new(),
            types: Vec::new(),
            command: Vec::new(),
            cwd: None,
            env: BTreeMap::new(),
            secrets: Vec::new(),
            timeout: 30.0,
            max_running: 1,
        }
    }
}
