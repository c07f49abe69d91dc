//! One connection as its own thread sees it: what waits to be written to it, who is woken then, and how it ends.
//!
//! Owns the outbox, and shares the switch that shuts the socket. Lives on one thread, so it has cells and no locks.
//! Invariant: nothing is taken to be written once the connection is being closed.

mod described;
mod send;

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix::clock::Instant;
use bytes::Bytes;

use super::close::{CloseCode, Parting};
use super::dialect::{About, Dialect, Signal};
use super::event_listener::EventListener;
use super::frame;
use super::kinds::KindSet;
use super::line::Line;
use super::outbox::Outbox;
use super::tally::Tally;
use super::watchdog::{Patience, Verdict, judge};
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;

/// Why connections end that the server did not close with a code, as labels in metrics.
const CLOSED_BY_CLIENT: &str = "closed by client";
const GONE: &str = "gone";

/// How far a connection is with ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// It is open.
    Open,
    /// Its last words wait or are written; the peer has not answered.
    Closing,
    /// Its last words wait or are written; the peer is not waited for.
    Leaving,
    /// The peer has closed, too, or need not: it ends once its last words are written.
    Over,
    /// The peer is not there any more.
    Gone,
}

/// One connection.
pub struct Link {
    id: ConnectionId,
    dialect: &'static dyn Dialect,
    /// What is known of the dialect: read for each publication.
    about: &'static About,
    /// Which kinds of messages about workflows it gets.
    kinds: Cell<KindSet>,
    /// What it subscribed to, where it is an event socket.
    event_listener: OnceCell<Box<EventListener>>,
    opened_at: Timestamp,
    /// What has passed through it alone.
    own: Tally,
    outbox: RefCell<Outbox>,
    phase: Cell<Phase>,
    /// Why it ends; the first reason counts.
    reason: Cell<Option<&'static str>>,
    tally: Rc<Tally>,
    /// Since when only its last words wait, or nothing: from then on the peer has its time to close.
    closing_since: Cell<Option<Instant>>,
    /// Whoever writes the outbox to the socket.
    writer: RefCell<Option<Waker>>,
    /// Whether the writer was woken and has not come yet: one wake a burst is enough.
    is_woken: Cell<bool>,
    /// Who waits for room in the outbox: one for each feed that it reads on.
    fillers: RefCell<Vec<Waker>>,
    heard: Cell<Instant>,
    next_ping: Cell<Instant>,
    /// How much had left when something was last seen to leave, and when that was.
    moved: Cell<(u64, Instant)>,
    /// Shuts the socket, where there is one.
    line: Option<Rc<Line>>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("id", &self.id).field("phase", &self.phase.get()).finish_non_exhaustive()
    }
}

impl Link {
    /// An open connection whose first ping is at `first_ping`; `tally` counts what passes.
    #[must_use]
    pub fn new(
        id: ConnectionId,
        dialect: &'static dyn Dialect,
        outbox_bytes: usize,
        line: Option<Rc<Line>>,
        first_ping: Instant,
        tally: Rc<Tally>,
    ) -> Self {
        let now = Instant::now();
        Self {
            id,
            dialect,
            about: dialect.about(),
            kinds: Cell::new(KindSet::ALL),
            event_listener: OnceCell::new(),
            opened_at: Timestamp::now(),
            own: Tally::default(),
            outbox: RefCell::new(Outbox::new(outbox_bytes)),
            phase: Cell::new(Phase::Open),
            reason: Cell::new(None),
            tally,
            closing_since: Cell::new(None),
            writer: RefCell::new(None),
            is_woken: Cell::new(false),
            fillers: RefCell::default(),
            heard: Cell::new(now),
            next_ping: Cell::new(first_ping),
            moved: Cell::new((0, now)),
            line,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// What is known of its dialect.
    #[must_use]
    pub fn about(&self) -> &'static About {
        self.about
    }

    /// How it is written to.
    #[must_use]
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    /// Whether it takes what it is sent; not once it is being closed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }

    /// Closes it with the words that go with the code.
    pub fn close(&self, code: CloseCode) {
        self.close_saying(code, code.reason());
    }

    /// Closes it: what waits is still written where the peer reads, then the last words.
    pub fn close_saying(&self, code: CloseCode, reason: &str) {
        if matches!(code, CloseCode::TooSlow | CloseCode::NoHeartbeat) {
            self.close_at_once(code, reason);
        } else {
            self.say_farewell(code, reason);
        }
    }

    /// Closes it without writing what waits: the peer gets it when it comes back.
    pub fn close_at_once(&self, code: CloseCode, reason: &str) {
        if self.is_open() {
            self.outbox.borrow_mut().clear_data();
            self.closing_since.set(Some(Instant::now()));
            self.say_farewell(code, reason);
        }
    }

    fn say_farewell(&self, code: CloseCode, reason: &str) {
        if !self.is_open() {
            return;
        }
        self.note(code.reason());
        self.outbox.borrow_mut().seal(Some(self.dialect.signal(Signal::Farewell(code, reason))));
        let next = match code.parting() {
            _ if !self.about.is_two_way => Phase::Over,
            Parting::Answer => Phase::Closing,
            Parting::Moment => Phase::Leaving,
            Parting::Nothing => Phase::Over,
        };
        self.end_as(next);
    }

    /// Ends it once what waits is written: all is said, and needs last words only where the peer can speak.
    pub fn finish(&self) {
        if self.about.is_two_way {
            return self.close(CloseCode::Done);
        }
        self.note(CloseCode::Done.reason());
        self.outbox.borrow_mut().seal(None);
        self.end_as(Phase::Over);
    }

    /// The peer has closed, or answered a close. What waits is not written: nobody reads it. Where the peer was
    /// first, its `code` is sent back.
    pub fn peer_closed(&self, code: Option<u16>) {
        self.note(CLOSED_BY_CLIENT);
        if self.is_open() {
            let mut outbox = self.outbox.borrow_mut();
            outbox.clear_data();
            outbox.seal(Some(frame::close(code, "")));
        }
        self.end_as(Phase::Over);
    }

    /// The peer will send nothing more. What waits is not written, unless it is the answer to the peer's close.
    pub fn hang_up(&self) {
        if self.phase.get() != Phase::Over {
            self.outbox.borrow_mut().clear();
        }
        self.end_as(Phase::Gone);
    }

    /// Whether the peer is not there any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.phase.get() == Phase::Gone
    }

