//! Who sends what next: all that one session has for one address is sent by one task, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::delivery::{Delivery, Patience};
use super::outbox::{Outbox, Place};
use super::sender::{Sender, host};
use super::signature::SigningKey;
use crate::cluster::Cluster;
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, Store};

/// The most lines that are worked on at once; more wait for one to end.
const MOST: usize = 10_000;

/// Between two tries while the store does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// What one session has for one address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Line {
    pub(super) owner: Owner,
    pub(super) session_id: SessionId,
    pub(super) url: String,
}

impl Line {
    /// The one of a delivery at this place.
    pub(super) fn of(place: &Place, delivery: &Delivery) -> Self {
        Self { owner: place.owner.clone(), session_id: delivery.session_id, url: delivery.url.clone() }
    }
}

/// What a line is worked on with. Cloning shares it.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) outbox: Outbox,
    pub(super) sender: Sender,
    pub(super) store: Store,
    /// The secrets of the settings, by the address.
    pub(super) secrets: Arc<BTreeMap<String, String>>,
    pub(super) patience: Patience,
    pub(super) permits: Arc<Semaphore>,
    pub(super) cluster: Option<Cluster>,
}

impl Means {
    /// Whether a session is this server's.
    fn has(&self, session_id: SessionId) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| cluster.owns(session_id))
    }
}

/// Why a line is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// It is of a session of this server, and for as long as it is.
    Owned,
    /// Somebody has asked for it here.
    Asked,
}

/// The lines that are worked on.
pub(super) struct Lines {
    means: Means,
    /// Each with what wakes its task when something has come for it.
    running: BTreeMap<Line, Arc<Notify>>,
    waiting: BTreeSet<Line>,
    tasks: JoinSet<Line>,
}

impl Lines {
    pub(super) fn new(means: Means) -> Self {
        Self { means, running: BTreeMap::new(), waiting: BTreeSet::new(), tasks: JoinSet::new() }
    }

    /// Something has come for a line, which is another server's to send where its session is.
    pub(super) fn has_come(&mut self, line: Line) {
        if self.means.has(line.session_id) {
            self.begin(line, Reason::Owned);
        }
    }

    /// Somebody has asked here to send something of a line.
    pub(super) fn is_asked_for(&mut self, line: Line) {
        self.begin(line, Reason::Asked);
    }

    fn begin(&mut self, line: Line, reason: Reason) {
        if let Some(wake) = self.running.get(&line) {
            wake.notify_one();
        } else if self.running.len() >= MOST {
            self.waiting.insert(line);
        } else {
            let wake = Arc::new(Notify::new());
            self.running.insert(line.clone(), Arc::clone(&wake));
            self.tasks.spawn_local(work(self.means.clone(), line, wake, reason));
        }
    }

    /// Waits until a line has nothing left, and goes on with the next; for ever where none is worked on.
    pub(super) async fn next(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(line)) => {
                // Something may have come since it looked last.
                let wake = self.running.remove(&line);
                if wake.is_some_and(|wake| wake.notified().now_or_never().is_some()) {
                    self.has_come(line);
                }
                if let Some(next) = self.waiting.pop_first() {
                    self.has_come(next);
                }
            }
            Some(Err(error)) => log::error!(error:%; "what sends a callback broke off; the next start goes on with it"),
            None => std::future::pending().await,
        }
    }
}

/// Sends all that there is for a line, in order.
async fn work(means: Means, line: Line, wake: Arc<Notify>, reason: Reason) -> Line {
    while reason == Reason::Asked || means.has(line.session_id) {
        match step(&means, &line, &wake).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                log::warn!(error:%; "callbacks cannot be read or kept now; it is tried again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    line
}

/// Sends the next one once it is due; gives whether there was one.
async fn step(means: &Means, line: &Line, wake: &Notify) -> Result<bool, store::Error> {
    let next = means.outbox.next(&line.owner, line.session_id, &line.url).await?;
    let Some(mut kept) = next else { return Ok(false) };
    let now = Timestamp::now();
    if kept.delivery.due_at > now {
        // It may be asked for again meanwhile: whether it is over does not matter, only that it is looked at anew.
        let _ = tokio::time::timeout(kept.delivery.due_at.since(now), wake.notified()).await;
        return Ok(true);
    }
    let Ok(_permit) = means.permits.acquire().await else { return Ok(false) };
    let secret = match &kept.delivery.sealed_secret {
        Some(sealed) => means.store.unseal(sealed).ok().and_then(|plain| String::from_utf8(plain).ok()),
        None => means.secrets.get(&line.url).cloned(),
    };
    let key = secret.and_then(|secret| SigningKey::parse(&secret));
    let attempt = means.sender.post(&kept.delivery, key.as_ref()).await;
    if attempt.status.is_none_or(|status| !(200..300).contains(&status)) {
        let (session_id, host) = (line.session_id, host(&line.url));
        let why =
            attempt.error.clone().unwrap_or_else(|| format!("it answered {}", attempt.status.unwrap_or_default()));
        log::info!(session_id:%, host; "a callback was not taken: {why}");
    }
    kept.delivery.tried(attempt, means.patience, rand::random());
    means.outbox.update(&kept).await?;
    Ok(true)
}
