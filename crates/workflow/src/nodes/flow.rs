//! Flow: which way a value takes, and when a workflow stops.

use std::sync::Arc;

use super::{checked, plain, stateful};
use crate::node::{Cx, Given, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};

/// How many cases a switch has.
const CASES: usize = 4;

/// The names of four ways.
const WAYS: [&str; 4] = ["a", "b", "c", "d"];

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![
        plain(
            class("Branch", "Passes a value on to `then` where the condition is true, and to `else` where it is not.")
                .input(Input::new("condition", Type::Boolean, "Which way."))
                .input(Input::new("value", Type::Json, "What goes that way."))
                .output(Output::new("then", Type::Json, "The value, where the condition is true."))
                .output(Output::new("else", Type::Json, "The value, where the condition is false.")),
            branch,
        ),
        checked(switch_spec(), too_many_cases, switch),
        stateful::<Select>(select_spec()),
        plain(first_of_spec(), first_of),
        plain(
            class("Gate", "Passes a value on while it is open, and holds the last one while it is closed.")
                .input(Input::new("value", Type::Json, "What goes through."))
                .input(Input::new("open", Type::Boolean, "Whether it is open.").or(true))
                .output(Output::new("value", Type::Json, "The last value that went through.")),
            |cx| {
                if cx.boolean(1)? {
                    let value = cx.input(0).clone();
                    cx.set(0, value);
                }
                Ok(())
            },
        ),
        stateful::<Stop>(
            class("Stop", "Stops the whole workflow after the iteration in which its condition is true.")
                .input(Input::new("when", Type::Boolean, "Whether to stop."))
                .input(Input::new("reason", Type::Text, "Why, for people.").or("the workflow has stopped itself")),
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "flow", description)
}

fn switch_spec() -> Spec {
    let spec = class("Switch", "Compares a value with up to four cases, and takes the way of the first that is equal.")
        .input(Input::new("value", Type::Json, "What is compared."))
        .input(Input::new("cases", Type::List, "Up to four values, one for each way."))
        .input(Input::new("pass", Type::Json, "What goes that way; the value itself where it is left out.").optional())
        .output(Output::new("index", Type::Integer, "The case that was taken, from 1; 0 where none is equal."));
    ["case_1", "case_2", "case_3", "case_4"]
        .into_iter()
        .fold(spec, |spec, name| spec.output(Output::new(name, Type::Json, "What goes on, where this case is equal.")))
        .output(Output::new("default", Type::Json, "What goes on, where no case is equal."))
}

fn select_spec() -> Spec {
    let condition = "True takes `a` and false `b`; a whole number takes `a` for 0, `b` for 1 and so on.";
    let spec = class("Select", "Takes one of several values; what the others are linked to does not run.")
        .input(Input::new("condition", Type::Json, condition));
    WAYS.into_iter()
        .fold(spec, |spec, name| spec.input(Input::new(name, Type::Json, "One of the values.").optional().lazy()))
        .output(Output::new("value", Type::Json, "The value that was taken."))
}

fn first_of_spec() -> Spec {
    let spec = class("FirstOf", "Joins ways again: gives the first of its inputs that has a value.");
    WAYS.into_iter()
        .fold(spec, |spec, name| {
            spec.input(Input::new(name, Type::Json, "A way that may not be taken.").optional().may_lack())
        })
        .output(Output::new("value", Type::Json, "The first value."))
}

fn branch(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (taken, other) = if cx.boolean(0)? { (0, 1) } else { (1, 0) };
    let value = cx.input(1).clone();
    cx.set(taken, value);
    cx.clear(other);
    Ok(())
}

fn too_many_cases(given: &Given<'_>) -> Vec<(usize, String)> {
    let count = given.constant(1).and_then(|cases| cases.as_list()).map_or(0, <[_]>::len);
    if count > CASES { vec![(1, many_cases(count))] } else { Vec::new() }
}

fn many_cases(count: usize) -> String {
    format!("there are {count} cases; a switch has at most {CASES}")
}

fn switch(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let cases = cx.list(1)?;
    if cases.len() > CASES {
        return Err(many_cases(cases.len()).into());
    }
    let value = cx.input(0);
    let equal = |case: &serde_json::Value| crate::value::Value::from(case.clone()) == *value;
    let taken = cases.iter().position(equal).map_or(0, |at| at + 1);
    let passed = if cx.is_given(2) { 2 } else { 0 };
    let passes = cx.has(passed).then(|| cx.input(passed).clone());
    cx.set(0, i64::try_from(taken).unwrap_or(0));
    // The way of no case is behind those of the cases.
    let way = if taken == 0 { CASES + 1 } else { taken };
    for output in 1..=CASES + 1 {
        match &passes {
            Some(value) if output == way => cx.set(output, value.clone()),
            Some(_) | None => cx.clear(output),
        }
    }
    Ok(())
}

#[derive(Default)]
struct Select;

