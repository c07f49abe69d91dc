//! How a state takes a line of its journal in: the only way in which it changes.

use super::{End, Patience, Question, SessionState};
use crate::domain::answerers::{Answerers, GivenAnswer};
use crate::domain::burst;
use crate::domain::entry::Entry;
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::calls::{self, CallId};
use crate::session::messages::Winner;

/// A line of the journal, just written or read back, with the call of the task that it stands for.
pub(crate) enum JournalLine<'a> {
    /// A streamed line or progress that was read back: only its place.
    Output { seq: u64 },
    /// An entry.
    Entry { entry: &'a Entry, call: Option<&'a CallId>, seq: u64, at: Timestamp },
    /// A record.
    Record { record: &'a Internal, call: Option<&'a CallId> },
}

impl<'a> JournalLine<'a> {
    /// A line that was read back.
    pub(crate) fn read(line: &'a burst::Line, call: Option<&'a CallId>) -> Self {
        match line {
            burst::Line::Output(output) => JournalLine::Output { seq: output.seq },
            burst::Line::Entry(stamped) => {
                JournalLine::Entry { entry: &stamped.entry, call, seq: stamped.seq, at: stamped.timestamp }
            }
            burst::Line::Internal(record) => JournalLine::Record { record, call },
        }
    }
}

impl SessionState {
    /// Takes a line in.
    pub(crate) fn evolve(&mut self, line: &JournalLine<'_>) {
        match *line {
            JournalLine::Output { seq } => self.last_seq = seq,
            JournalLine::Entry { entry, call, seq, at } => {
                self.last_seq = seq;
                self.evolve_entry(entry, call, at);
            }
            JournalLine::Record { record, call } => self.evolve_record(record, call),
        }
    }

    fn evolve_entry(&mut self, entry: &Entry, call: Option<&CallId>, at: Timestamp) {
        match entry {
            Entry::Status { status, attempt } => self.evolve_status(*status, *attempt, at),
            Entry::RequestConfirmation { request_id, context, answerers, .. } => {
                self.evolve_asked(*request_id, Question::Confirmation, context.as_deref(), call, answerers.clone(), at);
            }
            Entry::RequestUserInput { request_id, fields, message, timeout, context, answerers, .. } => {
                let form = calls::ask::recorded_form(fields, message.as_deref(), *timeout);
                self.evolve_asked(*request_id, Question::Form(form), context.as_deref(), call, answerers.clone(), at);
            }
            Entry::TaskFailed { request_id: Some(request_id), context, .. } => {
                let usual = Answerers::default();
                self.evolve_asked(*request_id, Question::Retry, context.as_deref(), call, usual, at);
            }
            Entry::AnswerGiven { request_id, by, value, .. } => {
                self.evolve_given(*request_id, GivenAnswer { by: by.clone(), value: *value });
            }
            Entry::Answered { request_id, by, value, values, timed_out, withdrawn, answers } => {
                let winner = Winner {
                    by: by.clone(),
                    value: *value,
                    values: values.clone(),
                    timed_out: *timed_out,
                    withdrawn: *withdrawn,
                    answers: answers.clone(),
                };
                self.evolve_answered(*request_id, winner, at);
            }
            Entry::TaskCompleted { values } => self.evolve_end(End::Completed(values.clone()), at),
            Entry::TaskFailed { error, request_id: None, .. } => self.evolve_end(End::Failed(error.clone()), at),
            Entry::TaskCancelled { reason } => self.evolve_end(End::Cancelled(reason.clone()), at),
            Entry::Stream { .. }
            | Entry::Progress { .. }
            | Entry::Recovered { .. }
            | Entry::Agent(_)
            | Entry::Custom(_) => {}
        }
    }

    fn evolve_record(&mut self, record: &Internal, call: Option<&CallId>) {
        match record {
            Internal::Deadline { request_id, at, default } => {
                self.evolve_deadline(*request_id, *at, default.as_ref());
            }
            Internal::Replied { key, digest, request_id, status } => {
                self.keep_reply(key, digest, *request_id, *status);
            }
            Internal::CancelRequested { reason } => self.cancel_reason = Some(reason.clone()),
            Internal::Patience { until } => self.patience = Some(Patience::from(*until)),
            Internal::ChildStarted { .. } => self.children.extend(call.cloned()),
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

    fn evolve_status(&mut self, status: Status, attempt: u32, at: Timestamp) {
        let micros = i64::try_from(at.since(self.since).as_micros()).unwrap_or(i64::MAX);
        if self.status == Status::Queued {
            self.spent.queued += micros;
        } else if self.status.is_waiting() {
            self.spent.waiting += micros;
        } else {
            self.spent.running += micros;
        }
        self.since = self.since.max(at);
        self.status = status;
        self.attempt = attempt;
        self.announced = Some((status, attempt));
        if status == Status::Running {
            self.started_at.get_or_insert(at);
        }
        if status.is_terminal() || status == Status::Cancelling {
            self.open.clear();
        }
    }

    fn evolve_end(&mut self, end: End, at: Timestamp) {
        self.end = Some(end);
        self.ended_at = Some(at);
        self.cancel_reason = None;
        self.children.clear();
    }
}
