//! What is published: journal entries, events and messages about workflows, all seen as items of a feed.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::burst::{Burst, EncodedEntry};
use crate::domain::entry;
use crate::domain::event::EncodedEvent;
use crate::domain::id::SessionId;
use crate::domain::tail::Replay;

/// What becomes of an item for a subscriber that has no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It is read from the source later.
    Kept,
    /// The newest of its kind is read from the source later; those before it are skipped.
    Latest,
    /// It is kept nowhere: who has no room misses it.
    Control,
}

/// One item of a feed. It borrows from what its source has encoded; the topic is that of the whole publication, and the
/// key by which a later item replaces an earlier one is known to the source alone.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Its position in the feed; none where it is kept nowhere.
    pub position: Option<u64>,
    /// What becomes of it without room.
    pub class: Class,
    /// The word in its `type`.
    pub kind: &'a [u8],
    /// The number of that among the kinds of its feed, below 64.
    pub kind_index: u8,
    /// Its JSON, as clients get it.
    pub json: &'a Bytes,
    /// The event that it is, where it is one: what filters look at.
    pub event: Option<&'a EncodedEvent>,
    /// Whether nothing can follow it in its feed.
    pub is_end: bool,
    /// The session whose entry it is, where that is known: for sockets that follow several.
    pub session_id: Option<SessionId>,
}

/// Items in their order, shared by all who get them.
#[derive(Clone, Debug)]
pub enum Items {
    /// A row of a journal, with what is sent along with it.
    Burst(Arc<Burst>),
    /// A part of a journal.
    Replay(Arc<Replay>),
    /// Events.
    Events(Arc<[EncodedEvent]>),
    /// Messages about workflows.
    Messages(Arc<Messages>),
}

impl Items {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Items::Burst(burst) => burst.messages(),
            Items::Replay(replay) => replay.entries.len(),
            Items::Events(events) => events.len(),
            Items::Messages(messages) => messages.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them, by its place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Item<'_>> {
        match self {
            Items::Burst(burst) => of_burst(burst, at),
            Items::Replay(replay) => replay.entries.get(at).map(of_entry),
            Items::Events(events) => events.get(at).map(of_event),
            Items::Messages(messages) => messages.get(at),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// Whether both are the same in memory.
    #[must_use]
    pub fn is_same(&self, other: &Items) -> bool {
        match (self, other) {
            (Items::Burst(one), Items::Burst(other)) => Arc::ptr_eq(one, other),
            (Items::Replay(one), Items::Replay(other)) => Arc::ptr_eq(one, other),
            (Items::Events(one), Items::Events(other)) => Arc::ptr_eq(one, other),
            (Items::Messages(one), Items::Messages(other)) => Arc::ptr_eq(one, other),
            (Items::Burst(_) | Items::Replay(_) | Items::Events(_) | Items::Messages(_), _) => false,
        }
    }
}

/// An entry of a burst, or what is sent between two entries: the n-th of the latter stands at its own place plus n.
fn of_burst(burst: &Burst, at: usize) -> Option<Item<'_>> {
    let mut between = 0;
    for passing in &burst.passing {
        let place = passing.after + between;
        if place == at {
            let (kind, json) = (&passing.kind, &passing.json);
            let class = Class::Control;
            return Some(Item {
                position: None,
                class,
                kind,
                kind_index: 0,
                json,
                event: None,
                is_end: false,
                session_id: None,
            });
        }
        if place > at {
            break;
        }
        between += 1;
    }
    burst.entries.get(at - between).map(of_entry)
}

fn of_entry(entry: &EncodedEntry) -> Item<'_> {
    Item {
        position: Some(entry.seq),
        class: Class::Kept,
        kind: &entry.kind,
        kind_index: 0,
        json: &entry.json,
        event: None,
        is_end: entry.class == entry::Class::Terminal,
        session_id: None,
    }
}

fn of_event(event: &EncodedEvent) -> Item<'_> {
    let class = if event.seq().is_some() { Class::Kept } else { Class::Control };
    Item {
        position: event.seq(),
        class,
        kind: event.new_event().kind.word().as_bytes(),
        kind_index: u8::try_from(event.index()).unwrap_or(u8::MAX),
        json: event.json(),
        event: Some(event),
        is_end: false,
        session_id: None,
    }
}

/// Messages about workflows, encoded as JSON one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages(Vec<Message>);

/// One message about a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    position: Option<u64>,
    kind: &'static str,
    kind_index: u8,
    json: Bytes,
}

impl Messages {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    fn get(&self, at: usize) -> Option<Item<'_>> {
        self.0.get(at).map(|message| Item {
            position: message.position,
            class: if message.position.is_some() { Class::Latest } else { Class::Control },
            kind: message.kind.as_bytes(),
            kind_index: message.kind_index,
            json: &message.json,
            event: None,
            is_end: false,
            session_id: None,
        })
    }
}

/// Collects [`Messages`].
#[derive(Debug, Default)]
pub struct MessagesBuilder {
    text: Vec<u8>,
    /// Where each begins in the text.
    messages: Vec<(usize, Option<u64>, &'static str, u8)>,
}

impl MessagesBuilder {
    /// Adds a message of this kind, which has that number among its kinds; its JSON is what `write` appends. One that
    /// cannot be written is left out.
    pub fn push(
        &mut self,
        (kind, kind_index): (&'static str, u8),
        position: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
    ) {
        let start = self.text.len();
        match write(&mut self.text) {
            Ok(()) => self.messages.push((start, position, kind, kind_index)),
            Err(_) => self.text.truncate(start),
        }
    }

    /// All that were added.
    #[must_use]
    pub fn finish(self) -> Messages {
        let text = Bytes::from(self.text);
        let ends = self.messages.iter().skip(1).map(|(start, ..)| *start).chain([text.len()]);
        let placed = self.messages.iter().zip(ends);
        let message =
            |(&(start, position, kind, kind_index), end): (&(usize, Option<u64>, &'static str, u8), usize)| Message {
                position,
                kind,
                kind_index,
                json: text.slice(start..end),
            };
        Messages(placed.map(message).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::{Entry, Unsaved};
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_not_saved_keeps_its_place_between_entries(saved in prop::collection::vec(any::<bool>(), 0..20)) {
            let (mut builder, entry) = (BurstBuilder::default(), Entry::Stream { content: String::new() });
            let timestamp = Timestamp::from_micros(0);
            let mut seq = 0;
            let mut expected = Vec::new();
            for is_saved in saved {
                if is_saved {
                    seq += 1;
                    builder.append(&entry, None, seq, timestamp);
                    expected.push(Some(seq));
                } else {
                    builder.pass(&Unsaved { entry: &entry, lane: None, save_state: false, timestamp });
                    expected.push(None);
                }
            }
            let items = Items::Burst(Arc::new(builder.finish()));
            prop_assert_eq!(items.iter().map(|item| item.position).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn messages_are_slices_of_one_text() {
        let mut builder = MessagesBuilder::default();
        for (at, text) in [r#"{"a":1}"#, "[]"].into_iter().enumerate() {
            let write = |out: &mut Vec<u8>| {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            };
            builder.push(("node_state", 1), Some(at as u64), write);
        }
        let items = Items::Messages(Arc::new(builder.finish()));
        let texts: Vec<&[u8]> = items.iter().map(|item| &item.json[..]).collect();
        assert_eq!(texts, [&br#"{"a":1}"#[..], b"[]"]);
    }
}
