//! `step`, `step_once`: what a task does outside, once.
//!
//! Recorded are its beginning, before the work begins, and its outcome. A recorded one that has an outcome gives that;
//! one that has none is in doubt: it is done again, or a person is asked. It changes nothing else.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Call, CallId, RecordedCall};
use crate::domain::entry::{json_size, shorten};
use crate::domain::record::Internal;
use crate::domain::request::Confirmation;
use crate::session::state::Decision;
use crate::session::task::channel::{NextCall, OutcomeFuture};
use crate::session::task::context::TaskContext;
use crate::session::task::kind::TaskError;
use crate::session::task::outstanding::Awaits;

impl TaskContext {
    /// Does something with an effect outside, and records its outcome: it is not done again after a restart.
    ///
    /// That the step starts is in the store before `work` begins. Where the server goes down in between, the step is
    /// named in `recovered` and done again once that is in the store: `work` must bear that, or else be a
    /// [`TaskContext::step_once`].
    ///
    /// # Errors
    /// That of `work`, which is recorded too; or where the outcome is no JSON, or larger than
    /// `sessions.max_entry_bytes`.
    pub async fn step<T, F, Fut>(&self, name: &str, work: F) -> Result<T, TaskError>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, TaskError>>,
    {
        match self.begin_step(name, true).await {
            Begun::Done(outcome) => decode(outcome),
            Begun::Fresh(at) => self.do_step(name, at, work).await,
            Begun::InDoubt(at) => self.do_step_again(name, at, work).await,
        }
    }

    /// Like [`TaskContext::step`], for what must not be done twice: where the server went down in the middle, a person
    /// is asked whether to do it again or to go on; going on gives `None`.
    ///
    /// # Errors
    /// That of `work`, which is recorded too; or where the outcome is no JSON, or larger than
    /// `sessions.max_entry_bytes`.
    pub async fn step_once<T, F, Fut>(&self, name: &str, work: F) -> Result<Option<T>, TaskError>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, TaskError>>,
    {
        match self.begin_step(name, false).await {
            Begun::Done(outcome) => decode(outcome),
            Begun::Fresh(at) => self.do_step(name, at, work).await.map(Some),
            Begun::InDoubt(at) => {
                let question = format!(
                    "The step {name:?} had started when the server went down, and its outcome is not known. \
                     Do it again? No counts it as done."
                );
                if self.ask_in_doubt(&at, question).await {
                    return self.do_step_again(name, at, work).await.map(Some);
                }
                self.end_step(at, Ok(Value::Null));
                Ok(None)
            }
        }
    }

    /// Like [`TaskContext::step`], for work that has to know whether it may have begun before: it gets how often the server
    /// went down up to then, 0 where it begins for the first time. Where there is a `question`, a person is asked before it
    /// begins again; no gives `None`.
    ///
    /// # Errors
    /// Those of [`TaskContext::step`].
    pub(crate) async fn step_again<T, F, Fut>(
        &self,
        name: &str,
        question: Option<Confirmation>,
        work: F,
    ) -> Result<Option<T>, TaskError>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce(u32) -> Fut,
        Fut: Future<Output = Result<T, TaskError>>,
    {
        match self.begin_step(name, question.is_none()).await {
            Begun::Done(outcome) => decode(outcome),
            Begun::Fresh(at) => self.do_step(name, at, || work(0)).await.map(Some),
            Begun::InDoubt(at) => {
                if let Some(question) = question
                    && !self.ask_in_doubt(&at, question).await
                {
                    self.end_step(at, Ok(Value::Null));
                    return Ok(None);
                }
                let crashes = self.channel.recoveries() + 1;
                self.do_step_again(name, at, || work(crashes)).await.map(Some)
            }
        }
    }

    /// Asks a person whether to do a step again that had begun with this place.
    async fn ask_in_doubt(&self, at: &CallId, question: impl Into<Confirmation>) -> bool {
        self.lane(&format!("doubt-{}", at.ordinal)).confirm(question).await
    }

    async fn begin_step(&self, name: &str, repeatable: bool) -> Begun {
        let same = |call: &RecordedCall| matches!(call, RecordedCall::Step { name: before, repeatable: kind, .. } if before == name && *kind == repeatable);
        match self.channel.next(self.own_lane(), same, &format!("the step {name:?}")) {
            NextCall::Recorded(_, RecordedCall::Step { outcome: Some(outcome), .. }) => Begun::Done(outcome),
            NextCall::Recorded(at, _) => Begun::InDoubt(at),
            NextCall::Live(at) => {
                self.channel.send(at.clone(), Call::Step { name: name.to_owned(), repeatable });
                OutcomeFuture::new(self.channel.clone(), self.branch.clone(), at.clone(), Awaits::Outside).await;
                Begun::Fresh(at)
            }
            NextCall::Mismatch => std::future::pending().await,
        }
    }

    /// Does a step that had begun, once all that was written up to now is in the store: a server that has lost its session to
    /// another one never comes so far.
    async fn do_step_again<T, F, Fut>(&self, name: &str, at: CallId, work: F) -> Result<T, TaskError>
    where
        T: Serialize,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, TaskError>>,
    {
        self.channel.send(at.clone(), Call::StepAgain);
        OutcomeFuture::new(self.channel.clone(), self.branch.clone(), at.clone(), Awaits::Outside).await;
        self.do_step(name, at, work).await
    }

    async fn do_step<T, F, Fut>(&self, name: &str, at: CallId, work: F) -> Result<T, TaskError>
    where
        T: Serialize,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, TaskError>>,
    {
        let waiting = self.waiting(Awaits::Outside);
        let mut result = work().await;
        drop(waiting);
        // What is recorded is also what the task gets now, so that it goes on in the same way after a restart.
        if let Ok(value) = &result {
            let (size, what) = (json_size(value), format!("outcome of the step {name:?}"));
            if let Some(reason) = self.channel.limits.too_large(&what, size) {
                result = Err(TaskError::Failed(reason));
            }
        }
        let outcome = match &mut result {
            Ok(value) => serde_json::to_value(value).map_err(|error| error.to_string()),
            Err(TaskError::Cancelled(_)) => return result,
            Err(TaskError::Failed(error)) => {
                shorten(error, self.channel.limits.text_bytes());
                Err(error.clone())
            }
        };
        self.end_step(at, outcome);
        result
    }

    fn end_step(&self, at: CallId, outcome: Result<Value, String>) {
        self.channel.send(at, Call::StepCompleted { outcome });
    }
}

/// How a step begins.
enum Begun {
    /// It is made now.
    Fresh(CallId),
    /// It had begun, and nobody knows how it ended.
    InDoubt(CallId),
    /// It was done before.
    Done(Result<Value, String>),
}

fn decode<T: DeserializeOwned>(outcome: Result<Value, String>) -> Result<T, TaskError> {
    let value = outcome.map_err(TaskError::Failed)?;
    serde_json::from_value(value)
        .map_err(|error| TaskError::Failed(format!("a step's recorded outcome is of another type: {error}")))
}

pub(crate) fn decide_begin(at: CallId, name: String, repeatable: bool) -> Decision {
    let mut decision = Decision::default();
    let record = Internal::StepStarted { lane: at.lane_name(), ordinal: at.ordinal, name, repeatable };
    decision.record_of(at, record);
    decision
}

pub(crate) fn decide_end(at: &CallId, outcome: Result<Value, String>, sealed: Option<String>) -> Decision {
    let mut decision = Decision::default();
    decision.record(Internal::StepCompleted { lane: at.lane_name(), ordinal: at.ordinal, outcome, sealed });
    decision
}
