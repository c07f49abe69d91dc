//! What the store keeps, and what it says of a commit, as types.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{RequestChange, UnnumberedEvent, keys};
use callboard_domain::answerers::Assignee;
use callboard_domain::id::{ExecutionId, SessionId};
use callboard_domain::owner::Owner;
use callboard_domain::status::{OnDisconnect, Priority, Status};
use callboard_domain::time::Timestamp;

/// A session inside the store: rises with time, so that the journal grows at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionKey(pub i64);

/// What changes in a session's lean row as it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Waiting for a permit to run.
    pub queued: i64,
    /// Working.
    pub running: i64,
    /// Waiting for people.
    pub waiting: i64,
}

/// A session's lean row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    pub owner: Owner,
    /// What its starter called it among events; no two of one owner are called the same.
    pub execution_id: Option<ExecutionId>,
    /// The caller's own marks.
    pub labels: Vec<(String, String)>,
    /// What happens when its last connection goes.
    pub on_disconnect: OnDisconnect,
    /// What lists call it.
    pub title: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What changes as it goes on.
    pub state: State,
}

impl Summary {
    /// What it is called among events.
    #[must_use]
    pub fn execution_id(&self) -> ExecutionId {
        self.execution_id.clone().unwrap_or_else(|| self.id.into())
    }
}

/// The `Idempotency-Key` that a session was started with. No two sessions of one owner have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The key, with the route it was sent to.
    pub key: String,
    /// A digest of the request's body.
    pub digest: [u8; 32],
}

impl Idempotency {
    /// The digest in base64.
    #[must_use]
    pub fn digest_text(&self) -> String {
        STANDARD.encode(self.digest)
    }
}

/// One row more for a session's journal.
#[derive(Clone, Debug)]
pub struct Append {
    /// The worker whose subscriber hears when it is written.
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
    /// What becomes of its questions, in order.
    pub requests: Vec<RequestChange>,
}

/// A row, and the events that it causes: they are in the store when the row is, and not otherwise.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// The row.
    pub append: Append,
    /// The events.
    pub events: Vec<UnnumberedEvent>,
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

/// What came of the rows of one worker's sessions: one message a commit and worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Each session with the last row of it that is written.
    pub rows: Vec<(SessionId, u32)>,
    /// Sessions of which a row was left out. None that comes after it is written, until [`crate::Store::readmit`] is
    /// called for the session.
    pub refused: Vec<Refused>,
}

/// A row that can never be written. What is in memory of its session is not what the store has: it is to be dropped, with
/// all that it has not had written, and the session is to be read anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The session.
    pub session: SessionId,
    /// Its key.
    pub key: SessionKey,
    /// The row.
    pub row: u32,
    /// Why.
    pub reason: Reason,
}

/// Why a row cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The store has something else in its place, or not what it stands upon; this says what.
    #[error("{0}")]
    Conflict(String),
    /// The session is another server's.
    #[error("the session belongs to another server")]
    Fenced,
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
    /// Only those with all of these labels, as they read when written `name=value`: either part may have a `=` in it.
    pub labels: Vec<(String, String)>,
    /// Only those of this owner, and those that ask somebody in `also_asking`.
    pub owner: Option<Owner>,
    /// Whose open questions make a session one of them, whoever owns it.
    pub also_asking: Vec<Assignee>,
    /// Only those with an open question that is put to this assignee.
    pub asking: Option<Assignee>,
    /// Only those that were asked for at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that were asked for before this moment.
    pub to: Option<Timestamp>,
    /// Only those older than this one.
    pub before: Option<SessionKey>,
    /// At most that many.
    pub limit: usize,
}

/// A session's key is made at the moment at which it is asked for, or soon after.
const BEFORE_KEY: Duration = Duration::from_secs(60);

/// Keys rise though the clock is set back, so that a key may be of a later moment than its session. Ranges of time do not
/// find sessions that were made after the clock was set back by more.
const CLOCK_WENT_BACK: Duration = Duration::from_secs(3600);

impl ListSessions {
    /// Whether this is one of them, whatever its status.
    pub(super) fn fits_but_for_status(&self, summary: &Summary) -> bool {
        self.task.as_ref().is_none_or(|task| *task == summary.task)
            && self.owner.as_ref().is_none_or(|owner| summary.owner == *owner)
            && self.from.is_none_or(|from| summary.created_at >= from)
            && self.to.is_none_or(|to| summary.created_at < to)
            && self
                .labels
                .iter()
                .all(|wanted| summary.labels.iter().any(|label| label_text(label) == label_text(wanted)))
    }

    /// The key that all of them have or are above, and the one that they are below.
    pub(super) fn keys(&self) -> (SessionKey, SessionKey) {
        let oldest = self.from.map_or(SessionKey(i64::MIN), |from| keys::at(from.minus(BEFORE_KEY)));
        let newest = self.to.map_or(SessionKey(i64::MAX), |to| keys::at(to.plus(CLOCK_WENT_BACK)));
        (oldest, self.before.map_or(newest, |before| before.min(newest)))
    }

    /// Whether this is one of them.
    pub(super) fn fits(&self, summary: &Summary) -> bool {
        (self.status.is_empty() || self.status.contains(&summary.state.status))
            && self.before.is_none_or(|before| summary.key < before)
            && self.fits_but_for_status(summary)
    }
}

/// A label as it is written in a filter.
pub(super) fn label_text((name, value): &(String, String)) -> String {
    format!("{name}={value}")
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
    /// Of one that runs, the `seq` of the last entry of its journal.
    pub last_seq: Option<u64>,
}

/// Whether the store takes what is written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Well,
    /// It does not; what waits is tried again until it does, and nothing is acknowledged before.
    Failing {
        /// What the database says.
        reason: String,
        /// Whether it stays so until an operator does something about it.
        is_lasting: bool,
    },
}
