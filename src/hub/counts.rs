//! How many connections the process has and what they follow, counted where they are made: a count that is also a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::topic::{EventTopic, TopicKey};
use crate::domain::event::Kind;
use crate::domain::id::ExecutionId;

/// How many connections the process has, over all workers. An atomic, as metrics are: no decision of a session
/// depends on it, and a limit that is off by the few that arrive in the same microsecond is good enough.
#[derive(Debug)]
pub struct ConnectionCounts {
    open: AtomicUsize,
    limit: usize,
    /// How many follow workflows; one that follows several topics counts several times.
    watchers: AtomicUsize,
    heard: Heard,
    /// Event sockets by worker: where there is none, nothing need be published.
    event_sockets: [AtomicU32; WORKERS],
}

/// How many listen to which events.
#[derive(Debug)]
struct Heard {
    /// By the number of the type.
    kinds: [AtomicU32; 64],
    /// To single executions, by the hash of their ids: nearly right, and enough to write nothing that nobody wants.
    executions: [AtomicU32; BUCKETS as usize],
    crews: AtomicU32,
    metrics: AtomicU32,
}

impl Heard {
    fn new() -> Self {
        let none = || std::array::from_fn(|_| AtomicU32::new(0));
        Self { kinds: none(), executions: none(), crews: AtomicU32::new(0), metrics: AtomicU32::new(0) }
    }

    fn count(&self, topic: EventTopic) -> Option<&AtomicU32> {
        match topic {
            EventTopic::All => None,
            EventTopic::Kind(index) => self.kinds.get(usize::from(index)),
            EventTopic::Execution(key) => self.executions.get(key.bucket(BUCKETS)),
            EventTopic::Crew(_) => Some(&self.crews),
            EventTopic::Metrics => Some(&self.metrics),
        }
    }
}

/// The most workers that there are.
const WORKERS: usize = 64;

/// Among how many counts single executions are spread.
const BUCKETS: u8 = 64;

/// One connection that counts, for as long as this is kept.
#[derive(Debug)]
pub struct Ticket {
    counts: Arc<ConnectionCounts>,
    within: bool,
}

impl ConnectionCounts {
    /// Counts that allow `limit` connections.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        let event_sockets = std::array::from_fn(|_| AtomicU32::new(0));
        Arc::new(Self {
            open: AtomicUsize::new(0),
            limit,
            watchers: AtomicUsize::new(0),
            heard: Heard::new(),
            event_sockets,
        })
    }

    /// Counts one more.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Ticket {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        Ticket { counts: Arc::clone(self), within: before < self.limit }
    }

    /// Counts an event socket of a worker, for as long as the ticket is kept: from here on all that is published reaches the
    /// worker. Who takes it and then asks for the newest `seq` misses nothing that comes after that: both sides first say
    /// what they do and then look at the other, in one order for all threads.
    #[must_use]
    pub fn enter_event_socket(self: &Arc<Self>, worker: usize) -> EventTicket {
        if let Some(count) = self.event_sockets.get(worker) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        EventTicket { counts: Arc::clone(self), worker }
    }

    /// Whether a worker may have event sockets.
    #[must_use]
    pub fn has_event_sockets(&self, worker: usize) -> bool {
        self.event_sockets.get(worker).is_none_or(|count| count.load(Ordering::SeqCst) > 0)
    }

    /// Whether any worker may have event sockets.
    #[must_use]
    pub fn has_any_event_socket(&self) -> bool {
        self.event_sockets.iter().any(|count| count.load(Ordering::SeqCst) > 0)
    }

    /// Whether one more would be within the limit.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.open() < self.limit
    }

    /// How many there are.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether anybody follows a workflow.
    #[must_use]
    pub fn has_watchers(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Whether anybody may listen to events of this type, or to this session or to a crew whatever the type. Where
    /// nobody does, one that is kept nowhere need not be written.
    #[must_use]
    pub fn is_heard(&self, kind: &Kind, execution: Option<&ExecutionId>) -> bool {
        let is_any = |count: Option<&AtomicU32>| count.is_some_and(|count| count.load(Ordering::Relaxed) > 0);
        is_any(self.heard.kinds.get(kind.index()))
            || is_any(Some(&self.heard.crews))
            || execution.is_some_and(|id| self.is_heard_alone(id))
    }

    /// Whether anybody may listen to this execution alone.
    fn is_heard_alone(&self, execution: &ExecutionId) -> bool {
        let is_any = |count: &AtomicU32| count.load(Ordering::Relaxed) > 0;
        let executions = &self.heard.executions;
        // To hash the id costs more than to see that nobody listens to any.
        executions.iter().any(is_any)
            && executions.get(TopicKey::of(execution.as_str()).bucket(BUCKETS)).is_some_and(is_any)
    }

    /// Whether anybody wants the server's own numbers again and again.
    #[must_use]
    pub fn is_metrics_heard(&self) -> bool {
        self.heard.metrics.load(Ordering::Relaxed) > 0
    }

    /// How many subscriptions there are, by what they ask for.
    #[must_use]
    pub fn subscriptions(&self) -> [(&'static str, u64); 4] {
        let sum = |counts: &[AtomicU32]| counts.iter().map(|count| u64::from(count.load(Ordering::Relaxed))).sum();
        let Heard { kinds, executions, crews, metrics } = &self.heard;
        let one = |count: &AtomicU32| sum(std::slice::from_ref(count));
        [("type", sum(kinds)), ("execution", sum(executions)), ("crew", one(crews)), ("metrics", one(metrics))]
    }

    /// One more event socket stands under a topic.
    pub fn add_event_listener(&self, topic: EventTopic) {
        if let Some(count) = self.heard.count(topic) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One event socket less stands under a topic.
    pub fn remove_event_listener(&self, topic: EventTopic) {
        if let Some(count) = self.heard.count(topic) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Somebody is going to follow a workflow.
    pub fn add_watcher(&self) {
        self.watchers.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody follows a workflow no more.
    pub fn remove_watcher(&self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ticket {
    /// Whether the limit allowed it.
    #[must_use]
    pub fn is_within_limit(&self) -> bool {
        self.within
    }
}

/// An event socket that counts, for as long as this is kept.
#[derive(Debug)]
pub struct EventTicket {
    counts: Arc<ConnectionCounts>,
    worker: usize,
}

impl Drop for EventTicket {
    fn drop(&mut self) {
        if let Some(count) = self.counts.event_sockets.get(self.worker) {
            count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_counted_but_not_within_the_limit() {
        let counts = ConnectionCounts::new(2);
        let tickets: Vec<Ticket> = (0..3).map(|_| counts.enter()).collect();
        let within: Vec<bool> = tickets.iter().map(Ticket::is_within_limit).collect();
        assert_eq!(within, [true, true, false]);
        assert_eq!(counts.open(), 3);
        drop(tickets);
        assert_eq!(counts.open(), 0);
        assert!(counts.enter().is_within_limit());
    }

    #[test]
    fn a_worker_has_event_sockets_for_as_long_as_a_ticket_is_kept() {
        let counts = ConnectionCounts::new(2);
        let tickets = [counts.enter_event_socket(3), counts.enter_event_socket(3)];
        assert!(counts.has_event_sockets(3) && !counts.has_event_sockets(2));
        assert!(counts.has_event_sockets(WORKERS), "one that cannot be counted gets everything");
        drop(tickets);
        assert!(!counts.has_event_sockets(3));
    }
}
