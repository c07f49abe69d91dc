//! How a session comes by its run slot, and gives it back.
//!
//! Invariant: it holds one slot at most, and has one place in the queue at most.

use actix::{Context, Handler, Message};

use super::actor::Session;
use super::directory::Directory;
use super::machine::Command;
use super::queue::{QueueOpened, RequestSlot, ReturnSlots, SlotsGranted, SlotsWanted, WithdrawRequest};
use super::slots::{Ticket, Turn};
use crate::domain::id::SessionId;
use crate::domain::status::Status;
use crate::store::State;

/// From a session: I wait for a run slot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct NeedSlot {
    pub(super) ticket: Ticket,
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
            let ticket = self.ticket();
            self.directory.do_send(NeedSlot { ticket });
        }
        if self.environment.slots.is_open() {
            self.apply(Command::SlotDenied, actor);
        }
    }

    /// Its place in the queue: that of before, where the server went down meanwhile.
    fn ticket(&mut self) -> Ticket {
        let State { status, started_at, since, .. } = self.machine.state();
        let turn = if started_at.is_some() { Turn::Again } else { Turn::First };
        let since = if matches!(status, Status::Queued | Status::Running) { since } else { self.now() };
        Ticket::new(self.id, self.key, self.spec.priority, turn, since)
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

/// From the directory: the queue gives slots, and none is left for this session now.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct NoSlotLeft;

impl Handler<NoSlotLeft> for Session {
    type Result = ();

    fn handle(&mut self, _: NoSlotLeft, actor: &mut Context<Self>) {
        if self.is_queued && !self.holds_slot {
            self.apply(Command::SlotDenied, actor);
            self.settle();
        }
    }
}

impl Handler<QueueOpened> for Directory {
    type Result = ();

    fn handle(&mut self, _: QueueOpened, _: &mut Context<Self>) {
        for session in self.environment.slots.open() {
            self.whisper(session, NoSlotLeft);
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
        let NeedSlot { ticket } = message;
        self.environment.slots.enqueue(ticket);
        self.queue.do_send(RequestSlot { worker: self.environment.worker, ticket });
    }
}

impl Handler<LeaveQueue> for Directory {
    type Result = ();

    fn handle(&mut self, message: LeaveQueue, _: &mut Context<Self>) {
        if let Some(ticket) = self.environment.slots.leave(message.session) {
            self.queue.do_send(WithdrawRequest { ticket });
        }
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
