//! How many connections the process has, counted where they are made: a count that is also a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many connections the process has, over all workers. An atomic, as metrics are: no decision of a session
/// depends on it, and a limit that is off by the few that arrive in the same microsecond is good enough.
#[derive(Debug)]
pub struct Gauge {
    open: AtomicUsize,
    limit: usize,
    /// How many listen to what is kept nowhere; one that listens to several topics counts several times.
    listeners: AtomicUsize,
}

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
        Arc::new(Self { open: AtomicUsize::new(0), limit, listeners: AtomicUsize::new(0) })
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
