//! What nodes wait for, as calls of the session.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, LocalBoxFuture};

use super::Workflow;
use crate::session::{ChildSpec, TaskContext, TaskError};
use crate::workflow::node::{Fetch, Fetched, NodeError, Reply, Work};
use crate::workflow::value::Value;

/// Asks other servers for nodes, within the limits of the settings.
pub trait Outside: Send + Sync + 'static {
    /// Does a request.
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Fetched, NodeError>>;
}

impl Workflow {
    /// Does work in a lane of its own: what it told, asked and gave is there after a restart. Computing is done again.
    pub(super) fn work(&self, work: Work, lane: TaskContext) -> LocalBoxFuture<'static, Result<Reply, NodeError>> {
        let limit = Duration::from_secs_f64(self.limits.work_timeout);
        match work {
            Work::Sleep(time) => async move {
                lane.sleep(time).await;
                Ok(Reply::Slept)
            }
            .boxed_local(),
            Work::Confirm(question) => async move { Ok(Reply::Confirmed(lane.confirm(question).await)) }.boxed_local(),
            Work::Ask(form) => {
                async move { lane.ask(form).await.map(Reply::Filled).map_err(|error| failed(&error)) }.boxed_local()
            }
            Work::Task { task, input, config } => async move {
                let spec = ChildSpec { task, input, config, ..ChildSpec::default() };
                let value = lane.child("task", spec).await;
                value.map(|json| Reply::Completed(Value::from(json))).map_err(|error| failed(&error))
            }
            .boxed_local(),
            Work::Fetch(fetch) => {
                let outside = self.outside.clone();
                async move {
                    let Some(outside) = outside else { return Err("this server asks no other servers".into()) };
                    let fetched = lane.step("fetch", || recorded(outside.fetch(fetch))).await;
                    fetched.map(Reply::Fetched).map_err(|error| failed(&error))
                }
                .boxed_local()
            }
            Work::Future(future) => async move {
                let future = async move { within(limit, future).await.map(|value| value.to_json()) };
                let value = lane.step("work", || recorded(future)).await;
                value.map(|json| Reply::Value(Value::from(json))).map_err(|error| failed(&error))
            }
            .boxed_local(),
            Work::Compute(compute) => async move {
                let computed =
                    async move { lane.blocking(compute).await.map_err(|_| NodeError::new("the node panicked"))? };
                within(limit, computed).await.map(Reply::Value)
            }
            .boxed_local(),
        }
    }
}

async fn recorded<T>(work: impl Future<Output = Result<T, NodeError>>) -> Result<T, TaskError> {
    work.await.map_err(TaskError::failed)
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, NodeError>>) -> Result<T, NodeError> {
    let late = |_| NodeError::new(format!("it took longer than {} s", limit.as_secs_f64()));
    tokio::time::timeout(limit, work).await.map_err(late)?
}

fn failed(error: &TaskError) -> NodeError {
    NodeError::new(error.to_string())
}
