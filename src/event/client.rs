//! How everything else speaks to the event log, from any thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures::future::Either;
use tokio::sync::watch;

use super::listener::Listener;
use super::position::Position;
use super::{EncodedEvent, Error, EventsOfOthers, UnnumberedEvent};
use crate::domain::event::kind::Keeping;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::ExecutionId;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{Published, Store};

/// The event log, from any thread. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Events {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    epoch: watch::Sender<Arc<str>>,
    /// The place of the oldest event that is kept, but for how many are: what the store had when it was opened, or what has
    /// room among the bytes that are kept.
    oldest: AtomicU64,
    /// The place of the newest event that was published.
    newest: AtomicU64,
    /// The bytes of all events that were published since the start and are kept.
    bytes: AtomicU64,
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
    /// The events.
    pub events: Vec<KeptEvent>,
    /// Up to which place the page has all that was asked for: where to go on.
    pub reached: u64,
    /// The place of the newest event that there is, whoever it belongs to; the page reaches it where nothing was left for
    /// another.
    pub last_seq: u64,
}

/// An event that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptEvent {
    /// Its place.
    pub seq: u64,
    /// Whose it is.
    pub owner: Owner,
    /// Its JSON, as it was published.
    pub json: Bytes,
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
        let epoch = watch::Sender::new(store.event_epoch().await?);
        let span = store.event_span().await?;
        let (oldest, newest) = (AtomicU64::new(span.first_seq), AtomicU64::new(span.last_seq));
        let bytes = AtomicU64::default();
        let is_full = AtomicBool::new(false);
        let shared = Shared { store, epoch, oldest, newest, bytes, keep, max_pending, is_full, listeners };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Says that something has happened to the server itself. What is kept is published once it is in the store, other
    /// things at once. Where the store is too far behind, it is not recorded, which is logged.
    pub(crate) fn record(&self, new_event: NewEvent) {
        self.record_all(&Owner::SERVER, [new_event]);
    }

    /// The same of what has happened to something of this owner.
    pub(crate) fn record_of(&self, owner: &Owner, new_event: NewEvent) {
        self.record_all(owner, [new_event]);
    }

    /// The same of several things, in this order.
    pub(crate) fn record_all(&self, owner: &Owner, new_events: impl IntoIterator<Item = NewEvent>) {
        let now = Timestamp::now();
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        for new_event in new_events {
            match new_event.kind.keeping() {
                Keeping::Kept => kept.push(UnnumberedEvent::new(new_event, owner.clone(), now)),
                Keeping::Ephemeral if self.is_heard_of(&new_event.kind, new_event.execution_id.as_ref()) => {
                    others.push(UnnumberedEvent::new(new_event, owner.clone(), now).into_ephemeral());
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

    /// Records something at once that belongs to this owner, and gives the event when one that is kept is in the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) fn write(
        &self,
        owner: Owner,
        new_event: NewEvent,
    ) -> impl Future<Output = Result<EncodedEvent, Error>> + use<> {
        let event = UnnumberedEvent::new(new_event, owner, Timestamp::now());
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
        let oldest = self.shared.oldest.load(Ordering::SeqCst);
        let first_seq = oldest.max((last_seq + 1).saturating_sub(self.shared.keep));
        let epoch = Arc::clone(&self.shared.epoch.borrow());
        Span { epoch, first_seq, last_seq }
    }

    /// Where somebody stands who has read all that was published.
    pub(crate) fn position(&self) -> Position {
        let Span { epoch, last_seq, .. } = self.span();
        Position { epoch, seq: last_seq }
    }

    /// Events after this position in their order, of one owner or of all, up to about `max_bytes` of their JSON (at least
    /// one, where there is one). All are in the store; of the last ones the listeners may not have heard yet.
    ///
    /// # Errors
    /// [`Error::TooOld`] where some after the position are kept no longer, [`Error::PositionUnknown`] where it is one of
    /// another log or comes after all events, [`Error::Unavailable`].
    pub(crate) async fn read(&self, owner: Option<&Owner>, after: &Position, max_bytes: usize) -> Result<Page, Error> {
        let span = self.span();
        if after.epoch != span.epoch {
            return Err(Error::PositionUnknown(span));
        }
        if after.seq.saturating_add(1) < span.first_seq {
            return Err(Error::TooOld(span));
        }
        // All up to here is in the store already.
        let newest = span.last_seq;
        let rows = self.shared.store.events(owner, after.seq, max_bytes).await?;
        let mut left = max_bytes;
        let mut events = Vec::new();
        let found = rows.iter().flat_map(|row| row.after(after.seq).map(|(seq, json)| (seq, &row.owner, json)));
        for (seq, owner, json) in found {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(json.len());
            events.push(KeptEvent { seq, owner: owner.clone(), json });
        }
        let span = self.span();
        let next = after.seq.saturating_add(1);
        // Others may remove some while this is read. Of all there is no gap; of one owner's only the store knows.
        let is_torn = match (owner, events.first()) {
            (None, Some(first)) => first.seq != next,
            (None, None) => false,
            (Some(_), _) => next < self.shared.store.event_span().await?.first_seq,
        };
        if is_torn {
            return Err(Error::TooOld(span));
        }
        let last = events.last().map_or(after.seq, |event| event.seq);
        // Who has read all that is in the store may be ahead of what was published.
        if last > span.last_seq && events.is_empty() && last > self.shared.store.event_span().await?.last_seq {
            return Err(Error::PositionUnknown(span));
        }
        let is_cut = left == 0 || rows.iter().map(|row| row.body.len()).sum::<usize>() >= max_bytes;
        let reached = if is_cut { last } else { last.max(newest) };
        Ok(Page { events, reached, last_seq: span.last_seq.max(last) })
    }

    /// Whether other servers record events in the same log.
    #[must_use]
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.store.cluster().is_some()
    }

    /// Whether there is an event at this place, or one behind it: another server may have published it already.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn has(&self, seq: u64) -> Result<bool, Error> {
        Ok(seq <= self.span().last_seq || seq <= self.shared.store.event_span().await?.last_seq)
    }

    /// The store that the events are in.
    pub(super) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// How many bytes of events have been published since the start that are kept, and the place of the last of them.
    pub(super) fn written(&self) -> (u64, u64) {
        // The bytes first: what is published in between counts with what comes later.
        (self.shared.bytes.load(Ordering::SeqCst), self.shared.newest.load(Ordering::SeqCst))
    }

    /// Keeps no event before this place any more.
    pub(super) fn forget_before(&self, seq: u64) {
        self.shared.oldest.fetch_max(seq, Ordering::SeqCst);
    }

    /// How many events are kept.
    pub(super) fn keep(&self) -> u64 {
        self.shared.keep
    }

    /// Publishes what was recorded. Lets the log go once nothing else holds it.
    pub(super) fn publisher(&self) -> impl FnMut(Published) + Send + 'static {
        let shared = Arc::downgrade(&self.shared);
        move |what| {
            let Some(events) = shared.upgrade().map(|shared| Self { shared }) else { return };
            match what {
                Published::Own(published) => events.publish(&published.into()),
                Published::Elsewhere { row, after_seq } => {
                    events.publish_of_others(&EventsOfOthers::new(row, after_seq));
                }
                Published::NewEpoch { epoch, last_seq } => events.begin_anew(epoch, last_seq),
            }
        }
    }

    /// Notifies everybody who listens.
    fn publish(&self, events: &Arc<[EncodedEvent]>) {
        if let Some(seq) = events.iter().rev().find_map(|recorded| recorded.event.seq) {
            let kept = events.iter().filter(|recorded| recorded.event.seq.is_some());
            let bytes: usize = kept.map(|recorded| recorded.json.len()).sum();
            self.shared.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
            self.shared.newest.store(seq, Ordering::SeqCst);
        }
        for listener in &self.shared.listeners {
            listener.notify(events);
        }
    }

    /// Notifies those who hear of what other servers have recorded.
    fn publish_of_others(&self, events: &EventsOfOthers) {
        self.shared.newest.store(events.last_seq(), Ordering::SeqCst);
        for listener in &self.shared.listeners {
            listener.notify_of_others(events);
        }
    }

    /// The log goes on as another one: the engine has lost its last events.
    fn begin_anew(&self, epoch: Arc<str>, last_seq: u64) {
        log::error!(epoch:%, last_seq; "the engine has lost events that were published: the log goes on as another one");
        self.shared.epoch.send_replace(epoch);
        self.shared.newest.store(last_seq, Ordering::SeqCst);
        self.shared.oldest.fetch_min(last_seq + 1, Ordering::SeqCst);
        let span = self.span();
        for listener in &self.shared.listeners {
            listener.begin_anew(&span);
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

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("span", &self.span()).finish_non_exhaustive()
    }
}
