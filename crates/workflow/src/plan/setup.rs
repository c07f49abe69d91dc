//! Sets a plan up: looks everything up once, and lays it out flat.

use std::collections::HashMap;
use std::sync::Arc;

use super::held::Held;
use super::lazy::Pulls;
use super::marks::Marks;
use super::seat::{CHECKS, DEFERRED, NOBODY, PULLS, Seat, Span, Still};
use super::{Plan, Reader};
use crate::catalogue::Catalogue;
use crate::cx::Slot;
use crate::fault::GraphFaults;
use crate::graph::Graph;
use crate::node::{self, GivenInput};
use crate::port::{Input, Type};
use crate::settings::Settings;
use crate::state::NodeState;
use crate::validate::{Checked, Given, validate_again};
use crate::value::Value;
use callboard_domain::time::Timestamp;

/// A plan of a graph, where all nodes run first.
pub(super) fn plan(
    graph: &Graph,
    catalogue: &Catalogue,
    limits: &Settings,
    seed: u64,
) -> Result<Plan, Box<GraphFaults>> {
    let checked = validate_again(graph, catalogue, limits)?;
    let mut layout = Layout::new(graph, &checked);
    for (place, node) in checked.order.iter().enumerate() {
        layout.seat(index(place), *node, seed);
    }
    let mut plan = layout.plan;
    plan.count_readers();
    plan.find_deferred();
    plan.max_value_bytes = limits.max_value_bytes;
    plan.max_total_bytes = limits.max_total_bytes;
    plan.max_constant_bytes = limits.max_constant_bytes;
    plan.jobs.most = limits.max_waiting;
    for place in 0..index(plan.seats.len()) {
        plan.mark(place);
    }
    plan.count_held();
    Ok(plan)
}

struct Layout<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
    /// The first output slot of each node, by its place in the graph.
    outputs: Vec<u32>,
    plan: Plan,
}

impl<'a> Layout<'a> {
    fn new(graph: &'a Graph, checked: &'a Checked) -> Self {
        let len = checked.order.len();
        let mut outputs = vec![0; len];
        let mut owners = Vec::new();
        for (place, node) in checked.order.iter().enumerate() {
            outputs[*node] = index(owners.len());
            owners.extend(checked.nodes[*node].class.spec().outputs.iter().map(|_| index(place)));
        }
        let mut slots = Vec::new();
        slots.resize_with(owners.len(), Slot::default);
        let plan = Plan {
            seats: Vec::with_capacity(len),
            still: Vec::with_capacity(len),
            outputs: slots.len(),
            slots,
            owners,
            by_id: HashMap::with_capacity(len),
            dirty: Marks::new(len),
            pulls: Pulls::new(len),
            running: NOBODY,
            ..Plan::default()
        };
        Self { graph, checked, outputs, plan }
    }

    fn seat(&mut self, place: u32, at: usize, seed: u64) {
        let (checked, plan) = (&self.checked.nodes[at], &mut self.plan);
        let spec = checked.class.spec();
        let id: Arc<str> = self.graph.nodes[at].id.as_str().into();
        let (inputs_from, needs_from) = (index(plan.inputs.len()), index(plan.needs.len()));
        let mut flags = 0;
        for (input, given) in spec.inputs.iter().zip(&checked.inputs) {
            let slot = match given {
                Given::Link { source, output } => {
                    let slot = self.outputs[*source] + index(*output);
                    let source = &self.checked.nodes[*source].class.spec().outputs;
                    if source.get(*output).is_none_or(|port| !guarantees(port.ty, input)) {
                        flags |= CHECKS;
                    }
                    if input.lazy {
                        flags |= PULLS;
                    } else if input.needs_its_link() {
                        plan.needs.push(slot);
                    }
                    slot
                }
                Given::Constant(value) => plan.constant(place, Some(value.clone())),
                Given::Absent => plan.constant(place, None),
            };
            plan.inputs.push(slot);
        }
        let outputs_from = self.outputs[at];
        let given: Vec<GivenInput<'_>> = checked.inputs.iter().map(Given::seen).collect();
        if checked.class.is_volatile(&node::Given { inputs: &given }) {
            plan.volatile.push(place);
        }
        plan.seats.push(Seat {
            node: checked.class.node(),
            flags,
            state: NodeState::Idle,
            root: NOBODY,
            inputs: Span { from: inputs_from, to: index(plan.inputs.len()) },
            outputs: Span { from: outputs_from, to: outputs_from + index(spec.outputs.len()) },
            needs: Span { from: needs_from, to: index(plan.needs.len()) },
            ran: 0,
            runs: 0,
            start_time: Timestamp::default(),
            duration: None,
            seed: mix(seed ^ hash(&id)),
            wake: None,
        });
        plan.by_id.insert(id.clone(), place);
        plan.still.push(Still {
            id,
            class: checked.class.clone(),
            error: None,
            quarantined: None,
            job: None,
            in_queue: false,
            session_id: None,
        });
    }
}

