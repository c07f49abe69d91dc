//! `POST /api/v1/events`: publishes an event of a user-defined type.

use actix_web::{HttpResponse, web};

use super::super::State;
use super::super::body::JsonBody;
use super::super::error::{PROBLEM_JSON, Problem, ProblemDetails};
use super::super::route::{Route, routes};
use super::events::DescribedEvent;
use super::new_event::{Sender, TellEvent, read};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![PublishEvent => publish]
}

/// Publishes an event; it is kept when the answer comes, and has its place among all events. Needs the admin token beyond
/// this machine.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events",
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "The event.", body = DescribedEvent),
        (status = "4XX", description = "It was not published.", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be kept now.", body = ProblemDetails, content_type = PROBLEM_JSON),
    ),
)]
async fn publish(state: web::Data<State>, JsonBody(body): JsonBody) -> Result<HttpResponse, Problem> {
    let event = read(&state, body, Sender::Publisher).await?;
    let recorded = state.events.write(event).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(recorded.json))
}
