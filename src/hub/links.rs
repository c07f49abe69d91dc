//! The connections of one worker: the table that its shard and the code that accepts sockets share.
//!
//! Lives on one thread. Invariant: whoever is not in the table follows nothing.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;

use super::announcements::Announcements;
use super::close::CloseCode;
use super::connection_log::ConnectionLog;
use super::counts::{ConnectionCounts, EventTicket, Ticket};
use super::dialect::Dialect;
use super::encoded_replays::EncodedReplays;
use super::line::Line;
use super::link::Link;
use super::messages::{Opened, ReportConnections};
use super::registry::Registry;
use super::subscription::Subscription;
use super::tally::Tally;
use super::topic::{EventTopic, Topic};
use super::turns::Turns;
use super::watchdog::{Patience, Verdict};
use crate::config::connections::Connections;
use crate::domain::id::ConnectionId;
use crate::metrics;

/// A connection that was just accepted.
pub struct Arrival {
    /// How it is written to.
    pub dialect: &'static dyn Dialect,
    /// Where from.
    pub address: Option<IpAddr>,
    /// What it is going to follow.
    pub topic: Option<Topic>,
    /// What shuts its socket.
    pub line: Option<Rc<Line>>,
}

/// Reads on for a connection that was sent what was published on a topic up to this position, and had no room for what
/// came next.
type FallBehind = Box<dyn Fn(&Rc<Link>, Topic, u64)>;

/// A connection that is there.
pub(super) struct Seat {
    pub(super) link: Rc<Link>,
    pub(super) address: Option<IpAddr>,
    /// Counts it for as long as it is there.
    _ticket: Ticket,
}

/// A connection that follows a topic, and how it stands there.
pub(super) struct Follower {
    pub(super) link: Rc<Link>,
    pub(super) subscription: Cell<Subscription>,
}

/// The connections of one worker.
pub struct Links {
    worker: usize,
    outbox_bytes: usize,
    pub(super) patience: Patience,
    pub(super) counts: Arc<ConnectionCounts>,
    metrics: metrics::Connections,
    tally: Rc<Tally>,
    next: Cell<u64>,
    pub(super) table: RefCell<HashMap<ConnectionId, Seat>>,
    /// Who follows journals and workflows.
    pub(super) followers: RefCell<Registry<Topic, Follower>>,
    /// The index of event sockets.
    pub(super) event_sockets: RefCell<Registry<EventTopic, Rc<Link>>>,
    opened: RefCell<Vec<Opened>>,
    closed: RefCell<Vec<ConnectionId>>,
    is_closing_down: Cell<bool>,
    pub(super) turns: Rc<Turns>,
    pub(super) replays: EncodedReplays,
    log: ConnectionLog,
    pub(super) fall_behind: OnceCell<FallBehind>,
    /// The last kept event that was published here.
    pub(super) published_seq: Cell<u64>,
    /// Whose batches are to be sent, each after its time.
    pub(super) batches_due: RefCell<Vec<(Rc<Link>, Duration)>>,
    announcements: Announcements,
}

impl Links {
    /// No connections yet, on this worker; `counts` counts those of all workers.
    #[must_use]
    pub fn new(
        worker: usize,
        settings: &Connections,
        counts: Arc<ConnectionCounts>,
        metrics: metrics::Connections,
    ) -> Rc<Self> {
        Rc::new(Self {
            worker,
            outbox_bytes: settings.outbox_bytes,
            patience: Patience::new(settings),
            counts,
            metrics,
            tally: Rc::default(),
            next: Cell::new(0),
            table: RefCell::default(),
            followers: RefCell::default(),
            event_sockets: RefCell::default(),
            opened: RefCell::default(),
            closed: RefCell::default(),
            is_closing_down: Cell::new(false),
            turns: Rc::default(),
            replays: EncodedReplays::default(),
            log: ConnectionLog::new(settings.log_lines_per_second),
            fall_behind: OnceCell::new(),
            published_seq: Cell::new(0),
            batches_due: RefCell::default(),
            announcements: Announcements::default(),
        })
    }

    /// Whether it may be published that a connection has come or gone: in a storm of them, not of each.
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
    pub fn counts(&self) -> &Arc<ConnectionCounts> {
        &self.counts
    }

    /// Counts an event socket that is about to begin here.
    #[must_use]
    pub fn enter_event_socket(&self) -> EventTicket {
        self.counts.enter_event_socket(self.worker)
    }

    /// Logs who comes and goes.
    #[must_use]
    pub fn log(&self) -> &ConnectionLog {
        &self.log
    }

    /// Lets go of what is kept for those who come at once, and logs how many came and went unlogged.
    pub fn tidy_up(&self) {
        self.replays.clear();
        self.log.sum_up(self.counts.open());
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
        (!self.counts.has_room()).then_some(CloseCode::TooManyConnections)
    }

    /// Takes a connection in. One too many is taken in as well, and closed at once: so it gets the reason.
    pub fn open(&self, arrival: Arrival) -> Rc<Link> {
        let Arrival { dialect, address, topic, line } = arrival;
        let connection = ConnectionId::new(self.worker, self.next.get());
        self.next.set(self.next.get() + 1);
        // Pings of connections that came together must not go together for ever.
        let first_ping = Instant::now() + self.patience.heartbeat.mul_f64(rand::random_range(0.5..=1.0));
        let link = Rc::new(Link::new(connection, dialect, self.outbox_bytes, line, first_ping, Rc::clone(&self.tally)));
        let ticket = self.counts.enter();
        self.metrics.opened(dialect.about().name);
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
            self.metrics.closed(link.about().name, link.reason());
            self.closed.borrow_mut().push(connection);
        }
    }

    /// Lets a connection follow nothing any more.
    fn leave(&self, connection: ConnectionId) {
        let left = self.followers.borrow_mut().leave(connection);
        left.into_iter().for_each(|topic| self.count_left(topic));
        let left = self.event_sockets.borrow_mut().leave(connection);
        left.into_iter().for_each(|topic| self.counts.remove_event_listener(topic));
    }

    fn count_left(&self, topic: Topic) {
        if topic.is_of_workflows() {
            self.counts.remove_watcher();
        }
    }

    /// Closes all who follow a topic that is gone.
    pub fn close_topic(&self, topic: Topic, code: CloseCode) {
        let followers = self.followers.borrow_mut().remove_topic(topic);
        for (_, Follower { link, .. }) in followers {
            self.count_left(topic);
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
        self.everybody()
    }

    /// All connections.
    pub fn everybody(&self) -> Vec<Rc<Link>> {
        self.table.borrow().values().map(|seat| Rc::clone(&seat.link)).collect()
    }

    /// Looks after every connection: pings, closes and cuts as each needs it. Gives how many were closed.
    pub fn sweep(&self, now: Instant) -> usize {
        let (mut closed, mut alive) = (0, Vec::new());
        for (connection, Seat { link, .. }) in &*self.table.borrow() {
            match link.watch(&self.patience, now) {
                Verdict::Nothing => {}
                Verdict::Ping => alive.extend(link.event_listener().map(|_| Rc::clone(link))),
                Verdict::Close(code) => {
                    log::debug!(connection:%, reason = code.reason(); "a connection is closed");
                    self.leave(*connection);
                    closed += 1;
                }
                Verdict::Shut => self.leave(*connection),
            }
        }
        alive.iter().for_each(|link| self.send_heartbeat(link));
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

    pub(super) fn get(&self, connection: ConnectionId) -> Option<Rc<Link>> {
        self.table.borrow().get(&connection).map(|seat| Rc::clone(&seat.link))
    }
}
