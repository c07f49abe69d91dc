//! What an engine does: it keeps rows, session rows and documents, and finds them again. It has no threads and tells nobody.

use super::document::{Discard, ListDocuments, Put};
use super::query::Query;
use super::{
    Append, Document, Error, EventRow, EventSpan, JournalRange, ListSessions, Pending, Row, SessionKey, Summary,
};
use callboard_domain::id::{ExecutionId, SessionId};
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// What a failed query or commit gives is [`Error::Unavailable`] with the reason in words for the operator.
pub(super) trait Read: Send + 'static {
    /// A session's lean row.
    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error>;

    /// A part of a journal, in the order of its rows.
    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error>;

    /// Sessions, newest first.
    fn list(&mut self, query: &ListSessions) -> Result<Vec<Summary>, Error>;

    /// What a restart has to think of, oldest first.
    fn pending(&mut self) -> Result<Vec<Pending>, Error>;

    /// How many sessions that have not ended are in which state.
    fn count_live(&mut self) -> Result<Vec<(Status, u64)>, Error>;

    /// The session that was started with this idempotency key, and the digest of that request.
    fn idempotent(&mut self, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error>;

    /// The session that this owner calls so.
    fn execution(&mut self, owner: Option<&str>, id: &ExecutionId) -> Result<Option<SessionId>, Error>;

    /// A document.
    fn document(&mut self, collection: &str, id: &str) -> Result<Option<Document>, Error>;

    /// Part of a collection, in the order of its ids.
    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error>;

    /// How many different beginnings, up to the first `/`, the ids of a collection have; counts no further than `most`.
    fn folders(&mut self, collection: &str, most: usize) -> Result<usize, Error>;

    /// Rows with events after this place, oldest first, until their texts have `max_bytes` (at least one row).
    fn events(&mut self, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error>;

    /// Which events there are.
    fn event_span(&mut self) -> Result<EventSpan, Error>;
}

/// Why one append of a batch was left out while the others were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Which append of the batch, counted from 0.
    pub(super) index: usize,
    /// What stands against it.
    pub(super) reason: String,
}

/// What writes. An engine has one writer, so it may keep what it knows between commits.
pub(super) trait Engine: Send + 'static {
    /// Writes the whole batch and these events at once, or nothing of it where it fails; then the same can be tried
    /// again.
    ///
    /// Appends that cannot ever be written (their row is there already, or their session is not) are left out and
    /// given back, in the batch's order, and the rest is written. Once one of a session's appends is refused, its
    /// later ones in the batch are refused as well: a journal has no holes.
    fn commit(&mut self, batch: &[Append], events: Option<&EventRow>) -> Result<Vec<Refusal>, Error>;

    /// Removes an ended session, its journal and its idempotency key.
    fn remove(&mut self, key: SessionKey) -> Result<(), Error>;

    /// Removes up to `limit` sessions that ended before `before`, oldest end first; gives their ids.
    fn purge(&mut self, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error>;

    /// Writes a document, where its precondition holds.
    fn put(&mut self, put: Put) -> Result<Document, Error>;

    /// Removes a document, where its precondition holds.
    fn discard(&mut self, discard: &Discard) -> Result<(), Error>;

    /// Removes the rows all of whose events have their places before this one; the newest row stays in any case.
    fn purge_events(&mut self, before_seq: u64) -> Result<(), Error>;

    /// Answers a query; only asked of an engine without readers of its own.
    fn answer(&mut self, query: Query) {
        // Whoever asked sees that the reply is gone.
        drop(query);
    }

    /// Why what is written would not be where the next start looks for it, and what to do, for the operator; nothing
    /// where it would.
    fn displaced(&mut self) -> Option<String> {
        None
    }

    /// Is told when nothing waits to be written, so that it may tidy up.
    fn rest(&mut self) {}

    /// Is told before the engine is dropped.
    fn close(&mut self) {}
}
