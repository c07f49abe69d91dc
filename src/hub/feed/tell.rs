//! Tells events to the connections of one worker: each event is written once for each way of writing, and each
//! connection gets it once.
//!
//! Invariant: a connection that is not behind was told every kept event that it wants up to the last that this worker
//! has heard of, or has it in its batch.

use std::collections::HashMap;
use std::rc::Rc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::super::close::CloseCode;
use super::super::dialect::Dialect;
use super::super::link::Link;
use super::super::links::Links;
use super::super::messages::{Topic, TopicKey};
use super::super::turns::Round;
use super::messages::{Audience, TellEvents};
use super::reader::{Order, Reader};
use super::wants::Wants;
use crate::domain::event::{Event, Group, Happening, Kind, Subscription, Told};
use crate::domain::time::Timestamp;

/// How many events are looked at together: as many as a mark has bits.
const TOGETHER: usize = 64;

/// Some events, as they are written in one way.
struct Written {
    dialect: &'static dyn Dialect,
    payloads: Vec<Option<Bytes>>,
    frames: Vec<Option<Bytes>>,
    /// Several frames in one piece, by the marks of their events.
    pieces: HashMap<u64, Bytes>,
}

/// Some events, as they are written in every way that somebody wants them in.
struct Chunk<'a> {
    told: &'a [Told],
    /// The marks of those that are kept.
    kept: u64,
    /// The marks of those that overtake others.
    urgent: u64,
    written: SmallVec<[Written; 2]>,
}

impl<'a> Chunk<'a> {
    fn new(told: &'a [Told]) -> Self {
        let marks = |is_so: &dyn Fn(&Told) -> bool| {
            told.iter().enumerate().filter(|(_, told)| is_so(told)).fold(0, |marks, (at, _)| marks | 1_u64 << at)
        };
        Self {
            told,
            kept: marks(&|told| told.seq().is_some()),
            urgent: marks(&Told::is_urgent),
            written: SmallVec::new(),
        }
    }

    /// The `seq` before all of them.
    fn before(&self) -> u64 {
        self.told.iter().find_map(Told::seq).unwrap_or(0).saturating_sub(1)
    }

    fn written(&mut self, dialect: &'static dyn Dialect) -> Option<&mut Written> {
        let at = self.written.iter().position(|written| written.dialect.name() == dialect.name());
        let at = at.unwrap_or_else(|| {
            let none = || vec![None; self.told.len()];
            self.written.push(Written { dialect, payloads: none(), frames: none(), pieces: HashMap::new() });
            self.written.len() - 1
        });
        self.written.get_mut(at)
    }

    /// The payload of one event.
    fn payload(&mut self, dialect: &'static dyn Dialect, at: usize) -> Bytes {
        let told = self.told;
        let Some(written) = self.written(dialect) else { return Bytes::new() };
        written.payload(told, at)
    }

    /// The frames of these events, in one piece.
    fn frames(&mut self, dialect: &'static dyn Dialect, marks: u64) -> Bytes {
        let told = self.told;
        let Some(written) = self.written(dialect) else { return Bytes::new() };
        if marks.is_power_of_two() {
            return written.frame(told, marks.trailing_zeros() as usize);
        }
        if let Some(piece) = written.pieces.get(&marks) {
            return piece.clone();
        }
        let mut out = Vec::new();
        each(marks, |at| out.extend_from_slice(&written.frame(told, at)));
        let piece = Bytes::from(out);
        written.pieces.insert(marks, piece.clone());
        piece
    }
}

impl Written {
    fn payload(&mut self, told: &[Told], at: usize) -> Bytes {
        let (Some(known), Some(told)) = (self.payloads.get_mut(at), told.get(at)) else { return Bytes::new() };
        known.get_or_insert_with(|| self.dialect.event(told)).clone()
    }

    fn frame(&mut self, told: &[Told], at: usize) -> Bytes {
        if let Some(Some(frame)) = self.frames.get(at) {
            return frame.clone();
        }
        let payload = self.payload(told, at);
        let mut out = Vec::with_capacity(payload.len() + 10);
        self.dialect.event_frame(&payload, &mut out);
        let frame = Bytes::from(out);
        if let Some(place) = self.frames.get_mut(at) {
            *place = Some(frame.clone());
        }
        frame
    }
}

/// Calls something with the number of each mark that is set.
fn each(mut marks: u64, mut call: impl FnMut(usize)) {
    while marks != 0 {
        call(marks.trailing_zeros() as usize);
        marks &= marks - 1;
    }
}

