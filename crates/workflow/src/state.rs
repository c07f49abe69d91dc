//! Where a node stands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a node stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It has not run, or is on a way that is not taken.
    #[default]
    Idle,
    /// It is going to wait for something outside, as soon as others are done.
    Queued,
    /// Something outside is being done for it.
    Executing,
    /// It ran, and its outputs are others than before.
    Completed,
    /// It ran, and its outputs are what they were.
    Cached,
    /// It waits for a person.
    Waiting,
    /// It needs a node that has failed.
    Blocked,
    /// It has failed.
    Error,
}
