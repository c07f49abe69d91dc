//! What a command and its session say to each other: one JSON object a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::form;
use crate::domain::id::SessionId;
use crate::domain::request::{Confirmation, Field, Form, Values};

/// Most bytes of a step's name.
const LONGEST_NAME: usize = 4096;

/// The longest time limit of a question, in seconds: a hundred years. Longer ones overflow clocks.
const LONGEST_WAIT: f64 = 100.0 * 365.25 * 86_400.0;

/// A line that a command printed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// Output: what a `stream` holds, or any line that is no message.
    Stream(String),
    /// A line of a message's type without the fields of one: output as well, and likely a mistake.
    Misfit {
        /// The type.
        kind: String,
        /// The line.
        line: String,
    },
    /// How far it is.
    Progress {
        /// Units of work done.
        done: u64,
        /// Units of work in all.
        total: u64,
        /// What is being done.
        label: String,
    },
    /// A question to a person.
    Question(Question),
    /// A step is about to be done.
    Step(String),
    /// A step is done.
    StepCompleted {
        /// The step's name.
        name: String,
        /// What came of it.
        value: Value,
    },
    /// The end, with a result.
    Completed(Value),
    /// The end, without one.
    Failed {
        /// What went wrong.
        error: String,
        /// Whether it may be tried again.
        can_retry: bool,
    },
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    /// Yes or no.
    Confirm(Confirmation),
    /// A form.
    Ask(Form),
}

/// A line that a command reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told<'a> {
    /// The first line.
    Start {
        /// The session.
        session_id: SessionId,
        /// Which attempt it is, from 1.
        attempt: u32,
        /// What to work on.
        input: &'a Value,
        /// How.
        config: &'a Value,
    },
    /// The answer to a confirmation.
    Confirm {
        /// Yes or no.
        value: bool,
    },
    /// The answer to a form.
    UserInput {
        /// What was filled in.
        values: &'a Values,
    },
    /// The step is to be done.
    StepRun {
        /// Which one, for commands that have several at once.
        name: &'a str,
    },
    /// The step was done before.
    StepResult {
        /// Which one, for commands that have several at once.
        name: &'a str,
        /// What came of it.
        value: &'a Value,
    },
    /// Somebody stopped the session.
    Cancel,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message {
    Stream {
        content: String,
    },
    Progress {
        done: u64,
        total: u64,
        #[serde(default)]
        label: String,
    },
    RequestConfirmation {
        message: String,
        timeout: Option<f64>,
        default: Option<bool>,
    },
    RequestUserInput {
        fields: Vec<Field>,
        message: Option<String>,
        timeout: Option<f64>,
        default: Option<Values>,
    },
    Step {
        name: String,
    },
    StepCompleted {
        name: String,
        value: Value,
    },
    TaskCompleted {
        values: Value,
    },
    TaskFailed {
        error: String,
        #[serde(default)]
        can_retry: bool,
    },
}

const TYPES: [&str; 8] = [
    "stream",
    "progress",
    "request_confirmation",
    "request_user_input",
    "step",
    "step_completed",
    "task_completed",
    "task_failed",
];

/// Reads a line without its end. What is no message is output.
pub(super) fn read(line: &[u8]) -> Said {
    // Only an object is a message; most lines are none, and need not be parsed to see that.
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Said::Stream(text(line));
    }
    if let Some(said) = serde_json::from_slice(line).ok().and_then(said) {
        return said;
    }
    match kind(line) {
        Some(kind) => Said::Misfit { kind, line: text(line) },
        None => Said::Stream(text(line)),
    }
}

/// A line as text: what is no UTF-8 is replaced.
pub(super) fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// The type of a message that has not the right fields.
fn kind(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: String,
    }
    let Typed { kind } = serde_json::from_slice(line).ok()?;
    TYPES.contains(&kind.as_str()).then_some(kind)
}

fn said(message: Message) -> Option<Said> {
    let said = match message {
        Message::Stream { content } => Said::Stream(content),
        Message::Progress { done, total, label } => Said::Progress { done, total, label },
        Message::RequestConfirmation { message, timeout, default } => {
            let timeout = checked(timeout)?;
            Said::Question(Question::Confirm(Confirmation { message, timeout, default }))
        }
        Message::RequestUserInput { fields, message, timeout, default } => {
            let timeout = checked(timeout)?;
            let default = match default {
                Some(values) => Some(fitting(&fields, values)?),
                None => None,
            };
            Said::Question(Question::Ask(Form { message, fields, timeout, default }))
        }
        Message::Step { name } => Said::Step(named(name)?),
        Message::StepCompleted { name, value } => Said::StepCompleted { name: named(name)?, value },
        Message::TaskCompleted { values } => Said::Completed(values),
        Message::TaskFailed { error, can_retry } => Said::Failed { error, can_retry },
    };
    Some(said)
}

