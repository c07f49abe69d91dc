//! What a node sees and does while it runs: its inputs, its outputs, the time, and when it wants to run again.

use std::ops::Range;
use std::time::Duration;

use super::node::NodeError;
use super::value::Value;
use callboard_domain::time::Timestamp;

/// An output or a constant of a workflow: what it is now, and in which iteration it became that.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// Nothing where the output has no value: its node has not run, has failed, or is on a way that is not taken.
    pub(super) value: Option<Value>,
    /// The iteration in which it changed.
    pub(super) changed: u64,
}

/// The slot of an input that has neither a constant nor a link.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// When a node wants to run again though none of its inputs changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// In the next iteration, which comes at once.
    Again,
    /// After this time; a run that is to end waits for it.
    After(Duration),
    /// After this time, as long as the workflow is live; a run that is to end does not wait for it.
    Beat(Duration),
}

/// What a node sees and does while it runs.
#[derive(Debug)]
pub struct Cx<'a> {
    pub(super) slots: &'a mut [Slot],
    /// The slot of each input, or [`NO_SLOT`].
    pub(super) inputs: &'a [u32],
    pub(super) outputs: Range<usize>,
    /// Slots below this one are outputs of nodes, and those from it on are constants.
    pub(super) linked_below: usize,
    /// This iteration, from 1.
    pub(super) iteration: u64,
    /// The iteration in which the node last ran; 0 where it has not.
    pub(super) ran: u64,
    pub(super) now: Timestamp,
    pub(super) seed: u64,
    pub(super) wake: &'a mut Option<Wake>,
    pub(super) said: &'a mut Vec<String>,
}

impl Cx<'_> {
    /// An input's value; [`Value::Null`] where it has none.
    #[must_use]
    pub fn input(&self, input: usize) -> &Value {
        const NOTHING: &Value = &Value::Null;
        self.slot(input).and_then(|slot| slot.value.as_ref()).unwrap_or(NOTHING)
    }

    /// Whether an input has a value; one that is linked to a way that is not taken has none.
    #[must_use]
    pub fn has(&self, input: usize) -> bool {
        self.slot(input).is_some_and(|slot| slot.value.is_some())
    }

    /// Whether an input has a constant, a default or a link; a link may be without a value.
    #[must_use]
    pub fn is_given(&self, input: usize) -> bool {
        let slot = self.inputs.get(input).copied().unwrap_or(NO_SLOT);
        self.has(input) || (slot as usize) < self.linked_below
    }

    /// Whether an input has changed since the node last ran; always, when it runs for the first time.
    #[must_use]
    pub fn changed(&self, input: usize) -> bool {
        self.ran == 0 || self.slot(input).is_some_and(|slot| slot.changed > self.ran)
    }

    /// A number.
    ///
    /// # Errors
    /// Where the input has no value, or another one.
    pub fn number(&self, input: usize) -> Result<f64, NodeError> {
        self.input(input).as_number().ok_or(NodeError { message: "a number is missing".into() })
    }

    /// A whole number.
    ///
    /// # Errors
    /// Where the input has no value, or another one.
    pub fn integer(&self, input: usize) -> Result<i64, NodeError> {
        self.input(input).as_integer().ok_or(NodeError { message: "a whole number is missing".into() })
    }

    /// Yes or no.
    ///
    /// # Errors
    /// Where the input has no value, or another one.
    pub fn boolean(&self, input: usize) -> Result<bool, NodeError> {
        self.input(input).as_bool().ok_or(NodeError { message: "true or false is missing".into() })
    }

    /// A text.
    ///
    /// # Errors
    /// Where the input has no value, or another one.
    pub fn text(&self, input: usize) -> Result<&str, NodeError> {
        self.input(input).as_text().ok_or(NodeError { message: "a text is missing".into() })
    }

    /// A list.
    ///
    /// # Errors
    /// Where the input has no value, or another one.
    pub fn list(&self, input: usize) -> Result<&[serde_json::Value], NodeError> {
        self.input(input).as_list().ok_or(NodeError { message: "a list is missing".into() })
    }

    /// An object.
    ///
    /// # Errors
    /// Where the input has no value, or another one.
    pub fn object(&self, input: usize) -> Result<&serde_json::Map<String, serde_json::Value>, NodeError> {
        self.input(input).as_object().ok_or(NodeError { message: "an object is missing".into() })
    }

    /// What an output is at present.
    #[must_use]
    pub fn output(&self, output: usize) -> Option<&Value> {
        self.slots.get(self.outputs.clone())?.get(output)?.value.as_ref()
    }

    /// Sets an output. What is below it runs only where the value is another one than before.
    pub fn set(&mut self, output: usize, value: impl Into<Value>) {
        let value = value.into();
        let iteration = self.iteration;
        if let Some(slot) = self.slots.get_mut(self.outputs.clone()).and_then(|slots| slots.get_mut(output))
            && slot.value.as_ref() != Some(&value)
        {
            *slot = Slot { value: Some(value), changed: iteration };
        }
    }

    /// Takes an output back: the way that begins there is not taken. What needs its value does not run.
    pub fn clear(&mut self, output: usize) {
        let iteration = self.iteration;
        if let Some(slot) = self.slots.get_mut(self.outputs.clone()).and_then(|slots| slots.get_mut(output))
            && slot.value.is_some()
        {
            *slot = Slot { value: None, changed: iteration };
        }
    }

    /// The time of this iteration.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The number of this iteration, from 1.
    #[must_use]
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// A number that is the same for this node in every iteration of one run, and another one in each run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Asks to run again. The last call counts.
    pub fn wake(&mut self, wake: Wake) {
        *self.wake = Some(wake);
    }

    /// Tells a line to whoever watches the workflow.
    pub fn say(&mut self, line: impl Into<String>) {
        self.said.push(line.into());
    }

    fn slot(&self, input: usize) -> Option<&Slot> {
        // An index that stands for nothing is beyond the end.
        self.slots.get(usize::try_from(*self.inputs.get(input)?).ok()?)
    }
}
