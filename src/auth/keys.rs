//! The API keys that are kept: made, listed and revoked, by an operator's request or on the command line.
//!
//! Each is a document of the server, by its id.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kept;
use super::key::{self, KeyDigest, hex, unhex};
use super::{CredentialId, Error, Grant, Scopes};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, ChangeError, Document, Precondition, Store, Write};

/// Where keys are kept.
const COLLECTION: &str = "keys";

/// The characters of a key's id.
const ID_LENGTH: usize = 12;
/// The most characters of what a key is called.
pub(crate) const LONGEST_NAME: usize = 100;

/// An API key, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its id, which says nothing about it.
    pub id: Arc<str>,
    /// What it is for, in its maker's words.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// What may be done with it.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, where it does.
    pub expires_at: Option<Timestamp>,
    digest: KeyDigest,
}

/// What a new key is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewKey {
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// What may be done with it.
    pub scopes: Scopes,
    /// When it ends, where it does.
    pub expires_at: Option<Timestamp>,
}

/// A key as it is stored.
#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    owner: Owner,
    scopes: Vec<String>,
    /// In microseconds, so that it is exact.
    expires_at: Option<i64>,
    sha256: String,
}

/// The keys in a store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    store: Store,
    /// Most keys that there may be.
    most: usize,
}

impl Keys {
    /// Those in this store, of which there may be `most`.
    #[must_use]
    pub(crate) fn new(store: Store, most: usize) -> Self {
        Self { store, most }
    }

    /// Makes a key, and gives it with what is kept of it: it is shown this once.
    ///
    /// # Errors
    /// [`Error::TooManyKeys`], [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn create(&self, new: NewKey) -> Result<(String, Key), Error> {
        let (text, id) = (key::make(key::KEY)?, key::random_text(ID_LENGTH)?);
        let digest = key::digest(key::KEY, &text).ok_or_else(|| Error::Random("a key without a sum".into()))?;
        let body = Body {
            name: new.name,
            owner: new.owner,
            scopes: new.scopes.iter().map(|scope| scope.word().to_owned()).collect(),
            expires_at: new.expires_at.map(Timestamp::as_micros),
            sha256: hex(&digest),
        };
        let body = serde_json::to_string(&body).map_err(|error| Error::Damaged(error.to_string()))?;
        let decide = async || {
            let there = self.store.document_heads(&Owner::SERVER, COLLECTION, None, self.most).await?;
            if there.len() >= self.most {
                return Err(Error::TooManyKeys(self.most));
            }
            let put = Write::put(&Owner::SERVER, COLLECTION, &id, body.clone(), Precondition::Absent);
            Ok((vec![put, kept::change()], ()))
        };
        let (made, ()) = self.store.change_guarded::<_, Error, _>(&Owner::SERVER, COLLECTION, decide).await?;
        let made = made.into_iter().flatten().next().ok_or(Error::Store(store::Error::NotFound))?;
        Ok((text, read(&made)?))
    }

    /// All of them, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn list(&self) -> Result<Vec<Key>, Error> {
        // One that cannot be read is good for nothing, and keeps nobody from using the others.
        let readable = |document: &Document| {
            read(document).inspect_err(|error| log::error!(key_id = document.id.as_str(); "{error}")).ok()
        };
        Ok(kept::all(&self.store, COLLECTION).await?.iter().filter_map(readable).collect())
    }

    /// Revokes a key: it is gone.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] or [`Error::Store`].
    pub(crate) async fn revoke(&self, id: &str) -> Result<(), Error> {
        let remove = Write::remove(&Owner::SERVER, COLLECTION, id, Precondition::Anything);
        match self.store.change_documents(vec![remove, kept::change()]).await {
            Ok(_) => Ok(()),
            Err(ChangeError::Preconditions(_)) => Err(Error::NoSuchKey),
            Err(ChangeError::Store(error)) => Err(error.into()),
        }
    }

    /// Which change was the last, of any credentials.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(super) async fn version(&self) -> Result<u64, Error> {
        kept::version(&self.store).await
    }
}

