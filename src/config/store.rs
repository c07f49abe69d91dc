//! `[store]`: where sessions are kept.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// `sqlite:PATH`, or `memory:` for a store that is gone with the process.
    #[garde(custom(super::check::store_target))]
    pub url: String,
    /// What a commit outlives: `full` a power cut, `normal` a crash of the server only.
    #[garde(skip)]
    pub synchronous: Synchronous,
    /// Most rows that may wait for a commit; sessions pause until there is room.
    #[garde(range(min = 16))]
    pub max_pending_rows: usize,
    /// Most bytes in one commit.
    #[garde(range(min = 65_536))]
    pub max_commit_bytes: usize,
    /// Seconds that a request waits for a store that does not take writes, before it is refused.
    #[garde(range(min = 0.1, max = 600.0))]
    pub busy_timeout: f64,
    /// The key that secrets in answers are sealed with: 32 bytes in base64. Without it one is made and kept beside the
    /// database, readable by its owner only.
    #[garde(inner(custom(super::check::secret_key)))]
    pub secret_key: Option<Secret>,
}

/// What a commit outlives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// A power cut.
    #[default]
    Full,
    /// A crash of the server, but not of the machine.
    Normal,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "sqlite:callboard.db".into(),
            synchronous: Synchronous::Full,
            max_pending_rows: 65_536,
            max_commit_bytes: 8 * 1_048_576,
            busy_timeout: 10.0,
            secret_key: None,
        }
    }
}
