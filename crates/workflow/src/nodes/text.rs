//! Text: what is made of texts, and of lists in the same way.

use std::sync::Arc;

use callboard_domain::json::text_of;
use serde_json::Value as Json;

use super::bounded::{Bounded, MOST_ITEMS};
use super::maths::unknown_choice;
use super::{Cx, NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

const CASES: &[&str] = &["upper", "lower", "title", "trim"];

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let text = || Output::new("text", Type::Text, "The text.");
    vec![
        plain(
            class("Concat", "Puts values one after the other as a text; those that are not given are left out.")
                .input(Input::new("a", Type::Json, "What comes first."))
                .input(Input::new("b", Type::Json, "What comes next.").optional().may_lack())
                .input(Input::new("c", Type::Json, "What comes next.").optional().may_lack())
                .input(Input::new("d", Type::Json, "What comes last.").optional().may_lack())
                .input(Input::new("separator", Type::Text, "What stands between them.").or(""))
                .output(text()),
            |cx| {
                let values: Vec<Value> = (0..4).filter(|at| cx.has(*at)).map(|at| cx.input(at).clone()).collect();
                let joined = join(values.iter().map(Value::to_string), cx.text(4)?)?;
                cx.set(0, joined);
                Ok(())
            },
        ),
        plain(
            class("Join", "Puts the items of a list one after the other as a text.")
                .input(Input::new("items", Type::List, "The items; those that are no texts stand as JSON."))
                .input(Input::new("separator", Type::Text, "What stands between them.").or(", "))
                .output(text()),
            |cx| {
                let joined = join(cx.list(0)?.iter().map(text_of), cx.text(1)?)?;
                cx.set(0, joined);
                Ok(())
            },
        ),
        plain(
            class("Split", "Cuts a text into a list of texts.")
                .input(Input::new("text", Type::Text, "The text."))
                .input(Input::new("separator", Type::Text, "Where it is cut; empty: at each character.").or(","))
                .input(Input::new("trim", Type::Boolean, "Whether blanks at both ends of the parts go.").or(false))
                .output(Output::new("parts", Type::List, "The parts.")),
            split,
        ),
        plain(
            class("Case", "Changes a text to capitals, to small letters, to words with a capital, or trims it.")
                .input(Input::new("text", Type::Text, "The text."))
                .input(Input::new("case", Type::Text, "What it becomes.").one_of(CASES).or("lower"))
                .output(text()),
            |cx| {
                let changed = change_case(cx.text(0)?, cx.text(1)?)?;
                cx.set(0, changed);
                Ok(())
            },
        ),
    ]
    .into_iter()
    .chain(lengths())
    .collect()
}

/// What counts and cuts texts and lists alike.
fn lengths() -> Vec<Arc<dyn NodeClass>> {
    vec![
        plain(
            class("Length", "Counts the characters of a text, the items of a list or the keys of an object.")
                .input(Input::new("value", Type::Json, "The text, the list or the object."))
                .output(Output::new("length", Type::Integer, "How many there are.")),
            |cx| {
                let length = length(cx.input(0))?;
                cx.set(0, i64::try_from(length).unwrap_or(i64::MAX));
                Ok(())
            },
        ),
        plain(
            class("Slice", "Takes a part of a text, by characters, or of a list, by items.")
                .input(Input::new("value", Type::Json, "The text or the list."))
                .input(Input::new("start", Type::Integer, "Where it begins; negative: from the end.").or(0))
                .input(Input::new("end", Type::Integer, "Where it ends, without it; else at the end.").optional())
                .output(Output::new("part", Type::Json, "The part; empty where the range is beyond the ends.")),
            slice,
        ),
    ]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "text", description)
}

fn join(texts: impl Iterator<Item = impl AsRef<str>>, separator: &str) -> Result<String, NodeError> {
    let mut joined = Bounded::default();
    for (at, text) in texts.enumerate() {
        if at > 0 {
            joined.push(separator)?;
        }
        joined.push(text.as_ref())?;
    }
    joined.finish()
}

fn split(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (text, separator, trim) = (cx.text(0)?, cx.text(1)?, cx.boolean(2)?);
    let part = |part: &str| Json::from(if trim { part.trim() } else { part });
    let count = if separator.is_empty() { text.chars().count() } else { text.matches(separator).count() + 1 };
    if count > MOST_ITEMS {
        return Err(format!("the text has more than {MOST_ITEMS} parts").into());
    }
    let parts: Vec<Json> = if separator.is_empty() {
        text.chars().map(|character| part(character.encode_utf8(&mut [0; 4]))).collect()
    } else {
        text.split(separator).map(part).collect()
    };
    cx.set(0, Json::from(parts));
    Ok(())
}

fn change_case(text: &str, case: &str) -> Result<String, NodeError> {
    match case {
        "upper" => Ok(text.to_uppercase()),
        "lower" => Ok(text.to_lowercase()),
        "trim" => Ok(text.trim().to_owned()),
        "title" => {
            let mut titled = String::with_capacity(text.len());
            let mut within = false;
            for character in text.chars() {
                if within {
                    titled.extend(character.to_lowercase());
                } else {
                    titled.extend(character.to_uppercase());
                }
                // An apostrophe stands within a word: "don't".
                within = character.is_alphanumeric() || (within && matches!(character, '\'' | '’'));
            }
            Ok(titled)
        }
        unknown => Err(unknown_choice(unknown, CASES)),
    }
}

