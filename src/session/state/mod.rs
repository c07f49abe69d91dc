//! What becomes of a session when something happens to it: pure decisions, without IO or clock.
//!
//! [`SessionState::decide`] says which lines are written and what is done then; [`SessionState::evolve`] takes a line in.
//! Invariant: `evolve` is the only way in which a state changes, for lines that were just decided and for those that
//! are read back alike; so the two cannot differ.

mod due;
mod effects;
mod evolve;
mod lifecycle;
mod questions;
mod replies;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transitions;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::domain::burst::BurstBuilder;
use crate::domain::context::Context;
use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::request::{Confirmation, Form};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::calls::{self, CallId};
use crate::session::task::kind::TaskResult;
use crate::store::{Spent, State};

pub(crate) use due::{Due, Patience, time_left};
pub(crate) use effects::{Decision, Effect, NewLine};
pub(crate) use evolve::JournalLine;
pub(crate) use questions::{Given, NewQuestion, OpenRequest, Question, WITHDRAWN, deadline};
pub(crate) use replies::reply_record;

/// One session's state.
#[derive(Debug, PartialEq)]
pub(crate) struct SessionState {
    status: Status,
    attempt: u32,
    last_seq: u64,
    /// The open questions, oldest first.
    open: Vec<OpenRequest>,
    /// The answers that won, to refuse late ones with.
    answered: HashMap<RequestId, questions::Closed>,
    /// Where a person gave the last of them.
    last_answered: Option<questions::LastAnswered>,
    /// The replies to answers that came with an idempotency key, by key.
    replies: BTreeMap<String, replies::KeptReply>,
    /// The calls whose children have not ended, in the order of the journal.
    children: Vec<CallId>,
    /// Why it is being cancelled.
    cancel_reason: Option<String>,
    end: Option<End>,
    patience: Option<Patience>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    since: Timestamp,
    spent: Spent,
    /// The status and attempt of the last `status` entry.
    announced: Option<(Status, u32)>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// With a result.
    Completed(Value),
    /// With an error.
    Failed(String),
    /// Stopped, for this reason.
    Cancelled(String),
}

/// What happens to a session.
#[derive(Debug)]
pub(crate) enum Command {
    /// It has a permit; its task waits for so many children.
    PermitGranted { awaited_children: usize },
    /// There is none at hand: it waits in the queue.
    PermitDenied,
    /// Its task says something.
    Say { at: CallId, entry: Entry },
    /// Its task asks a yes-or-no question.
    Confirm { at: CallId, id: RequestId, question: Confirmation },
    /// Its task asks for input.
    Ask { at: CallId, id: RequestId, form: Form },
    /// An attempt failed and may be repeated.
    OfferRetry { at: CallId, id: RequestId, error: String, context: Context },
    /// Its task begins a step.
    BeginStep { at: CallId, name: String, repeatable: bool },
    /// A step is done; its outcome, also sealed where that holds secrets.
    EndStep { at: CallId, outcome: Result<Value, String>, sealed: Option<String> },
    /// Its task sleeps.
    Sleep { at: CallId, until: Timestamp },
    /// Its task starts a child and waits for it, or waits for it again.
    StartChild { at: CallId, name: String },
    /// That call's child has ended; the task waits for so many others.
    ChildEnded { at: CallId, result: Result<Value, String>, awaited_children: usize },
    /// Its task no longer waits for the outcome of that call; it waits for so many children beside it.
    Withdraw { at: CallId, awaited_children: usize },
    /// A question's time ran out.
    TimeOut(RequestId),
    /// Its task ended.
    Finish(TaskResult),
    /// Somebody wants it to stop.
    Cancel { reason: String, cleanup: Cleanup },
    /// The task has cleaned up after a cancel.
    CleanedUp,
    /// It was resumed after a restart.
    Recover { cause: String, steps_in_doubt: Vec<String> },
}

