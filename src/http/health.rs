//! How the server does: `/health`, `/livez`, `/readyz` and `/metrics`.

use std::time::Instant;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{Code, Problem};
use super::route::{Route, routes};
use super::{Lifecycle, State};
use crate::store::{Health, View};

pub(super) fn routes() -> Vec<Route> {
    routes![CheckHealth => health, CheckHealth => livez, CheckHealth => readyz, ReadMetrics => metrics]
}

/// How the server does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerHealth {
    /// `healthy`; `draining` while it goes down; `unhealthy` while the store fails.
    status: &'static str,
    /// The server's version.
    version: &'static str,
    /// Seconds since it was started.
    uptime_seconds: f64,
    /// `well` or `failing`.
    store: &'static str,
}

/// That the server lives, or is ready.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Probe {
    /// `alive` or `ready`.
    status: &'static str,
}

/// Reports the health of the server; with status 503 while its store fails.
#[utoipa::path(
    get, path = "/health", tag = "server",
    responses(
        (status = 200, description = "It works.", body = ServerHealth),
        (status = 503, description = "Its store fails.", body = ServerHealth),
    )
)]
async fn health(state: web::Data<State>) -> HttpResponse {
    let well = state.sessions.store().health() == Health::Well;
    let draining = *state.lifecycle.borrow() == Lifecycle::Draining;
    let status = match (well, draining) {
        (false, _) => "unhealthy",
        (true, true) => "draining",
        (true, false) => "healthy",
    };
    let body = ServerHealth {
        status,
        version: super::VERSION,
        uptime_seconds: state.started.elapsed().as_secs_f64(),
        store: if well { "well" } else { "failing" },
    };
    if well { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// Says that the process answers.
#[utoipa::path(
    get, path = "/livez", tag = "server",
    responses((status = 200, description = "It does.", body = Probe))
)]
async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(Probe { status: "alive" })
}

/// Says whether the server takes work.
#[utoipa::path(
    get, path = "/readyz", tag = "server",
    responses(
        (status = 200, description = "It does.", body = Probe),
        (status = 503, description = "It goes down, or its store fails."),
    )
)]
async fn readyz(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    match *state.lifecycle.borrow() {
        Lifecycle::Draining => return Err(Code::ShuttingDown.into()),
        Lifecycle::Serving => {}
    }
    if state.sessions.cluster().is_some_and(|cluster| !is_in(&cluster.view())) {
        return Err(Code::StoreUnavailable.into());
    }
    match state.sessions.store().health() {
        Health::Well => Ok(HttpResponse::Ok().json(Probe { status: "ready" })),
        Health::Failing { .. } => Err(Code::StoreUnavailable.into()),
    }
}

/// Whether this server surely belongs to the others, and reaches what it shares with them.
fn is_in(view: &View) -> bool {
    view.is_certain(Instant::now()) && view.lag.is_some()
}

/// The metrics, in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "server",
    responses((status = 200, description = "The metrics.", body = String, content_type = "text/plain"))
)]
async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body((state.metrics)())
}
