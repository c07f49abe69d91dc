//! `[audit_log]`: who changed what, and who was refused what.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::switch::Switch;

/// Who changed what, and who was refused what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AuditLog {
    /// Whether it is recorded. Left to what else is set: with identity, or where others than this machine can reach the server.
    #[garde(skip)]
    pub enabled: Switch,
    /// How many entries are kept; older ones are removed.
    #[garde(range(min = 1000, max = 10_000_000_000))]
    pub keep: u64,
    /// Seconds for which an entry is kept; 0 for ever.
    #[garde(range(min = 0.0, max = crate::domain::time::LONGEST_SECONDS))]
    pub max_age: f64,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self { enabled: Switch::Auto, keep: 10_000_000, max_age: 31_536_000.0 }
    }
}
