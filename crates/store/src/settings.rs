//! `[store]`: where sessions are kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callboard_domain::mask::MASK;
use callboard_domain::secret::Secret;
use garde::Validate;
use serde::{Deserialize, Serialize, Serializer};

use crate::redis;

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `sqlite:PATH`, `redis://HOST` (or `rediss://`, `redis+sentinel://`), or `memory:` for a store that is gone with the
    /// process. Shown without its password.
    #[garde(custom(target))]
    #[serde(serialize_with = "without_password")]
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
    /// Seconds that Redis may take for an answer, before the connection is given up and it is asked again.
    #[garde(range(min = 0.1, max = 600.0))]
    pub engine_timeout: f64,
    /// How many replicas of Redis must have a commit before it is acknowledged.
    #[garde(range(max = 16))]
    pub wait_replicas: u32,
    /// Whether a Redis is used whose end may lose what was acknowledged.
    #[garde(skip)]
    pub accept_loss: bool,
}

/// `[cluster]`: servers that are one, on one Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSettings {
    /// What all of them have in common, and nobody else who uses the same Redis.
    #[garde(custom(cluster_name))]
    pub name: String,
    /// How people are shown this one; its host and port where it is not set.
    #[garde(inner(custom(line)))]
    pub advertise: Option<String>,
    /// Most bytes of messages between servers that wait to be sent, and as many of those that were received.
    #[garde(range(min = 1_048_576))]
    pub mailbox_bytes: usize,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self { name: "callboard".into(), advertise: None, mailbox_bytes: 64 << 20 }
    }
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
            engine_timeout: 3.0,
            wait_replicas: 0,
            accept_loss: false,
        }
    }
}

impl Settings {
    /// Whether what is kept is in Redis, where other servers may use it, too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        redis::is_meant(&self.url)
    }

    /// Where the store is, to be shown: without a password.
    #[must_use]
    pub fn shown_url(&self) -> String {
        shown(&self.url)
    }
}

fn shown(url: &str) -> String {
    if !redis::is_meant(url) {
        return url.to_owned();
    }
    url.parse().map_or_else(|_| MASK.to_owned(), |address: redis::Address| address.to_string())
}

#[expect(clippy::ptr_arg, reason = "serde hands in a field by its own type")]
fn without_password<S: Serializer>(url: &String, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(url))
}

/// `sqlite:PATH`, `memory:`, or a Redis. The reason never shows what was given, which may hold a password.
fn target(url: &str, _: &()) -> garde::Result {
    if redis::is_meant(url) {
        return url.parse::<redis::Address>().map(drop).map_err(|error| garde::Error::new(error.to_string()));
    }
    match url.split_once(':') {
        Some(("memory", "")) => Ok(()),
        Some(("sqlite", path)) if !path.is_empty() => Ok(()),
        _ => Err(garde::Error::new("must be sqlite:PATH, redis://HOST or memory:")),
    }
}

/// What can be part of a key, between braces.
fn cluster_name(text: &str, _: &()) -> garde::Result {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(());
    }
    Err(garde::Error::new("must be 1 to 64 letters, digits, '_', '-' or '.'"))
}

fn line(text: &str, _: &()) -> garde::Result {
    if (1..=256).contains(&text.len()) && !text.contains(char::is_control) {
        return Ok(());
    }
    Err(garde::Error::new("must be one line of 1 to 256 bytes"))
}

/// 32 bytes in base64. The reason never shows what was given.
fn usable_key(key: &Secret, _: &()) -> garde::Result {
    match STANDARD.decode(key.reveal()) {
        Ok(bytes) if bytes.len() == 32 => Ok(()),
        Ok(bytes) => Err(garde::Error::new(format!("must be 32 bytes in base64, not {} bytes", bytes.len()))),
        Err(_) => Err(garde::Error::new("must be 32 bytes in base64")),
    }
}
