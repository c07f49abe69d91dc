//! A workflow as it is stored: a graph with a name and a version.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::graph::Graph;
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// A workflow as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Workflow)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Workflow"))]
pub struct Definition {
    /// Its id: 1 to 64 letters, digits, `_`, `-` and `.`.
    pub id: String,
    /// Whose it is; the server's where it is left out.
    #[serde(default, skip_serializing_if = "Owner::is_server")]
    #[schema(value_type = Option<String>)]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>", optional))]
    pub owner: Owner,
    /// Its name, for people.
    pub name: String,
    /// Counts up from 1 with every change.
    pub version: u64,
    /// Who changed it last, where they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub author: Option<String>,
    /// When it was made.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    #[schema(value_type = f64)]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    #[schema(value_type = f64)]
    pub updated_at: Timestamp,
    /// Whether it becomes live again by itself when the server was stopped while it was live.
    #[serde(default)]
    pub autostart: bool,
    /// What it does.
    #[serde(flatten)]
    pub graph: Graph,
}

/// Ids that paths have another use for.
const RESERVED: [&str; 2] = ["examples", "validate"];

/// Why a text cannot be the id of a workflow, where that is so: `must have …`.
#[must_use]
pub fn id_fault(id: &str) -> Option<&'static str> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(1..=64).contains(&id.len()) || !id.bytes().all(is_known) {
        return Some("must have 1 to 64 letters, digits, _, - or .");
    }
    // A client would take such a one for a way through folders.
    if id.bytes().all(|byte| byte == b'.') {
        return Some("must not be of dots alone");
    }
    RESERVED.contains(&id).then_some("must not be examples or validate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_can_stand_in_a_path() {
        for id in ["a", "order.pipeline-2_x", "A0", "...a", &"x".repeat(64)] {
            assert_eq!(id_fault(id), None, "{id}");
        }
        for id in ["", ".", "..", "a/b", "a b", "ä", "%2e", "validate", "examples", "a\n", &"x".repeat(65)] {
            assert!(id_fault(id).is_some(), "{id}");
        }
    }
}
