//! `/api/v1/agents`: those who do tasks in crews.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::Fields;
use super::super::error::{Code, PROBLEM_JSON, Problem, ProblemDetails};
use super::super::query::PageParams;
use super::versioned_resource::{self, VersionedResource, versioned_routes};
use crate::crew::{Agent, AgentKind, Kept};
use crate::domain::event::{Kind, NewEvent};
use crate::domain::time::Timestamp;

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

versioned_routes! {
    Agent in AgentPage { agents } as StoredAgent, "/api/v1/agents", "/api/v1/agents/{agent_id}", "agent_id",
    list "Lists the agents.",
    read "Shows an agent.",
    create "Stores a new agent, under the `id` of the body or one that is made.",
    update "Changes an agent: it is as the body says then.",
    delete "Removes an agent that no crew needs."
}

impl VersionedResource for Agent {
    const PATH: &'static str = "/api/v1/agents";
    const PLURAL: &'static str = "agents";
    const UNKNOWN: Code = Code::UnknownAgent;
    const EVENTS: [Kind; 3] = [Kind::AgentCreated, Kind::AgentUpdated, Kind::AgentDeleted];

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

    fn event_of(event: NewEvent, id: &str) -> NewEvent {
        event.of_agent(id)
    }
}
