//! What makes deliveries of events, in their order, and remembers how far it has come.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, watch};

use super::Callbacks;
use super::delivery::{Delivery, KINDS, Patience, what};
use super::lines::{Line, Lines, Means};
use super::outbox::{Cursor, Place};
use crate::cluster::Cluster;
use crate::config::{Settings, seconds};
use crate::domain::burst::{Burst, Line as JournalLine};
use crate::domain::callback::{Callback, CallbackEvent};
use crate::domain::event::{EncodedEvent, Kind};
use crate::domain::id::{ExecutionId, SessionId, Slot};
use crate::domain::record::Internal;
use crate::event::{self, Events, EventsOfOthers, Position, Span};
use crate::session::HAS_CALLBACK;
use crate::store::{Error, JournalRange, Precondition, Store, View};

/// Most events that wait to be looked at; beyond, they are read from the log again.
const MOST_WAITING: usize = 10_000;
/// Bytes of events that are read at once.
const PAGE_BYTES: usize = 262_144;
/// How many events are taken in one change.
const AT_ONCE: usize = 50;
/// How often it is kept how far the events are read where none of them is to be sent.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// How often the deliveries of sessions that are gone are removed.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// Between two tries while the store does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// A callback of the settings.
struct OfAll {
    url: String,
    events: Vec<CallbackEvent>,
    share: bool,
}

/// Hears of events that are to be sent.
pub(crate) struct Listener {
    /// What is sent of all sessions.
    of_all: Vec<CallbackEvent>,
    heard: mpsc::Sender<EncodedEvent>,
    /// Whether one found no room.
    has_missed: AtomicBool,
    /// The place of the last event of all: what was to be sent of those before waits, or was missed.
    seen: AtomicU64,
}

impl Listener {
    /// Whether an event is to be sent to anybody.
    fn wants(&self, event: &EncodedEvent) -> bool {
        what(&event.new_event().kind).is_some_and(|what| self.of_all.contains(&what) || has_own(event))
    }

    fn hear(&self, event: EncodedEvent) {
        if self.heard.try_send(event).is_err() {
            self.has_missed.store(true, Ordering::SeqCst);
        }
    }
}

impl event::Listener for Listener {
    fn hears(&self, _: &Kind, _: Option<&ExecutionId>) -> bool {
        // What is sent is kept, and made whoever hears it.
        false
    }

    fn notify(&self, events: &Arc<[EncodedEvent]>) {
        for event in events.iter().filter(|event| event.seq().is_some() && self.wants(event)) {
            self.hear(event.clone());
        }
        if let Some(last) = events.iter().rev().find_map(EncodedEvent::seq) {
            self.seen.store(last, Ordering::SeqCst);
        }
    }

    /// All servers share how far the events are read: so each has to take all of them, and the first makes what is sent.
    fn notify_of_others(&self, events: &EventsOfOthers) {
        events.of_kinds(&KINDS).filter(|event| self.wants(event)).for_each(|event| self.hear(event));
        self.seen.store(events.last_seq(), Ordering::SeqCst);
    }

    fn begin_anew(&self, span: &Span) {
        self.seen.store(span.last_seq, Ordering::SeqCst);
    }
}

/// Makes deliveries of events.
pub(crate) struct Dispatcher {
    callbacks: Callbacks,
    listener: Arc<Listener>,
    of_all: Vec<OfAll>,
    heard: mpsc::Receiver<EncodedEvent>,
    nudged: mpsc::UnboundedReceiver<Line>,
    lines: Lines,
    cluster: Option<Cluster>,
    /// The slots whose sessions are this server's, as their deliveries were looked for last.
    slots: Vec<Slot>,
}

impl Dispatcher {
    pub(super) fn new(
        callbacks: Callbacks,
        settings: &Settings,
        nudged: mpsc::UnboundedReceiver<Line>,
        cluster: Option<Cluster>,
    ) -> (Arc<Listener>, Self) {
        let (sender, heard) = mpsc::channel(MOST_WAITING);
        let of_all: Vec<OfAll> = settings
            .callback
            .iter()
            .map(|all| OfAll { url: all.url.clone(), events: all.events.clone(), share: all.share })
            .collect();
        let events = of_all.iter().flat_map(|all| all.events.iter().copied()).collect();
        let listener = Arc::new(Listener {
            of_all: events,
            heard: sender,
            has_missed: AtomicBool::default(),
            seen: AtomicU64::default(),
        });
        let secrets = settings
            .callback
            .iter()
            .filter_map(|all| Some((all.url.clone(), all.secret.as_ref()?.reveal().to_owned())));
        let means = Means {
            outbox: callbacks.outbox.clone(),
            sender: callbacks.sender.clone(),
            store: callbacks.store.clone(),
            secrets: Arc::new(secrets.collect::<BTreeMap<_, _>>()),
            patience: Patience {
                retry_after: seconds(settings.callbacks.retry_after),
                give_up_after: seconds(settings.callbacks.give_up_after),
            },
            permits: Arc::new(Semaphore::new(settings.callbacks.max_sending)),
            cluster: cluster.clone(),
        };
        let (lines, slots) = (Lines::new(means), Vec::new());
        let dispatcher =
            Self { callbacks, listener: Arc::clone(&listener), of_all, heard, nudged, lines, cluster, slots };
        (listener, dispatcher)
    }

