//! What writes the audit trail: what is recorded meanwhile goes to the store together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::NewEntry;
use super::rows::{self, Head};
use crate::domain::time::Timestamp;
use crate::store::Store;

/// Most entries of one row.
const AT_ONCE: usize = 256;
/// Between two rows, so that a busy server writes few: entries of which nobody waits for the writing may take so long.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two tries while the store cannot be written.
const RETRY: Duration = Duration::from_secs(1);
/// How often old entries are removed.
const PURGE_EVERY: Duration = Duration::from_secs(600);

/// What is to be written, and who waits for it.
pub(super) struct Recorded {
    /// Nothing where only the end of what is before is waited for.
    pub(super) entry: Option<NewEntry>,
    pub(super) written: Option<oneshot::Sender<()>>,
}

/// Writes what is recorded, until nobody can record any more.
pub(super) struct Recorder {
    pub(super) store: Store,
    pub(super) recorded: mpsc::Receiver<Recorded>,
    /// How many entries did not find room since it was said last.
    pub(super) lost: Arc<AtomicU64>,
    /// How long entries are kept; for ever where there is none.
    pub(super) retention: Option<Duration>,
    /// How many are kept.
    pub(super) keep: u64,
}

impl Recorder {
    pub(super) async fn run(mut self) {
        let mut purge = tokio::time::interval(PURGE_EVERY);
        let (mut head, mut batch) = (None, Vec::with_capacity(AT_ONCE));
        loop {
            tokio::select! {
                taken = self.recorded.recv_many(&mut batch, AT_ONCE) => {
                    if taken == 0 {
                        return;
                    }
                    head = Some(self.write(std::mem::take(&mut batch), head).await);
                }
                _ = purge.tick() => self.purge().await,
            }
        }
    }

    /// Writes entries, however often it has to be tried.
    async fn write(&self, batch: Vec<Recorded>, mut head: Option<Head>) -> Head {
        let is_awaited = batch.iter().any(|recorded| recorded.written.is_some());
        if !is_awaited {
            tokio::time::sleep(PAUSE).await;
        }
        let time = Timestamp::now();
        let (entries, waiting): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|recorded| (recorded.entry, recorded.written)).unzip();
        let mut entries: Vec<NewEntry> = entries.into_iter().flatten().collect();
        entries.extend(lost(self.lost.swap(0, Ordering::Relaxed)));
        loop {
            match rows::append(&self.store, &entries, time, head.take()).await {
                Ok(head) => {
                    for written in waiting.into_iter().flatten() {
                        // Whoever waited may have gone.
                        let _ = written.send(());
                    }
                    return head;
                }
                Err(error) => log::warn!(error:%; "the audit trail cannot be written; it is tried again"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn purge(&self) {
        let before = self.retention.map(|retention| Timestamp::now().minus(retention));
        if let Err(error) = rows::purge(&self.store, before, self.keep).await {
            log::warn!(error:%; "old entries of the audit trail could not be removed");
        }
    }
}

/// What the trail says where it could not take everything.
fn lost(count: u64) -> Option<NewEntry> {
    (count > 0).then(|| NewEntry {
        principal: "server".to_owned(),
        action: "trail:lost",
        object: format!("{count} entries came faster than the store could be written"),
        address: None,
        allowed: true,
        request_id: None,
    })
}
