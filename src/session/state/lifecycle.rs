//! A session's life: it waits for a permit, runs, is stopped or ends.

use super::questions::withdrawn;
use super::{Cleanup, Decision, Effect, SessionState};
use crate::domain::entry::Entry;
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::session::task::kind::{TaskError, TaskResult};

impl SessionState {
    pub(super) fn permit_granted(&self, awaited_children: usize) -> Decision {
        let mut decision = Decision::default();
        if self.status == Status::Cancelling {
            decision.effect(Effect::ReleasePermit);
            return decision;
        }
        if self.open.is_empty() {
            self.announce(Status::Running, self.attempt, &mut decision);
        } else {
            // Another branch of the task has asked something while this one was queued.
            decision.effect(Effect::ReleasePermit);
        }
        decision.effect(Effect::ResolveWithheld);
        if awaited_children > 0 {
            decision.effect(Effect::ReleasePermit);
        }
        decision
    }

    pub(super) fn permit_denied(&self) -> Decision {
        let mut decision = Decision::default();
        self.announce(Status::Queued, self.attempt, &mut decision);
        decision
    }

    pub(crate) fn finish(&self, result: TaskResult) -> Decision {
        if self.status == Status::Cancelling {
            return Decision::default();
        }
        match result {
            Ok(values) => self.conclude(Status::Completed, Entry::TaskCompleted { values }),
            Err(TaskError::Failed(error)) => {
                let attempt = self.attempt;
                let (can_retry, request_id, context) = (false, None, None);
                self.conclude(Status::Failed, Entry::TaskFailed { error, can_retry, attempt, request_id, context })
            }
            Err(TaskError::Cancelled(reason)) => self.conclude(Status::Cancelled, Entry::TaskCancelled { reason }),
        }
    }

    pub(super) fn cancel(&self, reason: String, cleanup: Cleanup) -> Decision {
        if self.status == Status::Cancelling {
            return Decision::default();
        }
        match cleanup {
            Cleanup::Nothing => {
                let mut decision = self.conclude(Status::Cancelled, Entry::TaskCancelled { reason });
                decision.effect(Effect::DropTask);
                decision
            }
            Cleanup::Pending => {
                let mut decision = Decision::default();
                decision.record(Internal::CancelRequested { reason });
                self.leave_all("its parent was cancelled", &mut decision);
                self.announce(Status::Cancelling, self.attempt, &mut decision);
                decision.effect(Effect::ReleasePermit);
                decision.effect(Effect::CleanUp);
                decision
            }
        }
    }

    pub(super) fn cleaned_up(&self) -> Decision {
        let reason = self.cancel_reason.clone().unwrap_or_else(|| "cancelled".into());
        self.conclude(Status::Cancelled, Entry::TaskCancelled { reason })
    }

    pub(super) fn recover(&self, cause: String, steps_in_doubt: Vec<String>) -> Decision {
        let mut decision = Decision::default();
        decision.entry(Entry::Recovered { cause, steps_in_doubt });
        if self.open.is_empty() {
            decision.effect(Effect::TakePermit);
        }
        decision
    }

    fn conclude(&self, status: Status, entry: Entry) -> Decision {
        let mut decision = Decision::default();
        let reason = if status == Status::Cancelled { "its parent was cancelled" } else { "its parent has ended" };
        self.leave_all(reason, &mut decision);
        self.announce(status, self.attempt, &mut decision);
        decision.entry(entry);
        decision.effect(Effect::ReleasePermit);
        decision
    }

    /// Nobody waits any more for the open questions and the children.
    fn leave_all(&self, reason: &'static str, decision: &mut Decision) {
        for call in &self.children {
            decision.effect(Effect::LeaveChild(call.clone(), reason));
        }
        for request in &self.open {
            decision.entry(withdrawn(request));
        }
    }

    /// Tells clients of a status and attempt, unless they know.
    pub(super) fn announce(&self, status: Status, attempt: u32, decision: &mut Decision) {
        if self.announced != Some((status, attempt)) {
            decision.entry(Entry::Status { status, attempt });
        }
    }
}
