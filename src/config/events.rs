//! `[events]`: how many events are kept, and how they are read.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How many events are kept, and how they are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Events {
    /// How many events are kept, so that they can be replayed; older ones are removed.
    #[garde(range(min = 1, max = 100_000_000))]
    pub keep: u64,
    /// How many bytes of events are kept, so that they can be replayed; older ones are removed. 0 for as many as there are.
    #[garde(skip)]
    pub keep_bytes: u64,
    /// Bytes of events that a replay reads at once.
    #[garde(range(min = 1024, max = 67_108_864))]
    pub replay_page_bytes: usize,
    /// Seconds between two events that report the health of the server.
    #[garde(range(min = 0.1, max = crate::domain::time::LONGEST_SECONDS))]
    pub health_check_interval: f64,
    /// Most types of events that may be declared.
    #[garde(range(min = 0, max = 100_000))]
    pub max_types: usize,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            keep: 100_000,
            keep_bytes: 1 << 30,
            replay_page_bytes: 262_144,
            health_check_interval: 30.0,
            max_types: 1000,
        }
    }
}
