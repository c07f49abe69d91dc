//! Rows that a session has handed to the store and that are not committed, with what has to wait for that.

use std::collections::VecDeque;

use actix::{Context, Handler};

use super::Creation;
use crate::domain::burst::{Burst, EncodedEntry, Passing};
use crate::domain::id::{ConnectionId, RequestId};
use crate::domain::status::Status;
use crate::hub::close::CloseCode;
use crate::session::actor::Session;
use crate::session::calls::{CallId, Outcome};
use crate::session::messages::{Answered, Description, Refused, SharedRequest, Started};
use crate::session::protocol::{Reply, Written};
use crate::session::state::Due;
use crate::store::{Append, Change, Health, Idempotency, NewRow};

/// What has to wait for a commit.
#[derive(Debug)]
pub(crate) enum OnCommit {
    /// Say that the session has started.
    Started(Reply<Result<Started, Refused>>),
    /// Say that an answer has won.
    Answered(AnswerReply),
    /// Say that an answer is refused, for what may be in the rows that wait.
    AnswerRefused(Reply<Result<Answered, Refused>>, Refused),
    /// Say where a cancelled session stands.
    Cancelled(Reply<Result<Status, Refused>>),
    /// Describe the session as it stood.
    Described(Reply<Result<Box<Description>, Refused>>, Box<Description>),
    /// Give the question that somebody wanted to see.
    RequestRead(Reply<Result<Box<SharedRequest>, Refused>>, Box<SharedRequest>),
    /// Close the connections of those who are asked nothing any more.
    GuestsLeave(Vec<ConnectionId>),
    /// Let the step begin whose start is written, or begin again where that stands in `recovered`.
    StepWritten(CallId),
}

/// The reply to an answer that has won.
#[derive(Debug)]
pub(crate) struct AnswerReply {
    pub(crate) reply: Reply<Result<Answered, Refused>>,
    pub(crate) request_id: RequestId,
    /// Where the session stands with the answer; known when the row is made.
    pub(crate) status: Option<Status>,
    /// Under which the reply is to be kept, once the status is known.
    pub(crate) idempotency: Option<Idempotency>,
}

#[derive(Debug)]
pub(crate) struct PendingRow {
    pub(crate) row: u32,
    pub(crate) burst: Burst,
    pub(crate) on_commit: Vec<OnCommit>,
}

/// The rows that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct PendingRows {
    rows: VecDeque<PendingRow>,
    bytes: usize,
}

impl PendingRows {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of all rows that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The entries of all rows that wait, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &EncodedEntry> {
        self.rows.iter().flat_map(|row| &row.burst.entries)
    }

    pub(crate) fn push(&mut self, row: PendingRow) {
        self.bytes += row.burst.bytes();
        self.rows.push_back(row);
    }

    /// Sends this along with the last row that waits; gives it back where none does.
    pub(crate) fn show_after_last(&mut self, passing: Vec<Passing>) -> Option<Vec<Passing>> {
        let Some(last) = self.rows.back_mut() else { return Some(passing) };
        self.bytes -= last.burst.bytes();
        last.burst.append_passing(passing);
        self.bytes += last.burst.bytes();
        None
    }

    /// Adds something to the last row that waits; gives it back where none does.
    pub(crate) fn after_last(&mut self, mut on_commit: Vec<OnCommit>) -> Vec<OnCommit> {
        if let Some(last) = self.rows.back_mut() {
            last.on_commit.append(&mut on_commit);
        }
        on_commit
    }

    /// Takes all rows out, and gives what has waited for them.
    pub(crate) fn take_on_commit(&mut self) -> impl Iterator<Item = OnCommit> + use<> {
        std::mem::take(self).rows.into_iter().flat_map(|row| row.on_commit)
    }

    /// Takes the oldest row out, if it is among those written up to `row`.
    pub(crate) fn pop(&mut self, row: u32) -> Option<PendingRow> {
        if self.rows.front()?.row > row {
            return None;
        }
        let row = self.rows.pop_front()?;
        self.bytes -= row.burst.bytes();
        Some(row)
    }
}

