//! The WebSocket of an audit: which entries of its session are messages there, how they are written, and how what a client
//! says is read.
//!
//! What agents say is written as it is, but for the time, which is RFC 3339 here, and for `event`, which repeats `data`.
//! Turns of models, calls of tools and what programs print become events of an agent, and the end of the session becomes
//! `complete`.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::message::Message as Said;
use super::session::{Misunderstood, Outbound, ping};
use crate::auth::Action;
use crate::domain::json;
use crate::domain::time::Timestamp;

/// A message, as it is sent.
#[derive(Debug)]
pub(crate) struct Message {
    /// The word in its `type`.
    pub(crate) kind: &'static str,
    /// Its JSON.
    pub(crate) json: Bytes,
}

/// An entry as a message; nothing where it is none.
pub(crate) fn message(entry: &[u8]) -> Option<Message> {
    let Value::Object(mut fields) = serde_json::from_slice(entry).ok()? else { return None };
    let Some(Value::String(kind)) = fields.shift_remove("type") else { return None };
    let timestamp = fields.shift_remove("timestamp")?;
    let timestamp = serde_json::from_value::<Timestamp>(timestamp).ok()?.to_rfc3339();
    let (kind, mut fields) = match kind.as_str() {
        "agent_started" => ("agent_started", fields),
        "agent_completed" => ("agent_completed", fields),
        "agent_error" => ("agent_error", fields),
        "agent_event" => ("agent_event", fields),
        "agent_turn" => {
            ("agent_event", event(&mut fields, "text", &["turn", "text", "finish_reason", "warnings", "usage"]))
        }
        "tool_result" => ("agent_event", event(&mut fields, "tool", &["call_id", "tool", "ok", "text"])),
        "stream" => {
            let line = fields.shift_remove("content");
            fields.extend(line.map(|line| ("text".to_owned(), line)));
            ("agent_event", of_program(&mut fields, "text", &["text"])?)
        }
        "progress" => ("agent_event", of_program(&mut fields, "progress", &["done", "total", "label"])?),
        "task_completed" => ("complete", end("completed", &mut fields, None)),
        "task_failed" if fields.get("can_retry") == Some(&Value::Bool(false)) => {
            ("complete", end("failed", &mut fields, Some("error")))
        }
        "task_cancelled" => ("complete", end("cancelled", &mut fields, Some("reason"))),
        _ => return None,
    };
    fields.shift_remove("lane");
    if kind == "agent_event"
        && let Some(data) = fields.get("data").cloned()
    {
        fields.insert("event".into(), data);
    }
    let json = serde_json::to_vec(&Written { kind, fields, timestamp }).ok()?;
    Some(Message { kind, json: json.into() })
}

/// A message with its type in front.
#[derive(Serialize)]
struct Written {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    fields: Map<String, Value>,
    timestamp: String,
}

/// These fields of an entry, as the data of an event of its agent.
fn event(fields: &mut Map<String, Value>, kind: &str, keys: &[&str]) -> Map<String, Value> {
    let mut data = Map::from_iter([("kind".to_owned(), kind.into())]);
    data.extend(keys.iter().filter_map(|key| Some(((*key).to_owned(), fields.shift_remove(*key)?))));
    let mut out = Map::new();
    out.extend(["agent_id", "seq"].iter().filter_map(|key| Some(((*key).to_owned(), fields.shift_remove(*key)?))));
    out.insert("data".into(), Value::Object(data));
    out
}

/// What a program printed, as the data of an event of the agent in whose lane it runs; nothing where it is no agent's.
fn of_program(fields: &mut Map<String, Value>, kind: &str, keys: &[&str]) -> Option<Map<String, Value>> {
    let agent_id = fields.get("lane")?.as_str()?.strip_prefix("agent/")?.split('/').next()?.to_owned();
    fields.insert("agent_id".into(), agent_id.into());
    Some(event(fields, kind, keys))
}

/// The end, with why it came to that.
fn end(status: &str, fields: &mut Map<String, Value>, why: Option<&str>) -> Map<String, Value> {
    let mut out = Map::from_iter([("status".to_owned(), status.into())]);
    out.extend(["seq"].iter().filter_map(|key| Some(((*key).to_owned(), fields.shift_remove(*key)?))));
    out.extend(why.and_then(|why| Some(("error".to_owned(), fields.shift_remove(why)?))));
    out
}

/// What a client says.
#[derive(Debug)]
pub(crate) enum Inbound<'a> {
    /// It wants the audit to stop.
    Cancel,
    /// It asks whether anybody is there.
    Ping {
        /// To be sent back as it is.
        timestamp: &'a RawValue,
    },
}

/// Reads a message of one type from the text that it stands in.
type Read = for<'a> fn(&'a str) -> Inbound<'a>;

/// The messages that clients may send, by their types.
pub(crate) const MESSAGES: &[Said<Read>] = &[
    Said::new("cancel", Action::CancelSession, |_| Inbound::Cancel),
    Said::new("ping", Action::Ping, |text| Inbound::Ping { timestamp: ping(text) }),
];

