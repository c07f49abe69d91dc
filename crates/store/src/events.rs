//! Events in the store: how those that are kept get their numbers, and how they are read back.
//!
//! What a session's row makes happen is written in the commit of that row: neither is ever there without the other.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;

use super::engine::EventRows;
use super::query::{Query, Reply};
use super::writer::Command;
use super::{Document, Error, Precondition, Store};
pub use callboard_domain::event::EncodedEvent;
use callboard_domain::event::kind::Keeping;
use callboard_domain::event::{Event, NewEvent};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// An event that is to be recorded: with its owner and its JSON, and without a `seq` yet. One of a kind that is not kept is
/// only published, after all that was recorded before.
#[derive(Clone, Debug)]
pub struct UnnumberedEvent {
    event: Event,
    /// Whose it is.
    owner: Owner,
    /// Its JSON without a `seq`, made on the thread where it happened.
    json: Vec<u8>,
}

impl UnnumberedEvent {
    /// What happened at this moment to something of this owner.
    #[must_use]
    pub fn new(new_event: NewEvent, owner: Owner, at: Timestamp) -> Self {
        let event = Event { timestamp: at, ..Event::now(new_event) };
        let json = event.to_json();
        Self { event, owner, json }
    }

    /// What it is about.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// An event that is not kept, ready to be published.
    #[must_use]
    pub fn into_ephemeral(self) -> EncodedEvent {
        EncodedEvent::of(self.event, self.owner, self.json.into())
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Its JSON, without a number.
    pub(super) fn json(&self) -> &[u8] {
        &self.json
    }

    /// About how many bytes it writes.
    pub(super) fn size(&self) -> usize {
        self.json.len()
    }

    /// Whether it gets a number and is written.
    pub(super) fn is_kept(&self) -> bool {
        self.event.new_event.kind.keeping() == Keeping::Kept
    }

    /// How long its JSON is with this `seq`.
    fn encoded_len(&self, seq: u64) -> usize {
        let digits = seq.checked_ilog10().map_or(1, |log| log as usize + 1);
        self.json.len() + SEQ_FIELD.len() + digits
    }
}

/// What stands before an event's number.
const SEQ_FIELD: &str = ",\"seq\":";

/// Who is given the events that were written, in order: it must not block.
pub(super) type EventSubscriber = Box<dyn FnMut(Published) + Send>;

/// What is published of the log of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Published {
    /// The events of a commit of this server, in order.
    Own(Vec<EncodedEvent>),
    /// What another server has committed, or this one before it was taken for dead: as it was written.
    Elsewhere {
        /// The row that it was written as.
        row: EventRow,
        /// Up to this `seq`, it was published before.
        after_seq: u64,
    },
    /// The engine has lost events that were published, which only its failover can cause: the log begins anew.
    NewEpoch {
        /// What the log is called from now on.
        epoch: Arc<str>,
        /// The number of the last event that was kept.
        last_seq: u64,
    },
}

/// Where the epoch's word stands among the server's documents.
pub(super) const EPOCH_PLACE: (&str, &str) = ("server", "epoch");

/// A word for a new epoch.
pub(super) fn new_epoch() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Events of one owner that were written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The `seq` of its first event.
    pub first_seq: u64,
    /// The `seq` of its last event.
    pub last_seq: u64,
    /// Whose they are.
    pub owner: Owner,
    /// The events' JSON, one a line.
    pub body: Bytes,
}

impl EventRow {
    /// Its events after this `seq`: each with its own and its JSON.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = (u64, Bytes)> + '_ {
        let lines = self.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let numbered = (self.first_seq..).zip(lines);
        numbered.filter(move |(of, _)| *of > seq).map(|(of, line)| (of, self.body.slice_ref(line)))
    }
}

/// Which events a store has: those from `first_seq` to `last_seq`. Where there is none, `first_seq` is one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSpan {
    /// The `seq` of the oldest.
    pub first_seq: u64,
    /// The `seq` of the newest; 0 where there never was one.
    pub last_seq: u64,
}

impl EventSpan {
    /// That of a store in which nothing has happened.
    pub(super) const EMPTY: EventSpan = EventSpan { first_seq: 1, last_seq: 0 };
}

