//! The permits to run that one worker has at hand, and the sessions of it that wait for one.
//!
//! Shared by the directory and the sessions of one thread, so that a session that finds a permit asks nobody.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::id::SessionId;
use crate::domain::status::Priority;
use crate::domain::time::Timestamp;
use crate::store::SessionKey;

/// The permits of one worker.
#[derive(Debug, Default)]
pub(crate) struct Permits {
    free: Cell<usize>,
    /// Whether other workers wait: permits go back to the queue then, instead of being kept.
    wanted: Cell<bool>,
    /// Whether the queue gives permits; before, nobody is refused one.
    is_open: Cell<bool>,
    /// Permits to hand back.
    returned: Cell<usize>,
    waiting: RefCell<BTreeSet<Ticket>>,
    /// The same by session: each has one place at most.
    tickets: RefCell<HashMap<SessionId, Ticket>>,
    /// How many sessions of all workers wait.
    waiting_of_all: Arc<AtomicUsize>,
}

/// A place in the queue, the last in this order being the next: the most urgent; among those, who has run before; among
/// those, who came first. Made of what the journal has, so that a restart finds the same order again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    priority: Priority,
    turn: Turn,
    came: Reverse<(Timestamp, SessionKey)>,
    session: SessionId,
}

impl Ticket {
    /// A place for a session that waits since then.
    pub(crate) fn new(session: SessionId, key: SessionKey, priority: Priority, turn: Turn, since: Timestamp) -> Self {
        Self { priority, turn, came: Reverse((since, key)), session }
    }
}

/// Whether a session wants its first permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    /// It has not run.
    First,
    /// It has, and goes on after an answer or a restart.
    Again,
}

impl Permits {
    /// Those of one worker among several, who count together how many wait.
    pub(crate) fn among(waiting_of_all: Arc<AtomicUsize>) -> Self {
        Self { waiting_of_all, ..Self::default() }
    }

    /// Takes a permit, if one is at hand.
    pub(crate) fn try_take(&self) -> bool {
        let free = self.free.get();
        if free == 0 {
            return false;
        }
        self.free.set(free - 1);
        true
    }

    /// Gives a permit back; `true` where the directory has to look after it.
    pub(crate) fn give_back(&self) -> bool {
        if self.wanted.get() || !self.waiting.borrow().is_empty() {
            self.returned.set(self.returned.get() + 1);
            return true;
        }
        self.free.set(self.free.get() + 1);
        false
    }

    /// Whether the queue gives permits.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.get()
    }

    /// The queue gives permits from now on; these sessions have got none.
    pub(crate) fn open(&self) -> Vec<SessionId> {
        self.is_open.set(true);
        self.waiting.borrow().iter().map(|ticket| ticket.session).collect()
    }

    /// Permits that were handed out to this worker.
    pub(crate) fn add(&self, permits: usize) {
        self.free.set(self.free.get() + permits);
    }

    /// Whether other workers wait for permits.
    pub(crate) fn set_wanted(&self, wanted: bool) {
        self.wanted.set(wanted);
    }

    /// The permits to hand back to the queue now.
    pub(crate) fn take_returned(&self) -> usize {
        let kept = if self.wanted.get() { self.free.take() } else { 0 };
        self.returned.take() + kept
    }

    /// Puts a session in the queue.
    pub(crate) fn enqueue(&self, ticket: Ticket) {
        self.waiting.borrow_mut().insert(ticket);
        if self.tickets.borrow_mut().insert(ticket.session, ticket).is_none() {
            self.waiting_of_all.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes a session out of the queue, wherever it stands, and gives its place.
    pub(crate) fn leave(&self, session: SessionId) -> Option<Ticket> {
        let ticket = self.tickets.borrow_mut().remove(&session)?;
        self.waiting.borrow_mut().remove(&ticket);
        self.waiting_of_all.fetch_sub(1, Ordering::Relaxed);
        Some(ticket)
    }

    /// The session whose turn it is.
    pub(crate) fn pop(&self) -> Option<SessionId> {
        let next = self.waiting.borrow().last()?.session;
        self.leave(next);
        Some(next)
    }

    /// How many sessions of all workers wait.
    #[must_use]
    pub(crate) fn waiting_of_all(&self) -> usize {
        self.waiting_of_all.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_goes_first_then_who_has_run_then_who_came_first() {
        let permits = Permits::default();
        let ids: Vec<SessionId> = (0..7).map(|_| SessionId::random()).collect();
        for (place, priority, turn, since, key) in [
            (0, Priority::Normal, Turn::First, 5, 3),
            (1, Priority::Normal, Turn::First, 1, 1),
            (2, Priority::Normal, Turn::Again, 9, 2),
            (3, Priority::Critical, Turn::First, 8, 9),
            (4, Priority::Low, Turn::Again, 0, 0),
            (5, Priority::Normal, Turn::First, 4, 7),
            (6, Priority::Normal, Turn::First, 5, 2),
        ] {
            let since = Timestamp::from_micros(since);
            permits.enqueue(Ticket::new(ids[place], SessionKey(key), priority, turn, since));
        }
        assert!(permits.leave(ids[1]).is_some() && permits.leave(ids[1]).is_none());
        let order: Vec<SessionId> = std::iter::from_fn(|| permits.pop()).collect();
        assert_eq!(order, [ids[3], ids[2], ids[5], ids[6], ids[0], ids[4]]);
    }

    #[test]
    fn a_slot_is_kept_unless_somebody_waits() {
        let permits = Permits::default();
        permits.add(1);
        assert!(permits.try_take());
        assert!(!permits.try_take());
        assert!(!permits.give_back());
        assert!(permits.try_take());
        permits.set_wanted(true);
        assert!(permits.give_back());
        assert_eq!(permits.take_returned(), 1);
        assert!(!permits.try_take());
    }
}
