//! `POST /cancel-task/{session_id}` and `POST /sessions/{session_id}/cancel`.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::client::{By, Subject};
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::route::{Route, routes};
use crate::auth::Principal;
use crate::domain::id::SessionId;
use crate::domain::status::Status;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![CancelSession => cancel_task, CancelSession => cancel_session]
}

/// Why to stop. The body may be left out.
#[derive(Debug, ToSchema)]
pub(in crate::http) struct CancelSession {
    /// The reason that `task_cancelled` tells.
    pub(in crate::http) reason: Option<String>,
}

/// Where a session stands after it was asked to stop.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct Stopped {
    /// The session.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// Its status; the final one where it had ended.
    status: Status,
}

/// Declares a route that cancels a session: it has two names, for two kinds of clients.
macro_rules! cancel_route {
    ($name:ident, $path:literal, $summary:literal) => {
        #[doc = $summary]
        #[utoipa::path(
                                            post, path = $path, tag = "sessions",
                                            params(("session_id" = String, Path, description = "The session's id.")),
                                            request_body(content = Option<CancelSession>),
                                            responses(
                                                (status = 200, description = "It stops or has ended.", body = Stopped),
                                                (status = "4XX", description = "There is no such session."),
                                            )
                                        )]
        async fn $name(
            state: web::Data<State>,
            Subject(session_id): Subject,
            By(principal): By,
            JsonBody(body): JsonBody,
        ) -> Result<HttpResponse, Problem> {
            cancel(&state, &principal, session_id, body).await
        }
    };
}

cancel_route!(
    cancel_task,
    "/cancel-task/{session_id}",
    "Stops a session, at whatever point it is, also twice and after its end."
);
cancel_route!(
    cancel_session,
    "/sessions/{session_id}/cancel",
    "Stops a session: the same as `POST /cancel-task/{session_id}`."
);

async fn cancel(
    state: &State,
    principal: &Principal,
    session_id: SessionId,
    body: Option<serde_json::Value>,
) -> Result<HttpResponse, Problem> {
    let status = stop(state, principal, session_id, body).await?;
    Ok(HttpResponse::Ok().json(Stopped { session_id, status }))
}

/// Stops a session, and gives where it stands then.
///
/// # Errors
/// Where there is none, or the body is wrong.
pub(in crate::http) async fn stop(
    state: &State,
    principal: &Principal,
    session_id: SessionId,
    body: Option<serde_json::Value>,
) -> Result<Status, Problem> {
    let CancelSession { reason } = super::answer::or_unknown(state, principal, session_id, decode(body)).await?;
    Ok(state.sessions.cancel(principal, session_id, reason).await?)
}

fn decode(body: Option<serde_json::Value>) -> Result<CancelSession, Problem> {
    let mut fields = Fields::of(body)?;
    let reason = fields.text("reason", 1000).filter(|reason| !reason.is_empty());
    let faults = fields.finish();
    if faults.is_empty() { Ok(CancelSession { reason }) } else { Err(Problem::invalid(Code::InvalidBody, faults)) }
}
