//! Events as Protocol Buffers: the messages of `proto/callboard/events.proto`, made when the server is built.

use bytes::Bytes;
use prost::Message;
use uuid::fmt::Hyphenated;

use crate::domain::event;
use crate::domain::status;

include!(concat!(env!("OUT_DIR"), "/callboard.events.v1.rs"));

/// The definition of the messages, for clients.
pub const DEFINITION: &str = include_str!("../../../../proto/callboard/events.proto");

/// A frame with one event.
#[must_use]
pub fn event(event: &event::Event) -> Bytes {
    let happening = &event.happening;
    let id = |id: Option<&str>| id.unwrap_or_default().to_owned();
    // These types always can be written: their keys are strings.
    let json = |map| serde_json::to_string(map).unwrap_or_default();
    let written = Event {
        id: Hyphenated::from_uuid(event.id).to_string(),
        r#type: happening.kind.word().to_owned(),
        priority: priority(happening.priority).into(),
        timestamp_us: event.timestamp.as_micros(),
        execution_id: happening.execution_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        crew_id: id(happening.crew_id.as_deref()),
        agent_id: id(happening.agent_id.as_deref()),
        data: json(&happening.data),
        metadata: json(&happening.metadata),
        seq: event.seq.unwrap_or_default(),
    };
    Frame { events: vec![written], answer: String::new() }.encode_to_vec().into()
}

/// A frame with an answer.
#[must_use]
pub fn answer(json: &str) -> Bytes {
    Frame { events: Vec::new(), answer: json.to_owned() }.encode_to_vec().into()
}

fn priority(priority: status::Priority) -> Priority {
    match priority {
        status::Priority::Low => Priority::Low,
        status::Priority::Normal => Priority::Normal,
        status::Priority::High => Priority::High,
        status::Priority::Critical => Priority::Critical,
    }
}
