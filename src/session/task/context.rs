//! What a task function gets: how it tells, asks, sleeps and does things once.
//!
//! Every call is numbered. After a crash the function runs again from the top; a call that the journal has is
//! answered from there at once and tells nothing, and the first one that it has not goes live.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Number, Value};
use tokio_util::sync::CancellationToken;

use crate::domain::entry::{Custom, Entry, shorten};
use crate::domain::id::SessionId;
use crate::domain::mask::Mask;
use crate::domain::record::Internal;
use crate::domain::request::{Confirmation, Form, Values};
use crate::domain::time::Timestamp;
use crate::process::threads;
use crate::session::calls::{Call, CallId, Lane, Outcome, QuestionKind, RecordedCall};
use crate::session::task::channel::{AnswerFuture, NextCall, OutcomeFuture, Say, TaskChannel};
use crate::session::task::kind::TaskError;

/// What a task function gets. Cloning shares it.
///
/// # Example
///
/// ```
/// use callboard::domain::request::{Confirmation, Field, FieldType};
/// use callboard::session::{TaskContext, TaskResult};
/// use serde_json::json;
///
/// async fn publish(ctx: TaskContext) -> TaskResult {
///     ctx.stream("Looking at the draft").await;
///     let answer = ctx.ask(vec![Field::new("title", FieldType::String, "The title")]).await?;
///     let title = answer["title"].as_str().unwrap_or_default().to_owned();
///     if !ctx.confirm(Confirmation::new("Publish it?").or_after(3600.0, false)).await {
///         return Ok(json!({"published": false}));
///     }
///     // Done once, also when the server is killed right behind it.
///     let url: String = ctx.step("upload", || async { Ok(format!("/posts/{title}")) }).await?;
///     Ok(json!({"published": true, "url": url}))
/// }
/// ```
#[derive(Clone)]
pub struct TaskContext {
    pub(crate) channel: Rc<TaskChannel>,
    pub(crate) lane: Option<Lane>,
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("session_id", &self.channel.session_id).field("lane", &self.lane).finish()
    }
}

impl TaskContext {
    pub(crate) fn new(channel: Rc<TaskChannel>) -> Self {
        Self { channel, lane: None }
    }

