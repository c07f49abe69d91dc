//! What is said on the WebSocket of an audit, for the description.

use serde_json::{Map, Value, json};

use super::{ANY, COUNT, Message, OBJECT, TEXT, compression, described, format, reference, said};

const MOMENT: &str = r#"{"type":"string","format":"date-time"}"#;
const FINDINGS: &str = r#"{"type":"array","items":{"type":"object"}}"#;
const STATUS: &str = r#"{"type":"string","enum":["completed","failed","cancelled"]}"#;

/// What the server says.
const SENT: &[Message] = &[
    said(
        "agent_started",
        "An agent begins.",
        &[("agent_id", TEXT, true), ("task", TEXT, false), ("seq", COUNT, true), ("timestamp", MOMENT, true)],
    ),
    said(
        "agent_event",
        "An agent goes on; `data.kind` is `progress` (with `done` and `total`), `finding` (with `finding`), `text` or `tool`. `event` repeats `data`.",
        &[
            ("agent_id", TEXT, true),
            ("data", OBJECT, true),
            ("event", OBJECT, true),
            ("seq", COUNT, true),
            ("timestamp", MOMENT, true),
        ],
    ),
    said(
        "agent_completed",
        "An agent is done; these are its findings.",
        &[
            ("agent_id", TEXT, true),
            ("task", TEXT, false),
            ("findings", FINDINGS, true),
            ("seq", COUNT, true),
            ("timestamp", MOMENT, true),
        ],
    ),
    said(
        "agent_error",
        "An agent has failed; the others go on.",
        &[
            ("agent_id", TEXT, true),
            ("task", TEXT, false),
            ("error", TEXT, true),
            ("seq", COUNT, true),
            ("timestamp", MOMENT, true),
        ],
    ),
    said(
        "complete",
        "The end; the socket is closed (1000) behind it.",
        &[("status", STATUS, true), ("error", TEXT, false), ("seq", COUNT, true), ("timestamp", MOMENT, true)],
    ),
    super::REAUTHENTICATE,
    said("pong", "The answer to a `ping`.", &[("timestamp", ANY, true)]),
    said(
        "error",
        "A message from the client was not taken, or there is no such audit (`unknown_audit`, then a close with 4504).",
        &[("code", TEXT, true), ("message", TEXT, true), ("timestamp", MOMENT, true)],
    ),
];

/// What a client says.
const HEARD: &[Message] = &[
    said("cancel", "Stops the audit.", &[]),
    super::AUTHENTICATE,
    said("ping", "Asks whether the server is there.", &[("timestamp", ANY, false)]),
];

/// Under which name a message stands among all: some have the names of a session's messages, and other fields.
fn component(name: &str) -> String {
    format!("audits.{name}")
}

/// All messages by their names.
pub(super) fn messages() -> Map<String, Value> {
    SENT.iter().chain(HEARD).map(|message| (component(message.name), described(message))).collect()
}

/// The channel.
pub(super) fn channels() -> Map<String, Value> {
    let in_channel = SENT
        .iter()
        .chain(HEARD)
        .map(|message| (message.name.to_owned(), reference("components/messages", &component(message.name))));
    let channel = json!({
        "address": "/ws/audit/{audit_id}",
        "description": "One audit: all that its agents have said, what they say, and the end. It may be opened before the audit starts.",
        "parameters": {"audit_id": {"description": "The audit's id."}},
        "messages": in_channel.collect::<Map<_, _>>(),
        "bindings": {"ws": {
            "method": "GET",
            "query": {"type": "object", "properties": {
                "client_id": {"type": "string", "maxLength": 64,
                              "description": "What the client calls itself; shown when it cancels."},
                "compression": compression(),
                "format": format(),
            }},
        }},
    });
    Map::from_iter([("audits".to_owned(), channel)])
}

/// The operations.
pub(super) fn operations() -> Map<String, Value> {
    let of = |messages: &[Message]| -> Vec<Value> {
        messages.iter().map(|message| reference("channels/audits/messages", message.name)).collect()
    };
    let operation = |action: &str, summary: &str, messages: &[Message]| json!({"action": action, "channel": {"$ref": "#/channels/audits"}, "summary": summary, "messages": of(messages)});
    Map::from_iter([
        ("send_of_audits".to_owned(), operation("send", "What the server says of an audit.", SENT)),
        ("hear_of_audits".to_owned(), operation("receive", "What a client says of an audit.", HEARD)),
    ])
}
