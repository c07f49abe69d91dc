//! The connections of one worker: the table that its shard and the code that accepts sockets share.
//!
//! Lives on one thread. Invariant: whoever is not in the table listens to nothing.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use bytes::Bytes;
use smallvec::SmallVec;

use super::close::CloseCode;
use super::comings::Comings;
use super::dialect::{Dialect, has_the_end};
use super::feed::Announcements;
use super::gauge::{Gauge, Ticket};
use super::line::Line;
use super::link::Link;
use super::messages::{Announced, Opened, ReportConnections, Topic};
use super::registry::Registry;
use super::replays::Replays;
use super::tally::Tally;
use super::tell::{Join, Tell};
use super::turns::Turns;
use super::watchdog::{Patience, Verdict};
use crate::config::connections::Connections;
use crate::domain::burst::Burst;
use crate::domain::id::ConnectionId;
use crate::domain::tail::Replay;
use crate::metrics;

/// A connection that was just accepted.
pub struct Arrival {
    /// What it is told in.
    pub dialect: &'static dyn Dialect,
    /// Where from.
    pub address: Option<IpAddr>,
    /// What it is going to listen to.
    pub topic: Option<Topic>,
    /// What shuts its socket.
    pub line: Option<Rc<Line>>,
}

/// Goes on for a connection that has what was told on a topic up to this `seq` and could not take what came next. It
/// listens to the topic no more.
type FallBehind = Box<dyn Fn(&Rc<Link>, Topic, u64)>;

/// A connection that is there.
pub(super) struct Seat {
    pub(super) link: Rc<Link>,
    pub(super) address: Option<IpAddr>,
    /// Counts it for as long as it is there.
    _ticket: Ticket,
}

/// The connections of one worker.
pub struct Links {
    worker: usize,
    outbox_bytes: usize,
    pub(super) patience: Patience,
    pub(super) gauge: Arc<Gauge>,
    metrics: metrics::Connections,
    tally: Rc<Tally>,
    next: Cell<u64>,
    pub(super) table: RefCell<HashMap<ConnectionId, Seat>>,
    pub(super) topics: RefCell<Registry<Rc<Link>>>,
    opened: RefCell<Vec<Opened>>,
    closed: RefCell<Vec<ConnectionId>>,
    is_closing_down: Cell<bool>,
    pub(super) turns: Rc<Turns>,
    replays: Replays,
    comings: Comings,
    pub(super) fall_behind: OnceCell<FallBehind>,
    /// The last kept event that was told here.
    pub(super) told_seq: Cell<u64>,
    /// Whose batches are to be sent, each after its time.
    pub(super) awaited: RefCell<Vec<(Rc<Link>, Duration)>>,
    announcements: Announcements,
}

impl Links {
    /// No connections yet, on this worker; `gauge` counts those of all workers.
    #[must_use]
    pub fn new(worker: usize, settings: &Connections, gauge: Arc<Gauge>, metrics: metrics::Connections) -> Rc<Self> {
        Rc::new(Self {
            worker,
            outbox_bytes: settings.outbox_bytes,
            patience: Patience::new(settings),
            gauge,
            metrics,
            tally: Rc::default(),
            next: Cell::new(0),
            table: RefCell::default(),
            topics: RefCell::default(),
            opened: RefCell::default(),
            closed: RefCell::default(),
            is_closing_down: Cell::new(false),
            turns: Rc::default(),
            replays: Replays::default(),
            comings: Comings::new(settings.log_lines_per_second),
            fall_behind: OnceCell::new(),
            told_seq: Cell::new(0),
            awaited: RefCell::default(),
            announcements: Announcements::default(),
        })
    }

    /// Whether it may be told that a connection has come or gone: in a storm of them, not of each.
    #[must_use]
    pub fn may_announce(&self) -> bool {
        self.announcements.take(Instant::now())
    }

    /// Says what goes on for a connection that falls behind; without it, and in all further calls, such are closed as
    /// too slow.
    pub fn on_falling_behind(&self, goes_on: impl Fn(&Rc<Link>, Topic, u64) + 'static) {
        // The first one stays: the worker's connections are set up once.
        let _ = self.fall_behind.set(Box::new(goes_on));
    }

    /// How long connections may be silent or stuck.
    #[must_use]
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// What counts the connections of all workers.
    #[must_use]
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// Logs who comes and goes.
    #[must_use]
    pub fn comings(&self) -> &Comings {
        &self.comings
    }

