//! `/api/v1/executions`: sessions, by the name that they have among events.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::client::{By, Execution};
use super::super::decode::Fields;
use super::super::error::Problem;
use super::super::query::{PageParams, Query};
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use super::super::sessions::callbacks::{NewCallback, callback};
use super::super::sessions::cancel::stop;
use super::super::sessions::list as sessions;
use super::super::sessions::representation::{SessionDetail, SessionRow};
use super::super::sessions::start::{decode, idempotency};
use crate::auth::Principal;
use crate::crew::{Crew, Error};
use crate::domain::id::{ExecutionId, SessionId};
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::domain::time::Timestamp;
use crate::session::messages::{Called, Started};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ListSessions => list, StartSession => start, ReadSession => show, CancelSession => cancel]
}

/// The label of a session that a crew does.
pub(super) const CREW: &str = "crew";

/// What to start.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are listed")]
pub(in crate::http) struct StartExecution {
    /// The task's name, see `GET /tasks`.
    task: String,
    /// The crew that it is for, which the events of the execution name.
    crew_id: Option<String>,
    /// What the task works on; the task's input schema says what it takes.
    #[schema(required = false)]
    input: serde_json::Value,
    /// How it works; the task's configuration schema says what it takes.
    #[schema(value_type = Option<Object>)]
    config: Option<()>,
    /// How urgent it is.
    priority: Option<Priority>,
    /// The caller's own marks, to find it by; `crew` is the crew's id, where there is one.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    labels: (),
    /// What happens when its last connection goes.
    on_disconnect: Option<OnDisconnect>,
    /// What it is to be called; else its session's id. No two are called the same.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$")]
    execution_id: (),
    /// Where its news is posted to.
    #[schema(value_type = Option<NewCallback>)]
    callback: (),
}

/// An execution that was started, or asked to stop.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ExecutionState {
    /// What it is called: as its starter wanted, else its session's id.
    #[schema(value_type = String)]
    execution_id: ExecutionId,
    /// Its session's id.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// The task's name; left out in the answer to a cancel.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    task: Option<String>,
    /// Where it stands.
    status: Status,
}

/// Some executions, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ExecutionPage {
    /// The executions.
    executions: Vec<ExecutionRow>,
    /// What to send as `cursor` to get older ones; null where there are none.
    next_cursor: Option<String>,
}

/// An execution in a list.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ExecutionRow {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    row: SessionRow,
}

/// All about an execution.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ExecutionDetail {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    detail: SessionDetail,
}

/// What a session is among events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionNames)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "ExecutionNames"))]
pub(in crate::http) struct About {
    /// What it is called: as its starter wanted, else its session's id.
    #[schema(value_type = String)]
    execution_id: ExecutionId,
    /// The crew that it is for.
    crew_id: Option<String>,
}

/// Starts an execution; it is in the store when the answer comes.
#[utoipa::path(
    post, path = "/api/v1/executions", tag = "executions",
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gives the same execution back."),
    ),
    request_body(content = StartExecution),
    responses(
        (status = 200, description = "It is started.", body = ExecutionState),
        (status = "4XX", description = "It was not started."),
        (status = 503, description = "It cannot be started now."),
    )
)]
async fn start(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let idempotency = idempotency(&request, "POST /api/v1/executions", body.as_ref())?;
    let mut fields = Fields::of(body)?;
    let crew = fields.text("crew_id", 64);
    if let Some(id) = &crew {
        match state.roster.of(principal.owner()).get::<Crew>(id).await {
            Ok(_) => {}
            Err(Error::Unknown) => fields.fault(&["crew_id"], "there is no crew with this id", "unknown_crew"),
            Err(error) => return Err(super::versioned_resource::problem::<Crew>(error)),
        }
    }
    if !fields.has("task") {
        fields.fault(&["task"], "is missing", "missing");
    }
    let callback = callback(&mut fields, &state);
    let mut spec = decode(fields, state.sessions.kinds(), state.settings.sessions.max_labels)?;
    spec.callback = callback;
    spec.labels.extend(crew.map(|id| (CREW.to_owned(), id)));
    let started = state.sessions.start(&principal, spec, idempotency).await?;
    let Started { session_id, execution_id, task, status } = started;
    Noted::session(&request, session_id);
    Ok(HttpResponse::Ok().json(ExecutionState { execution_id, session_id, task: Some(task), status }))
}

/// Lists executions, newest first.
#[utoipa::path(
    get, path = "/api/v1/executions", tag = "executions",
    params(
        ("status" = Option<String>, Query, description = "Only these, separated by commas or repeated: status words, `waiting`, `live` (not ended) or `ended`."),
        ("task" = Option<String>, Query, description = "Only those of this task."),
        ("crew_id" = Option<String>, Query, description = "Only those for this crew."),
        ("label" = Option<String>, Query, description = "Only those with this label, `key=value` or `key:value`; may be repeated."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = ExecutionPage),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(state: web::Data<State>, principal: Principal, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut wanted = sessions::decode(request.query_string(), state.settings.sessions.max_labels)?.list;
    let crew = Query::of(request.query_string()).text("crew_id");
    wanted.labels.extend(crew.map(|id| (CREW.to_owned(), id)));
    let (found, next_cursor) = sessions::page(&state, &principal, wanted).await?;
    let executions = found.into_iter().map(|row| ExecutionRow { about: About::of(&row), row }).collect();
    Ok(HttpResponse::Ok().json(ExecutionPage { executions, next_cursor }))
}

/// Shows all about an execution.
#[utoipa::path(
    get, path = "/api/v1/executions/{execution_id}", tag = "executions",
    params(("execution_id" = String, Path, pattern = "^[A-Za-z0-9_.-]{1,64}$", description = "What it is called, or its session's id.")),
    responses(
        (status = 200, description = "All about it.", body = ExecutionDetail),
        (status = 404, description = "There is none with this id."),
    )
)]
async fn show(
    state: web::Data<State>,
    principal: Principal,
    Execution(Called { session_id, .. }): Execution,
) -> Result<HttpResponse, Problem> {
    let detail = SessionDetail::new(*state.sessions.describe(&principal, session_id).await?, Timestamp::now());
    Ok(HttpResponse::Ok().json(ExecutionDetail { about: About::of(detail.row()), detail }))
}

/// Stops an execution, at whatever point it is, also twice and after its end.
#[utoipa::path(
    post, path = "/api/v1/executions/{execution_id}/cancel", tag = "executions",
    params(("execution_id" = String, Path, pattern = "^[A-Za-z0-9_.-]{1,64}$", description = "What it is called, or its session's id.")),
    request_body(content = Option<super::super::sessions::cancel::CancelSession>),
    responses(
        (status = 200, description = "It stops or has ended.", body = ExecutionState),
        (status = "4XX", description = "There is none with this id."),
    )
)]
async fn cancel(
    state: web::Data<State>,
    Execution(Called { session_id, execution_id }): Execution,
    By(principal): By,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let status = stop(&state, &principal, session_id, body).await?;
    Ok(HttpResponse::Ok().json(ExecutionState { execution_id, session_id, task: None, status }))
}

impl About {
    fn of(row: &SessionRow) -> Self {
        Self { execution_id: row.execution_id().clone(), crew_id: row.label(CREW).map(str::to_owned) }
    }
}
