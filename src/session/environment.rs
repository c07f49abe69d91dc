//! What the sessions of one worker share: read-only handles, and the worker's permits.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config;
use crate::domain::mask::Mask;
use crate::domain::tail::TailLimits;
use crate::event::Events;
use crate::metrics;
use crate::session::client::Sessions;
use crate::session::permits::Permits;
use crate::session::row_queue::RowQueue;
use crate::session::task::channel::ChannelLimits;
use crate::session::task::kinds::Kinds;
use crate::store::{State, Store};

/// How much output a task may make in one go before its session writes it down.
const BURST_BYTES: usize = 64 * 1024;

/// What the sessions of one worker share.
pub(crate) struct Environment {
    /// The worker's number, from 0.
    pub(crate) worker: usize,
    /// How many workers there are.
    pub(crate) workers: usize,
    /// All sessions: children may be on other workers.
    pub(crate) sessions: Sessions,
    pub(crate) store: Store,
    /// Where the rows of its sessions go on their way to the store.
    pub(crate) rows: RowQueue,
    /// Where the events of sessions go.
    pub(crate) events: Events,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) settings: config::sessions::Sessions,
    pub(crate) permits: Permits,
    /// Most rows of all sessions that may wait for a commit.
    pub(crate) max_pending_rows: usize,
    pub(crate) mask: Arc<Mask>,
    /// What is counted of all sessions.
    pub(crate) metrics: metrics::Sessions,
    /// What is counted of each task kind.
    pub(crate) kind_metrics: HashMap<String, metrics::TaskKind>,
}

impl Environment {
    /// Counts that a session came from one state to another; from none where it is new.
    pub(crate) fn count(&self, task: &str, before: Option<&State>, after: &State) {
        let live = |state: &State| Some(state.status).filter(|status| !status.is_terminal());
        // Of several servers, the store knows how many there are.
        if self.sessions.cluster().is_none() {
            self.metrics.moved(before.and_then(live), live(after));
        }
        let spent = before.map(|state| state.spent).unwrap_or_default();
        let seconds = |micros: i64| micros as f64 / 1e6;
        if after.spent.queued > spent.queued {
            self.metrics.queue_wait.observe(seconds(after.spent.queued - spent.queued));
        }
        if after.spent.waiting > spent.waiting {
            self.metrics.human_wait.observe(seconds(after.spent.waiting - spent.waiting));
        }
        let Some(kind) = self.kind_metrics.get(task) else { return };
        if before.is_none() {
            kind.started.inc();
        }
        if after.status.is_terminal() && before.is_none_or(|before| !before.status.is_terminal()) {
            kind.ended(after.status);
            kind.run.observe(seconds(after.spent.running));
            kind.whole.observe(seconds(after.spent.queued + after.spent.running + after.spent.waiting));
        }
    }

    /// Whether the store is not too far behind to take more.
    pub(crate) fn store_has_room(&self) -> bool {
        self.store.unwritten() + self.rows.len() < self.max_pending_rows
    }

    /// How much of a journal's end a session keeps.
    pub(crate) fn tail_limits(&self) -> TailLimits {
        TailLimits { snapshot: self.settings.snapshot_messages, bytes: self.settings.tail_bytes }
    }

    /// How much a task may put into its channel in one go.
    pub(crate) fn channel_limits(&self) -> ChannelLimits {
        ChannelLimits { entry_bytes: self.settings.max_entry_bytes, burst_bytes: BURST_BYTES }
    }
}
