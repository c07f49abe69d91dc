//! What becomes of a session when something happens to it: pure decisions, without IO or clock.
//!
//! The actor asks with a [`Command`] and performs the [`Effect`]s in their order. The same type is rebuilt from the
//! journal with [`SessionState::fold`]; a property test checks that both ways lead to the same state.

mod answers;
mod children;
mod fold;
mod questions;
mod replies;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use smallvec::SmallVec;

use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::request::{Confirmation, Form, Values};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::calls::{CallId, Lane, Outcome};
use crate::session::messages::Winner;
use crate::session::task::kind::{TaskError, TaskResult};
use crate::store::{Spent, State};

/// One session's state.
#[derive(Debug, PartialEq)]
pub(crate) struct SessionState {
    status: Status,
    attempt: u32,
    last_seq: u64,
    /// The open questions, oldest first.
    open: Vec<OpenRequest>,
    /// The answers that won, to tell late ones.
    answered: HashMap<RequestId, Winner>,
    /// The replies to answers that came with an idempotency key, by key.
    replies: BTreeMap<String, replies::KeptReply>,
    /// Outcomes that the task gets once it has a run permit again.
    withheld: Vec<(CallId, Outcome)>,
    /// The calls whose children have not ended, in the order of the journal.
    children: Vec<CallId>,
    /// How many of them the running task waits for.
    awaited_children: usize,
    /// Why it is being cancelled.
    cancel_reason: Option<String>,
    end: Option<End>,
    /// When its patience without connections ends.
    patience: Option<Timestamp>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    since: Timestamp,
    spent: Spent,
    /// The state and attempt that clients were told last.
    told: Option<(Status, u32)>,
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

/// A question that nobody has answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenRequest {
    /// Its id.
    pub(crate) id: RequestId,
    /// What is asked.
    pub(crate) question: Question,
    /// The call of the task that waits for it.
    pub(crate) call: CallId,
    /// When its time runs out.
    pub(crate) deadline: Option<Timestamp>,
    /// What is answered then.
    pub(crate) default: Option<Value>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    /// Yes or no.
    Confirmation,
    /// A form; its default answer stands with the request.
    Form(Form),
    /// Whether to try again.
    Retry,
}

/// What happens to a session.
#[derive(Debug)]
pub(crate) enum Command {
    /// It has a run permit.
    PermitGranted,
    /// There is none at hand: it waits in the queue.
    PermitDenied,
    /// Its task tells something.
    Tell(CallId, Entry),
    /// Its task notes something.
    Note(Internal),
    /// Its task asks a yes-or-no question.
    Confirm(CallId, RequestId, Confirmation),
    /// Its task asks for input.
    Ask(CallId, RequestId, Form),
    /// An attempt failed and may be repeated.
    OfferRetry(CallId, RequestId, String),
    /// Its task starts a child of this name and waits for it, or waits for it again.
    StartChild(CallId, String),
    /// That call's child has ended.
    ChildEnded(CallId, Result<Value, String>),
    /// Its task no longer waits for that call's answer.
    Withdraw(CallId),
    /// A question's time ran out.
    TimeOut(RequestId),
    /// Its task ended.
    Finish(TaskResult),
    /// Somebody wants it to stop.
    Cancel {
        /// Why.
        reason: String,
        /// Whether the task has something to clean up.
        cleanup: Cleanup,
    },
    /// The task has cleaned up after a cancel.
    CleanedUp,
    /// It was taken up after a restart.
    Recover {
        /// What happened.
        cause: String,
        /// Steps that left no outcome.
        steps_in_doubt: Vec<String>,
    },
}

/// Whether a task has something to clean up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleanup {
    /// It has.
    Pending,
    /// It has not.
    Nothing,
}

