//! The limit on running sessions, for all workers together.
//!
//! **Owns** the run slots that no worker holds and who waits for them. **Hears** workers that want slots or give them
//! back. **Tells** workers what they get, and whether to hand back what they keep. **Ends** with the server.
//!
//! A worker keeps slots at hand as long as nobody waits, so that starting a session needs no word with the queue.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use actix::{Actor, Context, Handler, Message, Recipient};

use crate::domain::status::Priority;

/// The run slots of all workers.
#[derive(Debug)]
pub struct Queue {
    free: usize,
    workers: Vec<Worker>,
    waiting: BinaryHeap<(Priority, Reverse<u64>, usize)>,
    asked: u64,
    told_wanted: bool,
}

/// Where a worker is told.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Of slots that it gets.
    pub grants: Recipient<SlotsGranted>,
    /// Of whether others wait.
    pub wanted: Recipient<SlotsWanted>,
}

/// From a worker: one of its sessions waits for a slot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct RequestSlot {
    /// Which worker.
    pub worker: usize,
    /// How urgent that session is.
    pub priority: Priority,
}

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

/// To every worker: whether sessions of any worker wait for slots.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct SlotsWanted {
    /// Whether they do.
    pub wanted: bool,
}

impl Queue {
    /// A queue with `slots` run slots for these workers, each of which has [`Queue::stock`] of them at hand.
    #[must_use]
    pub fn new(slots: usize, workers: Vec<Worker>) -> Self {
        let free = slots - Self::stock(slots, workers.len()) * workers.len();
        Self { free, workers, waiting: BinaryHeap::new(), asked: 0, told_wanted: false }
    }

    /// How many of `slots` run slots each of so many workers has at hand from the beginning.
    #[must_use]
    pub fn stock(slots: usize, workers: usize) -> usize {
        slots / (2 * workers.max(1))
    }

    fn grant(&mut self, worker: usize, slots: usize) {
        self.free -= slots;
        if let Some(worker) = self.workers.get(worker) {
            worker.grants.do_send(SlotsGranted { slots });
        }
    }

    fn serve(&mut self) {
        while self.free > 0
            && let Some((_, _, worker)) = self.waiting.pop()
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
        self.asked += 1;
        self.waiting.push((message.priority, Reverse(self.asked), message.worker));
        self.serve();
    }
}

impl Handler<ReturnSlots> for Queue {
    type Result = ();

    fn handle(&mut self, message: ReturnSlots, _: &mut Self::Context) {
        self.free += message.slots;
        self.serve();
    }
}
