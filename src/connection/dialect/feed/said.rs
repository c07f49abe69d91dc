//! The event sockets: how what a client says is read, and the words of the answers.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::domain::event::{Filter, Pattern, Subscription};
use crate::domain::json::{self as exact, Unreadable};
use crate::domain::status::Priority;

/// The most types that a filter may name.
const MOST_TYPES: usize = 100;

/// What a client says.
#[derive(Debug)]
pub enum Inbound<'a> {
    /// It wants these, too.
    Subscribe(Vec<Subscription>),
    /// It does not want these any more.
    Unsubscribe(Vec<Subscription>),
    /// It leaves out what does not fit this.
    SetFilter(Filter),
    /// It asks whether anybody is there.
    Ping {
        /// To be sent back as it is.
        timestamp: &'a RawValue,
    },
}

/// Why what a client says is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misunderstood {
    /// It is not JSON.
    #[error("Invalid JSON format")]
    NotJson,
    /// It is JSON, but no such message.
    #[error("{0}")]
    Invalid(String),
    /// There is no such action.
    #[error("there is no action {0:?}; there are subscribe, unsubscribe, set_filter and ping")]
    UnknownAction(String),
    /// There is nothing of that name to subscribe to.
    #[error("there is nothing called {0:?} to subscribe to")]
    UnknownSubscription(String),
    /// The filter is not valid.
    #[error("{0}")]
    InvalidFilter(String),
}

impl Misunderstood {
    /// The stable word in the `code` of an `error`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Misunderstood::NotJson => "invalid_json",
            Misunderstood::Invalid(_) => "invalid_message",
            Misunderstood::UnknownAction(_) => "unknown_action",
            Misunderstood::UnknownSubscription(_) => "unknown_subscription",
            Misunderstood::InvalidFilter(_) => "invalid_filter",
        }
    }
}

impl From<Unreadable> for Misunderstood {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Syntax(_) => Misunderstood::NotJson,
            Unreadable::Number(number) => Misunderstood::Invalid(number.to_string()),
        }
    }
}

/// Reads what a client says. Nothing is done of a message of which a part is wrong.
///
/// # Errors
/// [`Misunderstood`].
pub fn decode(text: &str) -> Result<Inbound<'_>, Misunderstood> {
    let value = exact::read(text.as_bytes())?;
    let Value::Object(mut fields) = value else { return Err(invalid("a message is a JSON object")) };
    let Some(Value::String(action)) = fields.remove("action") else {
        return Err(invalid("a message has an action, which is a string"));
    };
    match action.as_str() {
        "subscribe" => subscriptions(&fields).map(Inbound::Subscribe),
        "unsubscribe" => subscriptions(&fields).map(Inbound::Unsubscribe),
        "set_filter" => filter(fields.get("filter")).map(Inbound::SetFilter),
        "ping" => Ok(ping(text)),
        _ => Err(Misunderstood::UnknownAction(cut(&action))),
    }
}

/// Reads one subscription.
///
/// # Errors
/// [`Misunderstood::UnknownSubscription`].
pub fn subscription(word: &str) -> Result<Subscription, Misunderstood> {
    Subscription::parse(word).ok_or_else(|| Misunderstood::UnknownSubscription(cut(word)))
}

/// A filter as it is told: only what is set.
#[must_use]
pub fn written(filter: &Filter) -> Value {
    let Filter { types, min_priority, execution_id, crew_id, agent_id } = filter;
    let mut fields = Map::new();
    if let Some(types) = types {
        fields.insert("types".into(), types.iter().map(Pattern::word).collect());
    }
    let mut set =
        |key: &str, value: Option<Value>| value.into_iter().for_each(|value| drop(fields.insert(key.into(), value)));
    set("min_priority", min_priority.map(|priority| json!(priority)));
    set("execution_id", execution_id.map(|id| json!(id)));
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

fn subscriptions(fields: &Map<String, Value>) -> Result<Vec<Subscription>, Misunderstood> {
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
            "min_priority" => filter.min_priority = Some(priority(value)?),
            "execution_id" => {
                let id = value.as_str().and_then(|id| id.parse().ok());
                filter.execution_id = Some(id.ok_or_else(|| wrong("execution_id is the id of a session"))?);
            }
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

fn priority(value: &Value) -> Result<Priority, Misunderstood> {
    let read = Priority::deserialize(value);
    read.map_err(|_| wrong("min_priority is one of low, normal, high and critical"))
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
            (r#"{"action": "set_filter", "filter": {"execution_id": "x"}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"crew_id": ""}}"#, "invalid_filter"),
            (r#"{"action": "set_filter", "filter": {"crew": "a"}}"#, "invalid_filter"),
        ];
        for (text, expected) in cases {
            assert_eq!(word(text), expected, "{text}");
        }
    }

    #[test]
    fn a_filter_is_told_as_it_was_set() {
        let id = crate::domain::id::SessionId::random();
        let said = json!({
            "types": ["execution.*", "custom.a"], "min_priority": "high", "execution_id": id, "crew_id": "c", "agent_id": "a",
        });
        let text = json!({"action": "set_filter", "filter": said}).to_string();
        let Ok(Inbound::SetFilter(filter)) = decode(&text) else { panic!("{text}") };
        assert_eq!(written(&filter), said);
        assert_eq!(written(&Filter::default()), json!({}));
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_answered(
            text in ".{0,80}", action in "(ping|subscribe|unsubscribe|set_filter|x)", key in "(types|crew_id|x)", rest in ".{0,20}",
        ) {
            let _ = decode(&text);
            let _ = decode(&format!(r#"{{"action": "{action}", {rest}}}"#));
            let rest = Value::String(rest).to_string();
            let said = format!(r#""subscriptions": [{rest}], "filter": {{"{key}": [{rest}]}}, "timestamp": {rest}"#);
            let _ = decode(&format!(r#"{{"action": "{action}", {said}}}"#));
        }
    }
}
