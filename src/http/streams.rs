//! What is not a request with an answer: the WebSocket and the event stream of a session.

use actix_web::{HttpRequest, HttpResponse, web};
use futures::future::LocalBoxFuture;

use super::State;
use super::admission::{Admission, admission};
use super::query::Query;
use super::route::{Route, sockets};
use crate::config::seconds;
use crate::connection::dialect::socket::{Encoding, Form, Packing};
use crate::connection::event_socket::EventSocketRequest;
use crate::connection::{AuditRequest, SessionRequest, WorkflowsRequest};
use crate::domain::id::SessionId;
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;

pub(super) fn routes() -> Vec<Route> {
    sockets![ReadAudit => audit, ReadSession => socket, ReadWorkflow => workflows]
}

/// What serves WebSockets and event streams.
pub(crate) trait Streams {
    /// Upgrades a request to the WebSocket of a session.
    ///
    /// The id need not be one and the client may not be admitted: both are said on the socket, as a browser cannot
    /// see an HTTP status.
    fn socket(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: SessionRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>>;

    /// Upgrades a request to the WebSocket of an audit, whose id need not be one.
    fn audit(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: AuditRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>>;

    /// Upgrades a request to the WebSocket of workflows. A workflow that is unknown gets an error on the socket.
    fn workflows(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: WorkflowsRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>>;

    /// Follows a workflow that stands like this, as server-sent events: what was missed since a place, or else how it
    /// stands, and then what happens.
    ///
    /// # Errors
    /// Where there are too many connections or the server goes down.
    fn workflow_events(
        &self,
        request: HttpRequest,
        standing: (WorkflowKey, Status),
        since: Option<u64>,
    ) -> Result<HttpResponse, actix_web::Error>;

    /// Upgrades a request to an event socket. What is wrong with an id is said on the socket.
    fn event_socket(
        &self,
        request: HttpRequest,
        payload: web::Payload,
        asked: EventSocketRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>>;

    /// Follows a session that is known, as server-sent events: its entries after `since`, all of them where it is 0.
    fn events(
        &self,
        request: HttpRequest,
        session_id: SessionId,
        since: u64,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>>;
}

/// Upgrades to the WebSocket of a session; see `/asyncapi.json` for what is said on it.
#[utoipa::path(
    get, path = "/ws/{session_id}", tag = "sessions",
    params(
        ("session_id" = String, Path, description = "The session's id."),
        ("since" = Option<u64>, Query, format = "uint64", description = "The last `seq` that the client has."),
        ("client_id" = Option<String>, Query, max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", description = "What the client calls itself; shown with its answers."),
        FrameForm,
    )
)]
pub(super) async fn socket(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let admission = admission(&request)?;
    let mut query = Query::of(request.query_string());
    let since = query.number("since", 0..=u64::MAX);
    check_client_id(&mut query);
    let form = form(&mut query);
    let session_id = request.match_info().get("session_id").unwrap_or_default().to_owned();
    let asked = SessionRequest { session_id, since, form, faults: query.into_words() };
    state.streams.socket(request, payload, asked, admission).await
}

/// Upgrades to the WebSocket of an audit; see `/asyncapi.json` for what is said on it.
#[utoipa::path(
    get, path = "/ws/audit/{audit_id}", tag = "audits",
    params(
        ("audit_id" = String, Path, description = "The audit's id. Its socket may be opened before it starts."),
        ("client_id" = Option<String>, Query, max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", description = "What the client calls itself; shown when it cancels."),
        FrameForm,
    )
)]
pub(super) async fn audit(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let admission = admission(&request)?;
    let mut query = Query::of(request.query_string());
    check_client_id(&mut query);
    let form = form(&mut query);
    let audit_id = request.match_info().get("audit_id").unwrap_or_default().to_owned();
    let wait = seconds(state.settings.audits.wait_for_start);
    let asked = AuditRequest { audit_id, wait, form, faults: query.into_words() };
    state.streams.audit(request, payload, asked, admission).await
}

/// Upgrades to the WebSocket of workflows; see `/asyncapi.json` for what is said on it.
#[utoipa::path(
    get, path = "/ws", tag = "workflows",
    params(
        ("workflow" = Option<String>, Query, max_length = 64, description = "The workflow's id; all are watched without it."),
        ("since" = Option<u64>, Query, format = "uint64", description = "With `workflow`: the last `seq` that the client has. It is sent what it has missed, or `execution_status` with `gap`."),
        ("client_id" = Option<String>, Query, max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", description = "What the client calls itself; shown with what it changes."),
        FrameForm,
    )
)]
pub(super) async fn workflows(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let admission = admission(&request)?;
    let mut query = Query::of(request.query_string());
    let workflow_id = query.text("workflow");
    let since = query.number("since", 0..=u64::MAX);
    check_client_id(&mut query);
    let form = form(&mut query);
    let asked = WorkflowsRequest { workflow_id, since, form, faults: query.into_words() };
    state.streams.workflows(request, payload, asked, admission).await
}

/// The form of the frames, which every socket may be asked for.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `form` reads, which keeps all faults")]
pub(super) struct FrameForm {
    /// `gzip`: frames over 1 KiB are binary and compressed.
    compression: Option<String>,
    /// `json`, or `protobuf` for binary frames as in `/events.proto`.
    format: Option<String>,
}

/// The form of the frames that a socket asks for: `?compression=` and `?format=`.
pub(super) fn form(query: &mut Query<'_>) -> Form {
    let packing = match query.text("compression").as_deref() {
        None | Some("none") => Packing::Plain,
        Some("gzip") => Packing::Gzip,
        Some(_) => {
            query.fault("compression", "must be gzip or none", "invalid_value");
            Packing::Plain
        }
    };
    let encoding = match query.text("format").as_deref() {
        None | Some("json") => Encoding::Json,
        Some("protobuf") => Encoding::Protobuf,
        Some(_) => {
            query.fault("format", "must be json or protobuf", "invalid_value");
            Encoding::Json
        }
    };
    Form { encoding, packing }
}

pub(super) fn check_client_id(query: &mut Query<'_>) -> Option<String> {
    let client_id = query.text("client_id");
    let is_well = |id: &String| id.chars().count() <= 64 && !id.chars().any(char::is_control);
    if !client_id.as_ref().is_none_or(is_well) {
        query.fault("client_id", "must have at most 64 characters, none of them a control character", "invalid_value");
    }
    client_id.filter(is_well)
}
