//! An event together with its JSON, which is written once whoever gets it.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::super::answerers::Assignee;
use super::super::id::ExecutionId;
use super::super::owner::Owner;
use super::super::status::Priority;
use super::super::time::Timestamp;
use super::kind::{Group, Keeping, Kind};
use super::{Event, NewEvent};

/// Where an event about a question says whom it is put to.
const ASSIGNEES: &str = "assignees";

/// An event together with its JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedEvent {
    /// The event, with its `seq` where it is kept.
    pub event: Event,
    /// Whose it is.
    pub owner: Owner,
    /// Its JSON, as clients get it.
    pub json: Bytes,
    /// The number of its type.
    index: usize,
}

impl EncodedEvent {
    /// Writes an event of the server itself down.
    #[must_use]
    pub fn new(event: Event) -> Self {
        let json = event.to_json().into();
        Self::of(event, Owner::SERVER, json)
    }

    /// An event of this owner that was written down already, as this JSON.
    #[must_use]
    pub fn of(event: Event, owner: Owner, json: Bytes) -> Self {
        let index = event.new_event.kind.index();
        Self { event, owner, json, index }
    }

    /// Reads an event of this owner back that was written down; `None` where this is none.
    #[must_use]
    pub fn read(owner: Owner, json: Bytes) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire {
            id: Uuid,
            #[serde(rename = "type")]
            kind: String,
            priority: Priority,
            timestamp: String,
            execution_id: Option<ExecutionId>,
            crew_id: Option<Arc<str>>,
            agent_id: Option<Arc<str>>,
            data: Map<String, Value>,
            metadata: Map<String, Value>,
            seq: Option<u64>,
        }
        let wire: Wire = serde_json::from_slice(&json).ok()?;
        let timestamp = Timestamp::from_rfc3339(&wire.timestamp)?;
        let Wire { id, priority, execution_id, crew_id, agent_id, data, metadata, seq, .. } = wire;
        let kind = Kind::parse(&wire.kind)?;
        let new_event = NewEvent { kind, priority, execution_id, crew_id, agent_id, data, metadata };
        let event = Event { id, new_event, timestamp, seq };
        Some(Self::of(event, owner, json))
    }

    /// The type's word in an event that was written down, without reading the rest; `None` where it stands somewhere else
    /// than [`Event::to_json`] puts it.
    #[must_use]
    pub fn kind_in(json: &[u8]) -> Option<&str> {
        let rest = json.strip_prefix(b"{\"id\":\"")?.get(Hyphenated::LENGTH..)?.strip_prefix(b"\",\"type\":\"")?;
        std::str::from_utf8(rest.split(|byte| *byte == b'"').next()?).ok()
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// What has happened.
    #[must_use]
    pub fn new_event(&self) -> &NewEvent {
        &self.event.new_event
    }

    /// Whether it is about a question that is put to one of these, whoever owns the session.
    #[must_use]
    pub fn is_put_to(&self, assignees: &[Assignee]) -> bool {
        if assignees.is_empty() || self.new_event().kind.group() != Group::Request {
            return false;
        }
        let named = self.new_event().data.get(ASSIGNEES).and_then(Value::as_array);
        let named = named.into_iter().flatten().filter_map(|name| name.as_str()?.parse::<Assignee>().ok());
        named.into_iter().any(|name| assignees.contains(&name))
    }

    /// Its JSON.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The number of its type, as [`Kind::index`] gives it.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its place among those that are kept.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.event.seq
    }

    /// Whether it has a place, so that it can be replayed; else only those hear of it who listen just then.
    #[must_use]
    pub fn keeping(&self) -> Keeping {
        if self.event.seq.is_some() { Keeping::Kept } else { Keeping::Ephemeral }
    }

    /// Whether it overtakes others that wait.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.event.new_event.priority >= Priority::High
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    #[test]
    fn what_was_written_down_is_read_back() {
        let new_event = NewEvent::new(Kind::Custom("custom.a".into()))
            .of_execution(SessionId::random())
            .of_crew("crew")
            .of_agent("agent")
            .with("n", 1.5);
        for seq in [None, Some(7)] {
            let event = EncodedEvent::new(Event { seq, ..Event::now(new_event.clone()) });
            assert_eq!(EncodedEvent::kind_in(event.json()), Some("custom.a"));
            assert_eq!(EncodedEvent::read(Owner::SERVER, event.json().clone()), Some(event));
        }
        let plain = EncodedEvent::new(Event::now(NewEvent::new(Kind::SystemError)));
        assert!(plain.is_urgent() && plain.keeping() == Keeping::Ephemeral);
        assert_eq!(EncodedEvent::read(Owner::SERVER, plain.json().clone()), Some(plain));
        for text in ["", "{}", r#"{"id":1}"#] {
            assert_eq!(EncodedEvent::read(Owner::SERVER, text.into()), None);
            assert_eq!(EncodedEvent::kind_in(text.as_bytes()), None);
        }
    }
}
