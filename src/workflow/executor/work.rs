//! The work that nodes wait for: time, computing and requests on the executor's own thread or beside it, and errands.

use actix::{Addr, AsyncContext, Context};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Executor;
use super::errands::{Errands, run};
use super::messages::WorkEnded;
use crate::workflow::host::{Errand, What};
use crate::workflow::node::{NodeError, Reply, Work};
use crate::workflow::plan::{Job, JobId};

/// Work that is under way.
pub(super) enum Running {
    /// On this thread, or waited for by it.
    Here(JoinHandle<()>),
    /// In a session; the token takes it back.
    Errand(CancellationToken),
}

impl Executor {
    pub(super) fn start_work(&mut self, job: Job, ctx: &mut Context<Self>) {
        let Job { id, node, work } = job;
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
            Work::Task { task, input, config } => What::Task { task, input, config },
        };
        let (workflow_id, node_id) = (self.workflow_id.to_string(), self.plan.id(node).to_owned());
        let token = self.leash.errands.child_token();
        let errands = Errands { host: self.shared.host.clone(), executor: addr, job: id, token: token.clone() };
        self.shared.errands.spawn(run(errands, Errand { workflow_id, node_id, what }));
        self.jobs.insert(id, Running::Errand(token));
    }

    /// Nobody waits for this work any more.
    pub(super) fn drop_work(&mut self, job: JobId) {
        match self.jobs.remove(&job) {
            Some(Running::Here(task)) => task.abort(),
            Some(Running::Errand(token)) => token.cancel(),
            None => {}
        }
    }

    pub(super) fn drop_all_work(&mut self) {
        let jobs: Vec<JobId> = self.jobs.keys().copied().collect();
        jobs.into_iter().for_each(|job| self.drop_work(job));
    }

    fn here(&mut self, job: JobId, addr: Addr<Self>, work: impl Future<Output = Result<Reply, NodeError>> + 'static) {
        let task = actix::spawn(async move {
            let outcome = work.await;
            addr.do_send(WorkEnded { job, outcome });
        });
        self.jobs.insert(job, Running::Here(task));
    }
}
