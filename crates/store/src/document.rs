//! Documents: small records that are written as a whole and count their versions; whatever is not a session.

use super::handle::closed;
use super::query::Query;
use super::writer::Command;
use super::{Error, Store};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// A document as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Whom it belongs to.
    pub owner: Owner,
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

/// One document's part in a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Whom it belongs to.
    pub owner: Owner,
    /// What it is one of.
    pub collection: String,
    /// Its id.
    pub id: String,
    /// What must be there for it.
    pub precondition: Precondition,
    /// What becomes of it.
    pub change: DocumentChange,
}

/// What becomes of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentChange {
    /// It gets this text.
    Put(String),
    /// It is removed. There must be one, whatever the precondition says.
    Remove,
}

impl Write {
    /// Writes a document.
    #[must_use]
    pub fn put(owner: &Owner, collection: &str, id: &str, body: String, precondition: Precondition) -> Self {
        Self::new(owner, collection, id, precondition, DocumentChange::Put(body))
    }

    /// Removes a document.
    #[must_use]
    pub fn remove(owner: &Owner, collection: &str, id: &str, precondition: Precondition) -> Self {
        Self::new(owner, collection, id, precondition, DocumentChange::Remove)
    }

    fn new(owner: &Owner, collection: &str, id: &str, precondition: Precondition, change: DocumentChange) -> Self {
        let (owner, collection, id) = (owner.clone(), collection.to_owned(), id.to_owned());
        Self { owner, collection, id, precondition, change }
    }

    /// Whether it can be done where this version is.
    pub(super) fn check(&self, present: Option<u64>) -> Result<(), Error> {
        match (&self.change, present) {
            (DocumentChange::Remove, None) => Err(Error::NotFound),
            (DocumentChange::Put(_) | DocumentChange::Remove, _) => self.precondition.check(present),
        }
    }

    /// What stands there once it is done at this moment; nothing where it removes.
    pub(super) fn apply(self, present: Option<Present>, at: Timestamp) -> Option<Document> {
        let Write { owner, collection, id, change, .. } = self;
        let DocumentChange::Put(body) = change else { return None };
        let (version, created_at, updated_at) = match present {
            None => (1, at, at),
            // The clock may have gone back since.
            Some(present) => (present.version + 1, present.created_at, present.updated_at.max(at)),
        };
        Some(Document { owner, collection, id, version, created_at, updated_at, body })
    }
}

/// What a write has to know of the document that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    pub(super) version: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Why documents were not changed; none of them was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Preconditions do not hold: which writes, counted from 0 and in order, each with [`Error::NotFound`] or
    /// [`Error::Outdated`].
    #[error("the precondition does not hold for {} of the documents", .0.len())]
    Preconditions(Vec<(usize, Error)>),
    /// The store could not be changed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            // Whoever wants to know which has looked before.
            ChangeError::Preconditions(failed) => failed.into_iter().next().map_or(Error::NotFound, |(_, error)| error),
            ChangeError::Store(error) => error,
        }
    }
}

/// The failed preconditions of some writes, given what is there for each; nothing where all hold.
pub(super) fn check(writes: &[Write], present: impl Iterator<Item = Option<u64>>) -> Result<(), ChangeError> {
    let checked = writes.iter().zip(present).map(|(write, present)| write.check(present));
    let failed: Vec<_> = checked.enumerate().filter_map(|(index, check)| Some((index, check.err()?))).collect();
    if failed.is_empty() { Ok(()) } else { Err(ChangeError::Preconditions(failed)) }
}

/// Part of a collection, in the order of its ids.
#[derive(Clone, Debug)]
pub(super) struct ListDocuments {
    pub(super) owner: Owner,
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

/// How many owners are asked for at once where documents of all are listed.
const OWNERS_AT_ONCE: usize = 64;

/// Most documents in one change.
const MAX_WRITES: usize = 1024;

impl Store {
    /// A document; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn document(&self, owner: &Owner, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        let any = id.len().checked_rem(self.workers()).unwrap_or(0);
        let (owner, collection, id) = (owner.clone(), collection.to_owned(), id.to_owned());
        self.query(any, |reply| Query::Document(owner, collection, id, reply)).await
    }

