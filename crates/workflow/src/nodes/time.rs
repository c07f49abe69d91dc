//! Time: what time it is, how much has passed, and how it is written.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::format::{Item, StrftimeItems};

use super::{checked, plain, stateful};
use crate::cx::Wake;
use crate::node::{Cx, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;
use callboard_domain::time::Timestamp;

/// How often a running stopwatch gives its time.
const TICK: Duration = Duration::from_millis(100);

/// What is wrong with a format.
const BAD_FORMAT: &str = "it is not a format for a date: use %Y-%m-%d, %H:%M:%S and the like";

/// The classes of this family but those that set a pace.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![
        plain(
            class("Clock", "Gives the time of each iteration.")
                .output(Output::new("seconds", Type::Number, "Seconds since 1970, with a fraction."))
                .output(Output::new("text", Type::Text, "The same as a text: RFC 3339, UTC."))
                .volatile(),
            |cx| {
                let now = cx.now();
                cx.set(0, Value::number(now.as_secs_f64()).ok_or("there is no time")?);
                cx.set(1, now.to_rfc3339());
                Ok(())
            },
        ),
        checked(
            class("FormatTime", "Writes a time as a text, in UTC.")
                .input(Input::new("seconds", Type::Number, "Seconds since 1970."))
                .input(Input::new("format", Type::Text, "How: `%Y-%m-%d`, `%H:%M:%S`.").or("%Y-%m-%d %H:%M:%S"))
                .output(Output::new("text", Type::Text, "The text.")),
            |given| match given.constant(1).and_then(Value::as_text) {
                Some(format) if !is_format(format) => vec![(1, BAD_FORMAT.to_owned())],
                Some(_) | None => Vec::new(),
            },
            format_time,
        ),
        stateful::<Stopwatch>(
            class("Stopwatch", "Measures how long it has been running, ten times a second in a live workflow.")
                .input(Input::new("running", Type::Boolean, "Whether it runs."))
                .input(Input::new("reset", Type::Boolean, "Sets it back to 0 while it is true.").or(false))
                .output(Output::new("seconds", Type::Number, "For how many seconds it has been running.")),
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "time", description)
}

fn is_format(format: &str) -> bool {
    StrftimeItems::new(format).all(|item| item != Item::Error)
}

fn format_time(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (seconds, format) = (cx.number(0)?, cx.text(1)?);
    if !is_format(format) {
        return Err(BAD_FORMAT.into());
    }
    // A number too large for microseconds becomes the largest one, which is no date either.
    let time = DateTime::from_timestamp_micros((seconds * 1e6).round() as i64);
    let time = time.ok_or_else(|| format!("{seconds} seconds since 1970 is no date"))?;
    let mut text = String::new();
    write!(text, "{}", time.format(format)).map_err(|_| BAD_FORMAT)?;
    cx.set(0, text);
    Ok(())
}

/// A stopwatch; keeps what it has measured, and when it last looked.
#[derive(Default)]
struct Stopwatch {
    measured: Duration,
    running_since: Option<Timestamp>,
}

impl Node for Stopwatch {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (running, reset, now) = (cx.boolean(0)?, cx.boolean(1)?, cx.now());
        if let Some(since) = self.running_since {
            self.measured += now.since(since);
        }
        self.running_since = running.then_some(now);
        if reset {
            self.measured = Duration::ZERO;
        }
        if running && !reset {
            cx.wake(Wake::Beat(TICK));
        }
        cx.set(0, Value::Number(self.measured.as_secs_f64()));
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_clock_tells_the_time_of_the_iteration() {
        let mut clock = Rig::new("Clock", json!({}));
        let given = clock.pass(Duration::from_millis(250)).run().unwrap();
        assert_eq!(given["seconds"], json!(1_700_000_000.25));
        assert!(given["text"].as_str().unwrap().starts_with("2023-11-14T22:13:20.25"));
    }

    #[test]
    fn a_time_is_written_as_the_format_says() {
        for (seconds, format, text) in [
            (json!(0), "%Y-%m-%d", "1970-01-01"),
            (json!(1_700_000_000.5), "%H:%M:%S%.3f", "22:13:20.500"),
            (json!(-1), "%d.%m.%Y", "31.12.1969"),
            (json!(5), "", ""),
            (json!(5), "at noon", "at noon"),
        ] {
            let mut node = Rig::new("FormatTime", json!({"seconds": seconds, "format": format}));
            assert_eq!((node.faults(), node.run()), (Vec::new(), Ok(json!({"text": text}))));
        }
    }

    #[test]
    fn a_bad_format_and_a_time_that_is_none_are_errors() {
        for format in ["%Q", "%", "%Y-%"] {
            let mut node = Rig::new("FormatTime", json!({"seconds": 0, "format": format}));
            assert_eq!(node.faults(), [(1, BAD_FORMAT.to_owned())], "{format}");
            assert_eq!(node.run(), Err(BAD_FORMAT.to_owned()), "{format}");
        }
        for seconds in [1e300, -1e300, 1e13] {
            let given = Rig::new("FormatTime", json!({"seconds": seconds})).run();
            assert!(given.is_err_and(|error| error.ends_with("is no date")), "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn no_format_panics(format in ".{0,40}", seconds in any::<f64>()) {
            let seconds = if seconds.is_finite() { seconds } else { 0.0 };
            let mut node = Rig::new("FormatTime", json!({"seconds": seconds, "format": format}));
            let (faults, given) = (node.faults(), node.run());
            prop_assert!(faults.is_empty() || given.is_err());
        }
    }

    #[test]
    fn a_stopwatch_measures_while_it_runs() {
        let second = Duration::from_secs(1);
        let mut watch = Rig::new("Stopwatch", json!({"running": true}));
        assert_eq!(watch.run(), Ok(json!({"seconds": 0.0})));
        assert_eq!(watch.wake, Some(Wake::Beat(TICK)));
        assert_eq!(watch.pass(second).run(), Ok(json!({"seconds": 1.0})));
        assert_eq!(watch.pass(second).set("running", json!(false)).run(), Ok(json!({"seconds": 2.0})));
        assert_eq!(watch.wake, None);
        assert_eq!(watch.pass(second).set("running", json!(true)).run(), Ok(json!({"seconds": 2.0})));
        assert_eq!(watch.pass(second).set("reset", json!(true)).run(), Ok(json!({"seconds": 0.0})));
        assert_eq!(watch.pass(second).run(), Ok(json!({"seconds": 0.0})));
        watch.set("reset", json!(false)).run().unwrap();
        assert_eq!(watch.pass(second).run(), Ok(json!({"seconds": 1.0})));
    }
}