impl Plan {
    fn constant(&mut self, owner: u32, value: Option<Value>) -> u32 {
        let slot = index(self.slots.len());
        self.slots.push(Slot { value, changed: 0 });
        self.owners.push(owner);
        slot
    }

    /// Counts all values anew.
    pub(super) fn count_held(&mut self) {
        self.held = Held::default();
        for (slot, held) in self.slots.iter().enumerate() {
            let measured = held.value.as_ref().and_then(|value| Some((value, value.measure()?)));
            if let Some((value, measure)) = measured.filter(|(_, measure)| measure.memory > 0) {
                self.held.fill(index(slot), value, measure.memory);
            }
        }
        for (node, seat) in self.seats.iter().enumerate() {
            self.held.keep(index(node), seat.node.kept());
        }
    }

    /// Turns inputs round: who reads each slot, in the order of places.
    fn count_readers(&mut self) {
        let mut from = vec![0_u32; self.slots.len() + 1];
        for slot in &self.inputs {
            from[*slot as usize + 1] += 1;
        }
        for slot in 1..from.len() {
            from[slot] += from[slot - 1];
        }
        let mut next = from.clone();
        let nobody = Reader { node: NOBODY, lazy: false, required: false };
        self.readers = vec![nobody; self.inputs.len()];
        for (place, (seat, still)) in self.seats.iter().zip(&self.still).enumerate() {
            let ports = &still.class.spec().inputs;
            for (slot, port) in self.inputs[seat.inputs.range()].iter().zip(ports) {
                let at = &mut next[*slot as usize];
                self.readers[*at as usize] =
                    Reader { node: index(place), lazy: port.lazy, required: port.needs_its_link() };
                *at += 1;
            }
        }
        self.readers_from = from;
    }

    /// A node that is read, and only through lazy inputs or by nodes of which that is true, runs only when it is asked.
    fn find_deferred(&mut self) {
        for place in (0..self.seats.len()).rev() {
            let mut readers = 0;
            let all = self.seats[place].outputs.places().flat_map(|slot| self.readers_of(slot)).all(|reader| {
                readers += 1;
                reader.lazy || self.seats[reader.node as usize].flags & DEFERRED != 0
            });
            if all && readers > 0 {
                self.seats[place].flags |= DEFERRED;
            }
        }
    }

    /// Who reads a slot.
    pub(super) fn readers_of(&self, slot: u32) -> &[Reader] {
        let from = self.readers_from[slot as usize] as usize;
        let to = self.readers_from[slot as usize + 1] as usize;
        &self.readers[from..to]
    }
}

/// Whether every value of an output of this type is one for the input.
fn guarantees(source: Type, input: &Input) -> bool {
    let typed = match input.ty {
        Type::Json => true,
        Type::Number => matches!(source, Type::Number | Type::Integer),
        Type::Text | Type::Integer | Type::Boolean | Type::List | Type::Object => source == input.ty,
    };
    typed && input.choices.is_empty() && input.min.is_none() && input.max.is_none()
}

/// Places fit into 32 bits: `workflows.max_nodes` is far below that.
pub(super) fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NOBODY)
}

/// FNV-1a: the same in every version of this program, so that a run which is taken up again draws the same numbers.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// SplitMix64's last step, which spreads neighbouring numbers.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
