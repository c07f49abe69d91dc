//! How far somebody has read: which log, and the place of the last event.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A position in a log, as clients keep it: `EPOCH:SEQ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    /// Which log: a word that is made with the database.
    pub epoch: Arc<str>,
    /// The place of the last event that was read; 0 before the first.
    pub seq: u64,
}

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is written EPOCH:SEQ, as in 3f9a01c27be45d68:42")]
pub(crate) struct BadPosition;

/// The most bytes of an epoch's word.
const LONGEST: usize = 64;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

impl FromStr for Position {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let (epoch, seq) = text.split_once(':').ok_or(BadPosition)?;
        let is_word = (1..=LONGEST).contains(&epoch.len()) && epoch.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_number = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        if !is_word || !is_number {
            return Err(BadPosition);
        }
        Ok(Position { epoch: epoch.into(), seq: seq.parse().map_err(|_| BadPosition)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        for text in ["a:0", "3f9a01c27be45d68:42", "Z9:18446744073709551615"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        let long = format!("{}:1", "a".repeat(65));
        for text in ["", ":", "a", "a:", ":1", "a:-1", "a:+1", "a:1:2", "a b:1", "a:18446744073709551616", "é:1", &long]
        {
            assert_eq!(text.parse::<Position>(), Err(BadPosition), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = text.parse::<Position>();
        }
    }
}
