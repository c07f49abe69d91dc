//! The description of what is said on WebSockets (AsyncAPI 3).

mod audits;
mod feed;
#[cfg(test)]
mod transcripts;
mod workflows;

use serde_json::{Map, Value, json};

/// One message: its type, what it means, and its fields.
struct Message {
    name: &'static str,
    meaning: &'static str,
    /// Whether it stands in the journal, with `seq` and `timestamp`.
    journaled: bool,
    fields: &'static [Field],
}

/// A field: its name, its JSON Schema, and whether it is always there.
type Field = (&'static str, &'static str, bool);

const fn entry(name: &'static str, meaning: &'static str, fields: &'static [Field]) -> Message {
    Message { name, meaning, journaled: true, fields }
}

const fn said(name: &'static str, meaning: &'static str, fields: &'static [Field]) -> Message {
    Message { name, meaning, journaled: false, fields }
}

/// The one entry that is also sent outside of the journal.
const FORM: &str = "request_user_input";
const TEXT: &str = r#"{"type":"string"}"#;
const COUNT: &str = r#"{"type":"integer","minimum":0}"#;
const BOOLEAN: &str = r#"{"type":"boolean"}"#;
const NUMBER: &str = r#"{"type":"number"}"#;
const FLAG: &str = r#"{"type":"boolean"}"#;
const UNSAVED: &str = r#"{"const":false,"description":"Only where it is not saved: it has no seq then, reaches those who are connected at that moment, and is never replayed."}"#;
const OBJECT: &str = r#"{"type":"object"}"#;
const OBJECTS: &str = r#"{"type":"array","items":{"type":"object"}}"#;
const TEXT_OR_NULL: &str = r#"{"type":["string","null"]}"#;
const ANY: &str = "true";
const UUID: &str = r#"{"type":"string","format":"uuid"}"#;
const TEXTS: &str = r#"{"type":"array","items":{"type":"string"}}"#;
const FIELDS: &str = r##"{"type":"array","items":{"$ref":"#/components/schemas/Field"}}"##;
const CONTEXT: &str = r##"{"$ref":"#/components/schemas/RequestContext"}"##;
const STATUS: &str = r##"{"$ref":"#/components/schemas/Status"}"##;
const GIVEN_ANSWERS: &str = r#"{"type":"array","items":{"type":"object","required":["by","value"],"properties":{"by":{"type":"string"},"value":{"type":"boolean"}}}}"#;
const FIELD_ERRORS: &str = r##"{"type":"array","items":{"$ref":"#/components/schemas/FieldError"}}"##;

/// The schemas of the HTTP interface that messages name, beside those of the server's own numbers.
const SHARED: [&str; 5] = ["Field", "FieldType", "RequestContext", "RequestSource", "Status"];

/// What every socket's client may say of itself, and what it is asked for.
const AUTHENTICATE: Message = said(
    "authenticate",
    "Says who the client is, by a ticket or by a key or token: first of all, where its request has not shown it, or before its credential ends.",
    &[("ticket", TEXT, false), ("token", TEXT, false)],
);
const REAUTHENTICATE: Message = said(
    "reauthenticate",
    "The client's credential ends then: the socket is closed (4501) without another `authenticate`.",
    &[("expires_at", NUMBER, true)],
);

