//! `/api/v1/agents`: those who do tasks in crews.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::Fields;
use super::super::error::{Code, PROBLEM_JSON, Problem, Told};
use super::super::route::{Route, routes};
use super::things::{self, Resource};
use crate::crew::{Agent, AgentKind, Kept};
use crate::domain::event::{Happening, Kind};
use crate::domain::time::Timestamp;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ListCrews => list, CreateCrew => create, ReadCrew => show, UpdateCrew => save, DeleteCrew => remove]
}

/// Some agents, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct AgentPage {
    /// The agents.
    agents: Vec<StoredAgent>,
    /// What to send as `cursor` to get those after them; null where there are none.
    next_cursor: Option<String>,
}

/// An agent, as it is stored. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct StoredAgent {
    /// Its id.
    id: String,
    /// Counts up from 1 with every change.
    version: u64,
    /// When it was made.
    #[schema(value_type = f64)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = f64)]
    updated_at: Timestamp,
    #[serde(flatten)]
    agent: Agent,
}

impl From<Kept<Agent>> for StoredAgent {
    fn from(kept: Kept<Agent>) -> Self {
        let Kept { id, version, created_at, updated_at, thing } = kept;
        Self { id, version, created_at, updated_at, agent: thing }
    }
}

/// Lists the agents.
#[utoipa::path(
    get, path = "/api/v1/agents", tag = "crews",
    params(
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "At most that many, 50 where it is left out."),
        ("cursor" = Option<String>, Query, description = "Where the page before ended."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = AgentPage),
        (status = 422, description = "The query is wrong.", body = Told, content_type = PROBLEM_JSON),
    )
)]
async fn list(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (found, next_cursor) = things::list::<Agent>(&state.roster, &request).await?;
    let agents = found.into_iter().map(StoredAgent::from).collect();
    Ok(HttpResponse::Ok().json(AgentPage { agents, next_cursor }))
}

/// Shows an agent.
#[utoipa::path(
    get, path = "/api/v1/agents/{agent_id}", tag = "crews",
    params(
        ("agent_id" = String, Path, description = "Its id."),
        ("If-None-Match" = Option<String>, Header, description = "The tags of versions that the client has."),
    ),
    responses(
        (status = 200, description = "It; its version is in the ETag header, too.", body = StoredAgent),
        (status = 304, description = "The client has it."),
        (status = "4XX", description = "There is none with this id.", body = Told, content_type = PROBLEM_JSON),
    )
)]
async fn show(state: web::Data<State>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    things::show::<Agent>(&state.roster, &request, &id).await
}

/// Stores a new agent, under the `id` of the body or one that is made.
#[utoipa::path(
    post, path = "/api/v1/agents", tag = "crews",
    request_body(content = Agent),
    responses(
        (status = 201, description = "It is stored, at the path of the Location header.", body = StoredAgent),
        (status = "4XX", description = "It was not stored.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be stored now.", body = Told, content_type = PROBLEM_JSON),
    )
)]
async fn create(state: web::Data<State>, JsonBody(body): JsonBody) -> Result<HttpResponse, Problem> {
    things::create::<Agent>(&state, body).await
}

/// Changes an agent: it is as the body says then.
#[utoipa::path(
    put, path = "/api/v1/agents/{agent_id}", tag = "crews",
    params(
        ("agent_id" = String, Path, description = "Its id."),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that was changed; else the `version` of the body counts, where there is one."),
    ),
    request_body(content = Agent),
    responses(
        (status = 200, description = "It is changed.", body = StoredAgent),
        (status = "4XX", description = "It was not changed; with 409 or 412 somebody else was faster.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be changed now.", body = Told, content_type = PROBLEM_JSON),
    )
)]
async fn save(
    state: web::Data<State>,
    request: HttpRequest,
    id: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    things::save::<Agent>(&state, &request, &id, body).await
}

/// Removes an agent that no crew needs.
#[utoipa::path(
    delete, path = "/api/v1/agents/{agent_id}", tag = "crews",
    params(
        ("agent_id" = String, Path, description = "Its id."),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that is to be removed."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = "4XX", description = "It was not removed.", body = Told, content_type = PROBLEM_JSON),
    )
)]
async fn remove(state: web::Data<State>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    things::remove::<Agent>(&state, &request, &id).await
}

impl Resource for Agent {
    const PATH: &'static str = "/api/v1/agents";
    const PLURAL: &'static str = "agents";
    const UNKNOWN: Code = Code::UnknownAgent;
    const TOLD: [Kind; 3] = [Kind::AgentCreated, Kind::AgentUpdated, Kind::AgentDeleted];

    fn read(fields: &mut Fields) -> Option<Self> {
        let (name, role) = (fields.required_text("name", 200), fields.required_text("role", 200));
        let goal = fields.required_text("goal", 4000);
        let backstory = fields.text("backstory", 20_000);
        let kind = fields.one_of("kind", "check, model or command", AgentKind::parse);
        let kind = fields.required("kind", kind);
        let config = fields.object("config").unwrap_or_default();
        let tools = fields.texts("tools", 100, 200).unwrap_or_default();
        let max_iterations = fields.whole("max_iterations", 1..=10_000);
        Some(Agent { name: name?, role: role?, goal: goal?, backstory, kind: kind?, config, tools, max_iterations })
    }

    fn places_of(&self, _: &str) -> Vec<Vec<String>> {
        Vec::new()
    }

    fn of(happening: Happening, id: &str) -> Happening {
        happening.of_agent(id)
    }
}
