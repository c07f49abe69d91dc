//! How everything else speaks to the event log, from any thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures::future::Either;

use super::listener::Listener;
use super::position::Position;
use super::{EncodedEvent, Error, UnnumberedEvent};
use crate::domain::event::kind::Keeping;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::ExecutionId;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{Document, Precondition, Store};

/// Where the log's epoch stands among the documents.
const PLACE: (&str, &str) = ("server", "epoch");

/// The event log, from any thread. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Events {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    epoch: Arc<str>,
    /// The place of the oldest event that the store had when it was opened.
    oldest: u64,
    /// The place of the newest event that was published.
    newest: AtomicU64,
    /// How many events are kept.
    keep: u64,
    /// From how many rows that wait for a commit on no more events are taken.
    max_pending: usize,
    /// Whether events are being dropped because the store is too far behind.
    is_full: AtomicBool,
    listeners: Vec<Arc<dyn Listener>>,
}

/// Which events there are to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Which log this is: a word that is made with the database.
    pub epoch: Arc<str>,
    /// The place of the oldest event that is kept; one more than `last_seq` where there is none.
    pub first_seq: u64,
    /// The place of the newest event that was published; 0 where there never was one.
    pub last_seq: u64,
}

/// Events that are kept, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Each with its place, and its JSON as it was published.
    pub events: Vec<(u64, Bytes)>,
    /// The place of the newest event that there is; the page ends there where nothing was left for another.
    pub last_seq: u64,
}

