//! `server.trust_loopback`: whether callers that connect from this machine are trusted by that alone.

use serde::{Deserialize, Serialize};

/// Whether callers from loopback addresses are trusted. `true`, `false`, or `"auto"`, which leaves it to where the
/// server listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Said", into = "Said")]
pub enum TrustLoopback {
    /// While the server listens on loopback only: elsewhere a proxy or a container's gateway may look like this machine.
    #[default]
    Auto,
    /// Wherever it listens.
    Always,
    /// Nowhere.
    Never,
}

impl TrustLoopback {
    /// Whether they are trusted by a server that listens on loopback only, or elsewhere.
    #[must_use]
    pub fn holds(self, on_loopback_only: bool) -> bool {
        match self {
            TrustLoopback::Auto => on_loopback_only,
            TrustLoopback::Always => true,
            TrustLoopback::Never => false,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Said {
    Flag(bool),
    Word(String),
}

impl TryFrom<Said> for TrustLoopback {
    type Error = &'static str;

    fn try_from(said: Said) -> Result<Self, Self::Error> {
        match said {
            Said::Flag(true) => Ok(TrustLoopback::Always),
            Said::Flag(false) => Ok(TrustLoopback::Never),
            // The environment has only texts.
            Said::Word(word) => match word.as_str() {
                "auto" => Ok(TrustLoopback::Auto),
                "true" => Ok(TrustLoopback::Always),
                "false" => Ok(TrustLoopback::Never),
                _ => Err("must be true, false or \"auto\""),
            },
        }
    }
}

impl From<TrustLoopback> for Said {
    fn from(trust: TrustLoopback) -> Self {
        match trust {
            TrustLoopback::Auto => Said::Word("auto".into()),
            TrustLoopback::Always => Said::Flag(true),
            TrustLoopback::Never => Said::Flag(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_a_flag_or_a_word() {
        for (said, trust) in [
            (json!(true), Some(TrustLoopback::Always)),
            (json!("false"), Some(TrustLoopback::Never)),
            (json!("auto"), Some(TrustLoopback::Auto)),
            (json!("perhaps"), None),
            (json!(1), None),
        ] {
            assert_eq!(serde_json::from_value::<TrustLoopback>(said.clone()).ok(), trust, "{said}");
        }
        assert_eq!(serde_json::to_value(TrustLoopback::default()).unwrap(), "auto");
    }
}
