//! What one server asks another of several about connections and numbers, as it goes over the wire.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::messages::{Audience, ConnectionDetails, Sent};
use crate::cluster::Question;
use crate::domain::event::EncodedEvent;
use crate::domain::owner::Owner;
use crate::metrics::Snapshot;

/// What is known of each connection?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ConnectionsThere {}

impl Question for ConnectionsThere {
    const NAME: &'static str = "connections";
    type Answer = Vec<ConnectionDetails>;
}

/// Close the connection of this client, because an operator says so. The answer is whether there is one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DisconnectThere {
    pub(crate) client_id: String,
}

impl Question for DisconnectThere {
    const NAME: &'static str = "disconnect";
    type Answer = bool;
}

/// Send this event to this client alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SendThere {
    pub(crate) client_id: String,
    pub(crate) event: SentEvent,
}

impl Question for SendThere {
    const NAME: &'static str = "send_to_client";
    type Answer = Sent;
}

/// Close whoever was not heard for too long. The answer is how many.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct SweepThere {}

impl Question for SweepThere {
    const NAME: &'static str = "sweep_connections";
    type Answer = usize;
}

/// Send this event to this audience. The answer is to how many it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BroadcastThere {
    pub(crate) event: SentEvent,
    pub(crate) audience: Audience,
}

impl Question for BroadcastThere {
    const NAME: &'static str = "broadcast";
    type Answer = usize;
}

/// What are the latest numbers of the server?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct NumbersThere {}

impl Question for NumbersThere {
    const NAME: &'static str = "numbers";
    type Answer = Arc<Snapshot>;
}

/// What were the numbers of the server in the last so many seconds, of which one out of `each` is wanted?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct HistoryThere {
    pub(crate) seconds: u64,
    pub(crate) each: usize,
}

/// The numbers of a server over some time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PastNumbers {
    /// The moment of the answer, in seconds since the epoch, by the clock that the snapshots go by.
    pub(crate) at: f64,
    pub(crate) snapshots: Vec<Arc<Snapshot>>,
}

impl Question for HistoryThere {
    const NAME: &'static str = "history";
    type Answer = PastNumbers;
}

/// An event as it goes to another server: as clients get it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SentEvent {
    owner: Owner,
    json: Box<RawValue>,
}

impl SentEvent {
    /// An event, to be sent; nothing where it is no JSON.
    #[must_use]
    pub(crate) fn of(event: &EncodedEvent) -> Option<Self> {
        let text = String::from_utf8(event.json().to_vec()).ok()?;
        Some(Self { owner: event.owner.clone(), json: RawValue::from_string(text).ok()? })
    }

    /// The event that was sent; nothing where this version does not know its type.
    #[must_use]
    pub(crate) fn read(self) -> Option<EncodedEvent> {
        EncodedEvent::read(self.owner, String::from(Box::<str>::from(self.json)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, Kind, NewEvent};

    #[test]
    fn an_event_arrives_as_it_was() {
        let event = EncodedEvent::new(Event::now(NewEvent::new(Kind::SystemStartup).with("version", "1 \u{2028}")));
        let text = serde_json::to_string(&SentEvent::of(&event).unwrap()).unwrap();
        let read = serde_json::from_str::<SentEvent>(&text).unwrap().read().unwrap();
        assert_eq!((read.json(), &read.owner, read.index()), (event.json(), &event.owner, event.index()));
    }
}
