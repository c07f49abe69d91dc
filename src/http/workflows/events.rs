//! `GET /workflows/{workflow_id}/events`: what happens to a workflow, as server-sent events.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use super::super::State;
use super::super::error::Problem;
use super::super::query::Query;
use super::super::route::{Route, routes};
use super::super::sessions::events::{EVENT_STREAM, last_event_id};
use super::live::standing;
use super::request::Named;
use crate::auth::Principal;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadWorkflow => events]
}

/// Follows a workflow: the messages of `/ws?workflow=ID` as server-sent events, with their `seq` as `id`.
#[utoipa::path(
    get, path = "/workflows/{workflow_id}/events", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        ("since" = Option<u64>, Query, format = "uint64", description = "The last `seq` that the client has: it is sent what it has missed, or `execution_status` with `gap`."),
        ("Last-Event-ID" = Option<u64>, Header, format = "uint64", description = "The same as `since`."),
    ),
    responses(
        (status = 200, description = "What happens.", content((String = "text/event-stream"))),
        (status = "4XX", description = "There is no such workflow, or the query is wrong."),
        (status = 503, description = "It cannot be followed now."),
    )
)]
async fn events(
    state: web::Data<State>,
    request: HttpRequest,
    Named(id): Named,
) -> Result<HttpResponse, actix_web::Error> {
    let mut query = Query::of(request.query_string());
    let since = query.number("since", 0..=u64::MAX);
    query.finish()?;
    let since = last_event_id(&request)?.or(since);
    let standing = standing(&state, &Principal::of(&request), &id).await.map_err(Problem::from)?;
    if request.method() == Method::HEAD {
        return Ok(HttpResponse::Ok().content_type(EVENT_STREAM).finish());
    }
    state.streams.workflow_events(request, standing, since)
}
