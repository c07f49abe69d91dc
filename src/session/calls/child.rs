//! `child`: another session that a task starts and waits for.
//!
//! Recorded are its start, before it is made, and its end with the result. A recorded one that has ended gives that;
//! one that has not waits for the same child, which is found by an idempotency key made of the call.
//!
//! While the task waits for a child the session holds no permit: else one that waits for a child that is queued behind
//! it would wait for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, CallId, Outcome, RecordedCall};
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::session::state::{Decision, Effect, SessionState};
use crate::session::task::channel::{NextCall, OutcomeFuture};
use crate::session::task::context::TaskContext;
use crate::session::task::kind::TaskError;
use crate::session::task::outstanding::Awaits;

/// What a child is started with. It has its parent's owner and priority.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChildSpec {
    /// The task kind's name.
    pub task: String,
    /// What the child works on; null for nothing.
    #[serde(default)]
    pub input: Value,
    /// How it works; null for as usual.
    #[serde(default)]
    pub config: Value,
    /// Marks of its own; `parent` is set to the parent's id.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl TaskContext {
    /// Starts another session and waits for its end; gives its result. It is started once: when this task runs again
    /// after a restart, it waits for the same child.
    ///
    /// A session that waits for a child holds no permit. The child is cancelled when this session is cancelled or
    /// ends without it, and when this call is dropped.
    ///
    /// # Errors
    /// Where the child cannot be started, fails or is cancelled.
    pub async fn child(&self, name: &str, spec: ChildSpec) -> Result<Value, TaskError> {
        let same = |call: &RecordedCall| matches!(call, RecordedCall::Child { name: before, .. } if before == name);
        let at = match self.channel.next(self.own_lane(), same, &format!("the child {name:?}")) {
            NextCall::Recorded(_, RecordedCall::Child { outcome: Some(Some(outcome)), .. }) => {
                return outcome.map_err(TaskError::Failed);
            }
            // The task did not wait for its end, and does not this time.
            NextCall::Recorded(_, RecordedCall::Child { outcome: Some(None), .. }) | NextCall::Mismatch => {
                return std::future::pending().await;
            }
            NextCall::Recorded(at, _) | NextCall::Live(at) => at,
        };
        self.channel.send(at.clone(), Call::Child { name: name.to_owned(), spec: Box::new(spec) });
        match OutcomeFuture::new(self.channel.clone(), self.branch.clone(), at, Awaits::Child).await {
            Outcome::ChildEnded { result } => result.map_err(TaskError::Failed),
            Outcome::Confirm { .. }
            | Outcome::UserInput { .. }
            | Outcome::Retry { .. }
            | Outcome::TimedOut
            | Outcome::StepRun => Err(TaskError::failed("a child had the outcome of another call")),
        }
    }
}

pub(crate) fn decide_start(state: &SessionState, at: CallId, name: String) -> Decision {
    let mut decision = Decision::default();
    if state.status() == Status::Cancelling {
        return decision;
    }
    if !state.has_child(&at) {
        let record = Internal::ChildStarted { lane: at.lane_name(), ordinal: at.ordinal, name };
        decision.record_of(at, record);
    }
    if state.status() == Status::Running {
        decision.effect(Effect::ReleasePermit);
    }
    decision
}

pub(crate) fn decide_end(
    state: &SessionState,
    at: CallId,
    result: Result<Value, String>,
    awaited_children: usize,
) -> Decision {
    let mut decision = Decision::default();
    if state.status() == Status::Cancelling || !state.has_child(&at) {
        return decision;
    }
    decision.record(ended(&at, Some(result.clone())));
    let outcome = Outcome::ChildEnded { result };
    if awaited_children == 0 && state.open().is_empty() {
        decision.effect(Effect::Withhold(at, outcome));
        decision.effect(Effect::TakePermit);
    } else {
        decision.effect(Effect::Resolve(at, outcome));
    }
    decision
}

/// The task no longer waits for that child.
pub(crate) fn decide_leave(state: &SessionState, at: CallId, awaited_children: usize) -> Decision {
    let mut decision = Decision::default();
    if !state.has_child(&at) {
        return decision;
    }
    decision.record(ended(&at, None));
    decision.effect(Effect::LeaveChild(at, "its parent does not wait for it any more"));
    if awaited_children == 0 && state.open().is_empty() {
        decision.effect(Effect::TakePermit);
    }
    decision
}

fn ended(at: &CallId, outcome: Option<Result<Value, String>>) -> Internal {
    Internal::ChildEnded { lane: at.lane_name(), ordinal: at.ordinal, outcome }
}
