//! Which types are declared, as it was read last: so that publishing an event of another type asks the store nothing.
//!
//! Invariant: once a declaration or its removal is answered, what was read before it is not used any more.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::owner::Owner;
use crate::store::{self, Store};

/// How many declarations are read at once.
const PAGE: usize = 200;

/// Which types are declared. Cloning shares it.
#[derive(Clone, Debug)]
pub(super) struct DeclaredWords {
    read: Arc<watch::Sender<Read>>,
}

#[derive(Debug, Default)]
struct Read {
    /// Counts up with every change.
    changes: u64,
    words: Option<Arc<HashSet<String>>>,
}

impl Default for DeclaredWords {
    fn default() -> Self {
        Self { read: Arc::new(watch::channel(Read::default()).0) }
    }
}

impl DeclaredWords {
    /// Whether a type is declared.
    pub(super) async fn has(&self, word: &str, store: &Store, collection: &str) -> Result<bool, store::Error> {
        let (changes, known) = {
            let read = self.read.borrow();
            (read.changes, read.words.clone())
        };
        if let Some(words) = known {
            return Ok(words.contains(word));
        }
        let words = Arc::new(all(store, collection).await?);
        let is_declared = words.contains(word);
        self.read.send_if_modified(|read| {
            // What has changed meanwhile may not be in it.
            if read.changes == changes {
                read.words = Some(words);
            }
            false
        });
        Ok(is_declared)
    }

    /// Something was declared, or is not any more.
    pub(super) fn change(&self) {
        self.read.send_modify(|read| *read = Read { changes: read.changes + 1, words: None });
    }
}

async fn all(store: &Store, collection: &str) -> Result<HashSet<String>, store::Error> {
    let mut words = HashSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.document_heads(&Owner::SERVER, collection, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(words) };
        after = Some(last.id.clone());
        words.extend(page.into_iter().map(|head| head.id));
    }
}
