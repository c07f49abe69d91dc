//! Who may use the admin routes: whoever shows the admin token, and callers on this machine where none is set.
//!
//! Invariant: a caller that may sit behind a proxy is never taken for one on this machine.

use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use sha2::{Digest, Sha256};

use crate::config::Settings;
use crate::store::private;

const TOKEN_BYTES: usize = 32;

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for the admin token: {0}")]
    Random(String),
    /// The file that keeps the token cannot be read or written, or holds none.
    #[error("the admin token in {} cannot be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What a request says of who sends it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// The address at the other end of the connection.
    pub peer: Option<IpAddr>,
    /// Whether a proxy says that it passes the request on.
    pub is_forwarded: bool,
    /// The `Authorization` header.
    pub authorization: Option<&'a [u8]>,
}

/// Decides who may use the admin routes.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The digest of the token: two of them are compared in a time that says nothing about the token.
    token: Option<[u8; 32]>,
    /// Whether whoever is here needs to show nothing.
    trusts_this_machine: bool,
}

/// A token that was made at this start, which the operator has to be told once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The token.
    pub token: String,
    /// The file that keeps it; none where the store keeps nothing either.
    pub path: Option<PathBuf>,
}

impl Gate {
    /// The gate of a server that listens on `listens_on`, whose store is open.
    ///
    /// Where no token is set and there are callers that are not trusted, one is made at its first start and kept beside
    /// the database, readable by its owner only.
    ///
    /// # Errors
    /// Where the token cannot be made or kept.
    pub fn open(settings: &Settings, listens_on: IpAddr) -> Result<(Self, Option<NewToken>), Error> {
        if let Some(token) = &settings.server.admin_token {
            return Ok((Self { token: Some(digest(token.reveal())), trusts_this_machine: false }, None));
        }
        let trusts_this_machine = settings.server.trust_loopback.holds(listens_on.is_loopback());
        if trusts_this_machine && listens_on.is_loopback() {
            return Ok((Self { token: None, trusts_this_machine }, None));
        }
        let (token, is_new, path) = match settings.store.url.strip_prefix("sqlite:") {
            Some(database) => {
                let path = beside(Path::new(database));
                let (token, is_new) = kept(&path)?;
                (token, is_new, Some(path))
            }
            None => (random()?, true, None),
        };
        let gate = Self { token: Some(digest(&token)), trusts_this_machine };
        Ok((gate, is_new.then_some(NewToken { token, path })))
    }

    /// Whether a caller may pass.
    #[must_use]
    pub fn admits(&self, caller: Caller<'_>) -> bool {
        let is_here = caller.peer.is_some_and(|peer| peer.to_canonical().is_loopback()) && !caller.is_forwarded;
        if self.trusts_this_machine && is_here {
            return true;
        }
        let shown = caller.authorization.and_then(bearer).map(digest);
        self.token.zip(shown).is_some_and(|(wanted, shown)| is_same(&wanted, &shown))
    }
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The token of an `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); the scheme in any case.
fn bearer(header: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
}

fn random() -> Result<String, Error> {
    let mut bytes = [0; TOKEN_BYTES];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The file beside a database. Two names of one database have one file.
fn beside(database: &Path) -> PathBuf {
    let mut name = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(".admin-token");
    name.into()
}

/// The token in a file, which is made where it is missing; and whether it was.
fn kept(path: &Path) -> Result<(String, bool), Error> {
    let failed = |reason: String| Error::File { path: path.to_owned(), reason };
    match fs::read_to_string(path) {
        Ok(text) if text.trim().len() >= TOKEN_BYTES => {
            private::warn_of_readers(path);
            Ok((text.trim().to_owned(), false))
        }
        Ok(_) => Err(failed(format!("it must hold at least {TOKEN_BYTES} characters: remove it to have one made"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let token = random()?;
            private::write(path, &token).map_err(|error| failed(error.to_string()))?;
            Ok((token, true))
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
