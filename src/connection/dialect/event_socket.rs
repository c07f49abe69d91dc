//! The event sockets: how what a client says is read, and the words of the answers.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::message::Message;
use crate::auth::Action;
use crate::domain::event::{Filter, Kind, LARGEST, NewEvent, Pattern, Selector, fits};
use crate::domain::id::{BadExecutionId, ExecutionId};
use crate::domain::json::{self as exact, Unreadable};
use crate::domain::status::Priority;

/// The most types that a filter may name.
const MOST_TYPES: usize = 100;

/// What a client says.
#[derive(Debug)]
pub(crate) enum Inbound<'a> {
    /// It wants these, too.
    Subscribe(Vec<Selector>),
    /// It does not want these any more.
    Unsubscribe(Vec<Selector>),
    /// It leaves out what does not fit this.
    SetFilter(Filter),
    /// It publishes an event.
    Publish(Box<Publish>),
    /// It asks whether anybody is there.
    Ping {
        /// To be sent back as it is.
        timestamp: &'a RawValue,
    },
}

/// What a client publishes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Publish {
    /// What has happened.
    pub new_event: NewEvent,
    /// To be sent back as it is; null where it was left out.
    pub reference: Value,
}

/// Why what a client says is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misunderstood {
    /// It is not JSON.
    #[error("Invalid JSON format")]
    NotJson,
    /// It is JSON, but no such message.
    #[error("{0}")]
    Invalid(String),
    /// There is no such action.
    #[error("there is no action {action:?}; there are {}", words())]
    UnknownAction {
        /// The action, as it was said.
        action: String,
    },
    /// There is nothing of that name to subscribe to.
    #[error("there is nothing called {0:?} to subscribe to")]
    UnknownSubscription(String),
    /// The filter is not valid.
    #[error("{0}")]
    InvalidFilter(String),
    /// It says too much.
    #[error("data must have at most {LARGEST} bytes, with metadata")]
    TooLarge,
}

impl Misunderstood {
    /// The stable word in the `code` of an `error`.
    #[must_use]
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Misunderstood::NotJson => "invalid_json",
            Misunderstood::Invalid(_) => "invalid_message",
            Misunderstood::UnknownAction { .. } => "unknown_action",
            Misunderstood::UnknownSubscription(_) => "unknown_subscription",
            Misunderstood::InvalidFilter(_) => "invalid_filter",
            Misunderstood::TooLarge => "too_large",
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

/// Reads a message: its fields without the action, and the text that they stand in.
type Read = for<'a> fn(Map<String, Value>, &'a str) -> Result<Inbound<'a>, Misunderstood>;

/// The messages that clients may send, by their actions.
pub(crate) const MESSAGES: &[Message<Read>] = &[
    Message::new("subscribe", Action::ListEvents, |fields, _| subscriptions(&fields).map(Inbound::Subscribe)),
    Message::new("unsubscribe", Action::ReadEvents, |fields, _| subscriptions(&fields).map(Inbound::Unsubscribe)),
    Message::new("set_filter", Action::FilterOwnSocket, |fields, _| {
        filter(fields.get("filter")).map(Inbound::SetFilter)
    }),
    Message::new("publish", Action::PublishEvent, |fields, _| publish(fields).map(Box::new).map(Inbound::Publish)),
    Message::new("ping", Action::Ping, |_, text| Ok(ping(text))),
];