/// What the server says.
const SENT: &[Message] = &[
    said(
        "state_replay_start",
        "The first message of all: `count` messages of the past follow.",
        &[("message", TEXT, true), ("count", COUNT, true), ("dropped", COUNT, true), ("last_seq", COUNT, true)],
    ),
    said("state_replay_complete", "What follows is live.", &[("message", TEXT, true)]),
    entry("status", "The session changed its state.", &[("status", STATUS, true), ("attempt", COUNT, true)]),
    entry("stream", "A line of output.", &[("content", TEXT, true), ("save_state", UNSAVED, false)]),
    entry(
        "progress",
        "How far the task is.",
        &[("done", NUMBER, true), ("total", NUMBER, true), ("label", TEXT, true), ("save_state", UNSAVED, false)],
    ),
    entry(
        "request_confirmation",
        "A yes-or-no question.",
        &[
            ("request_id", UUID, true),
            ("message", TEXT, true),
            ("timeout", NUMBER, false),
            ("expires_at", NUMBER, false),
            ("default", BOOLEAN, false),
            ("context", CONTEXT, false),
            ("assignees", TEXTS, false),
            ("required_answers", COUNT, false),
            ("allow_own", FLAG, false),
        ],
    ),
    entry(
        FORM,
        "A form to fill in. It comes again without `seq` to whoever sent values that were rejected.",
        &[
            ("request_id", UUID, true),
            ("fields", FIELDS, true),
            ("message", TEXT, false),
            ("timeout", NUMBER, false),
            ("expires_at", NUMBER, false),
            ("default", OBJECT, false),
            ("context", CONTEXT, false),
            ("assignees", TEXTS, false),
            ("required_answers", COUNT, false),
            ("allow_own", FLAG, false),
        ],
    ),
    entry(
        "answer_given",
        "One of several people whose answers a question requires has said yes; it stays open.",
        &[("request_id", UUID, true), ("by", TEXT, true), ("value", FLAG, true), ("missing", COUNT, true)],
    ),
    entry(
        "answered",
        "The answer that won, or that the time for it ran out, or that the task no longer asks.",
        &[
            ("request_id", UUID, true),
            ("by", TEXT, true),
            ("value", FLAG, false),
            ("values", OBJECT, false),
            ("timed_out", FLAG, false),
            ("withdrawn", FLAG, false),
            ("answers", GIVEN_ANSWERS, false),
        ],
    ),
    said(
        "input_rejected",
        "An answer to a form that does not fit; to its sender only.",
        &[("request_id", UUID, true), ("errors", FIELD_ERRORS, true)],
    ),
    entry("task_completed", "The end, with a result.", &[("values", ANY, true)]),
    entry(
        "task_failed",
        "An attempt failed: a question where `can_retry`, else the end.",
        &[
            ("error", TEXT, true),
            ("can_retry", FLAG, true),
            ("attempt", COUNT, true),
            ("request_id", UUID, false),
            ("context", CONTEXT, false),
        ],
    ),
    entry("task_cancelled", "The end, because somebody stopped it.", &[("reason", TEXT, true)]),
    entry(
        "recovered",
        "The server went down in the middle and has taken the session up again.",
        &[("cause", TEXT, true), ("steps_in_doubt", TEXTS, true)],
    ),
    entry("agent_started", "An agent begins.", &[("agent_id", TEXT, true), ("task", TEXT, false)]),
    entry(
        "agent_event",
        "An agent goes on; `kind` in `data` says how: `progress`, `finding`, `text` or `tool`.",
        &[("agent_id", TEXT, true), ("data", OBJECT, true)],
    ),
    entry(
        "agent_completed",
        "An agent is done; what it found, where it looks for something.",
        &[("agent_id", TEXT, true), ("task", TEXT, false), ("findings", OBJECTS, true)],
    ),
    entry("agent_error", "An agent failed.", &[("agent_id", TEXT, true), ("task", TEXT, false), ("error", TEXT, true)]),
    entry(
        "agent_turn",
        "A model's reply to an agent is complete.",
        &[
            ("agent_id", TEXT, true),
            ("task", TEXT, true),
            ("call_id", TEXT, true),
            ("turn", COUNT, true),
            ("text", TEXT, true),
            ("reasoning", TEXT, false),
            ("tool_calls", OBJECTS, true),
            ("finish_reason", TEXT_OR_NULL, true),
            ("left_out_bytes", NUMBER, false),
            ("warnings", TEXTS, false),
            ("usage", OBJECT, true),
        ],
    ),
    entry(
        "tool_result",
        "What came of a tool that an agent called; `ok` is false where it was not done.",
        &[
            ("agent_id", TEXT, true),
            ("call_id", TEXT, true),
            ("tool", TEXT, true),
            ("ok", FLAG, true),
            ("text", TEXT, true),
        ],
    ),
    entry(
        "agent_delta",
        "More of a model's reply, which is not saved; a new `try` replaces what came of the earlier ones.",
        &[
            ("agent_id", TEXT, true),
            ("call_id", TEXT, true),
            ("try", COUNT, true),
            ("part", COUNT, true),
            ("text", TEXT, true),
            ("save_state", UNSAVED, false),
        ],
    ),
    REAUTHENTICATE,
    said("pong", "The answer to a `ping`.", &[("timestamp", ANY, false)]),
    said(
        "error",
        "A message from the client was not taken.",
        &[("code", TEXT, true), ("message", TEXT, true), ("winner", OBJECT, false), ("open_request_id", UUID, false)],
    ),
];

