//! `POST /tickets`: a ticket for a socket, as browsers can send no header with those.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::body::JsonBody;
use super::decode::Fields;
use super::error::{Code, Problem};
use super::route::{Route, routes};
use crate::auth::Principal;
use crate::auth::tickets::GOOD_FOR;

pub(super) fn routes() -> Vec<Route> {
    routes![IssueTicket => issue]
}

/// The most characters of a path.
const LONGEST_PATH: usize = 1024;

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct IssuedTicket {
    /// What to send, as the subprotocol `callboard.ticket.TICKET` or in the first message.
    ticket: String,
    /// Seconds for which it is good.
    expires_in: u64,
}

/// What a ticket is for.
#[derive(ToSchema)]
#[schema(as = NewTicket)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
struct NewTicketBody {
    /// The only path that it is good for, without a query, such as `/ws`; any without.
    #[schema(max_length = 1024)]
    path: Option<String>,
}

/// Issues a ticket: it lets whoever asked for it open one socket.
#[utoipa::path(
    post, path = "/tickets", tag = "connections",
    request_body(content = Option<NewTicketBody>),
    responses(
        (status = 200, description = "The ticket.", body = IssuedTicket),
        (status = "4XX", description = "None was issued."),
        (status = 503, description = "None can be issued now."),
    )
)]
async fn issue(
    state: web::Data<State>,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let path = decode(body)?;
    let ticket = state.tickets.issue(&Principal::of(&request), path).await?;
    Ok(HttpResponse::Ok().json(IssuedTicket { ticket, expires_in: GOOD_FOR.as_secs() }))
}

/// The path, without the query that a client may have left there.
fn decode(body: Option<Value>) -> Result<Option<String>, Problem> {
    let mut fields = Fields::of(body)?;
    let path = fields.text("path", LONGEST_PATH);
    if path.as_deref().is_some_and(|path| !path.starts_with('/')) {
        fields.fault(&["path"], "must begin with /", "invalid_value");
    }
    let faults = fields.finish();
    if !faults.is_empty() {
        return Err(Problem::invalid(Code::InvalidBody, faults));
    }
    Ok(path.map(|path| path.split('?').next().unwrap_or_default().to_owned()))
}
