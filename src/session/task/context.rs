//! What a task function gets: its session, its input, and the calls that it can make; each of those stands in a file of
//! `calls/`.
//!
//! Every call is numbered. After a crash the function runs again from the top; a call that the journal has is
//! answered from there at once and writes nothing, and the first one that it has not goes live.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::channel::{NextCall, OutcomeFuture, TaskChannel};
use super::kind::TaskError;
use super::outstanding::{Awaits, Branch, Waiting};
use crate::domain::id::SessionId;
use crate::domain::mask::Mask;
use crate::process::threads;
use crate::session::calls::{Call, Lane, Outcome, QuestionKind, RecordedCall};

/// What a task function gets. Cloning shares it.
///
/// A session whose task waits only for people leaves memory, and its function is run again from the top when somebody
/// answers. So what a task waits for should be a call, stand in a [`TaskContext::step`] or in
/// [`TaskContext::blocking`], or in a [`TaskContext::lane`] of its own: anything else that is awaited beside a question,
/// such as a timer of tokio's, may be given up and begun anew.
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
    /// The branch that this is the context of; none for the main lane.
    pub(crate) branch: Option<Rc<Branch>>,
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext")
            .field("session_id", &self.channel.session_id)
            .field("lane", &self.own_lane())
            .finish()
    }
}

impl TaskContext {
    pub(crate) fn new(channel: Rc<TaskChannel>) -> Self {
        Self { channel, branch: None }
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

    /// What lists call the session.
    pub(crate) fn title(&self) -> Option<&str> {
        self.channel.spec.title.as_deref()
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
    /// Its name must be the same when the task runs again, and unique among the branches of this context. As long as
    /// the context is there, the branch counts as working whenever it waits in none of its calls.
    #[must_use]
    pub fn lane(&self, name: &str) -> TaskContext {
        let lane: Lane = match self.own_lane() {
            Some(parent) => Rc::from(format!("{parent}/{name}")),
            None => Rc::from(name),
        };
        let branch = Branch::new(self.channel.clone(), self.branch.clone(), lane);
        TaskContext { channel: self.channel.clone(), branch: Some(branch) }
    }

    /// What hides secrets in what this task says: those of the settings, and those that people gave it.
    pub(crate) fn mask(&self) -> Arc<Mask> {
        self.channel.mask()
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
        let _waiting = self.waiting(Awaits::Outside);
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

    /// The lane of this context.
    pub(crate) fn own_lane(&self) -> Option<&Lane> {
        self.branch.as_ref().map(|branch| &branch.lane)
    }

    /// Counts a wait, for as long as what it gives lives.
    pub(crate) fn waiting(&self, awaits: Awaits) -> Waiting {
        Waiting::new(self.channel.clone(), self.branch.clone(), awaits)
    }

    /// Makes a call that asks people, and waits for the answer, which the journal may have already.
    pub(crate) async fn ask_people(&self, kind: QuestionKind, call: Call) -> Outcome {
        let same = |call: &RecordedCall| matches!(call, RecordedCall::Asked(before, _) if *before == kind);
        let at = match self.channel.next(self.own_lane(), same, kind.describe()) {
            NextCall::Recorded(_, RecordedCall::Asked(_, Some(outcome))) => return outcome,
            NextCall::Mismatch => return std::future::pending().await,
            NextCall::Recorded(at, _) => at,
            NextCall::Live(at) => {
                self.channel.send(at.clone(), call);
                at
            }
        };
        OutcomeFuture::new(self.channel.clone(), self.branch.clone(), at, Awaits::People).await
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
