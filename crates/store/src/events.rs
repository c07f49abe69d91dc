//! Events in the store: how those that are kept get their places, and how they are read back.
//!
//! What a session's row makes happen is written in the commit of that row: neither is ever there without the other.

use bytes::Bytes;

use super::query::{Query, Reply};
use super::writer::Command;
use super::{Error, Store};
pub use callboard_domain::event::Told as Recorded;
use callboard_domain::event::kind::Keeping;
use callboard_domain::event::{Event, Happening};
use callboard_domain::time::Timestamp;

/// An event that is to be recorded. One of a kind that is not kept is only told, after all that was recorded before.
#[derive(Clone, Debug)]
pub struct Draft {
    event: Event,
    /// Its JSON without a `seq`, made on the thread where it happened.
    json: Vec<u8>,
}

impl Draft {
    /// What happened at this moment.
    #[must_use]
    pub fn new(happening: Happening, at: Timestamp) -> Self {
        let event = Event { timestamp: at, ..Event::now(happening) };
        let json = event.to_json();
        Self { event, json }
    }

    /// What it is about.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// An event that is not kept, ready to tell.
    #[must_use]
    pub fn into_ephemeral(self) -> Recorded {
        Recorded::of(self.event, self.json.into())
    }

    /// About how many bytes it writes.
    pub(super) fn weight(&self) -> usize {
        self.json.len()
    }

    fn is_kept(&self) -> bool {
        self.event.happening.kind.keeping() == Keeping::Kept
    }
}

/// Who is told what was recorded, in order and once a commit, on the thread of the store's writer: it must not block.
pub type TellRecorded = Box<dyn FnMut(Vec<Recorded>) + Send>;

/// Events that were written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The place of its first event.
    pub first_seq: u64,
    /// The place of its last event.
    pub last_seq: u64,
    /// The events' JSON, one a line.
    pub body: Bytes,
}

impl EventRow {
    /// Its events after this place: each with its own place and its JSON.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = (u64, Bytes)> + '_ {
        let lines = self.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let placed = (self.first_seq..).zip(lines);
        placed.filter(move |(place, _)| *place > seq).map(|(place, line)| (place, self.body.slice_ref(line)))
    }
}

/// Which events a store has: those from `first_seq` to `last_seq`. Where there is none, `first_seq` is one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSpan {
    /// The place of the oldest.
    pub first_seq: u64,
    /// The place of the newest; 0 where there never was one.
    pub last_seq: u64,
}

impl EventSpan {
    /// That of a store in which nothing has happened.
    pub(super) const EMPTY: EventSpan = EventSpan { first_seq: 1, last_seq: 0 };
}

/// Gives drafts their places, beginning after `last_seq`: the row that is to be written, where any of them is kept, and
/// what may be told then.
pub(super) fn place(drafts: Vec<Draft>, last_seq: u64) -> (Option<EventRow>, Vec<Recorded>) {
    let mut body = Vec::with_capacity(drafts.iter().map(|draft| draft.json.len() + 32).sum());
    let mut seq = last_seq;
    let mut ends = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        if draft.is_kept() {
            seq += 1;
            let start = body.len();
            body.extend_from_slice(draft.json.strip_suffix(b"}").unwrap_or(&draft.json));
            body.extend_from_slice(format!(",\"seq\":{seq}}}\n").as_bytes());
            ends.push(Some((seq, start..body.len() - 1)));
        } else {
            ends.push(None);
        }
    }
    let body = Bytes::from(body);
    let recorded = drafts.into_iter().zip(ends).map(|(mut draft, end)| match end {
        None => draft.into_ephemeral(),
        Some((seq, range)) => {
            draft.event.seq = Some(seq);
            Recorded::of(draft.event, body.slice(range))
        }
    });
    let recorded = recorded.collect();
    let row = (seq > last_seq).then(|| EventRow { first_seq: last_seq + 1, last_seq: seq, body });
    (row, recorded)
}

impl Store {
    /// Says where it is told what was recorded.
    pub fn tell_events(&self, told: impl FnMut(Vec<Recorded>) + Send + 'static) {
        self.command(Command::TellEvents(Box::new(told)));
    }

    /// Queues events; those of one thread get their places in their order. Never blocks.
    pub fn record(&self, drafts: Vec<Draft>) {
        self.send_events(drafts, None);
    }

    /// Queues an event, and gives it as it was told once it is in the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn record_one(&self, draft: Draft) -> impl Future<Output = Result<Recorded, Error>> + use<> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.send_events(vec![draft], Some(reply));
        async move { answer.await.unwrap_or_else(|_| Err(Error::Unavailable("it is closed".into()))) }
    }

    /// Rows with events after this place, oldest first, until their texts have `max_bytes` (at least one row).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn events(&self, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error> {
        self.ask(self.workers(), |reply| Query::Events(after_seq, max_bytes, reply)).await
    }

    /// Which events there are.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn event_span(&self) -> Result<EventSpan, Error> {
        self.ask(self.workers(), Query::EventSpan).await
    }

    /// Removes the rows all of whose events have their places before this one; the newest row stays in any case.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn purge_events(&self, before_seq: u64) -> Result<(), Error> {
        self.order(|reply| Command::PurgeEvents(before_seq, reply)).await
    }

    fn send_events(&self, drafts: Vec<Draft>, reply: Option<Reply<Recorded>>) {
        self.count_unwritten();
        if !self.command(Command::Record(drafts, reply)) {
            log::warn!("an event came after the store was closed, and is not recorded");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_domain::event::Kind;

    fn draft(word: &str) -> Draft {
        Draft::new(Happening::new(Kind::parse(word).unwrap()).with("text", "a\n\"}b"), Timestamp::now())
    }

    #[test]
    fn kept_events_get_places_without_gaps_and_others_none() {
        let drafts =
            ["execution.started", "execution.progress", "custom.x", "system.health_check", "queue.cleared"].map(draft);
        let (row, recorded) = place(drafts.to_vec(), 41);
        let row = row.unwrap();
        assert_eq!((row.first_seq, row.last_seq), (42, 44));
        let seqs: Vec<_> = recorded.iter().map(|one| one.event.seq).collect();
        assert_eq!(seqs, [Some(42), None, Some(43), None, Some(44)]);
        for one in &recorded {
            assert_eq!(one.json, one.event.to_json());
        }
        let kept: Vec<_> = recorded.iter().filter_map(|one| Some((one.event.seq?, one.json.clone()))).collect();
        assert_eq!(row.after(0).collect::<Vec<_>>(), kept);
        assert_eq!(row.after(43).collect::<Vec<_>>(), kept[2..]);
        assert_eq!(row.after(44).count(), 0);
    }

    #[test]
    fn what_is_not_kept_writes_nothing() {
        let (row, recorded) = place(vec![draft("execution.progress")], 7);
        assert_eq!((row, recorded.len()), (None, 1));
        assert_eq!(place(Vec::new(), 7), (None, Vec::new()));
    }
}
