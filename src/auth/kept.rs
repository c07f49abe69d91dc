//! What is kept of credentials in the store: each kind a collection of the server's documents, and one document that counts
//! the changes of all, by which servers notice them.

use super::Error;
use crate::domain::owner::Owner;
use crate::store::{Document, Precondition, Store, Write};

/// The document that counts changes: its collection and its id.
const CHANGES: (&str, &str) = ("credentials", "changes");

/// How many documents are read at once.
const PAGE: usize = 1000;

/// Counts a change, in one commit with it.
pub(super) fn change() -> Write {
    let (collection, id) = CHANGES;
    Write::put(&Owner::SERVER, collection, id, String::new(), Precondition::Anything)
}

/// Which change was the last.
///
/// # Errors
/// [`Error::Store`].
pub(super) async fn version(store: &Store) -> Result<u64, Error> {
    let (collection, id) = CHANGES;
    let document = store.document(&Owner::SERVER, collection, id).await?;
    Ok(document.map_or(0, |document| document.version))
}

/// All documents of a collection, in the order of their ids.
///
/// # Errors
/// [`Error::Store`].
pub(super) async fn all(store: &Store, collection: &str) -> Result<Vec<Document>, Error> {
    let mut all: Vec<Document> = Vec::new();
    loop {
        let after = all.last().map(|last| last.id.as_str());
        let page = store.documents(&Owner::SERVER, collection, after, PAGE).await?;
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}
