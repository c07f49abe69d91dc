//! Structured output: how an answer by a schema is asked for, and how it is found in what comes.
//!
//! Servers differ in what they take, so there is a ladder: `json_schema`, else `json_object`, else words in the
//! prompt. Whatever
//! comes is checked here.

use callboard_domain::schema::Schema;
use serde_json::{Value, json};

use crate::request::Body;
use crate::turn::{Answer, Turn};

/// How an answer by a schema is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rung {
    /// The server is given the schema.
    #[default]
    Schema,
    /// The server is asked for JSON, the model for the schema.
    Object,
    /// The model is asked.
    Prompt,
}

impl Rung {
    /// The next one down.
    pub(crate) fn below(self) -> Option<Self> {
        match self {
            Self::Schema => Some(Self::Object),
            Self::Object => Some(Self::Prompt),
            Self::Prompt => None,
        }
    }

    /// Asks for an answer by this schema, in the body of a request.
    pub(crate) fn ask(self, schema: &Value, body: &mut Body<'_>) {
        body.response_format = match self {
            Self::Schema => Some(json!({
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema},
            })),
            Self::Object => Some(json!({"type": "json_object"})),
            Self::Prompt => None,
        };
        if self != Self::Schema {
            body.say(format!(
                "Answer with JSON only, nothing before it or behind it. It must fit this JSON Schema: {schema}"
            ));
        }
    }
}

/// The answer in a text; nothing where there is no JSON in it.
pub(crate) fn find(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    if let Some(value) = fenced(text) {
        return Some(value);
    }
    // Words before and behind: the first value that is whole.
    for (at, _) in text.match_indices(['{', '[']).take(MOST_STARTS) {
        let mut values = serde_json::Deserializer::from_str(text.get(at..)?).into_iter::<Value>();
        match values.next()? {
            Ok(value) => return Some(value),
            // It ends in the middle of this one: what is whole within it is a part of the answer, not the answer.
            Err(error) if error.is_eof() => return None,
            Err(_) => {}
        }
    }
    None
}

/// Most places in a text at which JSON is looked for: each may cost as much as the whole text.
const MOST_STARTS: usize = 16;

/// What stands in the first fenced block.
fn fenced(text: &str) -> Option<Value> {
    let (_, behind) = text.split_once("```")?;
    let (_, block) = behind.split_once('\n')?;
    let (inside, _) = block.split_once("```").unwrap_or((block, ""));
    serde_json::from_str(inside.trim()).ok()
}

impl Turn {
    /// The JSON in its text, where there is some and it was not cut off.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        if self.is_cut() { None } else { find(&self.text) }
    }

    /// Its text as an answer by a schema that the server was not given.
    #[must_use]
    pub fn check(&self, schema: &Schema) -> Answer {
        if self.is_cut() { unfinished() } else { check(schema, find(&self.text)) }
    }
}

/// What the answer in a reply is that was cut off. It is not even looked for: what is left of one may be whole by accident.
pub(crate) fn unfinished() -> Answer {
    Answer::Unfit(vec!["it was cut off at the most tokens that a reply may have".to_owned()])
}

/// Whether what was found in a text fits; where it does not, why.
pub(crate) fn check(schema: &Schema, found: Option<Value>) -> Answer {
    let Some(value) = found else { return Answer::Unfit(vec!["it is not JSON".to_owned()]) };
    let faults = schema.faults("answer", &value);
    if faults.is_empty() {
        return Answer::Fits(value);
    }
    let reason = |fault: &callboard_domain::fault::Fault| {
        let place: Vec<&str> = fault.loc.iter().skip(2).map(String::as_str).collect();
        if place.is_empty() { fault.msg.clone() } else { format!("{}: {}", place.join("."), fault.msg) }
    };
    Answer::Unfit(faults.iter().map(reason).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::request::Request;

    #[test]
    fn json_is_found_in_what_models_write_around_it() {
        for text in [
            "{\"a\":1}",
            " \n{\"a\":1}\n",
            "```json\n{\"a\":1}\n```",
            "Here you are:\n```\n{\"a\":1}\n```\nAnything else?",
            "```json\n{\"a\":1}",
            "The answer is {\"a\":1}, I think.",
            "{not} {\"a\":1}",
        ] {
            assert_eq!(find(text), Some(json!({"a": 1})), "{text}");
        }
        for text in ["", "no", "{\"a\":", "```json\n```", "{\"all\":[{\"a\":1},{\"a\":"] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn an_answer_is_checked_here_whatever_the_server_promised() {
        let schema =
            Schema::compile(json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}))
                .unwrap();
        assert_eq!(check(&schema, find("{\"a\":1}")), Answer::Fits(json!({"a": 1})));
        for bad in ["{}", "{\"a\":\"x\"}", "[]", "no"] {
            assert!(matches!(check(&schema, find(bad)), Answer::Unfit(reasons) if !reasons.is_empty()), "{bad}");
        }
    }

    #[test]
    fn each_rung_asks_in_its_own_way() {
        let ask = |rung: Rung| {
            let request = Request::default();
            let mut body = request.to_wire("m");
            rung.ask(&json!({"type": "object"}), &mut body);
            let body = json!(body);
            (
                body.get("response_format").map(|format| format["type"].clone()),
                body["messages"].as_array().unwrap().len(),
            )
        };
        assert_eq!(ask(Rung::Schema), (Some("json_schema".into()), 0));
        assert_eq!(ask(Rung::Object), (Some("json_object".into()), 1));
        assert_eq!(ask(Rung::Prompt), (None, 1));
    }

    proptest! {
        #[test]
        fn looking_for_json_never_panics(text in "(```|json|\n|\\{|\\}|\\[|\"a\":1|é|.){0,40}") {
            drop(find(&text));
        }
    }
}
