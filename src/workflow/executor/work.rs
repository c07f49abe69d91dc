//! The work that nodes wait for: time, computing and requests on the executor's own thread or beside it, and in sessions.

use actix::{Addr, AsyncContext, Context};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Executor;
use super::messages::WorkEnded;
use super::session_work::{Asking, run};
use crate::workflow::context::{Names, explain};
use crate::workflow::host::{SessionWork, What};
use crate::workflow::node::{NodeError, Reply, Work};
use crate::workflow::plan::{Job, JobId};

/// Work that is under way.
pub(super) enum Running {
    /// On this thread, or waited for by it.
    Here(JoinHandle<()>),
    /// In a session.
    SessionWork(Outside),
}

/// Work that is under way in a session.
pub(super) struct Outside {
    /// The node that waits for it.
    pub(super) node_id: String,
    /// Takes it back, for this reason; where it is dropped, the session stays.
    leave: oneshot::Sender<&'static str>,
}

impl Executor {
    pub(super) fn start_work(&mut self, job: Job, ctx: &mut Context<Self>) {
        let Job { id, node, mut work } = job;
        let about = || {
            let spec = self.spec.borrow();
            let names = Names::of(&spec.definition.graph, Some(&spec.definition.name));
            names.context(Some(&self.workflow_id), &self.plan, node)
        };
        explain(&mut work, about);
        let worker = self.shared.worker.clone();
        let addr = ctx.address();
        let what = match work {
            Work::Sleep(time) => {
                return self.here(id, addr, async move {
                    sleep(time).await;
                    Ok(Reply::Slept)
                });
            }
            Work::Fetch(fetch) => {
                return self.here(id, addr, async move { worker.fetch(fetch).await.map(Reply::Fetched) });
            }
            Work::Future(future) => {
                return self.here(id, addr, async move { worker.future(future).await.map(Reply::Value) });
            }
            Work::Compute(compute) => {
                return self.here(id, addr, async move { worker.compute(compute).await.map(Reply::Value) });
            }
            Work::Confirm(question) => What::Confirm(question),
            Work::Ask(form) => What::Ask(form),
            Work::Task { task, input, config } => What::Task { task, input, config, source: about().source },
        };
        let (workflow_id, node_id) = (self.workflow_id.to_string(), self.plan.id(node).to_owned());
        let (leave, left) = oneshot::channel();
        let given_up = self.leash.session_work.clone();
        let asking = Asking { host: self.shared.host.clone(), executor: addr, job: id, left, given_up };
        let key = self.spec.borrow().asked.key(&workflow_id, &node_id);
        let owner = self.key.owner.clone();
        let work = SessionWork { owner, workflow_id, node_id: node_id.clone(), what, key };
        self.shared.session_arbiter.spawn(run(asking, work));
        self.jobs.insert(id, Running::SessionWork(Outside { node_id, leave }));
    }

    /// Nobody waits for this work any more.
    pub(super) fn drop_work(&mut self, job: JobId, reason: &'static str, ctx: &mut Context<Self>) {
        match self.jobs.remove(&job) {
            Some(Running::Here(task)) => task.abort(),
            Some(Running::SessionWork(work)) => {
                // What has ended already need not be taken back.
                let _ = work.leave.send(reason);
                self.end_session_work(&work.node_id, ctx);
            }
            None => {}
        }
    }

    /// What a node asked of a session has come to an end: what it asks next is something else.
    pub(super) fn end_session_work(&mut self, node_id: &str, ctx: &mut Context<Self>) {
        self.spec.send_modify(|spec| spec.asked.end(node_id));
        if self.is_kept() && !self.has_ended {
            self.keep(None, ctx);
        }
    }

    pub(super) fn drop_all_work(&mut self, reason: &'static str, ctx: &mut Context<Self>) {
        let jobs: Vec<JobId> = self.jobs.keys().copied().collect();
        jobs.into_iter().for_each(|job| self.drop_work(job, reason, ctx));
    }

    fn here(&mut self, job: JobId, addr: Addr<Self>, work: impl Future<Output = Result<Reply, NodeError>> + 'static) {
        let task = actix::spawn(async move {
            let outcome = work.await;
            addr.do_send(WorkEnded { job, outcome });
        });
        self.jobs.insert(job, Running::Here(task));
    }
}
