//! The switch by which a connection's socket is shut from outside the task that owns it.
//!
//! A task whose client does not read is stuck in a write, and would never look at a message. It shares this with its
//! socket instead of a second descriptor: whoever turns the switch wakes the task, and its next read or write ends.
//! Lives on one thread.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

/// How far a socket may still be used. It only ever goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Both ways.
    #[default]
    Open,
    /// Nothing more is written; the peer sees the end, and may still be read.
    Finished,
    /// Not at all.
    Cut,
}

/// The switch of one socket.
#[derive(Debug, Default)]
pub struct Line {
    state: Cell<Use>,
    /// The task that reads from or writes to the socket, and waits.
    task: RefCell<Option<Waker>>,
}

impl Line {
    /// How far the socket may still be used.
    #[must_use]
    pub fn state(&self) -> Use {
        self.state.get()
    }

    /// Nothing more is written to the socket.
    pub fn finish(&self) {
        self.turn(Use::Finished);
    }

    /// The socket is neither read nor written any more.
    pub fn cut(&self) {
        self.turn(Use::Cut);
    }

    /// The task of this context waits for the socket.
    pub fn wait(&self, context: &Context<'_>) {
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
    }

    fn turn(&self, state: Use) {
        if self.state.get() < state {
            self.state.set(state);
            let task = self.task.borrow_mut().take();
            task.into_iter().for_each(Waker::wake);
        }
    }
}
