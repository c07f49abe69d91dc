//! `/api/v1/crews`: agents who work together, and what they do.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::query::PageParams;
use super::crew_tasks;
use super::versioned_resource::{self, VersionedResource, versioned_routes};
use crate::config::Settings;
use crate::crew::{BudgetLimits, Crew, Kept, Process};
use crate::domain::event::{Kind, NewEvent};
use crate::domain::time::{LONGEST_SECONDS, Timestamp};

/// Some crews, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct CrewPage {
    /// The crews.
    crews: Vec<StoredCrew>,
    /// What to send as `cursor` to get those after them; null where there are none.
    next_cursor: Option<String>,
}

/// A crew, as it is stored. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct StoredCrew {
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
    crew: Crew,
}

impl From<Kept<Crew>> for StoredCrew {
    fn from(kept: Kept<Crew>) -> Self {
        let Kept { id, owner, version, created_at, updated_at, thing } = kept;
        let owner = owner.identity().map(str::to_owned);
        Self { id, owner, version, created_at, updated_at, crew: thing }
    }
}

versioned_routes! {
    Crew in CrewPage { crews } as StoredCrew, "/api/v1/crews", "/api/v1/crews/{crew_id}", "crew_id",
    list "Lists the crews.",
    read "Shows a crew.",
    create "Stores a new crew, under the `id` of the body or one that is made.",
    update "Changes a crew: it is as the body says then.",
    delete "Removes a crew."
}

impl VersionedResource for Crew {
    const PATH: &'static str = "/api/v1/crews";
    const PLURAL: &'static str = "crews";
    const UNKNOWN: Code = Code::UnknownCrew;
    const EVENTS: [Kind; 3] = [Kind::CrewCreated, Kind::CrewUpdated, Kind::CrewDeleted];

    fn read(fields: &mut Fields, settings: &Settings) -> Option<Self> {
        let name = fields.required_text("name", 200);
        let description = fields.text("description", 4000);
        let process = fields.one_of("process", "sequential or hierarchical", Process::parse).unwrap_or_default();
        let agents = fields.texts("agents", 100, 64).unwrap_or_default();
        let manager_name = fields.called("manager_agent", "manager");
        let manager_agent = fields.text(manager_name, 64);
        let manager_llm = fields.text("manager_llm", 64);
        if let Some(llm) = manager_llm.as_ref().filter(|llm| !settings.model.contains_key(*llm)) {
            fields.fault(&["manager_llm"], format!("there is no [model.{llm}] in the settings"), "unknown_model");
        }
        let is_led = manager_agent.is_some() || manager_llm.is_some();
        if process == Process::Hierarchical && !is_led && !fields.has_fault(manager_name) {
            let msg = "is missing: a hierarchical crew is led by an agent, or by the model in manager_llm";
            fields.fault(&["manager_agent"], msg, "missing");
        }
        for (at, id) in agents.iter().enumerate().filter(|(at, id)| agents.iter().take(*at).any(|other| other == *id)) {
            fields.fault(&["agents", &at.to_string()], format!("{id:?} is in the crew already"), "duplicate");
        }
        let tasks = crew_tasks::read(fields, &agents, manager_agent.as_deref());
        let inputs = fields.object("inputs").unwrap_or_default();
        let budget = budget(fields).unwrap_or_default();
        let config = fields.object("config").unwrap_or_default();
        let name = name?;
        Some(Crew { name, description, process, agents, manager_agent, manager_llm, tasks, inputs, budget, config })
    }

    fn places_of(&self, agent: &str) -> Vec<Vec<String>> {
        let text = str::to_owned;
        let among = self.agents.iter().enumerate().filter(|(_, id)| *id == agent);
        let mut places: Vec<Vec<String>> = among.map(|(at, _)| vec![text("agents"), at.to_string()]).collect();
        if self.manager_agent.as_deref() == Some(agent) {
            places.push(vec![text("manager_agent")]);
        }
        places
    }

    fn event_of(event: NewEvent, id: &str) -> NewEvent {
        event.of_crew(id)
    }
}

/// What a crew or a kickoff may spend.
pub(super) fn budget(fields: &mut Fields) -> Option<BudgetLimits> {
    const PLACE: &str = "budget";
    let map = fields.object(PLACE)?;
    let mut inner = Fields::of(Some(Value::Object(map))).ok()?;
    let budget = BudgetLimits {
        tokens: inner.count("tokens"),
        turns: inner.count("turns"),
        seconds: inner.positive("seconds", LONGEST_SECONDS),
        cost: inner.positive("cost", 1e12),
    };
    fields.take_over(&[PLACE], inner.finish());
    Some(budget)
}