/// What a client says.
const HEARD: &[Message] = &[
    said("confirm", "Answers a yes-or-no question.", &[("value", FLAG, true), ("request_id", UUID, false)]),
    said("user_input", "Fills in a form.", &[("values", OBJECT, true), ("request_id", UUID, false)]),
    said("retry", "Answers the offer of another attempt.", &[("value", FLAG, false), ("request_id", UUID, false)]),
    said("cancel", "Stops the session.", &[]),
    AUTHENTICATE,
    said("ping", "Asks whether the server is there.", &[("timestamp", ANY, false)]),
];

/// The description of the WebSockets.
#[must_use]
pub(crate) fn document() -> Value {
    let mut messages = Map::new();
    messages.extend(SENT.iter().chain(HEARD).map(|message| (message.name.to_owned(), described(message))));
    let in_channel: Map<String, Value> =
        messages.keys().map(|name| (name.clone(), reference("components/messages", name))).collect();
    let of = |channel: &str, messages: &[Message]| -> Vec<Value> {
        let place = format!("channels/{channel}/messages");
        messages.iter().map(|message| reference(&place, message.name)).collect()
    };
    let on_workflows = || workflows::SENT.iter().chain(workflows::HEARD);
    // Some have the names of a session's messages, and other fields.
    let component = |name: &str| format!("workflows.{name}");
    messages.extend(on_workflows().map(|message| (component(message.name), described(message))));
    let in_workflows: Map<String, Value> = on_workflows()
        .map(|message| (message.name.to_owned(), reference("components/messages", &component(message.name))))
        .collect();
    messages.extend(feed::messages());
    messages.extend(audits::messages());
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Callboard",
            "version": super::VERSION,
            "description": "What is said on the WebSockets of Callboard. Its HTTP interface is described in /openapi.json.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "session": session_channel(in_channel),
            "workflows": workflows::channel(in_workflows),
        },
        "operations": {
            "send": {"action": "send", "channel": {"$ref": "#/channels/session"},
                     "summary": "What the server sends.", "messages": of("session", SENT)},
            "hear": {"action": "receive", "channel": {"$ref": "#/channels/session"},
                     "summary": "What a client says.", "messages": of("session", HEARD)},
            "send_of_workflows": {"action": "send", "channel": {"$ref": "#/channels/workflows"},
                                  "summary": "What the server says of workflows.",
                                  "messages": of("workflows", workflows::SENT)},
            "hear_of_workflows": {"action": "receive", "channel": {"$ref": "#/channels/workflows"},
                                  "summary": "What a client says of workflows.",
                                  "messages": of("workflows", workflows::HEARD)},
        },
        "components": {"messages": messages, "schemas": schemas()},
    });
    extend(&mut document, "channels", audits::channels());
    extend(&mut document, "operations", audits::operations());
    extend(&mut document, "channels", feed::channels());
    extend(&mut document, "operations", feed::operations());
    document
}

/// The socket of one session.
fn session_channel(messages: Map<String, Value>) -> Value {
    json!({
        "address": "/ws/{session_id}",
        "description": "One session: its past, then what happens, and the answers of people. A task may append entries of types of its own; clients ignore types that they do not know.",
        "parameters": {"session_id": {"description": "The session's id."}},
        "messages": messages,
        "bindings": {"ws": {
            "method": "GET",
            "query": {"type": "object", "properties": {
                "since": {"type": "integer", "minimum": 0,
                          "description": "The last seq that the client has; without it a snapshot is sent."},
                "client_id": {"type": "string", "maxLength": 64,
                              "description": "What the client calls itself; shown with its answers."},
                "compression": compression(),
                "format": format(),
            }},
        }},
    })
}

/// The parameter of every socket that says whether frames are compressed.
fn compression() -> Value {
    json!({"type": "string", "enum": ["gzip", "none"], "description": "Frames over 1 KiB are binary and compressed."})
}

/// The parameter of every socket that says how messages are encoded.
fn format() -> Value {
    json!({"type": "string", "enum": ["json", "protobuf"], "description": "Binary frames as /events.proto describes them."})
}

fn extend(document: &mut Value, place: &str, more: Map<String, Value>) {
    if let Some(Value::Object(known)) = document.get_mut(place) {
        known.extend(more);
    }
}

