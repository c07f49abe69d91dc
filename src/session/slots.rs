//! The run slots that one worker has at hand, and the sessions of it that wait for one.
//!
//! Shared by the directory and the sessions of one thread, so that a session that finds a slot asks nobody.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::domain::id::SessionId;
use crate::domain::status::Priority;

/// The run slots of one worker.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    free: Cell<usize>,
    /// Whether other workers wait: slots go back to the queue then, instead of being kept.
    wanted: Cell<bool>,
    /// Slots to hand back.
    returned: Cell<usize>,
    waiting: RefCell<BinaryHeap<Ticket>>,
    issued: Cell<u64>,
}

/// A place in the queue: the most urgent first; among those, who has run before; among those, who came first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ticket {
    priority: Priority,
    turn: Turn,
    number: Reverse<u64>,
    session: SessionId,
}

/// Whether a session wants its first slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    /// It has not run.
    First,
    /// It has, and goes on after an answer or a restart.
    Again,
}

impl Slots {
    /// That many slots at hand.
    pub(crate) fn stocked(slots: usize) -> Self {
        Self { free: Cell::new(slots), ..Self::default() }
    }

    /// Takes a slot, if one is at hand.
    pub(crate) fn try_take(&self) -> bool {
        let free = self.free.get();
        if free == 0 {
            return false;
        }
        self.free.set(free - 1);
        true
    }

    /// Gives a slot back; `true` where the directory has to look after it.
    pub(crate) fn give_back(&self) -> bool {
        if self.wanted.get() || !self.waiting.borrow().is_empty() {
            self.returned.set(self.returned.get() + 1);
            return true;
        }
        self.free.set(self.free.get() + 1);
        false
    }

    /// Slots that were handed out to this worker.
    pub(crate) fn add(&self, slots: usize) {
        self.free.set(self.free.get() + slots);
    }

    /// Whether other workers wait for slots.
    pub(crate) fn set_wanted(&self, wanted: bool) {
        self.wanted.set(wanted);
    }

    /// The slots to hand back to the queue now.
    pub(crate) fn take_returned(&self) -> usize {
        let kept = if self.wanted.get() { self.free.take() } else { 0 };
        self.returned.take() + kept
    }

    /// Puts a session in the queue.
    pub(crate) fn enqueue(&self, session: SessionId, priority: Priority, turn: Turn) {
        let number = self.issued.get();
        self.issued.set(number + 1);
        self.waiting.borrow_mut().push(Ticket { priority, turn, number: Reverse(number), session });
    }

    /// Takes a session out of the queue, wherever it stands.
    pub(crate) fn leave(&self, session: SessionId) {
        self.waiting.borrow_mut().retain(|ticket| ticket.session != session);
    }

    /// The session whose turn it is.
    pub(crate) fn pop(&self) -> Option<SessionId> {
        self.waiting.borrow_mut().pop().map(|ticket| ticket.session)
    }

    /// How many sessions wait.
    #[must_use]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_goes_first_then_who_has_run_then_who_came_first() {
        let slots = Slots::default();
        let ids: Vec<SessionId> = (0..5).map(|_| SessionId::random()).collect();
        slots.enqueue(ids[0], Priority::Normal, Turn::First);
        slots.enqueue(ids[1], Priority::Normal, Turn::First);
        slots.enqueue(ids[2], Priority::Normal, Turn::Again);
        slots.enqueue(ids[3], Priority::Critical, Turn::First);
        slots.enqueue(ids[4], Priority::Low, Turn::Again);
        slots.leave(ids[1]);
        let order: Vec<SessionId> = std::iter::from_fn(|| slots.pop()).collect();
        assert_eq!(order, [ids[3], ids[2], ids[0], ids[4]]);
    }

    #[test]
    fn a_slot_is_kept_unless_somebody_waits() {
        let slots = Slots::default();
        slots.add(1);
        assert!(slots.try_take());
        assert!(!slots.try_take());
        assert!(!slots.give_back());
        assert!(slots.try_take());
        slots.set_wanted(true);
        assert!(slots.give_back());
        assert_eq!(slots.take_returned(), 1);
        assert!(!slots.try_take());
    }
}
