//! What is said on the event sockets, for the description.

use serde_json::{Map, Value, json};

use super::{compression, format, reference};
use crate::domain::event::Kind;

/// An event socket: its name here, its address, and what it is for.
const SOCKETS: [(&str, &str, &str); 5] = [
    (
        "execution_events",
        "ws/executions/{execution_id}",
        "All that happens to one execution, which need not be there yet: what its starter calls it, else its session's id.",
    ),
    ("crew_events", "ws/crews/{crew_id}", "All that happens to one crew."),
    ("global_events", "ws/global", "Every event."),
    ("metrics_events", "ws/metrics", "The server's own numbers, at once and then every second."),
    ("custom_events", "ws/custom", "What the client asks for: nothing at first, or what `subscriptions` says."),
];

/// Which schema each field of an answer or of what a client says has, beside the word that says what it is.
type Said = (&'static str, &'static str, fn() -> Value, &'static [&'static str]);

/// What the server says beside events.
const ANSWERS: [Said; 6] = [
    (
        "subscribed",
        "The answer to `subscribe`: all that the client is subscribed to now.",
        subscriptions,
        &["subscriptions"],
    ),
    ("unsubscribed", "The answer to `unsubscribe`: all that is left.", subscriptions, &["subscriptions"]),
    ("filter_set", "The answer to `set_filter`: what is left out from now on.", filter, &["filter"]),
    (
        "published",
        "The answer to `publish`: the event is kept, at this place among all events.",
        published,
        &["seq", "ref", "id"],
    ),
    ("pong", "The answer to a `ping`, with its `timestamp` as it came.", pong, &["timestamp"]),
    (
        "error",
        "A message from the client was not taken, or a position cannot be gone on from.",
        error,
        &["code", "message"],
    ),
];

/// What a client says.
const ACTIONS: [Said; 5] = [
    ("subscribe", "Wants these, too.", subscriptions, &["subscriptions"]),
    ("unsubscribe", "Does not want these any more.", subscriptions, &["subscriptions"]),
    ("set_filter", "Wants only what fits this; `{}` is everything.", filter, &["filter"]),
    (
        "publish",
        "Publishes an event, as `POST /api/v1/events` does. Needs the admin token beyond the server's machine.",
        publish,
        &["type"],
    ),
    ("ping", "Asks whether the server is there.", ping, &[]),
];

/// All messages, by their names among the components.
pub(super) fn messages() -> Map<String, Value> {
    let mut messages = Map::new();
    messages.insert(
        component("event"),
        json!({"name": "event", "summary": "Something has happened.",
               "payload": {"$ref": "#/components/schemas/Event"}}),
    );
    messages.insert(
        component("batch"),
        json!({"name": "batch", "summary": "Several events in their order, where the client asked for `batch_ms`.",
               "payload": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}, "minItems": 1}}),
    );
    messages.insert(
        component("numbers"),
        json!({"name": "numbers", "summary": "The server's own numbers.",
        "payload": {"allOf": [{"$ref": "#/components/schemas/Event"}, {"properties": {
            "type": {"const": "system.health_check"},
            "data": {"$ref": "#/components/schemas/MetricsSnapshot"},
        }}]}}),
    );
    messages.extend(ANSWERS.iter().map(|said| (component(said.0), described("type", said))));
    messages.extend(ACTIONS.iter().map(|said| (component(said.0), described("action", said))));
    messages
}

/// The channels.
pub(super) fn channels() -> Map<String, Value> {
    let channel = |(name, address, meaning): &(&str, &str, &str)| {
        let mut channel = json!({
            "address": format!("/api/v1/websocket/{address}"),
            "description": meaning,
            "messages": names(name).into_iter().map(|it| (it.to_owned(), reference("components/messages", &component(it)))).collect::<Map<_, _>>(),
            "bindings": {"ws": {"method": "GET", "query": query(name)}},
        });
        let parameter = address.split_once('{').and_then(|(_, rest)| rest.strip_suffix('}'));
        if let (Some(parameter), Some(fields)) = (parameter, channel.as_object_mut()) {
            fields.insert("parameters".into(), json!({parameter: {"description": "Its id."}}));
        }
        ((*name).to_owned(), channel)
    };
    SOCKETS.iter().map(channel).collect()
}

/// What is said on each channel, and by whom.
pub(super) fn operations() -> Map<String, Value> {
    let mut operations = Map::new();
    for (name, ..) in &SOCKETS {
        let place = format!("channels/{name}/messages");
        let of = |names: Vec<&str>| names.into_iter().map(|it| reference(&place, it)).collect::<Vec<_>>();
        let (heard, sent): (Vec<&str>, Vec<&str>) =
            names(name).into_iter().partition(|it| ACTIONS.iter().any(|(action, ..)| action == it));
        operations.insert(
            format!("tell_{name}"),
            json!({"action": "send", "channel": reference("channels", name), "summary": "What the server says.",
                   "messages": of(sent)}),
        );
        operations.insert(
            format!("hear_{name}"),
            json!({"action": "receive", "channel": reference("channels", name), "summary": "What a client says.",
                   "messages": of(heard)}),
        );
    }
    operations
}

