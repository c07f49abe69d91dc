//! Inputs: what people set and turn while a workflow is live.

use std::sync::Arc;

use super::{checked, plain};
use crate::node::{Given, NodeClass, Spec};
use crate::port::{Input, Output, Type};

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "inputs", description);
    let same = |cx: &mut super::Cx<'_>| {
        let value = cx.input(0).clone();
        cx.set(0, value);
        Ok(())
    };
    vec![
        plain(
            class("TextInput", "A text that people can change.")
                .input(Input::new("text", Type::Text, "The text.").or("").multiline())
                .output(Output::new("text", Type::Text, "The text.")),
            same,
        ),
        plain(
            class("NumberInput", "A number that people can change.")
                .input(Input::new("value", Type::Number, "The number.").or(0))
                .output(Output::new("value", Type::Number, "The number.")),
            same,
        ),
        plain(
            class("IntegerInput", "A whole number that people can change.")
                .input(Input::new("value", Type::Integer, "The number.").or(0))
                .output(Output::new("value", Type::Integer, "The number.")),
            |cx| {
                let value = cx.integer(0)?;
                cx.set(0, value);
                Ok(())
            },
        ),
        plain(
            class("BooleanInput", "A switch that people can turn.")
                .input(Input::new("value", Type::Boolean, "Yes or no.").or(false))
                .output(Output::new("value", Type::Boolean, "Yes or no.")),
            same,
        ),
        checked(
            class("SelectInput", "One of several options that people choose from.")
                .input(Input::new("value", Type::Json, "The option that is chosen."))
                .input(Input::new("options", Type::List, "The options."))
                .output(Output::new("value", Type::Json, "The option that is chosen.")),
            not_an_option,
            |cx| {
                let chosen = cx.input(0).clone();
                if !cx.list(1)?.contains(&chosen.to_json()) {
                    return Err(format!("{chosen} is none of the options").into());
                }
                cx.set(0, chosen);
                Ok(())
            },
        ),
        plain(
            class("JsonInput", "Any JSON that people can change.")
                .input(Input::new("json", Type::Json, "The JSON.").code())
                .output(Output::new("json", Type::Json, "The JSON.")),
            same,
        ),
    ]
}

fn not_an_option(given: &Given<'_>) -> Vec<(usize, String)> {
    let (Some(chosen), Some(options)) = (given.constant(0), given.constant(1)) else { return Vec::new() };
    if options.as_list().is_some_and(|options| options.contains(&chosen.to_json())) {
        return Vec::new();
    }
    vec![(0, format!("{chosen} is none of the options"))]
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn an_input_gives_what_it_is_set_to() {
        let cases = [
            ("TextInput", json!({"text": "x"}), json!({"text": "x"})),
            ("NumberInput", json!({"value": 2.5}), json!({"value": 2.5})),
            ("NumberInput", json!({}), json!({"value": 0})),
            ("IntegerInput", json!({"value": 2.0}), json!({"value": 2})),
            ("BooleanInput", json!({"value": true}), json!({"value": true})),
            ("SelectInput", json!({"value": "a", "options": ["a", "b"]}), json!({"value": "a"})),
            ("JsonInput", json!({"json": {"a": [1]}}), json!({"json": {"a": [1]}})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs).run(), Ok(expected), "{class}");
        }
    }

    #[test]
    fn only_an_option_can_be_chosen() {
        let mut rig = Rig::new("SelectInput", json!({"value": "c", "options": ["a", "b"]}));
        assert_eq!(rig.faults(), [(0, "c is none of the options".to_owned())]);
        assert_eq!(rig.run(), Err("c is none of the options".to_owned()));
    }
}