impl Events {
    /// The events of this store, of which the newest `keep` are kept, published to these listeners. No events are taken
    /// beside those of sessions while `max_pending` rows wait for a commit.
    ///
    /// Nothing that is kept is published before an [`super::EventLog`] has been started with it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn open(
        store: Store,
        keep: u64,
        max_pending: usize,
        listeners: Vec<Arc<dyn Listener>>,
    ) -> Result<Self, Error> {
        let epoch = epoch(&store).await?;
        let span = store.event_span().await?;
        let (oldest, newest) = (span.first_seq, AtomicU64::new(span.last_seq));
        let is_full = AtomicBool::new(false);
        let shared = Shared { store, epoch, oldest, newest, keep, max_pending, is_full, listeners };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Says that something has happened. What is kept is published once it is in the store, other things at once. Where the
    /// store is too far behind, it is not recorded, which is logged.
    pub(crate) fn record(&self, new_event: NewEvent) {
        self.record_all([new_event]);
    }

    /// The same of several things, in this order.
    pub(crate) fn record_all(&self, new_events: impl IntoIterator<Item = NewEvent>) {
        let now = Timestamp::now();
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        for new_event in new_events {
            match new_event.kind.keeping() {
                Keeping::Kept => kept.push(UnnumberedEvent::new(new_event, Owner::SERVER, now)),
                Keeping::Ephemeral if self.is_heard_of(&new_event.kind, new_event.execution_id.as_ref()) => {
                    others.push(UnnumberedEvent::new(new_event, Owner::SERVER, now).into_ephemeral());
                }
                Keeping::Ephemeral => {}
            }
        }
        if !kept.is_empty() && self.has_room() {
            self.shared.store.record(kept);
        }
        if !others.is_empty() {
            self.publish(&others.into());
        }
    }

    /// Records something at once, and gives the event when one that is kept is in the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) fn write(&self, new_event: NewEvent) -> impl Future<Output = Result<EncodedEvent, Error>> + use<> {
        let event = UnnumberedEvent::new(new_event, Owner::SERVER, Timestamp::now());
        let done = match event.event().new_event.kind.keeping() {
            Keeping::Kept if self.has_room() => Either::Left(self.shared.store.record_one(event)),
            Keeping::Kept => Either::Right(Err(Error::Unavailable("too much waits to be written".into()))),
            Keeping::Ephemeral => {
                let recorded = event.into_ephemeral();
                self.publish(&Arc::from([recorded.clone()]));
                Either::Right(Ok(recorded))
            }
        };
        async move {
            match done {
                Either::Left(writing) => Ok(writing.await?),
                Either::Right(done) => done,
            }
        }
    }

    /// Whether anybody may want to hear of something of this kind: where nobody does, what is not kept need not be made.
    #[must_use]
    pub(crate) fn is_heard(&self, kind: &Kind) -> bool {
        self.is_heard_of(kind, None)
    }

    /// The same of something that happens to an execution.
    #[must_use]
    pub(crate) fn is_heard_of(&self, kind: &Kind, execution_id: Option<&ExecutionId>) -> bool {
        self.shared.listeners.iter().any(|listener| listener.hears(kind, execution_id))
    }

    /// Which events there are to read.
    #[must_use]
    pub(crate) fn span(&self) -> Span {
        // In one order with the counts of event sockets, see `ConnectionCounts::enter_event_socket`.
        let last_seq = self.shared.newest.load(Ordering::SeqCst);
        let first_seq = self.shared.oldest.max((last_seq + 1).saturating_sub(self.shared.keep));
        Span { epoch: self.shared.epoch.clone(), first_seq, last_seq }
    }

    /// Where somebody stands who has read all that was published.
    #[cfg(test)]
    pub(crate) fn position(&self) -> Position {
        let Span { epoch, last_seq, .. } = self.span();
        Position { epoch, seq: last_seq }
    }

    /// Events after this position in their order, up to about `max_bytes` of their JSON (at least one, where there is
    /// one). All are in the store; of the last ones the listeners may not have heard yet.
    ///
    /// # Errors
    /// [`Error::TooOld`] where some after the position are kept no longer, [`Error::PositionUnknown`] where it is one of
    /// another log or comes after all events, [`Error::Unavailable`].
    pub(crate) async fn read(&self, after: &Position, max_bytes: usize) -> Result<Page, Error> {
        let span = self.span();
        if after.epoch != span.epoch {
            return Err(Error::PositionUnknown(span));
        }
        if after.seq.saturating_add(1) < span.first_seq {
            return Err(Error::TooOld(span));
        }
        let rows = self.shared.store.events(after.seq, max_bytes).await?;
        let mut left = max_bytes;
        let mut events = Vec::new();
        for (seq, json) in rows.iter().flat_map(|row| row.after(after.seq)) {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(json.len());
            events.push((seq, json));
        }
        let span = self.span();
        let last_seq = events.last().map_or(span.last_seq, |(seq, _)| span.last_seq.max(*seq));
        match events.first() {
            Some((first, _)) if *first == after.seq.saturating_add(1) => Ok(Page { events, last_seq }),
            // They were removed while this was read.
            Some(_) => Err(Error::TooOld(span)),
            None if after.seq <= last_seq => Ok(Page { events, last_seq }),
            // Who has read all that is in the store may be ahead of what was published.
            None if after.seq <= self.shared.store.event_span().await?.last_seq => {
                Ok(Page { events, last_seq: after.seq })
            }
            None => Err(Error::PositionUnknown(span)),
        }
    }

    /// The store that the events are in.
    pub(super) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// How many events are kept.
    pub(super) fn keep(&self) -> u64 {
        self.shared.keep
    }

    /// Publishes what was recorded. Lets the log go once nothing else holds it.
    pub(super) fn publisher(&self) -> impl FnMut(Vec<EncodedEvent>) + Send + 'static {
        let shared = Arc::downgrade(&self.shared);
        move |events| {
            if let Some(shared) = shared.upgrade() {
                Self { shared }.publish(&events.into());
            }
        }
    }

    /// Notifies everybody who listens.
    fn publish(&self, events: &Arc<[EncodedEvent]>) {
        if let Some(seq) = events.iter().rev().find_map(|recorded| recorded.event.seq) {
            self.shared.newest.store(seq, Ordering::SeqCst);
        }
        for listener in &self.shared.listeners {
            listener.notify(events);
        }
    }

    fn has_room(&self) -> bool {
        let has_room = self.shared.store.unwritten() < self.shared.max_pending;
        if self.shared.is_full.swap(!has_room, Ordering::Relaxed) == has_room {
            match has_room {
                true => log::info!("events are recorded again"),
                false => log::error!("too much waits to be written: events beside those of sessions are dropped"),
            }
        }
        has_room
    }
}

/// The store's epoch, made where it has none.
async fn epoch(store: &Store) -> Result<Arc<str>, Error> {
    let (collection, id) = PLACE;
    if let Some(Document { body, .. }) = store.document(&Owner::SERVER, collection, id).await? {
        return Ok(body.into());
    }
    let word = format!("{:016x}", rand::random::<u64>());
    Ok(store.put_document(&Owner::SERVER, collection, id, word, Precondition::Absent).await?.body.into())
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("span", &self.span()).finish_non_exhaustive()
    }
}
