//! What the store knows of a live workflow that comes back: how it runs, its inputs, what it has asked.
//!
//! One server brings back what starts by itself. Of several, whoever takes a slot brings back all that was live in it: for
//! that there is no difference between a server that has left and all having been stopped, so what was live when all
//! were stopped comes back too.
//!
//! At most one write is under way; the next one takes all that changed meanwhile. Whoever waits for a write is answered
//! from another thread than the executor's, which may be stuck.

use std::task::{Context as TaskContext, Waker};

use actix::{AsyncContext, Context, Handler, Message};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::Executor;
use super::messages::{EndReply, Fact, Reply};
use crate::store::Store;
use crate::workflow::kept::{Kept, write};
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::{Applied, Status};
use crate::workflow::refused::Refused;

/// Who waits until something is written, and what for.
pub(super) enum Waiting {
    /// A change of an input.
    Applied(Reply<Applied>, Applied),
    /// That it runs.
    Runs(Reply<Status>, Box<Status>),
    /// That it has ended.
    Ended(EndReply, Box<Status>),
    /// Another server goes on with it then.
    LetGo(oneshot::Sender<()>),
}

impl Waiting {
    fn answer(self, written: Result<(), Refused>) {
        // Whoever asked may be gone.
        match self {
            Waiting::Applied(reply, applied) => drop(reply.send(written.map(|()| applied))),
            Waiting::Runs(reply, status) => drop(reply.send(written.map(|()| *status))),
            Waiting::Ended(reply, status) => drop(reply.send(written.map(|()| Some(*status)))),
            Waiting::LetGo(reply) => drop(reply.send(())),
        }
    }
}

/// The writes of an executor.
#[derive(Default)]
pub(super) struct Keeper {
    waiting: Vec<Waiting>,
    is_writing: bool,
    /// Whether something has changed since the write that is under way began.
    has_changed: bool,
}

/// To itself: a write is done.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Written;

impl Executor {
    /// Whether the store has to know how the workflow runs.
    pub(super) fn is_kept(&self) -> bool {
        self.shared.store.cluster().is_some() || self.spec.borrow().comes_back()
    }

    /// Has the store know how the workflow runs now, and answers who waits once it does.
    pub(super) fn keep(&mut self, waiting: Option<Waiting>, ctx: &mut Context<Self>) {
        self.keeper.waiting.extend(waiting);
        self.keeper.has_changed = true;
        // Where another one goes on in its place, that one writes.
        if !self.keeper.is_writing && !self.leash.is_cut() {
            self.write(ctx);
        }
    }

    /// The same at the end: what waits for a write already is answered with this one, and nobody before the supervisor has
    /// heard of the end.
    pub(super) fn keep_at_the_end(&mut self, waiting: Option<Waiting>, end: Option<Fact>) {
        self.keeper.waiting.extend(waiting);
        let (writing, waiting) = (self.begin_write(), std::mem::take(&mut self.keeper.waiting));
        if let Some(end) = end {
            self.report_to_supervisor(end);
        }
        self.shared.session_arbiter.spawn(async move { answer(waiting, writing.await) });
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        self.keeper.is_writing = true;
        self.keeper.has_changed = false;
        let (writing, waiting) = (self.begin_write(), std::mem::take(&mut self.keeper.waiting));
        let executor = ctx.address();
        self.shared.session_arbiter.spawn(async move {
            answer(waiting, writing.await);
            executor.do_send(Written);
        });
    }

    /// Begins a write: the store has heard of it when this returns, so that writes keep their order.
    fn begin_write(&self) -> BoxFuture<'static, Result<(), Refused>> {
        let kept = {
            let spec = self.spec.borrow();
            let kept = || Kept {
                options: spec.options.clone(),
                inputs: spec.inputs.clone(),
                paused: None,
                asked: spec.asked.clone(),
                moves_by_steps: spec.is_paused,
            };
            (self.is_kept() && !self.has_ended).then(kept)
        };
        begin(self.shared.store.clone(), self.key.clone(), kept)
    }
}

/// Begins to write what is kept of a workflow, or to remove it: the store has heard of it when this returns.
pub(in crate::workflow) fn begin(
    store: Store,
    key: WorkflowKey,
    kept: Option<Kept>,
) -> BoxFuture<'static, Result<(), Refused>> {
    if let Some(cluster) = store.cluster()
        && !cluster.view().borrow().is_mine(key.slot())
    {
        // Whoever has the slot writes: this would undo what was changed or stopped there.
        return std::future::ready(Err(Refused::ShuttingDown)).boxed();
    }
    let mut writing = async move {
        let written = write(&store, &key, kept).await;
        written.map_err(|error| {
            log::error!(workflow_id:% = key.id, error:%; "what comes back after a restart could not be written");
            Refused::from(error)
        })
    }
    .boxed();
    match writing.poll_unpin(&mut TaskContext::from_waker(Waker::noop())) {
        std::task::Poll::Ready(written) => std::future::ready(written).boxed(),
        std::task::Poll::Pending => writing,
    }
}

fn answer(waiting: Vec<Waiting>, written: Result<(), Refused>) {
    waiting.into_iter().for_each(|waiting| waiting.answer(written.clone()));
}

impl Handler<Written> for Executor {
    type Result = ();

    fn handle(&mut self, _: Written, ctx: &mut Self::Context) {
        self.keeper.is_writing = false;
        if self.keeper.has_changed && !self.has_ended && !self.leash.is_cut() {
            self.write(ctx);
        }
    }
}
