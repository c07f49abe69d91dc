//! The limit on running sessions, for all workers together.
//!
//! **Owns** the permits that no worker holds and who waits for them. **Hears** workers that want permits or give them
//! back. **Tells** workers what they get, and whether to hand back what they keep. **Ends** with the server.
//!
//! A worker keeps permits at hand as long as nobody waits, so that starting a session needs no word with the queue. After
//! a start nobody gets a permit before every worker has resumed its sessions of before: who is first must be known.

use std::collections::BTreeMap;

use actix::{Actor, Context, Handler, Recipient};

use crate::session::permits::Ticket;
use crate::session::protocol::{
    AwaitResumption, PermitsGranted, PermitsWanted, QueueOpened, RequestPermit, ReturnPermits, SessionsResumed,
    WithdrawRequest,
};

/// The permits of all workers.
#[derive(Debug)]
pub(crate) struct Queue {
    free: usize,
    workers: Vec<Worker>,
    waiting: BTreeMap<Ticket, usize>,
    /// How many workers resume sessions of before.
    resuming: usize,
    /// How many permits a worker has at hand while nobody waits.
    stock: usize,
    wanted_sent: bool,
}

/// Where a directory hears of permits.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) grants: Recipient<PermitsGranted>,
    pub(crate) wanted: Recipient<PermitsWanted>,
    pub(crate) opened: Recipient<QueueOpened>,
}

impl Queue {
    /// A queue with `permits` permits for these workers, who get none before [`AwaitResumption`] is done.
    #[must_use]
    pub(crate) fn new(permits: usize, workers: Vec<Worker>) -> Self {
        let stock = permits / (2 * workers.len().max(1));
        Self { free: permits, workers, waiting: BTreeMap::new(), resuming: usize::MAX, stock, wanted_sent: false }
    }

    /// Lets those have permits who wait, and then every worker some to have at hand.
    fn open(&mut self) {
        self.serve();
        for worker in 0..self.workers.len() {
            if self.waiting.is_empty() && self.free >= self.stock && self.stock > 0 {
                self.grant(worker, self.stock);
            }
        }
        for worker in &self.workers {
            worker.opened.do_send(QueueOpened);
        }
    }

    fn grant(&mut self, worker: usize, permits: usize) {
        self.free -= permits;
        if let Some(worker) = self.workers.get(worker) {
            worker.grants.do_send(PermitsGranted { permits });
        }
    }

    fn serve(&mut self) {
        while self.free > 0
            && self.resuming == 0
            && let Some((_, worker)) = self.waiting.pop_last()
        {
            self.grant(worker, 1);
        }
        let wanted = !self.waiting.is_empty();
        if wanted != self.wanted_sent {
            self.wanted_sent = wanted;
            for worker in &self.workers {
                worker.wanted.do_send(PermitsWanted { wanted });
            }
        }
    }
}

impl Actor for Queue {
    type Context = Context<Self>;
}

impl Handler<RequestPermit> for Queue {
    type Result = ();

    fn handle(&mut self, message: RequestPermit, _: &mut Self::Context) {
        self.waiting.insert(message.ticket, message.worker);
        self.serve();
    }
}

impl Handler<WithdrawRequest> for Queue {
    type Result = ();

    fn handle(&mut self, message: WithdrawRequest, _: &mut Self::Context) {
        self.waiting.remove(&message.ticket);
        self.serve();
    }
}

impl Handler<AwaitResumption> for Queue {
    type Result = ();

    fn handle(&mut self, message: AwaitResumption, _: &mut Self::Context) {
        self.resuming = message.workers;
        if self.resuming == 0 {
            self.open();
        }
    }
}

impl Handler<SessionsResumed> for Queue {
    type Result = ();

    fn handle(&mut self, _: SessionsResumed, _: &mut Self::Context) {
        self.resuming = self.resuming.saturating_sub(1);
        if self.resuming == 0 {
            self.open();
        }
    }
}

impl Handler<ReturnPermits> for Queue {
    type Result = ();

    fn handle(&mut self, message: ReturnPermits, _: &mut Self::Context) {
        self.free += message.permits;
        self.serve();
    }
}