/// A time limit that a clock can hold.
fn checked(timeout: Option<f64>) -> Option<Option<f64>> {
    match timeout {
        Some(seconds) if !(seconds > 0.0 && seconds <= LONGEST_WAIT) => None,
        fine => Some(fine),
    }
}

/// A default answer that fits its form. A form that is broken itself is left to the session, which says what is wrong.
fn fitting(fields: &[Field], values: Values) -> Option<Values> {
    if !form::faults(fields).is_empty() {
        return Some(values);
    }
    form::check(fields, &values).ok()
}

fn named(name: String) -> Option<String> {
    (1..=LONGEST_NAME).contains(&name.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_message_is_understood() {
        let cases = [
            (r#"{"type":"stream","content":"a"}"#, Said::Stream("a".into())),
            (
                r#" {"type":"progress","done":1,"total":2,"extra":[]} "#,
                Said::Progress { done: 1, total: 2, label: String::new() },
            ),
            (
                r#"{"timeout":2.5,"default":true,"message":"Go?","type":"request_confirmation"}"#,
                Said::Question(Question::Confirm(Confirmation::new("Go?").or_after(2.5, true))),
            ),
            (r#"{"type":"step","name":"a b/c"}"#, Said::Step("a b/c".into())),
            (
                r#"{"type":"step_completed","name":"a","value":null}"#,
                Said::StepCompleted { name: "a".into(), value: Value::Null },
            ),
            (r#"{"type":"task_completed","values":{"n":1}}"#, Said::Completed(json!({"n": 1}))),
            (r#"{"type":"task_failed","error":"e"}"#, Said::Failed { error: "e".into(), can_retry: false }),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_no_message_is_output() {
        for line in ["", "hello", "{", "[]", r#"["stream","x"]"#, "{}", r#"{"type":"other"}"#, r#"{"type":1}"#, "1"] {
            assert_eq!(read(line.as_bytes()), Said::Stream(line.into()), "{line}");
        }
        assert_eq!(read(b"\xff{"), Said::Stream("\u{fffd}{".into()));
    }

    #[test]
    fn a_message_with_wrong_fields_is_output_and_said_to_be_one() {
        let long = format!(r#"{{"type":"step","name":"{}"}}"#, "n".repeat(LONGEST_NAME + 1));
        let cases = [
            ("stream", r#"{"type":"stream"}"#),
            ("progress", r#"{"type":"progress","done":-1,"total":2}"#),
            ("request_confirmation", r#"{"type":"request_confirmation","message":"m","timeout":0}"#),
            ("request_confirmation", r#"{"type":"request_confirmation","message":"m","timeout":1e300}"#),
            ("request_user_input", r#"{"type":"request_user_input","fields":[{"name":"a","tpye":"text"}]}"#),
            ("request_user_input", r#"{"type":"request_user_input","fields":[{"name":"a"}],"default":{"a":1}}"#),
            ("step", r#"{"type":"step","name":""}"#),
            ("step", &long),
            ("task_completed", r#"{"type":"task_completed"}"#),
        ];
        for (kind, line) in cases {
            assert_eq!(read(line.as_bytes()), Said::Misfit { kind: kind.into(), line: line.into() });
        }
    }

    #[test]
    fn a_line_to_the_command_has_its_type_first() {
        let told = Told::StepResult { name: "a", value: &json!(1) };
        assert_eq!(serde_json::to_string(&told).unwrap(), r#"{"type":"step_result","name":"a","value":1}"#);
        assert_eq!(serde_json::to_string(&Told::Cancel).unwrap(), r#"{"type":"cancel"}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let said = read(&line);
            if serde_json::from_slice::<serde_json::Map<String, Value>>(&line).is_err() {
                prop_assert_eq!(said, Said::Stream(String::from_utf8_lossy(&line).into_owned()));
            }
        }

        #[test]
        fn an_object_of_another_type_is_output(kind in "[a-z_]{0,12}", value in ".{0,20}") {
            prop_assume!(!TYPES.contains(&kind.as_str()));
            let line = json!({"type": kind, "content": value, "name": value, "error": value}).to_string();
            prop_assert_eq!(read(line.as_bytes()), Said::Stream(line));
        }

        #[test]
        fn what_is_streamed_arrives(content in ".{0,40}") {
            let line = json!({"type": "stream", "content": content}).to_string();
            prop_assert_eq!(read(line.as_bytes()), Said::Stream(content));
        }
    }
}
