//! `POST /api/v1/websocket/broadcast`: an operator sends an event to all event sockets, to those subscribed to one topic, or to one
//! client alone.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::api::new_event::{Sender, TellEvent, read};
use super::super::body::JsonBody;
use super::super::decode::fault;
use super::super::error::{Code, Problem};
use super::super::route::{Route, routes};
use super::Done;
use crate::domain::event::{self, Event, NewEvent, Selector};
use crate::domain::owner::Owner;
use crate::hub::messages::{Audience, BroadcastEvent, SendToClient, Sent};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![Broadcast => to_all, Broadcast => to_subscribers, Broadcast => to_client]
}

/// What was sent, and to how many.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Delivered {
    /// The event.
    #[schema(value_type = Object)]
    event: Value,
    /// To how many sockets it was sent.
    delivered_to: usize,
}

/// Sends an event to every event socket, whatever it subscribed to; filters apply. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/broadcast", tag = "connections",
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "It is sent.", body = Done<Delivered>),
        (status = "4XX", description = "It was not sent."),
        (status = 503, description = "It cannot be sent now."),
    ),
)]
async fn to_all(state: web::Data<State>, JsonBody(body): JsonBody) -> Result<HttpResponse, Problem> {
    publish(&state, read(&state, body, Sender::Operator).await?, Audience::Everybody).await
}

/// Sends an event to the sockets subscribed to this topic, and to whoever listens to events of its type. Needs the
/// admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/broadcast/{subscription}", tag = "connections",
    params(("subscription" = String, Path, description = "What they asked for, word for word: `execution_{id}`, `crew_{id}`, `task_updates`, `queue`, `requests`, `memory`, `system`, `global`, `metrics`, or a pattern such as `execution.*`.")),
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "It is sent.", body = Done<Delivered>),
        (status = "4XX", description = "It was not sent."),
        (status = 503, description = "It cannot be sent now."),
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

/// Sends an event to one client of the event sockets and nobody else, whatever it subscribed to or filters out; it is kept
/// nowhere. Needs the admin token beyond this machine.
#[utoipa::path(
    post, path = "/api/v1/websocket/connections/{client_id}/send", tag = "connections",
    params(("client_id" = String, Path, description = "What it is called.")),
    request_body(content = TellEvent),
    responses(
        (status = 200, description = "It is sent, unless the client lags too far behind: then `delivered_to` is 0.", body = Done<Delivered>),
        (status = "4XX", description = "It was not sent; 404: there is no such client."),
        (status = 503, description = "It cannot be sent now."),
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
    let delivered_to = match state.admin.send(send).await? {
        Sent::Queued => 1,
        Sent::NoRoom => 0,
        Sent::Unknown => return Err(Code::UnknownClient.into()),
    };
    Ok(HttpResponse::Ok().json(Done::new(Delivered { event, delivered_to })))
}

async fn publish(state: &State, new_event: NewEvent, audience: Audience) -> Result<HttpResponse, Problem> {
    // What is kept is in the log first; those who listen to its type get it from there.
    let recorded =
        state.events.write(Owner::SERVER, new_event).await.map_err(|_| Problem::from(Code::StoreUnavailable))?;
    let event = serde_json::from_slice(&recorded.json).unwrap_or_default();
    let delivered_to = state.admin.broadcast(BroadcastEvent { event: recorded, audience }).await?;
    Ok(HttpResponse::Ok().json(Done::new(Delivered { event, delivered_to })))
}
