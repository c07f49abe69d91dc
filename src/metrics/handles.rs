//! The handles that the parts of the server count and measure with.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};
use tokio::time::{Instant, sleep_until};

use super::{Metrics, names};
use crate::domain::status::Status;

/// How often an event loop is looked at. Often enough to meet a task that holds it for a tenth of a second.
const LAG_EVERY: Duration = Duration::from_millis(500);

/// For one worker's connections.
#[derive(Clone, Debug)]
pub struct Connections {
    opened: IntCounter,
    metrics: Metrics,
    /// Messages that clients sent.
    pub messages_received: IntCounter,
    /// Messages that were put into the outboxes of clients.
    pub messages_sent: IntCounter,
    /// Messages that only the latest of mattered, and that were dropped because a client did not read.
    pub messages_dropped: IntCounter,
    /// Bytes of the messages that clients sent.
    pub received_bytes: IntCounter,
    /// Bytes that were put into the outboxes of clients.
    pub sent_bytes: IntCounter,
}

impl Connections {
    pub(super) fn new(metrics: &Metrics) -> Self {
        // A counter with a label appears once it has a value for it.
        drop(metrics.counter(names::CONNECTIONS_CLOSED, &[("reason", "done")]));
        drop(metrics.gauge(names::CONNECTIONS, &[("kind", "session")]));
        drop(metrics.counter(names::SOCKET_ERRORS, &[("code", "invalid_message")]));
        Self {
            opened: metrics.counter(names::CONNECTIONS_OPENED, &[]),
            metrics: metrics.clone(),
            messages_received: metrics.counter(names::MESSAGES_RECEIVED, &[]),
            messages_sent: metrics.counter(names::MESSAGES_SENT, &[]),
            messages_dropped: metrics.counter(names::MESSAGES_DROPPED, &[]),
            received_bytes: metrics.counter(names::RECEIVED_BYTES, &[]),
            sent_bytes: metrics.counter(names::SENT_BYTES, &[]),
        }
    }

    /// So many clients were sent an error with this code.
    pub fn errors(&self, code: &'static str, count: u64) {
        self.metrics.counter(names::SOCKET_ERRORS, &[("code", code)]).inc_by(count);
    }

    /// A connection of this kind was opened.
    pub fn opened(&self, kind: &'static str) {
        // Looked up each time, as at the end: that is little beside what a socket costs.
        self.metrics.gauge(names::CONNECTIONS, &[("kind", kind)]).inc();
        self.opened.inc();
    }

    /// A connection of this kind that was opened has gone, for this reason.
    pub fn closed(&self, kind: &'static str, reason: &'static str) {
        self.metrics.gauge(names::CONNECTIONS, &[("kind", kind)]).dec();
        self.metrics.counter(names::CONNECTIONS_CLOSED, &[("reason", reason)]).inc();
    }
}

/// For one worker's sessions.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// Those that have not ended: who has is counted by its kind.
    by_status: Vec<(Status, IntGauge)>,
    /// Seconds that an answered request had waited for a person.
    pub human_wait: Histogram,
    /// Seconds that a session waited for a permit to run.
    pub queue_wait: Histogram,
    /// Sessions of other servers that were read again because something of them had not come.
    pub healed: IntCounter,
}

impl Sessions {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            by_status: Status::ALL
                .into_iter()
                .filter(|status| !status.is_terminal())
                .map(|status| (status, metrics.gauge(names::SESSIONS, &[("status", status.as_str())])))
                .collect(),
            human_wait: metrics.histogram(names::HUMAN_WAIT, &[]),
            queue_wait: metrics.histogram(names::QUEUE_WAIT, &[]),
            healed: metrics.counter(names::CLUSTER_HEALED, &[]),
        }
    }

    /// That many more sessions have this status, such as those that a start finds in the store.
    pub fn add(&self, status: Status, count: u64) {
        self.change(status, i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many sessions are in each of these statuses, and none in another.
    pub fn set(&self, counted: &[(Status, u64)]) {
        for (status, gauge) in &*self.by_status {
            let count = counted.iter().find(|(other, _)| other == status).map_or(0, |(_, count)| *count);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// A session went from one status to another; from none when it is new, to none when it is removed.
    pub fn moved(&self, from: Option<Status>, to: Option<Status>) {
        if let Some(from) = from {
            self.change(from, -1);
        }
        if let Some(to) = to {
            self.change(to, 1);
        }
    }

    fn change(&self, status: Status, by: i64) {
        if let Some((_, gauge)) = self.by_status.iter().find(|(other, _)| *other == status) {
            gauge.add(by);
        }
    }
}

/// For the sessions of one task kind.
#[derive(Clone, Debug)]
pub struct TaskKind {
    completed: IntCounter,
    failed: IntCounter,
    cancelled: IntCounter,
    /// Sessions that were started.
    pub started: IntCounter,
    /// Seconds that an ended session had worked, without its waiting.
    pub run: Histogram,
    /// Seconds that an ended session had taken from its start, with all its waiting.
    pub whole: Histogram,
}

impl TaskKind {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let ended =
            |status: Status| metrics.counter(names::SESSIONS_ENDED, &[("task", name), ("status", status.as_str())]);
        Self {
            completed: ended(Status::Completed),
            failed: ended(Status::Failed),
            cancelled: ended(Status::Cancelled),
            started: metrics.counter(names::SESSIONS_STARTED, &[("task", name)]),
            run: metrics.histogram(names::RUN, &[("task", name)]),
            whole: metrics.histogram(names::WHOLE, &[("task", name)]),
        }
    }

    /// A session has ended with this status; one that is not final is not counted.
    pub fn ended(&self, status: Status) {
        match status {
            Status::Completed => self.completed.inc(),
            Status::Failed => self.failed.inc(),
            Status::Cancelled => self.cancelled.inc(),
            Status::Queued
            | Status::Running
            | Status::WaitingConfirmation
            | Status::WaitingInput
            | Status::WaitingRetry
            | Status::Cancelling => {}
        }
    }
}

/// For the event loop of one worker.
#[derive(Clone, Debug)]
pub struct EventLoop {
    /// Seconds that it woke up later than it was due.
    pub lag: Histogram,
}

impl EventLoop {
    pub(super) fn new(metrics: &Metrics, worker: usize) -> Self {
        Self { lag: metrics.histogram(names::LOOP_LAG, &[("worker", &worker.to_string())]) }
    }

    /// Measures the lag of the loop that this runs on, for ever. A timer is up to a millisecond late by itself.
    pub async fn watch(self) {
        loop {
            let due = Instant::now() + LAG_EVERY;
            sleep_until(due).await;
            self.lag.observe(due.elapsed().as_secs_f64());
        }
    }
}
