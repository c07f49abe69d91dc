//! `[store]`: where sessions are kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callboard_domain::secret::Secret;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `sqlite:PATH`, or `memory:` for a store that is gone with the process.
    #[garde(custom(target))]
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
    #[garde(inner(custom(usable_key)))]
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

impl Default for Settings {
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

/// `sqlite:PATH` or `memory:`.
fn target(url: &str, _: &()) -> garde::Result {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(()),
        Some(("sqlite", path)) if !path.is_empty() => Ok(()),
        _ => Err(garde::Error::new("must be sqlite:PATH or memory:")),
    }
}

/// 32 bytes in base64. The reason never shows what was given.
fn usable_key(key: &Secret, _: &()) -> garde::Result {
    match STANDARD.decode(key.reveal()) {
        Ok(bytes) if bytes.len() == 32 => Ok(()),
        Ok(bytes) => Err(garde::Error::new(format!("must be 32 bytes in base64, not {} bytes", bytes.len()))),
        Err(_) => Err(garde::Error::new("must be 32 bytes in base64")),
    }
}