fn length(value: &Value) -> Result<usize, NodeError> {
    let of_text = value.as_text().map(|text| text.chars().count());
    let of_list = || value.as_list().map(<[_]>::len);
    let of_object = || value.as_object().map(serde_json::Map::len);
    of_text.or_else(of_list).or_else(of_object).ok_or("only a text, a list or an object has a length".into())
}

fn slice(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let value = cx.input(0);
    let length = if value.as_object().is_some() { None } else { length(value).ok() };
    let length = length.ok_or(NodeError::new("only a text or a list has parts"))?;
    let start = place(cx.integer(1)?, length);
    let end = if cx.has(2) { place(cx.integer(2)?, length) } else { length };
    let count = end.saturating_sub(start);
    let part = match value.as_list() {
        Some(items) => Json::from(items.iter().skip(start).take(count).cloned().collect::<Vec<Json>>()),
        None => Json::from(cx.text(0)?.chars().skip(start).take(count).collect::<String>()),
    };
    cx.set(0, part);
    Ok(())
}

/// A place that may count from the end, as one from the beginning and within the length.
fn place(at: i64, length: usize) -> usize {
    let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    if at < 0 { length.saturating_sub(from_end) } else { from_end.min(length) }
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn texts_are_put_together_and_cut() {
        let cases = [
            ("Concat", json!({"a": "x", "b": 1, "d": [2], "separator": "-"}), json!({"text": "x-1-[2]"})),
            ("Concat", json!({"a": null}), json!({"text": "null"})),
            ("Join", json!({"items": ["a", 1, null]}), json!({"text": "a, 1, null"})),
            ("Join", json!({"items": []}), json!({"text": ""})),
            ("Split", json!({"text": "a, b,"}), json!({"parts": ["a", " b", ""]})),
            ("Split", json!({"text": "a, b,", "trim": true}), json!({"parts": ["a", "b", ""]})),
            ("Split", json!({"text": "äö", "separator": ""}), json!({"parts": ["ä", "ö"]})),
            ("Case", json!({"text": "Größe", "case": "upper"}), json!({"text": "GRÖSSE"})),
            ("Case", json!({"text": "ABC"}), json!({"text": "abc"})),
            ("Case", json!({"text": "don't stop-now", "case": "title"}), json!({"text": "Don't Stop-Now"})),
            ("Case", json!({"text": "\t x ", "case": "trim"}), json!({"text": "x"})),
            ("Length", json!({"value": "äö"}), json!({"length": 2})),
            ("Length", json!({"value": [1, 2, 3]}), json!({"length": 3})),
            ("Length", json!({"value": {"a": 1}}), json!({"length": 1})),
            ("Slice", json!({"value": "häuser", "start": 1, "end": 3}), json!({"part": "äu"})),
            ("Slice", json!({"value": "häuser", "start": -3}), json!({"part": "ser"})),
            ("Slice", json!({"value": [1, 2, 3], "end": -1}), json!({"part": [1, 2]})),
            ("Slice", json!({"value": [1, 2, 3], "start": 9}), json!({"part": []})),
            ("Slice", json!({"value": "abc", "start": 2, "end": 1}), json!({"part": ""})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(expected), "{class} {inputs}");
        }
    }

    #[test]
    fn what_has_no_length_is_refused() {
        let cases = [
            ("Length", json!({"value": 5}), "only a text, a list or an object has a length"),
            ("Slice", json!({"value": {"a": 1}}), "only a text or a list has parts"),
            ("Case", json!({"text": "a", "case": "odd"}), "\"odd\" is none of upper, lower, title, trim"),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs).run(), Err(expected.to_owned()), "{class}");
        }
    }

    #[test]
    fn a_joined_text_has_a_limit() {
        let items = vec!["x"; 1_000];
        let mut rig = Rig::new("Join", json!({"items": items, "separator": "y".repeat(100_000)}));
        assert_eq!(rig.run(), Err("the text becomes larger than 16777216 bytes".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_split_joins_again(text in ".{0,40}", separator in "[,; a]{1,2}") {
            let inputs = json!({"text": text, "separator": separator});
            let parts = Rig::new("Split", inputs).run().unwrap()["parts"].take();
            let joined = Rig::new("Join", json!({"items": parts, "separator": separator})).run().unwrap();
            prop_assert_eq!(joined, json!({"text": text}));
        }

        #[test]
        fn a_text_falls_into_two_slices(text in ".{0,20}", at in any::<i64>(), small in -30..30i64) {
            for at in [at, small] {
                let slice = |inputs| Rig::new("Slice", inputs).run().unwrap()["part"].as_str().unwrap().to_owned();
                let (head, tail) = (slice(json!({"value": text, "end": at})), slice(json!({"value": text, "start": at})));
                prop_assert_eq!(format!("{head}{tail}"), text.clone());
            }
        }
    }
}
