//! The work that nodes wait for: time, computing and requests on the executor's own thread or beside it, and errands.

use std::time::Duration;

use actix::{Addr, AsyncContext, Context};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Executor;
use super::errands::{Errands, run};
use super::messages::WorkEnded;
use crate::config::seconds;
use crate::workflow::host::{Errand, What};
use crate::workflow::node::{NodeError, Reply, Work};
use crate::workflow::plan::{Job, JobId};
use crate::workflow::value::Value;

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
        let limit = seconds(self.shared.limits.work_timeout);
        let addr = ctx.address();
        let what = match work {
            Work::Sleep(time) => {
                return self.here(id, addr, async move {
                    sleep(time).await;
                    Ok(Reply::Slept)
                });
            }
            Work::Fetch(fetch) => {
                let fetched = self.shared.host.fetch(fetch);
                return self.here(id, addr, async move { within(limit, fetched).await.map(Reply::Fetched) });
            }
            Work::Future(future) => {
                return self.here(id, addr, async move { within(limit, future).await.map(Reply::Value) });
            }
            Work::Compute(compute) => {
                return self.here(id, addr, async move { within(limit, computed(compute)).await.map(Reply::Value) });
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

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, NodeError>>) -> Result<T, NodeError> {
    let late = |_| Err(NodeError::new(format!("it took longer than {} s", limit.as_secs_f64())));
    timeout(limit, work).await.unwrap_or_else(late)
}

async fn computed(compute: Box<dyn FnOnce() -> Result<Value, NodeError> + Send>) -> Result<Value, NodeError> {
    tokio::task::spawn_blocking(compute).await.unwrap_or_else(|_| Err(NodeError::new("what it computed panicked")))
}
