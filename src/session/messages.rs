//! What the directory and the sessions hear.
//!
//! An answer comes back through a [`Reply`], not as the message's result: most are given only after a commit.

use actix::{Addr, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::domain::entry::Entry;
pub use crate::domain::fault::Fault;
use crate::domain::id::{ConnectionId, ExecutionId, RequestId, SessionId};
use crate::domain::record::Spec;
use crate::domain::request::{Answer, FieldError, Values};
use crate::domain::status::Status;
use crate::hub::Shard;
use crate::store::{Idempotency, SessionKey, Summary};

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<T>;

/// Why a session did not do as it was asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// There is no session with this id.
    #[error("there is no session with this id")]
    UnknownSession,
    /// There is no such task kind.
    #[error("there is no task called {0:?}")]
    UnknownTask(String),
    /// Its input or configuration is wrong.
    #[error("the request is not valid")]
    Invalid(Vec<Fault>),
    /// The same idempotency key came with another request.
    #[error("this idempotency key was used with another request")]
    IdempotencyConflict,
    /// Another execution is called so.
    #[error("another execution has this id")]
    ExecutionExists,
    /// The session has not ended.
    #[error("the session has not ended")]
    NotEnded,
    /// No question is open, or not the one that was answered.
    #[error("no question is open that this could answer")]
    NoOpenRequest,
    /// Several questions are open, and the answer does not say which it is for.
    #[error("several questions are open: say which one with request_id")]
    AmbiguousRequest,
    /// Somebody was first.
    #[error("the question has been answered already")]
    AlreadyAnswered {
        /// The answer that won.
        winner: Box<Winner>,
        /// The question that is open now, where the answer named none and repeats the one that won.
        open_request_id: Option<RequestId>,
    },
    /// The values do not fit the form.
    #[error("the values do not fit the form")]
    Rejected {
        /// The question that stays open.
        request_id: RequestId,
        /// What is wrong, field by field.
        errors: Vec<FieldError>,
        /// The question again, with the values that were sent in its fields.
        form: Box<Entry>,
    },
    /// The queue of sessions that wait for a run slot is full.
    #[error("too many sessions wait already")]
    QueueFull,
    /// The server is going down.
    #[error("the server is going down")]
    ShuttingDown,
    /// The store cannot be written or read now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// The answer that a question already has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Winner {
    /// Who gave it.
    pub by: String,
    /// The answer to a confirmation or retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub value: Option<bool>,
    /// The answer to a form; the values of secrets are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(test, ts(optional, type = "Record<string, unknown>"))]
    pub values: Option<Values>,
    /// Whether nobody answered in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub timed_out: bool,
    /// Whether nobody has to answer any more: the task has ended, or no longer asks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub withdrawn: bool,
}

/// To the directory: start a session. Its input and configuration are checked here.
///
/// Where there is an idempotency key, it goes to the directory that the key's hash names.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct StartSession {
    /// What to start.
    pub spec: Spec,
    /// The caller's key, where it gave one.
    pub idempotency: Option<Idempotency>,
    /// Told once the session is in the store.
    pub reply: Reply<Result<Started, Refused>>,
}

/// A session that is in the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Started {
    /// Its id.
    pub session_id: SessionId,
    /// What it is called among events.
    pub execution_id: ExecutionId,
    /// The task kind's name.
    pub task: String,
    /// Where it stands.
    pub status: Status,
}

/// A session that was looked up by what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// Its id.
    pub session_id: SessionId,
    /// What it is called among events.
    pub execution_id: ExecutionId,
}

/// To the directory that the hash of owner and word names: nobody else may call a session so until this is released.
/// Refused where somebody does, or is about to.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ClaimExecution {
    /// Whose session it is.
    pub(super) owner: Option<String>,
    /// What it is to be called.
    pub(super) execution_id: ExecutionId,
    /// Whether it may be.
    pub(super) reply: Reply<Result<(), Refused>>,
}

/// To the same directory: the session is in the store, or does not come about.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ReleaseExecution {
    /// Whose session it is.
    pub(super) owner: Option<String>,
    /// What it is called.
    pub(super) execution_id: ExecutionId,
}

