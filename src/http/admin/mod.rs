//! What operators see and do about connections, under `/api/v1/websocket`, and the server's own numbers.

pub(super) mod broadcast;
pub(super) mod cluster;
mod connection_details;
pub(super) mod connections;
mod everywhere;
pub(super) mod health;
pub(super) mod history;
pub(super) mod trail;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix::Addr;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{Code, Problem};
use super::route::Route;
use crate::cluster::Cluster;
use crate::domain::time::Timestamp;
use crate::hub::Hub;
use crate::hub::numbers::AllNumbers;
pub(super) use connection_details::ShownConnection;
#[cfg(test)]
pub(super) use connection_details::ShownFilter;

/// What the handlers of operators are given. Clones share it.
#[derive(Clone)]
pub(crate) struct Admin {
    hub: Addr<Hub>,
    /// The server's own numbers.
    numbers: AllNumbers,
    /// When an operator last removed stale connections, in microseconds since the epoch; 0 before the first time.
    last_cleanup: Arc<AtomicI64>,
    /// The servers that are asked, too, where there are several.
    cluster: Option<Cluster>,
}

impl Admin {
    /// What looks after these connections.
    #[must_use]
    pub(crate) fn new(hub: Addr<Hub>, numbers: AllNumbers) -> Self {
        Self { hub, numbers, last_cleanup: Arc::default(), cluster: None }
    }

    /// The same, which asks these servers, too.
    #[must_use]
    pub(crate) fn in_cluster(self, cluster: Option<Cluster>) -> Self {
        Self { cluster, ..self }
    }

    fn has_cleaned_up(&self) {
        self.last_cleanup.store(Timestamp::now().as_micros(), Ordering::Relaxed);
    }

    fn last_cleanup(&self) -> Option<Timestamp> {
        Some(self.last_cleanup.load(Ordering::Relaxed)).filter(|micros| *micros != 0).map(Timestamp::from_micros)
    }

    /// Asks the hub.
    ///
    /// # Errors
    /// Where the server goes down.
    async fn ask<M>(&self, message: M) -> Result<M::Result, Problem>
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        Hub: actix::Handler<M>,
    {
        self.hub.send(message).await.map_err(|_| Code::ShuttingDown.into())
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// An answer to an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done<T> {
    /// Always `success`.
    status: &'static str,
    /// What was asked for.
    data: T,
}

impl<T> Done<T> {
    fn new(data: T) -> Self {
        Self { status: "success", data }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let all = [
        cluster::routes(),
        connections::routes(),
        broadcast::routes(),
        health::routes(),
        history::routes(),
        trail::routes(),
    ];
    all.into_iter().flatten().collect()
}
