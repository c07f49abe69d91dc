//! `[log]`: what the server logs, and how.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// What the server logs, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` for people, `json` for machines; on standard error.
    #[garde(skip)]
    pub format: LogFormat,
    /// What is logged, in the syntax of `RUST_LOG`.
    #[garde(custom(super::check::log_filter))]
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".into() }
    }
}
