//! What can be said of one connection: what it subscribed to, what has passed through it, and how it stands.

use std::time::Duration;

use actix::clock::Instant;

use super::Link;
use crate::domain::time::Timestamp;
use crate::hub::event_listener::EventListener;
use crate::hub::kinds::KindSet;
use crate::hub::messages::Passed;
use crate::hub::watchdog::Marks;

impl Link {
    /// Which kinds of messages about workflows it gets: all of them, until it says otherwise.
    #[must_use]
    pub fn kinds(&self) -> KindSet {
        self.kinds.get()
    }

    /// Sets which kinds it gets from now on.
    pub fn set_kinds(&self, kinds: KindSet) {
        self.kinds.set(kinds);
    }

    /// What it subscribed to, where it is an event socket.
    #[must_use]
    pub fn event_listener(&self) -> Option<&EventListener> {
        self.event_listener.get().map(|listener| &**listener)
    }

    /// Makes it an event socket; the first time counts.
    pub fn set_event_listener(&self, listener: EventListener) {
        let _ = self.event_listener.set(Box::new(listener));
    }

    /// When it was opened.
    #[must_use]
    pub fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// What has passed through it.
    #[must_use]
    pub fn passed(&self) -> Passed {
        self.own.passed()
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.outbox.borrow().data_bytes()
    }

    /// How long nothing was heard of it, and how long bytes have waited while none left.
    #[must_use]
    pub fn silence(&self, now: Instant) -> (Duration, Duration) {
        let stuck = self.marks(now).stuck.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        (now.saturating_duration_since(self.heard.get()), stuck)
    }

    /// The client was sent an error with this code.
    pub fn count_error(&self, code: &'static str) {
        self.tally.count_error(code);
    }

    /// So many messages were left out for want of room.
    pub fn count_dropped(&self, messages: u64) {
        self.tally.drop_ephemeral(messages);
        self.own.drop_ephemeral(messages);
    }

    pub(super) fn count_sent(&self, messages: usize, bytes: usize) {
        self.tally.send(messages, bytes);
        self.own.send(messages, bytes);
    }

    pub(super) fn marks(&self, now: Instant) -> Marks {
        let outbox = self.outbox.borrow();
        let (popped, since) = self.moved.get();
        let is_stuck = !outbox.is_empty() && outbox.popped() == popped;
        if !is_stuck {
            self.moved.set((outbox.popped(), now));
        }
        Marks {
            heard: self.about.is_two_way.then(|| self.heard.get()),
            stuck: is_stuck.then_some(since),
            next_ping: self.next_ping.get(),
            closing: self.closing_since.get(),
        }
    }
}
