//! How a session comes by its run slot, and gives it back.
//!
//! Invariant: it holds one slot at most, and has one place in the queue at most.

use actix::{Context, Handler, Message};

use super::actor::Session;
use super::directory::Directory;
use super::machine::Command;
use super::queue::{RequestSlot, ReturnSlots, SlotsGranted, SlotsWanted};
use super::slots::Turn;
use crate::domain::id::SessionId;
use crate::domain::status::Priority;

/// From a session: I wait for a run slot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct NeedSlot {
    pub(super) session: SessionId,
    pub(super) priority: Priority,
    pub(super) turn: Turn,
}

/// From a session: I do not wait for a run slot any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct LeaveQueue {
    pub(super) session: SessionId,
}

/// From a session: a slot was given back that somebody may wait for.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct SlotsReturned;

impl Session {
    pub(super) fn take_slot(&mut self, actor: &mut Context<Self>) {
        if self.holds_slot || self.environment.slots.try_take() {
            self.leave_queue();
            self.granted(actor);
            return;
        }
        // A place from before, when another branch of the task waited for a slot, is as good as a new one.
        if !self.is_queued {
            self.is_queued = true;
            let turn = if self.machine.state().started_at.is_some() { Turn::Again } else { Turn::First };
            self.directory.do_send(NeedSlot { session: self.id, priority: self.spec.priority, turn });
        }
        self.apply(Command::SlotDenied, actor);
    }

    pub(super) fn free_slot(&mut self) {
        self.leave_queue();
        if self.holds_slot {
            self.holds_slot = false;
            self.return_slot();
        }
    }

    fn leave_queue(&mut self) {
        if self.is_queued {
            self.is_queued = false;
            self.directory.do_send(LeaveQueue { session: self.id });
        }
    }

    fn return_slot(&self) {
        if self.environment.slots.give_back() {
            self.directory.do_send(SlotsReturned);
        }
    }

    /// A run slot has come from the queue. It may come late: to a session that has found another one, or has ended.
    pub(super) fn offered(&mut self, actor: &mut Context<Self>) {
        self.is_queued = false;
        if self.holds_slot || self.machine.status().is_terminal() {
            self.return_slot();
        } else {
            self.granted(actor);
        }
    }

    fn granted(&mut self, actor: &mut Context<Self>) {
        self.holds_slot = true;
        self.apply(Command::SlotGranted, actor);
        if self.holds_slot {
            self.ensure_task(actor);
        }
    }
}

impl Directory {
    fn return_slots(&self) {
        let slots = self.environment.slots.take_returned();
        if slots > 0 {
            self.queue.do_send(ReturnSlots { slots });
        }
    }
}

impl Handler<NeedSlot> for Directory {
    type Result = ();

    fn handle(&mut self, message: NeedSlot, _: &mut Context<Self>) {
        let NeedSlot { session, priority, turn } = message;
        self.environment.slots.enqueue(session, priority, turn);
        self.queue.do_send(RequestSlot { worker: self.environment.worker, priority });
    }
}

impl Handler<LeaveQueue> for Directory {
    type Result = ();

    fn handle(&mut self, message: LeaveQueue, _: &mut Context<Self>) {
        self.environment.slots.leave(message.session);
    }
}

impl Handler<SlotsReturned> for Directory {
    type Result = ();

    fn handle(&mut self, _: SlotsReturned, _: &mut Context<Self>) {
        self.return_slots();
    }
}

impl Handler<SlotsGranted> for Directory {
    type Result = ();

    fn handle(&mut self, message: SlotsGranted, _: &mut Context<Self>) {
        let mut left = message.slots;
        while left > 0
            && let Some(session) = self.environment.slots.pop()
        {
            left -= usize::from(self.offer_slot(session));
        }
        self.environment.slots.add(left);
        // Whom it was for has left the queue: others may wait for it.
        self.return_slots();
    }
}

impl Handler<SlotsWanted> for Directory {
    type Result = ();

    fn handle(&mut self, message: SlotsWanted, _: &mut Context<Self>) {
        self.environment.slots.set_wanted(message.wanted);
        self.return_slots();
    }
}
