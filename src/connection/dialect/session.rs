//! A session's WebSocket: the words beside its entries, and how what a client says is read.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::message::Message;
use crate::auth::Action;
use crate::domain::id::RequestId;
use crate::domain::json::{self, Unreadable};
use crate::domain::request::{Answer, FieldError};
use crate::hub::dialect::Opening;
use crate::session::messages::Winner;

/// What is said to one client only; it has no `seq`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Outbound<'a> {
    /// A replay begins.
    StateReplayStart {
        /// For people.
        message: String,
        /// How many entries follow.
        count: u64,
        /// How many were left out.
        dropped: u64,
        /// The journal's last `seq`.
        last_seq: u64,
    },
    /// A replay is over.
    StateReplayComplete {
        /// For people.
        message: &'static str,
    },
    /// The values do not fit the form, which stays open.
    InputRejected {
        /// The question.
        request_id: String,
        /// What is wrong, field by field.
        errors: &'a [FieldError],
    },
    /// The answer to a ping.
    Pong {
        /// As it was sent.
        #[cfg_attr(test, ts(type = "unknown"))]
        timestamp: &'a RawValue,
    },
    /// What the client said was not done.
    Error {
        /// Why, in a word.
        code: &'a str,
        /// Why, for people.
        message: &'a str,
        /// Who was first, where somebody was.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        winner: Option<&'a Winner>,
        /// The question that is open now, where the answer only repeats the one before.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(as = "Option<String>", optional))]
        open_request_id: Option<RequestId>,
    },
}

impl Outbound<'_> {
    /// That a replay begins.
    #[must_use]
    pub(crate) fn replay_start(Opening { count, dropped, last_seq }: Opening) -> Self {
        let message = format!("Replaying {count} state messages");
        Outbound::StateReplayStart { message, count, dropped, last_seq }
    }

    /// That a replay is over.
    #[must_use]
    pub(crate) const fn replay_end() -> Self {
        Outbound::StateReplayComplete { message: "State replay finished" }
    }

    /// As JSON. These types always can be written: their keys are strings.
    #[must_use]
    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What a client says.
#[derive(Debug)]
pub(crate) enum Inbound<'a> {
    /// It answers a question.
    Answer {
        /// Which one, where it says so.
        request_id: Option<String>,
        /// What.
        answer: Answer,
    },
    /// It wants the session to stop.
    Cancel,
    /// It asks whether anybody is there.
    Ping {
        /// To be sent back as it is.
        timestamp: &'a RawValue,
    },
}

/// What a client said cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misunderstood {
    /// It is not JSON.
    #[error("Invalid JSON format")]
    NotJson,
    /// It is no message, or lacks what its type needs.
    #[error("{0}")]
    Invalid(String),
    /// There is no such type; these there are.
    #[error("there is no message type {kind:?}; there are {}", .known.join(", "))]
    UnknownType {
        /// The type, as it was said.
        kind: String,
        /// The types that would be understood.
        known: Vec<&'static str>,
    },
}

/// Reads a message of one type: its fields without type and `request_id`, and the text that they stand in.
type Read = for<'a> fn(Fields, &'a str) -> Result<Inbound<'a>, Misunderstood>;

/// The messages that clients may send, by their types.
pub(crate) const MESSAGES: &[Message<Read>] = &[
    Message::new("confirm", Action::AnswerRequest, confirm),
    Message::new("user_input", Action::AnswerRequest, user_input),
    Message::new("retry", Action::AnswerRequest, retry),
    Message::new("cancel", Action::CancelSession, |_, _| Ok(Inbound::Cancel)),
    Message::new("ping", Action::Ping, |_, text| Ok(Inbound::Ping { timestamp: ping(text) })),
];

/// The fields of a message.
pub(crate) struct Fields {
    request_id: Option<String>,
    others: Map<String, Value>,
}