impl Links {
    /// The last kept event that this worker has heard of.
    #[must_use]
    pub fn told_seq(&self) -> u64 {
        self.told_seq.get()
    }

    /// Tells events; gives how many times one was told.
    pub fn tell_events(&self, message: &TellEvents) -> usize {
        let mut reached = 0;
        for told in message.told.chunks(TOGETHER) {
            reached += self.tell_chunk(Chunk::new(told), &message.audience);
            if let Some(seq) = told.iter().filter_map(Told::seq).max() {
                self.told_seq.set(self.told_seq.get().max(seq));
            }
        }
        reached
    }

    fn tell_chunk(&self, mut chunk: Chunk<'_>, audience: &Audience) -> usize {
        let mut touched: Vec<Rc<Link>> = Vec::new();
        let mut reached = 0;
        let topics = self.topics.borrow();
        for (at, told) in chunk.told.iter().enumerate() {
            for topic in places(told, audience) {
                for (_, link) in topics.listeners(topic) {
                    let Some(reader) = link.reader().filter(|reader| is_for(link, reader, told, audience)) else {
                        continue;
                    };
                    if hears_anyway(reader, told, audience) {
                        reached += 1;
                        continue;
                    }
                    let marks = reader.marks.get();
                    if marks == 0 {
                        touched.push(Rc::clone(link));
                    }
                    reader.marks.set(marks | 1 << at);
                }
            }
        }
        drop(topics);
        let mut round = self.turns.round();
        for link in touched {
            if let Some(reader) = link.reader() {
                reached += self.deliver(&link, reader, &mut chunk, &mut round);
            }
        }
        reached
    }

    /// Tells a connection the events that are marked for it.
    fn deliver(&self, link: &Rc<Link>, reader: &Reader, chunk: &mut Chunk<'_>, round: &mut Round<'_>) -> usize {
        let mut marks = reader.marks.take();
        if reader.is_behind() {
            marks &= !chunk.kept;
        }
        let ephemeral = marks & !chunk.kept;
        if !link.has_room() {
            reader.drop_some(link, u64::from(ephemeral.count_ones()));
            marks &= chunk.kept;
        }
        if marks == 0 {
            return 0;
        }
        let count = marks.count_ones() as usize;
        if let Some(every) = reader.manner.batch {
            let mut batch = reader.batch.borrow_mut();
            each(marks, |at| {
                if let Some(told) = chunk.told.get(at) {
                    batch.add(told, chunk.payload(link.dialect(), at));
                }
            });
            let is_due = marks & chunk.urgent != 0 || batch.is_full();
            if !is_due && !std::mem::replace(&mut batch.is_awaited, true) {
                self.awaited.borrow_mut().push((Rc::clone(link), every));
            }
            drop(batch);
            if is_due {
                self.send_batch(link);
            }
            return count;
        }
        let overtaking = if reader.manner.order == Order::ByUrgency { marks & chunk.urgent } else { 0 };
        let mut frames = |marks| if marks == 0 { Bytes::new() } else { chunk.frames(link.dialect(), marks) };
        let (urgent, rest) = (frames(overtaking), frames(marks & !overtaking));
        if link.put(count, urgent, rest).is_ok() {
            round.wake(link);
            return count;
        }
        reader.drop_some(link, u64::from((marks & !chunk.kept).count_ones()));
        if marks & chunk.kept != 0 {
            self.reads_on(link, reader, chunk.before());
        }
        0
    }

    /// Sends what was gathered for a connection.
    pub fn send_batch(&self, link: &Rc<Link>) {
        let Some(reader) = link.reader() else { return };
        let batch = reader.batch.take();
        if batch.payloads.is_empty() {
            return;
        }
        let mut out = Vec::new();
        link.dialect().batch_frame(&batch.payloads, &mut out);
        if link.offer_both(batch.payloads.len(), Bytes::new(), out.into()).is_err() {
            reader.drop_some(link, batch.ephemeral);
            if let Some(first) = batch.first {
                self.reads_on(link, reader, first.saturating_sub(1));
            }
        }
    }

    /// The connections whose batches are to be sent, each after its time.
    pub fn awaited(&self) -> Vec<(Rc<Link>, std::time::Duration)> {
        self.awaited.take()
    }

