//! What an engine does: it keeps rows, session rows, events and documents, and finds them again.
//!
//! An engine publishes nothing and has no queue: a writer thread hands it one batch at a time and waits, so an engine may
//! be a client that blocks. Several writers, of one process or of many, may use one set of data; an engine for a single
//! writer relies on keeping every other one out.

use smallvec::SmallVec;

use super::document::{ListDocuments, Write};
use super::keys::Lane;
use super::query::Query;
use super::{
    Append, ChangeError, Counts, Document, Error, EventRow, EventSpan, Fence, Found, JournalRange, ListRequests,
    ListSessions, Pending, Reason, RequestPage, Row, SessionKey, Summary, UnnumberedEvent,
};
use callboard_domain::id::{ExecutionId, SessionId, Slot};
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// What a failed query or commit gives is [`Error::Unavailable`] with the reason in words for the operator.
pub(super) trait Read: Send + 'static {
    /// The store is open: what is read from here on is told to others.
    fn opened(&mut self) {}

    /// A session's lean row.
    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error>;

    /// A part of a journal, in the order of its rows.
    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error>;

    /// Sessions, newest first.
    fn list(&mut self, query: &ListSessions) -> Result<Vec<Summary>, Error>;

    /// The sessions in which each of these words begins a word, newest first. It is broken off where it takes too long.
    fn search(&mut self, words: &[String], query: &ListSessions) -> Result<Found, Error>;

    /// How many sessions there are of each status, whichever the query wants, wherever it begins.
    fn count(&mut self, words: &[String], query: &ListSessions) -> Result<Counts, Error>;

    /// Open questions, in order, with the `seq` of the last event that is written: both of one moment.
    fn requests(&mut self, query: &ListRequests) -> Result<RequestPage, Error>;

    /// About how many bytes are kept that are this owner's: the journals of their sessions, and their documents.
    fn owned_bytes(&mut self, owner: &Owner) -> Result<u64, Error>;

    /// What a restart has to think of, oldest first.
    fn pending(&mut self) -> Result<Vec<Pending>, Error>;

    /// What of it is in these slots.
    fn pending_in(&mut self, slots: &[Slot]) -> Result<Vec<Pending>, Error> {
        let mut pending = self.pending()?;
        pending.retain(|session| slots.contains(&session.id.slot()));
        Ok(pending)
    }

    /// How many sessions that have not ended are in which state.
    fn count_live(&mut self) -> Result<Vec<(Status, u64)>, Error>;

    /// The session that this owner started with this idempotency key, and the digest of that request.
    fn idempotent(&mut self, owner: &Owner, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error>;

    /// The session of this owner with this execution id.
    fn execution(&mut self, owner: &Owner, id: &ExecutionId) -> Result<Option<SessionId>, Error>;

    /// A document.
    fn document(&mut self, owner: &Owner, collection: &str, id: &str) -> Result<Option<Document>, Error>;

    /// Part of a collection, in the order of its ids.
    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error>;

    /// How many different beginnings, up to the first `/`, the ids of a collection have; counts no further than `most`.
    fn folders(&mut self, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error>;

    /// Which owners have documents in a collection, in their order: those after `after`.
    fn document_owners(&mut self, collection: &str, after: Option<&Owner>, limit: usize) -> Result<Vec<Owner>, Error>;

    /// Rows with events after this `seq`, of one owner or of all, oldest first, until their texts have `max_bytes` (at
    /// least one row).
    fn events(&mut self, owner: Option<&Owner>, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error>;

    /// Which events there are.
    fn event_span(&mut self) -> Result<EventSpan, Error>;
}

/// What a writer commits at once.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// Whose commit it is.
    pub(super) fence: Fence,
    /// Rises from batch to batch of one writer. The same number again is the same batch again.
    pub(super) number: u64,
    /// Rows of journals.
    pub(super) appends: Vec<Append>,
    /// Events, in their order.
    pub(super) events: Vec<BatchEvent>,
}

/// An event of a batch.
#[derive(Clone, Debug)]
pub(super) struct BatchEvent {
    /// The append that causes it, counted from 0: an event is written with its row, or not at all.
    pub(super) append: Option<usize>,
    /// The event itself.
    pub(super) event: UnnumberedEvent,
}

/// The answer to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is written, but for what was refused.
    Written(Written),
    /// The writer is not a member, and nothing is written. So it will be with all that it sends.
    Fenced,
}

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The appends that were left out, in the batch's order.
    pub(super) refusals: Vec<Refusal>,
    /// The events that are kept, with the numbers that they were given: one row for each run of one owner's.
    pub(super) events: EventRows,
}

