//! Runs one node, and what follows from how that went.

use std::time::Instant;

use super::seat::{NOBODY, PULLS, REWIRED, Stage, WOKEN};
use super::{NodeIndex, Plan, Tick, WakeKind};
use crate::cx::{Cx, NO_SLOT, Slot, Wake};
use crate::node::{Next, NodeError, Reply};
use crate::state::NodeState;
use crate::value::Value;
use callboard_domain::nesting::TooDeep;

/// So many nodes of an iteration are measured, and of those behind them one in [`SAMPLED`]: reading a clock twice takes
/// as long as a small node.
const MEASURED: u32 = 16;
const SAMPLED: u64 = 64;

impl Plan {
    /// Runs a node that has all it needs.
    pub(super) fn run(&mut self, node: u32, tick: &mut Tick) {
        let timed = tick.ran < MEASURED || (u64::from(tick.ran) + self.iteration).is_multiple_of(SAMPLED);
        tick.ran += 1;
        self.forget_wake(node);
        let began = timed.then(Instant::now);
        let next = self.call(node, None);
        let (now, iteration) = (self.now, self.iteration);
        let seat = &mut self.seats[node as usize];
        seat.ran = iteration;
        seat.runs += 1;
        seat.start_time = now;
        if let Some(began) = began {
            seat.duration = Some(began.elapsed());
        }
        seat.flags &= !(WOKEN | REWIRED);
        self.settle(node, next, tick);
    }

    /// Gives a node the outcome of its work.
    pub(super) fn come_back(&mut self, node: u32, tick: &mut Tick) {
        let Some(job) = self.take_job(node) else { return };
        let Stage::Ended(outcome) = job.stage else { return };
        tick.ran += 1;
        let next = match outcome {
            Ok(reply) => {
                if self.seats[node as usize].flags & PULLS != 0 {
                    self.leave_only(node, None);
                }
                self.call(node, Some(reply))
            }
            Err(error) => Err(error),
        };
        let seat = &mut self.seats[node as usize];
        seat.duration = Some(self.now.since(seat.start_time));
        self.settle(node, next, tick);
    }

    /// Which lazy input a node wants.
    pub(super) fn wants(&mut self, node: u32) -> Option<usize> {
        self.leave_only(node, None);
        let (mut wake, mut said) = (None, Vec::new());
        self.running = node;
        self.pulse.runs(node);
        let seat = &self.seats[node as usize];
        let cx = Cx {
            slots: &mut self.slots,
            inputs: &self.pulls.wanted,
            outputs: seat.outputs.range(),
            linked_below: self.outputs,
            iteration: self.iteration,
            ran: if seat.flags & REWIRED == 0 { seat.ran } else { 0 },
            now: self.now,
            seed: seat.seed,
            wake: &mut wake,
            said: &mut said,
        };
        let wanted = seat.node.wants(&cx)?;
        let ports = &self.still[node as usize].class.spec().inputs;
        ports.get(wanted).is_some_and(|port| port.lazy).then_some(wanted)
    }

    /// Hides the linked lazy inputs of a node but the one that it wants: what they hold may be out of date.
    pub(super) fn leave_only(&mut self, node: u32, input: Option<usize>) {
        let slots = &self.inputs[self.seats[node as usize].inputs.range()];
        let ports = &self.still[node as usize].class.spec().inputs;
        let outputs = self.outputs;
        self.pulls.wanted.clear();
        self.pulls.wanted.extend(slots.iter().zip(ports).enumerate().map(|(at, (slot, port))| {
            let hidden = port.lazy && (*slot as usize) < outputs && input != Some(at);
            if hidden { NO_SLOT } else { *slot }
        }));
    }

    fn call(&mut self, node: u32, reply: Option<Reply>) -> Result<Next, NodeError> {
        self.running = node;
        self.pulse.runs(node);
        let seat = &mut self.seats[node as usize];
        let mut wake = None;
        let mut cx = Cx {
            slots: &mut self.slots,
            inputs: if seat.flags & PULLS == 0 { &self.inputs[seat.inputs.range()] } else { &self.pulls.wanted },
            outputs: seat.outputs.range(),
            linked_below: self.outputs,
            iteration: self.iteration,
            ran: if seat.flags & REWIRED == 0 { seat.ran } else { 0 },
            now: self.now,
            seed: seat.seed,
            wake: &mut wake,
            said: &mut self.said,
        };
        let next = match reply {
            None => seat.node.run(&mut cx),
            Some(reply) => seat.node.resume(reply, &mut cx),
        };
        if let Some(wake) = wake {
            self.remember_wake(node, wake);
        }
        next
    }

