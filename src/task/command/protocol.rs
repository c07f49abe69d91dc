//! What a command and its session say to each other: one JSON object a line. What it prints becomes calls on the task
//! channel, and what it reads are their outcomes.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::message_type::MessageType;
use super::step_value::StepValue;
use crate::domain::id::SessionId;
use crate::session::calls::Call;

/// A line that a command printed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Printed {
    /// A line that is no message, as it is.
    Output(String),
    /// A call on the session.
    Call(Call),
    /// A message that only shows something and cannot be read: output as well, and likely a mistake.
    Misfit { fault: BadMessage, line: String },
    /// Any other message that cannot be read.
    Broken(BadMessage),
    /// A step is done.
    StepCompleted { name: String, value: StepValue },
    /// The end, with a result.
    Completed(Value),
    /// The end, without one.
    Failed {
        error: String,
        /// Whether it may be tried again.
        can_retry: bool,
    },
}

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BadMessage {
    /// Which message it means to be.
    pub(super) kind: MessageType,
    pub(super) reason: String,
}

/// A line that a command reads, beside the outcomes of its questions.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToCommand<'a> {
    /// The first line.
    Start {
        session_id: SessionId,
        /// Which attempt it is, from 1.
        attempt: u32,
        input: &'a Value,
        config: &'a Value,
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
        let line = ToCommand::StepResult { name: "a", value: &serde_json::value::to_raw_value(&json!(1)).unwrap() };
        assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"type":"step_result","name":"a","value":1}"#);
        assert_eq!(serde_json::to_string(&ToCommand::Cancel).unwrap(), r#"{"type":"cancel"}"#);
    }
}