/// What the actor has to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Write and tell an entry.
    Tell(Entry, Option<Lane>),
    /// Write a record.
    Note(Internal),
    /// Write the values of a form that has secrets, sealed, and hide these secrets from now on.
    Seal(RequestId, Values, Vec<String>),
    /// Give a call of the task its outcome.
    Resolve(CallId, Outcome),
    /// Cancel the child of that call, for this reason.
    LeaveChild(CallId, &'static str),
    /// Try to get a run permit, then say [`Command::PermitGranted`] or [`Command::PermitDenied`].
    TakePermit,
    /// Give the run permit back, or leave the queue.
    ReleasePermit,
    /// Drop the task.
    DropTask,
    /// Drop the task and run its clean-up, then say [`Command::CleanedUp`].
    CleanUp,
    /// A deadline was set.
    Arm,
}

/// What the actor has to do, in order.
pub(crate) type Effects = SmallVec<[Effect; 4]>;

impl SessionState {
    /// A session that was asked for at `now` and wants a run permit.
    #[must_use]
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            status: Status::Queued,
            attempt: 1,
            last_seq: 0,
            open: Vec::new(),
            answered: HashMap::new(),
            replies: BTreeMap::new(),
            withheld: Vec::new(),
            children: Vec::new(),
            awaited_children: 0,
            cancel_reason: None,
            end: None,
            patience: None,
            started_at: None,
            ended_at: None,
            since: now,
            spent: Spent::default(),
            told: None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// The open questions, oldest first.
    #[must_use]
    pub(crate) fn open(&self) -> &[OpenRequest] {
        &self.open
    }

