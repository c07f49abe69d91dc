//! What is known of one event socket beside its connection. Lives on the connection's thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::counts::EventTicket;
use super::event_filter::EventFilter;
use super::subscription::Subscription;
use crate::domain::answerers::Assignee;
use crate::domain::event::{EncodedEvent, Kind};
use crate::domain::owner::Owner;

/// The bytes of a batch that is not waited for any longer.
const BATCH_BYTES: usize = 65_536;

/// In which order an event socket gets events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In that of their `seq`: so the last that it has says what it lacks.
    BySeq,
    /// Urgent ones before others that wait.
    ByUrgency,
}

/// How an event socket wants events.
#[derive(Clone, Debug)]
pub struct Manner {
    /// What its client is called.
    pub client_id: Arc<str>,
    /// Which kind of event socket it is.
    pub place: &'static str,
    /// Whose events it gets; everybody's where it is none.
    pub whose: Option<Owner>,
    /// As whom it is asked something: it gets what is said of such questions, whoever owns the session.
    pub asked_as: Vec<Assignee>,
    /// In which order.
    pub order: Order,
    /// For how long events are gathered before they are sent in one frame; each is sent at once where it is `None`.
    pub batch: Option<Duration>,
}

/// An event socket.
#[derive(Debug)]
pub struct EventListener {
    pub(super) manner: Manner,
    pub(super) filter: RefCell<EventFilter>,
    /// Which event log it follows.
    epoch: RefCell<Arc<str>>,
    /// How it stands with that.
    pub(super) subscription: Cell<Subscription>,
    /// Which of the events at hand it is going to be sent.
    pub(super) marks: Cell<u64>,
    pub(super) batch: RefCell<Batch>,
    /// Counts it for as long as it is there.
    _ticket: EventTicket,
}

/// Events that are gathered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) payloads: Vec<Bytes>,
    /// The first of them that is kept.
    pub(super) first: Option<u64>,
    /// How many of them are kept nowhere.
    pub(super) ephemeral: u64,
    bytes: usize,
    /// Whether a timer runs that sends it.
    pub(super) is_due_later: bool,
}

impl Batch {
    pub(super) fn add(&mut self, position: Option<u64>, payload: Bytes) {
        self.bytes += payload.len();
        self.payloads.push(payload);
        match position {
            Some(seq) => self.first = self.first.or(Some(seq)),
            None => self.ephemeral += 1,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }
}

impl EventListener {
    /// An event socket that has subscribed to nothing yet, and stands with the event log of this epoch like this, since after
    /// the ticket was taken.
    #[must_use]
    pub fn new(manner: Manner, epoch: Arc<str>, subscription: Subscription, ticket: EventTicket) -> Self {
        Self {
            manner,
            filter: RefCell::default(),
            epoch: RefCell::new(epoch),
            subscription: Cell::new(subscription),
            marks: Cell::new(0),
            batch: RefCell::default(),
            _ticket: ticket,
        }
    }

    /// What its client is called.
    #[must_use]
    pub fn client_id(&self) -> &Arc<str> {
        &self.manner.client_id
    }

    /// How it wants events.
    #[must_use]
    pub fn manner(&self) -> &Manner {
        &self.manner
    }

    /// What it subscribed to and leaves out.
    #[must_use]
    pub fn filter(&self) -> EventFilter {
        self.filter.borrow().clone()
    }

    /// Whose events it gets; everybody's where it is none.
    #[must_use]
    pub fn whose(&self) -> Option<&Owner> {
        self.manner.whose.as_ref()
    }

    /// Whether it gets an event that is published in the usual way.
    #[must_use]
    pub fn takes(&self, event: &EncodedEvent) -> bool {
        let is_for = |owner: &Owner| event.owner == *owner || event.is_put_to(&self.manner.asked_as);
        self.whose().is_none_or(is_for) && self.filter.borrow().takes(event)
    }

    /// Whether what it gets may be among the events of any owner.
    #[must_use]
    pub fn reads_of_all(&self) -> bool {
        let wants_requests = || {
            let asked = Kind::RequestOpened.bit() | Kind::RequestClosed.bit();
            self.filter.borrow().subscriptions().iter().any(|one| one.bits() & asked != 0)
        };
        self.whose().is_none() || (!self.manner.asked_as.is_empty() && wants_requests())
    }

    /// How it stands with the event log.
    #[must_use]
    pub fn subscription(&self) -> Subscription {
        self.subscription.get()
    }

    /// Whether this is the event log that it follows.
    #[must_use]
    pub fn follows(&self, epoch: &str) -> bool {
        **self.epoch.borrow() == *epoch
    }

    /// It follows another event log from now on, and stands with that like this.
    pub fn begin_anew(&self, epoch: Arc<str>, subscription: Subscription) {
        self.epoch.replace(epoch);
        self.subscription.set(subscription);
    }

    /// It was sent what is kept up to here.
    pub fn advance(&self, position: u64) {
        let mut subscription = self.subscription.get();
        subscription.advance(position);
        self.subscription.set(subscription);
    }
}
