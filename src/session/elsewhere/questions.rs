//! What one server asks another about sessions, as it goes over the wire.

use serde::{Deserialize, Serialize};

use crate::auth::Principal;
use crate::cluster::{Notice, Question};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::record::Spec;
use crate::domain::status::Status;
use crate::session::messages::{Answered, Completion, Description, Refused, SharedRequest, Started};
use crate::store::Idempotency;

/// Start a session in one of your slots, or with the id that was chosen for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StartThere {
    pub(crate) spec: Spec,
    /// The id that was chosen, which the `spec` leaves out where it is written.
    pub(crate) session_id: Option<SessionId>,
    pub(crate) idempotency: Idempotency,
}

impl Question for StartThere {
    const NAME: &'static str = "start";
    type Answer = Result<Started, Refused>;
}

/// Somebody answers a question of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnswerThere {
    pub(crate) by: Principal,
    pub(crate) session_id: SessionId,
    pub(crate) request_id: Option<String>,
    /// The answer as JSON, sealed: it may hold secrets.
    pub(crate) answer: String,
    pub(crate) idempotency: Idempotency,
}

impl Question for AnswerThere {
    const NAME: &'static str = "answer";
    type Answer = Result<Answered, Refused>;
}

/// Somebody wants a session to stop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CancelThere {
    pub(crate) by: Principal,
    pub(crate) session_id: SessionId,
    pub(crate) reason: String,
    /// Whether only one is meant that waits for a permit.
    pub(crate) queued_only: bool,
}

impl Question for CancelThere {
    const NAME: &'static str = "cancel";
    type Answer = Result<Status, Refused>;
}

/// Somebody wants to know all about a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DescribeThere {
    pub(crate) by: Principal,
    pub(crate) session_id: SessionId,
}

impl Question for DescribeThere {
    const NAME: &'static str = "describe";
    type Answer = Result<Box<Description>, Refused>;
}

/// Somebody wants to read an open question, to share it or because it is shared with them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReadThere {
    pub(crate) by: Principal,
    pub(crate) session_id: SessionId,
    pub(crate) request_id: RequestId,
}

impl Question for ReadThere {
    const NAME: &'static str = "read_request";
    type Answer = Result<Box<SharedRequest>, Refused>;
}

/// Somebody wants an ended session to be gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RemoveThere {
    pub(crate) by: Principal,
    pub(crate) session_id: SessionId,
}

impl Question for RemoveThere {
    const NAME: &'static str = "remove";
    type Answer = Result<(), Refused>;
}

/// Answer when a session has ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct AwaitThere {
    pub(crate) session_id: SessionId,
}

impl Question for AwaitThere {
    const NAME: &'static str = "await";
    type Answer = Result<Completion, Refused>;
}

/// So many connections at the asking server follow a session; the answer is the last `seq` that is written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct FollowThere {
    pub(crate) session_id: SessionId,
    /// Rises with each such question of a server about a session: an older one says nothing any more.
    pub(crate) version: u64,
    /// How many follow it.
    pub(crate) following: usize,
    /// How many of them keep it from being cancelled for lack of connections.
    pub(crate) counted: usize,
}

impl Question for FollowThere {
    const NAME: &'static str = "follow";
    type Answer = Result<u64, Refused>;
}

/// To a server whose connections follow a session: these entries were written, and this was shown between them. The
/// entries and then what was shown come along, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JournalGrew {
    pub(crate) session_id: SessionId,
    /// The last entry that was written before.
    pub(crate) before: u64,
    /// How many entries there are.
    pub(crate) entries: usize,
    /// For each line that was shown, behind how many of the entries it stands.
    pub(crate) shown: Vec<usize>,
}

impl Notice for JournalGrew {
    const NAME: &'static str = "journal_grew";
}

/// To all servers: these sessions are gone from the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionsRemoved {
    pub(crate) sessions: Vec<SessionId>,
}

impl Notice for SessionsRemoved {
    const NAME: &'static str = "sessions_removed";
}
