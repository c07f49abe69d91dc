//! Items as Protocol Buffers: the messages of `proto/callboard/events.proto`, made when the server is built.

use bytes::Bytes;
use prost::Message as _;
use uuid::fmt::Hyphenated;

use crate::domain::event;
use crate::domain::status;
use crate::hub::Item;

include!(concat!(env!("OUT_DIR"), "/callboard.events.v1.rs"));

/// The definition of the messages, for clients.
pub const DEFINITION: &str = include_str!("../../../proto/callboard/events.proto");

/// A frame with one event.
#[must_use]
pub fn event(event: &event::Event) -> Bytes {
    let new_event = &event.new_event;
    let id = |id: Option<&str>| id.unwrap_or_default().to_owned();
    // These types always can be written: their keys are strings.
    let json = |map| serde_json::to_string(map).unwrap_or_default();
    let written = Event {
        id: Hyphenated::from_uuid(event.id).to_string(),
        r#type: new_event.kind.word().to_owned(),
        priority: priority(new_event.priority).into(),
        timestamp_us: event.timestamp.as_micros(),
        execution_id: new_event.execution_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        crew_id: id(new_event.crew_id.as_deref()),
        agent_id: id(new_event.agent_id.as_deref()),
        data: json(&new_event.data),
        metadata: json(&new_event.metadata),
        seq: event.seq.unwrap_or_default(),
    };
    Frame { events: vec![written], ..Frame::default() }.encode_to_vec().into()
}

/// A frame with one item.
#[must_use]
pub fn item(item: &Item<'_>) -> Bytes {
    if let Some(event) = item.event {
        return self::event(event.event());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let message = Message { r#type: text(item.kind), seq: item.position.unwrap_or_default(), json: text(item.json) };
    Frame { messages: vec![message], ..Frame::default() }.encode_to_vec().into()
}

/// A frame with an answer.
#[must_use]
pub fn answer(json: &[u8]) -> Bytes {
    let answer = String::from_utf8_lossy(json).into_owned();
    Frame { answer, ..Frame::default() }.encode_to_vec().into()
}

fn priority(priority: status::Priority) -> Priority {
    match priority {
        status::Priority::Low => Priority::Low,
        status::Priority::Normal => Priority::Normal,
        status::Priority::High => Priority::High,
        status::Priority::Critical => Priority::Critical,
    }
}
