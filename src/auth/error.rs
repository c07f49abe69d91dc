//! What can go wrong with credentials.

use std::path::PathBuf;

use crate::store::{self, ChangeError};

/// Why a credential cannot be made, kept or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// The file that keeps the admin token cannot be read or written, or holds none.
    #[error("the admin token in {} cannot be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key that tokens are checked with cannot be used.
    #[error("the key {kid} of the issuer {issuer} cannot be used: {reason}")]
    Key {
        /// Whose it is.
        issuer: String,
        /// Its id, or the file that it stands in.
        kid: String,
        /// What is wrong.
        reason: String,
    },
    /// The password is not taken.
    #[error("the password {0}")]
    Password(String),
    /// There is a user of this name.
    #[error("there is a user of this name already")]
    UserExists,
    /// Somebody else has changed the user at the same time.
    #[error("somebody else has just changed this user; try again")]
    UserChanged,
    /// There is no such user.
    #[error("there is no user of this name")]
    NoSuchUser,
    /// The name or the password is wrong, or the ticket is.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// Too much of this is to be done.
    #[error("too much of this is to be done now")]
    Busy,
    /// There is no such key.
    #[error("there is no key with this id")]
    NoSuchKey,
    /// There are as many keys as may be.
    #[error("there are {0} keys, which is as many as may be (auth.max_keys); revoke some first")]
    TooManyKeys(usize),
    /// What is stored cannot be read.
    #[error("{0}")]
    Damaged(String),
    /// The store cannot be read or written now.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        Error::Store(error.into())
    }
}
