//! `POST /api/v1/websocket/broadcast`: an operator tells all event sockets something, those that asked for one thing, or one
//! client alone.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::api::new_event::{Sender, TellEvent, read};
use super::super::body::JsonBody;
use super::super::decode::fault;
use super::super::error::{Code, PROBLEM_JSON, Problem, Told};
use super::super::route::{Route, routes};
use super::Done;
use crate::domain::event::{self, Event, NewEvent, Selector};
use crate::hub::messages::{Audience, BroadcastEvent, SendToClient, Sent};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![Broadcast => to_all, Broadcast => to_subscribers, Broadcast => to_client]
}

/// What was told, and to how many.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Delivered {
    /// The event.
    #[schema(value_type = Object)]
    event: Value,
    /// To how many sockets it was told.
    delivered_to: usize,
}

/// Tells every event socket something, whatever it asked for; filters apply. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/broadcast", tag = "connections",
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "It is told.", body = Done<Delivered>),
        (status = "4XX", description = "It was not told.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be told now.", body = Told, content_type = PROBLEM_JSON),
    ),
)]
async fn to_all(state: web::Data<State>, JsonBody(body): JsonBody) -> Result<HttpResponse, Problem> {
    publish(&state, read(&state, body, Sender::Operator).await?, Audience::Everybody).await
}

/// Tells something to the event sockets that asked for this, and to whoever listens to events of its type. Needs the
/// admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/broadcast/{subscription}", tag = "connections",
    params(("subscription" = String, Path, description = "What they asked for, word for word: `execution_{id}`, `crew_{id}`, `task_updates`, `queue`, `memory`, `system`, `global`, `metrics`, or a pattern such as `execution.*`.")),
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "It is told.", body = Done<Delivered>),
        (status = "4XX", description = "It was not told.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be told now.", body = Told, content_type = PROBLEM_JSON),
    ),
)]
async fn to_subscribers(
    state: web::Data<State>,
    subscription: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let Some(subscription) = Selector::parse(&subscription) else {
        let wrong = fault(&["path", "subscription"], "is nothing that can be asked for", "invalid_value");
        return Err(Problem::invalid(Code::InvalidPath, vec![wrong]));
    };
    publish(&state, read(&state, body, Sender::Operator).await?, Audience::SubscribersOf(subscription)).await
}

/// Tells something to one client of the event sockets and nobody else, whatever it asked for or leaves out; it is kept
/// nowhere. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/connections/{client_id}/send", tag = "connections",
    params(("client_id" = String, Path, description = "What it is called.")),
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "It is told, unless the client lags too far behind: then `delivered_to` is 0.", body = Done<Delivered>),
        (status = "4XX", description = "It was not told; with 404 there is no such client.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be told now.", body = Told, content_type = PROBLEM_JSON),
    ),
)]
async fn to_client(
    state: web::Data<State>,
    client_id: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let encoded = event::EncodedEvent::new(Event::now(read(&state, body, Sender::Operator).await?));
    let event = serde_json::from_slice(encoded.json()).unwrap_or_default();
    let send = SendToClient { client_id: client_id.as_str().into(), event: encoded };
    let delivered_to = match state.admin.ask(send).await? {
        Sent::Queued => 1,
        Sent::NoRoom => 0,
        Sent::Unknown => return Err(Code::UnknownClient.into()),
    };
    Ok(HttpResponse::Ok().json(Done::new(Delivered { event, delivered_to })))
}

async fn publish(state: &State, new_event: NewEvent, audience: Audience) -> Result<HttpResponse, Problem> {
    // What is kept is in the log first; those who listen to its type are told from there.
    let recorded = state.events.write(new_event).await.map_err(|_| Problem::from(Code::StoreUnavailable))?;
    let event = serde_json::from_slice(&recorded.json).unwrap_or_default();
    let delivered_to = state.admin.ask(BroadcastEvent { event: recorded, audience }).await?;
    Ok(HttpResponse::Ok().json(Done::new(Delivered { event, delivered_to })))
}
