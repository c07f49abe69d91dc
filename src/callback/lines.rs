//! Who sends what next: all that one session has for one address is sent by one task, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::delivery::Patience;
use super::outbox::Outbox;
use super::sender::{Sender, host};
use super::signature::SigningKey;
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
}

/// The lines that are worked on.
pub(super) struct Lines {
    means: Means,
    /// Whether something has come for it since its task looked last.
    running: BTreeMap<Line, bool>,
    waiting: BTreeSet<Line>,
    tasks: JoinSet<Line>,
}

impl Lines {
    pub(super) fn new(means: Means) -> Self {
        Self { means, running: BTreeMap::new(), waiting: BTreeSet::new(), tasks: JoinSet::new() }
    }

    /// Something has come for a line.
    pub(super) fn has_come(&mut self, line: Line) {
        if let Some(has_come) = self.running.get_mut(&line) {
            *has_come = true;
        } else if self.running.len() >= MOST {
            self.waiting.insert(line);
        } else {
            self.running.insert(line.clone(), false);
            self.tasks.spawn_local(work(self.means.clone(), line));
        }
    }

    /// Waits until a line has nothing left, and goes on with the next; for ever where none is worked on.
    pub(super) async fn next(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(line)) => {
                let has_come = self.running.remove(&line).unwrap_or_default();
                if has_come {
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
async fn work(means: Means, line: Line) -> Line {
    loop {
        match step(&means, &line).await {
            Ok(true) => {}
            Ok(false) => return line,
            Err(error) => {
                log::warn!(error:%; "callbacks cannot be read or kept now; it is tried again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Sends the next one once it is due; gives whether there was one.
async fn step(means: &Means, line: &Line) -> Result<bool, store::Error> {
    let next = async || means.outbox.next(&line.owner, line.session_id, &line.url).await;
    let Some(kept) = next().await? else { return Ok(false) };
    let now = Timestamp::now();
    if kept.delivery.due_at > now {
        // It may be asked for again meanwhile.
        tokio::time::sleep(kept.delivery.due_at.since(now).min(RETRY)).await;
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
    // How often it was sent again meanwhile does not count: it was tried.
    let mut kept = kept;
    kept.delivery.tried(attempt, means.patience, rand::random());
    means.outbox.update(&kept).await?;
    Ok(true)
}
