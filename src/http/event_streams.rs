//! The event sockets: which there are, and what may be asked of them.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use super::State;
use super::admission::admission;
use super::query::Query;
use super::route::{Route, routes, sockets};
use super::streams::{FrameForm, check_client_id, form};
use crate::connection::dialect::proto::DEFINITION;
use crate::connection::event_socket::{EventSocketRequest, Place};
use crate::event::Position;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = sockets![
        ReadEvents => execution,
        ReadEvents => crew,
        ListEvents => global,
        ReadMetrics => metrics,
        ListEvents => custom,
    ];
    routes.extend(routes![ReadDescription => definition]);
    routes
}

/// The events of one execution, which need not be there yet.
#[utoipa::path(
    get, path = "/api/v1/websocket/ws/executions/{execution_id}", tag = "events",
    params(("execution_id" = String, Path, pattern = "^[A-Za-z0-9_.-]{1,64}$", description = "What the execution is called, or is going to be."), Manner, FrameForm)
)]
pub(super) async fn execution(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let id = request.match_info().get("execution_id").unwrap_or_default().to_owned();
    upgrade(state, request, payload, Place::Execution(id)).await
}

/// The events of one crew, which need not be there yet.
#[utoipa::path(
    get, path = "/api/v1/websocket/ws/crews/{crew_id}", tag = "events",
    params(("crew_id" = String, Path, description = "The crew's id."), Manner, FrameForm)
)]
pub(super) async fn crew(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let id = request.match_info().get("crew_id").unwrap_or_default().to_owned();
    upgrade(state, request, payload, Place::Crew(id)).await
}

/// The events of every type.
#[utoipa::path(get, path = "/api/v1/websocket/ws/global", tag = "events", params(Manner, FrameForm))]
pub(super) async fn global(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    upgrade(state, request, payload, Place::Global).await
}

/// The server's own numbers, at once and then every second.
#[utoipa::path(get, path = "/api/v1/websocket/ws/metrics", tag = "events", params(Manner, FrameForm))]
pub(super) async fn metrics(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    upgrade(state, request, payload, Place::Metrics).await
}

/// What the client asks for, on the socket or in `subscriptions`.
#[utoipa::path(
    get, path = "/api/v1/websocket/ws/custom", tag = "events",
    params(
        ("subscriptions" = Option<String>, Query, description = "What it asks for at first, with commas in between."),
        Manner,
        FrameForm,
    )
)]
pub(super) async fn custom(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let listed = Query::of(request.query_string()).text("subscriptions").unwrap_or_default();
    let most = state.settings.connections.max_subscriptions;
    let words = listed.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
    let words: Vec<String> = words.take(most + 1).collect();
    upgrade(state, request, payload, Place::Custom(words)).await
}

/// The definition of what is sent with `format=protobuf`.
#[utoipa::path(
    get, path = "/events.proto", tag = "events",
    responses((status = 200, description = "The definition.", body = String, content_type = "text/plain"))
)]
pub(super) async fn definition() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(DEFINITION)
}

/// What every event socket may be asked.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what is read in another way, which keeps all faults")]
struct Manner {
    /// What the client is called; where that name is taken, `-2` or more is added.
    client_id: Option<String>,
    /// Ignored: a token has no place in an address.
    token: Option<String>,
    /// `EPOCH:SEQ`: all that is kept after this is sent first, and nothing overtakes anything.
    since: Option<String>,
    /// For how many milliseconds (1 to 1000) events are gathered, to be sent in one frame.
    batch_ms: Option<u64>,
}

async fn upgrade(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
    place: Place,
) -> Result<HttpResponse, actix_web::Error> {
    let admission = admission(&request)?;
    let asked = asked(request.query_string(), place, state.settings.connections.max_subscriptions);
    state.streams.event_socket(request, payload, asked, admission).await
}

/// What is asked; what is wrong with it is said on the socket, which goes on without that.
fn asked(query: &str, mut place: Place, most_subscriptions: usize) -> EventSocketRequest {
    let mut query = Query::of(query);
    if let Place::Custom(words) = &mut place
        && words.len() > most_subscriptions
    {
        query.fault("subscriptions", format!("may name at most {most_subscriptions}"), "too_long");
        words.clear();
    }
    let client_id = check_client_id(&mut query);
    let since = query.text("since").and_then(|text| {
        let read = text.parse::<Position>();
        read.map_err(|bad| query.fault("since", bad.to_string(), "wrong_type")).ok()
    });
    let batch = query.number("batch_ms", 1..=1000).map(Duration::from_millis);
    let form = form(&mut query);
    EventSocketRequest { place, client_id, since, batch, form, faults: query.into_words() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::dialect::socket::{Encoding, Form, Packing};

    #[test]
    fn what_is_asked_is_read_and_all_that_is_wrong_is_told() {
        let query = "client_id=a&since=e1:7&batch_ms=20&compression=gzip&format=protobuf&token=x";
        let expected = EventSocketRequest {
            place: Place::Global,
            client_id: Some("a".into()),
            since: "e1:7".parse().ok(),
            batch: Some(Duration::from_millis(20)),
            form: Form { encoding: Encoding::Protobuf, packing: Packing::Gzip },
            faults: Vec::new(),
        };
        assert_eq!(asked(query, Place::Global, 1), expected);
        let place = Place::Custom(vec!["queue".into(), "global".into()]);
        let wrong = asked("client_id=%01&since=7&batch_ms=0&compression=zip&format=xml", place, 1);
        let parameters: Vec<&str> = wrong.faults.iter().filter_map(|fault| fault.split(' ').nth(2)).collect();
        assert_eq!(parameters, ["subscriptions", "client_id", "since", "batch_ms", "compression", "format"]);
        let EventSocketRequest { place, client_id, since, batch, form, .. } = wrong;
        assert_eq!((place, client_id, since, batch), (Place::Custom(Vec::new()), None, None, None));
        assert_eq!(form, Form::default());
    }
}
