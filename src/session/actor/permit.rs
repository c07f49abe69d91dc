//! How a session comes by its permit to run, and gives it back.
//!
//! Invariant: it holds one permit at most, and has one place in the queue at most.

use actix::{Context, Handler};

use crate::domain::status::Status;
use crate::session::actor::Session;
use crate::session::permits::{Ticket, Turn};
use crate::session::protocol::{JoinQueue, LeaveQueue, NoPermitLeft, PermitAvailable, PermitReturned};
use crate::session::state::Command;
use crate::store::State;

impl Session {
    pub(crate) fn take_permit(&mut self, actor: &mut Context<Self>) {
        if self.holds_permit || self.environment.permits.try_take() {
            self.leave_queue();
            self.granted(actor);
            return;
        }
        // A place from before, when another branch of the task waited for a permit, is as good as a new one.
        if !self.is_queued {
            self.is_queued = true;
            let ticket = self.ticket();
            self.directory.do_send(JoinQueue { ticket });
        }
        if self.environment.permits.is_open() {
            self.apply(Command::PermitDenied, actor);
        }
    }

    /// Its place in the queue: that of before, where the server went down meanwhile.
    fn ticket(&mut self) -> Ticket {
        let State { status, started_at, since, .. } = self.state.row();
        let turn = if started_at.is_some() { Turn::Again } else { Turn::First };
        let since = if matches!(status, Status::Queued | Status::Running) { since } else { self.now() };
        Ticket::new(self.id, self.key, self.spec.priority, turn, since)
    }

    pub(crate) fn release_permit(&mut self) {
        self.leave_queue();
        if self.holds_permit {
            self.holds_permit = false;
            self.return_permit();
        }
    }

    fn leave_queue(&mut self) {
        if self.is_queued {
            self.is_queued = false;
            self.directory.do_send(LeaveQueue { session: self.id });
        }
    }

    fn return_permit(&self) {
        if self.environment.permits.give_back() {
            self.directory.do_send(PermitReturned);
        }
    }

    /// A permit has come from the queue. It may come late: to a session that has found another one, or has ended.
    pub(crate) fn offered(&mut self, actor: &mut Context<Self>) {
        self.is_queued = false;
        if self.holds_permit || self.state.status().is_terminal() {
            self.return_permit();
        } else {
            self.granted(actor);
        }
    }

    fn granted(&mut self, actor: &mut Context<Self>) {
        self.holds_permit = true;
        let awaited_children = self.errands.len();
        self.apply(Command::PermitGranted { awaited_children }, actor);
        if self.holds_permit {
            self.ensure_task(actor);
        }
    }
}

impl Handler<NoPermitLeft> for Session {
    type Result = ();

    fn handle(&mut self, _: NoPermitLeft, actor: &mut Context<Self>) {
        if self.is_queued && !self.holds_permit {
            self.apply(Command::PermitDenied, actor);
            self.settle();
        }
    }
}

impl Handler<PermitAvailable> for Session {
    type Result = ();

    fn handle(&mut self, _: PermitAvailable, actor: &mut Context<Self>) {
        self.offered(actor);
        self.settle();
    }
}
