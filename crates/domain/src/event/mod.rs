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
            data: Map::new(),
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

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // These types always can be written: their keys are strings.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            id: Uuid,
            #[serde(rename = "type")]
            kind: &'a str,
            priority: Priority,
            timestamp: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            execution_id: Option<&'a ExecutionId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            crew_id: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            agent_id: Option<&'a str>,
            data: &'a Map<String, Value>,
            metadata: &'a Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            seq: Option<u64>,
        }
        let NewEvent { kind, priority, execution_id, crew_id, agent_id, data, metadata } = &self.new_event;
        let wire = Wire {
            id: self.id,
            kind: kind.word(),
            priority: *priority,
            timestamp: self.timestamp.to_rfc3339(),
            execution_id: execution_id.as_ref(),
            crew_id: crew_id.as_deref(),
            agent_id: agent_id.as_deref(),
            data,
            metadata,
            seq: self.seq,
        };
        wire.serialize(serializer)
    }
}