impl Key {
    /// Whether it has ended by then.
    #[must_use]
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// What it grants, by its digest.
    pub(super) fn grant(&self) -> (KeyDigest, Arc<Grant>) {
        let grant = Grant {
            owner: self.owner.clone(),
            scopes: self.scopes,
            groups: Vec::new(),
            expires_at: self.expires_at,
            credential: CredentialId::Key(Arc::clone(&self.id)),
        };
        (self.digest, Arc::new(grant))
    }
}

/// When something ends that is good for that long from now on.
#[must_use]
pub(crate) fn after(time: Duration) -> Timestamp {
    Timestamp::now().plus(time)
}

fn read(document: &Document) -> Result<Key, Error> {
    let damaged = |reason: &str| Error::Damaged(format!("the key {} cannot be read: {reason}", document.id));
    let body: Body = serde_json::from_str(&document.body).map_err(|error| damaged(&error.to_string()))?;
    Ok(Key {
        id: document.id.as_str().into(),
        name: body.name,
        owner: body.owner,
        // A scope of a later version grants nothing here.
        scopes: Scopes::known(body.scopes.iter().map(String::as_str)),
        created_at: document.created_at,
        expires_at: body.expires_at.map(Timestamp::from_micros),
        digest: unhex(&body.sha256).ok_or_else(|| damaged("it has no digest"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scope;

    fn store() -> Store {
        let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
        Store::open(&settings, 1).unwrap()
    }

    fn new(name: &str) -> NewKey {
        NewKey {
            name: name.into(),
            owner: "ada".parse().unwrap(),
            scopes: Scopes::from_iter([Scope::SessionsRead, Scope::Admin]),
            expires_at: Some(Timestamp::from_micros(1_700_000_000_000_001)),
        }
    }

    #[actix_web::test]
    async fn a_key_is_kept_as_its_digest_until_it_is_revoked() {
        let keys = Keys::new(store(), 10);
        let (text, made) = keys.create(new("ci")).await.unwrap();
        assert_eq!(keys.list().await.unwrap(), std::slice::from_ref(&made));
        assert_eq!(key::digest(key::KEY, &text), Some(made.digest));
        let document = keys.store.document(&Owner::SERVER, COLLECTION, &made.id).await.unwrap().unwrap();
        assert!(!document.body.contains(&text[4..34]), "{}", document.body);
        assert_eq!((made.name.as_str(), made.owner.as_str(), made.scopes), ("ci", "ada", new("ci").scopes));
        assert_eq!(made.expires_at, new("ci").expires_at);
        let before = keys.version().await.unwrap();
        assert_eq!(keys.revoke("nope").await, Err(Error::NoSuchKey));
        assert_eq!(keys.version().await, Ok(before), "what was not done is no change");
        keys.revoke(&made.id).await.unwrap();
        assert_eq!(keys.list().await, Ok(Vec::new()));
        assert!(keys.version().await.unwrap() > before);
    }

    #[actix_web::test]
    async fn there_are_no_more_keys_than_may_be() {
        let keys = Keys::new(store(), 2);
        for name in ["a", "b"] {
            keys.create(new(name)).await.unwrap();
        }
        assert_eq!(keys.create(new("c")).await.unwrap_err(), Error::TooManyKeys(2));
        assert_eq!(keys.list().await.unwrap().len(), 2);
    }

    #[actix_web::test]
    async fn a_key_that_cannot_be_read_keeps_nobody_from_using_the_others() {
        let keys = Keys::new(store(), 10);
        let (_, made) = keys.create(new("a")).await.unwrap();
        for (id, body) in [("x", "{"), ("y", "{}")] {
            let put = Write::put(&Owner::SERVER, COLLECTION, id, body.into(), Precondition::Absent);
            keys.store.change_documents(vec![put]).await.unwrap();
        }
        assert_eq!(keys.list().await, Ok(vec![made]));
    }
}
