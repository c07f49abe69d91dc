//! How types of events are asked for: one by its word, or a family by `execution.*`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// A type of events, or several.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// Every type.
    All,
    /// The type with this word.
    One(Kind),
    /// The types whose words begin like this, up to and with a dot.
    Below(Arc<str>),
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Pattern::parse(&text).ok_or_else(|| format!("{text:?} is nothing that can be asked for"))
    }
}

impl From<Pattern> for String {
    fn from(asked: Pattern) -> Self {
        asked.word()
    }
}

impl Pattern {
    /// `*` or `all`, a type's word, or the beginning of some type's word up to a dot and `*`: `execution.*`, `custom.orders.*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if matches!(text, "*" | "all") {
            return Some(Pattern::All);
        }
        let Some(below) = text.strip_suffix('*').filter(|below| below.ends_with('.')) else {
            return Kind::parse(text).map(Pattern::One);
        };
        let is_known = Kind::KNOWN.iter().any(|kind| kind.word().starts_with(below));
        let is_custom = below == "custom." || Kind::parse(below.trim_end_matches('.')).is_some();
        (is_known || is_custom).then(|| Pattern::Below(below.into()))
    }

    /// Whether a type is among them.
    #[must_use]
    pub fn takes(&self, kind: &Kind) -> bool {
        match self {
            Pattern::All => true,
            Pattern::One(one) => one == kind,
            Pattern::Below(below) => kind.word().starts_with(&**below),
        }
    }

    /// The bits of all types that may be among them; that of custom ones stands for any of those.
    #[must_use]
    pub fn bits(&self) -> u64 {
        match self {
            Pattern::All => u64::MAX,
            Pattern::One(kind) => kind.bit(),
            Pattern::Below(below) if below.starts_with("custom.") => Kind::Custom("".into()).bit(),
            Pattern::Below(_) => Kind::KNOWN.iter().filter(|kind| self.takes(kind)).map(Kind::bit).sum(),
        }
    }

    /// As it was asked for.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Pattern::All => "*".to_owned(),
            Pattern::One(kind) => kind.word().to_owned(),
            Pattern::Below(below) => format!("{below}*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_it_names() {
        let takes = |pattern: &str, word: &str| Pattern::parse(pattern).unwrap().takes(&Kind::parse(word).unwrap());
        assert!(takes("execution.*", "execution.failed") && !takes("execution.*", "queue.cleared"));
        assert!(takes("all", "custom.a") && takes("all", "memory.stored"));
        assert!(takes("*", "custom.a") && takes("custom.*", "custom.a.b") && takes("custom.a.*", "custom.a.b"));
        assert!(!takes("custom.a.*", "custom.ab") && !takes("custom.a", "custom.a.b"));
        for text in ["", "execution", "execution*", ".*", "nope.*", "execution.**", "custom..*", "execution.nope"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_type_is_taken_whose_bit_is_not_set() {
        for text in ["*", "execution.*", "system.error", "custom.*", "custom.a.*", "custom.a"] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern.word(), text);
            let custom = [Kind::parse("custom.a").unwrap(), Kind::parse("custom.a.b").unwrap()];
            for kind in Kind::KNOWN.iter().chain(&custom) {
                assert!(!pattern.takes(kind) || pattern.bits() & kind.bit() != 0, "{text} {kind:?}");
            }
        }
    }
}
