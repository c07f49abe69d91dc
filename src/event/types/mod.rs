//! The types of events that users made up and described: what is declared, and whether an event fits that.

mod check;
mod declared;

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::event::NewEvent;
use crate::domain::fault::Fault;
use crate::domain::owner::Owner;
use crate::domain::schema::BadSchema;
use crate::domain::time::Timestamp;
use crate::store::{self, ChangeError, Document, Precondition, Store, Write};
use check::Checker;
use declared::DeclaredWords;

/// Where the types are stored.
const COLLECTION: &str = "event_types";

/// What a type of events means.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct EventType {
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema of its `data`; anything fits, where it is left out.
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub schema: Option<Value>,
}

/// A type of events that is declared.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    /// Its word.
    pub word: String,
    /// Counts up from 1 with every change.
    pub version: u64,
    /// When it was declared.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// What it means.
    pub about: EventType,
}

/// Why a type is not declared, or an event not checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// No such type is declared.
    #[error("no such type of events is declared")]
    Unknown,
    /// It is at another version than was expected, at this one.
    #[error("it is at version {0}")]
    Outdated(u64),
    /// Its schema is not taken.
    #[error("the schema {0}")]
    Schema(#[from] BadSchema),
    /// As many are declared as may be.
    #[error("{0} types of events are declared, which is as many as may be")]
    TooMany(usize),
    /// Too many events wait to be checked.
    #[error("too many events wait to be checked against their schemas")]
    Busy,
    /// What is stored cannot be read.
    #[error("what is declared of {0:?} cannot be read")]
    Damaged(String),
    /// The store cannot be read or written now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// The declared types of events, from any thread. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct EventTypes {
    store: Store,
    checker: Checker,
    declared: DeclaredWords,
    /// Most types that may be declared.
    most: usize,
}

impl EventTypes {
    /// Those in this store, of which there may be `most`. Starts the thread that checks events.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(store: Store, most: usize) -> io::Result<Self> {
        Ok(Self { store, checker: Checker::start()?, declared: DeclaredWords::default(), most })
    }

    /// Up to `limit` in the order of their words, those after `after`.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Unavailable`].
    pub(crate) async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Declared>, Error> {
        self.store.documents(&Owner::SERVER, COLLECTION, after, limit).await?.into_iter().map(declared).collect()
    }

    /// What is declared of one.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Damaged`] or [`Error::Unavailable`].
    pub(crate) async fn get(&self, word: &str) -> Result<Declared, Error> {
        declared(self.store.document(&Owner::SERVER, COLLECTION, word).await?.ok_or(Error::Unknown)?)
    }

    /// Declares one, or changes what is declared of it.
    ///
    /// # Errors
    /// [`Error::Schema`], [`Error::TooMany`], [`Error::Outdated`], [`Error::Busy`] or [`Error::Unavailable`].
    pub(crate) async fn declare(
        &self,
        word: &str,
        about: &EventType,
        precondition: Precondition,
    ) -> Result<Declared, Error> {
        if let Some(schema) = &about.schema {
            self.checker.compile(schema.clone()).await?;
        }
        let body = serde_json::to_string(about).map_err(|_| Error::Damaged(word.to_owned()))?;
        let decide = async || {
            let is_new = self.store.document(&Owner::SERVER, COLLECTION, word).await?.is_none();
            let is_full = async || {
                let there = self.store.document_heads(&Owner::SERVER, COLLECTION, None, self.most).await;
                there.map(|there| there.len() >= self.most)
            };
            if is_new && is_full().await? {
                return Err(Error::TooMany(self.most));
            }
            Ok((vec![Write::put(&Owner::SERVER, COLLECTION, word, body.clone(), precondition)], ()))
        };
        let put = self.store.change_guarded::<_, Error, _>(&Owner::SERVER, COLLECTION, decide).await;
        self.declared.change();
        let (made, ()) = put?;
        declared(made.into_iter().next().flatten().ok_or(Error::Unknown)?)
    }

    /// Forgets what is declared of one.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Outdated`] or [`Error::Unavailable`].
    pub(crate) async fn forget(&self, word: &str, precondition: Precondition) -> Result<(), Error> {
        let removed = self.store.remove_document(&Owner::SERVER, COLLECTION, word, precondition).await;
        self.declared.change();
        Ok(removed?)
    }

    /// What is wrong with the data of an event, by what is declared of its type.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Damaged`] or [`Error::Unavailable`].
    pub(crate) async fn faults(&self, new_event: &NewEvent) -> Result<Vec<Fault>, Error> {
        let word = new_event.kind.word();
        if !self.declared.has(word, &self.store, COLLECTION).await? {
            return Ok(Vec::new());
        }
        match self.store.document(&Owner::SERVER, COLLECTION, word).await? {
            Some(document) => self.checker.faults(document, &new_event.data).await,
            None => Ok(Vec::new()),
        }
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        store::Error::from(error).into()
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Error::Unknown,
            store::Error::Outdated { version } => Error::Outdated(version),
            store::Error::Conflict(text) | store::Error::Unusable(text) | store::Error::Unavailable(text) => {
                Error::Unavailable(text)
            }
        }
    }
}

fn declared(document: Document) -> Result<Declared, Error> {
    let Document { id: word, version, created_at, updated_at, body, .. } = document;
    let about = read(&word, &body)?;
    Ok(Declared { word, version, created_at, updated_at, about })
}

fn read(word: &str, body: &str) -> Result<EventType, Error> {
    serde_json::from_str(body).map_err(|error| {
        log::error!(error:%, event_type = word; "what is declared of a type of events cannot be read");
        Error::Damaged(word.to_owned())
    })
}

#[cfg(test)]
mod tests;
