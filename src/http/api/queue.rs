//! `POST /api/v1/queue/clear`: stops all that waits for its turn.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::client::By;
use super::super::error::Problem;
use super::super::route::{Route, routes};
use crate::domain::event::{Kind, NewEvent};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ClearQueue => clear]
}

/// What became of the queue.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct QueueCleared {
    /// How many sessions were cancelled.
    cancelled: usize,
}

/// Cancels every session that waits for a permit to run. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/queue/clear", tag = "executions",
    responses(
        (status = 200, description = "They are cancelled.", body = QueueCleared),
        (status = "4XX", description = "It was not done."),
        (status = 503, description = "It cannot be done now."),
    ),
)]
async fn clear(state: web::Data<State>, By(principal): By) -> Result<HttpResponse, Problem> {
    let by = principal.name().unwrap_or_default();
    let cancelled = state.sessions.clear_queue(&format!("The queue was cleared by {by}.")).await?;
    state.events.record(NewEvent::new(Kind::QueueCleared).with("cancelled", cancelled).with("by", by));
    Ok(HttpResponse::Ok().json(QueueCleared { cancelled }))
}