    /// Sends what is pending, reads what happened while the server was down, and goes on with what happens, for ever. On the
    /// first start of all it begins with what happens after this call, however late its task gets to it.
    pub(crate) fn run(self, events: Events) -> impl Future<Output = ()> {
        let first = events.position();
        self.run_from(first, events)
    }

    async fn run_from(mut self, first: Position, events: Events) {
        let mut cursor = self.begin(&first, &events).await;
        let mut keep = tokio::time::interval_at(tokio::time::Instant::now() + KEEP_EVERY, KEEP_EVERY);
        let mut tidy = tokio::time::interval_at(tokio::time::Instant::now() + TIDY_EVERY, TIDY_EVERY);
        let mut views = self.cluster.as_ref().map(Cluster::views);
        let mut batch = Vec::with_capacity(AT_ONCE);
        loop {
            tokio::select! {
                _ = self.heard.recv_many(&mut batch, AT_ONCE) => {
                    cursor = self.take(&events, std::mem::take(&mut batch), None, cursor).await;
                }
                Some(line) = self.nudged.recv() => self.lines.is_asked_for(line),
                () = changed(&mut views) => self.look_for_moved().await,
                () = self.lines.next() => {}
                _ = keep.tick() => cursor = self.keep_up(&events, cursor).await,
                _ = tidy.tick() => {
                    if let Err(error) = self.callbacks.outbox.tidy_up().await {
                        log::warn!(error:%; "the callbacks of sessions that are gone could not be removed");
                    }
                }
            }
            if self.listener.has_missed.swap(false, Ordering::SeqCst) {
                cursor = self.catch_up(&events, cursor).await;
            }
        }
    }

    async fn begin(&mut self, first: &Position, events: &Events) -> Cursor {
        let cursor = loop {
            match self.try_begin(first).await {
                Ok(cursor) => break cursor,
                Err(error) => log::warn!(error:%; "callbacks cannot be read now; it is tried again"),
            }
            tokio::time::sleep(RETRY).await;
        };
        self.catch_up(events, cursor).await
    }

    async fn try_begin(&mut self, first: &Position) -> Result<Cursor, Error> {
        let outbox = self.callbacks.outbox.clone();
        self.resume().await?;
        loop {
            if let Some(cursor) = outbox.cursor().await? {
                return Ok(cursor);
            }
            if let Some(cursor) = outbox.put(Vec::new(), &first.to_string(), Precondition::Absent).await? {
                return Ok(cursor);
            }
        }
    }

    /// Goes on with all that is pending of sessions of this server.
    async fn resume(&mut self) -> Result<(), Error> {
        for place in self.callbacks.outbox.pending().await? {
            if let Some(kept) = self.callbacks.outbox.get(&place).await? {
                self.lines.has_come(Line::of(&place, &kept.delivery));
            }
        }
        Ok(())
    }

    /// The same where other sessions are this server's than before.
    async fn look_for_moved(&mut self) {
        let Some(view) = self.cluster.as_ref().map(Cluster::view) else { return };
        let slots: Vec<Slot> = Slot::all().filter(|slot| view.is_mine(*slot)).collect();
        if slots == self.slots {
            return;
        }
        match self.resume().await {
            Ok(()) => self.slots = slots,
            Err(error) => log::warn!(error:%; "callbacks of sessions that have moved cannot be read now"),
        }
    }

    /// Goes on with what another server has made of events of sessions of this one.
    async fn go_on_with(&mut self, found: &[EncodedEvent]) {
        let Some(cluster) = self.cluster.clone() else { return };
        for event in found {
            let Some(session_id) = session_of(event).filter(|session| cluster.owns(*session)) else { continue };
            match self.callbacks.outbox.pending_of(&event.owner, session_id).await {
                Ok(pending) => {
                    let lines = pending.iter().map(|kept| Line::of(&kept.place, &kept.delivery));
                    lines.for_each(|line| self.lines.has_come(line));
                }
                Err(error) => log::warn!(error:%; "callbacks cannot be read now; the next look finds them"),
            }
        }
    }