impl Session {
    /// Writes down what has happened, unless the task's poll is about to.
    pub(crate) fn settle(&mut self) {
        if self.task.is_none() {
            self.flush();
        }
        self.report_completion();
        self.report_idle();
        self.report_let_go();
    }

    /// Refuses what has to be written while the store does not take writes.
    pub(crate) fn writable(&self) -> Result<(), Refused> {
        match self.environment.store.health() {
            Health::Well => Ok(()),
            Health::Failing { reason, .. } => Err(Refused::Unavailable(reason)),
        }
    }

    /// Does what had to wait for a commit.
    pub(crate) fn committed(&mut self, on_commit: OnCommit) {
        // Whoever asked may be gone: then nobody gets the reply.
        match on_commit {
            OnCommit::Started(reply) => {
                let started = Started {
                    session_id: self.id,
                    execution_id: self.execution_id(),
                    task: self.spec.task.clone(),
                    status: self.state.status(),
                };
                let _ = reply.send(Ok(started));
            }
            OnCommit::Answered(AnswerReply { reply, request_id, status, .. }) => {
                let status = status.unwrap_or_else(|| self.state.status());
                let _ = reply.send(Ok(Answered { request_id, status }));
            }
            OnCommit::AnswerRefused(reply, refused) => {
                let _ = reply.send(Err(refused));
            }
            OnCommit::Cancelled(reply) => {
                let _ = reply.send(Ok(self.state.status()));
            }
            OnCommit::Described(reply, description) => {
                let _ = reply.send(Ok(description));
            }
            OnCommit::RequestRead(reply, request) => {
                let _ = reply.send(Ok(request));
            }
            OnCommit::GuestsLeave(leaving) => self.watchers.close_each(&leaving, CloseCode::Unknown),
            OnCommit::StepWritten(call) => self.channel.resolve(call, Outcome::StepRun),
        }
    }

    /// Hands what was written to the store, as one row.
    pub(crate) fn flush(&mut self) {
        let mut on_commit = std::mem::take(&mut self.on_commit);
        self.settle_replies(&mut on_commit);
        if self.builder.is_empty() {
            self.send_unsaved();
            for on_commit in self.pending_rows.after_last(on_commit) {
                self.committed(on_commit);
            }
            return;
        }
        let burst = std::mem::take(&mut self.builder).finish();
        let row = self.next_row;
        self.next_row += 1;
        let before = self.stored.clone();
        let change = self.change();
        let requests = self.request_changes();
        let events = self.events(before.as_ref());
        let append = Append {
            worker: self.environment.worker,
            session: self.id,
            key: self.key,
            row,
            last_seq: self.state.last_seq(),
            body: burst.body.clone(),
            change,
            requests,
        };
        self.environment.rows.push(NewRow { append, events });
        self.pending_rows.push(PendingRow { row, burst, on_commit });
    }

    fn change(&mut self) -> Change {
        let mut state = self.state.row();
        let works_on =
            self.channel.wants_poll() || self.state.has_children() || !self.channel.outstanding().is_people_only();
        if state.status.is_waiting() && self.task.is_some() && works_on {
            // A restart has to resume the session though nobody asks for it.
            state.deadline = Due::AtRestart.stored();
        }
        let unchanged = self.stored.as_mut().is_some_and(|stored| {
            stored.last_seq = state.last_seq;
            *stored == state
        });
        if unchanged {
            return Change::None;
        }
        self.environment.count(&self.spec.task, self.stored.as_ref(), &state);
        self.stored = Some(state.clone());
        match self.creation.take() {
            Some(Creation { idempotency }) => Change::Create(Box::new(self.summary(state)), idempotency),
            None => Change::Update(Box::new(state)),
        }
    }
}

impl Handler<Written> for Session {
    type Result = ();

    fn handle(&mut self, message: Written, _: &mut Context<Self>) {
        let could_run = self.may_run();
        while let Some(row) = self.pending_rows.pop(message.row) {
            for entry in &row.burst.entries {
                self.tail.push(entry.clone());
            }
            self.publish(row.burst);
            for on_commit in row.on_commit {
                self.committed(on_commit);
            }
        }
        if !could_run && self.may_run() {
            self.channel.make_room();
        }
        self.settle();
    }
}
