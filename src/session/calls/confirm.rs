//! `confirm`: a yes-or-no question.
//!
//! Recorded as the request, with a deadline where it has one, and its `answered`. A recorded one that is answered gives
//! that answer; one that is not waits at the same request.

use serde_json::Value;

use super::{Call, CallId, Outcome, QuestionKind};
use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::request::Confirmation;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::state::{Decision, Given, NewQuestion, SessionState};
use crate::session::task::context::TaskContext;

impl TaskContext {
    /// Asks a yes-or-no question. Time that runs out without a default counts as no.
    pub async fn confirm(&self, question: impl Into<Confirmation>) -> bool {
        let outcome = self.ask_people(QuestionKind::Confirmation, Call::from(question.into())).await;
        outcome == Outcome::Confirm { value: true }
    }
}

pub(crate) fn decide(
    state: &SessionState,
    at: CallId,
    id: RequestId,
    question: Confirmation,
    now: Timestamp,
) -> Decision {
    let Confirmation { message, timeout, default } = question;
    let question = NewQuestion {
        id,
        status: Status::WaitingConfirmation,
        entry: Entry::RequestConfirmation { request_id: id, message, timeout },
        timeout,
        default: default.map(Value::Bool),
    };
    state.open_question(at, question, now)
}

/// What an answer gives, or the default.
pub(crate) fn given(value: bool) -> Given {
    Given { value: Some(value), values: None, outcome: Outcome::Confirm { value } }
}

/// What a recorded one gives.
pub(crate) fn recorded(value: Option<bool>) -> Option<Outcome> {
    value.map(|value| Outcome::Confirm { value })
}