fn reference(place: &str, name: &str) -> Value {
    json!({"$ref": format!("#/{place}/{name}")})
}

fn described(message: &Message) -> Value {
    let mut properties = Map::new();
    let mut required = vec!["type"];
    properties.insert("type".into(), json!({"const": message.name}));
    for &(name, schema, always) in message.fields {
        // The schemas are constants; a test reads every one of them.
        properties.insert(name.into(), serde_json::from_str(schema).unwrap_or(Value::Bool(true)));
        if always {
            required.push(name);
        }
    }
    if message.journaled {
        properties.insert("seq".into(), json!({"type": "integer", "minimum": 1}));
        properties.insert("timestamp".into(), json!({"type": "number", "description": "Seconds since the epoch."}));
        properties.insert("lane".into(), json!({"type": "string"}));
        if message.name != FORM {
            required.push("timestamp");
            if !message.fields.iter().any(|(name, ..)| *name == "save_state") {
                required.push("seq");
            }
        }
    }
    json!({
        "name": message.name,
        "summary": message.meaning,
        "payload": {"type": "object", "properties": properties, "required": required},
    })
}

/// The schemas that several messages share, from the types themselves.
fn schemas() -> Value {
    let all = serde_json::to_value(super::openapi::document()).unwrap_or_default();
    let mut schemas = Map::new();
    let found = all.pointer("/components/schemas").and_then(Value::as_object);
    let is_shared = |name: &str| SHARED.contains(&name) || name.starts_with("Metrics") && name != "MetricsHistory";
    for (name, schema) in found.into_iter().flatten().filter(|(name, _)| is_shared(name)) {
        schemas.insert(name.clone(), schema.clone());
    }
    schemas.insert("FieldError".into(), field_error());
    schemas.insert("Event".into(), feed::event());
    Value::Object(schemas)
}

