//! Whom something belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of the principal that something belongs to: a session, a document, an idempotency key, a topic.
///
/// Without control characters, so that a store may use those to separate an owner from what follows it in a key. Cheap to
/// clone, as it goes with every command.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(Option<Arc<str>>);

/// A text that names no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an owner has 1 to {} bytes, without control characters and without white space around them", Owner::LONGEST)]
pub struct BadOwner;

impl Owner {
    /// The server itself, to which everything belongs that is made while no identity is configured.
    pub const SERVER: Self = Self(None);

    /// The most bytes of one: a subject of 255 (OpenID Connect Core 1.0, section 2) behind the prefix of its issuer.
    pub const LONGEST: usize = 320;

    const SERVER_NAME: &str = "server";

    /// Whether it is the server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        *self == Self::SERVER
    }

    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(Self::SERVER_NAME)
    }

    /// The same, where somebody's identity is known; none where it is the server.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromStr for Owner {
    type Err = BadOwner;

    fn from_str(text: &str) -> Result<Self, BadOwner> {
        if text == Self::SERVER_NAME {
            return Ok(Self::SERVER);
        }
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.trim() == text && !text.contains(char::is_control);
        if fits { Ok(Self(Some(text.into()))) } else { Err(BadOwner) }
    }
}

impl TryFrom<String> for Owner {
    type Error = BadOwner;

    fn try_from(text: String) -> Result<Self, BadOwner> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.as_str().to_owned()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_a_short_text_that_cannot_be_taken_for_two() {
        let longest = "x".repeat(Owner::LONGEST);
        for text in ["ada", "id:auth0|5f", "Ada Lovelace", "é@example.org", &longest] {
            let owner: Owner = text.parse().unwrap();
            assert_eq!(owner.as_str(), text);
            assert_eq!(serde_json::from_value::<Owner>(serde_json::to_value(&owner).unwrap()).unwrap(), owner);
        }
        let longer = "x".repeat(Owner::LONGEST + 1);
        for text in ["", " ", " ada", "ada\n", "a\0b", "a\u{1f}b", &longer] {
            assert_eq!(text.parse::<Owner>(), Err(BadOwner), "{text:?}");
            assert!(serde_json::from_value::<Owner>(text.into()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_server_is_the_same_owner_wherever_its_name_was_read() {
        assert_eq!(serde_json::from_str::<Owner>("\"server\"").unwrap(), Owner::SERVER);
        assert_eq!(serde_json::to_string(&Owner::SERVER).unwrap(), "\"server\"");
    }
}
