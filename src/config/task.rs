//! `[[task]]`: commands that can be started by name.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// A command that can be started by name. Clients choose the name, never the command line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct CommandTask {
    /// The task kind's name: letters, digits, `_` and `-`.
    #[garde(custom(super::check::name))]
    pub name: String,
    /// What it does, for people.
    #[garde(skip)]
    pub description: String,
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
    /// Whether it gets a terminal as its standard input and output, for programs that say less to a pipe.
    #[garde(skip)]
    pub pty: bool,
    /// Seconds that it may work, without the time that it waits for people; no limit where there is none.
    #[garde(inner(range(min = 0.01, max = crate::domain::time::LONGEST_SECONDS)))]
    pub timeout: Option<f64>,
    /// How often a person may have it tried again.
    #[garde(range(max = 100))]
    pub max_retries: u32,
    /// Seconds between SIGTERM and SIGKILL when it is to stop.
    #[garde(inner(range(min = 0.0, max = 600.0)))]
    pub kill_after: Option<f64>,
    /// Most bytes that it may print before it is stopped; 64 MiB where there is none.
    #[garde(skip)]
    pub max_output_bytes: Option<u64>,
    /// The JSON Schema of its input; anything where there is none.
    #[garde(inner(custom(super::check::schema)))]
    pub input_schema: Option<serde_json::Value>,
    /// The JSON Schema of its configuration; any object where there is none.
    #[garde(inner(custom(super::check::schema)))]
    pub config_schema: Option<serde_json::Value>,
}
