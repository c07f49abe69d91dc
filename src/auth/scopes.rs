//! Sets of scopes: what a credential is limited to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Scope;

/// A set of scopes that can be granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Scopes(u32);

/// A word that is no scope which can be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {0:?}; there are {all}", all = words(Scope::GRANTABLE))]
pub(crate) struct UnknownScope(String);

impl Scopes {
    /// Whether these allow what needs this scope: it is among them, `admin` is, or it is none that has to be granted.
    #[must_use]
    pub(crate) const fn include(self, scope: Scope) -> bool {
        matches!(scope, Scope::None | Scope::Login) || self.has(scope) || self.has(Scope::Admin)
    }

    /// The scopes in it, in the order in which they are declared.
    pub(crate) fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::GRANTABLE.iter().copied().filter(move |scope| self.has(*scope))
    }

    /// Whether there are none.
    #[must_use]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// The scopes that these words name.
    ///
    /// # Errors
    /// The first word that names none.
    pub(crate) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownScope> {
        words.into_iter().map(str::parse::<Scope>).collect()
    }

    /// Those of these words that name a scope.
    pub(crate) fn known<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        words.into_iter().filter_map(|word| word.parse::<Scope>().ok()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(&self.iter().collect::<Vec<_>>()))
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        let found = Scope::GRANTABLE.iter().copied().find(|scope| scope.word() == word);
        // What somebody took for a scope may be a credential.
        found.ok_or_else(|| UnknownScope(word.chars().take(32).collect()))
    }
}

const fn bit(scope: Scope) -> u32 {
    1 << scope as u32
}

fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_includes_every_scope_and_others_only_themselves() {
        for granted in Scope::GRANTABLE.iter().copied() {
            let scopes = Scopes::from_iter([granted]);
            for wanted in Scope::GRANTABLE.iter().copied() {
                let expected = granted == Scope::Admin || granted == wanted;
                assert_eq!(scopes.include(wanted), expected, "{granted:?} {wanted:?}");
            }
            assert!(scopes.include(Scope::Login) && scopes.include(Scope::None));
        }
        assert!(Scope::GRANTABLE.iter().all(|scope| !Scopes::default().include(*scope)));
    }

    #[test]
    fn scopes_are_read_and_written_as_words() {
        let scopes = Scopes::parse(["sessions:read", "admin", "sessions:read"]).unwrap();
        assert_eq!(scopes.to_string(), "sessions:read, admin");
        for word in ["", "none", "login", "sessions", "Admin", "sessions:read "] {
            assert!(Scopes::parse([word]).is_err(), "{word}");
        }
        assert_eq!(Scopes::known(["openid", "admin", "none"]), Scopes::from_iter([Scope::Admin]));
    }
}
