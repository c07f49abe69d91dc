//! How many connections the process has, counted where they are made: a count that is also a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::messages::{Topic, TopicKey};
use crate::domain::event::Kind;
use crate::domain::id::ExecutionId;

/// How many connections the process has, over all workers. An atomic, as metrics are: no decision of a session
/// depends on it, and a limit that is off by the few that arrive in the same microsecond is good enough.
#[derive(Debug)]
pub struct Gauge {
    open: AtomicUsize,
    limit: usize,
    /// How many listen to what is kept nowhere; one that listens to several topics counts several times.
    listeners: AtomicUsize,
    heard: Heard,
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

    fn count(&self, topic: Topic) -> Option<&AtomicU32> {
        match topic {
            Topic::Session(_) | Topic::Workflow(_) | Topic::Workflows | Topic::Events => None,
            Topic::Kind(index) => self.kinds.get(usize::from(index)),
            Topic::Execution(key) => self.executions.get(key.bucket(BUCKETS)),
            Topic::Crew(_) => Some(&self.crews),
            Topic::Metrics => Some(&self.metrics),
        }
    }
}

/// Among how many counts single executions are spread.
const BUCKETS: u8 = 64;

/// One connection that counts, for as long as this is kept.
#[derive(Debug)]
pub struct Ticket {
    gauge: Arc<Gauge>,
    within: bool,
}

impl Gauge {
    /// A gauge that allows `limit` connections.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { open: AtomicUsize::new(0), limit, listeners: AtomicUsize::new(0), heard: Heard::new() })
    }

    /// Counts one more.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Ticket {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        Ticket { gauge: Arc::clone(self), within: before < self.limit }
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

    /// Whether anybody listens to what is kept nowhere.
    #[must_use]
    pub fn has_listeners(&self) -> bool {
        self.listeners.load(Ordering::Relaxed) > 0
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

    /// One more listens to events on a topic.
    pub fn heard_more(&self, topic: Topic) {
        if let Some(count) = self.heard.count(topic) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One less listens to events on a topic.
    pub fn heard_less(&self, topic: Topic) {
        if let Some(count) = self.heard.count(topic) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Somebody is going to listen to a topic.
    pub fn listener_comes(&self) {
        self.listeners.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody listens to a topic no more.
    pub fn listener_goes(&self) {
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ticket {
    /// Whether the limit allowed it.
    #[must_use]
    pub fn is_within_limit(&self) -> bool {
        self.within
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.gauge.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_counted_but_not_within_the_limit() {
        let gauge = Gauge::new(2);
        let tickets: Vec<Ticket> = (0..3).map(|_| gauge.enter()).collect();
        let within: Vec<bool> = tickets.iter().map(Ticket::is_within_limit).collect();
        assert_eq!(within, [true, true, false]);
        assert_eq!(gauge.open(), 3);
        drop(tickets);
        assert_eq!(gauge.open(), 0);
        assert!(gauge.enter().is_within_limit());
    }
}