    /// Up to `limit` documents of a collection in the order of their ids (byte by byte), those after `after`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn documents(
        &self,
        owner: &Owner,
        collection: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        self.list_documents(owner, collection, after, limit, Part::Whole).await
    }

    /// The same without their texts, which are empty then.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn document_heads(
        &self,
        owner: &Owner,
        collection: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        self.list_documents(owner, collection, after, limit, Part::Head).await
    }

    /// How many different beginnings, up to the first `/`, the ids of a collection have; counts no further than `most`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_folders(&self, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error> {
        let (owner, collection) = (owner.clone(), collection.to_owned());
        self.query(self.workers(), |reply| Query::Folders(owner, collection, most, reply)).await
    }

    /// Which owners have documents in a collection, in their order: at most `limit` of those after `after`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn document_owners(
        &self,
        collection: &str,
        after: Option<&Owner>,
        limit: usize,
    ) -> Result<Vec<Owner>, Error> {
        let (collection, after) = (collection.to_owned(), after.cloned());
        self.query(self.workers(), |reply| Query::DocumentOwners(collection, after, limit, reply)).await
    }

    /// Up to `limit` documents of a collection, whoever they belong to, in the order of owners and ids: those after the
    /// document of this owner with this id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn documents_of_all(
        &self,
        collection: &str,
        after: Option<(&Owner, &str)>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        let mut found = Vec::new();
        let mut last_owner = None;
        if let Some((owner, id)) = after {
            found = self.documents(owner, collection, Some(id), limit).await?;
            last_owner = Some(owner.clone());
        }
        while found.len() < limit {
            let owners = self.document_owners(collection, last_owner.as_ref(), OWNERS_AT_ONCE).await?;
            let Some(last) = owners.last() else { break };
            last_owner = Some(last.clone());
            for owner in &owners {
                if found.len() < limit {
                    found.extend(self.documents(owner, collection, None, limit - found.len()).await?);
                }
            }
        }
        Ok(found)
    }

    async fn list_documents(
        &self,
        owner: &Owner,
        collection: &str,
        after: Option<&str>,
        limit: usize,
        part: Part,
    ) -> Result<Vec<Document>, Error> {
        let (owner, collection, after) = (owner.clone(), collection.to_owned(), after.map(str::to_owned));
        let query = ListDocuments { owner, collection, after, limit, part };
        self.query(self.workers(), |reply| Query::Documents(query, reply)).await
    }

    /// Makes all these writes at once where all their preconditions hold, and none otherwise; gives each document as it
    /// stands then, nothing for one that was removed. It is in the store when this returns.
    ///
    /// Where it fails, nothing is changed, unless the store is closed meanwhile or its engine lost from sight: then nobody
    /// knows.
    ///
    /// # Errors
    /// [`ChangeError::Preconditions`] with all the writes whose preconditions do not hold; [`Error::Conflict`] where one
    /// document is named twice or more than 1024 are; [`Error::Unavailable`].
    pub async fn change_documents(&self, writes: Vec<Write>) -> Result<Vec<Option<Document>>, ChangeError> {
        if writes.len() > MAX_WRITES {
            return Err(Error::Conflict(format!("one change has at most {MAX_WRITES} documents")).into());
        }
        let mut named: Vec<_> = writes.iter().map(|write| (&write.owner, &write.collection, &write.id)).collect();
        named.sort_unstable();
        if named.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(Error::Conflict("one change names a document twice".into()).into());
        }
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.command(Command::Change(writes, Timestamp::now(), reply));
        answer.await.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Writes a document and gives it as it stands then; it is in the store when this returns.
    ///
    /// # Errors
    /// [`Error::Outdated`] where the precondition does not hold, [`Error::NotFound`] where a version was expected and
    /// there is nothing, [`Error::Unavailable`]; see [`Store::change_documents`].
    pub async fn put_document(
        &self,
        owner: &Owner,
        collection: &str,
        id: &str,
        body: String,
        precondition: Precondition,
    ) -> Result<Document, Error> {
        let write = Write::put(owner, collection, id, body, precondition);
        let written = self.change_documents(vec![write]).await?;
        written.into_iter().next().flatten().ok_or(Error::NotFound)
    }

    /// Removes a document; it is gone from the store when this returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Outdated`] where the precondition does not hold ([`Precondition::Absent`] never
    /// does), [`Error::Unavailable`]; see [`Store::change_documents`].
    pub async fn remove_document(
        &self,
        owner: &Owner,
        collection: &str,
        id: &str,
        precondition: Precondition,
    ) -> Result<(), Error> {
        self.change_documents(vec![Write::remove(owner, collection, id, precondition)]).await?;
        Ok(())
    }
}
