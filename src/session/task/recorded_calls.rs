//! What a task has done before, read back from its journal: call by call, lane by lane.

use std::collections::HashMap;
use std::rc::Rc;

use crate::domain::burst::Line;
use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::request::Values;
use crate::session::calls::{CallId, Lane, Outcome, QuestionKind, RecordedCall, ask, attempts, confirm};
use crate::session::state::WITHDRAWN;

/// The recorded calls of a task, in the order of each lane.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RecordedCalls {
    lanes: HashMap<Option<Lane>, Vec<RecordedCall>>,
    requests: HashMap<RequestId, CallId>,
    /// Why attempts failed, by the call that offered the retry.
    failures: HashMap<CallId, String>,
    /// How often the server went down in the middle.
    recoveries: u32,
    /// The values of forms with secrets, unsealed, until their answer comes.
    unsealed: HashMap<RequestId, Values>,
}

impl RecordedCalls {
    /// Takes the next line of the journal; gives the call that it stands for, where it is one.
    pub(crate) fn push(&mut self, line: &Line) -> Option<CallId> {
        match line {
            Line::Output(output) => Some(self.record(output.lane.as_deref(), RecordedCall::Said)),
            Line::Entry(stamped) => self.push_entry(stamped.lane.as_deref(), &stamped.entry),
            Line::Internal(record) => self.push_record(record),
        }
    }

    /// Says what the values of a sealed answer are, before its answer is pushed.
    pub(crate) fn unseal(&mut self, request: RequestId, values: Values) {
        self.unsealed.insert(request, values);
    }

    /// The steps that started and left no outcome.
    #[must_use]
    pub(crate) fn steps_in_doubt(&self) -> Vec<String> {
        let mut names = Vec::new();
        for recorded in self.lanes.values().flatten() {
            if let RecordedCall::Step { name, outcome: None, .. } = recorded {
                names.push(name.clone());
            }
        }
        names.sort();
        names
    }

    /// How often the session was taken up again after the server had gone down in the middle.
    #[must_use]
    pub(crate) fn recoveries(&self) -> u32 {
        self.recoveries
    }

    /// Takes the call with this place out; `None` where the journal has not got that far.
    pub(crate) fn take(&mut self, at: &CallId) -> Option<RecordedCall> {
        let recorded = self.lanes.get_mut(&at.lane)?.get_mut(at.ordinal as usize)?;
        Some(std::mem::replace(recorded, RecordedCall::Said))
    }

    /// Whether the journal has a call with this place.
    #[must_use]
    pub(crate) fn has(&self, at: &CallId) -> bool {
        self.lanes.get(&at.lane).is_some_and(|calls| calls.len() > at.ordinal as usize)
    }

    /// The first offer of a retry after attempt `attempt` at or behind `from`, and why that attempt failed: it need not
    /// run again.
    #[must_use]
    pub(crate) fn failure_after(&self, from: &CallId, attempt: u32) -> Option<(CallId, String)> {
        let lane = self.lanes.get(&from.lane)?;
        let kind = QuestionKind::Retry(attempt);
        let is_offer = |recorded: &RecordedCall| matches!(recorded, RecordedCall::Asked(of, _) if *of == kind);
        let behind = lane.iter().skip(from.ordinal as usize).position(is_offer)?;
        let ordinal = from.ordinal.checked_add(u32::try_from(behind).ok()?)?;
        let offer = CallId { lane: from.lane.clone(), ordinal };
        let error = self.failures.get(&offer).cloned().unwrap_or_default();
        Some((offer, error))
    }