    fn settle(&mut self, node: u32, next: Result<Next, NodeError>, tick: &mut Tick) {
        if !self.said.is_empty() {
            tick.said.extend(self.said.drain(..).map(|line| (NodeIndex(node), line)));
        }
        let next = match next {
            Ok(next) => next,
            Err(error) => return self.fail(node, error.message.into_owned(), tick),
        };
        let changed = match self.spread(node) {
            Ok(changed) => changed,
            Err(message) => return self.fail(node, message, tick),
        };
        let first = self.seats[node as usize].runs == 1;
        match next {
            Next::Done => {}
            Next::Wait(work) => {
                self.queue(node, work);
                self.stands(node, NodeState::Queued, None, NOBODY, true, tick);
                return;
            }
            Next::Stop(reason) => {
                tick.stop.get_or_insert(reason);
            }
        }
        let state = if changed || first { NodeState::Completed } else { NodeState::Cached };
        self.stands(node, state, None, NOBODY, changed, tick);
    }

    /// Marks who reads the outputs that changed in this iteration; gives whether there are any, or why they are too much.
    fn spread(&mut self, node: u32) -> Result<bool, String> {
        self.held.keep(node, self.seats[node as usize].node.kept());
        let mut changed = false;
        for slot in self.seats[node as usize].outputs.places() {
            if self.slots[slot as usize].changed == self.iteration {
                changed = true;
                self.held.release(slot);
            }
        }
        if !changed && self.held.bytes() <= self.max_total_bytes {
            return Ok(false);
        }
        for slot in self.seats[node as usize].outputs.places() {
            let held = &self.slots[slot as usize];
            if held.changed != self.iteration {
                continue;
            }
            if let Some(value @ (Value::Text(_) | Value::Json(_))) = &held.value {
                let measure = value.measure().ok_or_else(|| TooDeep::JSON.to_string())?;
                if measure.json > self.max_value_bytes {
                    return Err(format!("it gave more than {} bytes", self.max_value_bytes));
                }
                self.held.fill(slot, value, measure.memory);
            }
            self.mark_readers(slot);
        }
        if self.held.bytes() > self.max_total_bytes {
            let most = self.max_total_bytes;
            return Err(format!("with what it gave, the values of the workflow take more than {most} bytes together"));
        }
        Ok(changed)
    }

    fn mark_readers(&mut self, slot: u32) {
        for at in self.readers_from[slot as usize]..self.readers_from[slot as usize + 1] {
            let reader = self.readers[at as usize];
            // Who reads what was asked for has known since that became dirty; or has run since, and did not want it.
            if !(reader.lazy && self.pulled) {
                self.mark(reader.node);
            }
        }
    }

    /// A node has failed: its outputs are taken back, and what needs them is blocked.
    pub(super) fn fail(&mut self, node: u32, message: String, tick: &mut Tick) {
        let changed = self.take_back(node);
        self.stands(node, NodeState::Error, Some(message), node, changed, tick);
    }

    /// A node cannot run: it lacks an input, for which `root` is to blame, or nobody.
    pub(super) fn rest(&mut self, node: u32, root: u32, tick: &mut Tick) {
        self.is_up_to_date(node);
        self.forget_wake(node);
        let changed = self.take_back(node);
        let state = if root == NOBODY { NodeState::Idle } else { NodeState::Blocked };
        self.stands(node, state, None, root, changed, tick);
    }

    fn take_back(&mut self, node: u32) -> bool {
        let mut changed = false;
        for slot in self.seats[node as usize].outputs.places() {
            let held = &mut self.slots[slot as usize];
            if held.value.is_some() {
                self.held.release(slot);
                *held = Slot { value: None, changed: self.iteration };
            }
            if held.changed == self.iteration {
                changed = true;
                self.mark_readers(slot);
            }
        }
        changed
    }

    fn stands(&mut self, node: u32, state: NodeState, error: Option<String>, root: u32, told: bool, tick: &mut Tick) {
        let (seat, still) = (&mut self.seats[node as usize], &mut self.still[node as usize]);
        let same = seat.state == state && seat.root == root && still.error == error;
        seat.state = state;
        still.error = error;
        if told || !same {
            tick.changed.push(NodeIndex(node));
        }
        if seat.root == root {
            return;
        }
        seat.root = root;
        // Who waits in vain learns for whom. Who can do without the value has nothing new to run for.
        for slot in seat.outputs.places() {
            for at in self.readers_from[slot as usize]..self.readers_from[slot as usize + 1] {
                let reader = self.readers[at as usize];
                if reader.required && !(reader.lazy && self.pulled) {
                    self.mark(reader.node);
                }
            }
        }
    }

    pub(super) fn forget_wake(&mut self, node: u32) {
        if let Some((at, kind)) = self.seats[node as usize].wake.take() {
            self.wakes.remove(at, kind, node);
        }
    }

    fn remember_wake(&mut self, node: u32, wake: Wake) {
        let (after, kind) = match wake {
            Wake::Again => return self.again.push(node),
            Wake::After(after) => (after, WakeKind::After),
            Wake::Beat(after) => (after, WakeKind::Beat),
        };
        self.forget_wake(node);
        let at = self.now.plus(after);
        self.seats[node as usize].wake = Some((at, kind));
        self.wakes.add(at, kind, node);
    }
}
