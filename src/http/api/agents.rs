//! `/api/v1/agents`: those who do tasks in crews.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::query::PageParams;
use super::versioned_resource::{self, VersionedResource, versioned_routes};
use crate::config::Settings;
use crate::config::agents::check_fault;
use crate::crew::{Agent, AgentKind, Kept};
use crate::domain::agent::OnDoubt;
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
    /// Whose it is; left out where it is the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    owner: Option<String>,
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
        let Kept { id, owner, version, created_at, updated_at, thing } = kept;
        let owner = owner.identity().map(str::to_owned);
        Self { id, owner, version, created_at, updated_at, agent: thing }
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

    fn read(fields: &mut Fields, settings: &Settings) -> Option<Self> {
        let (name, role) = (fields.required_text("name", 200), fields.required_text("role", 200));
        let goal = fields.required_text("goal", 4000);
        let backstory = fields.text("backstory", 20_000);
        let kind = fields.one_of("kind", AgentKind::WORDS, AgentKind::parse);
        let kind = fields.required("kind", kind);
        let max_iter = fields.called("max_iter", "max_iterations");
        let config = fields.object("config").unwrap_or_default();
        let (tools, llm) = (tools(fields), llm(fields, settings));
        let max_iter = fields.whole(max_iter, 1..=Agent::MOST_TURNS).unwrap_or(Agent::DEFAULT_TURNS);
        let max_rpm = fields.whole("max_rpm", 1..=Agent::MOST_CALLS_A_MINUTE);
        let max_execution_time = fields.positive("max_execution_time", Agent::LONGEST_SECONDS);
        let max_retry_limit = fields.whole("max_retry_limit", 0..=Agent::MOST_RETRIES);
        let allow_delegation = fields.boolean("allow_delegation").unwrap_or_default();
        let respect_context_window = fields.boolean("respect_context_window").unwrap_or(true);
        let on_doubt = fields.one_of("on_doubt", "rerun or ask", OnDoubt::parse).unwrap_or_default();
        let agent = Agent {
            name: name?,
            role: role?,
            goal: goal?,
            backstory,
            kind: kind?,
            config,
            tools,
            llm,
            max_iter,
            max_rpm,
            max_execution_time,
            max_retry_limit,
            allow_delegation,
            respect_context_window,
            on_doubt,
        };
        const ONLY_IN_SETTINGS: &str = "only the settings say which commands are run";
        if agent.kind == AgentKind::Command {
            fields.fault(&["kind"], format!("must be another one: {ONLY_IN_SETTINGS}"), "only_in_settings");
        } else if agent.config.contains_key("command") {
            fields.fault(&["config", "command"], format!("must not be there: {ONLY_IN_SETTINGS}"), "only_in_settings");
        } else if let Some((key, reason)) = agent.config_fault() {
            fields.fault(&["config", key], reason, "invalid_value");
        } else if let Some(reason) = check_fault(&agent) {
            fields.fault(&["config", "check"], reason, "invalid_value");
        }
        Some(agent)
    }

    fn places_of(&self, _: &str) -> Vec<Vec<String>> {
        Vec::new()
    }

    fn event_of(event: NewEvent, id: &str) -> NewEvent {
        event.of_agent(id)
    }
}

/// What a refusal is over HTTP, for those who only look agents up.
pub(in crate::http) fn problem(error: crate::crew::Error) -> Problem {
    versioned_resource::problem::<Agent>(error)
}

fn tools(fields: &mut Fields) -> Vec<String> {
    let tools = fields.texts("tools", 100, 200).unwrap_or_default();
    for (at, tool) in tools.iter().enumerate().filter(|(_, tool)| !Agent::TOOLS.contains(&tool.as_str())) {
        let msg = format!("{tool:?} is no tool; there are {}", Agent::TOOLS.join(", "));
        fields.fault(&["tools", &at.to_string()], msg, "unknown_tool");
    }
    tools
}

fn llm(fields: &mut Fields, settings: &Settings) -> Option<String> {
    let llm = fields.text("llm", 64)?;
    if !settings.model.contains_key(&llm) {
        fields.fault(&["llm"], format!("there is no [model.{llm}] in the settings"), "unknown_model");
    }
    Some(llm)
}
