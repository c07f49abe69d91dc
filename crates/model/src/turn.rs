//! Puts a reply together from its chunks.

use std::collections::HashSet;

use callboard_domain::agent_entry::TurnWarning;
use callboard_domain::nesting;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chunk::{ArgumentsPart, CallPart, Chunk};
use crate::request::{Arguments, ToolCall};
use crate::usage::Usage;

/// Most calls in one reply; what comes beyond is left out.
const MOST_CALLS: usize = 128;
/// How deep an argument of a call may nest, so that it can stand within entries and requests.
const DEEPEST_ARGUMENT: usize = 64;
/// What reasoning stands between, where a server does not separate it from the text.
const THINKING: (&str, &str) = ("<think>", "</think>");
/// How servers say that a reply ended because it may not be longer.
const LENGTH: [&str; 5] = ["length", "max_tokens", "max_length", "model_length", "max_output_tokens"];

/// A whole reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What the model says.
    pub text: String,
    /// What it thought before; to be shown, and never sent back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// What it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// What was asked for by a schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why it ended, in the server's own words; whether tools are called is to be read from `calls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// The tokens of the whole call.
    pub usage: Usage,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// In which try the reply came, from 1.
    pub tries: u32,
    /// What the operator should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<TurnWarning>,
}

impl Turn {
    /// Whether the server ended it because it may not be longer.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.warnings.contains(&TurnWarning::Length)
    }
}

/// An answer that was asked for by a schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It fits the schema.
    Fits(Value),
    /// It does not, for these reasons.
    Unfit(Vec<String>),
}

/// A reply that is being received.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    text: String,
    reasoning: String,
    calls: Vec<Slot>,
    usage: Option<Usage>,
    finish_reason: Option<String>,
    model: Option<String>,
    thinking: Thinking,
}

/// Where the text of a model stands that thinks aloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thinking {
    /// Nothing but blanks, or a part of the opening tag, has come.
    #[default]
    Undecided,
    /// The opening tag has come.
    Inside,
    /// It does not think aloud, or no longer.
    Outside,
}

/// A call that is being received.
#[derive(Debug, Default)]
struct Slot {
    index: Option<u64>,
    id: Option<String>,
    name: String,
    text: String,
    whole: Option<Map<String, Value>>,
}

/// What a chunk adds to what is shown while the reply comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) reasoning: String,
}

impl Assembler {
    /// Takes a chunk in.
    pub(crate) fn add(&mut self, chunk: Chunk) -> Shown {
        let mut shown = Shown { reasoning: chunk.reasoning, ..Shown::default() };
        self.think(chunk.text, &mut shown);
        self.text.push_str(&shown.text);
        self.reasoning.push_str(&shown.reasoning);
        for part in chunk.calls {
            self.call(part);
        }
        // The last ones count: some servers report usage in each chunk.
        self.usage = chunk.usage.or(self.usage);
        self.finish_reason = chunk.finish_reason.or(self.finish_reason.take());
        self.model = self.model.take().or(chunk.model);
        shown
    }

    /// Separates reasoning between tags from the text; what may be the beginning of a tag waits.
    fn think(&mut self, more: String, shown: &mut Shown) {
        let (open, close) = THINKING;
        match self.thinking {
            Thinking::Outside => shown.text.push_str(&more),
            Thinking::Undecided => {
                // Nothing of it has been shown so far: it is kept in `text` until it is clear what it is.
                let so_far = std::mem::take(&mut self.text) + &more;
                let start = so_far.trim_start();
                if let Some(inside) = start.strip_prefix(open) {
                    self.thinking = Thinking::Inside;
                    self.think(inside.to_owned(), shown);
                } else if open.starts_with(start) {
                    self.text = so_far;
                } else {
                    self.thinking = Thinking::Outside;
                    shown.text.push_str(&so_far);
                }
            }
            Thinking::Inside => {
                // The end of the reasoning so far may be the beginning of the closing tag; that is at most shown too
                // early.
                let joined = format!("{}{more}", tail(&self.reasoning, close.len() - 1));
                match joined.find(close) {
                    None => shown.reasoning.push_str(&more),
                    Some(at) => {
                        self.thinking = Thinking::Outside;
                        let known = joined.len() - more.len();
                        let text = joined.get(at + close.len()..).unwrap_or_default().trim_start().to_owned();
                        if at >= known {
                            shown.reasoning.push_str(joined.get(known..at).unwrap_or_default());
                        } else {
                            // A part of the tag came before.
                            let keep = self.reasoning.len() - (known - at);
                            self.reasoning.truncate(keep);
                        }
                        shown.text.push_str(&text);
                    }
                }
            }
        }
    }

