//! Children: while the task waits for one, the session holds no run permit.
//!
//! Else one that waits for a child that is queued behind it would wait for ever.

use serde_json::Value;

use super::{Effect, Effects, SessionState};
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::session::calls::{CallId, Outcome};

impl SessionState {
    /// Whether this call has a child that has not ended.
    #[must_use]
    pub(crate) fn has_child(&self, call: &CallId) -> bool {
        self.children.contains(call)
    }

    /// Whether there are children that have not ended.
    #[must_use]
    pub(crate) fn has_children(&self) -> bool {
        !self.children.is_empty()
    }

    pub(crate) fn start_child(&mut self, call: CallId, name: String, effects: &mut Effects) {
        if self.status == Status::Cancelling {
            return;
        }
        if !self.children.contains(&call) {
            let (lane, ordinal) = place(&call);
            effects.push(Effect::Note(Internal::ChildStarted { lane, ordinal, name }));
            self.children.push(call);
        }
        self.awaited_children += 1;
        if self.status == Status::Running {
            effects.push(Effect::ReleasePermit);
        }
    }

    pub(crate) fn child_ended(&mut self, call: CallId, outcome: Result<Value, String>, effects: &mut Effects) {
        if self.status == Status::Cancelling || !self.forget_child(&call, Some(outcome.clone()), effects) {
            return;
        }
        let outcome = (call, Outcome::Child(outcome));
        if self.awaited_children == 0 && self.open.is_empty() {
            self.withheld.push(outcome);
            effects.push(Effect::TakePermit);
        } else {
            effects.push(Effect::Resolve(outcome.0, outcome.1));
        }
    }

    /// The task no longer waits for this child.
    pub(crate) fn withdraw_child(&mut self, call: &CallId, effects: &mut Effects) {
        if self.forget_child(call, None, effects) {
            effects.push(Effect::LeaveChild(call.clone(), "its parent does not wait for it any more"));
            if self.awaited_children == 0 && self.open.is_empty() {
                effects.push(Effect::TakePermit);
            }
        }
    }

    /// The session ends without those that have not ended.
    pub(crate) fn leave_children(&self, effects: &mut Effects, reason: &'static str) {
        effects.extend(self.children.iter().map(|call| Effect::LeaveChild(call.clone(), reason)));
    }

    fn forget_child(&mut self, call: &CallId, outcome: Option<Result<Value, String>>, effects: &mut Effects) -> bool {
        let Some(at) = self.children.iter().position(|child| child == call) else { return false };
        self.children.remove(at);
        self.awaited_children = self.awaited_children.saturating_sub(1);
        let (lane, ordinal) = place(call);
        effects.push(Effect::Note(Internal::ChildEnded { lane, ordinal, outcome }));
        true
    }
}

fn place(call: &CallId) -> (Option<String>, u32) {
    (call.lane.as_deref().map(str::to_owned), call.ordinal)
}
