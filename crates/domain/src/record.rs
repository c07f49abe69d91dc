//! What a journal keeps beside the entries that clients see: the records that make a task durable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::callback::Callback;
use super::context::Source;
use super::id::{ExecutionId, RequestId, SessionId};
use super::owner::Owner;
use super::status::{OnDisconnect, Priority, Status};
use super::time::Timestamp;

/// How a session was asked for; the first record of its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The task kind's name.
    pub task: String,
    /// What the task works on.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// How it works.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// What happens when its last connection goes.
    #[serde(default)]
    pub on_disconnect: OnDisconnect,
    /// The caller's own marks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whom it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// What it is called among events, where its starter chose that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// Whose memory its agents keep, where its starter has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The id that its session is to have, where its starter has chosen one.
    #[serde(skip)]
    pub session_id: Option<SessionId>,
    /// What lists call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What started it, where that was a session or a node; its questions come from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Where its news is sent to, where its starter has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Box<Callback>>,
}

impl Spec {
    /// A session of that kind, and nothing else said.
    #[must_use]
    pub fn new(task: impl Into<String>) -> Self {
        Self {
            task: task.into(),
            input: Value::Null,
            config: Value::Null,
            priority: Priority::default(),
            on_disconnect: OnDisconnect::default(),
            labels: BTreeMap::new(),
            owner: None,
            execution_id: None,
            client_id: None,
            session_id: None,
            title: None,
            source: None,
            callback: None,
        }
    }

    /// Whom it belongs to: the server, where nobody is named.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.owner.clone().unwrap_or(Owner::SERVER)
    }
}

/// A record that no client sees; it takes no `seq`.
///
/// `ordinal` counts the calls of one lane of the task from 0: entries that the task told, questions, steps and sleeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Internal {
    /// The session was asked for.
    Created(Box<Spec>),
    /// A side effect is about to happen.
    StepStarted {
        /// The lane of the task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
        /// Which call of the lane.
        ordinal: u32,
        /// The step's name.
        name: String,
        /// Whether it may be done twice.
        repeatable: bool,
    },
    /// A side effect has happened; its outcome.
    StepCompleted {
        /// The lane of the task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
        /// Which call of the lane.
        ordinal: u32,
        /// What it gave, or the text of its error; secrets are masked.
        outcome: Result<Value, String>,
        /// What it gave, encrypted with the store's key, base64, where that holds secrets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed: Option<String>,
    },
    /// The task sleeps.
    SleepStarted {
        /// The lane of the task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
        /// Which call of the lane.
        ordinal: u32,
        /// Until when.
        until: Timestamp,
    },
    /// The task starts a child and waits for it.
    ChildStarted {
        /// The lane of the task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
        /// Which call of the lane.
        ordinal: u32,
        /// What the task calls it.
        name: String,
    },
    /// A child has ended, or the task waits for it no longer.
    ChildEnded {
        /// The lane of the task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
        /// Which call of the lane.
        ordinal: u32,
        /// Its result, or the text of its error; nothing where nobody waited for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Result<Value, String>>,
    },
    /// The answer to a form that has secrets, sealed.
    Sealed {
        /// The question's id.
        request_id: RequestId,
        /// All values of the answer, encrypted with the store's key, base64.
        values: String,
    },
    /// When a question's time runs out, and what is answered then.
    Deadline {
        /// The question's id.
        request_id: RequestId,
        /// When.
        at: Timestamp,
        /// What, where there is a default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<Value>,
    },
    /// An answer came with an `Idempotency-Key`; what was replied.
    Replied {
        /// The route and the key.
        key: String,
        /// A digest of the request's body, base64.
        digest: String,
        /// The question that was answered.
        request_id: RequestId,
        /// Where the session stood then.
        status: Status,
    },
    /// Somebody asked to stop; the task cleans up.
    CancelRequested {
        /// Why.
        reason: String,
    },
    /// How long the session waits for a connection to come back; [`Timestamp::NEVER`] while there is one.
    Patience {
        /// Until when.
        until: Timestamp,
    },
}
