//! Logic: yes and no.

use std::sync::Arc;

use serde_json::Value as Json;

use super::maths::unknown_choice;
use super::statistics::shown;
use super::{NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};

const OPERATIONS: &[&str] = &["and", "or", "xor", "nand", "nor"];

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| {
        Spec::new(name, "logic", description).output(Output::new("result", Type::Boolean, "Whether it is so."))
    };
    vec![
        plain(
            class("Logic", "Joins two conditions to one.")
                .input(Input::new("operation", Type::Text, "How they are joined.").one_of(OPERATIONS).or("and"))
                .input(Input::new("a", Type::Boolean, "The first condition."))
                .input(Input::new("b", Type::Boolean, "The second condition.")),
            |cx| {
                let result = join(cx.text(0)?, cx.boolean(1)?, cx.boolean(2)?)?;
                cx.set(0, result);
                Ok(())
            },
        ),
        plain(
            class("Not", "Turns yes into no and no into yes.").input(Input::new("value", Type::Boolean, "Yes or no.")),
            |cx| {
                let value = cx.boolean(0)?;
                cx.set(0, !value);
                Ok(())
            },
        ),
        plain(
            class("All", "Says whether every item of a list is true; so it is where there is none.").input(Input::new(
                "values",
                Type::List,
                "A list of true and false.",
            )),
            |cx| {
                let result = conditions(cx.list(0)?)?.into_iter().all(|holds| holds);
                cx.set(0, result);
                Ok(())
            },
        ),
        plain(
            class("Any", "Says whether at least one item of a list is true.").input(Input::new(
                "values",
                Type::List,
                "A list of true and false.",
            )),
            |cx| {
                let result = conditions(cx.list(0)?)?.into_iter().any(|holds| holds);
                cx.set(0, result);
                Ok(())
            },
        ),
    ]
}

fn join(operation: &str, a: bool, b: bool) -> Result<bool, NodeError> {
    match operation {
        "and" => Ok(a && b),
        "or" => Ok(a || b),
        "xor" => Ok(a != b),
        "nand" => Ok(!(a && b)),
        "nor" => Ok(!(a || b)),
        unknown => Err(unknown_choice(unknown, OPERATIONS)),
    }
}

fn conditions(items: &[Json]) -> Result<Vec<bool>, NodeError> {
    let condition = |(at, item): (usize, &Json)| {
        let wrong = || NodeError::new(format!("item {at} of the list is neither true nor false: {}", shown(item)));
        item.as_bool().ok_or_else(wrong)
    };
    items.iter().enumerate().map(condition).collect()
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn the_truth_tables() {
        let cases = [
            ("and", [false, false, false, true]),
            ("or", [false, true, true, true]),
            ("xor", [false, true, true, false]),
            ("nand", [true, true, true, false]),
            ("nor", [true, false, false, false]),
        ];
        for (operation, expected) in cases {
            for (at, expected) in expected.into_iter().enumerate() {
                let inputs = json!({"operation": operation, "a": at & 2 != 0, "b": at & 1 != 0});
                assert_eq!(Rig::new("Logic", inputs.clone()).run(), Ok(json!({"result": expected})), "{inputs}");
            }
        }
    }

    #[test]
    fn one_and_many_conditions() {
        let cases = [
            ("Not", json!({"value": true}), false),
            ("All", json!({"values": []}), true),
            ("All", json!({"values": [true, false]}), false),
            ("Any", json!({"values": []}), false),
            ("Any", json!({"values": [true, false]}), true),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(json!({"result": expected})), "{class} {inputs}");
        }
    }

    #[test]
    fn what_is_no_condition_is_named() {
        for class in ["All", "Any"] {
            let mut rig = Rig::new(class, json!({"values": [true, 1]}));
            assert_eq!(rig.run(), Err("item 1 of the list is neither true nor false: 1".to_owned()));
        }
        assert_eq!(Rig::new("Not", json!({"value": 1})).run(), Err("true or false is missing".to_owned()));
    }
}
