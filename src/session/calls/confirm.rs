//! `confirm`: a yes-or-no question.
//!
//! Recorded as the request, with a deadline where it has one, and its `answered`. A recorded one that is answered gives
//! that answer; one that is not waits at the same request.

use futures::FutureExt;
use serde_json::Value;

use super::asking::Asking;
use super::{Call, CallId, Outcome, QuestionKind};
use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::request::Confirmation;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::session::state::{Decision, Given, NewQuestion, SessionState, deadline};
use crate::session::task::context::TaskContext;
use crate::session::task::kind::TaskError;

impl TaskContext {
    /// Asks a yes-or-no question, once it is awaited. Time that runs out without a default counts as no.
    ///
    /// ```
    /// # async fn example(ctx: callboard::session::TaskContext) -> bool {
    /// ctx.confirm("Publish it?").titled("Draft 7").about(serde_json::json!({"words": 420})).await
    /// # }
    /// ```
    pub fn confirm(&self, question: impl Into<Confirmation>) -> Confirm {
        Asking::new(self.clone(), question.into(), |ctx, question| {
            async move {
                let outcome = ctx.ask_people(QuestionKind::Confirmation, Call::from(question)).await;
                outcome == Outcome::Confirm { value: true }
            }
            .boxed_local()
        })
    }
}

/// A yes-or-no question on its way: see [`TaskContext::confirm`].
pub type Confirm = Asking<Confirmation, bool>;

pub(crate) fn decide(
    state: &SessionState,
    at: CallId,
    id: RequestId,
    question: Confirmation,
    now: Timestamp,
) -> Decision {
    let Confirmation { message, timeout, default, context, answerers } = question;
    if let Some(fault) = answerers.fault(true) {
        return state.finish(Err(TaskError::Failed(format!("the task asks a question that is not valid: {fault}"))));
    }
    let expires_at = deadline(timeout, now);
    let context = context.non_empty();
    let question = NewQuestion {
        id,
        status: Status::WaitingConfirmation,
        entry: Entry::RequestConfirmation { request_id: id, message, timeout, expires_at, default, context, answerers },
        deadline: expires_at,
        default: default.map(Value::Bool),
    };
    state.open_question(at, question)
}

/// What an answer gives, or the default.
pub(crate) fn given(value: bool) -> Given {
    Given { value: Some(value), values: None, outcome: Outcome::Confirm { value } }
}

/// What a recorded one gives.
pub(crate) fn recorded(value: Option<bool>) -> Option<Outcome> {
    value.map(|value| Outcome::Confirm { value })
}
