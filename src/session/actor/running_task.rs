//! A task function that runs inside its session's actor.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix::AsyncContext;
use actix::fut::ActorFuture;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::secrets;
use crate::domain::entry::{json_bytes, shorten};
use crate::domain::id::RequestId;
use crate::session::actor::Session;
use crate::session::actor::pending_rows::OnCommit;
use crate::session::actor::waker::TaskWaker;
use crate::session::calls::Call;
use crate::session::state::Command;
use crate::session::task::channel::TaskChannel;
use crate::session::task::context::TaskContext;
use crate::session::task::kind::{TaskError, TaskKind, TaskResult};

/// How long a task may hold its worker in one go before the log names it.
const TOO_LONG: Duration = Duration::from_millis(100);

/// How the error of a task that panicked begins.
pub(crate) const PANICKED: &str = "the task panicked: ";

/// A task function that runs: polled where there is something new for it, drained after each poll.
pub(crate) struct RunningTask {
    future: LocalBoxFuture<'static, TaskResult>,
    waker: Rc<TaskWaker>,
}

impl RunningTask {
    pub(crate) fn new(kind: &dyn TaskKind, channel: Rc<TaskChannel>, waker: Rc<TaskWaker>) -> Self {
        let run = kind.run(TaskContext::new(channel));
        let future = AssertUnwindSafe(run).catch_unwind().map(|result| match result {
            Ok(result) => result,
            Err(panic) => Err(TaskError::Failed(format!("{PANICKED}{}", words(&*panic)))),
        });
        Self { future: Box::pin(future), waker }
    }
}

impl Session {
    pub(crate) fn ensure_task(&mut self, actor: &mut actix::Context<Self>) {
        if self.task.is_some() || self.state.status().is_terminal() {
            return;
        }
        let Some(kind) = self.environment.kinds.get(&self.spec.task) else { return };
        let task = RunningTask::new(kind.as_ref(), self.channel.clone(), self.waker.clone());
        self.task = Some(actor.spawn(task));
    }

    /// Drops the task's future.
    pub(crate) fn drop_task(&mut self, actor: &mut actix::Context<Self>) {
        self.channel.cancelled.cancel();
        if let Some(task) = self.task.take() {
            actor.cancel_future(task);
        }
    }

    /// Takes what the task asked for in a poll, and its result where it has one.
    pub(crate) fn absorb(&mut self, result: Poll<TaskResult>, actor: &mut actix::Context<Self>) -> Poll<()> {
        if self.channel.is_full() {
            self.channel.make_room();
        }
        let mask = self.channel.mask();
        for call in self.channel.take_calls() {
            let mut call = self.without_secrets(call, &mask);
            if let Some(reason) = call.entry().and_then(|(what, bytes)| self.too_large(what, bytes)) {
                self.channel.fail(reason);
                continue;
            }
            if let Call::OfferRetry(_, error) = &mut call {
                shorten(error, self.channel.limits.text_bytes());
            }
            let command = match call {
                Call::Tell(call, entry) => Command::Tell(call, entry),
                Call::Pass(lane, entry) => {
                    self.pass(lane.as_deref(), &entry);
                    continue;
                }
                Call::Note(record) => Command::Note(record),
                Call::StepStarted(call, record) => {
                    self.on_commit.push(OnCommit::StepWritten(call));
                    Command::Note(record)
                }
                Call::Confirm(call, question) => Command::Confirm(call, RequestId::random(), question),
                Call::Ask(call, form) => Command::Ask(call, RequestId::random(), form),
                Call::OfferRetry(call, error) => Command::OfferRetry(call, RequestId::random(), error),
                Call::Child(call, wanted) => {
                    self.begin_child(call, *wanted, actor);
                    continue;
                }
                Call::Withdraw(call) => Command::Withdraw(call),
            };
            self.apply(command, actor);
        }
        let result = match (self.channel.failure(), result) {
            (Some(text), _) => Err(TaskError::Failed(text)),
            (None, Poll::Ready(result)) => result,
            (None, Poll::Pending) if self.state.status().is_terminal() => {
                self.task = None;
                return Poll::Ready(());
            }
            (None, Poll::Pending) => return Poll::Pending,
        };
        // Before it is cut: half a secret is not found any more.
        let result = self.bounded(secrets::cleaned(result, &mask));
        self.task = None;
        self.apply(Command::Finish(result), actor);
        Poll::Ready(())
    }

    /// A task's result, as far as an entry has room for it.
    fn bounded(&self, result: TaskResult) -> TaskResult {
        match result {
            Ok(values) => match self.too_large("result", json_bytes(&values)) {
                None => Ok(values),
                Some(reason) => Err(TaskError::Failed(reason)),
            },
            Err(TaskError::Failed(mut error)) => {
                shorten(&mut error, self.channel.limits.text_bytes());
                Err(TaskError::Failed(error))
            }
            Err(TaskError::Cancelled(mut reason)) => {
                shorten(&mut reason, self.channel.limits.text_bytes());
                Err(TaskError::Cancelled(reason))
            }
        }
    }

    /// Why an entry that takes so many bytes beside its usual fields cannot be written, where it cannot.
    fn too_large(&self, what: &str, bytes: usize) -> Option<String> {
        let most = self.channel.limits.text_bytes();
        (bytes > most).then(|| {
            format!(
                "entry_too_large: the {what} takes {bytes} bytes as JSON, and {most} fit (sessions.max_entry_bytes)"
            )
        })
    }

    /// Whether the task may go on: it is not too far ahead of the store.
    pub(crate) fn may_run(&self) -> bool {
        // A commit of its own rows is what wakes it, so one without any goes on.
        let far_ahead = self.unwritten.bytes() > self.environment.settings.max_unwritten_bytes;
        !far_ahead && (self.unwritten.is_empty() || self.environment.store_has_room())
    }

    /// Whether there is something for the task to do.
    pub(crate) fn has_news(&self, fired: bool) -> bool {
        // Both are taken, so that neither causes a second poll.
        self.channel.take_news() | fired
    }

    /// Whether the task should be polled again at once.
    pub(crate) fn wants_poll(&self) -> bool {
        self.task.is_some() && self.channel.has_news() && self.may_run()
    }
}

impl ActorFuture<Session> for RunningTask {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        session: &mut Session,
        actor: &mut actix::Context<Session>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let fired = self.waker.take_fired(context.waker());
        let mut done = Poll::Pending;
        if session.may_run() && session.has_news(fired) {
            let waker = self.waker.clone();
            let begun = Instant::now();
            let result = self.future.as_mut().poll(&mut Context::from_waker(waker.waker()));
            name_if_long(session, begun.elapsed());
            done = session.absorb(result, actor);
        }
        session.flush();
        if session.wants_poll() {
            context.waker().wake_by_ref();
        }
        done
    }
}

/// Names a task that holds its worker, and with it every socket there.
fn name_if_long(session: &Session, held: Duration) {
    if held >= TOO_LONG {
        let (session_id, task) = (session.id, session.spec.task.as_str());
        let duration_ms = held.as_millis();
        log::warn!(session_id:%, task, duration_ms; "a task held its worker: long work belongs into TaskContext::blocking");
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
