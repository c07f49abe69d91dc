//! How a machine is rebuilt from its journal.

use super::{End, OpenRequest, Question, SessionState};
use crate::domain::burst::Line;
use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::request::Form;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::calls::CallId;
use crate::session::messages::Winner;

impl SessionState {
    /// Takes a line of its journal back in; `call` is the call of the task that it stands for.
    pub(crate) fn fold(&mut self, line: &Line, call: Option<CallId>) {
        match line {
            Line::Output(output) => self.last_seq = output.seq,
            Line::Told(stamped) => {
                self.last_seq = stamped.seq;
                self.fold_entry(&stamped.entry, call, stamped.timestamp);
            }
            Line::Internal(record) => self.fold_record(record, call),
        }
    }

    fn fold_entry(&mut self, entry: &Entry, call: Option<CallId>, now: Timestamp) {
        match entry {
            Entry::Status { status, attempt } => {
                self.account(*status, now);
                self.attempt = *attempt;
                self.told = Some((*status, *attempt));
                if *status == Status::Running {
                    self.started_at.get_or_insert(now);
                }
                if status.is_terminal() || *status == Status::Cancelling {
                    self.open.clear();
                }
            }
            Entry::RequestConfirmation { request_id, .. } => {
                self.fold_request(*request_id, Question::Confirmation, call)
            }
            Entry::RequestUserInput { request_id, fields, message, timeout } => {
                let form = Form { message: message.clone(), fields: fields.clone(), timeout: *timeout, default: None };
                self.fold_request(*request_id, Question::Form(form), call);
            }
            Entry::TaskFailed { request_id: Some(request_id), .. } => {
                self.fold_request(*request_id, Question::Retry, call);
            }
            Entry::Answered { request_id, by, value, values, timed_out, withdrawn } => {
                let was_retry =
                    self.open.iter().any(|request| request.id == *request_id && request.question == Question::Retry);
                self.open.retain(|request| request.id != *request_id);
                if was_retry && *value == Some(true) {
                    self.attempt += 1;
                }
                let winner = Winner {
                    by: by.clone(),
                    value: *value,
                    values: values.clone(),
                    timed_out: *timed_out,
                    withdrawn: *withdrawn,
                };
                self.answered.insert(*request_id, winner);
            }
            Entry::TaskCompleted { values } => self.fold_end(End::Completed(values.clone()), now),
            Entry::TaskFailed { error, request_id: None, .. } => self.fold_end(End::Failed(error.clone()), now),
            Entry::TaskCancelled { reason } => self.fold_end(End::Cancelled(reason.clone()), now),
            Entry::Stream { .. } | Entry::Progress { .. } | Entry::Recovered { .. } | Entry::Custom(_) => {}
        }
    }

    fn fold_request(&mut self, id: RequestId, question: Question, call: Option<CallId>) {
        let call = call.unwrap_or(CallId { lane: None, ordinal: u32::MAX });
        self.open.push(OpenRequest { id, question, call, deadline: None, default: None });
    }

    fn fold_end(&mut self, end: End, now: Timestamp) {
        self.end = Some(end);
        self.ended_at = Some(now);
        self.cancel_reason = None;
        self.children.clear();
    }

    fn fold_record(&mut self, record: &Internal, call: Option<CallId>) {
        match record {
            Internal::Deadline { request_id, at, default } => {
                if let Some(request) = self.open.iter_mut().find(|request| request.id == *request_id) {
                    request.deadline = Some(*at);
                    request.default.clone_from(default);
                }
            }
            Internal::Replied { key, digest, request_id, status } => {
                self.fold_reply(key, digest, *request_id, *status);
            }
            Internal::CancelRequested { reason } => self.cancel_reason = Some(reason.clone()),
            Internal::Patience { until } => self.patience = Some(*until),
            Internal::ChildStarted { .. } => self.children.extend(call),
            Internal::ChildEnded { lane, ordinal, .. } => {
                self.children.retain(|child| child.lane.as_deref() != lane.as_deref() || child.ordinal != *ordinal);
            }
            Internal::Created(_)
            | Internal::StepStarted { .. }
            | Internal::StepCompleted { .. }
            | Internal::SleepStarted { .. }
            | Internal::Sealed { .. } => {}
        }
    }
}
