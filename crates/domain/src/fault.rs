//! One thing that is wrong with what a client sent, and where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fault {
    /// Where: the path of keys to it, such as `["body", "config", "steps"]`.
    pub loc: Vec<String>,
    /// What is wrong, for people.
    pub msg: String,
    /// What is wrong, in a word.
    #[serde(rename = "type")]
    pub kind: String,
}
