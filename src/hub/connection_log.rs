//! Logs which connections come and go; of very many only how many.
//!
//! Lives on one thread.

use std::cell::Cell;

use super::link::Link;
use crate::limits::LogLimit;

/// What is logged of the connections of one worker.
#[derive(Debug)]
pub struct ConnectionLog {
    lines: LogLimit,
    /// Those of which nothing was logged since the last summary.
    opened: Cell<u64>,
    closed: Cell<u64>,
}

impl ConnectionLog {
    /// Logs at most so many lines a second.
    #[must_use]
    pub fn new(lines_per_second: u32) -> Self {
        let lines = LogLimit::new(f64::from(lines_per_second), lines_per_second);
        Self { lines, opened: Cell::new(0), closed: Cell::new(0) }
    }

    /// A connection of this kind has come, and there are so many now.
    pub fn opened(&self, link: &Link, kind: &str, about: &str, total: usize) {
        if self.lines.take().is_some() {
            log::info!(connection:% = link.id(), kind, about, total; "a connection was opened");
        } else {
            self.opened.set(self.opened.get() + 1);
        }
    }

    /// A connection of this kind has gone, and there are so many now.
    pub fn closed(&self, link: &Link, kind: &str, about: &str, total: usize) {
        if self.lines.take().is_some() {
            let reason = link.reason();
            log::info!(connection:% = link.id(), kind, about, reason, total; "a connection has ended");
        } else {
            self.closed.set(self.closed.get() + 1);
        }
    }

    /// Logs how many came and went of which nothing was logged; to be called about once a second.
    pub fn sum_up(&self, total: usize) {
        let (opened, closed) = (self.opened.take(), self.closed.take());
        if opened + closed > 0 {
            log::info!(opened, closed, total; "more connections were opened and have ended");
        }
    }
}
