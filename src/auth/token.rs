//! The admin token that a server makes for itself, and keeps beside its database.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;

use super::Error;
use crate::store::private;

const TOKEN_BYTES: usize = 32;

/// A token that was made at this start, which has to be shown to the operator once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NewToken {
    /// The token.
    pub token: String,
    /// The file that keeps it; none where the store keeps nothing either.
    pub path: Option<PathBuf>,
}

/// The token of the server whose store has this address, made where there is none yet; and that, where it was.
pub(super) fn open(store_url: &str) -> Result<(String, Option<NewToken>), Error> {
    let (token, is_new, path) = match store_url.strip_prefix("sqlite:") {
        Some(database) => {
            let path = beside(Path::new(database));
            let (token, is_new) = kept(&path)?;
            (token, is_new, Some(path))
        }
        None => (random()?, true, None),
    };
    let made = is_new.then(|| NewToken { token: token.clone(), path });
    Ok((token, made))
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("path", &self.path).finish_non_exhaustive()
    }
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
