//! What nodes wait for, as calls of the session.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::Workflow;
use crate::session::{ChildSpec, TaskContext, TaskError};
use crate::workflow::node::{NodeError, Reply, Work};
use crate::workflow::value::Value;

impl Workflow {
    /// Does work in a lane of its own: what it wrote, asked and gave is there after a restart. Computing is done again.
    pub(super) fn work(&self, work: Work, lane: TaskContext) -> LocalBoxFuture<'static, Result<Reply, NodeError>> {
        let worker = self.worker.clone();
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
            Work::Fetch(fetch) => async move {
                let fetched = lane.step("fetch", || recorded(worker.fetch(fetch))).await;
                fetched.map(Reply::Fetched).map_err(|error| failed(&error))
            }
            .boxed_local(),
            Work::Future(future) => async move {
                let future = async move { worker.future(future).await.map(|value| value.to_json()) };
                let value = lane.step("work", || recorded(future)).await;
                value.map(|json| Reply::Value(Value::from(json))).map_err(|error| failed(&error))
            }
            .boxed_local(),
            Work::Compute(compute) => async move { worker.compute(compute).await.map(Reply::Value) }.boxed_local(),
        }
    }
}

async fn recorded<T>(work: impl Future<Output = Result<T, NodeError>>) -> Result<T, TaskError> {
    work.await.map_err(TaskError::failed)
}

fn failed(error: &TaskError) -> NodeError {
    NodeError::new(error.to_string())
}
