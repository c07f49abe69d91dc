//! A task kind: a named program that can be started.

use futures::future::{BoxFuture, LocalBoxFuture};
use serde_json::Value;

use crate::domain::record::Spec;
use crate::session::messages::Fault;
use crate::session::task::context::TaskContext;

/// How a task ends when it does not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// It failed; clients get the text.
    #[error("{0}")]
    Failed(String),
    /// It was stopped by a person's decision: the session ends as `cancelled`, with this reason.
    #[error("{0}")]
    Cancelled(String),
}

impl TaskError {
    /// A failure with this text.
    #[must_use]
    pub fn failed(text: impl ToString) -> Self {
        TaskError::Failed(text.to_string())
    }
}

impl From<&str> for TaskError {
    fn from(text: &str) -> Self {
        TaskError::failed(text)
    }
}

impl From<String> for TaskError {
    fn from(text: String) -> Self {
        TaskError::Failed(text)
    }
}

/// What a task gives: the `values` of its `task_completed`.
pub type TaskResult = Result<Value, TaskError>;

/// A check that takes long: gives the session's start back with what is wrong with it, or nothing where it broke off.
pub type LongCheck = Box<dyn FnOnce(Spec) -> BoxFuture<'static, Option<(Spec, Vec<Fault>)>> + Send>;

/// A named program that can be started as a session.
///
/// The task function runs on the thread that also serves sockets: it must not block (see
/// [`TaskContext::blocking`]). After a crash it is run again from the top, with every recorded call answered from
/// the journal; so what it does between calls must depend on nothing but its input and the calls' outcomes.
pub trait TaskKind: Send + Sync + 'static {
    /// Its name, unique among all kinds: letters, digits, `_` and `-`.
    fn name(&self) -> &str;

    /// What it does, in a sentence.
    fn description(&self) -> &str {
        ""
    }

    /// The JSON Schema of its input.
    fn input_schema(&self) -> Value {
        Value::Bool(true)
    }

    /// The JSON Schema of its configuration.
    fn config_schema(&self) -> Value {
        serde_json::json!({"type": "object", "additionalProperties": false})
    }

    /// Whether a client that names no task may get this one by chance.
    fn is_demo(&self) -> bool {
        false
    }

    /// Whether its sessions are made by the server itself, for workflows and the like: people are not offered it.
    fn is_internal(&self) -> bool {
        false
    }

    /// What lists call a session with this input; where there is nothing better, its label or its input's member `title`.
    fn title(&self, _input: &Value) -> Option<String> {
        None
    }

    /// What is wrong with `input` and `config`; nothing where the session may start.
    ///
    /// The registry checks both against the schemas before; this is for what a schema cannot say.
    fn check(&self, _input: &Value, _config: &Value) -> Vec<Fault> {
        Vec::new()
    }

    /// What [`TaskKind::check`] would find, where finding it takes longer than the thread that serves sockets can be
    /// held: it is asked once before a session starts, and must do its work elsewhere.
    fn long_check(&self) -> Option<LongCheck> {
        None
    }

    /// Whether only sockets of its own kind, such as `/ws/audit`, count as watching its sessions, see
    /// [`crate::domain::status::OnDisconnect`].
    fn counts_own_sockets_only(&self) -> bool {
        false
    }

    /// Runs it.
    fn run(&self, context: TaskContext) -> LocalBoxFuture<'static, TaskResult>;
}