impl Misunderstood {
    /// There is no such type among these.
    #[must_use]
    pub(crate) fn unknown<R>(kind: &str, known: &[Message<R>]) -> Self {
        let known = known.iter().map(|message| message.word).collect();
        Misunderstood::UnknownType { kind: kind.chars().take(64).collect(), known }
    }

    /// The stable word in `code`.
    #[must_use]
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Misunderstood::NotJson => "invalid_json",
            Misunderstood::Invalid(_) => "invalid_message",
            Misunderstood::UnknownType { .. } => "unknown_type",
        }
    }
}

impl From<Unreadable> for Misunderstood {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Syntax(_) => Misunderstood::NotJson,
            Unreadable::Number(number) => Misunderstood::Invalid(number.to_string()),
            Unreadable::Deep(deep) => Misunderstood::Invalid(deep.to_string()),
        }
    }
}

/// Reads what a client says, and what it does by that.
///
/// # Errors
/// [`Misunderstood`].
pub(crate) fn decode(text: &str) -> Result<(Action, Inbound<'_>), Misunderstood> {
    let value = json::read(text.as_bytes())?;
    let Value::Object(mut others) = value else { return Err(invalid("a message is a JSON object")) };
    let Some(Value::String(kind)) = others.remove("type") else {
        return Err(invalid("a message has a type, which is a string"));
    };
    let request_id = match others.remove("request_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id),
        Some(_) => return Err(invalid("request_id is a string")),
    };
    let message = Message::find(MESSAGES, &kind).ok_or_else(|| Misunderstood::unknown(&kind, MESSAGES))?;
    Ok((message.action, (message.read)(Fields { request_id, others }, text)?))
}

fn confirm(mut fields: Fields, _: &str) -> Result<Inbound<'_>, Misunderstood> {
    match fields.others.remove("value") {
        Some(Value::Bool(value)) => Ok(fields.answer(Answer::Confirm(value))),
        _ => Err(invalid("confirm has a value, which is true or false")),
    }
}

fn user_input(mut fields: Fields, _: &str) -> Result<Inbound<'_>, Misunderstood> {
    match fields.others.remove("values") {
        Some(Value::Object(values)) => Ok(fields.answer(Answer::Input(values))),
        _ => Err(invalid("user_input has values, which are an object")),
    }
}

fn retry(mut fields: Fields, _: &str) -> Result<Inbound<'_>, Misunderstood> {
    match fields.others.remove("value") {
        Some(Value::Bool(value)) => Ok(fields.answer(Answer::Retry(value))),
        None | Some(Value::Null) => Ok(fields.answer(Answer::Retry(true))),
        Some(_) => Err(invalid("the value of retry is true or false")),
    }
}

/// The time that a ping names, as it stands there.
pub(crate) fn ping(text: &str) -> &RawValue {
    #[derive(Deserialize)]
    struct Ping<'a> {
        #[serde(borrow)]
        timestamp: &'a RawValue,
    }
    serde_json::from_str(text).map_or(RawValue::NULL, |ping: Ping<'_>| ping.timestamp)
}

impl Fields {
    fn answer<'a>(self, answer: Answer) -> Inbound<'a> {
        Inbound::Answer { request_id: self.request_id, answer }
    }
}