/// Whether a task has something to clean up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleanup {
    /// It has.
    Pending,
    /// It has not.
    Nothing,
}

impl SessionState {
    /// A session that was asked for at `now` and wants a permit.
    #[must_use]
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            status: Status::Queued,
            attempt: 1,
            last_seq: 0,
            open: Vec::new(),
            answered: HashMap::new(),
            last_answered: None,
            replies: BTreeMap::new(),
            children: Vec::new(),
            cancel_reason: None,
            end: None,
            patience: None,
            started_at: None,
            ended_at: None,
            since: now,
            spent: Spent::default(),
            announced: None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Which attempt of its task this is.
    #[must_use]
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The open questions, oldest first.
    #[must_use]
    pub(crate) fn open(&self) -> &[OpenRequest] {
        &self.open
    }

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

    /// How it ended, once it has.
    #[must_use]
    pub(crate) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The `seq` of the last entry.
    #[must_use]
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Its patience without connections, where that is limited.
    #[must_use]
    pub(crate) fn patience(&self) -> Option<Patience> {
        self.patience
    }

    /// When something is due for it.
    #[must_use]
    pub(crate) fn due(&self) -> Due {
        if self.status.is_terminal() {
            return Due::Never;
        }
        Due::soonest(self.open.iter().filter_map(|request| request.deadline), self.patience)
    }

    /// The changing part of its lean row.
    #[must_use]
    pub(crate) fn row(&self) -> State {
        State {
            status: self.status,
            attempt: self.attempt,
            last_seq: self.last_seq,
            started_at: self.started_at,
            ended_at: self.ended_at,
            deadline: self.due().stored(),
            since: self.since,
            spent: self.spent,
        }
    }

    /// What is written and done because of `command`.
    pub(crate) fn decide(&self, command: Command, now: Timestamp) -> Decision {
        if self.status.is_terminal() {
            return Decision::default();
        }
        match command {
            Command::PermitGranted { awaited_children } => self.permit_granted(awaited_children),
            Command::PermitDenied => self.permit_denied(),
            Command::Say { at, entry } => calls::say::decide(at, entry),
            Command::Confirm { at, id, question } => calls::confirm::decide(self, at, id, question, now),
            Command::Ask { at, id, form } => calls::ask::decide(self, at, id, form, now),
            Command::OfferRetry { at, id, error, context } => calls::attempts::decide(self, at, id, error, context),
            Command::BeginStep { at, name, repeatable } => calls::step::decide_begin(at, name, repeatable),
            Command::EndStep { at, outcome, sealed } => calls::step::decide_end(&at, outcome, sealed),
            Command::Sleep { at, until } => calls::sleep::decide(at, until),
            Command::StartChild { at, name } => calls::child::decide_start(self, at, name),
            Command::ChildEnded { at, result, awaited_children } => {
                calls::child::decide_end(self, at, result, awaited_children)
            }
            Command::Withdraw { at, awaited_children } => self.withdraw(at, awaited_children),
            Command::TimeOut(id) => self.time_out(id),
            Command::Finish(result) => self.finish(result),
            Command::Cancel { reason, cleanup } => self.cancel(reason, cleanup),
            Command::CleanedUp => self.cleaned_up(),
            Command::Recover { cause, steps_in_doubt } => self.recover(cause, steps_in_doubt),
        }
    }

    /// Writes a line at `now`, and takes it in.
    pub(crate) fn write(&mut self, line: &NewLine, now: Timestamp, journal: &mut BurstBuilder) {
        match line {
            NewLine::Entry(entry, call) => {
                let seq = self.last_seq + 1;
                let lane = call.as_ref().and_then(|call| call.lane.as_deref());
                journal.append(entry, lane, seq, now);
                self.evolve(&JournalLine::Entry { entry, call: call.as_ref(), seq, at: now });
            }
            NewLine::Record(record, call) => {
                journal.note(record);
                self.evolve(&JournalLine::Record { record, call: call.as_ref() });
            }
        }
    }
}
