//! What passes through the connections of one worker, counted in cells and added to the metrics now and then.
//!
//! Lives on one thread: a message to a thousand connections costs a thousand additions, and none of them an atomic.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::messages::Passed;
use crate::metrics::Connections;

/// What passed through the connections of one worker since it was last added to the metrics.
#[derive(Debug, Default)]
pub struct Tally {
    received: Cell<u64>,
    received_bytes: Cell<u64>,
    sent: Cell<u64>,
    sent_bytes: Cell<u64>,
    dropped: Cell<u64>,
    /// By code: words of this program, so that there are only so many.
    errors: RefCell<BTreeMap<&'static str, u64>>,
}

impl Tally {
    /// A frame of so many bytes came; it begins a message, or goes on with one.
    pub fn receive(&self, begins: u64, bytes: u64) {
        add(&self.received, begins);
        add(&self.received_bytes, bytes);
    }

    /// So many messages, of so many bytes together with their frames, were put into an outbox.
    pub fn send(&self, messages: usize, bytes: usize) {
        add(&self.sent, messages as u64);
        add(&self.sent_bytes, bytes as u64);
    }

    /// So many messages that only the latest of mattered were dropped.
    pub fn drop_ephemeral(&self, messages: u64) {
        add(&self.dropped, messages);
    }

    /// A client was sent an error with this code.
    pub fn count_error(&self, code: &'static str) {
        *self.errors.borrow_mut().entry(code).or_default() += 1;
    }

    /// All of it.
    #[must_use]
    pub fn passed(&self) -> Passed {
        Passed {
            messages_in: self.received.get(),
            bytes_in: self.received_bytes.get(),
            messages_out: self.sent.get(),
            bytes_out: self.sent_bytes.get(),
            dropped: self.dropped.get(),
        }
    }

    /// Adds all of it to the metrics, and begins again.
    pub fn add_to(&self, metrics: &Connections) {
        metrics.messages_received.inc_by(self.received.take());
        metrics.received_bytes.inc_by(self.received_bytes.take());
        metrics.messages_sent.inc_by(self.sent.take());
        metrics.sent_bytes.inc_by(self.sent_bytes.take());
        metrics.messages_dropped.inc_by(self.dropped.take());
        self.errors.take().into_iter().for_each(|(code, count)| metrics.errors(code, count));
    }
}

fn add(cell: &Cell<u64>, count: u64) {
    cell.set(cell.get().wrapping_add(count));
}