/// The input that a condition takes.
fn chosen(cx: &Cx<'_>) -> Result<usize, NodeError> {
    let condition = cx.input(0);
    let index = match condition.as_bool() {
        Some(yes) => usize::from(!yes),
        None => {
            let index = condition.as_integer().and_then(|index| usize::try_from(index).ok());
            let known = index.filter(|index| *index < WAYS.len());
            known.ok_or_else(|| format!("the condition must be true, false or 0 to 3, not {condition:.40}"))?
        }
    };
    Ok(index + 1)
}

impl Node for Select {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let input = chosen(cx)?;
        if cx.has(input) {
            let value = cx.input(input).clone();
            cx.set(0, value);
        } else {
            cx.clear(0);
        }
        Ok(Next::Done)
    }

    fn wants(&self, cx: &Cx<'_>) -> Option<usize> {
        chosen(cx).ok()
    }
}

fn first_of(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    match (0..WAYS.len()).find(|input| cx.has(*input)) {
        Some(input) => {
            let value = cx.input(input).clone();
            cx.set(0, value);
        }
        None => cx.clear(0),
    }
    Ok(())
}

#[derive(Default)]
struct Stop;

impl Node for Stop {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        if cx.boolean(0)? { Ok(Next::Stop(cx.text(1)?.to_owned())) } else { Ok(Next::Done) }
    }
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn one_way_is_taken_and_the_others_are_cleared() {
        let mut branch = Rig::new("Branch", json!({"condition": true, "value": 7}));
        assert_eq!(branch.run(), Ok(json!({"then": 7})));
        assert_eq!(branch.set("condition", json!(false)).run(), Ok(json!({"else": 7})));

        let mut switch = Rig::new("Switch", json!({"value": "b", "cases": ["a", "b"]}));
        assert_eq!(switch.run(), Ok(json!({"index": 2, "case_2": "b"})));
        assert_eq!(switch.set("value", json!("z")).run(), Ok(json!({"index": 0, "default": "z"})));
        assert_eq!(switch.set("pass", json!([1])).run(), Ok(json!({"index": 0, "default": [1]})));
        assert_eq!(switch.unset("pass").run(), Ok(json!({"index": 0})));
    }

    #[test]
    fn numbers_of_both_kinds_are_equal_in_a_switch_only_where_they_are_written_alike() {
        let mut switch = Rig::new("Switch", json!({"value": 2, "cases": [1, 2, 3, 4]}));
        assert_eq!(switch.run(), Ok(json!({"index": 2, "case_2": 2})));
        assert_eq!(switch.set("value", json!({"a": 1})).run(), Ok(json!({"index": 0, "default": {"a": 1}})));
    }

    #[test]
    fn a_switch_with_too_many_cases_is_a_fault() {
        let mut switch = Rig::new("Switch", json!({"value": 2, "cases": [1, 2, 3, 4, 5]}));
        let text = "there are 5 cases; a switch has at most 4".to_owned();
        assert_eq!(switch.faults(), [(1, text.clone())]);
        assert_eq!(switch.run(), Err(text));
    }

    #[test]
    fn select_wants_only_what_it_takes() {
        let mut select = Rig::new("Select", json!({"condition": true, "a": "yes", "b": "no"}));
        for (condition, wanted, given) in [
            (json!(true), 1, json!({"value": "yes"})),
            (json!(false), 2, json!({"value": "no"})),
            (json!(0), 1, json!({"value": "yes"})),
            (json!(1), 2, json!({"value": "no"})),
            (json!(3), 4, json!({})),
        ] {
            select.set("condition", condition.clone());
            assert_eq!(select.wants(), Some(wanted), "{condition}");
            assert_eq!(select.run(), Ok(given), "{condition}");
        }
        for bad in [json!(4), json!(-1), json!("a"), json!(null), json!(0.5)] {
            select.set("condition", bad.clone());
            assert_eq!(select.wants(), None, "{bad}");
            assert!(select.run().is_err_and(|error| error.starts_with("the condition must be")), "{bad}");
        }
    }

    #[test]
    fn ways_are_joined_again() {
        let mut first = Rig::new("FirstOf", json!({"b": 2, "d": 4}));
        assert_eq!(first.run(), Ok(json!({"value": 2})));
        assert_eq!(first.set("a", json!(null)).run(), Ok(json!({"value": null})));
        assert_eq!(first.unset("a").unset("b").run(), Ok(json!({"value": 4})));
        assert_eq!(first.unset("d").run(), Ok(json!({})));
    }

    #[test]
    fn a_closed_gate_holds_the_last_value() {
        let mut gate = Rig::new("Gate", json!({"value": 1, "open": false}));
        assert_eq!(gate.run(), Ok(json!({})));
        assert_eq!(gate.set("open", json!(true)).run(), Ok(json!({"value": 1})));
        assert_eq!(gate.set("open", json!(false)).set("value", json!(2)).run(), Ok(json!({"value": 1})));
    }

    #[test]
    fn stop_stops_when_it_is_told_to() {
        let mut stop = Rig::new("Stop", json!({"when": false, "reason": "enough"}));
        assert_eq!((stop.run(), stop.stopped.take()), (Ok(json!({})), None));
        assert_eq!((stop.set("when", json!(true)).run(), stop.stopped.take()), (Ok(json!({})), Some("enough".into())));
    }
}
