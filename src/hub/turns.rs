//! Wakes those who write to the connections of one worker, a few at a time: a message for thousands leaves room between
//! them for whatever else the worker has to do, and what is sent meanwhile goes out with it.
//!
//! Lives on one thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Waker;

use super::link::Link;

/// How many are woken before others have a turn: about as many tasks as the runtime runs before it looks for input.
const TURN: usize = 64;

/// Who waits to be woken.
#[derive(Debug, Default)]
pub struct Turns {
    waiting: RefCell<VecDeque<Waker>>,
    /// Whether somebody is at waking those who wait.
    is_going: Cell<bool>,
}

/// One message on its way to many.
#[derive(Debug)]
pub struct Round<'a> {
    turns: &'a Rc<Turns>,
    woken: usize,
}

impl Turns {
    /// Begins with a message for many.
    #[must_use]
    pub fn round(self: &Rc<Self>) -> Round<'_> {
        Round { turns: self, woken: 0 }
    }

    /// Wakes all who wait, a turn at a time.
    async fn go(&self) {
        while !self.waiting.borrow().is_empty() {
            tokio::task::yield_now().await;
            let now = {
                let mut waiting = self.waiting.borrow_mut();
                let count = waiting.len().min(TURN);
                waiting.drain(..count).collect::<Vec<_>>()
            };
            now.into_iter().for_each(Waker::wake);
        }
        self.is_going.set(false);
    }
}

impl Round<'_> {
    /// Wakes who writes to this connection: at once while few were woken and nobody waits, else when it is its turn.
    pub fn wake(&mut self, link: &Link) {
        let Some(writer) = link.sleeping_writer() else { return };
        let turns = self.turns;
        if self.woken < TURN && !turns.is_going.get() {
            self.woken += 1;
            writer.wake();
            return;
        }
        turns.waiting.borrow_mut().push_back(writer);
        if !turns.is_going.replace(true) {
            let turns = Rc::clone(turns);
            actix::spawn(async move { turns.go().await });
        }
    }
}

#[cfg(test)]
mod tests;
