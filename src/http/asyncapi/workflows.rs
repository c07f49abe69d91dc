//! What is said on the WebSocket of workflows, for the description.

use serde_json::{Map, Value, json};

use super::{ANY, BOOLEAN, Message, NUMBER, OBJECT, TEXT, TEXTS, UUID, compression, format, said};

const EVENT: &str = r#"{"type":"string","enum":["continuous_started","continuous_stopped","execution_started","execution_completed","execution_failed","workflow_updated"]}"#;

/// What the server says.
pub(super) const SENT: &[Message] = &[
    said(
        "execution_status",
        "How a live workflow stands, as a whole; on connecting one for each, and the answer to `get_status`. With `gap`, not all that the client has missed could be sent.",
        &[("seq", NUMBER, true), ("gap", BOOLEAN, false), ("timestamp", NUMBER, true), ("data", OBJECT, true)],
    ),
    said(
        "node_state",
        "How a node stands: its latest state only, at most as often as the settings say. Without `seq` it is about a run as a session.",
        &[("seq", NUMBER, false), ("timestamp", NUMBER, true), ("data", OBJECT, true)],
    ),
    said(
        "workflow_event",
        "Something has happened to a workflow. Without `seq` it is about a run as a session.",
        &[("event", EVENT, true), ("seq", NUMBER, false), ("timestamp", NUMBER, true), ("data", OBJECT, true)],
    ),
    said(
        "continuous_update",
        "What iterations gave: the outputs of the nodes that changed; `executing` while something of the last is under way.",
        &[("seq", NUMBER, true), ("timestamp", NUMBER, true), ("data", OBJECT, true)],
    ),
    said(
        "subscribed",
        "The answer to `subscribe` and `unsubscribe`: what is sent from now on.",
        &[("events", TEXTS, true), ("timestamp", NUMBER, true)],
    ),
    said(
        "input_applied",
        "An input was changed; `execution_count` is the first iteration that sees it.",
        &[("timestamp", NUMBER, true), ("data", OBJECT, true)],
    ),
    said(
        "task_accepted",
        "A task was started. The messages of its session follow on this socket, as on its own, with `session_id`.",
        &[("session_id", UUID, true), ("timestamp", NUMBER, true)],
    ),
    super::REAUTHENTICATE,
    said("pong", "The answer to a `ping`.", &[("timestamp", ANY, true)]),
    said(
        "error",
        "A message from the client was not taken.",
        &[("code", TEXT, true), ("message", TEXT, true), ("timestamp", NUMBER, true)],
    ),
];

/// What a client says.
pub(super) const HEARD: &[Message] = &[
    said(
        "subscribe",
        "Wants these types of messages; the first time only these, later these as well. All where it names none.",
        &[("events", TEXTS, false), ("data", OBJECT, false)],
    ),
    said("unsubscribe", "Does not want these types.", &[("events", TEXTS, false), ("data", OBJECT, false)]),
    said(
        "input_update",
        "Changes an input of a live workflow: `data` has `node_id`, `input_name`, `input_value` and, where several have such a node, `workflow_id`.",
        &[("data", OBJECT, true)],
    ),
    said("get_status", "Asks how live workflows stand.", &[("workflow_id", TEXT, false), ("data", OBJECT, false)]),
    said(
        "task",
        "Gives the agents something to do.",
        &[("content", ANY, true), ("config", OBJECT, false), ("priority", TEXT, false), ("client_id", TEXT, false)],
    ),
    said(
        "confirm",
        "Answers a yes-or-no question of a session that was started here by `task`; `session_id` may be left out where there is one only.",
        &[("value", BOOLEAN, true), ("session_id", UUID, false), ("request_id", UUID, false)],
    ),
    said(
        "user_input",
        "Fills in a form of such a session.",
        &[("values", OBJECT, true), ("session_id", UUID, false), ("request_id", UUID, false)],
    ),
    said(
        "retry",
        "Answers the offer of another attempt of such a session.",
        &[("value", BOOLEAN, false), ("session_id", UUID, false), ("request_id", UUID, false)],
    ),
    said("cancel", "Stops such a session.", &[("session_id", UUID, false)]),
    super::AUTHENTICATE,
    said("ping", "Asks whether the server is there.", &[("timestamp", ANY, false)]),
];

/// The channel with these messages.
pub(super) fn channel(messages: Map<String, Value>) -> Value {
    json!({
        "address": "/ws",
        "description": "One workflow, or all: how they stand, then what happens, and the changes of their live inputs.",
        "messages": messages,
        "bindings": {"ws": {
            "method": "GET",
            "query": {"type": "object", "properties": {
                "workflow": {"type": "string", "description": "The workflow to watch; all of them without it."},
                "since": {"type": "integer", "minimum": 0,
                          "description": "With `workflow`: the last `seq` that the client has; it is sent what it has missed."},
                "client_id": {"type": "string", "maxLength": 64,
                              "description": "What the client calls itself; shown with what it changes."},
                "compression": compression(),
                "format": format(),
            }},
        }},
    })
}
