//! A task function that runs inside its session's actor.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix::fut::ActorFuture;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::actor::Session;
use super::context::TaskContext;
use super::kind::{TaskError, TaskKind, TaskResult};
use super::port::Port;
use super::wake::TaskWaker;

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
            Err(panic) => Err(TaskError::Failed(format!("the task panicked: {}", words(&*panic)))),
        });
        Self { future: Box::pin(future), waker }
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
            let result = self.future.as_mut().poll(&mut Context::from_waker(waker.waker()));
            done = session.absorb(result, actor);
        }
        session.flush();
        if session.wants_poll() {
            context.waker().wake_by_ref();
        }
        done
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
