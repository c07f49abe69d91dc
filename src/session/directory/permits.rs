//! How a directory brings permits from the queue to its sessions, and back.

use actix::{Context, Handler};

use crate::session::directory::Directory;
use crate::session::protocol::{
    JoinQueue, LeaveQueue, NoPermitLeft, PermitReturned, PermitsGranted, PermitsWanted, QueueOpened, RequestPermit,
    ReturnPermits, WithdrawRequest,
};

impl Handler<QueueOpened> for Directory {
    type Result = ();

    fn handle(&mut self, _: QueueOpened, _: &mut Context<Self>) {
        for session in self.environment.permits.open() {
            self.send_if_live(session, NoPermitLeft);
        }
    }
}

impl Directory {
    fn return_permits(&self) {
        let permits = self.environment.permits.take_returned();
        if permits > 0 {
            self.queue.do_send(ReturnPermits { permits });
        }
    }
}

impl Handler<JoinQueue> for Directory {
    type Result = ();

    fn handle(&mut self, message: JoinQueue, _: &mut Context<Self>) {
        let JoinQueue { ticket } = message;
        self.environment.permits.enqueue(ticket);
        self.queue.do_send(RequestPermit { worker: self.environment.worker, ticket });
    }
}

impl Handler<LeaveQueue> for Directory {
    type Result = ();

    fn handle(&mut self, message: LeaveQueue, _: &mut Context<Self>) {
        if let Some(ticket) = self.environment.permits.leave(message.session) {
            self.queue.do_send(WithdrawRequest { ticket });
        }
    }
}

impl Handler<PermitReturned> for Directory {
    type Result = ();

    fn handle(&mut self, _: PermitReturned, _: &mut Context<Self>) {
        self.return_permits();
    }
}

impl Handler<PermitsGranted> for Directory {
    type Result = ();

    fn handle(&mut self, message: PermitsGranted, _: &mut Context<Self>) {
        let mut left = message.permits;
        while left > 0
            && let Some(session) = self.environment.permits.pop()
        {
            left -= usize::from(self.offer_permit(session));
        }
        self.environment.permits.add(left);
        // Whom it was for has left the queue: others may wait for it.
        self.return_permits();
    }
}

impl Handler<PermitsWanted> for Directory {
    type Result = ();

    fn handle(&mut self, message: PermitsWanted, _: &mut Context<Self>) {
        self.environment.permits.set_wanted(message.wanted);
        self.return_permits();
    }
}