/// The schema of an event.
pub(super) fn event() -> Value {
    let words: Vec<&str> = Kind::KNOWN.iter().map(Kind::word).collect();
    json!({
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "type": {"anyOf": [{"enum": words}, {"type": "string", "pattern": r"^custom(\.[A-Za-z0-9_-]+)+$"}]},
            "priority": {"enum": ["low", "normal", "high", "critical"]},
            "timestamp": {"type": "string", "format": "date-time"},
            "execution_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "What its starter calls it, else its session's id, which is `metadata.session_id`."},
            "crew_id": {"type": "string"},
            "agent_id": {"type": "string"},
            "data": {"type": "object"},
            "metadata": {"type": "object"},
            "seq": {"type": "integer", "minimum": 0, "description": "Its place among all events that are kept."},
        },
        "required": ["id", "type", "priority", "timestamp", "data", "metadata"],
    })
}

/// Its name among the components: some have the names of a session's messages, and other fields.
pub(super) fn component(name: &str) -> String {
    format!("events.{name}")
}

/// The messages of a channel.
fn names(channel: &str) -> Vec<&'static str> {
    let numbers = (channel == "metrics_events").then_some("numbers");
    let said = ANSWERS.iter().chain(&ACTIONS).map(|(name, ..)| *name);
    ["event", "batch"].into_iter().chain(numbers).chain(said).collect()
}

fn described(key: &str, (name, meaning, fields, required): &Said) -> Value {
    let mut properties = Map::from_iter([(key.to_owned(), json!({"const": name}))]);
    if let Value::Object(fields) = fields() {
        properties.extend(fields);
    }
    let required: Vec<&str> = [key].into_iter().chain(required.iter().copied()).collect();
    json!({"name": name, "summary": meaning,
           "payload": {"type": "object", "properties": properties, "required": required}})
}

fn subscriptions() -> Value {
    json!({"subscriptions": {"type": "array", "items": {"type": "string"},
           "description": "`execution_{id}`, `crew_{id}`, `task_updates`, `queue`, `requests`, `memory`, `system`, `global`, `metrics`, or types such as `execution.*`; `*` and `all` are every type."}})
}

fn filter() -> Value {
    json!({"filter": {"type": "object", "properties": {
        "types": {"type": "array", "items": {"type": "string"}},
        "min_priority": {"enum": ["low", "normal", "high", "critical", null]},
        "execution_id": {"type": ["string", "null"]},
        "crew_id": {"type": ["string", "null"]},
        "agent_id": {"type": ["string", "null"]},
    }}})
}

fn publish() -> Value {
    json!({
        "type": {"type": "string", "pattern": r"^custom(\.[A-Za-z0-9_-]+)+$"},
        "data": {"type": ["object", "null"], "description": "Where the type is declared, it has to fit its schema."},
        "priority": {"enum": ["low", "normal", "high", "critical", null]},
        "ref": reference_of_a_client(),
        "execution_id": {"type": ["string", "null"]},
        "crew_id": {"type": ["string", "null"]},
        "agent_id": {"type": ["string", "null"]},
        "metadata": {"type": ["object", "null"]},
    })
}

fn published() -> Value {
    json!({"seq": {"type": "integer", "minimum": 1}, "ref": reference_of_a_client(),
           "id": {"type": "string", "format": "uuid"}})
}

fn reference_of_a_client() -> Value {
    json!({"type": ["string", "number", "null"], "description": "What the client knows the event by."})
}

fn ping() -> Value {
    json!({"timestamp": true})
}

fn pong() -> Value {
    json!({"timestamp": true, "server_time": {"type": "string", "format": "date-time"}})
}

fn error() -> Value {
    json!({"code": {"type": "string"}, "message": {"type": "string"}, "data": {"type": "object"},
           "errors": {"type": "array", "items": {"type": "object"}}, "ref": reference_of_a_client()})
}

fn query(channel: &str) -> Value {
    let text = |meaning: &str| json!({"type": "string", "description": meaning});
    let mut properties = Map::from_iter([
        ("client_id".to_owned(), text("What the client is called; where that name is taken, `-2` or more is added.")),
        ("token".to_owned(), text("The client's token, where the server wants one.")),
        ("since".to_owned(), text("`EPOCH:SEQ`: all that is kept after this is sent first.")),
        (
            "batch_ms".to_owned(),
            json!({"type": "integer", "minimum": 1, "maximum": 1000,
                   "description": "For how long events are gathered, to be sent in one frame."}),
        ),
        ("compression".to_owned(), compression()),
        ("format".to_owned(), format()),
    ]);
    if channel == "custom_events" {
        properties.insert("subscriptions".to_owned(), text("What the client asks for, separated by commas."));
    }
    json!({"type": "object", "properties": properties})
}