    /// Reads the events behind the cursor.
    async fn catch_up(&mut self, events: &Events, mut cursor: Cursor) -> Cursor {
        loop {
            let position = Position::from_str(&cursor.position).unwrap_or_else(|_| events.position());
            let page = match events.read(None, &position, PAGE_BYTES).await {
                Ok(page) => page,
                Err(event::Error::TooOld(span) | event::Error::PositionUnknown(span)) => {
                    log::error!(
                        "what happened before the event {} is gone: its callbacks are not sent",
                        span.first_seq
                    );
                    let seq = span.first_seq.saturating_sub(1);
                    let position = Position { epoch: span.epoch, seq };
                    cursor = self.take(events, Vec::new(), Some(position), cursor).await;
                    continue;
                }
                Err(error) => {
                    log::warn!(error:%; "events cannot be read now; it is tried again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            if page.reached <= position.seq {
                return cursor;
            }
            let reached = Position { epoch: position.epoch, seq: page.reached };
            let found = page.events.into_iter().filter_map(|kept| EncodedEvent::read(kept.owner, kept.json));
            let found: Vec<EncodedEvent> = found.filter(|event| self.listener.wants(event)).collect();
            for some in found.chunks(AT_ONCE) {
                cursor = self.take(events, some.to_vec(), None, cursor).await;
            }
            cursor = self.take(events, Vec::new(), Some(reached), cursor).await;
        }
    }

    /// Keeps that the events are read up to the last that was heard, without reading them again.
    async fn keep_up(&mut self, events: &Events, mut cursor: Cursor) -> Cursor {
        let seen = self.listener.seen.load(Ordering::SeqCst);
        if seen == 0 || self.listener.has_missed.load(Ordering::SeqCst) {
            return cursor;
        }
        let epoch = events.span().epoch;
        while let Ok(event) = self.heard.try_recv() {
            cursor = self.take(events, vec![event], None, cursor).await;
        }
        self.take(events, Vec::new(), Some(Position { epoch, seq: seen }), cursor).await
    }

    /// Makes deliveries of events, and keeps that all up to `reached`, or up to the last of them, are read.
    async fn take(
        &mut self,
        events: &Events,
        found: Vec<EncodedEvent>,
        reached: Option<Position>,
        mut cursor: Cursor,
    ) -> Cursor {
        loop {
            match self.try_take(events, &found, reached.as_ref(), &cursor).await {
                Ok(Some(next)) => {
                    self.go_on_with(&found).await;
                    return next;
                }
                // Another server was faster: whatever it has made is not made again.
                Ok(None) => match self.callbacks.outbox.cursor().await {
                    Ok(Some(next)) => cursor = next,
                    Ok(None) => return cursor,
                    Err(error) => log::warn!(error:%; "callbacks cannot be read now; it is tried again"),
                },
                Err(error) => {
                    log::warn!(error:%; "callbacks cannot be kept now; it is tried again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn try_take(
        &mut self,
        events: &Events,
        found: &[EncodedEvent],
        reached: Option<&Position>,
        cursor: &Cursor,
    ) -> Result<Option<Cursor>, Error> {
        let read = Position::from_str(&cursor.position).ok();
        let epoch = events.span().epoch;
        let is_read = |seq: u64| read.as_ref().is_some_and(|read| read.epoch == epoch && seq <= read.seq);
        let mut new = Vec::new();
        for event in found {
            let Some(seq) = event.seq().filter(|seq| !is_read(*seq)) else { continue };
            new.extend(self.deliveries(event, seq).await?);
        }
        let last = found.iter().filter_map(EncodedEvent::seq).next_back();
        let reached = reached.cloned().or(last.map(|seq| Position { epoch: Arc::clone(&epoch), seq }));
        let Some(reached) = reached.filter(|reached| !is_read(reached.seq)) else { return Ok(Some(cursor.clone())) };
        let lines: Vec<Line> = new.iter().map(|(place, delivery)| Line::of(place, delivery)).collect();
        let next = self.callbacks.outbox.put(new, &reached.to_string(), cursor.expected).await?;
        if next.is_some() {
            lines.into_iter().for_each(|line| self.lines.has_come(line));
        }
        Ok(next)
    }

    /// What is sent of an event, and to whom.
    async fn deliveries(&self, event: &EncodedEvent, seq: u64) -> Result<Vec<(Place, Delivery)>, Error> {
        let Some(what) = what(&event.new_event().kind) else { return Ok(Vec::new()) };
        let Some(session_id) = session_of(event) else { return Ok(Vec::new()) };
        let own = if has_own(event) { own(&self.callbacks.store, session_id).await? } else { None };
        let own = own.filter(|own| own.events.contains(&what));
        let own = own.map(|own| (own.url, own.sealed_secret, own.share)).into_iter();
        let of_all = self.of_all.iter().filter(|all| all.events.contains(&what));
        let of_all = of_all.map(|all| (all.url.clone(), None, all.share));
        let mut new = Vec::new();
        for (index, (url, secret, share)) in own.chain(of_all).enumerate() {
            let share = if share { self.invite(event, what, session_id).await } else { None };
            let delivery = Delivery::new(event, what, session_id, url, secret, share);
            new.push((Place::new(event.owner.clone(), session_id, seq, index), delivery));
        }
        Ok(new)
    }

    /// A link for the question of an event, where it is one.
    async fn invite(&self, event: &EncodedEvent, what: CallbackEvent, session_id: SessionId) -> Option<Value> {
        let invitations = self.callbacks.invitations.as_ref().filter(|_| what == CallbackEvent::Request)?;
        let request_id = event.new_event().data.get("request_id").and_then(|id| id.as_str()?.parse().ok())?;
        let invited = invitations.invite(session_id, request_id).await;
        invited.inspect_err(|error| log::warn!(session_id:%, error:%; "a callback goes without its link")).ok()
    }
}

/// Waits until the view of the cluster is another one; for ever where there is none.
async fn changed(views: &mut Option<watch::Receiver<Arc<View>>>) {
    if let Some(views) = views
        && views.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// The session that an event is of.
fn session_of(event: &EncodedEvent) -> Option<SessionId> {
    event.new_event().metadata.get("session_id").and_then(|id| id.as_str()?.parse().ok())
}

/// Whether an event is of a session with a callback of its own.
fn has_own(event: &EncodedEvent) -> bool {
    event.new_event().metadata.get(HAS_CALLBACK).is_some_and(|has| has == true)
}

/// The callback that a session was started with; nothing where the session is gone.
async fn own(store: &Store, session_id: SessionId) -> Result<Option<Callback>, Error> {
    let Some(summary) = store.find(session_id).await? else { return Ok(None) };
    let first = JournalRange { after_seq: None, after_row: None, max_bytes: 1 };
    let rows = store.journal(summary.key, first).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let (_, lines) = Burst::read(row.body).map_err(|error| Error::Unusable(error.to_string()))?;
    Ok(lines.into_iter().find_map(|line| {
        let JournalLine::Internal(record) = line else { return None };
        let Internal::Created(spec) = *record else { return None };
        spec.callback.map(|callback| *callback)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::links::Links;
    use crate::config::callbacks as settings;
    use crate::domain::event::NewEvent;
    use crate::domain::owner::Owner;
    use crate::event::EventLog;

    #[actix_web::test]
    async fn what_happens_before_the_dispatcher_gets_to_its_first_start_is_sent() {
        let everywhere = settings::Callback { url: "https://news.example/".into(), ..Default::default() };
        let settings = Settings { callback: vec![everywhere], ..Default::default() };
        let store = Store::open(&crate::store::Settings { url: "memory:".into(), ..Default::default() }, 1).unwrap();
        let links = Links::new(store.clone(), Duration::from_secs(60));
        let (callbacks, listener, dispatcher) = Callbacks::new(&settings, &store, links, None, None);
        let events = Events::open(store.clone(), 1000, 1000, vec![listener]).await.unwrap();
        EventLog::start_with(events.clone(), Duration::from_secs(3600), 0);
        let run = dispatcher.run(events.clone());
        let session_id = SessionId::random();
        let mut ended = NewEvent::new(Kind::ExecutionCompleted).of_execution(session_id).with("status", "completed");
        ended.metadata.insert("session_id".into(), session_id.to_string().into());
        events.record(ended);
        while events.span().last_seq == 0 {
            tokio::task::yield_now().await;
        }
        let sent = async {
            while callbacks.deliveries(&Owner::SERVER, session_id).await.unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = run => unreachable!("it runs for ever"),
            sent = tokio::time::timeout(Duration::from_secs(30), sent) => sent.expect("it is sent"),
        }
    }
}