/// To the directory: hand a message to one of its sessions, waking it where it is parked.
#[derive(Debug)]
pub struct For<M> {
    /// The session.
    pub session_id: SessionId,
    /// What it is told.
    pub message: M,
}

impl<M> Message for For<M> {
    type Result = ();
}

/// A message that goes to one session, and can be refused where there is none.
pub trait Addressed: Message<Result = ()> + Send + 'static {
    /// Tells whoever sent it why it was not delivered.
    fn refuse(self, why: Refused);
}

macro_rules! addressed {
    ($($name:ident),*) => {$(
        impl Addressed for $name {
            fn refuse(self, why: Refused) {
                // Whoever asked may be gone.
                let _ = self.reply.send(Err(why));
            }
        }
    )*};
}

addressed!(Attach, SubmitAnswer, Cancel, Describe, Remove);

/// A connection wants the session's entries: first those it does not have, then live ones, in one order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Attach {
    /// The connection.
    pub connection: ConnectionId,
    /// Its shard, which gets a [`crate::hub::Subscribe`] and then every burst.
    pub shard: Addr<Shard>,
    /// The last `seq` that it has; `None` for a snapshot.
    pub since: Option<u64>,
    /// Whether the dialect's opening and closing words go round the replay.
    pub greeting: Greeting,
    /// Told at once.
    pub reply: Reply<Result<Attached, Refused>>,
}

/// Whether a replay is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It is, in the words of the dialect.
    Spoken,
    /// It goes on where the connection's own catching-up ended.
    Silent,
}

/// What became of an [`Attach`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// The shard has been told; entries follow.
    Live,
    /// The connection lacks more than the session keeps in memory: read the store up to `last_seq` and attach again.
    Behind {
        /// The session's key in the store.
        key: SessionKey,
        /// The journal's last `seq` that is written.
        last_seq: u64,
    },
}

/// A connection has gone.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Detach {
    /// The connection.
    pub connection: ConnectionId,
}

impl Addressed for Detach {
    fn refuse(self, _: Refused) {}
}

/// Somebody answers a question.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct SubmitAnswer {
    /// The question, as the client wrote it; may be left out while exactly one is open.
    pub request_id: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// Who answers.
    pub by: String,
    /// The caller's key, where it gave one: the same key again gets the first reply and changes nothing.
    pub idempotency: Option<Idempotency>,
    /// Told once the answer is in the store, or at once where it is refused.
    pub reply: Reply<Result<Answered, Refused>>,
}

/// An answer that won and is in the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    /// The question.
    pub request_id: RequestId,
    /// Where the session stands then.
    pub status: Status,
}

/// Somebody wants the session to stop.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Cancel {
    /// Why, or by whom; told in `task_cancelled`.
    pub reason: String,
    /// At which points it is stopped.
    pub reach: Reach,
    /// Told once it is in the store.
    pub reply: Reply<Result<Status, Refused>>,
}

/// At which points a session is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Wherever it is.
    Anywhere,
    /// Only where it has never run.
    Unbegun,
}

/// Somebody wants to know all about the session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Describe {
    /// Told once all that it says is in the store.
    pub reply: Reply<Result<Box<Description>, Refused>>,
}

/// All about a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its lean row.
    pub summary: Summary,
    /// What it works on.
    pub input: Value,
    /// How it works.
    pub config: Value,
    /// The open questions, as they stand in the journal.
    pub open_requests: Vec<Value>,
    /// What it gave, once it is completed.
    pub result: Option<Value>,
    /// What went wrong, once it has failed; why it was stopped, once it is cancelled.
    pub error: Option<String>,
    /// How many connections watch it.
    pub connections: usize,
    /// How many messages a snapshot has now.
    pub snapshot_messages: usize,
}

/// To the directory: tell when this session has ended, and how.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct AwaitEnd {
    /// The session.
    pub session: SessionId,
    /// Told once its end is in the store.
    pub reply: Reply<Result<Outcome, Refused>>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its last status.
    pub status: Status,
    /// What it gave, where it is completed.
    pub values: Option<Value>,
    /// What went wrong, where it has failed; why it was stopped, where it is cancelled.
    pub error: Option<String>,
}

/// Somebody wants an ended session and its journal to be gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Remove {
    /// Told once it is gone from the store.
    pub reply: Reply<Result<(), Refused>>,
}
