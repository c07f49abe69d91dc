//! One chunk of a reply, read leniently: servers leave out, repeat and rename what the standard wants.

use serde_json::{Map, Value};

use crate::usage::Usage;

/// What a chunk, or a whole reply that was not streamed, brings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chunk {
    /// More of the text.
    pub(crate) text: String,
    /// More of the reasoning.
    pub(crate) reasoning: String,
    /// More of calls.
    pub(crate) calls: Vec<CallPart>,
    /// What was used so far.
    pub(crate) usage: Option<Usage>,
    /// Why the reply ends here, in the server's own words.
    pub(crate) finish_reason: Option<String>,
    /// The model that answers.
    pub(crate) model: Option<String>,
}

/// A part of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallPart {
    pub(crate) index: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<ArgumentsPart>,
}

/// A part of a call's arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ArgumentsPart {
    /// More of their text.
    Text(String),
    /// All of them, as an object.
    Whole(Map<String, Value>),
}

/// Reads a chunk, or the error that the server sends in place of one.
pub(crate) fn read(value: &Value) -> Result<Chunk, Value> {
    if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
        return Err(error.clone());
    }
    if value.get("object").and_then(Value::as_str) == Some("error") {
        return Err(value.clone());
    }
    let mut chunk =
        Chunk { usage: value.get("usage").and_then(Usage::of), model: word(value.get("model")), ..Chunk::default() };
    // One choice is asked for; where there are none, the chunk brings usage, or nothing.
    let Some(choice) = value.get("choices").and_then(Value::as_array).and_then(|choices| choices.first()) else {
        return Ok(chunk);
    };
    chunk.finish_reason = word(choice.get("finish_reason"));
    let Some(delta) = ["delta", "message"].iter().find_map(|name| choice.get(*name).filter(|it| it.is_object())) else {
        return Ok(chunk);
    };
    chunk.text = text(delta.get("content"));
    chunk.reasoning = ["reasoning_content", "reasoning", "thinking"]
        .iter()
        .map(|name| text(delta.get(*name)))
        .find(|it| !it.is_empty())
        .unwrap_or_default();
    if let Some(calls) = delta.get("tool_calls").and_then(Value::as_array) {
        chunk.calls = calls.iter().map(call).collect();
    } else if let Some(function) = delta.get("function_call").filter(|function| function.is_object()) {
        // As it was before there were tools.
        chunk.calls = vec![CallPart { index: Some(0), ..of_function(function) }];
    }
    Ok(chunk)
}

fn call(value: &Value) -> CallPart {
    let function = value.get("function").filter(|function| function.is_object()).unwrap_or(value);
    CallPart { index: value.get("index").and_then(Value::as_u64), id: word(value.get("id")), ..of_function(function) }
}

fn of_function(function: &Value) -> CallPart {
    let arguments = match function.get("arguments") {
        Some(Value::String(text)) => Some(ArgumentsPart::Text(text.clone())),
        Some(Value::Object(map)) => Some(ArgumentsPart::Whole(map.clone())),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => None,
    };
    CallPart { name: word(function.get("name")), arguments, ..CallPart::default() }
}

/// A text that is there and not empty.
fn word(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text, or a list of parts of one.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn delta(delta: Value) -> Chunk {
        read(&json!({"choices": [{"delta": delta}]})).unwrap()
    }

    #[test]
    fn text_is_found_in_all_its_forms() {
        assert_eq!(delta(json!({"content": "a"})).text, "a");
        assert_eq!(delta(json!({"content": [{"type": "text", "text": "a"}, {"text": "b"}, {"image": 1}]})).text, "ab");
        assert_eq!(delta(json!({"content": null, "reasoning_content": "r"})).reasoning, "r");
        assert_eq!(delta(json!({"reasoning": "r", "thinking": ""})).reasoning, "r");
        let whole = read(&json!({"choices": [{"message": {"content": "a"}, "finish_reason": "eos"}]})).unwrap();
        assert_eq!((whole.text.as_str(), whole.finish_reason.as_deref()), ("a", Some("eos")));
    }

    #[test]
    fn a_chunk_without_choices_or_delta_brings_what_else_it_has() {
        for value in [
            json!({}),
            json!({"choices": []}),
            json!({"choices": [{}]}),
            json!({"choices": [{"delta": null}]}),
            json!([1]),
            json!(7),
        ] {
            assert_eq!(read(&value).unwrap(), Chunk::default(), "{value}");
        }
        let usage = read(&json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})).unwrap().usage;
        assert_eq!(usage.unwrap().total(), 3);
    }

    #[test]
    fn calls_are_read_in_all_their_forms() {
        let calls = |value: Value| delta(value).calls;
        let part = calls(json!({"tool_calls": [{"index": 1, "id": "c", "function": {"name": "n", "arguments": "{"}}]}));
        assert_eq!(part[0].index, Some(1));
        assert_eq!(part[0].arguments, Some(ArgumentsPart::Text("{".into())));
        let whole = calls(json!({"tool_calls": [{"function": {"name": "n", "arguments": {"a": 1}}}]}));
        assert!(matches!(whole[0].arguments, Some(ArgumentsPart::Whole(_))));
        let flat = calls(json!({"tool_calls": [{"name": "n", "arguments": ""}]}));
        assert_eq!(flat[0].name.as_deref(), Some("n"));
        let old = calls(json!({"function_call": {"name": "n"}}));
        assert_eq!((old[0].index, old[0].name.as_deref()), (Some(0), Some("n")));
        assert_eq!(calls(json!({"tool_calls": null})), []);
    }

    #[test]
    fn an_error_in_place_of_a_chunk_is_one() {
        assert_eq!(read(&json!({"error": "gone"})), Err(json!("gone")));
        assert_eq!(read(&json!({"error": {"message": "gone"}})), Err(json!({"message": "gone"})));
        let bare = json!({"object": "error", "message": "gone"});
        assert_eq!(read(&bare), Err(bare.clone()));
        assert!(read(&json!({"error": null})).is_ok());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let name = prop::sample::select(vec![
            "choices",
            "delta",
            "message",
            "content",
            "tool_calls",
            "function",
            "arguments",
            "name",
            "id",
            "index",
            "usage",
            "error",
            "reasoning",
            "finish_reason",
            "text",
            "prompt_tokens",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z{\"}]{0,4}".prop_map(Value::from)
        ];
        leaf.prop_recursive(6, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..5).prop_map(|pairs| Value::Object(
                    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_a_chunk_never_panics(value in any_json()) {
            drop(read(&value));
        }
    }
}