/// Reads what a client says, and what it does by that.
///
/// # Errors
/// [`Misunderstood`].
pub(crate) fn decode(text: &str) -> Result<(Action, Inbound<'_>), Misunderstood> {
    let invalid = |text: &str| Misunderstood::Invalid(text.to_owned());
    let Value::Object(mut fields) = json::read(text.as_bytes())? else {
        return Err(invalid("a message is a JSON object"));
    };
    let Some(Value::String(kind)) = fields.remove("type") else {
        return Err(invalid("a message has a type, which is a string"));
    };
    let message = Said::find(MESSAGES, &kind).ok_or_else(|| Misunderstood::unknown(&kind, MESSAGES))?;
    Ok((message.action, (message.read)(text)))
}

/// The answer to a ping, with the time of the server.
pub(crate) fn pong(timestamp: &RawValue) -> Vec<u8> {
    Outbound::Pong { timestamp }.json()
}

/// An error.
pub(crate) fn error(code: &str, message: &str) -> Vec<u8> {
    let timestamp = Timestamp::now().to_rfc3339();
    json!({"type": "error", "code": code, "message": message, "timestamp": timestamp}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(entry: &Value) -> Option<Value> {
        let message = message(entry.to_string().as_bytes())?;
        assert!(message.json.starts_with(format!(r#"{{"type":"{}""#, message.kind).as_bytes()));
        Some(serde_json::from_slice(&message.json).unwrap())
    }

    #[test]
    fn what_agents_say_is_sent_with_a_time_for_people() {
        let time = "1970-01-01T00:00:01.500000Z";
        let entry = json!({"type": "agent_event", "agent_id": "a", "data": {"kind": "progress", "done": 1, "total": 2},
                           "lane": "agent/a", "seq": 7, "timestamp": 1.5});
        assert_eq!(
            written(&entry),
            Some(json!({"type": "agent_event", "agent_id": "a", "seq": 7, "timestamp": time,
                "data": {"kind": "progress", "done": 1, "total": 2}, "event": {"kind": "progress", "done": 1, "total": 2}}))
        );
        let turn = json!({"type": "agent_turn", "agent_id": "a", "task": "audit", "call_id": "c", "turn": 1, "text": "t",
                          "tool_calls": [], "finish_reason": "stop", "usage": {}, "seq": 8, "timestamp": 1.5});
        let data = json!({"kind": "text", "turn": 1, "text": "t", "finish_reason": "stop", "usage": {}});
        assert_eq!(
            written(&turn),
            Some(
                json!({"type": "agent_event", "agent_id": "a", "seq": 8, "data": data, "event": data, "timestamp": time})
            )
        );
    }

    #[test]
    fn what_a_program_prints_is_an_event_of_its_agent() {
        let lane = "agent/reader/round-1/try-1";
        let of = |entry: Value| written(&entry).map(|message| (message["agent_id"].clone(), message["data"].clone()));
        let line = json!({"type": "stream", "content": "page 3", "lane": lane, "seq": 4, "timestamp": 1.0});
        assert_eq!(of(line), Some((json!("reader"), json!({"kind": "text", "text": "page 3"}))));
        let progress =
            json!({"type": "progress", "done": 1, "total": 2, "label": "", "lane": lane, "seq": 5, "timestamp": 1.0});
        assert_eq!(
            of(progress),
            Some((json!("reader"), json!({"kind": "progress", "done": 1, "total": 2, "label": ""})))
        );
        assert_eq!(of(json!({"type": "stream", "content": "x", "seq": 4, "timestamp": 1.0})), None);
    }

    #[test]
    fn the_end_of_the_session_is_the_end_of_the_audit() {
        for (entry, status, error) in [
            (json!({"type": "task_completed", "values": {}}), "completed", None),
            (json!({"type": "task_failed", "error": "e", "can_retry": false, "attempt": 1}), "failed", Some("e")),
            (json!({"type": "task_cancelled", "reason": "r"}), "cancelled", Some("r")),
        ] {
            let mut entry = entry;
            entry["seq"] = json!(9);
            entry["timestamp"] = json!(0.0);
            let message = written(&entry).unwrap();
            assert_eq!((&message["type"], &message["status"]), (&json!("complete"), &json!(status)));
            assert_eq!(message.get("error").and_then(Value::as_str), error);
        }
    }

    #[test]
    fn what_is_of_the_session_alone_is_left_out() {
        for kind in ["status", "stream", "progress", "request_confirmation", "answered", "recovered", "task.assigned"] {
            assert_eq!(written(&json!({"type": kind, "seq": 1, "timestamp": 0.0})), None, "{kind}");
        }
        assert_eq!(written(&json!({"type": "task_failed", "can_retry": true, "seq": 1, "timestamp": 0.0})), None);
        assert_eq!(written(&json!({"type": "agent_delta", "agent_id": "a", "timestamp": 0.0})), None);
        assert!(message(b"[]").is_none() && message(b"{").is_none());
    }

    #[test]
    fn a_client_may_ping_and_cancel() {
        assert!(matches!(decode(r#"{"type": "cancel"}"#), Ok((Action::CancelSession, Inbound::Cancel))));
        let Ok((_, Inbound::Ping { timestamp })) = decode(r#"{"type": "ping", "timestamp": 1.50}"#) else { panic!() };
        assert_eq!(pong(timestamp), br#"{"type":"pong","timestamp":1.50}"#);
        for (text, word) in
            [("{", "invalid_json"), ("1", "invalid_message"), (r#"{"type": "confirm"}"#, "unknown_type")]
        {
            assert_eq!(decode(text).unwrap_err().word(), word, "{text}");
        }
    }
}
