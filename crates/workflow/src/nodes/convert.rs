//! Text: values as texts and texts as values.

use std::sync::Arc;

use super::bounded::{Bounded, LARGEST_TEXT};
use super::order::as_json;
use super::statistics::shown;
use super::{NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;
use callboard_domain::json::{self, Unreadable};

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "text", description);
    vec![
        plain(
            class("ParseNumber", "Reads a number from a text.")
                .input(Input::new("text", Type::Text, "The text; blanks at its ends are ignored."))
                .output(Output::new("value", Type::Number, "The number.")),
            |cx| {
                let number = parse_number(cx.text(0)?)?;
                cx.set(0, number);
                Ok(())
            },
        ),
        plain(
            class("ToText", "Makes a text of any value: a text stays as it is, all else becomes JSON.")
                .input(Input::new("value", Type::Json, "The value."))
                .output(Output::new("text", Type::Text, "The text.")),
            |cx| {
                let text = cx.input(0).to_string();
                cx.set(0, text);
                Ok(())
            },
        ),
        plain(
            class("ParseJson", "Reads JSON from a text.")
                .input(Input::new("text", Type::Text, "The text.").multiline())
                .output(Output::new("json", Type::Json, "What it says.")),
            |cx| {
                let parsed = json::read(cx.text(0)?.as_bytes()).map_err(|error| match error {
                    Unreadable::Syntax(reason) => NodeError::new(format!("the text is no JSON: {reason}")),
                    Unreadable::Number(number) => NodeError::new(number.to_string()),
                    Unreadable::Deep(deep) => NodeError::new(deep.to_string()),
                })?;
                cx.set(0, parsed);
                Ok(())
            },
        ),
        plain(
            class("ToJson", "Writes any value as JSON.")
                .input(Input::new("json", Type::Json, "The value."))
                .input(Input::new("pretty", Type::Boolean, "Whether it is spread over lines.").or(false))
                .output(Output::new("text", Type::Text, "The JSON as a text.")),
            |cx| {
                let text = write_json(cx.input(0), cx.boolean(1)?)?;
                cx.set(0, text);
                Ok(())
            },
        ),
    ]
}

fn parse_number(text: &str) -> Result<Value, NodeError> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Value::Integer(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Ok(serde_json::Value::from(whole).into());
    }
    // Rust also reads "inf" and "nan", which are no numbers here.
    let number = text.parse::<f64>().ok().and_then(Value::number);
    let number = number.ok_or_else(|| NodeError::new(format!("{} is no number", shown(&text.into()))))?;
    if !json::is_kept(text) {
        return Err(format!("{} cannot be held exactly as a number", shown(&text.into())).into());
    }
    Ok(number)
}

fn write_json(value: &Value, pretty: bool) -> Result<String, NodeError> {
    let mut text = Bounded::default();
    let json = as_json(value);
    let written =
        if pretty { serde_json::to_writer_pretty(&mut text, &json) } else { serde_json::to_writer(&mut text, &json) };
    written.map_err(|_| NodeError::new(format!("the text becomes larger than {LARGEST_TEXT} bytes")))?;
    text.finish()
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use serde_json::json;

    #[test]
    fn values_become_texts_and_texts_values() {
        let cases = [
            ("ParseNumber", json!({"text": " 12 "}), json!({"value": 12})),
            ("ParseNumber", json!({"text": "-1.5e3"}), json!({"value": -1500.0})),
            ("ParseNumber", json!({"text": "18446744073709551615"}), json!({"value": u64::MAX})),
            ("ToText", json!({"value": "x"}), json!({"text": "x"})),
            ("ToText", json!({"value": {"a": [1, null]}}), json!({"text": "{\"a\":[1,null]}"})),
            ("ParseJson", json!({"text": "{\"a\": [1, 2.0]}"}), json!({"json": {"a": [1, 2.0]}})),
            ("ToJson", json!({"json": "x"}), json!({"text": "\"x\""})),
            ("ToJson", json!({"json": [1], "pretty": true}), json!({"text": "[\n  1\n]"})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(expected), "{class} {inputs}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let cases = [
            ("ParseNumber", "twelve", "\"twelve\" is no number"),
            ("ParseNumber", "inf", "\"inf\" is no number"),
            ("ParseNumber", "", "\"\" is no number"),
            ("ParseNumber", "18446744073709551616", "\"18446744073709551616\" cannot be held exactly as a number"),
            (
                "ParseJson",
                "[18446744073709551616]",
                "0: 18446744073709551616 cannot be held exactly: whole numbers have at most 64 bits; send it as a string",
            ),
            ("ParseJson", "[1,", "the text is no JSON: EOF while parsing a value at line 1 column 3"),
        ];
        for (class, text, expected) in cases {
            assert_eq!(Rig::new(class, json!({"text": text})).run(), Err(expected.to_owned()), "{class} {text}");
        }
    }

    #[test]
    fn indentation_cannot_fill_the_memory() {
        let deep = (0..120).fold(json!(vec![0; 80_000]), |inner, _| json!([inner]));
        let mut rig = Rig::new("ToJson", json!({"json": deep, "pretty": true}));
        assert_eq!(rig.run(), Err("the text becomes larger than 16777216 bytes".to_owned()));
    }
}
