//! The store: where journals and session rows are kept, and the only place that says "written".
//!
//! Nothing above may assume that a session lives in this process: appending with an expected row, finding a
//! session and hearing of a commit all go through here. [`Store`] is the handle; one writer thread commits in groups
//! (`writer`), reader threads answer queries (`query`), and an `Engine` keeps the rows: `memory`, `sqlite` or `redis`. What is not
//! a session is kept as `document`s, and what many listen to as `events`. `cluster` is what several servers on one store know
//! of each other. `contract` is the suite that all engines pass.

mod asked;
mod backup;
mod batch;
mod cluster;
mod document;
mod engine;
mod events;
mod fence;
mod guard;
mod handle;
mod keys;
mod memory;
pub mod private;
mod query;
mod redis;
mod requests;
mod seal;
mod search;
mod settings;
mod sqlite;
mod transfer;
mod types;
mod writer;

#[cfg(test)]
mod contract;

pub use backup::{Copied, backup, restore};
pub use cluster::{Cluster, Inbox, Incoming, Member, MemberState, Membership, Owners, SlotChange, View};
pub use document::{ChangeError, Document, DocumentChange, Precondition, Write};
pub use engine::Standing;
pub use events::{EncodedEvent, EventRow, EventSpan, Published, UnnumberedEvent};
pub use fence::Fence;
pub use handle::Store;
pub use memory::Memory;
pub use requests::{ListRequests, RequestChange, RequestCursor, RequestOrder, RequestPage, StoredRequest};
pub use search::{Counts, Found, words};
pub use settings::{ClusterSettings, Settings, Synchronous};
pub use transfer::{Migrated, migrate};
pub use types::{
    Append, Change, Committed, Health, Idempotency, JournalRange, ListSessions, NewRow, Pending, Reason, Refused, Row,
    SessionKey, Spent, State, Summary,
};
pub use writer::OnCommit;

/// What can go wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such session or document.
    #[error("there is no such record")]
    NotFound,
    /// Somebody else has written what this caller expected to write, or the state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// A document is not at the version that this caller expected; for one that should not be there, this is what is.
    #[error("the document is at version {version}")]
    Outdated {
        /// The version that is there.
        version: u64,
    },
    /// The database cannot be used: missing rights, damaged, foreign, of a newer version, in use by another server.
    #[error("{0}")]
    Unusable(String),
    /// The database does not answer now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}
