//! Pace: nodes that beat, wait, and let through less than comes.

use std::sync::Arc;
use std::time::Duration;

use super::stateful;
use crate::cx::Wake;
use crate::node::{Cx, Next, Node, NodeClass, NodeError, Reply, Spec, Work};
use crate::port::{Input, Output, Type};
use crate::value::Value;
use callboard_domain::time::Timestamp;

/// The longest time that may be asked for, in milliseconds: a year.
const LONGEST: f64 = 31_536_000_000.0;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let value = |description| Input::new("value", Type::Json, description);
    let milliseconds = |least: f64, description| {
        Input::new("milliseconds", Type::Number, description).or(1000).at_least(least).at_most(LONGEST)
    };
    vec![
        stateful::<Delay>(
            class("Delay", "Passes a value on after some time; what comes meanwhile waits its turn, the latest of it.")
                .input(value("What is passed on."))
                .input(milliseconds(0.0, "For how long it waits."))
                .output(Output::new("value", Type::Json, "The value, later."))
                .waits(),
        ),
        stateful::<Interval>(
            class(
                "Interval",
                "Counts at a steady pace while the workflow is live; in a workflow that runs once, to 1.",
            )
            .input(milliseconds(1.0, "How long it is from one to the next."))
            .output(Output::new("count", Type::Integer, "The count, from 1.")),
        ),
        stateful::<Debounce>(
            class("Debounce", "Passes a value on when it has not changed for some time.")
                .input(value("What is passed on."))
                .input(milliseconds(0.0, "For how long it must not change."))
                .output(Output::new("value", Type::Json, "The last value that did not change for so long.")),
        ),
        stateful::<Throttle>(
            class("Throttle", "Passes a value on at once, and its changes not more often than once in some time.")
                .input(value("What is passed on."))
                .input(milliseconds(0.0, "The least time from one to the next."))
                .output(Output::new("value", Type::Json, "The value; the latest, where several came.")),
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "time", description)
}

fn span(cx: &Cx<'_>, input: usize) -> Result<Duration, NodeError> {
    Ok(Duration::from_secs_f64(cx.number(input)?.clamp(0.0, LONGEST) / 1000.0))
}

/// Delays; keeps the value that waits.
#[derive(Default)]
struct Delay {
    waiting: Value,
}

impl Node for Delay {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let span = span(cx, 1)?;
        self.waiting = cx.input(0).clone();
        Ok(Next::Wait(Work::Sleep(span)))
    }

    fn resume(&mut self, _reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        cx.set(0, std::mem::take(&mut self.waiting));
        Ok(Next::Done)
    }
}

/// Beats; keeps the last beat.
#[derive(Default)]
struct Interval {
    count: i64,
    last: Option<Timestamp>,
}

impl Node for Interval {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (span, now) = (span(cx, 0)?.max(Duration::from_millis(1)), cx.now());
        let beat = match self.last {
            None => Some(now),
            // A beat that comes late does not move the next one, unless that is late as well.
            Some(last) if last.plus(span) <= now => Some(if last.plus(span * 2) > now { last.plus(span) } else { now }),
            Some(_) => None,
        };
        if beat.is_some() {
            self.last = beat;
            self.count += 1;
        }
        cx.set(0, self.count);
        cx.wake(Wake::Beat(self.last.unwrap_or(now).plus(span).since(now)));
        Ok(Next::Done)
    }
}

/// Debounces; keeps the value that may still change, and since when it has not.
#[derive(Default)]
struct Debounce {
    waiting: Option<(Value, Timestamp)>,
}

impl Node for Debounce {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (span, now) = (span(cx, 1)?, cx.now());
        if cx.changed(0) {
            self.waiting = Some((cx.input(0).clone(), now));
        }
        let Some((value, since)) = &self.waiting else { return Ok(Next::Done) };
        let due = since.plus(span);
        if due <= now {
            cx.set(0, value.clone());
            self.waiting = None;
        } else {
            cx.wake(Wake::After(due.since(now)));
        }
        Ok(Next::Done)
    }
}