    /// How it ended, once it has.
    #[must_use]
    pub(crate) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The `seq` of the next entry; the caller writes one with it.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.last_seq += 1;
        self.last_seq
    }

    /// The `seq` of the last entry.
    #[must_use]
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// When its patience without connections ends, where that is running.
    #[must_use]
    pub(crate) fn patience(&self) -> Option<Timestamp> {
        self.patience
    }

    /// Sets when its patience without connections ends: [`Timestamp::NEVER`] while somebody is there.
    pub(crate) fn set_patience(&mut self, until: Timestamp) {
        self.patience = Some(until);
    }

    /// The changing part of its lean row.
    #[must_use]
    pub(crate) fn state(&self) -> State {
        let deadlines = self.open.iter().filter_map(|request| request.deadline).chain(self.patience);
        State {
            status: self.status,
            attempt: self.attempt,
            last_seq: self.last_seq,
            started_at: self.started_at,
            ended_at: self.ended_at,
            deadline: if self.status.is_terminal() { None } else { deadlines.min() },
            since: self.since,
            spent: self.spent,
        }
    }

    /// What has to be done because of `command`.
    pub(crate) fn apply(&mut self, command: Command, now: Timestamp) -> Effects {
        let mut effects = Effects::new();
        if self.status.is_terminal() {
            return effects;
        }
        match command {
            Command::PermitGranted => self.run(&mut effects, now),
            Command::PermitDenied => self.enter(Status::Queued, &mut effects, now),
            Command::Tell(call, entry) => effects.push(Effect::Tell(entry, call.lane)),
            Command::Note(record) => effects.push(Effect::Note(record)),
            Command::Confirm(call, id, question) => self.confirm(call, id, question, &mut effects, now),
            Command::Ask(call, id, form) => self.ask(call, id, form, &mut effects, now),
            Command::OfferRetry(call, id, error) => self.offer_retry(call, id, error, &mut effects, now),
            Command::StartChild(call, name) => self.start_child(call, name, &mut effects),
            Command::ChildEnded(call, outcome) => self.child_ended(call, outcome, &mut effects),
            Command::Withdraw(call) => self.withdraw(&call, &mut effects, now),
            Command::TimeOut(id) => self.time_out(id, &mut effects, now),
            Command::Finish(result) => self.finish(result, &mut effects, now),
            Command::Cancel { reason, cleanup } => self.cancel(reason, cleanup, &mut effects, now),
            Command::CleanedUp => self.cleaned_up(&mut effects, now),
            Command::Recover { cause, steps_in_doubt } => {
                effects.push(Effect::Tell(Entry::Recovered { cause, steps_in_doubt }, None));
                if self.open.is_empty() {
                    effects.push(Effect::TakePermit);
                }
            }
        }
        effects
    }

    fn run(&mut self, effects: &mut Effects, now: Timestamp) {
        if self.status == Status::Cancelling {
            effects.push(Effect::ReleasePermit);
            return;
        }
        if self.open.is_empty() {
            self.started_at.get_or_insert(now);
            self.enter(Status::Running, effects, now);
        } else {
            // Another branch of the task has asked something while this one was queued.
            effects.push(Effect::ReleasePermit);
        }
        effects.extend(self.withheld.drain(..).map(|(call, outcome)| Effect::Resolve(call, outcome)));
        if self.awaited_children > 0 {
            effects.push(Effect::ReleasePermit);
        }
    }

    fn finish(&mut self, result: TaskResult, effects: &mut Effects, now: Timestamp) {
        if self.status == Status::Cancelling {
            return;
        }
        match result {
            Ok(values) => {
                let entry = Entry::TaskCompleted { values: values.clone() };
                self.conclude(Status::Completed, entry, End::Completed(values), effects, now);
            }
            Err(TaskError::Failed(error)) => {
                let entry = Entry::TaskFailed {
                    error: error.clone(),
                    can_retry: false,
                    attempt: self.attempt,
                    request_id: None,
                };
                self.conclude(Status::Failed, entry, End::Failed(error), effects, now);
            }
            Err(TaskError::Cancelled(reason)) => self.cancelled(reason, effects, now),
        }
    }

    fn cancel(&mut self, reason: String, cleanup: Cleanup, effects: &mut Effects, now: Timestamp) {
        if self.status == Status::Cancelling {
            return;
        }
        match cleanup {
            Cleanup::Nothing => {
                effects.push(Effect::DropTask);
                self.cancelled(reason, effects, now);
            }
            Cleanup::Pending => {
                effects.push(Effect::Note(Internal::CancelRequested { reason: reason.clone() }));
                self.cancel_reason = Some(reason);
                self.withdraw_all(effects);
                self.leave_children(effects, "its parent was cancelled");
                self.enter(Status::Cancelling, effects, now);
                effects.push(Effect::ReleasePermit);
                effects.push(Effect::CleanUp);
            }
        }
    }

    fn cleaned_up(&mut self, effects: &mut Effects, now: Timestamp) {
        let reason = self.cancel_reason.take().unwrap_or_else(|| "cancelled".into());
        self.cancelled(reason, effects, now);
    }

    fn cancelled(&mut self, reason: String, effects: &mut Effects, now: Timestamp) {
        let entry = Entry::TaskCancelled { reason: reason.clone() };
        self.conclude(Status::Cancelled, entry, End::Cancelled(reason), effects, now);
    }

    fn conclude(&mut self, status: Status, entry: Entry, end: End, effects: &mut Effects, now: Timestamp) {
        let left = if status == Status::Cancelled { "its parent was cancelled" } else { "its parent has ended" };
        self.leave_children(effects, left);
        self.children.clear();
        self.awaited_children = 0;
        self.withdraw_all(effects);
        self.withheld.clear();
        self.enter(status, effects, now);
        effects.push(Effect::Tell(entry, None));
        effects.push(Effect::ReleasePermit);
        self.end = Some(end);
        self.cancel_reason = None;
        self.ended_at = Some(now);
    }

    fn enter(&mut self, status: Status, effects: &mut Effects, now: Timestamp) {
        if self.told.replace((status, self.attempt)) != Some((status, self.attempt)) {
            self.account(status, now);
            effects.push(Effect::Tell(Entry::Status { status, attempt: self.attempt }, None));
        }
    }

    /// Adds the time in the current state to what it counts as, and moves on.
    fn account(&mut self, status: Status, now: Timestamp) {
        let micros = i64::try_from(now.since(self.since).as_micros()).unwrap_or(i64::MAX);
        if self.status == Status::Queued {
            self.spent.queued += micros;
        } else if self.status.is_waiting() {
            self.spent.waiting += micros;
        } else {
            self.spent.running += micros;
        }
        self.since = self.since.max(now);
        self.status = status;
    }
}
