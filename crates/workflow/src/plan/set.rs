//! Changes the constant of an input between two iterations.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use super::Plan;
use super::setup::index;
use crate::cx::Slot;
use crate::node::{Given, GivenInput};
use crate::value::{Measure, Value};
use callboard_domain::nesting::TooDeep;

/// Why an input was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum SetError {
    /// There is no such node.
    #[error("there is no node {0:?}")]
    UnknownNode(String),
    /// The node has no such input.
    #[error("the node has no input {0:?}")]
    UnknownInput(String),
    /// The value does not fit the input.
    #[error("the value {0}")]
    InvalidValue(String),
    /// The input is linked to an output, which it follows.
    #[error("the input is linked to another node's output, and follows that")]
    InputIsLinked,
}

impl SetError {
    /// The same in a stable word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            SetError::UnknownNode(_) => "unknown_node",
            SetError::UnknownInput(_) => "unknown_input",
            SetError::InvalidValue(_) => "invalid_value",
            SetError::InputIsLinked => "input_is_linked",
        }
    }
}

impl Plan {
    /// Changes the constant of an input; the next iteration sees it. Null puts it back to its default, or takes it away
    /// where it may be left out.
    ///
    /// # Errors
    /// [`SetError::UnknownNode`], [`SetError::UnknownInput`], [`SetError::InputIsLinked`] or [`SetError::InvalidValue`].
    pub fn set(&mut self, node_id: &str, input: &str, value: serde_json::Value) -> Result<(), SetError> {
        let unknown = || SetError::UnknownNode(node_id.to_owned());
        let node = self.find(node_id).ok_or_else(unknown)?;
        let (seat, still) = (&self.seats[node.place()], &self.still[node.place()]);
        let class = still.class.clone();
        let ports = &class.spec().inputs;
        let at = ports.iter().position(|port| port.name == input);
        let (at, port) = at
            .zip(ports.iter().find(|port| port.name == input))
            .ok_or_else(|| SetError::UnknownInput(input.to_owned()))?;
        let slots = &self.inputs[seat.inputs.range()];
        let slot = slots[at] as usize;
        if self.is_output(slot) {
            return Err(SetError::InputIsLinked);
        }
        let value = Value::from(value);
        let value = if value.is_null() && (port.default.is_some() || !port.required) {
            port.default.clone()
        } else if value.size() > self.max_constant_bytes {
            return Err(SetError::InvalidValue(format!("must have at most {} bytes", self.max_constant_bytes)));
        } else if value.is_null() || port.misfit(&value).is_some() {
            return Err(SetError::InvalidValue(port.wanted()));
        } else {
            Some(value)
        };
        let given = self.given(slots, Some((at, value.as_ref())));
        let given = Given { inputs: &given };
        let looked = catch_unwind(AssertUnwindSafe(|| (class.faults(&given), class.is_volatile(&given))));
        let Ok((faults, volatile)) = looked else {
            return Err(SetError::InvalidValue("makes the node class panic".to_owned()));
        };
        if let Some((_, message)) = faults.into_iter().find(|(fault, _)| *fault == at) {
            return Err(SetError::InvalidValue(format!("is not right: {message}")));
        }
        if self.slots[slot].value != value {
            let measure = value.as_ref().map_or(Some(Measure::default()), Value::measure);
            let Some(measure) = measure else {
                return Err(SetError::InvalidValue(TooDeep::JSON.to_string()));
            };
            if self.held.bytes() + measure.memory > self.max_total_bytes {
                let most = self.max_total_bytes;
                return Err(SetError::InvalidValue(format!(
                    "makes the values of the workflow larger than {most} bytes"
                )));
            }
            let at = index(slot);
            self.held.release(at);
            if let Some(value) = value.as_ref().filter(|_| measure.memory > 0) {
                self.held.fill(at, value, measure.memory);
            }
            self.slots[slot] = Slot { value, changed: self.iteration + 1 };
            self.mark(node.0);
        }
        self.volatile.retain(|place| *place != node.0);
        if volatile {
            self.volatile.push(node.0);
        }
        Ok(())
    }

    /// Whether a slot is an output; constants come after all outputs.
    pub(super) fn is_output(&self, slot: usize) -> bool {
        slot < self.outputs
    }

    /// How the inputs of a node are given, with one changed.
    fn given<'a>(&'a self, slots: &[u32], with: Option<(usize, Option<&'a Value>)>) -> Vec<GivenInput<'a>> {
        let one = |(at, slot): (usize, &u32)| {
            let slot = *slot as usize;
            if self.is_output(slot) {
                return GivenInput::Linked;
            }
            let value = match with {
                Some((changed, value)) if changed == at => value,
                Some(_) | None => self.slots[slot].value.as_ref(),
            };
            value.map_or(GivenInput::Absent, GivenInput::Constant)
        };
        slots.iter().enumerate().map(one).collect()
    }
}