/// Whether a writer may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Member,
    /// Others have taken it for dead.
    Fenced,
}

/// Nearly always one or none.
pub(super) type EventRows = SmallVec<[EventRow; 1]>;

/// Why one append of a batch was left out while the others were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Which append of the batch, counted from 0.
    pub(super) index: usize,
    /// What stands against it.
    pub(super) reason: Reason,
}

/// The last batch of a writer: what makes it harmless to send one again.
#[derive(Clone, Debug)]
pub(super) struct LastBatch {
    number: u64,
    written: Written,
}

impl LastBatch {
    /// Remembers what came of a batch.
    pub(super) fn new(number: u64, written: Written) -> Self {
        Self { number, written }
    }

    /// What came of this batch, where it is the last one; nothing where it is a new one.
    ///
    /// An older one was overtaken on its way: whoever sent it has had its answer long since.
    pub(super) fn answer(&self, number: u64) -> Result<Option<Written>, Error> {
        match number.cmp(&self.number) {
            std::cmp::Ordering::Greater => Ok(None),
            std::cmp::Ordering::Equal => Ok(Some(self.written.clone())),
            std::cmp::Ordering::Less => {
                Err(Error::Conflict(format!("batch {number} came after batch {}", self.number)))
            }
        }
    }
}

/// What writes. Every change is made for a fence: that of the writer that asks for it.
pub(super) trait Engine: Send + 'static {
    /// Writes the whole batch at once, or nothing of it where it fails; then the same can be tried again. Events get
    /// their numbers in here, in their order and without gaps, whoever else writes.
    ///
    /// A batch with the number of the one before is that batch: it changes nothing and gets the same answer.
    ///
    /// Appends that cannot ever be written (their row is there already, or their session is not, or it is another
    /// member's) are left out and given back, in the batch's order, and the rest is written. Once one of a session's
    /// appends is refused, its later ones in the batch are refused as well: a journal has no holes. The events of a
    /// refused append are left out with it.
    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Error>;

    /// Removes an ended session, its journal and its idempotency key.
    fn remove(&mut self, fence: Fence, key: SessionKey) -> Result<(), Error>;

    /// Removes up to `limit` sessions that ended before `before`, oldest end first; gives their ids.
    fn purge(&mut self, fence: Fence, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error>;

    /// Makes all these writes at once where all their preconditions hold, and none otherwise; gives each document as it
    /// stands then, nothing for one that was removed. No document is named twice.
    fn change(&mut self, fence: Fence, writes: Vec<Write>, at: Timestamp)
    -> Result<Vec<Option<Document>>, ChangeError>;

    /// Removes the rows all of whose events have a `seq` before this one; the newest row stays in any case.
    fn purge_events(&mut self, fence: Fence, before_seq: u64) -> Result<(), Error>;

    /// Answers a query; only asked of an engine without readers of its own.
    fn answer(&mut self, query: Query) {
        // Whoever asked sees that the reply is gone.
        drop(query);
    }

    /// Whether it can be written now, asked while nothing is written. An engine in this process always can.
    fn standing(&mut self, _fence: Fence) -> Result<Standing, Error> {
        Ok(Standing::Member)
    }

    /// Begins to write for a new fence, which owns nothing yet; gives it, with the lane of the keys that are made from now
    /// on. Only asked of an engine that several servers use.
    fn rejoin(&mut self) -> Result<(Fence, Lane), Error> {
        Err(Error::Unusable("a store that one server uses has nothing to join".into()))
    }

    /// Why what is written would not be where the next start looks for it, and what to do, for the operator; nothing
    /// where it would.
    fn fault(&mut self) -> Option<String> {
        None
    }

    /// Called when nothing waits to be written, so that it may tidy up.
    fn idle(&mut self) {}

    /// Called before the engine is dropped.
    fn close(&mut self) {}
}
