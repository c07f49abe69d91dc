//! The WebSocket of workflows: how what a client says is read.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::message::Message;
use super::session::{self, Misunderstood};
use crate::auth::Action;
use crate::domain::id::SessionId;
use crate::domain::json;
use crate::domain::status::Priority;
use crate::hub::KindSet;
use crate::memory::{BadName, is_name};
use crate::workflow::messages::Kind;

/// Reads a message of one type: its fields without the type, and the text that they stand in.
type Read = for<'a> fn(&mut Map<String, Value>, &'a str) -> Result<Inbound<'a>, Misunderstood>;

/// The messages that clients may send, by their types.
pub(crate) const MESSAGES: &[Message<Read>] = &[
    Message::new("ping", Action::ReadWorkflow, |_, text| Ok(ping(text))),
    Message::new("subscribe", Action::ReadWorkflow, |fields, _| chosen(fields).map(Inbound::Subscribe)),
    Message::new("unsubscribe", Action::ReadWorkflow, |fields, _| chosen(fields).map(Inbound::Unsubscribe)),
    Message::new("input_update", Action::ControlWorkflow, |fields, _| input_update(fields)),
    Message::new("get_status", Action::ReadWorkflow, |fields, _| {
        Ok(Inbound::GetStatus { workflow_id: workflow_id(fields)? })
    }),
    Message::new("task", Action::StartSession, |fields, _| task(fields)),
    Message::new("confirm", Action::AnswerRequest, to_session),
    Message::new("user_input", Action::AnswerRequest, to_session),
    Message::new("retry", Action::AnswerRequest, to_session),
    Message::new("cancel", Action::CancelSession, to_session),
];

/// What a client says.
#[derive(Debug)]
pub(crate) enum Inbound<'a> {
    /// It asks whether anybody is there.
    Ping {
        /// To be sent back as it is.
        timestamp: &'a RawValue,
    },
    /// It wants these kinds.
    Subscribe(Chosen),
    /// It does not want these kinds.
    Unsubscribe(Chosen),
    /// It changes an input of a live workflow.
    InputUpdate {
        /// The workflow, where it says so.
        workflow_id: Option<String>,
        /// The node.
        node_id: String,
        /// The input.
        input_name: String,
        /// What it is from now on.
        value: Value,
    },
    /// It asks how live workflows stand.
    GetStatus {
        /// Which one, where it says so.
        workflow_id: Option<String>,
    },
    /// It says something to a session that it has started here.
    ToSession {
        /// Which one, where it says so.
        session_id: Option<SessionId>,
        /// What.
        said: session::Inbound<'a>,
    },
    /// It gives the agents something to do.
    Task {
        /// What.
        content: Value,
        /// How, where it says so.
        config: Value,
        /// How urgent it is.
        priority: Priority,
        /// Whose memory they keep, where it says so.
        client_id: Option<String>,
    },
}

/// Kinds that a client has named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// All there are.
    All,
    /// These.
    Some(KindSet),
}

/// What a socket wants after it has subscribed: a first choice takes the place of "all", a later one is added.
#[must_use]
pub(crate) fn subscribed(before: KindSet, chosen: Chosen) -> KindSet {
    match chosen {
        Chosen::All => KindSet::ALL,
        Chosen::Some(kinds) if before == KindSet::ALL => kinds,
        Chosen::Some(kinds) => before.and(kinds),
    }
}

/// What a socket wants after it has unsubscribed.
#[must_use]
pub(crate) fn unsubscribed(before: KindSet, chosen: Chosen) -> KindSet {
    match chosen {
        Chosen::All => KindSet(0),
        Chosen::Some(kinds) => {
            let all = Kind::ALL.iter().fold(0, |all, kind| all | KindSet::only(kind.index()).0);
            KindSet(before.0 & all & !kinds.0)
        }
    }
}

/// The names of the kinds that a socket wants.
#[must_use]
pub(crate) fn names(kinds: KindSet) -> Vec<&'static str> {
    Kind::ALL.into_iter().filter(|kind| kinds.has(kind.index())).map(Kind::word).collect()
}

/// Reads what a client says, and what it does by that. Fields stand in `data` or beside `type`.
///
/// # Errors
/// [`Misunderstood`].
pub(crate) fn decode(text: &str) -> Result<(Action, Inbound<'_>), Misunderstood> {
    let value = json::read(text.as_bytes())?;
    let Value::Object(mut fields) = value else { return Err(invalid("a message is a JSON object")) };
    let Some(Value::String(kind)) = fields.remove("type") else {
        return Err(invalid("a message has a type, which is a string"));
    };
    if let Some(Value::Object(data)) = fields.remove("data") {
        fields.extend(data);
    }
    let message = Message::find(MESSAGES, &kind).ok_or_else(|| Misunderstood::unknown(&kind, MESSAGES))?;
    Ok((message.action, (message.read)(&mut fields, text)?))
}