/// Throttles; keeps whether something waits, and when something last went through.
#[derive(Default)]
struct Throttle {
    waits: bool,
    last: Option<Timestamp>,
}

impl Node for Throttle {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (span, now) = (span(cx, 1)?, cx.now());
        self.waits |= cx.changed(0);
        if !self.waits {
            return Ok(Next::Done);
        }
        match self.last.map(|last| last.plus(span)) {
            Some(due) if due > now => cx.wake(Wake::After(due.since(now))),
            Some(_) | None => {
                let value = cx.input(0).clone();
                cx.set(0, value);
                self.last = Some(now);
                self.waits = false;
            }
        }
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;
    use serde_json::json;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_delayed_value_comes_later_and_is_the_one_that_waited() {
        let mut delay = Rig::new("Delay", json!({"value": 1, "milliseconds": 20}));
        assert_eq!(delay.run(), Ok(json!({})));
        assert!(matches!(delay.work, Some(Work::Sleep(time)) if time == millis(20)));
        delay.set("value", json!(2));
        assert_eq!(delay.resume(Reply::Slept), Ok(json!({"value": 1})));
        assert_eq!(delay.run(), Ok(json!({"value": 1})));
        assert_eq!(delay.resume(Reply::Slept), Ok(json!({"value": 2})));
    }

    #[test]
    fn no_span_is_too_long_to_be_told() {
        for bad in [json!(1e300), json!(-5)] {
            let mut delay = Rig::new("Delay", json!({"value": 1, "milliseconds": bad}));
            assert_eq!(delay.run(), Ok(json!({})));
        }
    }

    #[test]
    fn an_interval_keeps_its_pace() {
        let mut interval = Rig::new("Interval", json!({"milliseconds": 100}));
        for (passed, count, next) in [
            (0, 1, 100),
            (100, 2, 100),
            (30, 2, 70),  // woken by something else
            (90, 3, 80),  // late by 20
            (80, 4, 100), // on its pace again
            (950, 5, 100),
        ] {
            assert_eq!(interval.pass(millis(passed)).run(), Ok(json!({"count": count})));
            assert_eq!(interval.wake, Some(Wake::Beat(millis(next))), "{count}");
        }
    }

    #[test]
    fn a_value_that_keeps_changing_is_not_passed_on() {
        let mut debounce = Rig::new("Debounce", json!({"value": 1, "milliseconds": 50}));
        assert_eq!((debounce.run(), debounce.wake), (Ok(json!({})), Some(Wake::After(millis(50)))));
        debounce.pass(millis(40)).set("value", json!(2));
        assert_eq!((debounce.run(), debounce.wake), (Ok(json!({})), Some(Wake::After(millis(50)))));
        debounce.pass(millis(30));
        assert_eq!((debounce.run(), debounce.wake), (Ok(json!({})), Some(Wake::After(millis(20)))));
        debounce.pass(millis(20));
        assert_eq!((debounce.run(), debounce.wake), (Ok(json!({"value": 2})), None));
        assert_eq!(debounce.set("milliseconds", json!(0)).set("value", json!(3)).run(), Ok(json!({"value": 3})));
    }

    #[test]
    fn a_throttled_value_comes_at_once_then_the_latest_at_the_end() {
        let mut throttle = Rig::new("Throttle", json!({"value": 1, "milliseconds": 50}));
        assert_eq!((throttle.run(), throttle.wake), (Ok(json!({"value": 1})), None));
        throttle.pass(millis(10)).set("value", json!(2));
        assert_eq!((throttle.run(), throttle.wake), (Ok(json!({"value": 1})), Some(Wake::After(millis(40)))));
        throttle.pass(millis(10)).set("value", json!(3));
        assert_eq!((throttle.run(), throttle.wake), (Ok(json!({"value": 1})), Some(Wake::After(millis(30)))));
        throttle.pass(millis(30));
        assert_eq!((throttle.run(), throttle.wake), (Ok(json!({"value": 3})), None));
        assert_eq!(throttle.pass(millis(90)).run(), Ok(json!({"value": 3})));
        assert_eq!(throttle.set("value", json!(4)).run(), Ok(json!({"value": 4})));
    }
}
