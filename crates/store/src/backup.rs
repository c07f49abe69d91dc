//! Copies of a store's database: made while a server uses it, and put back while none does.

use std::path::{Path, PathBuf};

use super::{Error, Settings, sqlite};

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many sessions are in it.
    pub sessions: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// Where the key is that secrets are sealed with, where it stands beside the database.
    pub key: Option<PathBuf>,
    /// Where what was there before is kept.
    pub replaced: Option<PathBuf>,
}

/// Copies the database to a file that is not there yet, as it is at one moment. A server may use it meanwhile.
///
/// # Errors
/// [`Error::Unusable`], with the reason in words for the operator.
pub fn backup(settings: &Settings, to: &Path) -> Result<Copied, Error> {
    sqlite::backup::backup(path(settings)?, to)
}

/// Puts a copy in the place of the database, and keeps what was there. No server may use it.
///
/// # Errors
/// [`Error::Unusable`], with the reason in words for the operator.
pub fn restore(settings: &Settings, from: &Path) -> Result<Copied, Error> {
    sqlite::backup::restore(path(settings)?, from)
}

fn path(settings: &Settings) -> Result<&Path, Error> {
    match settings.url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(Path::new(path)),
        Some(_) | None => {
            Err(Error::Unusable("only a store of sqlite:PATH can be copied: others have tools of their own".into()))
        }
    }
}
