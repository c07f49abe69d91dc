//! Children: sessions that a task starts and waits for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::session::calls::{Call, Outcome, RecordedCall};
use crate::session::task::channel::{NextCall, OutcomeFuture};
use crate::session::task::context::TaskContext;
use crate::session::task::kind::TaskError;

/// What a child is started with. It has its parent's owner and priority.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChildSpec {
    /// The task kind's name.
    pub task: String,
    /// What the child works on; null for nothing.
    pub input: Value,
    /// How it works; null for as usual.
    pub config: Value,
    /// Marks of its own; `parent` is set to the parent's id.
    pub labels: BTreeMap<String, String>,
}

/// A child that a task wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// What the task calls it.
    pub(crate) name: String,
    pub(crate) spec: ChildSpec,
}

impl TaskContext {
    /// Starts another session and waits for its end; gives its result. It is started once: when this task runs again
    /// after a restart, it waits for the same child.
    ///
    /// A session that waits for a child holds no run permit. The child is cancelled when this session is cancelled or
    /// ends without it, and when this call is dropped.
    ///
    /// # Errors
    /// Where the child cannot be started, fails or is cancelled.
    pub async fn child(&self, name: &str, spec: ChildSpec) -> Result<Value, TaskError> {
        let same = |call: &RecordedCall| matches!(call, RecordedCall::Child { name: before, .. } if before == name);
        let call = match self.channel.next(&self.lane, same, &format!("the child {name:?}")) {
            NextCall::Recorded(_, RecordedCall::Child { outcome: Some(Some(outcome)), .. }) => {
                return outcome.map_err(TaskError::Failed);
            }
            // The task did not wait for its end, and does not this time.
            NextCall::Recorded(_, RecordedCall::Child { outcome: Some(None), .. }) | NextCall::Mismatch => {
                return std::future::pending().await;
            }
            NextCall::Recorded(call, _) | NextCall::Live(call) => call,
        };
        self.channel.put(Call::Child(call.clone(), Box::new(Wanted { name: name.to_owned(), spec })));
        match OutcomeFuture::new(self.channel.clone(), call).await {
            Outcome::Child(outcome) => outcome.map_err(TaskError::Failed),
            Outcome::Confirmed(_) | Outcome::Input(_) | Outcome::Retry(_) | Outcome::TimedOut | Outcome::Written => {
                Err(TaskError::failed("a child had the outcome of another call"))
            }
        }
    }
}
