//! Output: what people see of a workflow while it runs.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Cx, Next, Node, NodeError, plain, stateful};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};

/// Most characters of a line that a node logs.
const LONGEST_LINE: usize = 1_000;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "output", description);
    let value = || Input::new("value", Type::Json, "The value.");
    let same = || Output::new("value", Type::Json, "The same value.");
    vec![
        plain(class("Display", "Shows a value.").input(value()).output(same()), |cx| {
            let value = cx.input(0).clone();
            cx.set(0, value);
            Ok(())
        }),
        plain(
            class("Log", "Logs a line with the value each time that it changes.")
                .input(value())
                .input(Input::new("label", Type::Text, "What stands before it.").optional())
                .output(same()),
            log,
        ),
        stateful::<Chart>(
            class("Chart", "Shows how a number has changed.")
                .input(Input::new("value", Type::Number, "The number."))
                .input(
                    Input::new("points", Type::Integer, "How many of the last numbers are shown.")
                        .or(120)
                        .at_least(10.0)
                        .at_most(1000.0),
                )
                .output(Output::new("series", Type::List, "Pairs of seconds since 1970 and the number, oldest first.")),
        ),
        plain(
            class("Gauge", "Shows a number as a part of a range.")
                .input(Input::new("value", Type::Number, "The number."))
                .input(Input::new("min", Type::Number, "Where the range begins.").or(0))
                .input(Input::new("max", Type::Number, "Where the range ends.").or(100))
                .output(Output::new("part", Type::Number, "The part of the range, from 0 to 1.")),
            gauge,
        ),
    ]
}

fn log(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let value = cx.input(0).clone();
    let label = if cx.has(1) { cx.text(1)? } else { "" };
    let line = if label.is_empty() { value.to_string() } else { format!("{label}: {value}") };
    let line = match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    };
    cx.say(line);
    cx.set(0, value);
    Ok(())
}

fn gauge(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (value, min, max) = (cx.number(0)?, cx.number(1)?, cx.number(2)?);
    if min >= max {
        return Err(format!("min is {min}, which is not less than max, {max}").into());
    }
    // Halves first, so that two ends far apart do not overflow.
    let part = (value / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0);
    cx.set(0, super::maths::finite(part.clamp(0.0, 1.0))?);
    Ok(())
}

/// The last numbers of a chart, each with its time.
#[derive(Default)]
struct Chart {
    points: VecDeque<Json>,
}

impl Node for Chart {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let most = usize::try_from(cx.integer(1)?).unwrap_or(0).clamp(10, 1000);
        cx.number(0)?;
        if cx.changed(0) {
            self.points.push_back(json!([cx.now().as_secs_f64(), cx.input(0).to_json()]));
        }
        while self.points.len() > most {
            self.points.pop_front();
        }
        cx.set(0, Json::from_iter(self.points.iter().cloned()));
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn a_value_is_shown_and_told() {
        assert_eq!(Rig::new("Display", json!({"value": {"a": 1}})).run(), Ok(json!({"value": {"a": 1}})));
        let mut log = Rig::new("Log", json!({"value": [1]}));
        assert_eq!(log.run(), Ok(json!({"value": [1]})));
        log.set("label", json!("list")).run().unwrap();
        log.set("value", json!("ä".repeat(2_000))).run().unwrap();
        assert_eq!(log.said[..2], ["[1]", "list: [1]"]);
        assert_eq!(log.said[2].chars().count(), 1_001);
    }

    #[test]
    fn a_chart_keeps_the_last_points() {
        let mut rig = Rig::new("Chart", json!({"value": 0, "points": 10}));
        for number in 0..15 {
            rig.set("value", json!(number)).pass(Duration::from_secs(1)).run().unwrap();
        }
        let series = rig.run().unwrap()["series"].take();
        let expected: Vec<_> = (5..15).map(|number| json!([1_700_000_001.0 + f64::from(number), number])).collect();
        assert_eq!(series, json!(expected));
    }

    #[test]
    fn a_chart_of_other_length_has_no_more_points() {
        let mut rig = Rig::new("Chart", json!({"value": 1, "points": 20}));
        let before = rig.run();
        assert_eq!(rig.set("points", json!(10)).run(), before);
        assert_eq!(rig.set("value", json!("x")).run(), Err("a number is missing".to_owned()));
    }

    #[test]
    fn a_gauge_shows_a_part() {
        let cases = [(50, json!(0.5)), (-5, json!(0.0)), (500, json!(1.0))];
        for (value, expected) in cases {
            assert_eq!(Rig::new("Gauge", json!({"value": value})).run(), Ok(json!({"part": expected})), "{value}");
        }
        let mut empty = Rig::new("Gauge", json!({"value": 1, "min": 5, "max": 5}));
        assert_eq!(empty.run(), Err("min is 5, which is not less than max, 5".to_owned()));
    }
}
