//! `POST /api/v1/crews/{crew_id}/kickoff`: a crew begins its tasks, as a session.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::Fields;
use super::super::error::Problem;
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use super::super::sessions::callbacks::{NewCallback, callback};
use super::super::sessions::start::{decode, idempotency};
use super::crews::budget;
use super::executions::CREW;
use super::versioned_resource::problem;
use crate::agent::crew::{self, KIND};
use crate::auth::Principal;
use crate::crew::{BudgetLimits, Crew};
use crate::domain::id::{ExecutionId, SessionId};
use crate::domain::status::{OnDisconnect, Priority};
use crate::session::messages::Started;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![StartSession => kickoff]
}

/// What a crew begins with. Every field may be left out.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the fields are read one by one, so that all their faults are listed")]
pub(in crate::http) struct Kickoff {
    /// What `{topic}` and the like stand for in the texts of the crew and its agents.
    #[schema(value_type = Option<Object>)]
    inputs: (),
    /// What it may spend, where that is not what the crew says.
    budget: Option<BudgetLimits>,
    /// The folder of the settings that its agents may read.
    folder: Option<String>,
    /// How urgent it is.
    priority: Option<Priority>,
    /// The caller's own marks, to find it by; `crew` is the crew's id.
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

/// A crew that has begun.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct KickedOff {
    /// What it is called: as its starter wanted, else its session's id.
    #[schema(value_type = String)]
    execution_id: ExecutionId,
    /// Its session's id.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
}

/// Lets a crew begin its tasks; its session is in the store when the answer comes.
#[utoipa::path(
    post, path = "/api/v1/crews/{crew_id}/kickoff", tag = "crews",
    params(
        ("crew_id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gives the same execution back."),
    ),
    request_body(content = Option<Kickoff>),
    responses(
        (status = 202, description = "It has begun.", body = KickedOff),
        (status = "4XX", description = "It has not begun."),
        (status = 503, description = "It cannot begin now."),
    )
)]
async fn kickoff(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    id: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let route = format!("POST /api/v1/crews/{id}/kickoff");
    let idempotency = idempotency(&request, &route, body.as_ref())?;
    let roster = state.roster.of(principal.owner());
    let kept = roster.get::<Crew>(&id).await.map_err(problem::<Crew>)?;
    let mut fields = Fields::of(body)?;
    let inputs = fields.object("inputs").unwrap_or_default();
    let budget = budget(&mut fields);
    let folder = folder(&mut fields, &state);
    let name = kept.thing.name.clone();
    let plan = crew::with_agents(&roster, kept.thing).await.map_err(problem::<Crew>)?;
    for name in plan.missing_inputs(&inputs) {
        fields.fault(&["inputs", &name], "is missing: a text of the crew or its agents has it in braces", "missing");
    }
    let callback = callback(&mut fields, &state);
    fields.put("task", KIND.into());
    fields.put("input", input(&id, inputs, budget, folder));
    let mut spec = decode(fields, state.sessions.kinds(), state.settings.sessions.max_labels)?;
    spec.labels.insert(CREW.to_owned(), id.into_inner());
    spec.title.get_or_insert(name);
    spec.callback = callback;
    let started = state.sessions.start(&principal, spec, idempotency).await?;
    let Started { session_id, execution_id, .. } = started;
    Noted::session(&request, session_id);
    Ok(HttpResponse::Accepted().json(KickedOff { execution_id, session_id }))
}

/// What the crew's session works on.
fn input(id: &str, inputs: Map<String, Value>, budget: Option<BudgetLimits>, folder: Option<String>) -> Value {
    let mut input = json!({"crew_id": id, "inputs": inputs});
    if let Value::Object(fields) = &mut input {
        fields.extend(budget.map(|budget| ("budget".to_owned(), json!(budget))));
        fields.extend(folder.map(|folder| ("folder".to_owned(), folder.into())));
    }
    input
}

fn folder(fields: &mut Fields, state: &State) -> Option<String> {
    let folder = fields.text("folder", 64)?;
    if !state.settings.agents.folders.contains_key(&folder) {
        fields.fault(&["folder"], format!("{folder:?} is not among agents.folders of the settings"), "unknown_folder");
    }
    Some(folder)
}
