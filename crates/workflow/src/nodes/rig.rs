//! Runs one node without a workflow, for the tests of node classes.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::cx::{Cx, NO_SLOT, Slot, Wake};
use crate::node::{Given, GivenInput, Next, Node, NodeError, Reply, Spec, Work};
use crate::nodes::built_in;
use crate::settings::Settings;
use crate::value::Value;
use callboard_domain::time::Timestamp;

/// One node with its inputs, its outputs and a clock that stands still until it is moved.
pub(crate) struct Rig {
    spec: Spec,
    node: Box<dyn Node>,
    class: std::sync::Arc<dyn crate::node::NodeClass>,
    slots: Vec<Slot>,
    inputs: Vec<u32>,
    iteration: u64,
    ran: u64,
    now: i64,
    pub(crate) wake: Option<Wake>,
    pub(crate) said: Vec<String>,
    pub(crate) work: Option<Work>,
    pub(crate) stopped: Option<String>,
}

impl Rig {
    /// A node of a built-in class with these constants; defaults stand for those that are left out.
    pub(crate) fn new(class: &str, constants: Json) -> Self {
        let class =
            built_in(&Settings::default()).unwrap().get(class).unwrap_or_else(|| panic!("no class {class}")).clone();
        let spec = class.spec().clone();
        let mut slots = vec![Slot::default(); spec.outputs.len()];
        let mut inputs = Vec::new();
        for input in &spec.inputs {
            let given = constants.get(input.name).cloned().map(Value::from);
            match given.or_else(|| input.default.clone()) {
                Some(value) => {
                    inputs.push(u32::try_from(slots.len()).unwrap());
                    slots.push(Slot { value: Some(value), changed: 1 });
                }
                None => inputs.push(NO_SLOT),
            }
        }
        let node = class.node();
        Self {
            spec,
            node,
            class,
            slots,
            inputs,
            iteration: 0,
            ran: 0,
            now: 1_700_000_000_000_000,
            wake: None,
            said: Vec::new(),
            work: None,
            stopped: None,
        }
    }

    /// Sets an input, as a link or a person would.
    pub(crate) fn set(&mut self, input: &str, value: Json) -> &mut Self {
        let at = self.spec.inputs.iter().position(|port| port.name == input).unwrap();
        let slot = Slot { value: Some(Value::from(value)), changed: self.iteration + 1 };
        if self.inputs[at] == NO_SLOT {
            self.inputs[at] = u32::try_from(self.slots.len()).unwrap();
            self.slots.push(slot);
        } else {
            self.slots[self.inputs[at] as usize] = slot;
        }
        self
    }

    /// Takes an input's value away, as a way that is not taken would.
    pub(crate) fn unset(&mut self, input: &str) -> &mut Self {
        self.set(input, Json::Null);
        let at = self.spec.inputs.iter().position(|port| port.name == input).unwrap();
        self.slots[self.inputs[at] as usize].value = None;
        self
    }

    /// Moves the clock.
    pub(crate) fn pass(&mut self, time: Duration) -> &mut Self {
        self.now += i64::try_from(time.as_micros()).unwrap();
        self
    }

    /// Runs it; gives its outputs by name, without those that have no value, or the text of its error.
    pub(crate) fn run(&mut self) -> Result<Json, String> {
        self.iteration += 1;
        self.step(|node, cx| node.run(cx))
    }

    /// Gives it the outcome of its work.
    pub(crate) fn resume(&mut self, reply: Reply) -> Result<Json, String> {
        self.iteration += 1;
        self.step(|node, cx| node.resume(reply, cx))
    }

    /// What is wrong with its constants.
    pub(crate) fn faults(&self) -> Vec<(usize, String)> {
        let values: Vec<Option<Value>> =
            self.inputs.iter().map(|at| self.slots.get(*at as usize).and_then(|slot| slot.value.clone())).collect();
        let given: Vec<GivenInput<'_>> =
            values.iter().map(|value| value.as_ref().map_or(GivenInput::Absent, GivenInput::Constant)).collect();
        self.class.faults(&Given { inputs: &given })
    }

    /// Which lazy input it wants.
    pub(crate) fn wants(&mut self) -> Option<usize> {
        let Self { node, .. } = self;
        let (mut wake, mut said) = (None, Vec::new());
        let cx = Cx {
            slots: &mut self.slots,
            inputs: &self.inputs,
            outputs: 0..self.spec.outputs.len(),
            // A link and a constant are one here, so that a test can take a constant away as a link would be.
            linked_below: NO_SLOT as usize,
            iteration: self.iteration + 1,
            ran: self.ran,
            now: Timestamp::from_micros(self.now),
            seed: 7,
            wake: &mut wake,
            said: &mut said,
        };
        node.wants(&cx)
    }

    fn step(
        &mut self,
        run: impl FnOnce(&mut dyn Node, &mut Cx<'_>) -> Result<Next, NodeError>,
    ) -> Result<Json, String> {
        self.wake = None;
        self.work = None;
        let mut cx = Cx {
            slots: &mut self.slots,
            inputs: &self.inputs,
            outputs: 0..self.spec.outputs.len(),
            // A link and a constant are one here, so that a test can take a constant away as a link would be.
            linked_below: NO_SLOT as usize,
            iteration: self.iteration,
            ran: self.ran,
            now: Timestamp::from_micros(self.now),
            seed: 7,
            wake: &mut self.wake,
            said: &mut self.said,
        };
        let next = run(&mut *self.node, &mut cx).map_err(|error| error.to_string())?;
        self.ran = self.iteration;
        match next {
            Next::Done => {}
            Next::Wait(work) => self.work = Some(work),
            Next::Stop(reason) => self.stopped = Some(reason),
        }
        let outputs = self.spec.outputs.iter().zip(&self.slots);
        let given = outputs.filter_map(|(port, slot)| Some((port.name.to_owned(), slot.value.as_ref()?.to_json())));
        Ok(Json::Object(given.collect::<Map<String, Json>>()))
    }
}
