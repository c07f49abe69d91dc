//! State: nodes that remember what was before.

use std::sync::Arc;

use super::stateful;
use crate::cx::Wake;
use crate::node::{Cx, Given, GivenInput, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;
use callboard_domain::time::Timestamp;

/// The classes of this family but the window.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![
        Arc::new(CounterClass { spec: counter_spec() }),
        stateful::<Edge>(
            class("Edge", "Notices when a value becomes true or false; one that is true at first becomes true.")
                .input(Input::new("value", Type::Boolean, "What is watched."))
                .output(Output::new("rising", Type::Boolean, "True for one iteration when the value becomes true."))
                .output(Output::new("falling", Type::Boolean, "True for one iteration when the value becomes false.")),
        ),
        stateful::<Toggle>(
            class("Toggle", "Goes on and off by turns, each time its trigger becomes true.")
                .input(Input::new("trigger", Type::Boolean, "What turns it."))
                .output(Output::new("on", Type::Boolean, "Whether it is on.")),
        ),
        stateful::<Latch>(
            class("Latch", "Takes a value over while `set` is true, and keeps it until `reset` takes it away.")
                .input(Input::new("value", Type::Json, "What is taken over."))
                .input(Input::new("set", Type::Boolean, "Whether to take it over."))
                .input(Input::new("reset", Type::Boolean, "Whether to take it away; counts more than `set`.").or(false))
                .output(Output::new("value", Type::Json, "What was taken over last.")),
        ),
        stateful::<Previous>(
            class("Previous", "Gives the value that was there before the present one.")
                .input(Input::new("value", Type::Json, "The present value."))
                .output(Output::new("value", Type::Json, "The one before; nothing at first.")),
        ),
        stateful::<Change>(
            class("Change", "Passes on only what has changed, and a number only when it has changed enough.")
                .input(Input::new("value", Type::Json, "What is watched."))
                .input(
                    Input::new(
                        "deadband",
                        Type::Number,
                        "By how much a number must differ from the last one passed on.",
                    )
                    .or(0)
                    .at_least(0.0),
                )
                .output(Output::new("value", Type::Json, "What was passed on last."))
                .output(Output::new("changed", Type::Boolean, "Whether the present value was passed on.")),
        ),
        stateful::<Rate>(
            class("Rate", "How fast a number changes, from one change to the next.")
                .input(Input::new("value", Type::Number, "What is watched."))
                .output(Output::new("per_second", Type::Number, "Its change a second; nothing at first.")),
        ),
        stateful::<Smooth>(
            class("Smooth", "Smooths a number exponentially: each new value counts by `factor`, the past by the rest.")
                .input(Input::new("value", Type::Number, "What is smoothed."))
                .input(
                    Input::new("factor", Type::Number, "How much a new value counts: 1 does not smooth at all.")
                        .or(serde_json::json!(0.2))
                        .at_least(0.0)
                        .at_most(1.0),
                )
                .input(Input::new("trigger", Type::Json, "Whose changes count the value once more.").optional())
                .output(Output::new("value", Type::Number, "The smooth number.")),
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "state", description)
}

fn counter_spec() -> Spec {
    class("Counter", "Counts iterations; or, where `trigger` is linked, how often that changes to anything but false.")
        .input(Input::new("trigger", Type::Json, "Whose changes are counted.").optional())
        .input(Input::new("reset", Type::Boolean, "Sets the count back while it is true.").or(false))
        .input(Input::new("start", Type::Integer, "Where it begins.").or(0))
        .input(Input::new("step", Type::Integer, "What it adds each time.").or(1))
        .output(Output::new("count", Type::Integer, "The count."))
        .volatile()
}

struct CounterClass {
    spec: Spec,
}

impl NodeClass for CounterClass {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn is_volatile(&self, given: &Given<'_>) -> bool {
        matches!(given.inputs.first(), Some(GivenInput::Absent) | None)
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Counter::default())
    }
}

#[derive(Default)]
struct Counter {
    count: Option<i64>,
}

