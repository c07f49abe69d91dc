//! The messages between the actors of this module, by who hears them: a directory, a session, the queue.
//!
//! A reply comes back through a [`Reply`], not as the message's result: most are given only after a commit.

use std::collections::HashMap;

use actix::clock::Instant;
use actix::{Addr, Message};
use tokio::sync::oneshot;

use super::elsewhere::messages::Followers;
use super::messages::{Answered, Attached, Completion, Description, Greeting, Refused, SharedRequest, Started, Via};
use super::permits::Ticket;
use crate::auth::{Action, Principal};
use crate::domain::id::{ConnectionId, ExecutionId, RequestId, SessionId};
use crate::domain::owner::Owner;
use crate::domain::record::Spec;
use crate::domain::request::Answer;
use crate::domain::status::Status;
use crate::hub::Shard;
use crate::store::{Committed, Idempotency, Pending};

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<T>;

// ---- To a directory, from the handle `Sessions` and the server.

/// Start a session. Its input and configuration are checked here.
///
/// Where there is an idempotency key, it goes to the directory that the key's hash names.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StartSession {
    pub(crate) spec: Spec,
    pub(crate) idempotency: Option<Idempotency>,
    /// Used once the session is in the store.
    pub(crate) reply: Reply<Result<Started, Refused>>,
}

/// Nobody else may call a session so until this is released; refused where somebody does, or is about to. Goes to the
/// directory that the hash of owner and execution id names.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReserveExecutionId {
    pub(crate) owner: Option<Owner>,
    pub(crate) execution_id: ExecutionId,
    pub(crate) reply: Reply<Result<(), Refused>>,
}

/// To the same directory: the session is in the store, or does not come about.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReleaseExecutionId {
    pub(crate) owner: Option<Owner>,
    pub(crate) execution_id: ExecutionId,
}

/// Hand a message to a session, loading it where it is parked.
#[derive(Debug)]
pub(crate) struct For<M> {
    pub(crate) session_id: SessionId,
    pub(crate) message: M,
}

impl<M> Message for For<M> {
    type Result = ();
}

/// What somebody asks of a session, which is refused as if there were no such session where it is not theirs to ask. The
/// session itself decides that: nobody else has to know whose it is.
#[derive(Debug)]
pub(crate) struct Asked<M> {
    pub(crate) by: Principal,
    /// What they do by it.
    pub(crate) action: Action,
    pub(crate) message: M,
}

impl<M> Message for Asked<M> {
    type Result = ();
}

/// What people and programs ask of a session.
pub(crate) trait Request: Addressed {
    /// What they do by it, where they do not come by a share link.
    const ACTION: Action;
}

impl<M: Request> Addressed for Asked<M> {
    fn refuse(self, why: Refused) {
        self.message.refuse(why);
    }
}

/// Reply when this session has ended, and how.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct AwaitCompletion {
    pub(crate) session: SessionId,
    /// Used once its end is in the store.
    pub(crate) reply: Reply<Result<Completion, Refused>>,
}

/// These sessions are gone from the store.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Forget {
    pub(crate) sessions: Vec<SessionId>,
}

/// At the start: resume what ran, and set the timers of what waits.
#[derive(Clone, Debug, Default, Message)]
#[rtype(result = "()")]
pub(crate) struct ResumeSessions {
    /// The sessions of this worker that a restart has to think of.
    pub(crate) pending: Vec<Pending>,
    /// Those of them that do not go on by themselves.
    pub(crate) quarantine: HashMap<SessionId, Quarantine>,
}

/// What becomes of a session of before the start that does not go on by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Quarantine {
    /// It waits for [`Release`].
    Held,
    /// It fails, for this reason.
    Fails(String),
}

/// A session that was held may go on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Release {
    pub(crate) session: SessionId,
}

/// From the store: what came of rows of this worker's sessions.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StoreCommitted {
    pub(crate) commit: Committed,
}

/// The server goes down: start nothing, drop all tasks. Answered when every session has let go.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Drain;

// ---- To a directory, from one of its sessions.

/// Nothing happens here, and nobody watches.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionIdle {
    pub(crate) session: SessionId,
    pub(crate) outlook: Outlook,
}

/// What may still come of an idle session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Somebody may answer soon: it is kept for a while.
    Waits,
    /// It has ended.
    Over,
}

/// The answer to [`Park`]: it can leave memory.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionParked {
    pub(crate) session: SessionId,
}

/// Send [`DeadlineDue`] then.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SetTimer {
    pub(crate) session: SessionId,
    pub(crate) at: Instant,
}

/// It has ended, and that is in the store.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionEnded {
    pub(crate) session: SessionId,
    pub(crate) completion: Completion,
}

/// One that was read back goes on, and has its place in the queue where it needs one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionResumed {
    pub(crate) session: SessionId,
}

/// It waits for a permit.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct JoinQueue {
    pub(crate) ticket: Ticket,
}

/// It does not wait for a permit any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LeaveQueue {
    pub(crate) session: SessionId,
}

/// A permit was given back that somebody may wait for.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct PermitReturned;

/// It was evicted, and appends nothing any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Evicted {
    pub(crate) session: SessionId,
}

// ---- To a session, from outside through its directory.

/// A message that goes to one session, and can be refused where there is none.
pub(crate) trait Addressed: Message<Result = ()> + Send + 'static {
    /// Replies why it was not delivered.
    fn refuse(self, why: Refused);
}

