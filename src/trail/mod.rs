//! The audit trail: who changed what, and who was refused what, for the operator.
//!
//! It is append-only: entries are numbered without gaps, nothing changes them, and only their age or number removes them,
//! oldest first. Reading is not in it unless it was refused. `entry` is what it says of one thing, `rows` how that lies in
//! the store, `recorder` what writes it.

mod entry;
mod recorder;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub(crate) use self::entry::{NewEntry, TrailEntry};
use self::recorder::{Recorded, Recorder};
use crate::domain::time::Timestamp;
use crate::store::{self, Store};

/// Most entries that wait for the store.
const MOST_WAITING: usize = 65_536;

/// How long the end of a server may wait for the last entries.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why the trail could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store says so.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What is kept was not written by a server like this one.
    #[error("the audit trail is damaged: {0}")]
    Damaged(String),
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Those of this principal.
    pub(crate) principal: Option<String>,
    /// Those with this action, or with all actions on this kind of thing: `sessions` takes `sessions:start`.
    pub(crate) action: Option<String>,
}

impl Filter {
    fn takes(&self, entry: &TrailEntry) -> bool {
        let is_of = self.principal.as_ref().is_none_or(|principal| *principal == entry.principal);
        let kind = || entry.action.split_once(':').map(|(kind, _)| kind);
        is_of && self.action.as_deref().is_none_or(|action| action == entry.action || Some(action) == kind())
    }
}

/// Part of the trail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// The entries, in order.
    pub(crate) entries: Vec<TrailEntry>,
    /// Up to which number the trail was looked through: the next page begins behind it.
    pub(crate) next: u64,
}

/// The audit trail of a server. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    store: Store,
    /// None where nothing is recorded.
    recorder: Option<mpsc::Sender<Recorded>>,
    lost: Arc<AtomicU64>,
}

impl Trail {
    /// One that is read only.
    #[must_use]
    pub(crate) fn reading(store: Store) -> Self {
        Self { store, recorder: None, lost: Arc::default() }
    }

    /// One that is written, with entries of this age at most, and so many.
    #[must_use]
    pub(crate) fn recording(store: Store, retention: Option<Duration>, keep: u64) -> Self {
        let (recorder, recorded) = mpsc::channel(MOST_WAITING);
        let lost = Arc::<AtomicU64>::default();
        let writer = Recorder { store: store.clone(), recorded, lost: Arc::clone(&lost), retention, keep };
        actix::spawn(writer.run());
        Self { store, recorder: Some(recorder), lost }
    }

    /// Whether anything is recorded.
    #[must_use]
    pub(crate) fn is_recorded(&self) -> bool {
        self.recorder.is_some()
    }

    /// Records something. It is in the store a moment later.
    pub(crate) fn record(&self, entry: NewEntry) {
        self.send(Recorded { entry: Some(entry), written: None });
    }

    /// Records something, and waits until it is in the store.
    pub(crate) async fn record_durably(&self, entry: NewEntry) {
        let (written, is_written) = oneshot::channel();
        self.send(Recorded { entry: Some(entry), written: Some(written) });
        // What found no room is counted.
        let _ = is_written.await;
    }

    fn send(&self, recorded: Recorded) {
        let Some(recorder) = &self.recorder else { return };
        if recorder.try_send(recorded).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits, for a moment, until what was recorded is in the store.
    pub(crate) async fn flush(&self) {
        let (written, is_written) = oneshot::channel();
        self.send(Recorded { entry: None, written: Some(written) });
        if tokio::time::timeout(GOODBYE, is_written).await.is_err() {
            log::warn!("the store is slow: the last entries of the audit trail may be lost");
        }
    }

    /// Entries behind this number, in order, that pass the filter; at most `limit`.
    ///
    /// # Errors
    /// Where the store cannot be read, or what it has is no trail.
    pub(crate) async fn read(&self, since: u64, filter: &Filter, limit: usize) -> Result<Page, Error> {
        rows::read(&self.store, since, filter, limit).await
    }
}

/// Writes an entry into a store on which no server has to run.
///
/// # Errors
/// Where the store cannot be written.
pub(crate) async fn append(store: &Store, entry: NewEntry) -> Result<(), Error> {
    rows::append(store, &[entry], Timestamp::now(), None).await?;
    Ok(())
}
