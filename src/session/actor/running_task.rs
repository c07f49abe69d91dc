//! A task function that runs inside its session's actor.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use actix::AsyncContext;
use actix::fut::ActorFuture;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::secrets;
use crate::domain::context::Context;
use crate::domain::entry::{Custom, Entry, json_bytes, json_size, shorten};
use crate::domain::id::RequestId;
use crate::domain::request::{Confirmation, Form};
use crate::session::actor::Session;
use crate::session::actor::pending_rows::OnCommit;
use crate::session::actor::waker::TaskWaker;
use crate::session::calls::{Call, CallId, MadeCall};
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
        if self.task.is_some() || self.locked.is_some() || self.state.status().is_terminal() {
            return;
        }
        let Some(kind) = self.environment.kinds.get(&self.spec.task) else { return };
        let task = RunningTask::new(kind.as_ref(), self.channel.clone(), self.waker.clone());
        self.task = Some(actor.spawn(task));
    }

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
        for MadeCall { at, mut call } in self.channel.take_calls() {
            let sealed = self.mask_call(&mut call, &mask);
            if let Some(reason) =
                call.written(sealed.as_deref()).and_then(|(what, size)| self.channel.limits.too_large(what, size))
            {
                self.channel.fail(reason);
                continue;
            }
            self.make_call(at, call, sealed, actor);
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

    /// Does what a call of the task asks for.
    fn make_call(&mut self, at: CallId, call: Call, sealed: Option<String>, actor: &mut actix::Context<Self>) {
        let command = match call {
            Call::Stream { content, save_state } => return self.say(at, Entry::Stream { content }, save_state, actor),
            Call::Progress { done, total, label, save_state } => {
                return self.say(at, Entry::Progress { done, total, label }, save_state, actor);
            }
            Call::Emit { kind, data } => Command::Say { at, entry: Entry::Custom(Custom { kind, data }) },
            Call::Report { entry } => {
                let is_saved = entry.is_saved();
                return self.say(at, Entry::Agent(*entry), is_saved, actor);
            }
            Call::RequestConfirmation { message, timeout, default, context, answerers } => {
                let context = Box::new(self.context(context));
                let question = Confirmation { message, timeout, default, context, answerers };
                Command::Confirm { at, id: RequestId::random(), question }
            }
            Call::RequestUserInput { message, fields, timeout, default, context, answerers } => {
                let context = Box::new(self.context(context));
                let form = Form { message, fields, timeout, default, context, answerers };
                Command::Ask { at, id: RequestId::random(), form }
            }
            Call::OfferRetry { mut error } => {
                let context = self.context(None);
                shorten(&mut error, self.channel.limits.text_bytes().saturating_sub(json_bytes(&context)));
                Command::OfferRetry { at, id: RequestId::random(), error, context }
            }
            Call::Step { name, repeatable } => {
                self.on_commit.push(OnCommit::StepWritten(at.clone()));
                Command::BeginStep { at, name, repeatable }
            }
            Call::StepAgain => return self.on_commit.push(OnCommit::StepWritten(at)),
            Call::StepCompleted { outcome } => Command::EndStep { at, outcome, sealed },
            Call::Sleep { until } => Command::Sleep { at, until },
            Call::Child { name, spec } => return self.begin_child(at, name, *spec, actor),
            Call::Withdraw => {
                let awaited_children = self.errands.len() - usize::from(self.errands.contains_key(&at));
                Command::Withdraw { at, awaited_children }
            }
        };
        self.apply(command, actor);
    }

    /// What a question is about; it comes from where its session comes from, unless it says otherwise.
    fn context(&self, given: Option<Box<Context>>) -> Context {
        let mut context = given.map_or_else(Context::default, |context| *context);
        context.source = context.source.or_else(|| self.spec.source.clone());
        context
    }

    fn say(&mut self, at: CallId, entry: Entry, save_state: bool, actor: &mut actix::Context<Self>) {
        if save_state {
            self.apply(Command::Say { at, entry }, actor);
        } else {
            self.show_unsaved(at.lane.as_deref(), &entry);
        }
    }

    /// A task's result, as far as an entry has room for it.
    fn bounded(&self, result: TaskResult) -> TaskResult {
        match result {
            Ok(values) => match self.channel.limits.too_large("result", json_size(&values)) {
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

    /// Whether the task may go on: it is not too far ahead of the store.
    pub(crate) fn may_run(&self) -> bool {
        // A commit of its own rows is what wakes it, so one without any goes on.
        let far_ahead = self.pending_rows.bytes() > self.environment.settings.max_unwritten_bytes;
        !far_ahead && (self.pending_rows.is_empty() || self.environment.store_has_room())
    }

    /// Whether there is something for the task to do.
    fn takes_poll(&self, fired: bool) -> bool {
        // Both are taken, so that neither causes a second poll.
        self.channel.take_wants_poll() | fired
    }

    /// Whether the task should be polled again at once.
    pub(crate) fn wants_poll(&self) -> bool {
        self.task.is_some() && self.channel.wants_poll() && self.may_run()
    }
}

impl ActorFuture<Session> for RunningTask {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        session: &mut Session,
        actor: &mut actix::Context<Session>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let fired = self.waker.take_fired(context.waker());
        let mut done = Poll::Pending;
        if session.may_run() && session.takes_poll(fired) {
            let waker = self.waker.clone();
            let begun = Instant::now();
            let result = self.future.as_mut().poll(&mut std::task::Context::from_waker(waker.waker()));
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