macro_rules! requests {
    ($($name:ident => $action:ident),* $(,)?) => {$(
        impl Addressed for $name {
            fn refuse(self, why: Refused) {
                // Whoever asked may be gone.
                let _ = self.reply.send(Err(why));
            }
        }

        impl Request for $name {
            const ACTION: Action = Action::$action;
        }
    )*};
}

requests! {
    Attach => ReadSession,
    SubmitAnswer => AnswerRequest,
    Cancel => CancelSession,
    Describe => ReadSession,
    ReadRequest => ShareRequest,
    Remove => DeleteSession,
}

/// A connection wants the session's entries: first those it does not have, then live ones, in one order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Attach {
    pub(crate) connection: ConnectionId,
    /// Its shard, which gets a [`crate::hub::Join`] and then every burst.
    pub(crate) shard: Addr<Shard>,
    /// The last `seq` that it has; `None` for a snapshot.
    pub(crate) since: Option<u64>,
    /// Whether the dialect's opening and closing words go round the replay.
    pub(crate) greeting: Greeting,
    pub(crate) via: Via,
    /// Whom the connection is of.
    pub(crate) by: Principal,
    /// Whether whoever it is of could cancel the session: only such a one keeps it from being cancelled for lack of
    /// connections.
    pub(crate) may_cancel: bool,
    /// Used at once.
    pub(crate) reply: Reply<Result<Attached, Refused>>,
}

/// A connection has gone.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Detach {
    pub(crate) connection: ConnectionId,
}

impl Addressed for Detach {
    fn refuse(self, _: Refused) {}
}

/// Somebody answers a question.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SubmitAnswer {
    /// The question, as the client wrote it; may be left out while exactly one is open.
    pub(crate) request_id: Option<String>,
    pub(crate) answer: Answer,
    pub(crate) by: Principal,
    /// The same key again gets the first reply and changes nothing.
    pub(crate) idempotency: Option<Idempotency>,
    /// Used once the answer is in the store, or at once where it is refused.
    pub(crate) reply: Reply<Result<Answered, Refused>>,
}

/// Somebody wants the session to stop.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Cancel {
    /// Why, or by whom; stands in `task_cancelled`.
    pub(crate) reason: String,
    pub(crate) reach: Reach,
    /// Used once it is in the store.
    pub(crate) reply: Reply<Result<Status, Refused>>,
}

/// At which points a session is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Wherever it is.
    Anywhere,
    /// Only while it waits for a permit.
    Queued,
}

/// Somebody wants to know all about the session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Describe {
    /// Used once all that it says is in the store.
    pub(crate) reply: Reply<Result<Box<Description>, Refused>>,
}

/// Somebody wants to share a question that they may answer, or to see the one that was shared with them.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReadRequest {
    pub(crate) request_id: RequestId,
    pub(crate) by: Principal,
    /// Used once all that it says is in the store.
    pub(crate) reply: Reply<Result<Box<SharedRequest>, Refused>>,
}

/// Somebody wants an ended session and its journal to be gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Remove {
    /// Used once it is gone from the store.
    pub(crate) reply: Reply<Result<(), Refused>>,
}

// ---- To a session, from its directory.

/// Rows up to this one are in the store.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Written {
    pub(crate) row: u32,
}

/// Here is a permit.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct PermitAvailable;

/// The queue hands out permits, and none is left for this session now.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct NoPermitLeft;

/// Some deadline of this session has come.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DeadlineDue;

impl Addressed for DeadlineDue {
    fn refuse(self, _: Refused) {}
}

/// Send [`SessionEnded`] when you have ended, at once where that is written.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReportCompletion;

impl Addressed for ReportCompletion {
    // The directory itself answers those who wait.
    fn refuse(self, _: Refused) {}
}

/// What was held goes on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Resume;

/// Leave memory, if nothing happens here still.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Park;

/// The store has refused what was written here, or another server has it now. End, and publish nothing.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Evict {
    /// What those hear whose requests were to be written.
    pub(crate) why: Refused,
    /// What becomes of those who follow it.
    pub(crate) followers: Followers,
}

/// End. Nothing more will be sent.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Retire;

/// The session is gone from the store.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Removed;

/// The server goes down. The task is dropped as by a crash, and resumed at the next start.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Suspend;

// ---- To a session, from itself.

/// Its clean-up after a cancel is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct CleanedUp;

// ---- Between the directories and the queue.

/// From a directory: one of its sessions waits for a permit.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct RequestPermit {
    pub(crate) worker: usize,
    pub(crate) ticket: Ticket,
}

/// From a directory: one of its sessions waits no longer.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct WithdrawRequest {
    pub(crate) ticket: Ticket,
}

/// So many directories have sessions of before to resume, and each sends [`SessionsResumed`] when it has.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct AwaitResumption {
    pub(crate) workers: usize,
}

/// From a directory: its sessions of before wait for permits now, as far as they need one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionsResumed;

/// From a directory: permits that it does not need.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReturnPermits {
    pub(crate) permits: usize,
}

/// To a directory: permits.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct PermitsGranted {
    pub(crate) permits: usize,
}

/// To every directory: who has got no permit by now has to wait for one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct QueueOpened;

/// To every directory: whether sessions of any worker wait for permits.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct PermitsWanted {
    pub(crate) wanted: bool,
}