    fn push_entry(&mut self, lane: Option<&str>, entry: &Entry) -> Option<CallId> {
        match entry {
            Entry::Stream { .. } | Entry::Progress { .. } | Entry::Agent(_) | Entry::Custom(_) => {
                Some(self.record(lane, RecordedCall::Said))
            }
            Entry::RequestConfirmation { request_id, .. } => {
                Some(self.asked(lane, *request_id, QuestionKind::Confirmation))
            }
            Entry::RequestUserInput { request_id, .. } => Some(self.asked(lane, *request_id, QuestionKind::Form)),
            Entry::TaskFailed { request_id: Some(request_id), attempt, error, .. } => {
                let offer = self.asked(lane, *request_id, QuestionKind::Retry(*attempt));
                self.failures.insert(offer.clone(), error.clone());
                Some(offer)
            }
            Entry::Answered { request_id, value, values, timed_out, withdrawn, by, answers: _ } => {
                // A question that its task withdrew has no outcome: the task goes on without, as it did before.
                let is_withdrawn = *withdrawn || (*timed_out && by == WITHDRAWN);
                if !is_withdrawn {
                    self.answered(*request_id, *value, values.clone(), *timed_out);
                }
                None
            }
            Entry::Recovered { .. } => {
                self.recoveries += 1;
                None
            }
            Entry::Status { .. }
            | Entry::AnswerGiven { .. }
            | Entry::TaskCompleted { .. }
            | Entry::TaskFailed { request_id: None, .. }
            | Entry::TaskCancelled { .. } => None,
        }
    }

    fn push_record(&mut self, record: &Internal) -> Option<CallId> {
        match record {
            Internal::StepStarted { lane, name, repeatable, .. } => {
                let step = RecordedCall::Step { name: name.clone(), repeatable: *repeatable, outcome: None };
                Some(self.record(lane.as_deref(), step))
            }
            Internal::StepCompleted { lane, ordinal, outcome: done, sealed: _ } => {
                if let Some(RecordedCall::Step { outcome, .. }) = self.recorded(lane.as_deref(), *ordinal) {
                    *outcome = Some(done.clone());
                }
                None
            }
            Internal::ChildStarted { lane, name, .. } => {
                Some(self.record(lane.as_deref(), RecordedCall::Child { name: name.clone(), outcome: None }))
            }
            Internal::ChildEnded { lane, ordinal, outcome: ended } => {
                if let Some(RecordedCall::Child { outcome, .. }) = self.recorded(lane.as_deref(), *ordinal) {
                    *outcome = Some(ended.clone());
                }
                None
            }
            Internal::SleepStarted { lane, until, .. } => {
                Some(self.record(lane.as_deref(), RecordedCall::Slept(*until)))
            }
            Internal::Created(_)
            | Internal::Sealed { .. }
            | Internal::Deadline { .. }
            | Internal::Replied { .. }
            | Internal::CancelRequested { .. }
            | Internal::Patience { .. } => None,
        }
    }

    fn record(&mut self, lane: Option<&str>, recorded: RecordedCall) -> CallId {
        let lane: Option<Lane> = lane.map(Rc::from);
        let calls = self.lanes.entry(lane.clone()).or_default();
        calls.push(recorded);
        CallId { lane, ordinal: u32::try_from(calls.len() - 1).unwrap_or(u32::MAX) }
    }

    fn recorded(&mut self, lane: Option<&str>, ordinal: u32) -> Option<&mut RecordedCall> {
        let lane: Option<Lane> = lane.map(Rc::from);
        self.lanes.get_mut(&lane)?.get_mut(ordinal as usize)
    }

    fn asked(&mut self, lane: Option<&str>, request: RequestId, kind: QuestionKind) -> CallId {
        let call = self.record(lane, RecordedCall::Asked(kind, None));
        self.requests.insert(request, call.clone());
        call
    }

    fn answered(&mut self, request: RequestId, value: Option<bool>, values: Option<Values>, timed_out: bool) {
        let unsealed = self.unsealed.remove(&request);
        let Some(call) = self.requests.get(&request) else { return };
        let recorded = self.lanes.get_mut(&call.lane).and_then(|calls| calls.get_mut(call.ordinal as usize));
        let Some(RecordedCall::Asked(kind, outcome)) = recorded else { return };
        let given = match kind {
            QuestionKind::Confirmation => confirm::recorded(value),
            QuestionKind::Retry(_) => attempts::recorded(value),
            QuestionKind::Form => ask::recorded(values, unsealed),
        };
        *outcome = given.or_else(|| timed_out.then_some(Outcome::TimedOut));
    }
}
