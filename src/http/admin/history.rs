//! `GET /api/v1/metrics/history`: the server's own numbers of the last hour, of several servers those of all together.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::Problem;
use super::super::query::Query;
use super::super::route::{Route, routes};
use crate::metrics::Snapshot;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadMetrics => history]
}

/// The longest time that is kept, in seconds.
const LONGEST: u64 = 3600;
/// Over a longer time only one snapshot out of [`THINNED`] is given: a page draws no more.
const WHOLE: u64 = 900;
const THINNED: usize = 4;
/// Seconds between two that are kept.
const INTERVAL: u64 = 5;

/// The server's own numbers over some time; of several servers, those of all together.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct MetricsHistory {
    /// Seconds between two of them.
    interval: u64,
    /// The oldest first. Those of a server that was started lately are few.
    #[schema(value_type = Vec<Snapshot>)]
    snapshots: Vec<Arc<Snapshot>>,
}

/// Tells the server's own numbers of the last minutes.
#[utoipa::path(
    get, path = "/api/v1/metrics/history", tag = "server",
    params(("seconds" = Option<u64>, Query, minimum = 1, maximum = 3600, description = "The last this many seconds; 900 if left out. Beyond 900, only every fourth snapshot is given.")),
    responses(
        (status = 200, description = "They were these.", body = MetricsHistory),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn history(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let seconds = query.number("seconds", 1..=LONGEST).unwrap_or(WHOLE);
    query.finish()?;
    let each = if seconds > WHOLE { THINNED } else { 1 };
    let interval = INTERVAL * each as u64;
    let snapshots = state.admin.numbers.history(seconds, each, interval as f64).await;
    Ok(HttpResponse::Ok().json(MetricsHistory { interval, snapshots }))
}
