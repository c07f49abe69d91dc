//! Comparison: which of two values is larger, whether there is one, and which one there is.

use std::cmp::Ordering;
use std::sync::Arc;

use super::maths::unknown_choice;
use super::order::{as_json, compare, equal};
use super::statistics::shown;
use super::{NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

const OPERATIONS: &[&str] = &["equal", "not_equal", "less", "less_or_equal", "greater", "greater_or_equal"];

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "comparison", description);
    vec![
        plain(
            class("Compare", "Compares two values: all can be equal, numbers and texts also less or greater.")
                .input(Input::new("operation", Type::Text, "What is asked.").one_of(OPERATIONS).or("equal"))
                .input(Input::new("a", Type::Json, "The first value."))
                .input(Input::new("b", Type::Json, "The second value."))
                .output(Output::new("result", Type::Boolean, "Whether it is so.")),
            |cx| {
                let result = holds(cx.text(0)?, cx.input(1), cx.input(2))?;
                cx.set(0, result);
                Ok(())
            },
        ),
        plain(
            class("InRange", "Says whether a number lies within a range; its ends belong to it.")
                .input(Input::new("value", Type::Number, "The number."))
                .input(Input::new("min", Type::Number, "Where the range begins.").or(0))
                .input(Input::new("max", Type::Number, "Where the range ends.").or(1))
                .output(Output::new("result", Type::Boolean, "Whether it lies within.")),
            |cx| {
                let (number, min, max) = (cx.number(0)?, cx.number(1)?, cx.number(2)?);
                cx.set(0, min <= number && number <= max);
                Ok(())
            },
        ),
        plain(
            class(
                "IsEmpty",
                "Says whether there is nothing in a value: null, a blank text, or a list or object of none.",
            )
            .input(Input::new("value", Type::Json, "The value; nothing where it has none.").optional())
            .output(Output::new("result", Type::Boolean, "Whether there is nothing.")),
            |cx| {
                let empty = is_empty(cx.input(0));
                cx.set(0, empty);
                Ok(())
            },
        ),
        plain(
            class("Coalesce", "Gives the first of its inputs that has a value other than null.")
                .input(Input::new("a", Type::Json, "What comes first.").optional().may_lack())
                .input(Input::new("b", Type::Json, "What comes next.").optional().may_lack())
                .input(Input::new("c", Type::Json, "What comes next.").optional().may_lack())
                .input(Input::new("d", Type::Json, "What comes last.").optional().may_lack())
                .output(Output::new("value", Type::Json, "The first that there is; none where there is none.")),
            |cx| {
                match (0..4).map(|input| cx.input(input)).find(|value| !value.is_null()).cloned() {
                    Some(value) => cx.set(0, value),
                    None => cx.clear(0),
                }
                Ok(())
            },
        ),
    ]
}

fn holds(operation: &str, a: &Value, b: &Value) -> Result<bool, NodeError> {
    let (a, b) = (as_json(a), as_json(b));
    let wanted: fn(Ordering) -> bool = match operation {
        "equal" => return Ok(equal(&a, &b)),
        "not_equal" => return Ok(!equal(&a, &b)),
        "less" => Ordering::is_lt,
        "less_or_equal" => Ordering::is_le,
        "greater" => Ordering::is_gt,
        "greater_or_equal" => Ordering::is_ge,
        unknown => return Err(unknown_choice(unknown, OPERATIONS)),
    };
    compare(&a, &b).map(wanted).ok_or_else(|| {
        let (a, b) = (shown(&a), shown(&b));
        format!("only two numbers or two texts have an order, not {a} and {b}").into()
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => false,
        Value::Text(text) => text.trim().is_empty(),
        Value::Json(_) => {
            value.as_list().is_some_and(<[_]>::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn values_compare() {
        let cases = [
            ("equal", json!(2), json!(2.0), true),
            ("equal", json!({"a": [1]}), json!({"a": [1.0]}), true),
            ("equal", json!("2"), json!(2), false),
            ("equal", json!(null), json!(null), true),
            ("not_equal", json!([1]), json!([2]), true),
            ("less", json!(1), json!(1.5), true),
            ("less", json!("a"), json!("b"), true),
            ("less_or_equal", json!(2.0), json!(2), true),
            ("greater", json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), true),
            ("greater_or_equal", json!("a"), json!("b"), false),
        ];
        for (operation, a, b, expected) in cases {
            let inputs = json!({"operation": operation, "a": a, "b": b});
            assert_eq!(Rig::new("Compare", inputs).run(), Ok(json!({"result": expected})), "{a} {operation} {b}");
        }
    }

    #[test]
    fn only_numbers_and_texts_have_an_order() {
        let cases = [(json!(1), json!("2"), "1 and \"2\""), (json!([1]), json!(true), "a list and true")];
        for (a, b, what) in cases {
            let inputs = json!({"operation": "less", "a": a, "b": b});
            let expected = format!("only two numbers or two texts have an order, not {what}");
            assert_eq!(Rig::new("Compare", inputs).run(), Err(expected));
        }
    }

    #[test]
    fn ranges_emptiness_and_what_there_is() {
        let cases = [
            ("InRange", json!({"value": 1}), json!({"result": true})),
            ("InRange", json!({"value": 1.1}), json!({"result": false})),
            ("IsEmpty", json!({}), json!({"result": true})),
            ("IsEmpty", json!({"value": " \n"}), json!({"result": true})),
            ("IsEmpty", json!({"value": []}), json!({"result": true})),
            ("IsEmpty", json!({"value": {}}), json!({"result": true})),
            ("IsEmpty", json!({"value": 0}), json!({"result": false})),
            ("Coalesce", json!({"b": null, "c": 3, "d": 4}), json!({"value": 3})),
            ("Coalesce", json!({"a": false, "b": 1}), json!({"value": false})),
            ("Coalesce", json!({}), json!({})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(expected), "{class} {inputs}");
        }
    }

    #[test]
    fn the_next_one_takes_the_place_of_a_way_that_is_not_taken() {
        let mut rig = Rig::new("Coalesce", json!({"a": 1, "b": 2}));
        assert_eq!(rig.run(), Ok(json!({"value": 1})));
        assert_eq!(rig.unset("a").run(), Ok(json!({"value": 2})));
        assert_eq!(rig.unset("b").run(), Ok(json!({})));
    }
}