/// What is wrong with a field of an answer: the HTTP interface says it in another way.
fn field_error() -> Value {
    json!({
        "type": "object",
        "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
        "required": ["field", "message"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent_entry::{AgentEntry, TurnWarning};
    use crate::domain::answerers::{Answerers, GivenAnswer};
    use crate::domain::context::{Context, Source};
    use crate::domain::entry::{Entry, Stamped, Unsaved};
    use crate::domain::id::{RequestId, SessionId};
    use crate::domain::request::{Field, FieldType};
    use crate::domain::status::Status;
    use crate::domain::time::Timestamp;

    fn context() -> Option<Box<Context>> {
        let source = Some(Source::Session { session_id: SessionId::random() });
        Some(Box::new(Context { title: Some("t".into()), source, details: Map::from_iter([("a".into(), json!(1))]) }))
    }

    fn answerers() -> Answerers {
        let assignees = vec!["bo".parse().unwrap(), "group:ops".parse().unwrap()];
        Answerers { assignees, required_answers: Some(2), allow_own: false }
    }

    fn entries() -> Vec<Entry> {
        let request_id = RequestId::random();
        vec![
            Entry::Status { status: Status::Running, attempt: 1 },
            Entry::Stream { content: "c".into() },
            Entry::Progress { done: 1.into(), total: 2.into(), label: "l".into() },
            Entry::RequestConfirmation {
                request_id,
                message: "m".into(),
                timeout: Some(1.0),
                expires_at: Some(Timestamp::now()),
                default: Some(true),
                context: context(),
                answerers: answerers(),
            },
            Entry::RequestUserInput {
                request_id,
                fields: vec![Field::new("n", FieldType::Email, "d").with_choices(["a"])],
                message: Some("m".into()),
                timeout: Some(1.0),
                expires_at: Some(Timestamp::now()),
                default: Some(Map::new()),
                context: context(),
                answerers: answerers(),
            },
            Entry::AnswerGiven { request_id, by: "b".into(), value: true, missing: 1 },
            Entry::Answered {
                request_id,
                by: "b".into(),
                value: Some(true),
                values: Some(Map::new()),
                timed_out: true,
                withdrawn: true,
                answers: vec![GivenAnswer { by: "b".into(), value: true }],
            },
            Entry::TaskCompleted { values: json!(1) },
            Entry::TaskFailed {
                error: "e".into(),
                can_retry: true,
                attempt: 1,
                request_id: Some(request_id),
                context: context(),
            },
            Entry::TaskCancelled { reason: "r".into() },
            Entry::Recovered { cause: "c".into(), steps_in_doubt: vec!["s".into()] },
        ]
        .into_iter()
        .chain(of_agents().map(Entry::Agent))
        .collect()
    }

    fn of_agents() -> impl Iterator<Item = AgentEntry> {
        let (agent_id, call_id, task) = ("a".to_owned(), "c".to_owned(), Some("t".to_owned()));
        let text = "x".to_owned();
        [
            AgentEntry::AgentStarted { agent_id: agent_id.clone(), task: task.clone() },
            AgentEntry::AgentEvent { agent_id: agent_id.clone(), data: json!({"kind": "text"}) },
            AgentEntry::AgentCompleted { agent_id: agent_id.clone(), task: task.clone(), findings: vec![json!({})] },
            AgentEntry::AgentError { agent_id: agent_id.clone(), task, error: text.clone() },
            AgentEntry::AgentTurn {
                agent_id: agent_id.clone(),
                task: text.clone(),
                call_id: call_id.clone(),
                turn: 1,
                text: text.clone(),
                reasoning: text.clone(),
                tool_calls: vec![json!({"id": "c", "name": "n", "arguments": {}})],
                finish_reason: None,
                left_out_bytes: Some(1),
                warnings: vec![TurnWarning::Length],
                usage: json!({}),
            },
            AgentEntry::ToolResult {
                agent_id: agent_id.clone(),
                call_id: call_id.clone(),
                tool: text.clone(),
                ok: true,
                text: text.clone(),
            },
            AgentEntry::AgentDelta { agent_id, call_id, r#try: 1, part: 1, text },
        ]
        .into_iter()
    }

    /// The schema of a message's payload, with the shared schemas where its references look for them.
    fn validator(name: &str) -> (Value, jsonschema::Validator) {
        let document = document();
        let mut schema = document["components"]["messages"][name]["payload"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        (schema, validator)
    }

    #[test]
    fn every_entry_is_described_as_it_is_sent() {
        for entry in entries() {
            let (schema, validator) = validator(entry.kind());
            let sent = Stamped { entry, lane: Some("l".into()), seq: 1, timestamp: Timestamp::now() };
            let sent = serde_json::to_value(sent).unwrap();
            assert!(validator.is_valid(&sent), "{sent} {:?}", validator.validate(&sent));
            for key in sent.as_object().unwrap().keys() {
                assert!(schema["properties"].get(key).is_some(), "{key} of {sent}");
            }
        }
        assert_eq!(SENT.iter().filter(|message| message.journaled).count(), entries().len());
    }

    #[test]
    fn what_is_not_saved_is_described_as_it_is_sent() {
        for entry in entries() {
            let (_, validator) = validator(entry.kind());
            let unsaved = Unsaved { entry: &entry, lane: None, save_state: false, timestamp: Timestamp::now() };
            let sent = serde_json::to_value(unsaved).unwrap();
            let is_shown = match &entry {
                Entry::Stream { .. } | Entry::Progress { .. } => true,
                Entry::Agent(entry) => !entry.is_saved(),
                Entry::Status { .. }
                | Entry::RequestConfirmation { .. }
                | Entry::RequestUserInput { .. }
                | Entry::AnswerGiven { .. }
                | Entry::Answered { .. }
                | Entry::TaskCompleted { .. }
                | Entry::TaskFailed { .. }
                | Entry::TaskCancelled { .. }
                | Entry::Recovered { .. }
                | Entry::Custom(_) => false,
            };
            assert_eq!(validator.is_valid(&sent), is_shown || entry.kind() == FORM, "{sent}");
        }
    }

    #[test]
    fn every_schema_is_json_and_every_reference_leads_somewhere() {
        let document = document();
        for message in workflows::SENT.iter().chain(workflows::HEARD) {
            for (name, schema, _) in message.fields {
                assert!(serde_json::from_str::<Value>(schema).is_ok(), "{name}");
            }
            validator(&format!("workflows.{}", message.name));
        }
        for message in SENT.iter().chain(HEARD) {
            for (name, schema, _) in message.fields {
                assert!(serde_json::from_str::<Value>(schema).is_ok(), "{name}");
            }
            validator(message.name);
        }
        let text = document.to_string();
        for part in text.split(r##""$ref":"#"##).skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        assert!(document["components"]["schemas"]["Field"]["properties"].is_object(), "{document:#}");
    }
}
