//! `GET /api/v1/websocket/health`: how the event sockets do, for whoever watches the server.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::error::Problem;
use super::super::route::{Route, routes};
use super::super::{Lifecycle, State};
use crate::store::Health;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![CountConnections => health]
}

/// How the event sockets do.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SocketHealth {
    /// `healthy`; `draining` while the server goes down; `unhealthy` while its store fails.
    status: &'static str,
    /// How many sockets receive events.
    active_connections: usize,
    /// Messages that were sent on all connections since the start of the server.
    total_messages_sent: u64,
    /// Seconds since the server was started.
    uptime_seconds: f64,
    /// When stale connections were last removed by an operator (RFC 3339); null where they never were.
    last_cleanup: Option<String>,
}

/// Reports the health of the event sockets.
#[utoipa::path(
    get, path = "/api/v1/websocket/health", tag = "connections",
    responses(
        (status = 200, description = "They do like this.", body = SocketHealth),
        (status = 503, description = "The server goes down."),
    )
)]
async fn health(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let (all, numbers) = futures::join!(state.admin.connections(), state.admin.numbers.snapshot());
    let all = all?;
    let open: u64 = all.iter().map(|one| one.passed.messages_out).sum();
    let is_draining = *state.lifecycle.borrow() == Lifecycle::Draining;
    let status = match state.sessions.store().health() {
        Health::Failing { .. } => "unhealthy",
        Health::Well if is_draining => "draining",
        Health::Well => "healthy",
    };
    Ok(HttpResponse::Ok().json(SocketHealth {
        status,
        active_connections: all.iter().filter(|one| one.listening.is_some()).count(),
        // The whole count is up to a second old: what open connections were sent may be more.
        total_messages_sent: numbers.messages_sent.max(open),
        uptime_seconds: state.started.elapsed().as_secs_f64(),
        last_cleanup: state.admin.last_cleanup().map(|moment| moment.to_rfc3339()),
    }))
}
