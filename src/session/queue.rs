//! The limit on running sessions, for all workers together.
//!
//! **Owns** the run slots that no worker holds and who waits for them. **Hears** workers that want slots or give them
//! back. **Tells** workers what they get, and whether to hand back what they keep. **Ends** with the server.
//!
//! A worker keeps slots at hand as long as nobody waits, so that starting a session needs no word with the queue. After
//! a start nobody gets a slot before every worker has taken up its sessions of before: who is first must be known.

use std::collections::BTreeMap;

use actix::{Actor, Context, Handler, Message, Recipient};

use super::slots::Ticket;

/// The run slots of all workers.
#[derive(Debug)]
pub struct Queue {
    free: usize,
    workers: Vec<Worker>,
    waiting: BTreeMap<Ticket, usize>,
    /// How many workers take up sessions of before.
    taking_up: usize,
    /// How many slots a worker has at hand while nobody waits.
    stock: usize,
    told_wanted: bool,
}

/// Where a worker is told.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Of slots that it gets.
    pub grants: Recipient<SlotsGranted>,
    /// Of whether others wait.
    pub wanted: Recipient<SlotsWanted>,
    /// Of the beginning.
    pub opened: Recipient<QueueOpened>,
}

/// From a worker: one of its sessions waits for a slot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct RequestSlot {
    /// Which worker.
    pub worker: usize,
    /// Its place.
    pub(super) ticket: Ticket,
}

/// From a worker: one of its sessions waits no longer.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct WithdrawRequest {
    /// Its place.
    pub(super) ticket: Ticket,
}

/// So many workers have sessions of before to take up, and each says [`TakenUp`] when it has.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct AwaitTakeUp {
    /// How many.
    pub workers: usize,
}

/// From a worker: its sessions of before wait for slots now, as far as they need one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct TakenUp;

/// From a worker: slots that it does not need.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct ReturnSlots {
    /// How many.
    pub slots: usize,
}

/// To a worker: slots.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct SlotsGranted {
    /// How many.
    pub slots: usize,
}

/// To every worker: who has got no slot by now has to wait for one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct QueueOpened;

/// To every worker: whether sessions of any worker wait for slots.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct SlotsWanted {
    /// Whether they do.
    pub wanted: bool,
}

impl Queue {
    /// A queue with `slots` run slots for these workers, who get none before [`AwaitTakeUp`] is done.
    #[must_use]
    pub fn new(slots: usize, workers: Vec<Worker>) -> Self {
        let stock = slots / (2 * workers.len().max(1));
        Self { free: slots, workers, waiting: BTreeMap::new(), taking_up: usize::MAX, stock, told_wanted: false }
    }

    /// Lets those have slots who wait, and then every worker some to have at hand.
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

    fn grant(&mut self, worker: usize, slots: usize) {
        self.free -= slots;
        if let Some(worker) = self.workers.get(worker) {
            worker.grants.do_send(SlotsGranted { slots });
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
                worker.wanted.do_send(SlotsWanted { wanted });
            }
        }
    }
}

impl Actor for Queue {
    type Context = Context<Self>;
}

impl Handler<RequestSlot> for Queue {
    type Result = ();

    fn handle(&mut self, message: RequestSlot, _: &mut Self::Context) {
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

impl Handler<AwaitTakeUp> for Queue {
    type Result = ();

    fn handle(&mut self, message: AwaitTakeUp, _: &mut Self::Context) {
        self.taking_up = message.workers;
        if self.taking_up == 0 {
            self.open();
        }
    }
}

impl Handler<TakenUp> for Queue {
    type Result = ();

    fn handle(&mut self, _: TakenUp, _: &mut Self::Context) {
        self.taking_up = self.taking_up.saturating_sub(1);
        if self.taking_up == 0 {
            self.open();
        }
    }
}

impl Handler<ReturnSlots> for Queue {
    type Result = ();

    fn handle(&mut self, message: ReturnSlots, _: &mut Self::Context) {
        self.free += message.slots;
        self.serve();
    }
}