fn invalid(text: &str) -> Misunderstood {
    Misunderstood::Invalid(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::dialect::socket::{Form, Kind, Socket};
    use crate::hub::dialect::Signal;
    use crate::hub::{Dialect, frame};
    use proptest::prelude::*;

    fn word(text: &str) -> &'static str {
        decode(text).map_or_else(|fault| fault.word(), |_| "ok")
    }

    #[test]
    fn an_unknown_type_is_told_which_there_are() {
        for Message { word: kind, .. } in MESSAGES {
            assert_ne!(word(&format!(r#"{{"type":"{kind}"}}"#)), "unknown_type", "{kind}");
        }
        let text = decode(r#"{"type":"dance"}"#).unwrap_err().to_string();
        assert_eq!(text, r#"there is no message type "dance"; there are confirm, user_input, retry, cancel, ping"#);
    }

    #[test]
    fn what_is_wrong_with_a_message_is_said_in_a_word() {
        let cases = [
            ("", "invalid_json"),
            ("{", "invalid_json"),
            ("[]", "invalid_message"),
            ("1", "invalid_message"),
            ("{}", "invalid_message"),
            (r#"{"type":1}"#, "invalid_message"),
            (r#"{"type":"nope"}"#, "unknown_type"),
            (r#"{"type":"confirm"}"#, "invalid_message"),
            (r#"{"type":"confirm","value":"yes"}"#, "invalid_message"),
            (r#"{"type":"confirm","value":true,"request_id":7}"#, "invalid_message"),
            (r#"{"type":"confirm","value":true,"extra":7}"#, "ok"),
            (r#"{"type":"user_input","values":[]}"#, "invalid_message"),
            (r#"{"type":"user_input","values":{}}"#, "ok"),
            (r#"{"type":"retry"}"#, "ok"),
            (r#"{"type":"retry","value":1}"#, "invalid_message"),
            (r#"{"type":"cancel"}"#, "ok"),
            (r#"{"type":"ping"}"#, "ok"),
            (r#"{"type":"user_input","values":{"id":18446744073709551615}}"#, "ok"),
            (r#"{"type":"user_input","values":{"id":18446744073709551616}}"#, "invalid_message"),
            (r#"{"type":"user_input","values":{"id":1e400}}"#, "invalid_message"),
            (r#"{"type":"user_input","values":{"id":NaN}}"#, "invalid_json"),
        ];
        for (text, expected) in cases {
            assert_eq!(word(text), expected, "{text}");
        }
        assert_eq!(Misunderstood::NotJson.to_string(), "Invalid JSON format");
    }

    #[test]
    fn an_answer_keeps_its_request_and_value() {
        let Ok((Action::AnswerRequest, Inbound::Answer { request_id, answer })) =
            decode(r#"{"type":"retry","request_id":"r","value":false}"#)
        else {
            panic!("no answer")
        };
        assert_eq!((request_id.as_deref(), answer), (Some("r"), Answer::Retry(false)));
    }

    #[test]
    fn a_timestamp_comes_back_as_it_was_sent() {
        for timestamp in ["1700000000.1234567890123", "\"x\"", "null", "1e3"] {
            let text = format!(r#"{{"type":"ping","timestamp":{timestamp}}}"#);
            let Ok((_, Inbound::Ping { timestamp: read })) = decode(&text) else { panic!("no ping") };
            let expected = format!(r#"{{"type":"pong","timestamp":{timestamp}}}"#);
            assert_eq!(Outbound::Pong { timestamp: read }.json(), expected.as_bytes());
        }
    }

    #[test]
    fn a_replay_stands_between_its_words() {
        let opening = Opening { count: 1, dropped: 2, last_seq: 3 };
        let start = r#"{"type":"state_replay_start","message":"Replaying 1 state messages","count":1,"dropped":2,"last_seq":3}"#;
        let end = r#"{"type":"state_replay_complete","message":"State replay finished"}"#;
        let socket = Socket::of(Kind::Session, Form::default());
        assert_eq!(socket.signal(Signal::ReplayStart(opening)), frame::text(start.as_bytes()));
        assert_eq!(socket.signal(Signal::ReplayEnd), frame::text(end.as_bytes()));
        assert!(Socket::of(Kind::Workflows, Form::default()).signal(Signal::ReplayEnd).is_empty());
    }

    proptest! {
        #[test]
        fn reading_what_looks_like_a_message_never_panics(
            kind in "confirm|user_input|retry|cancel|ping|x", key in "value|values|request_id|timestamp", value in r#"true|1|"x"|\{\}|\[|null"#,
        ) {
            let _ = decode(&format!(r#"{{"type":"{kind}","{key}":{value}}}"#));
        }
    }
}
