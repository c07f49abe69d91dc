//! The limit on running sessions, for all workers together.
//!
//! **Owns** the run permits that no worker holds and who waits for them. **Hears** workers that want permits or give them
//! back. **Tells** workers what they get, and whether to hand back what they keep. **Ends** with the server.
//!
//! A worker keeps permits at hand as long as nobody waits, so that starting a session needs no word with the queue. After
//! a start nobody gets a permit before every worker has taken up its sessions of before: who is first must be known.

use std::collections::BTreeMap;

use actix::{Actor, Context, Handler, Recipient};

use crate::session::permits::Ticket;
use crate::session::protocol::{
    AwaitResumption, PermitsGranted, PermitsWanted, QueueOpened, RequestPermit, ReturnPermits, SessionsResumed,
    WithdrawRequest,
};

/// The run permits of all workers.
#[derive(Debug)]
pub struct Queue {
    free: usize,
    workers: Vec<Worker>,
    waiting: BTreeMap<Ticket, usize>,
    /// How many workers take up sessions of before.
    taking_up: usize,
    /// How many permits a worker has at hand while nobody waits.
    stock: usize,
    told_wanted: bool,
}

/// Where a worker is told.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Of permits that it gets.
    pub grants: Recipient<PermitsGranted>,
    /// Of whether others wait.
    pub wanted: Recipient<PermitsWanted>,
    /// Of the beginning.
    pub opened: Recipient<QueueOpened>,
}

impl Queue {
    /// A queue with `permits` run permits for these workers, who get none before [`AwaitResumption`] is done.
    #[must_use]
    pub fn new(permits: usize, workers: Vec<Worker>) -> Self {
        let stock = permits / (2 * workers.len().max(1));
        Self { free: permits, workers, waiting: BTreeMap::new(), taking_up: usize::MAX, stock, told_wanted: false }
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
            && self.taking_up == 0
            && let Some((_, worker)) = self.waiting.pop_last()
        {
            self.grant(worker, 1);
        }
        let wanted = !self.waiting.is_empty();
        if wanted != self.told_wanted {
            self.told_wanted = wanted;
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
        self.taking_up = message.workers;
        if self.taking_up == 0 {
            self.open();
        }
    }
}

impl Handler<SessionsResumed> for Queue {
    type Result = ();

    fn handle(&mut self, _: SessionsResumed, _: &mut Self::Context) {
        self.taking_up = self.taking_up.saturating_sub(1);
        if self.taking_up == 0 {
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
