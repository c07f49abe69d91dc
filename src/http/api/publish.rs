//! `POST /api/v1/events`: publishes an event of a user-defined type.

use actix_web::{HttpResponse, web};

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::fault;
use super::super::error::{Code, Problem};
use super::super::route::{Route, routes};
use super::events::DescribedEvent;
use super::new_event::{Sender, TellEvent, read};
use super::versioned_resource::problem;
use crate::auth::Principal;
use crate::crew::{Crew, Error};
use crate::domain::event::NewEvent;
use crate::session::messages::Refused;

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
        (status = "4XX", description = "It was not published."),
        (status = 503, description = "It cannot be kept now."),
    ),
)]
async fn publish(
    state: web::Data<State>,
    principal: Principal,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let event = read(&state, body, Sender::Publisher).await?;
    check_subject(&state, &principal, &event).await?;
    let recorded = state.events.write(principal.owner().clone(), event).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(recorded.json))
}

/// Whoever is known says nothing about what is not theirs: an operator would take it for what happened there.
async fn check_subject(state: &State, principal: &Principal, event: &NewEvent) -> Result<(), Problem> {
    if principal.owner().is_server() {
        return Ok(());
    }
    let mut faults = Vec::new();
    if let Some(id) = &event.execution_id {
        match state.sessions.called(principal, id.clone()).await {
            Ok(_) => {}
            Err(Refused::UnknownSession) => {
                faults.push(fault(
                    &["body", "execution_id"],
                    "there is no execution with this id",
                    "unknown_execution",
                ));
            }
            Err(refused) => return Err(refused.into()),
        }
    }
    if let Some(id) = &event.crew_id {
        match state.roster.of(principal.owner()).get::<Crew>(id).await {
            Ok(_) => {}
            Err(Error::Unknown) => {
                faults.push(fault(&["body", "crew_id"], "there is no crew with this id", "unknown_crew"));
            }
            Err(error) => return Err(problem::<Crew>(error)),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(Code::InvalidBody, faults)) }
}