/// The actions that there are, as a sentence has them.
fn words() -> String {
    let words: Vec<&str> = MESSAGES.iter().map(|message| message.word).collect();
    match words.split_last() {
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Reads what a client says, and what it does by that. Nothing is done of a message of which a part is wrong.
///
/// # Errors
/// [`Misunderstood`].
pub(crate) fn decode(text: &str) -> Result<(Action, Inbound<'_>), Misunderstood> {
    let value = exact::read(text.as_bytes())?;
    let Value::Object(mut fields) = value else { return Err(invalid("a message is a JSON object")) };
    let Some(Value::String(action)) = fields.remove("action") else {
        return Err(invalid("a message has an action, which is a string"));
    };
    let message =
        Message::find(MESSAGES, &action).ok_or_else(|| Misunderstood::UnknownAction { action: cut(&action) })?;
    Ok((message.action, (message.read)(fields, text)?))
}

/// What a message that was not understood has as its `ref`; null where it has none.
#[must_use]
pub(crate) fn reference(text: &str) -> Value {
    #[derive(Deserialize)]
    struct Reference {
        r#ref: Value,
    }
    serde_json::from_str(text).map_or(Value::Null, |Reference { r#ref }| short(r#ref).unwrap_or_default())
}

fn publish(mut fields: Map<String, Value>) -> Result<Publish, Misunderstood> {
    let reference = short(fields.remove("ref").unwrap_or_default());
    let reference = reference.ok_or_else(|| invalid("ref is a string of at most 128 bytes, or a number"))?;
    let kind = fields.get("type").and_then(Value::as_str).and_then(Kind::parse);
    let kind = kind.filter(|kind| matches!(kind, Kind::Custom(_)));
    let kind = kind.ok_or_else(|| invalid("type is custom. and more, such as custom.orders.paid"))?;
    let (data, metadata) = (object(&mut fields, "data")?, object(&mut fields, "metadata")?);
    if !fits(&data, &metadata) {
        return Err(Misunderstood::TooLarge);
    }
    let given = |key: &str| fields.get(key).filter(|value| !value.is_null());
    let named = |key: &str| given(key).map(|value| id(value, key)).transpose().map_err(as_invalid);
    let usual = NewEvent::new(kind);
    let new_event = NewEvent {
        priority: given("priority")
            .map_or(Ok(usual.priority), |value| priority(value, "priority"))
            .map_err(as_invalid)?,
        execution_id: given("execution_id").map(execution).transpose().map_err(as_invalid)?,
        crew_id: named("crew_id")?,
        agent_id: named("agent_id")?,
        data,
        metadata,
        ..usual
    };
    Ok(Publish { new_event, reference })
}

/// What is wrong with a field is said as such, also of one that filters have as well.
fn as_invalid(wrong: Misunderstood) -> Misunderstood {
    match wrong {
        Misunderstood::InvalidFilter(text) => Misunderstood::Invalid(text),
        other @ (Misunderstood::NotJson
        | Misunderstood::Invalid(_)
        | Misunderstood::UnknownAction { .. }
        | Misunderstood::UnknownSubscription(_)
        | Misunderstood::TooLarge) => other,
    }
}

fn object(fields: &mut Map<String, Value>, key: &str) -> Result<Map<String, Value>, Misunderstood> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(Misunderstood::Invalid(format!("{key} is an object"))),
    }
}

/// Something that is sent back: a short text, a number or nothing.
fn short(reference: Value) -> Option<Value> {
    match &reference {
        Value::Null | Value::Number(_) => Some(reference),
        Value::String(text) if text.len() <= 128 => Some(reference),
        Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn execution(value: &Value) -> Result<ExecutionId, Misunderstood> {
    let id = value.as_str().ok_or_else(|| wrong("execution_id is a string"))?.parse();
    id.map_err(|bad: BadExecutionId| wrong(&bad.to_string()))
}

/// Reads one subscription.
///
/// # Errors
/// [`Misunderstood::UnknownSubscription`].
pub(crate) fn subscription(word: &str) -> Result<Selector, Misunderstood> {
    Selector::parse(word).ok_or_else(|| Misunderstood::UnknownSubscription(cut(word)))
}

/// A filter as it is answered: only what is set.
#[must_use]
pub(crate) fn written(filter: &Filter) -> Value {
    let Filter { types, min_priority, execution_id, crew_id, agent_id } = filter;
    let mut fields = Map::new();
    if let Some(types) = types {
        fields.insert("types".into(), types.iter().map(Pattern::word).collect());
    }
    let mut set =
        |key: &str, value: Option<Value>| value.into_iter().for_each(|value| drop(fields.insert(key.into(), value)));
    set("min_priority", min_priority.map(|priority| json!(priority)));
    set("execution_id", execution_id.as_ref().map(|id| json!(id)));
    set("crew_id", crew_id.as_deref().map(Value::from));
    set("agent_id", agent_id.as_deref().map(Value::from));
    Value::Object(fields)
}

fn ping(text: &str) -> Inbound<'_> {
    #[derive(Deserialize)]
    struct Ping<'a> {
        #[serde(borrow)]
        timestamp: &'a RawValue,
    }
    let ping = serde_json::from_str(text).map(|ping: Ping<'_>| ping.timestamp);
    Inbound::Ping { timestamp: ping.unwrap_or(RawValue::NULL) }
}

fn subscriptions(fields: &Map<String, Value>) -> Result<Vec<Selector>, Misunderstood> {
    let wrong = || invalid("subscriptions is a list of strings");
    let words = fields.get("subscriptions").and_then(Value::as_array).ok_or_else(wrong)?;
    words.iter().map(|word| subscription(word.as_str().ok_or_else(wrong)?)).collect()
}

fn filter(value: Option<&Value>) -> Result<Filter, Misunderstood> {
    let fields = match value {
        None | Some(Value::Null) => return Ok(Filter::default()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(wrong("a filter is an object")),
    };
    let mut filter = Filter::default();
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "types" => filter.types = Some(types(value)?),
            "min_priority" => filter.min_priority = Some(priority(value, "min_priority")?),
            "execution_id" => filter.execution_id = Some(execution(value)?),
            "crew_id" => filter.crew_id = Some(id(value, "crew_id")?),
            "agent_id" => filter.agent_id = Some(id(value, "agent_id")?),
            other => return Err(Misunderstood::InvalidFilter(format!("a filter has no {:?}", cut(other)))),
        }
    }
    Ok(filter)
}

fn types(value: &Value) -> Result<Vec<Pattern>, Misunderstood> {
    let list = value.as_array().filter(|list| list.len() <= MOST_TYPES);
    let list = list.ok_or_else(|| wrong("types is a list of at most 100 types"))?;
    let read = |word: &Value| {
        let word = word.as_str().ok_or_else(|| wrong("types is a list of strings"))?;
        let unknown = || Misunderstood::InvalidFilter(format!("there are no events of type {:?}", cut(word)));
        Pattern::parse(word).ok_or_else(unknown)
    };
    list.iter().map(read).collect()
}

fn priority(value: &Value, name: &str) -> Result<Priority, Misunderstood> {
    let read = Priority::deserialize(value);
    read.map_err(|_| wrong(&format!("{name} is one of low, normal, high and critical")))
}

fn id(value: &Value, name: &str) -> Result<Arc<str>, Misunderstood> {
    let text = value.as_str().filter(|text| !text.is_empty() && text.len() <= 128);
    text.map(Arc::from).ok_or_else(|| Misunderstood::InvalidFilter(format!("{name} is a string of 1 to 128 bytes")))
}

fn invalid(text: &str) -> Misunderstood {
    Misunderstood::Invalid(text.to_owned())
}

fn wrong(text: &str) -> Misunderstood {
    Misunderstood::InvalidFilter(text.to_owned())
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
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
            (r#"{"action": 1}"#, "invalid_message"),
            (r#"{"action": "hello"}"#, "unknown_action"),
            (r#"{"action": "ping"}"#, "fine"),
            (r#"{"action": "publish"}"#, "invalid_message"),
            (r#"{"action": "publish", "type": "custom.a"}"#, "fine"),
            (r#"{"action": "publish", "type": "custom.a", "data": {}, "priority": "high", "ref": "r"}"#, "fine"),
            (r#"{"action": "publish", "type": "execution.failed"}"#, "invalid_message"),
            (r#"{"action": "publish", "type": "custom.a", "data": []}"#, "invalid_message"),
            (r#"{"action": "publish", "type": "custom.a", "priority": "now"}"#, "invalid_message"),
            (r#"{"action": "publish", "type": "custom.a", "execution_id": "a b"}"#, "invalid_message"),
            (r#"{"action": "publish", "type": "custom.a", "ref": {}}"#, "invalid_message"),
            (r#"{"action": "subscribe"}"#, "invalid_message"),
            (r#"{"action": "subscribe", "subscriptions": "global"}"#, "invalid_message"),
            (r#"{"action": "subscribe", "subscriptions": [1]}"#, "invalid_message"),
            (r#"{"action": "subscribe", "subscriptions": []}"#, "fine"),
            (r#"{"action": "subscribe", "subscriptions": ["global", "nope"]}"#, "unknown_subscription"),
            (r#"{"action": "unsubscribe", "subscriptions": ["execution.*"]}"#, "fine"),
            (r#"{"action": "set_filter"}"#, "fine"),
            (r#"{"action": "set_filter", "filter": null}"#, "fine"),
            (r#"{"action": "set_filter", "filter": 3}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"types": ["execution.*"], "min_priority": "high"}}"#, "fine"),
            (r#"{"action": "set_filter", "filter": {"types": ["nope"]}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"types": "queue.*"}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"min_priority": "urgent"}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"execution_id": "a b"}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"crew_id": ""}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"crew": "a"}}"#, "invalid_filter"),
        ];
        for (text, expected) in cases {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_published_is_read_whole_and_not_too_long() {
        let said = json!({"action": "publish", "type": "custom.a", "data": {"n": 1}, "priority": "high", "ref": 7,
                          "execution_id": "e", "crew_id": "c", "metadata": {"m": 2}});
        let Ok((_, Inbound::Publish(publish))) = decode(&said.to_string()) else { panic!("{said}") };
        let Publish { new_event, reference } = *publish;
        assert_eq!((new_event.kind.word(), new_event.priority, reference), ("custom.a", Priority::High, json!(7)));
        assert_eq!((&new_event.data["n"], &new_event.metadata["m"]), (&json!(1), &json!(2)));
        let long = json!({"action": "publish", "type": "custom.a", "data": {"x": "x".repeat(LARGEST)}, "ref": "r"});
        assert_eq!(word(&long.to_string()), "too_large");
        assert_eq!(
            (reference_of(&long), reference_of(&json!({"ref": []})), super::reference("{")),
            (json!("r"), json!(null), json!(null))
        );
    }

    fn reference_of(said: &Value) -> Value {
        super::reference(&said.to_string())
    }

    #[test]
    fn a_filter_is_told_as_it_was_set() {
        let id = crate::domain::id::SessionId::random();
        let said = json!({
            "types": ["execution.*", "custom.a"], "min_priority": "high", "execution_id": id, "crew_id": "c", "agent_id": "a",
        });
        let text = json!({"action": "set_filter", "filter": said}).to_string();
        let Ok((_, Inbound::SetFilter(filter))) = decode(&text) else { panic!("{text}") };
        assert_eq!(written(&filter), said);
        assert_eq!(written(&Filter::default()), json!({}));
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_answered(
            text in ".{0,80}", action in "(ping|subscribe|unsubscribe|set_filter|publish|x)", key in "(types|crew_id|x)", rest in ".{0,20}",
        ) {
            let _ = decode(&text);
            let _ = decode(&format!(r#"{{"action": "{action}", {rest}}}"#));
            let rest = Value::String(rest).to_string();
            let said = format!(r#""subscriptions": [{rest}], "filter": {{"{key}": [{rest}]}}, "timestamp": {rest}"#);
            let _ = decode(&format!(r#"{{"action": "{action}", {said}}}"#));
        }
    }
}