fn ping(text: &str) -> Inbound<'_> {
    #[derive(Deserialize)]
    struct Ping<'a> {
        #[serde(borrow)]
        timestamp: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Within<'a> {
        #[serde(borrow)]
        data: Ping<'a>,
    }
    let beside = serde_json::from_str(text).map(|ping: Ping<'_>| ping.timestamp);
    let timestamp = beside.or_else(|_| serde_json::from_str(text).map(|within: Within<'_>| within.data.timestamp));
    Inbound::Ping { timestamp: timestamp.unwrap_or(RawValue::NULL) }
}

fn is_all(word: &str) -> bool {
    matches!(word, "all" | "*")
}

fn chosen(fields: &mut Map<String, Value>) -> Result<Chosen, Misunderstood> {
    let events = match fields.remove("events") {
        None | Some(Value::Null) => return Ok(Chosen::All),
        Some(Value::String(word)) if is_all(&word) => return Ok(Chosen::All),
        Some(Value::Array(events)) => events,
        Some(_) => return Err(invalid("events is a list of message types")),
    };
    let mut kinds = KindSet(0);
    for event in &events {
        let word = event.as_str().ok_or_else(|| invalid("events is a list of message types"))?;
        if is_all(word) {
            return Ok(Chosen::All);
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word);
        let kind = kind.ok_or_else(|| Misunderstood::Invalid(format!("no messages of type {word:?} are told here")))?;
        kinds.0 |= KindSet::only(kind.index()).0;
    }
    Ok(if events.is_empty() { Chosen::All } else { Chosen::Some(kinds) })
}

fn workflow_id(fields: &mut Map<String, Value>) -> Result<Option<String>, Misunderstood> {
    match fields.remove("workflow_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(_) => Err(invalid("workflow_id is a string")),
    }
}

fn input_update(fields: &mut Map<String, Value>) -> Result<Inbound<'static>, Misunderstood> {
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) | None => Err(Misunderstood::Invalid(format!("input_update has a {name}, which is a string"))),
    };
    let (node_id, input_name) = (text("node_id")?, text("input_name")?);
    let value = fields.remove("input_value").ok_or_else(|| invalid("input_update has an input_value"))?;
    Ok(Inbound::InputUpdate { workflow_id: workflow_id(fields)?, node_id, input_name, value })
}

fn task(fields: &mut Map<String, Value>) -> Result<Inbound<'static>, Misunderstood> {
    let content = fields.remove("content").ok_or_else(|| invalid("task has a content"))?;
    let config = fields.remove("config").unwrap_or(Value::Null);
    let priority = match fields.remove("priority") {
        None | Some(Value::Null) => Priority::default(),
        Some(priority) => serde_json::from_value(priority)
            .map_err(|_| invalid("priority is one of low, normal, high and critical"))?,
    };
    let client_id = match fields.remove("client_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if is_name(&name) => Some(name),
        Some(_) => return Err(Misunderstood::Invalid(format!("client_id {BadName}"))),
    };
    Ok(Inbound::Task { content, config, priority, client_id })
}

fn to_session<'a>(fields: &mut Map<String, Value>, text: &'a str) -> Result<Inbound<'a>, Misunderstood> {
    let session_id = match fields.remove("session_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.parse().map_err(|_| invalid("session_id is the id of a session"))?),
        Some(_) => return Err(invalid("session_id is a string")),
    };
    let (_, said) = session::decode(text)?;
    Ok(Inbound::ToSession { session_id, said })
}

