//! What nodes wait for that is neither time nor people: requests to servers, computing, other futures. All of it within
//! limits, so that no node can wait for ever or reach what it must not.

mod fetch;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use super::node::{Fetch, Fetched, NodeError};
use super::value::Value;
use crate::config::seconds;
use fetch::Client;

/// A computation that is done on a thread of its own.
pub(crate) type Computation = Box<dyn FnOnce() -> Result<Value, NodeError> + Send>;

/// Does what nodes wait for. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Worker {
    client: Arc<Client>,
    computations: Arc<Semaphore>,
    timeout: Duration,
}

impl Worker {
    /// A worker with these limits; `own` is the address that this server listens on.
    #[must_use]
    pub(crate) fn new(settings: &crate::workflow::Settings, own: Option<SocketAddr>) -> Self {
        Self {
            client: Arc::new(Client::new(settings, own)),
            computations: Arc::new(Semaphore::new(settings.max_computing)),
            timeout: seconds(settings.work_timeout),
        }
    }

    /// Asks a server.
    ///
    /// # Errors
    /// Where that is not allowed, the server cannot be reached, or it takes too long or answers too much.
    pub(crate) async fn fetch(&self, fetch: Fetch) -> Result<Fetched, NodeError> {
        self.in_time(self.client.fetch(fetch)).await
    }

    /// Waits for a future.
    ///
    /// # Errors
    /// Its own, or where it takes too long or panics.
    pub(crate) async fn future(
        &self,
        future: BoxFuture<'static, Result<Value, NodeError>>,
    ) -> Result<Value, NodeError> {
        let caught = AssertUnwindSafe(future).catch_unwind();
        self.in_time(async { caught.await.unwrap_or(Err(NodeError { message: "it panicked".into() })) }).await
    }

    /// Computes on another thread.
    ///
    /// # Errors
    /// Its own, or where it takes too long or panics: what it computes then is forgotten when it ends.
    pub(crate) async fn compute(&self, computation: Computation) -> Result<Value, NodeError> {
        let panicked = || Err(NodeError { message: "it panicked".into() });
        self.in_time(async { self.beside(computation).await.unwrap_or_else(panicked) }).await
    }

    /// Does something on another thread once one is free: all that computes for clients shares `workflows.max_computing`
    /// of them, those included that nobody waits for any more. Nothing where it panicked.
    pub(crate) async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let permit = Arc::clone(&self.computations).acquire_owned().await;
        let computed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        computed.await.ok()
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, NodeError>>) -> Result<T, NodeError> {
        let late = || NodeError::new(format!("it took longer than {} s", self.timeout.as_secs_f64()));
        tokio::time::timeout(self.timeout, work).await.unwrap_or_else(|_| Err(late()))
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(work_timeout: f64) -> Worker {
        Worker::new(&crate::workflow::Settings { work_timeout, ..Default::default() }, None)
    }

    #[actix::test]
    async fn a_computation_gives_its_value_or_its_error() {
        let worker = worker(10.0);
        assert_eq!(worker.compute(Box::new(|| Ok(Value::from(7)))).await, Ok(Value::from(7)));
        assert_eq!(worker.compute(Box::new(|| Err("no".into()))).await, Err("no".into()));
        assert_eq!(worker.compute(Box::new(|| panic!("on purpose"))).await, Err("it panicked".into()));
    }

    #[actix::test]
    async fn what_takes_too_long_is_given_up() {
        let worker = worker(0.1);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let late = worker.compute(Box::new(move || {
            // Ends with the test.
            let _ = ended.recv();
            Ok(Value::Null)
        }));
        assert_eq!(late.await.map_err(|error| error.to_string()), Err("it took longer than 0.1 s".into()));
        let never = worker.future(Box::pin(std::future::pending()));
        assert_eq!(never.await.map_err(|error| error.to_string()), Err("it took longer than 0.1 s".into()));
        drop(end);
    }

    #[actix::test]
    async fn a_future_that_panics_is_an_error() {
        let outcome = worker(10.0).future(Box::pin(async { panic!("on purpose") })).await;
        assert_eq!(outcome, Err("it panicked".into()));
    }
}