    /// The session that this task runs as.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.channel.session_id
    }

    /// What the session was started with as `input`; null where nothing was given.
    #[must_use]
    pub fn input(&self) -> &Value {
        &self.channel.spec.input
    }

    /// What the session was started with as `config`; null where nothing was given.
    #[must_use]
    pub fn config(&self) -> &Value {
        &self.channel.spec.config
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.channel.attempt()
    }

    /// Fires when the session is cancelled: for work on other threads, which goes on when the task is dropped.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.channel.cancelled.clone()
    }

    /// A branch of the task with a numbering of its own, for what goes on side by side with the rest.
    ///
    /// Its name must be the same when the task runs again, and unique among the branches of this context.
    #[must_use]
    pub fn lane(&self, name: &str) -> TaskContext {
        let lane = match &self.lane {
            Some(parent) => Rc::from(format!("{parent}/{name}")),
            None => Rc::from(name),
        };
        TaskContext { channel: self.channel.clone(), lane: Some(lane) }
    }

    /// What hides secrets in what this task says: those of the settings, and those that people have told it.
    pub(crate) fn mask(&self) -> Arc<Mask> {
        self.channel.mask()
    }

    /// Tells a line of output. Waits only where the task is far ahead of the store.
    pub fn stream(&self, content: impl Into<String>) -> Say {
        self.tell(self.line(content.into()), "output")
    }

    /// Shows a line of output to whoever is connected at this moment, such as the tokens of an answer that follows as a
    /// whole. It is not saved: it has no `seq`, is not replayed, and clients that are slow to read may miss it.
    pub fn stream_unsaved(&self, content: impl Into<String>) -> Say {
        self.pass(self.line(content.into()))
    }

    /// Tells how far the task is: `done` of `total` units of work, and what it does.
    pub fn progress(&self, done: impl Into<Number>, total: impl Into<Number>, label: impl Into<String>) -> Say {
        self.tell(self.amount(done.into(), total.into(), label.into()), "output")
    }

    /// Shows how far the task is to whoever is connected at this moment, without saving it: see
    /// [`TaskContext::stream_unsaved`].
    pub fn progress_unsaved(&self, done: impl Into<Number>, total: impl Into<Number>, label: impl Into<String>) -> Say {
        self.pass(self.amount(done.into(), total.into(), label.into()))
    }

    /// Tells an entry of the task kind's own type, with these fields beside `type`, `seq` and `timestamp`.
    pub fn emit(&self, kind: impl Into<String>, data: Map<String, Value>) -> Say {
        self.tell(Entry::Custom(Custom { kind: kind.into(), data }), "output")
    }

    /// Asks a yes-or-no question. Time that runs out without a default counts as no.
    pub async fn confirm(&self, question: impl Into<Confirmation>) -> bool {
        let question = question.into();
        let outcome = self.asked(QuestionKind::Confirmation, |call| Call::Confirm(call, question)).await;
        matches!(outcome, Outcome::Confirmed(true))
    }

    /// Asks somebody to fill in a form; gives values that fit it.
    ///
    /// # Errors
    /// Where its time runs out and it has no default answer.
    pub async fn ask(&self, form: impl Into<Form>) -> Result<Values, TaskError> {
        let form = form.into();
        match self.asked(QuestionKind::Form, |call| Call::Ask(call, form)).await {
            Outcome::Input(values) => Ok(values),
            Outcome::Confirmed(_) | Outcome::Retry(_) | Outcome::TimedOut | Outcome::Child(_) | Outcome::Written => {
                Err(TaskError::failed("nobody filled in the form in time"))
            }
        }
    }

    /// Sleeps. After a restart it sleeps for what is left.
    pub async fn sleep(&self, duration: Duration) {
        let left = match self.channel.next(&self.lane, |call| matches!(call, RecordedCall::Slept(_)), "a pause") {
            NextCall::Recorded(_, RecordedCall::Slept(until)) => until.since(Timestamp::now()).min(duration),
            NextCall::Live(call) => {
                let until = Timestamp::now().plus(duration);
                self.channel.put(Call::Note(Internal::SleepStarted {
                    lane: lane_name(&call),
                    ordinal: call.ordinal,
                    until,
                }));
                duration
            }
            NextCall::Recorded(..) | NextCall::Mismatch => std::future::pending().await,
        };
        if left.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(left).await;
        }
    }

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
            let error = match self.channel.skip_failed_attempt(&self.lane, attempt) {
                Some(error) => TaskError::Failed(error),
                None => match work(attempt).await {
                    Ok(value) => return Ok(value),
                    Err(TaskError::Cancelled(reason)) => return Err(TaskError::Cancelled(reason)),
                    Err(error) if retries == max_retries => return Err(error),
                    Err(error) => error,
                },
            };
            retries += 1;
            let text = error.to_string();
            let again = self.asked(QuestionKind::Retry(attempt), |call| Call::OfferRetry(call, text)).await;
            if again != Outcome::Retry(true) {
                return Err(error);
            }
            self.channel.set_attempt(attempt + 1);
        }
    }

    /// Runs work that blocks, or computes for long, on another thread.
    ///
    /// # Errors
    /// Where `work` panics, or the system starts no more threads.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, TaskError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        threads::blocking(work).await.map_err(|error| match error {
            threads::Error::Refused(_) => TaskError::failed("work could not begin: the system starts no more threads"),
            threads::Error::BrokenOff => TaskError::failed("work on another thread panicked"),
        })
    }

    /// Keeps something to be done if the session is cancelled, as long as the guard lives; within the time limit for
    /// clean-ups.
    #[must_use]
    pub fn on_cancel(&self, cleanup: impl Future<Output = ()> + 'static) -> CleanupGuard {
        let number = self.channel.add_cleanup(Box::pin(cleanup));
        CleanupGuard { channel: self.channel.clone(), number: Cell::new(Some(number)) }
    }

    fn line(&self, content: String) -> Entry {
        Entry::Stream { content: self.shown(content) }
    }

    fn amount(&self, done: Number, total: Number, label: String) -> Entry {
        Entry::Progress { done, total, label: self.shown(label) }
    }

    /// A text as it may be shown.
    fn shown(&self, mut text: String) -> String {
        // Before it is cut: half a secret is not found any more.
        self.channel.mask().clean(&mut text);
        shorten(&mut text, self.channel.limits.text_bytes());
        text
    }

    fn pass(&self, entry: Entry) -> Say {
        // What was shown before the server went down is not shown again among what is new.
        if !self.channel.is_replaying(&self.lane) {
            self.channel.told(size(&entry));
            self.channel.put(Call::Pass(self.lane.clone(), entry));
        }
        Say::new(self.channel.clone(), true)
    }

    fn tell(&self, entry: Entry, what: &str) -> Say {
        let fits = match self.channel.next(&self.lane, |call| matches!(call, RecordedCall::Told), what) {
            NextCall::Live(call) => {
                self.channel.told(size(&entry));
                self.channel.put(Call::Tell(call, entry));
                true
            }
            NextCall::Recorded(..) => true,
            NextCall::Mismatch => false,
        };
        Say::new(self.channel.clone(), fits)
    }

    fn asked(&self, asked: QuestionKind, ask: impl FnOnce(CallId) -> Call) -> AnswerFuture {
        let same = |call: &RecordedCall| matches!(call, RecordedCall::Asked(before, _) if *before == asked);
        let call = match self.channel.next(&self.lane, same, &RecordedCall::Asked(asked, None).describe()) {
            NextCall::Recorded(_, RecordedCall::Asked(_, Some(outcome))) => {
                return AnswerFuture::Known(outcome);
            }
            NextCall::Mismatch => return AnswerFuture::Stuck,
            NextCall::Recorded(call, _) => call,
            NextCall::Live(call) => {
                self.channel.put(ask(call.clone()));
                call
            }
        };
        AnswerFuture::Open(OutcomeFuture::new(self.channel.clone(), call))
    }
}

/// Keeps a clean-up in force: see [`TaskContext::on_cancel`].
pub struct CleanupGuard {
    channel: Rc<TaskChannel>,
    number: Cell<Option<u64>>,
}

impl fmt::Debug for CleanupGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CleanupGuard").finish_non_exhaustive()
    }
}

impl Drop for CleanupGuard {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.channel.remove_cleanup(number);
        }
    }
}

pub(crate) fn lane_name(call: &CallId) -> Option<String> {
    call.lane.as_deref().map(str::to_owned)
}

/// About how many bytes an entry takes in the journal.
fn size(entry: &Entry) -> usize {
    const REST: usize = 64;
    match entry {
        Entry::Stream { content } => content.len() + REST,
        Entry::Progress { label, .. } => label.len() + REST,
        Entry::Custom(custom) => custom.data.iter().map(|(key, value)| key.len() + value.to_string().len()).sum(),
        Entry::Status { .. }
        | Entry::RequestConfirmation { .. }
        | Entry::RequestUserInput { .. }
        | Entry::Answered { .. }
        | Entry::TaskCompleted { .. }
        | Entry::TaskFailed { .. }
        | Entry::TaskCancelled { .. }
        | Entry::Recovered { .. } => REST,
    }
}
