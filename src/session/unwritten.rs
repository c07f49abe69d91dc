//! Rows that a session has handed to the store and that are not committed, with what has to wait for that.

use std::collections::VecDeque;

use super::call::CallId;
use super::messages::{Answered, Description, Refused, Reply, Started};
use crate::domain::burst::{Burst, Passing, Told};
use crate::domain::id::RequestId;
use crate::domain::status::Status;

/// What has to wait for a commit.
#[derive(Debug)]
pub(super) enum Afterwards {
    /// Say that the session has started.
    Started(Reply<Result<Started, Refused>>),
    /// Say that an answer has won.
    Answered(AnswerReply),
    /// Say where a cancelled session stands.
    Cancelled(Reply<Result<Status, Refused>>),
    /// Describe the session as it stood.
    Described(Reply<Result<Box<Description>, Refused>>, Box<Description>),
    /// Let the step begin whose start is written.
    StepWritten(CallId),
}

/// The reply to an answer that has won.
#[derive(Debug)]
pub(super) struct AnswerReply {
    pub(super) reply: Reply<Result<Answered, Refused>>,
    pub(super) request_id: RequestId,
    /// Where the session stands with the answer; known when the row is made.
    pub(super) status: Option<Status>,
    /// The idempotency key under which the reply is kept.
    pub(super) key: Option<String>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Unwritten {
    pub(super) row: u32,
    pub(super) burst: Burst,
    pub(super) afterwards: Vec<Afterwards>,
}

/// The rows that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct UnwrittenRows {
    rows: VecDeque<Unwritten>,
    bytes: usize,
}

impl UnwrittenRows {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of all rows that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The entries of all rows that wait, in order.
    pub(super) fn told(&self) -> impl Iterator<Item = &Told> {
        self.rows.iter().flat_map(|row| &row.burst.told)
    }

    pub(super) fn push(&mut self, row: Unwritten) {
        self.bytes += row.burst.bytes();
        self.rows.push_back(row);
    }

    /// Sends this along with the last row that waits; gives it back where none does.
    pub(super) fn pass_after_last(&mut self, passing: Vec<Passing>) -> Option<Vec<Passing>> {
        let Some(last) = self.rows.back_mut() else { return Some(passing) };
        self.bytes -= last.burst.bytes();
        last.burst.append_passing(passing);
        self.bytes += last.burst.bytes();
        None
    }

    /// Adds something to the last row that waits; gives it back where none does.
    pub(super) fn after_last(&mut self, mut afterwards: Vec<Afterwards>) -> Vec<Afterwards> {
        if let Some(last) = self.rows.back_mut() {
            last.afterwards.append(&mut afterwards);
        }
        afterwards
    }

    /// Takes the oldest row out, if it is among those written up to `row`.
    pub(super) fn pop(&mut self, row: u32) -> Option<Unwritten> {
        if self.rows.front()?.row > row {
            return None;
        }
        let row = self.rows.pop_front()?;
        self.bytes -= row.burst.bytes();
        Some(row)
    }
}
