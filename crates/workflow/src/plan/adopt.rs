//! A graph was edited while it is live: the new plan takes over what the nodes of the old one were about.

use std::collections::HashMap;

use super::seat::{NOBODY, QUARANTINED, REWIRED, Stage, WAITED, WOKEN, WORKING};
use super::{NodeIndex, Plan};
use crate::cx::Slot;

impl Plan {
    /// Takes over from the plan before an edit: nodes of the same id and class keep their instance, outputs, work and
    /// counts. All nodes run in the next iteration, in which work of nodes that are gone is dropped.
    ///
    /// To be called before the first iteration; inputs that were changed while live are to be set before.
    pub fn adopt(&mut self, mut before: Plan) {
        self.iteration = before.iteration;
        self.now = before.now;
        self.pulse = before.pulse.clone();
        self.jobs.next = before.jobs.next;
        self.jobs.dropped.append(&mut before.jobs.dropped);
        let same = |node: NodeIndex| Some((self.same_in(&before, node)?, node.0));
        let pairs: HashMap<u32, u32> = self.nodes().filter_map(same).collect();
        for (old, node) in &pairs {
            self.take_over(*node, *old, &mut before);
        }
        for (old, node) in &pairs {
            self.compare_inputs(*node, *old, &before);
        }
        // A node that is gone takes its place in the queue with it.
        let queued = before.jobs.queue.iter().filter_map(|old| pairs.get(old));
        self.jobs.queue.extend(queued.filter(|node| self.still[**node as usize].in_queue));
        // What nobody has taken over.
        let mut gone: Vec<_> =
            before.jobs.started.into_keys().filter(|job| !self.jobs.started.contains_key(job)).collect();
        gone.sort_unstable();
        self.jobs.dropped.append(&mut gone);
        self.count_held();
    }

    fn same_in(&self, before: &Plan, node: NodeIndex) -> Option<u32> {
        let still = &self.still[node.place()];
        let old = before.find(&still.id)?;
        (before.still[old.place()].class.spec().class == still.class.spec().class).then_some(old.0)
    }

    fn take_over(&mut self, node: u32, old: u32, before: &mut Plan) {
        let root = before.still.get(before.seats[old as usize].root as usize).and_then(|still| self.find(&still.id));
        let (seat, still) = (&mut self.seats[node as usize], &mut self.still[node as usize]);
        let (old_seat, old_still) = (&mut before.seats[old as usize], &mut before.still[old as usize]);
        std::mem::swap(&mut seat.node, &mut old_seat.node);
        seat.state = old_seat.state;
        seat.root = root.map_or(NOBODY, |root| root.0);
        seat.ran = old_seat.ran;
        seat.runs = old_seat.runs;
        seat.start_time = old_seat.start_time;
        seat.duration = old_seat.duration;
        seat.seed = old_seat.seed;
        seat.flags |= old_seat.flags & (WORKING | WOKEN | QUARANTINED | WAITED);
        seat.wake = old_seat.wake.take();
        still.error = old_still.error.take();
        still.quarantined = old_still.quarantined.take();
        still.session_id = old_still.session_id;
        still.in_queue = old_still.in_queue;
        still.job = old_still.job.take();
        if let Some((at, kind)) = seat.wake {
            self.wakes.add(at, kind, node);
        }
        match still.job.as_ref().map(|job| (&job.stage, job.id)) {
            Some((Stage::Queued(_), _)) => self.jobs.queued += 1,
            Some((Stage::Started, id)) => {
                self.jobs.started.insert(id, node);
            }
            Some((Stage::Ended(_), _)) => {
                self.dirty.insert(node);
            }
            None => {}
        }
        let outputs = seat.outputs.range().zip(old_seat.outputs.range());
        for (slot, old_slot) in outputs {
            self.slots[slot] = before.slots[old_slot].clone();
        }
    }

    /// Sees to it that a node takes those inputs for changed that are not what they were.
    fn compare_inputs(&mut self, node: u32, old: u32, before: &Plan) {
        let slots = self.inputs[self.seats[node as usize].inputs.range()].to_vec();
        let old_slots = &before.inputs[before.seats[old as usize].inputs.range()];
        let mut others = false;
        for (slot, old_slot) in slots.iter().zip(old_slots) {
            let held = &before.slots[*old_slot as usize];
            let same = self.slots[*slot as usize].value == held.value;
            if self.is_output(*slot as usize) || before.is_output(*old_slot as usize) {
                // The same value from elsewhere is no news.
                if !same {
                    self.seats[node as usize].flags |= REWIRED;
                    others = true;
                }
                continue;
            }
            let slot = &mut self.slots[*slot as usize];
            others |= !same;
            *slot = Slot { value: slot.value.take(), changed: if same { held.changed } else { self.iteration + 1 } };
        }
        // It may be another one now: it gets a new chance.
        if others {
            self.seats[node as usize].flags &= !QUARANTINED;
            self.still[node as usize].quarantined = None;
        } else if self.seats[node as usize].flags & QUARANTINED != 0 {
            self.dirty.insert(node);
        }
    }
}