/// A message of a session, with whose it is.
#[must_use]
pub(crate) fn with_session_id(json: &[u8], session_id: SessionId) -> Bytes {
    let Some(open) = json.strip_suffix(b"}") else { return Bytes::copy_from_slice(json) };
    [open, format!(r#","session_id":"{session_id}"}}"#).as_bytes()].concat().into()
}

fn invalid(text: &str) -> Misunderstood {
    Misunderstood::Invalid(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(text: &str) -> &'static str {
        decode(text).map_or_else(|fault| fault.word(), |_| "fine")
    }

    #[test]
    fn what_is_no_message_is_told_so() {
        let cases = [
            ("{", "invalid_json"),
            ("[1]", "invalid_message"),
            ("{}", "invalid_message"),
            (r#"{"type": 1}"#, "invalid_message"),
            (r#"{"type": "hello"}"#, "unknown_type"),
            (r#"{"type": "ping"}"#, "fine"),
            (r#"{"type": "subscribe"}"#, "fine"),
            (r#"{"type": "subscribe", "events": ["node_state", "all"]}"#, "fine"),
            (r#"{"type": "subscribe", "events": ["*"]}"#, "fine"),
            (r#"{"type": "subscribe", "events": ["nodes"]}"#, "invalid_message"),
            (r#"{"type": "subscribe", "events": [1]}"#, "invalid_message"),
            (r#"{"type": "unsubscribe", "data": {"events": 1}}"#, "invalid_message"),
            (r#"{"type": "get_status", "data": {"workflow_id": 1}}"#, "invalid_message"),
            (r#"{"type": "input_update", "data": {"node_id": "a", "input_name": "b"}}"#, "invalid_message"),
            (r#"{"type": "input_update", "data": {"node_id": "a", "input_value": 1}}"#, "invalid_message"),
            (r#"{"type": "input_update", "data": {"node_id": "a", "input_name": "b", "input_value": null}}"#, "fine"),
            (r#"{"type": "input_update", "node_id": "a", "input_name": "b", "input_value": 1}"#, "fine"),
            (r#"{"type": "task"}"#, "invalid_message"),
            (r#"{"type": "task", "content": "x", "priority": "urgent"}"#, "invalid_message"),
            (r#"{"type": "task", "data": {"content": "x", "priority": "high"}}"#, "fine"),
            (r#"{"type": "task", "content": "x", "client_id": "a b"}"#, "invalid_message"),
            (r#"{"type": "task", "content": "x", "client_id": "ada"}"#, "fine"),
        ];
        for (text, expected) in cases {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn an_answer_names_the_session_that_it_is_for() {
        let id = SessionId::random();
        let text = format!(r#"{{"type": "confirm", "value": true, "session_id": "{id}", "request_id": "r"}}"#);
        let Ok((Action::AnswerRequest, Inbound::ToSession { session_id, said })) = decode(&text) else { panic!() };
        assert_eq!(session_id, Some(id));
        assert!(matches!(said, session::Inbound::Answer { request_id: Some(_), .. }));
        for (text, expected) in [
            (r#"{"type": "retry"}"#, "fine"),
            (r#"{"type": "cancel", "session_id": "x"}"#, "invalid_message"),
            (r#"{"type": "confirm", "session_id": null}"#, "invalid_message"),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn a_message_of_a_session_says_whose_it_is() {
        let id = SessionId::random();
        let told = with_session_id(br#"{"type":"stream","content":"}"}"#, id);
        assert_eq!(told, format!(r#"{{"type":"stream","content":"}}","session_id":"{id}"}}"#));
    }

    #[test]
    fn a_ping_comes_back_as_it_was() {
        for (text, expected) in [
            (r#"{"type": "ping", "timestamp": 1.50}"#, "1.50"),
            (r#"{"type": "ping", "data": {"timestamp": "x"}}"#, r#""x""#),
            (r#"{"type": "ping", "data": 3}"#, "null"),
        ] {
            let Ok((_, Inbound::Ping { timestamp })) = decode(text) else { panic!("{text}") };
            assert_eq!(timestamp.get(), expected);
        }
    }

    #[test]
    fn a_first_choice_narrows_and_later_ones_add() {
        let kind = |kind: Kind| KindSet::only(kind.index());
        let some = |of: Kind| Chosen::Some(kind(of));
        let one = subscribed(KindSet::ALL, some(Kind::NodeState));
        assert_eq!(names(one), ["node_state"]);
        let two = subscribed(one, some(Kind::WorkflowEvent));
        assert_eq!(names(two), ["node_state", "workflow_event"]);
        assert_eq!(names(unsubscribed(two, some(Kind::NodeState))), ["workflow_event"]);
        let rest = unsubscribed(KindSet::ALL, some(Kind::NodeState));
        assert_eq!(names(rest), ["execution_status", "workflow_event", "continuous_update"]);
        assert_eq!(subscribed(unsubscribed(two, Chosen::All), Chosen::All), KindSet::ALL);
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_answered(text in ".{0,80}", kind in "(ping|subscribe|task|input_update|x)", rest in ".{0,20}") {
            let _ = decode(&text);
            let _ = decode(&format!(r#"{{"type": "{kind}", {rest}}}"#));
            let rest = Value::String(rest).to_string();
            let _ = decode(&format!(r#"{{"type": "{kind}", "data": {rest}, "events": [{rest}], "timestamp": {rest}}}"#));
        }
    }
}
