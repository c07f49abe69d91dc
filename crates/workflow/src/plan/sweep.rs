//! One iteration: the dirty nodes in their order, and for each what stands in its way.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::lazy::Asked;
use super::seat::{CHECKS, DEFERRED, NOBODY, PULLS, QUARANTINED, REWIRED, Stage, WAITED, WOKEN, WORKING};
use super::{NodeIndex, Plan, Tick};
use callboard_domain::time::Timestamp;

impl Plan {
    /// Does one iteration. Gives what is to be published, and what is to be done beside the loop.
    pub fn tick(&mut self, now: Timestamp) -> Tick {
        while let Some(node) = self.again.pop() {
            self.mark(node);
        }
        for at in 0..self.volatile.len() {
            self.mark(self.volatile[at]);
        }
        self.take_in(now)
    }

    /// The same, in which every node runs whether it has news or not, but for those that have had work done beside the
    /// loop: nobody is asked again for nothing, and work is not begun again because it has ended.
    pub fn tick_all(&mut self, now: Timestamp) -> Tick {
        for node in self.nodes() {
            if self.seats[node.place()].flags & WAITED == 0 {
                self.mark(node.0);
            }
        }
        self.tick(now)
    }

    /// Does what follows from iterations before, such as from work that has ended, and begins nothing anew: nodes that
    /// run in every iteration and those that asked to run in the next one do not.
    pub fn take_in(&mut self, now: Timestamp) -> Tick {
        self.iteration += 1;
        self.now = now;
        let mut tick = Tick { iteration: self.iteration, ..Tick::default() };
        tick.dropped.append(&mut self.jobs.dropped);
        if !self.dirty.is_empty() {
            self.pulse.iterates(self.iteration);
            // Once for a sweep and not for each node: a sweep goes on behind a node that panics.
            while catch_unwind(AssertUnwindSafe(|| self.sweep(&mut tick))).is_err() {
                self.panicked(&mut tick);
            }
            self.floor = 0;
            self.pulse.rests();
            for node in &self.again {
                self.seats[*node as usize].flags |= WOKEN;
            }
        }
        self.hand_out(&mut tick);
        tick
    }

    fn sweep(&mut self, tick: &mut Tick) {
        while !self.pulse.is_given_up() {
            match self.next_asked() {
                Some(Asked::Node(node)) => self.turn(node, true, tick),
                Some(Asked::Done { node, input }) => {
                    self.pulled = self.seats[node as usize].flags & DEFERRED != 0;
                    self.conclude(node, input, tick);
                }
                None => {
                    let Some(node) = self.dirty.next(self.floor) else { return };
                    self.dirty.remove(node);
                    self.floor = node + 1;
                    self.turn(node, false, tick);
                }
            }
        }
    }

    /// A node's turn: it runs, asks for what it wants first, or has something in its way.
    fn turn(&mut self, node: u32, asked: bool, tick: &mut Tick) {
        self.pulled = asked;
        let flags = self.seats[node as usize].flags;
        if flags & (WORKING | QUARANTINED | DEFERRED) != 0 && !self.may_run(node, asked, tick) {
            if asked {
                self.is_up_to_date(node);
            }
            return;
        }
        if let Some(root) = self.obstacle(node) {
            self.rest(node, root, tick);
        } else if flags & PULLS != 0 {
            let wanted = self.wants(node);
            self.ask(node, wanted);
        } else {
            self.conclude(node, None, tick);
        }
    }

    /// Whether a node that works, is deferred or must not run any more may run nevertheless; does what is due instead.
    fn may_run(&mut self, node: u32, asked: bool, tick: &mut Tick) -> bool {
        let (seat, still) = (&mut self.seats[node as usize], &mut self.still[node as usize]);
        if seat.flags & QUARANTINED != 0 {
            let message = still.quarantined.clone().unwrap_or_default();
            self.drop_job(node, &mut tick.dropped);
            self.fail(node, message, tick);
            return false;
        }
        if seat.flags & WORKING == 0 {
            return asked || seat.flags & DEFERRED == 0;
        }
        if self.obstacle(node).is_some() {
            self.drop_job(node, &mut tick.dropped);
            return asked || self.seats[node as usize].flags & DEFERRED == 0;
        }
        let question = match self.still[node as usize].job.as_ref().map(|job| (&job.stage, job.question)) {
            Some((Stage::Ended(_), _)) => {
                self.come_back(node, tick);
                let rerun = self.seats[node as usize].flags & WORKING == 0 && self.has_news(node);
                if rerun && !asked && self.seats[node as usize].flags & DEFERRED != 0 {
                    self.mark(node);
                    return false;
                }
                return rerun;
            }
            Some((Stage::Queued(_), _)) | None => true,
            Some((Stage::Started, question)) => question,
        };
        // An old question would be answered about something that is not so any more; other work is not asked twice.
        let anew = question && (asked || self.seats[node as usize].flags & DEFERRED == 0) && self.has_news(node);
        if anew {
            self.drop_job(node, &mut tick.dropped);
        }
        anew
    }

