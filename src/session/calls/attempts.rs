//! `attempts`: work that is tried again where a person wants that.
//!
//! Recorded is the offer of another attempt, as a `task_failed` that can be retried, and its `answered`. An attempt that
//! is recorded as failed is not made again: its offer is found at once.

use super::{Call, CallId, Outcome, QuestionKind};
use crate::domain::context::Context;
use crate::domain::entry::Entry;
use crate::domain::id::RequestId;
use crate::domain::status::Status;
use crate::session::state::{Decision, Given, NewQuestion, SessionState};
use crate::session::task::context::TaskContext;
use crate::session::task::kind::TaskError;

impl TaskContext {
    /// Works until it succeeds, a person declines another attempt, or `max_retries` are used up.
    ///
    /// A failed attempt is offered for a retry (`task_failed` with `can_retry`). It is not run again after a restart:
    /// whatever it leaves behind must be in its error. `work` gets the number of the attempt.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub async fn attempts<T, F, Fut>(&self, max_retries: u32, mut work: F) -> Result<T, TaskError>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, TaskError>>,
    {
        let mut retries = 0;
        loop {
            let attempt = self.channel.attempt();
            let error = match self.channel.skip_failed_attempt(self.own_lane(), attempt) {
                Some(error) => TaskError::Failed(error),
                None => match work(attempt).await {
                    Ok(value) => return Ok(value),
                    Err(TaskError::Cancelled(reason)) => return Err(TaskError::Cancelled(reason)),
                    Err(error) if retries == max_retries => return Err(error),
                    Err(error) => error,
                },
            };
            retries += 1;
            let offer = Call::OfferRetry { error: error.to_string() };
            let again = self.ask_people(QuestionKind::Retry(attempt), offer).await;
            if again != (Outcome::Retry { value: true }) {
                return Err(error);
            }
            self.channel.set_attempt(attempt + 1);
        }
    }
}

pub(crate) fn decide(state: &SessionState, at: CallId, id: RequestId, error: String, context: Context) -> Decision {
    let attempt = state.attempt();
    let question = NewQuestion {
        id,
        status: Status::WaitingRetry,
        entry: Entry::TaskFailed {
            error,
            can_retry: true,
            attempt,
            request_id: Some(id),
            context: context.non_empty(),
        },
        deadline: None,
        default: None,
    };
    state.open_question(at, question)
}

/// What an answer gives.
pub(crate) fn given(value: bool) -> Given {
    Given { value: Some(value), values: None, outcome: Outcome::Retry { value } }
}

/// What a recorded one gives.
pub(crate) fn recorded(value: Option<bool>) -> Option<Outcome> {
    value.map(|value| Outcome::Retry { value })
}
