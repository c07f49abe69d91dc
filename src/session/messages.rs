//! What whoever asks something of a session gets back.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::policy::NotAsked;
use crate::domain::answerers::GivenAnswer;
use crate::domain::entry::Entry;
pub(crate) use crate::domain::fault::Fault;
use crate::domain::id::{ExecutionId, RequestId, SessionId};
use crate::domain::request::{FieldError, Values};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::store::{self, SessionKey, Summary};

/// Why a session did not do as it was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum Refused {
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
    /// Whoever answers may not answer this question, though they may see it.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
    /// They may not do this to a session whose question they are asked.
    #[error("this is for the owner of the session")]
    NotOwned,
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
    /// The queue of sessions that wait for a permit is full.
    #[error("too many sessions wait already")]
    QueueFull,
    /// The server is going down.
    #[error("the server is going down")]
    ShuttingDown,
    /// Another server has the session now, and nothing was done here.
    #[error("another server has the session now")]
    Elsewhere,
    /// Its task cannot go on without a secret that was given before.
    #[error("a secret that was given before was sealed with another key than the server has now")]
    Locked,
    /// The store cannot be written or read now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// The answer that a question already has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Winner {
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub timed_out: bool,
    /// Whether nobody has to answer any more: the task has ended, or no longer asks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>", optional))]
    pub withdrawn: bool,
    /// All answers that were given, in their order, where the question requires several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<GivenAnswer>>", optional))]
    pub answers: Vec<GivenAnswer>,
}

impl Winner {
    /// A yes or no of one person, while others are missing.
    pub(crate) fn one_of_several(given: &GivenAnswer) -> Self {
        let GivenAnswer { by, value } = given.clone();
        Self { by, value: Some(value), values: None, timed_out: false, withdrawn: false, answers: Vec::new() }
    }
}

/// A session that is in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Started {
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
pub(crate) struct Called {
    /// Its id.
    pub session_id: SessionId,
    /// What it is called among events.
    pub execution_id: ExecutionId,
}

/// Whether a replay is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// It is, in the words of the dialect.
    Spoken,
    /// It goes on where the connection's own catching-up ended.
    Silent,
}

/// By which socket a connection listens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// The one that every session has, or an event stream.
    Session,
    /// That of audits.
    Audit,
}

/// What became of a connection that wants to listen to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attached {
    /// It is subscribed; entries follow.
    Live,
    /// The connection lacks more than the session keeps in memory: read the store up to `last_seq` and attach again.
    Behind {
        /// The session's key in the store.
        key: SessionKey,
        /// The journal's last `seq` that is written.
        last_seq: u64,
    },
}

/// An answer that won and is in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The question.
    pub request_id: RequestId,
    /// Where the session stands then.
    pub status: Status,
}

/// An open question, for whoever it is shared with: what is asked, and nothing of its session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SharedRequest {
    /// The question, as it stands in the journal, without whom else it is put to.
    #[serde(flatten)]
    pub entry: Entry,
    /// When it was asked.
    #[schema(value_type = f64)]
    pub asked_at: Timestamp,
    /// How many people have to say yes still, where several are required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub missing: Option<u32>,
}

/// All about a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
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

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Completion {
    /// Its last status.
    pub status: Status,
    /// What it gave, where it is completed.
    pub values: Option<Value>,
    /// What went wrong, where it has failed; why it was stopped, where it is cancelled.
    pub error: Option<String>,
}

impl Completion {
    /// What it gave, or why it gave nothing, in words that call the session `name`.
    pub(crate) fn into_result(self, name: &str) -> Result<Value, String> {
        let error = self.error.unwrap_or_default();
        match self.status {
            Status::Completed => Ok(self.values.unwrap_or_default()),
            Status::Cancelled => Err(format!("{name} was cancelled: {error}")),
            // No other status is an end.
            Status::Failed
            | Status::Queued
            | Status::Running
            | Status::WaitingConfirmation
            | Status::WaitingInput
            | Status::WaitingRetry
            | Status::Cancelling => Err(error),
        }
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Refused::UnknownSession,
            store::Error::Outdated { .. } => Refused::Unavailable(error.to_string()),
            store::Error::Conflict(text) | store::Error::Unusable(text) | store::Error::Unavailable(text) => {
                Refused::Unavailable(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_session_gives_its_values_or_says_why_there_are_none() {
        let ended =
            |status, values, error: Option<&str>| Completion { status, values, error: error.map(str::to_owned) };
        let cases = [
            (ended(Status::Completed, Some(json!({"a": 1})), None), Ok(json!({"a": 1}))),
            (ended(Status::Completed, None, None), Ok(Value::Null)),
            (ended(Status::Failed, None, Some("no paper")), Err("no paper".to_owned())),
            (ended(Status::Cancelled, None, Some("late")), Err("it was cancelled: late".to_owned())),
        ];
        for (completion, expected) in cases {
            assert_eq!(completion.into_result("it"), expected);
        }
    }
}
