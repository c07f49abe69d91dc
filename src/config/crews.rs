//! `[crews]`: how many crews and agents are kept.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// How many crews and agents are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Crews {
    /// Most crews.
    #[garde(range(min = 0, max = 1_000_000))]
    pub max_crews: usize,
    /// Most agents.
    #[garde(range(min = 0, max = 1_000_000))]
    pub max_agents: usize,
}

impl Default for Crews {
    fn default() -> Self {
        Self { max_crews: 1000, max_agents: 1000 }
    }
}
