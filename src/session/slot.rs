//! How a session comes by its run slot, and gives it back.
//!
//! Invariant: it holds one slot at most, and has one place in the queue at most.

use actix::Context;

use super::actor::Session;
use super::directory::{LeaveQueue, NeedSlot, SlotsReturned};
use super::machine::Command;
use super::slots::Turn;

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
