//! Documents: small records that are written as a whole and count their versions; whatever is not a session.

use super::query::Query;
use super::writer::Command;
use super::{Error, Store};
use callboard_domain::time::Timestamp;

/// A document as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is one of, such as `workflows`.
    pub collection: String,
    /// Its id, which nothing else in its collection has.
    pub id: String,
    /// Counts up from 1 with every write. One that was removed and is written again begins at 1.
    pub version: u64,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// Its text, which means nothing to the store.
    pub body: String,
}

/// What must be there for a write to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    Absent,
    /// This version.
    Version(u64),
    /// Whatever is there, or nothing.
    Anything,
}

impl Precondition {
    /// Whether this can be written over what is there.
    pub(super) fn check(self, present: Option<u64>) -> Result<(), Error> {
        match (self, present) {
            (Precondition::Anything, _) | (Precondition::Absent, None) => Ok(()),
            (Precondition::Version(expected), Some(version)) if expected == version => Ok(()),
            (Precondition::Version(_), None) => Err(Error::NotFound),
            (Precondition::Version(_) | Precondition::Absent, Some(version)) => Err(Error::Outdated { version }),
        }
    }
}

/// A write that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Put {
    pub(super) collection: String,
    pub(super) id: String,
    pub(super) body: String,
    pub(super) precondition: Precondition,
    /// When it was asked for.
    pub(super) at: Timestamp,
}

/// What a write has to know of the document that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    pub(super) version: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Put {
    /// The document that comes of it, or why nothing does.
    pub(super) fn over(self, present: Option<Present>) -> Result<Document, Error> {
        let Put { collection, id, body, precondition, at } = self;
        precondition.check(present.map(|present| present.version))?;
        let (version, created_at, updated_at) = match present {
            None => (1, at, at),
            // The clock may have gone back since.
            Some(present) => (present.version + 1, present.created_at, present.updated_at.max(at)),
        };
        Ok(Document { collection, id, version, created_at, updated_at, body })
    }
}

/// A removal that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Discard {
    pub(super) collection: String,
    pub(super) id: String,
    pub(super) precondition: Precondition,
}

impl Discard {
    /// Whether it is to be done.
    pub(super) fn check(&self, present: Option<u64>) -> Result<(), Error> {
        let Some(version) = present else { return Err(Error::NotFound) };
        self.precondition.check(Some(version))
    }
}

/// Part of a collection, in the order of its ids.
#[derive(Clone, Debug)]
pub(super) struct ListDocuments {
    pub(super) collection: String,
    /// Only those whose id comes after this one, byte by byte.
    pub(super) after: Option<String>,
    pub(super) limit: usize,
    pub(super) part: Part,
}

/// What is read of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All.
    Whole,
    /// All but its text, which is empty then.
    Head,
}

impl Store {
    /// A document; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn document(&self, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        let any = id.len().checked_rem(self.workers()).unwrap_or(0);
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.ask(any, |reply| Query::Document(collection, id, reply)).await
    }

    /// Up to `limit` documents of a collection in the order of their ids (byte by byte), those after `after`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn documents(&self, collection: &str, after: Option<&str>, limit: usize) -> Result<Vec<Document>, Error> {
        self.list_documents(collection, after, limit, Part::Whole).await
    }

    /// The same without their texts, which are empty then.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn document_heads(
        &self,
        collection: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        self.list_documents(collection, after, limit, Part::Head).await
    }

    /// How many different beginnings, up to the first `/`, the ids of a collection have; counts no further than `most`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_folders(&self, collection: &str, most: usize) -> Result<usize, Error> {
        let collection = collection.to_owned();
        self.ask(self.workers(), |reply| Query::Folders(collection, most, reply)).await
    }

    async fn list_documents(
        &self,
        collection: &str,
        after: Option<&str>,
        limit: usize,
        part: Part,
    ) -> Result<Vec<Document>, Error> {
        let (collection, after) = (collection.to_owned(), after.map(str::to_owned));
        let query = ListDocuments { collection, after, limit, part };
        self.ask(self.workers(), |reply| Query::Documents(query, reply)).await
    }

    /// Writes a document and gives it as it stands then; it is in the store when this returns.
    ///
    /// Where it fails, nothing is changed, unless the store is closed meanwhile: then nobody knows.
    ///
    /// # Errors
    /// [`Error::Outdated`] where the precondition does not hold, [`Error::NotFound`] where a version was expected and
    /// there is nothing, [`Error::Unavailable`].
    pub async fn put_document(
        &self,
        collection: &str,
        id: &str,
        body: String,
        precondition: Precondition,
    ) -> Result<Document, Error> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        let put = Box::new(Put { collection, id, body, precondition, at: Timestamp::now() });
        self.order(|reply| Command::Put(put, reply)).await
    }

    /// Removes a document; it is gone from the store when this returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Outdated`] where the precondition does not hold ([`Precondition::Absent`] never
    /// does), [`Error::Unavailable`].
    pub async fn remove_document(&self, collection: &str, id: &str, precondition: Precondition) -> Result<(), Error> {
        let discard = Discard { collection: collection.to_owned(), id: id.to_owned(), precondition };
        self.order(|reply| Command::Discard(discard, reply)).await
    }
}
