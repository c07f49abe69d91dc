//! A setting that is on, off, or left to what else is set.

use serde::{Deserialize, Serialize};

/// `true`, `false`, or `"auto"`, which leaves it to what else is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Said", into = "Said")]
pub enum Switch {
    /// By what else is set.
    #[default]
    Auto,
    /// On.
    On,
    /// Off.
    Off,
}

impl Switch {
    /// Whether it is on, where what else is set speaks for `auto`.
    #[must_use]
    pub fn is_on(self, auto: bool) -> bool {
        match self {
            Switch::Auto => auto,
            Switch::On => true,
            Switch::Off => false,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Said {
    Flag(bool),
    Word(String),
}

impl TryFrom<Said> for Switch {
    type Error = &'static str;

    fn try_from(said: Said) -> Result<Self, Self::Error> {
        match said {
            Said::Flag(true) => Ok(Switch::On),
            Said::Flag(false) => Ok(Switch::Off),
            // The environment has only texts.
            Said::Word(word) => match word.as_str() {
                "auto" => Ok(Switch::Auto),
                "true" => Ok(Switch::On),
                "false" => Ok(Switch::Off),
                _ => Err("must be true, false or \"auto\""),
            },
        }
    }
}

impl From<Switch> for Said {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::Auto => Said::Word("auto".into()),
            Switch::On => Said::Flag(true),
            Switch::Off => Said::Flag(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_a_flag_or_a_word() {
        for (said, switch) in [
            (json!(true), Some(Switch::On)),
            (json!("false"), Some(Switch::Off)),
            (json!("auto"), Some(Switch::Auto)),
            (json!("perhaps"), None),
            (json!(1), None),
        ] {
            assert_eq!(serde_json::from_value::<Switch>(said.clone()).ok(), switch, "{said}");
        }
        assert_eq!(serde_json::to_value(Switch::default()).unwrap(), "auto");
    }
}
