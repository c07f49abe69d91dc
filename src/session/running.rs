//! A task function that runs inside its session's actor.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix::fut::ActorFuture;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::actor::Session;
use super::context::TaskContext;
use super::kind::{TaskError, TaskKind, TaskResult};
use super::port::Port;
use super::wake::TaskWaker;

/// How long a task may hold its worker in one go before the log names it.
const TOO_LONG: Duration = Duration::from_millis(100);

/// How the error of a task that panicked begins.
pub(super) const PANICKED: &str = "the task panicked: ";

/// A task function that runs: polled where there is something new for it, drained after each poll.
pub(super) struct RunningTask {
    future: LocalBoxFuture<'static, TaskResult>,
    waker: Rc<TaskWaker>,
}

impl RunningTask {
    pub(super) fn new(kind: &dyn TaskKind, port: Rc<Port>, waker: Rc<TaskWaker>) -> Self {
        let run = kind.run(TaskContext::new(port));
        let future = AssertUnwindSafe(run).catch_unwind().map(|result| match result {
            Ok(result) => result,
            Err(panic) => Err(TaskError::Failed(format!("{PANICKED}{}", words(&*panic)))),
        });
        Self { future: Box::pin(future), waker }
    }
}

impl Session {
    /// Whether the task may go on: it is not too far ahead of the store.
    pub(super) fn may_run(&self) -> bool {
        // A commit of its own rows is what wakes it, so one without any goes on.
        let far_ahead = self.unwritten.bytes() > self.environment.settings.max_unwritten_bytes;
        !far_ahead && (self.unwritten.is_empty() || self.environment.store_has_room())
    }

    /// Whether there is something for the task to do.
    pub(super) fn has_news(&self, fired: bool) -> bool {
        // Both are taken, so that neither causes a second poll.
        self.port.take_news() | fired
    }

    /// Whether the task should be polled again at once.
    pub(super) fn wants_poll(&self) -> bool {
        self.task.is_some() && self.port.has_news() && self.may_run()
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
