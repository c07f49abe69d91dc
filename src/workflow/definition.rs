//! A workflow as it is stored: a graph with a name and a version.

use serde::{Deserialize, Serialize};

use super::graph::Graph;
use crate::domain::time::Timestamp;

/// A workflow as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Workflow"))]
pub struct Definition {
    /// Its id: 1 to 64 letters, digits, `_`, `-` and `.`.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Counts up from 1 with every change.
    pub version: u64,
    /// Who changed it last, where they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub author: Option<String>,
    /// When it was made.
    #[cfg_attr(test, ts(type = "number"))]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[cfg_attr(test, ts(type = "number"))]
    pub updated_at: Timestamp,
    /// Whether it becomes live again by itself when the server was stopped while it was live.
    #[serde(default)]
    pub autostart: bool,
    /// What it does.
    #[serde(flatten)]
    pub graph: Graph,
}