/// Numbers the events that are kept, beginning after `last_seq`: the rows that are to be written.
pub(super) fn number<'a>(events: impl Iterator<Item = &'a UnnumberedEvent> + Clone, last_seq: u64) -> EventRows {
    let mut rows = EventRows::new();
    let mut kept = events.filter(|event| event.is_kept()).peekable();
    let mut seq = last_seq;
    while let Some(first) = kept.peek() {
        let (owner, first_seq) = (first.owner.clone(), seq + 1);
        let of_owner = kept.clone().take_while(|event| event.owner == owner);
        let mut body = Vec::with_capacity(of_owner.map(|event| event.json.len() + LONGEST_SEQ).sum());
        while let Some(event) = kept.next_if(|event| event.owner == owner) {
            seq += 1;
            body.extend_from_slice(event.json.strip_suffix(b"}").unwrap_or(&event.json));
            // A vector takes all that is written to it.
            let _ = writeln!(body, "{SEQ_FIELD}{seq}}}");
        }
        rows.push(EventRow { first_seq, last_seq: seq, owner, body: body.into() });
    }
    rows
}

/// As many bytes as a number adds to an event, with the end of its line.
const LONGEST_SEQ: usize = SEQ_FIELD.len() + 20 + 1;

/// Hands the numbers that events were given to those events, in the same order.
pub(super) struct Numbers<'a> {
    rows: std::slice::Iter<'a, EventRow>,
    row: Option<&'a EventRow>,
    /// Of the next event in `row`: where it begins, and its `seq`.
    start: usize,
    seq: u64,
}

impl<'a> Numbers<'a> {
    /// Those of these rows.
    pub(super) fn new(rows: &'a [EventRow]) -> Self {
        Self { rows: rows.iter(), row: None, start: 0, seq: 0 }
    }

    /// The event with its number, where it is kept; nothing where there are no more numbers.
    pub(super) fn encode(&mut self, mut new: UnnumberedEvent) -> Option<EncodedEvent> {
        if !new.is_kept() {
            return Some(new.into_ephemeral());
        }
        if self.row.is_none_or(|row| self.seq > row.last_seq) {
            let row = self.rows.next()?;
            (self.row, self.start, self.seq) = (Some(row), 0, row.first_seq);
        }
        let row = self.row?;
        let end = self.start + new.encoded_len(self.seq);
        let json = row.body.get(self.start..end).map(|json| row.body.slice_ref(json))?;
        new.event.seq = Some(self.seq);
        self.start = end + 1;
        self.seq += 1;
        Some(EncodedEvent::of(new.event, new.owner, json))
    }
}

impl Store {
    /// Has the events of each commit handed to this function from now on, in order, on a thread of the store: it must not
    /// block. The one of before is dropped. Where several servers share the store, it is given those of all of them, with
    /// all that came after `after_seq`.
    pub fn subscribe_events(&self, after_seq: u64, subscriber: impl FnMut(Published) + Send + 'static) {
        self.command(Command::SubscribeEvents(after_seq, Box::new(subscriber)));
    }

    /// What the log of events is called, which is drawn where it begins.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn event_epoch(&self) -> Result<Arc<str>, Error> {
        let (collection, id) = EPOCH_PLACE;
        loop {
            if let Some(Document { body, .. }) = self.document(&Owner::SERVER, collection, id).await? {
                return Ok(body.into());
            }
            match self.put_document(&Owner::SERVER, collection, id, new_epoch(), Precondition::Absent).await {
                Ok(document) => return Ok(document.body.into()),
                // Another server was faster.
                Err(Error::Outdated { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Queues events; those of one thread get their numbers in their order. Never blocks.
    pub fn record(&self, events: Vec<UnnumberedEvent>) {
        self.send_events(events, None);
    }

    /// Queues an event, and gives it as it is published once it is in the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn record_one(&self, event: UnnumberedEvent) -> impl Future<Output = Result<EncodedEvent, Error>> + use<> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.send_events(vec![event], Some(reply));
        async move { answer.await.unwrap_or_else(|_| Err(Error::Unavailable("it is closed".into()))) }
    }

    /// Rows with events after this `seq`, of one owner or of all, oldest first, until their texts have `max_bytes` (at
    /// least one row).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn events(
        &self,
        owner: Option<&Owner>,
        after_seq: u64,
        max_bytes: usize,
    ) -> Result<Vec<EventRow>, Error> {
        let owner = owner.cloned();
        self.query(self.workers(), |reply| Query::Events(owner, after_seq, max_bytes, reply)).await
    }

    /// Which events there are.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn event_span(&self) -> Result<EventSpan, Error> {
        self.query(self.workers(), Query::EventSpan).await
    }

    /// Removes the rows all of whose events have a `seq` before this one; the newest row stays in any case.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn purge_events(&self, before_seq: u64) -> Result<(), Error> {
        self.request(|reply| Command::PurgeEvents(before_seq, reply)).await
    }