    /// Puts a part of a call where it belongs: by its id, else by its index, else behind the last one.
    fn call(&mut self, part: CallPart) {
        let Some(at) = self.slot_of(&part) else { return };
        let Some(slot) = self.calls.get_mut(at) else { return };
        slot.index = slot.index.or(part.index);
        slot.id = slot.id.take().or(part.id);
        match part.name {
            // Some repeat it in every part.
            Some(name) if slot.name != name => slot.name.push_str(&name),
            Some(_) | None => {}
        }
        match part.arguments {
            Some(ArgumentsPart::Text(text)) => slot.text.push_str(&text),
            Some(ArgumentsPart::Whole(map)) => slot.whole = Some(map),
            None => {}
        }
    }

    /// The slot of a part, which is made where there is none; nothing where there are too many.
    fn slot_of(&mut self, part: &CallPart) -> Option<usize> {
        let last_with_index = || self.calls.iter().rposition(|slot| part.index.is_some() && slot.index == part.index);
        let found = match &part.id {
            Some(id) => {
                // Some give all calls the same id.
                let is_same = |slot: &Slot| {
                    let differs = matches!((slot.index, part.index), (Some(one), Some(other)) if one != other);
                    slot.id.as_ref() == Some(id) && !differs
                };
                self.calls.iter().position(is_same).or_else(|| {
                    // The slot of this index, unless that is another call's: some give all calls the same index, others give
                    // each part of a call an id of its own.
                    let goes_on = |slot: &Slot| slot.id.is_none() || part.name.is_none();
                    last_with_index().filter(|at| self.calls.get(*at).is_some_and(goes_on))
                })
            }
            None if part.index.is_some() => last_with_index(),
            None => {
                let last = self.calls.len().checked_sub(1);
                // A name behind arguments that are complete begins another call.
                last.filter(|at| part.name.is_none() || self.calls.get(*at).is_none_or(|slot| !slot.is_complete()))
            }
        };
        if found.is_some() {
            return found;
        }
        if self.calls.len() >= MOST_CALLS {
            return None;
        }
        self.calls.push(Slot::default());
        Some(self.calls.len() - 1)
    }

    /// Whether the server has said that the reply ends.
    pub(crate) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Whether anything has come of the reply.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty()
    }

    /// The reply, with a guess at its tokens where the server has not said.
    pub(crate) fn end(self, guess: impl FnOnce(&str) -> Usage) -> Turn {
        let is_cut = self.finish_reason.as_ref().is_some_and(|reason| {
            let reason = reason.to_ascii_lowercase();
            LENGTH.contains(&reason.as_str())
        });
        let slots = self.calls.into_iter().enumerate();
        let mut calls: Vec<ToolCall> = slots.filter_map(|(at, slot)| slot.end(at, is_cut)).collect();
        tell_apart(&mut calls);
        let usage = self.usage.unwrap_or_else(|| {
            let calls: String = calls.iter().map(|call| call.name.clone() + &call.arguments.to_text()).collect();
            guess(&[self.text.as_str(), &self.reasoning, &calls].concat())
        });
        Turn {
            text: self.text,
            reasoning: self.reasoning,
            calls,
            answer: None,
            finish_reason: self.finish_reason,
            usage,
            model: self.model,
            tries: 1,
            warnings: if is_cut { vec![TurnWarning::Length] } else { Vec::new() },
        }
    }
}

impl Slot {
    fn is_complete(&self) -> bool {
        self.whole.is_some() || serde_json::from_str::<Map<String, Value>>(&self.text).is_ok()
    }

    /// The call; nothing where it has no name. Of a reply that was cut off, arguments that have not come are not taken for
    /// none.
    fn end(self, at: usize, is_cut: bool) -> Option<ToolCall> {
        if self.name.is_empty() {
            return None;
        }
        let arguments = match self.whole {
            Some(map) => Arguments::Valid(map),
            None if is_cut && self.text.trim().is_empty() => Arguments::Invalid(self.text),
            None => arguments(self.text),
        };
        let arguments = match arguments {
            Arguments::Valid(map) if !map.values().all(|value| nesting::fits(value, DEEPEST_ARGUMENT)) => {
                Arguments::Invalid(Value::Object(map).to_string())
            }
            fitting @ (Arguments::Valid(_) | Arguments::Invalid(_)) => fitting,
        };
        Some(ToolCall { id: self.id.unwrap_or_else(|| format!("call_{at}")), name: self.name, arguments })
    }
}

