//! `[memory]`: how much clients keep.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How much clients keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// Most clients that keep something.
    #[garde(range(min = 0, max = 1_000_000))]
    pub max_clients: usize,
    /// Most keys of one client.
    #[garde(range(min = 0, max = 100_000))]
    pub max_keys: usize,
    /// Most bytes of a value, as JSON.
    #[garde(range(min = 1, max = 16_777_216))]
    pub max_value_bytes: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self { max_clients: 10_000, max_keys: 1000, max_value_bytes: 262_144 }
    }
}