    /// A connection has no room for what is kept: it gets all after `position` from the log, as it reads.
    fn reads_on(&self, link: &Rc<Link>, reader: &Reader, position: u64) {
        if reader.is_behind.replace(true) {
            return;
        }
        reader.position.set(reader.position.get().max(position));
        match self.fall_behind.get() {
            Some(go_on) => go_on(link, Topic::Events, reader.position.get()),
            None => link.close(CloseCode::TooSlow),
        }
    }

    /// Lets a connection that has all up to what this worker has heard of get events as they happen; gives whether it
    /// does now.
    #[must_use]
    pub fn go_live(&self, link: &Link) -> bool {
        let Some(reader) = link.reader() else { return false };
        if reader.position.get() < self.told_seq() {
            return false;
        }
        reader.is_behind.set(false);
        true
    }

    /// Lets a connection that is told events want this from now on.
    pub fn want(&self, link: &Rc<Link>, wants: Wants) {
        let Some(reader) = link.reader() else { return };
        self.send_batch(link);
        if !link.is_open() {
            return;
        }
        let before = reader.wants.replace(wants).topics();
        let after = reader.wants.borrow().topics();
        let mut topics = self.topics.borrow_mut();
        for topic in before.iter().filter(|topic| !after.contains(topic)) {
            if topics.unsubscribe(*topic, link.id()) {
                self.gauge.heard_less(*topic);
            }
        }
        for topic in after.into_iter().chain([Topic::Events]) {
            if topics.subscribe(topic, link.id(), Rc::clone(link)) {
                self.gauge.heard_more(topic);
            }
        }
    }

    /// Tells a connection that it is still there, and how it stands.
    pub(in crate::hub) fn beat(&self, link: &Rc<Link>) {
        let Some(reader) = link.reader().filter(|_| link.is_open() && link.has_room()) else { return };
        self.send_batch(link);
        let position = if reader.is_behind() { reader.position() } else { self.told_seq().max(reader.position()) };
        let happening = Happening::new(Kind::ConnectionHeartbeat)
            .with("client_id", &*reader.manner.client_id)
            .with("dropped", reader.dropped())
            .with("queued_bytes", link.queued_bytes())
            .with("last_seq", position)
            .with("server_time", Timestamp::now().to_rfc3339());
        let mut out = Vec::new();
        let dialect = link.dialect();
        dialect.event_frame(&dialect.event(&Told::new(Event::now(happening))), &mut out);
        // Without room it is left out: the next one says more.
        let _ = link.offer(1, out.into());
    }
}

/// Where those stand in the index that may want an event.
fn places(told: &Told, audience: &Audience) -> SmallVec<[Topic; 3]> {
    let mut places = SmallVec::new();
    match audience {
        Audience::Listeners => {}
        Audience::Subscribers(Subscription::Metrics) => {
            places.push(Topic::Metrics);
            return places;
        }
        Audience::Everybody | Audience::Subscribers(_) => {
            places.push(Topic::Events);
            return places;
        }
    }
    let happening = told.happening();
    places.push(Topic::Kind(u8::try_from(told.index()).unwrap_or(u8::MAX)));
    places.extend(happening.execution_id.as_ref().map(|id| Topic::Execution(TopicKey::of(id.as_str()))));
    places.extend(happening.crew_id.as_ref().map(|id| Topic::Crew(TopicKey::of(id))));
    places
}

fn is_for(link: &Link, reader: &Reader, told: &Told, audience: &Audience) -> bool {
    if told.seq().is_some_and(|seq| seq <= reader.position.get()) {
        return false;
    }
    let happening = told.happening();
    if happening.kind.group() == Group::Connection
        && happening.data.get("connection_id").and_then(|id| id.as_str()) == Some(&*link.id().to_string())
    {
        return false;
    }
    let wants = reader.wants.borrow();
    match audience {
        Audience::Listeners => wants.takes(told),
        Audience::Everybody => wants.passes(told),
        Audience::Subscribers(one) => wants.passes(told) && wants.subscriptions().contains(one),
    }
}

/// Whether a connection is told this as one of the usual listeners, so that it would get it twice. The numbers of the
/// server have no others than those that asked for them.
fn hears_anyway(reader: &Reader, told: &Told, audience: &Audience) -> bool {
    match audience {
        Audience::Listeners => false,
        Audience::Subscribers(Subscription::Metrics) if told.happening().kind == Kind::SystemHealthCheck => false,
        Audience::Everybody | Audience::Subscribers(_) => reader.takes(told),
    }
}

impl Reader {
    fn drop_some(&self, link: &Link, count: u64) {
        self.dropped.set(self.dropped.get() + count);
        link.count_dropped(count);
    }
}