    /// Lets go of what is kept for those who come at once, and logs how many came and went unlogged.
    pub fn tidy_up(&self) {
        self.replays.clear();
        self.comings.sum_up(self.gauge.open());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.borrow().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one more would be over the limit, or come while the server goes down.
    #[must_use]
    pub fn refusal(&self) -> Option<CloseCode> {
        if self.is_closing_down.get() {
            return Some(CloseCode::GoingAway);
        }
        (!self.gauge.has_room()).then_some(CloseCode::TooManyConnections)
    }

    /// Takes a connection in. One too many is taken in as well, and closed at once: so it is told why.
    pub fn open(&self, arrival: Arrival) -> Rc<Link> {
        let Arrival { dialect, address, topic, line } = arrival;
        let connection = ConnectionId::new(self.worker, self.next.get());
        self.next.set(self.next.get() + 1);
        // Pings of connections that came together must not go together for ever.
        let first_ping = Instant::now() + self.patience.heartbeat.mul_f64(rand::random_range(0.5..=1.0));
        let link = Rc::new(Link::new(connection, dialect, self.outbox_bytes, line, first_ping, Rc::clone(&self.tally)));
        let ticket = self.gauge.enter();
        self.metrics.opened(dialect.name());
        if self.is_closing_down.get() {
            link.close(CloseCode::GoingAway);
        } else if !ticket.is_within_limit() {
            link.close(CloseCode::TooManyConnections);
        }
        self.table.borrow_mut().insert(connection, Seat { link: Rc::clone(&link), address, _ticket: ticket });
        self.opened.borrow_mut().push(Opened { connection, address, topic });
        link
    }

    /// Forgets a connection that has ended.
    pub fn end(&self, connection: ConnectionId) {
        self.leave(connection);
        let ended = self.table.borrow_mut().remove(&connection);
        if let Some(Seat { link, .. }) = ended {
            link.release();
            self.metrics.closed(link.dialect().name(), link.reason());
            self.closed.borrow_mut().push(connection);
        }
    }

    /// Lets a connection listen, after it is told the replay.
    pub fn subscribe(&self, connection: ConnectionId, topic: Topic, replay: &Arc<Replay>, announced: Announced) {
        let Some(link) = self.get(connection).filter(|link| link.is_open()) else { return };
        if !self.topics.borrow_mut().subscribe(topic, connection, Rc::clone(&link)) {
            return;
        }
        link.tell_replay(replay.told.len(), self.replays.write(replay, link.dialect(), announced));
        if link.dialect().ends_with_the_session() && has_the_end(&replay.told) {
            link.finish();
        }
    }

    /// Tells a burst to all who listen; it is written once for each dialect among them. Who has no room for it reads
    /// more slowly than is told, and falls behind; of a burst without entries it gets nothing, and stays.
    pub fn publish(&self, topic: Topic, burst: &Burst) {
        let messages = burst.messages();
        if messages == 0 {
            return;
        }
        let first = burst.told.first();
        let mut behind = Vec::new();
        let mut round = self.turns.round();
        let ends = has_the_end(&burst.told);
        let mut written: SmallVec<[(&'static str, Bytes); 2]> = SmallVec::new();
        for (_, link) in self.topics.borrow().listeners(topic) {
            if first.is_none() && !link.has_room() {
                link.count_dropped(messages as u64);
                continue;
            }
            let dialect = link.dialect();
            let frames = match written.iter().find(|(name, _)| *name == dialect.name()) {
                Some((_, frames)) => frames.clone(),
                None => {
                    let frames = dialect.burst(burst);
                    written.push((dialect.name(), frames.clone()));
                    frames
                }
            };
            if link.put(messages, Bytes::new(), frames).is_err() {
                match first {
                    Some(first) => behind.push((Rc::clone(link), first.seq.saturating_sub(1))),
                    None => link.count_dropped(messages as u64),
                }
                continue;
            }
            round.wake(link);
            if ends && dialect.ends_with_the_session() {
                link.finish();
            }
        }
        for (link, number) in behind {
            self.falls_behind(&link, topic, number);
        }
    }

    /// Lets a connection listen to what is kept nowhere, after it is told how things stand.
    pub fn join(&self, join: &Join) {
        let Some(link) = self.get(join.connection).filter(|link| link.is_open()) else {
            self.gauge.listener_goes();
            return;
        };
        if let Some((count, frames)) = link.dialect().parts(&join.parts, link.interest()) {
            link.tell_replay(count, frames);
        }
        if !self.topics.borrow_mut().subscribe(join.topic, join.connection, link) {
            self.gauge.listener_goes();
        }
    }

    /// Tells what is kept nowhere to all who listen to any of its topics, to each once and only the kinds that it
    /// wants. Who has no room falls behind where that can be made up for, and is closed as too slow where it cannot.
    pub fn tell(&self, tell: &Tell) {
        let mut behind: Vec<(Topic, Rc<Link>)> = Vec::new();
        // Most want the same, so that it is put together once.
        let mut written: SmallVec<[(u32, &'static str, usize, Bytes); 2]> = SmallVec::new();
        let mut round = self.turns.round();
        let topics = self.topics.borrow();
        for (at, topic) in tell.topics.iter().enumerate() {
            let earlier = tell.topics.get(..at).unwrap_or_default();
            for (connection, link) in topics.listeners(*topic) {
                if earlier.iter().any(|topic| topics.is_subscribed(*topic, *connection)) {
                    continue;
                }
                let (share, dialect) = (tell.parts.share(link.interest()), link.dialect());
                let known = written.iter().find(|(other, name, ..)| *other == share && *name == dialect.name());
                let (count, frames) = match known {
                    Some((.., count, frames)) => (*count, frames.clone()),
                    None => {
                        let Some((count, frames)) = dialect.parts(&tell.parts, link.interest()) else { continue };
                        written.push((share, dialect.name(), count, frames.clone()));
                        (count, frames)
                    }
                };
                if link.has_room() && link.put(count, Bytes::new(), frames).is_ok() {
                    round.wake(link);
                } else {
                    behind.push((*topic, Rc::clone(link)));
                }
            }
        }
        drop(topics);
        for (topic, link) in behind {
            match tell.first_seq {
                Some(seq) => self.falls_behind(&link, topic, seq.saturating_sub(1)),
                None => self.close(link.id(), CloseCode::TooSlow),
            }
        }
    }

    fn falls_behind(&self, link: &Rc<Link>, topic: Topic, number: u64) {
        if self.topics.borrow_mut().unsubscribe(topic, link.id()) {
            self.forget(&[topic]);
        }
        match self.fall_behind.get() {
            Some(go_on) => go_on(link, topic, number),
            None => link.close(CloseCode::TooSlow),
        }
    }

    /// Lets a connection listen to nothing any more.
    fn leave(&self, connection: ConnectionId) {
        let left = self.topics.borrow_mut().leave(connection);
        self.forget(&left);
    }

    /// Counts listeners that have left these topics.
    fn forget(&self, left: &[Topic]) {
        left.iter().for_each(|topic| self.gauge.heard_less(*topic));
        left.iter().filter(|topic| topic.is_ephemeral()).for_each(|_| self.gauge.listener_goes());
    }

    /// Closes all who listen to a topic that is gone.
    pub fn close_topic(&self, topic: Topic, code: CloseCode) {
        let listeners = self.topics.borrow_mut().remove_topic(topic);
        for (_, link) in listeners {
            self.forget(&[topic]);
            link.close(code);
        }
    }

    /// Closes one connection.
    pub fn close(&self, connection: ConnectionId, code: CloseCode) {
        if let Some(link) = self.get(connection) {
            self.leave(connection);
            link.close(code);
        }
    }

    /// Takes no connection in any more; gives those that there are.
    pub fn begin_closing_down(&self) -> Vec<Rc<Link>> {
        self.is_closing_down.set(true);
        self.table.borrow().values().map(|seat| Rc::clone(&seat.link)).collect()
    }

    /// Looks after every connection: pings, closes and cuts as each needs it. Gives how many were closed.
    pub fn sweep(&self, now: Instant) -> usize {
        let (mut closed, mut alive) = (0, Vec::new());
        for (connection, Seat { link, .. }) in &*self.table.borrow() {
            match link.watch(&self.patience, now) {
                Verdict::Nothing => {}
                Verdict::Ping => alive.extend(link.reader().map(|_| Rc::clone(link))),
                Verdict::Close(code) => {
                    log::debug!(connection:%, reason = code.reason(); "a connection is closed");
                    self.leave(*connection);
                    closed += 1;
                }
                Verdict::Shut => self.leave(*connection),
            }
        }
        alive.iter().for_each(|link| self.beat(link));
        closed
    }

    /// Adds what passed since the last time to the metrics.
    pub fn add_up(&self) {
        self.tally.add_to(&self.metrics);
    }

    /// What came and went since the last report, where there is anything.
    pub fn report(&self) -> Option<ReportConnections> {
        let (opened, closed) = (self.opened.take(), self.closed.take());
        let is_news = !opened.is_empty() || !closed.is_empty();
        is_news.then_some(ReportConnections { worker: self.worker, opened, closed })
    }

    fn get(&self, connection: ConnectionId) -> Option<Rc<Link>> {
        self.table.borrow().get(&connection).map(|seat| Rc::clone(&seat.link))
    }
}