    fn send_events(&self, events: Vec<UnnumberedEvent>, reply: Option<Reply<EncodedEvent>>) {
        self.count_unwritten(1);
        if !self.command(Command::Record(events, reply)) {
            log::warn!("an event came after the store was closed, and is not recorded");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_domain::event::Kind;

    fn new(word: &str, owner: &str) -> UnnumberedEvent {
        let new_event = NewEvent::new(Kind::parse(word).unwrap()).with("text", "a\n\"}b");
        UnnumberedEvent::new(new_event, owner.parse().unwrap(), Timestamp::now())
    }

    fn encoded(rows: &[EventRow], events: &[UnnumberedEvent]) -> Vec<EncodedEvent> {
        let mut numbers = Numbers::new(rows);
        events.iter().filter_map(|event| numbers.encode(event.clone())).collect()
    }

    #[test]
    fn kept_events_are_numbered_without_gaps_and_others_are_not() {
        let words = ["execution.started", "execution.progress", "custom.x", "system.health_check", "queue.cleared"];
        let events = words.map(|word| new(word, "server"));
        for last_seq in [0, 7, 8, 97, 998, u64::MAX - 9] {
            let rows = number(events.iter(), last_seq);
            let [row] = rows.as_slice() else { panic!("{rows:?}") };
            assert_eq!((row.first_seq, row.last_seq), (last_seq + 1, last_seq + 3));
            let encoded = encoded(&rows, &events);
            let seqs: Vec<_> = encoded.iter().map(|one| one.event.seq).collect();
            assert_eq!(seqs, [Some(last_seq + 1), None, Some(last_seq + 2), None, Some(last_seq + 3)]);
            for one in &encoded {
                assert_eq!(one.json, one.event.to_json());
            }
            let kept: Vec<_> = encoded.iter().filter_map(|one| Some((one.event.seq?, one.json.clone()))).collect();
            assert_eq!(row.after(0).collect::<Vec<_>>(), kept);
            assert_eq!(row.after(last_seq + 2).collect::<Vec<_>>(), kept[2..]);
            assert_eq!(row.after(last_seq + 3).count(), 0);
        }
    }

    #[test]
    fn a_row_has_the_events_of_one_owner() {
        let owners = ["server", "server", "ada", "bo", "bo", "server"];
        let events = owners.map(|owner| new("custom.x", owner));
        let rows = number(events.iter(), 9);
        let found: Vec<_> = rows.iter().map(|row| (row.owner.as_str(), row.first_seq, row.last_seq)).collect();
        assert_eq!(found, [("server", 10, 11), ("ada", 12, 12), ("bo", 13, 14), ("server", 15, 15)]);
        let encoded = encoded(&rows, &events);
        assert!(encoded.iter().map(|one| one.event.seq).eq((10..16).map(Some)));
        assert!(encoded.iter().all(|one| one.json == one.event.to_json()));
        assert!(encoded.iter().map(|one| one.owner.as_str()).eq(owners), "each is published as its owner's");
    }

    #[test]
    fn what_is_not_kept_writes_nothing() {
        let events = [new("execution.progress", "server")];
        let rows = number(events.iter(), 7);
        assert_eq!((rows.len(), encoded(&rows, &events).len()), (0, 1));
        assert!(number([].iter(), 7).is_empty());
    }
}