    /// Whether the server closed it, and not the peer, which may have gone without a word.
    #[must_use]
    pub fn is_closed_here(&self) -> bool {
        self.reason.get().is_some_and(|reason| reason != CLOSED_BY_CLIENT)
    }

    /// Whether the peer has a moment to read the last words.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.phase.get() == Phase::Leaving
    }

    /// Writes nothing more to the socket; the peer may still be read.
    pub fn stop_writing(&self) {
        if let Some(line) = &self.line {
            line.finish();
        }
    }

    /// Why it has ended, or ends: the label in metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason.get().unwrap_or(GONE)
    }

    /// A frame of a message was received; it begins one, or goes on with it.
    pub fn receive(&self, begins: bool, bytes: u64) {
        self.tally.receive(u64::from(begins), bytes);
        self.own.receive(u64::from(begins), bytes);
    }

    /// Something was heard of the peer.
    pub fn hear(&self) {
        self.heard.set(Instant::now());
    }

    /// For whoever writes to the socket: what comes next, `None` once the connection is over and all is written.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let next = self.outbox.borrow_mut().pop();
        if !self.is_open() {
            self.start_closing_time();
        }
        if self.has_room() {
            self.wake_fillers();
        }
        if next.is_some() {
            return Poll::Ready(next);
        }
        self.is_woken.set(false);
        let mut writer = self.writer.borrow_mut();
        if !writer.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *writer = Some(context.waker().clone());
        }
        match self.phase.get() {
            Phase::Open | Phase::Closing => Poll::Pending,
            Phase::Leaving | Phase::Over | Phase::Gone => Poll::Ready(None),
        }
    }

    /// For whoever fills it on purpose: waits until `bytes` more leave half of the outbox free, or nothing waits. Gives
    /// whether the connection is still open.
    pub fn poll_room(&self, bytes: usize, context: &mut Context<'_>) -> Poll<bool> {
        if !self.is_open() {
            return Poll::Ready(false);
        }
        let outbox = self.outbox.borrow();
        if outbox.data_bytes() == 0 || outbox.data_bytes().saturating_add(bytes) <= outbox.limit() / 2 {
            return Poll::Ready(true);
        }
        let mut fillers = self.fillers.borrow_mut();
        if !fillers.iter().any(|waker| waker.will_wake(context.waker())) {
            fillers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Does what the watchdog says about it.
    pub fn watch(&self, patience: &Patience, now: Instant) -> Verdict {
        let verdict = judge(&self.marks(now), patience, now);
        match verdict {
            Verdict::Nothing => {}
            Verdict::Ping => {
                self.next_ping.set(now + patience.heartbeat);
                self.send_control(self.dialect.signal(Signal::Ping));
            }
            Verdict::Close(code) if self.is_open() => self.close(code),
            // It was being closed already, and does not read to the end.
            Verdict::Close(_) => self.shut(),
            Verdict::Shut => self.shut(),
        }
        verdict
    }

    /// Cuts the socket, also where its writer is stuck and would never come to know.
    pub fn shut(&self) {
        self.outbox.borrow_mut().clear();
        self.end_as(Phase::Gone);
        if let Some(line) = &self.line {
            line.cut();
        }
    }

    /// The connection's own task has ended.
    pub fn release(&self) {
        self.outbox.borrow_mut().clear();
        self.end_as(Phase::Gone);
    }

    fn note(&self, reason: &'static str) {
        if self.reason.get().is_none() && self.is_open() {
            self.reason.set(Some(reason));
        }
    }

    fn end_as(&self, phase: Phase) {
        self.phase.set(self.phase.get().max(phase));
        self.start_closing_time();
        self.wake_fillers();
        self.wake_writer();
    }

    fn start_closing_time(&self) {
        if self.closing_since.get().is_none() && self.outbox.borrow().data_bytes() == 0 {
            self.closing_since.set(Some(Instant::now()));
        }
    }

    fn wake_writer(&self) {
        if let Some(writer) = self.sleeping_writer() {
            writer.wake();
        }
    }

    fn wake_fillers(&self) {
        let fillers = self.fillers.take();
        fillers.into_iter().for_each(Waker::wake);
    }
}
