//! What is known of one connection that is told events. Lives on the connection's thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::wants::Wants;
use crate::domain::event::Told;

/// The bytes of a batch that is not waited for any longer.
const BATCH_BYTES: usize = 65_536;

/// In which order a connection gets events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In that of their `seq`: so the last that it has says what it lacks.
    BySeq,
    /// Urgent ones before others that wait.
    ByUrgency,
}

/// How a connection wants events.
#[derive(Clone, Debug)]
pub struct Manner {
    /// What its client is called.
    pub client_id: Arc<str>,
    /// Which kind of socket it is.
    pub place: &'static str,
    /// In which order.
    pub order: Order,
    /// For how long events are gathered before they are told in one frame; each is told at once where it is `None`.
    pub batch: Option<Duration>,
}

/// A connection that is told events.
#[derive(Debug)]
pub struct Reader {
    pub(super) manner: Manner,
    pub(super) wants: RefCell<Wants>,
    /// All that is kept up to here was told or was not wanted; kept events up to here are not told again.
    pub(super) position: Cell<u64>,
    /// Whether kept events come from the log just now and not as they happen.
    pub(super) is_behind: Cell<bool>,
    /// How many that are kept nowhere were left out for want of room.
    pub(super) dropped: Cell<u64>,
    /// Which events of those at hand it is going to be told.
    pub(super) marks: Cell<u64>,
    pub(super) batch: RefCell<Batch>,
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
    /// Whether somebody comes to send it.
    pub(super) is_awaited: bool,
}

impl Batch {
    pub(super) fn add(&mut self, told: &Told, payload: Bytes) {
        self.bytes += payload.len();
        self.payloads.push(payload);
        match told.seq() {
            Some(seq) => self.first = self.first.or(Some(seq)),
            None => self.ephemeral += 1,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }
}

impl Reader {
    /// A connection that has asked for nothing yet and has all up to `position`; it is `behind` where it wants what
    /// came after that from the log first.
    #[must_use]
    pub fn new(manner: Manner, position: u64, is_behind: bool) -> Self {
        Self {
            manner,
            wants: RefCell::default(),
            position: Cell::new(position),
            is_behind: Cell::new(is_behind),
            dropped: Cell::new(0),
            marks: Cell::new(0),
            batch: RefCell::default(),
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

    /// What it wants.
    #[must_use]
    pub fn wants(&self) -> Wants {
        self.wants.borrow().clone()
    }

    /// Whether it wants an event that was asked for in the usual way.
    #[must_use]
    pub fn takes(&self, told: &Told) -> bool {
        self.wants.borrow().takes(told)
    }

    /// Whether kept events come from the log just now.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_behind.get()
    }

    /// While it is behind: all that is kept up to here was told or was not wanted.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position.get()
    }

    /// It was told what is kept up to here.
    pub fn advance(&self, position: u64) {
        self.position.set(self.position.get().max(position));
    }

    /// How many events that are kept nowhere were left out for want of room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }
}