/// Gives a call an id of its own whose id is that of an earlier one.
fn tell_apart(calls: &mut [ToolCall]) {
    let mut known = HashSet::new();
    for (at, call) in calls.iter_mut().enumerate() {
        if !known.insert(call.id.clone()) {
            call.id = format!("{}_{at}", call.id);
            known.insert(call.id.clone());
        }
    }
}

/// The object that a text is; also where it was written as a text within JSON.
fn arguments(text: String) -> Arguments {
    if text.trim().is_empty() {
        return Arguments::Valid(Map::new());
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(map)) => Arguments::Valid(map),
        Ok(Value::String(inner)) => match serde_json::from_str(&inner) {
            Ok(map) => Arguments::Valid(map),
            Err(_) => Arguments::Invalid(text),
        },
        Ok(Value::Null) => Arguments::Valid(Map::new()),
        Ok(Value::Bool(_) | Value::Number(_) | Value::Array(_)) | Err(_) => Arguments::Invalid(text),
    }
}

/// The last bytes of a text, at most so many.
fn tail(text: &str, most: usize) -> &str {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::chunk;

    fn assemble(deltas: &[Value]) -> (Turn, Vec<Shown>) {
        let mut assembler = Assembler::default();
        let shown =
            deltas.iter().map(|delta| assembler.add(chunk::read(&json!({"choices": [{"delta": delta}]})).unwrap()));
        let shown = shown.collect();
        (assembler.end(|_| Usage { estimated: true, ..Usage::default() }), shown)
    }

    fn calls(parts: &[Value]) -> Vec<(String, String, String)> {
        let deltas: Vec<Value> = parts.iter().map(|part| json!({"tool_calls": [part]})).collect();
        let calls = assemble(&deltas).0.calls.into_iter();
        calls
            .map(|call| {
                let arguments = match call.arguments {
                    Arguments::Valid(map) => Value::Object(map).to_string(),
                    Arguments::Invalid(text) => format!("invalid: {text}"),
                };
                (call.id, call.name, arguments)
            })
            .collect()
    }

    fn expected(calls: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        calls.iter().map(|(id, name, text)| ((*id).into(), (*name).into(), (*text).into())).collect()
    }

    #[test]
    fn parts_of_calls_find_their_call() {
        let f = |name: Option<&str>, arguments: &str| json!({"name": name, "arguments": arguments});
        let standard = [
            json!({"index": 0, "id": "a", "function": f(Some("x"), "")}),
            json!({"index": 0, "function": f(None, "{\"p\"")}),
            json!({"index": 1, "id": "b", "function": f(Some("y"), "{}")}),
            json!({"index": 0, "function": f(None, ":1}")}),
        ];
        assert_eq!(calls(&standard), expected(&[("a", "x", "{\"p\":1}"), ("b", "y", "{}")]));
        // No index; the name again in each part.
        let repeated = [
            json!({"id": "a", "function": f(Some("x"), "{\"p\"")}),
            json!({"function": f(Some("x"), ":1}")}),
            json!({"id": "b", "function": f(Some("x"), "{}")}),
        ];
        assert_eq!(calls(&repeated), expected(&[("a", "x", "{\"p\":1}"), ("b", "x", "{}")]));
        // All with the same index.
        let mangled = [
            json!({"index": 0, "id": "a", "function": f(Some("x"), "{\"p\":1}")}),
            json!({"index": 0, "id": "b", "function": f(Some("y"), "{\"q\"")}),
            json!({"index": 0, "function": f(None, ":2}")}),
        ];
        assert_eq!(calls(&mangled), expected(&[("a", "x", "{\"p\":1}"), ("b", "y", "{\"q\":2}")]));
        // All with the same id.
        let twins = [
            json!({"index": 0, "id": "a", "function": f(Some("x"), "{\"p\":1}")}),
            json!({"index": 1, "id": "a", "function": f(Some("y"), "{}")}),
        ];
        assert_eq!(calls(&twins), expected(&[("a", "x", "{\"p\":1}"), ("a_1", "y", "{}")]));
        // Another id in each part of one call.
        let renamed = [
            json!({"index": 0, "id": "a", "function": f(Some("x"), "{\"p\"")}),
            json!({"index": 0, "id": "b", "function": f(None, ":1}")}),
        ];
        assert_eq!(calls(&renamed), expected(&[("a", "x", "{\"p\":1}")]));
        // Neither index nor id.
        let bare = [json!({"function": f(Some("x"), "{}")}), json!({"function": f(Some("x"), "{}")})];
        assert_eq!(calls(&bare), expected(&[("call_0", "x", "{}"), ("call_1", "x", "{}")]));
        assert_eq!(calls(&[json!({"function": f(None, "{}")})]), []);
    }

    #[test]
    fn arguments_are_an_object_or_invalid() {
        let cases = [
            ("", "{}"),
            ("{\"a\":1}", "{\"a\":1}"),
            ("\"{\\\"a\\\":1}\"", "{\"a\":1}"),
            ("null", "{}"),
            ("[1]", "invalid: [1]"),
            ("{\"a\"", "invalid: {\"a\""),
        ];
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        let (kept, refused) = (deep(64), deep(65));
        let invalid = format!("invalid: {refused}");
        let cases = cases.into_iter().chain([(&*kept, &*kept), (&refused, &invalid)]);
        for (text, wanted) in cases {
            let found = calls(&[json!({"id": "a", "function": {"name": "x", "arguments": text}})]);
            assert_eq!(found, expected(&[("a", "x", wanted)]), "{text}");
        }
    }

    #[test]
    fn a_call_that_was_cut_off_is_not_taken_for_one_without_arguments() {
        let ended = |text: &str, reason: &str| {
            let mut assembler = Assembler::default();
            let call = json!({"index": 0, "id": "a", "function": {"name": "x", "arguments": text}});
            let chunk = json!({"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": reason}]});
            assembler.add(chunk::read(&chunk).unwrap());
            let turn = assembler.end(|_| Usage::default());
            (turn.is_cut(), matches!(turn.calls[0].arguments, Arguments::Valid(_)))
        };
        for reason in ["length", "MAX_TOKENS", "model_length"] {
            assert_eq!(ended("", reason), (true, false), "{reason}");
            assert_eq!(ended("{\"a\": \"b", reason), (true, false), "{reason}");
            assert_eq!(ended("{\"a\": 1}", reason), (true, true), "one that is whole is made");
        }
        assert_eq!(ended("", "tool_calls"), (false, true));
    }

    #[test]
    fn the_last_usage_counts_and_a_missing_one_is_guessed() {
        let mut assembler = Assembler::default();
        for tokens in [1, 2] {
            let chunk = json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": tokens}});
            assembler.add(chunk::read(&chunk).unwrap());
        }
        assert_eq!(assembler.end(|_| Usage::default()).usage.completion_tokens, 2);
        assert!(assemble(&[json!({"content": "a"})]).0.usage.estimated);
    }

    #[test]
    fn there_are_no_more_calls_than_fit() {
        let many: Vec<Value> =
            (0..1000).map(|at| json!({"index": at, "id": format!("{at}"), "function": {"name": "x"}})).collect();
        assert_eq!(calls(&many).len(), MOST_CALLS);
    }

    proptest! {
        #[test]
        fn thinking_aloud_is_told_apart_wherever_the_text_is_cut(
            thought in "[a-z <>/]{0,12}", said in "[A-Z]{0,8}", lead in "[ \n]{0,2}", sizes in prop::collection::vec(1_usize..6, 1..20),
        ) {
            prop_assume!(!thought.contains("</think>"));
            let whole = format!("{lead}<think>{thought}</think>\n{said}");
            let mut deltas = Vec::new();
            let mut rest = whole.as_str();
            for size in sizes.iter().cycle() {
                let (now, later) = rest.split_at((*size).min(rest.len()));
                deltas.push(json!({"content": now}));
                rest = later;
                if rest.is_empty() { break }
            }
            let (turn, shown) = assemble(&deltas);
            prop_assert_eq!((turn.reasoning.as_str(), turn.text.trim_start()), (thought.as_str(), said.as_str()));
            let text: String = shown.into_iter().map(|shown| shown.text).collect();
            prop_assert_eq!(text.trim_start(), said.as_str());
        }

        #[test]
        fn plain_text_is_shown_as_it_is(text in "[ <thinka-z>]{0,30}", size in 1_usize..9) {
            prop_assume!(!text.trim_start().starts_with("<think>"));
            let letters: Vec<char> = text.chars().collect();
            let deltas: Vec<Value> = letters.chunks(size).map(|part| json!({"content": part.iter().collect::<String>()})).collect();
            let (turn, _) = assemble(&deltas);
            prop_assert_eq!(turn.text, text);
        }
    }
}
