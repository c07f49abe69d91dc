//! What a command and its session say to each other: one JSON object a line.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::meant::Kind;
use super::step_value::StepValue;
use crate::domain::id::SessionId;
use crate::domain::request::{Confirmation, Form, Values};

/// A line that a command printed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// A line that is no message, as it is.
    Output(String),
    /// A line that is to be shown.
    Stream {
        /// The line.
        content: String,
        /// Whether it is to be seen later as well.
        save_state: bool,
    },
    /// A message that only shows something and cannot be read: output as well, and likely a mistake.
    Misfit {
        /// What is wrong with it.
        fault: Fault,
        /// The line.
        line: String,
    },
    /// Any other message that cannot be read.
    Broken(Fault),
    /// How far it is.
    Progress {
        /// Units of work done.
        done: Number,
        /// Units of work in all.
        total: Number,
        /// What is being done.
        label: String,
        /// Whether it is to be seen later as well.
        save_state: bool,
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
        value: StepValue,
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

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// Which message it means to be.
    pub(super) kind: Kind,
    /// What is wrong, in words.
    pub(super) reason: String,
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
#[derive(Clone, Debug, Serialize)]
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
        value: &'a RawValue,
    },
    /// Somebody stopped the session.
    Cancel,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_to_the_command_has_its_type_first() {
        let told = Told::StepResult { name: "a", value: &serde_json::value::to_raw_value(&json!(1)).unwrap() };
        assert_eq!(serde_json::to_string(&told).unwrap(), r#"{"type":"step_result","name":"a","value":1}"#);
        assert_eq!(serde_json::to_string(&Told::Cancel).unwrap(), r#"{"type":"cancel"}"#);
    }
}