    /// Whether an input has changed since a node last ran, or it wants to run for another reason.
    fn has_news(&self, node: u32) -> bool {
        let seat = &self.seats[node as usize];
        let slots = &self.inputs[seat.inputs.range()];
        if seat.flags & WORKING == 0 {
            // What it may have wanted meanwhile has waited for it to ask.
            let waits =
                |slot: &u32| self.is_output(*slot as usize) && self.pulls.stale.contains(self.owners[*slot as usize]);
            if seat.flags & WOKEN != 0 || (seat.flags & PULLS != 0 && slots.iter().any(waits)) {
                return true;
            }
        }
        seat.flags & REWIRED != 0 || slots.iter().any(|slot| self.slots[*slot as usize].changed > seat.ran)
    }

    /// What a node lacks to run: the failed node that is to blame, or nobody.
    fn obstacle(&self, node: u32) -> Option<u32> {
        let mut lacks = None;
        for slot in &self.needs[self.seats[node as usize].needs.range()] {
            if self.slots[*slot as usize].value.is_none() {
                let root = self.seats[self.owners[*slot as usize] as usize].root;
                if root != NOBODY {
                    return Some(root);
                }
                lacks = Some(NOBODY);
            }
        }
        lacks
    }

    /// Runs a node all of whose sources are up to date; `input` is the lazy input that it wanted.
    fn conclude(&mut self, node: u32, input: Option<usize>, tick: &mut Tick) {
        let seat = &self.seats[node as usize];
        let flags = seat.flags;
        if flags & (PULLS | CHECKS) != 0 {
            let ports = &self.still[node as usize].class.spec().inputs;
            for (at, (slot, port)) in self.inputs[seat.inputs.range()].iter().zip(ports).enumerate() {
                if !self.is_output(*slot as usize) || (port.lazy && input != Some(at)) {
                    continue;
                }
                match &self.slots[*slot as usize].value {
                    None if port.needs_its_link() => {
                        let root = self.seats[self.owners[*slot as usize] as usize].root;
                        return self.rest(node, root, tick);
                    }
                    None => {}
                    Some(value) if port.misfit(value).is_some() => {
                        let message = format!("{}: {}", port.name, port.wanted());
                        return self.misfit(node, message, tick);
                    }
                    Some(_) => {}
                }
            }
        }
        if flags & PULLS != 0 {
            self.leave_only(node, input);
        }
        self.is_up_to_date(node);
        self.run(node, tick);
    }

    fn misfit(&mut self, node: u32, message: String, tick: &mut Tick) {
        self.is_up_to_date(node);
        self.forget_wake(node);
        self.fail(node, message, tick);
    }

    /// Says that a node that is deferred has had its turn.
    pub(super) fn is_up_to_date(&mut self, node: u32) {
        if self.seats[node as usize].flags & DEFERRED != 0 {
            self.pulls.dirty.remove(node);
            self.pulls.stale.remove(node);
        }
    }

    fn panicked(&mut self, tick: &mut Tick) {
        let node = self.running;
        self.pulled = false;
        self.said.clear();
        let outermost = self.ask_no_more();
        let Some(still) = self.still.get(node as usize) else { return };
        let new = still.class.node();
        let old = std::mem::replace(&mut self.seats[node as usize].node, new);
        // What a node that has panicked does when it is dropped is as uncertain as the rest of it.
        drop(catch_unwind(AssertUnwindSafe(|| drop(old))));
        self.is_up_to_date(node);
        self.drop_job(node, &mut tick.dropped);
        self.fail(node, "the node panicked".to_owned(), tick);
        if let Some(NodeIndex(outermost)) = outermost.filter(|outermost| outermost.0 != node) {
            self.floor = outermost;
            self.dirty.insert(outermost);
        }
    }
}
