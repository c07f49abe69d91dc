//! Events: what happens anywhere in the server, typed, as those who listen to more than one session see it.
//!
//! `kind` is the table of types, `pattern` how types are asked for, `selector` what a listener subscribes to, `filter`
//! what it leaves out of that, `encoded` an event with its JSON.

pub mod encoded;
pub mod filter;
pub mod kind;
pub mod pattern;
pub mod selector;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::id::ExecutionId;
use super::status::Priority;
use super::time::Timestamp;
pub use encoded::EncodedEvent;
pub use filter::Filter;
pub use kind::{Group, Keeping, Kind};
pub use pattern::Pattern;
pub use selector::Selector;

/// The most bytes of `data` and `metadata` together of what clients publish: every listener gets them.
pub const LARGEST: usize = 65_536;

/// Whether what a client publishes is within [`LARGEST`]. It is encoded into nothing for that, and no further than it may go.
#[must_use]
pub fn fits(data: &Map<String, Value>, metadata: &Map<String, Value>) -> bool {
    struct Room(usize);
    impl std::io::Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::WriteZero)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut room = Room(LARGEST);
    [data, metadata].into_iter().all(|map| serde_json::to_writer(&mut room, map).is_ok())
}

/// Something that has happened, before it has an id and a place.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What.
    pub kind: Kind,
    /// How urgent it is.
    pub priority: Priority,
    /// To which execution.
    pub execution_id: Option<ExecutionId>,
    /// To which crew.
    pub crew_id: Option<Arc<str>>,
    /// To which agent.
    pub agent_id: Option<Arc<str>>,
    /// More about it.
    pub data: Map<String, Value>,
    /// What its maker keeps with it.
    pub metadata: Map<String, Value>,
}

impl NewEvent {
    /// Something of this kind, as urgent as its kind usually is.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let priority = kind.usual_priority();
        Self {
            kind,
            priority,
            execution_id: None,
            crew_id: None,
            agent_id: None,
            data: Map::with_capacity(USUAL_FIELDS),
            metadata: Map::new(),
        }
    }

    /// The same, which happened to an execution.
    #[must_use]
    pub fn of_execution(mut self, execution_id: impl Into<ExecutionId>) -> Self {
        self.execution_id = Some(execution_id.into());
        self
    }

    /// The same, which happened to a crew.
    #[must_use]
    pub fn of_crew(mut self, crew_id: impl Into<Arc<str>>) -> Self {
        self.crew_id = Some(crew_id.into());
        self
    }

    /// The same, which happened to an agent.
    #[must_use]
    pub fn of_agent(mut self, agent_id: impl Into<Arc<str>>) -> Self {
        self.agent_id = Some(agent_id.into());
        self
    }

    /// The same with one thing more about it.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }
}

/// Room for what nearly every event says, and for its JSON.
const USUAL_FIELDS: usize = 8;
const USUAL_BYTES: usize = 512;

/// Something that has happened, as it goes over the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub new_event: NewEvent,
    /// When.
    pub timestamp: Timestamp,
    /// Its place among all events that are kept, from 1; nothing where it is not kept.
    pub seq: Option<u64>,
}

impl Event {
    /// An event of now that has no place.
    #[must_use]
    pub fn now(new_event: NewEvent) -> Self {
        Self { id: Uuid::new_v4(), new_event, timestamp: Timestamp::now(), seq: None }
    }

    /// As JSON. Written by hand, as it is for every event: what has a fixed form is not looked through for what to escape.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let NewEvent { kind, priority, execution_id, crew_id, agent_id, data, metadata } = &self.new_event;
        let mut json = Vec::with_capacity(USUAL_BYTES);
        let mut fixed = |key: &str, text: &str| {
            [key, "\"", text, "\""].iter().for_each(|part| json.extend_from_slice(part.as_bytes()))
        };
        fixed("{\"id\":", self.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        fixed(",\"type\":", kind.word());
        fixed(",\"priority\":", priority.as_str());
        fixed(",\"timestamp\":", &self.timestamp.to_rfc3339());
        let ids = [
            ("execution_id", execution_id.as_ref().map(ExecutionId::as_str)),
            ("crew_id", crew_id.as_deref()),
            ("agent_id", agent_id.as_deref()),
        ];
        for (key, id) in ids {
            if let Some(id) = id {
                field(&mut json, key, id);
            }
        }
        field(&mut json, "data", data);
        field(&mut json, "metadata", metadata);
        if let Some(seq) = self.seq {
            field(&mut json, "seq", &seq);
        }
        json.push(b'}');
        json
    }
}

/// Adds a field that is not the first.
fn field<T: Serialize + ?Sized>(json: &mut Vec<u8>, key: &str, value: &T) {
    [",\"", key, "\":"].iter().for_each(|part| json.extend_from_slice(part.as_bytes()));
    // These types always can be written: their keys are strings.
    let _ = serde_json::to_writer(json, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    prop_compose! {
        fn id()(text in proptest::option::of(".{1,20}")) -> Option<Arc<str>> {
            text.map(Arc::from)
        }
    }

    proptest! {
        #[test]
        fn whatever_an_event_says_its_json_says(
            crew_id in id(), agent_id in id(), execution in any::<bool>(), key in ".{0,12}", text in ".{0,40}",
            seq in proptest::option::of(any::<u64>()), custom in any::<bool>(),
        ) {
            let kind = if custom { Kind::parse("custom.a_b.C-1").unwrap() } else { Kind::RequestOpened };
            let mut new_event = NewEvent::new(kind).with(&key, text.clone()).with("count", 3);
            new_event.metadata.insert(text.clone(), json!([key]));
            if execution {
                new_event = new_event.of_execution("an-execution.1".parse::<ExecutionId>().unwrap());
            }
            let event = Event { seq, new_event: NewEvent { crew_id, agent_id, ..new_event }, ..Event::now(NewEvent::new(Kind::RequestOpened)) };
            let mut expected = json!({
                "id": event.id.to_string(), "type": event.new_event.kind.word(), "priority": event.new_event.priority.as_str(),
                "timestamp": event.timestamp.to_rfc3339(),
            });
            let fields = expected.as_object_mut().unwrap();
            let mut add = |key: &str, value: Option<Value>| fields.extend(value.map(|value| (key.to_owned(), value)));
            let NewEvent { execution_id, crew_id, agent_id, data, metadata, .. } = &event.new_event;
            add("execution_id", execution_id.as_ref().map(|id| id.as_str().into()));
            add("crew_id", crew_id.as_deref().map(Value::from));
            add("agent_id", agent_id.as_deref().map(Value::from));
            add("data", Some(data.clone().into()));
            add("metadata", Some(metadata.clone().into()));
            add("seq", event.seq.map(Value::from));
            // In this order, too.
            prop_assert_eq!(String::from_utf8(event.to_json()).unwrap(), expected.to_string());
        }
    }
}
