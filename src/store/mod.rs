//! The store: where journals and session rows are kept, and the only place that says "written".
//!
//! Nothing above may assume that a session lives in this process: appending with an expected row, finding a
//! session and telling who is told all go through here.

use actix::{Message, Recipient};
use bytes::Bytes;

use crate::domain::id::SessionId;
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::domain::time::Timestamp;

/// A session inside the store: rises with time, so that the journal grows at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub i64);

/// What changes in a session's lean row as it goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Where it stands.
    pub status: Status,
    /// Which try it is at, from 1.
    pub attempt: u32,
    /// The `seq` of its last entry.
    pub last_seq: u64,
    /// When it first ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When something is due though nobody asks: a question's time-out, the end of its patience without connections.
    pub deadline: Option<Timestamp>,
    /// Since when it is in `status`.
    pub since: Timestamp,
    /// Time spent queued, running and waiting for people until `since`.
    pub spent: Spent,
}

/// How long a session was in which kind of state, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting for a run slot.
    pub queued: i64,
    /// Working.
    pub running: i64,
    /// Waiting for people.
    pub waiting: i64,
}

/// A session's lean row.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its key.
    pub key: SessionKey,
    /// Its public id.
    pub id: SessionId,
    /// The task kind's name.
    pub task: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// The caller's own marks.
    pub labels: Vec<(String, String)>,
    /// What happens when its last connection goes.
    pub on_disconnect: OnDisconnect,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What changes as it goes on.
    pub state: State,
}

/// The `Idempotency-Key` that a session was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, with the route it was sent to.
    pub key: String,
    /// A digest of the request's body.
    pub digest: [u8; 32],
}

/// One row more for a session's journal.
#[derive(Clone, Debug)]
pub struct Append {
    /// The worker whose recipient is told when it is written.
    pub worker: usize,
    /// The session.
    pub session: SessionId,
    /// Its key.
    pub key: SessionKey,
    /// Which row of its journal this is, from 0; another one there is a conflict.
    pub row: u32,
    /// The `seq` of the row's last entry, or of the last one before it.
    pub last_seq: u64,
    /// The row's text.
    pub body: Bytes,
    /// What becomes of the session's own row.
    pub change: Change,
}

/// What an [`Append`] does to the session's own row.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing.
    None,
    /// It is made.
    Create(Box<Summary>, Option<Idempotency>),
    /// It goes on.
    Update(Box<State>),
}

/// Tells a worker what of its sessions is written: one message a commit and worker.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Committed {
    /// Each session with the last row of it that is written.
    pub rows: Vec<(SessionId, u32)>,
}

/// One row of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which one, from 0.
    pub row: u32,
    /// The `seq` of its last entry, or of the last one before it.
    pub last_seq: u64,
    /// Its text.
    pub body: Bytes,
}

/// Where to begin to read a journal, and how much to read.
#[derive(Clone, Copy, Debug)]
pub struct JournalRange {
    /// Only rows that hold an entry after this `seq`; all rows where it is `None`.
    pub after_seq: Option<u64>,
    /// Only rows after this one.
    pub after_row: Option<u32>,
    /// Stop once the rows' texts have that many bytes (at least one row is given).
    pub max_bytes: usize,
}

/// Which sessions to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct ListSessions {
    /// Only those in one of these states; all where it is empty.
    pub status: Vec<Status>,
    /// Only those of this task kind.
    pub task: Option<String>,
    /// Only those with all of these labels.
    pub labels: Vec<(String, String)>,
    /// Only those of this owner.
    pub owner: Option<String>,
    /// Only those older than this one.
    pub before: Option<SessionKey>,
    /// At most that many.
    pub limit: usize,
}

/// A session that a restart has to think of.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its public id.
    pub id: SessionId,
    /// Where it stands.
    pub status: Status,
    /// How urgent it is.
    pub priority: Priority,
    /// When something is due.
    pub deadline: Option<Timestamp>,
    /// Since when it is in `status`.
    pub since: Timestamp,
}

/// Whether the store takes what is written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Well,
    /// It does not; what waits is tried again until it does, and nobody is told before.
    Failing {
        /// What the database says.
        reason: String,
    },
}

/// What can go wrong with a store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no such session.
    #[error("no such session")]
    NotFound,
    /// Somebody else has written what this caller expected to write, or the state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The database cannot be used: missing rights, damaged, foreign, of a newer version, in use by another server.
    #[error("{0}")]
    Unusable(String),
    /// The database does not answer now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// Where a worker's commits are told.
pub type Told = Recipient<Committed>;

/// A store, from any thread. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Store {}

impl Store {
    /// Opens the store that `settings.url` names, for that many workers.
    ///
    /// # Errors
    /// [`Error::Unusable`], with the reason and the path in words for the operator.
    pub fn open(_settings: &crate::config::store::Store, _workers: usize) -> Result<Store, Error> {
        Ok(Store {})
    }

    /// Says where the commits of `worker` are told.
    pub fn tell(&self, _worker: usize, _told: Told) {}

    /// A key that rises with time and is this worker's alone.
    #[must_use]
    pub fn next_key(&self, _worker: usize) -> SessionKey {
        SessionKey(0)
    }

    /// Queues a row; appends of one worker are committed in their order. Never blocks.
    pub fn append(&self, _append: Append) {}

    /// Whether the store takes writes.
    #[must_use]
    pub fn health(&self) -> Health {
        Health::Well
    }

    /// A session's lean row.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find(&self, _id: SessionId) -> Result<Option<Summary>, Error> {
        Ok(None)
    }

    /// A part of a journal.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn journal(&self, _key: SessionKey, _range: JournalRange) -> Result<Vec<Row>, Error> {
        Ok(Vec::new())
    }

    /// Sessions, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn list(&self, _query: ListSessions) -> Result<Vec<Summary>, Error> {
        Ok(Vec::new())
    }

    /// The sessions that a restart has to think of: those that run or are queued, and those with a deadline.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pending(&self) -> Result<Vec<Pending>, Error> {
        Ok(Vec::new())
    }

    /// The session that was started with this idempotency key, and the digest of that request.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn idempotent(&self, _key: String) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        Ok(None)
    }

    /// Removes a session and its journal; it is gone from the store when this returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] where it has not ended, [`Error::Unavailable`].
    pub async fn remove(&self, _key: SessionKey) -> Result<(), Error> {
        Ok(())
    }

    /// Removes up to `limit` sessions that ended before `before`; gives their ids.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn purge(&self, _before: Timestamp, _limit: usize) -> Result<Vec<SessionId>, Error> {
        Ok(Vec::new())
    }

    /// Writes what waits and closes the database; gives how many rows could not be written.
    pub async fn close(&self) -> usize {
        0
    }

    /// Encrypts with the store's key.
    #[must_use]
    pub fn seal(&self, _plain: &[u8]) -> String {
        String::new()
    }

    /// Decrypts what [`Store::seal`] gave.
    ///
    /// # Errors
    /// [`Error::Unusable`] where the key is another one, or the text was changed.
    pub fn unseal(&self, _sealed: &str) -> Result<Vec<u8>, Error> {
        Err(Error::Unusable("not yet".into()))
    }
}