impl Node for Counter {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let start = cx.integer(2)?;
        let counts = !cx.is_given(0) || (cx.has(0) && cx.changed(0) && cx.input(0).as_bool() != Some(false));
        let count = match self.count {
            Some(_) | None if cx.boolean(1)? => start,
            Some(count) if counts => step(count, cx)?,
            None if counts => step(start, cx)?,
            Some(count) => count,
            None => start,
        };
        self.count = Some(count);
        cx.set(0, count);
        Ok(Next::Done)
    }
}

fn step(count: i64, cx: &Cx<'_>) -> Result<i64, NodeError> {
    count.checked_add(cx.integer(3)?).ok_or_else(|| "the count is too large".into())
}

#[derive(Default)]
struct Edge {
    before: bool,
}

impl Node for Edge {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let value = cx.boolean(0)?;
        let (rising, falling) = (value && !self.before, !value && self.before);
        self.before = value;
        cx.set(0, rising);
        cx.set(1, falling);
        if rising || falling {
            cx.wake(Wake::Again);
        }
        Ok(Next::Done)
    }
}

#[derive(Default)]
struct Toggle {
    before: bool,
    on: bool,
}

impl Node for Toggle {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let trigger = cx.boolean(0)?;
        self.on ^= trigger && !self.before;
        self.before = trigger;
        cx.set(0, self.on);
        Ok(Next::Done)
    }
}

#[derive(Default)]
struct Latch;

impl Node for Latch {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        if cx.boolean(2)? {
            cx.clear(0);
        } else if cx.boolean(1)? {
            let value = cx.input(0).clone();
            cx.set(0, value);
        }
        Ok(Next::Done)
    }
}

#[derive(Default)]
struct Previous {
    present: Option<Value>,
}

impl Node for Previous {
    fn kept(&self) -> usize {
        kept(&self.present)
    }

    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        if let Some(before) = self.present.replace(cx.input(0).clone()) {
            cx.set(0, before);
        }
        Ok(Next::Done)
    }
}

#[derive(Default)]
struct Change {
    passed: Option<Value>,
}

impl Node for Change {
    fn kept(&self) -> usize {
        kept(&self.passed)
    }

    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let deadband = cx.number(1)?;
        let value = cx.input(0);
        let changed = match &self.passed {
            None => true,
            Some(passed) => match (passed.as_number(), value.as_number()) {
                (Some(before), Some(now)) => (now - before).abs() > deadband,
                (Some(_) | None, Some(_) | None) => passed != value,
            },
        };
        if changed {
            let value = value.clone();
            self.passed = Some(value.clone());
            cx.set(0, value);
        }
        cx.set(1, changed);
        Ok(Next::Done)
    }
}

fn kept(value: &Option<Value>) -> usize {
    value.as_ref().and_then(Value::measure).map_or(0, |measure| measure.memory)
}

#[derive(Default)]
struct Rate {
    before: Option<(f64, Timestamp)>,
}

impl Node for Rate {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (value, now) = (cx.number(0)?, cx.now());
        let Some((before, then)) = self.before else {
            self.before = Some((value, now));
            return Ok(Next::Done);
        };
        let seconds = now.since(then).as_secs_f64();
        // Changes of one moment count together, with the next one that comes later.
        if seconds > 0.0 {
            self.before = Some((value, now));
            cx.set(0, Value::number((value - before) / seconds).ok_or("it changes too fast for a number")?);
        }
        Ok(Next::Done)
    }
}

#[derive(Default)]
struct Smooth {
    smooth: Option<f64>,
}

impl Node for Smooth {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (value, factor) = (cx.number(0)?, cx.number(1)?);
        let smooth = match self.smooth {
            None => value,
            Some(smooth) if cx.changed(0) || cx.changed(2) => value * factor + smooth * (1.0 - factor),
            Some(smooth) => smooth,
        };
        let given = Value::number(smooth).ok_or("the number is too large")?;
        self.smooth = Some(smooth);
        cx.set(0, given);
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests;
