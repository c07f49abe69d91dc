//! `/api/v1/crews`: agents who work together, and what they do.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::{Fields, word};
use super::super::error::{Code, PROBLEM_JSON, Problem, ProblemDetails};
use super::super::query::PageParams;
use super::versioned_resource::{self, VersionedResource, versioned_routes};
use crate::crew::{Crew, CrewTask, Kept, Process};
use crate::domain::event::{Kind, NewEvent};
use crate::domain::time::Timestamp;

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
        let Kept { id, version, created_at, updated_at, thing } = kept;
        Self { id, version, created_at, updated_at, crew: thing }
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

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required_text("name", 200);
        let description = fields.text("description", 4000);
        let process = fields.one_of("process", "sequential or hierarchical", Process::parse).unwrap_or_default();
        let agents = fields.texts("agents", 100, 64).unwrap_or_default();
        let manager = fields.text("manager", 64);
        if process == Process::Hierarchical && manager.is_none() && !fields.has_fault("manager") {
            fields.fault(&["manager"], "is missing: a hierarchical crew is led by somebody", "missing");
        }
        for (at, id) in agents.iter().enumerate().filter(|(at, id)| agents.iter().take(*at).any(|other| other == *id)) {
            fields.fault(&["agents", &at.to_string()], format!("{id:?} is in the crew already"), "duplicate");
        }
        let tasks = tasks(fields, &agents, manager.as_deref());
        let config = fields.object("config").unwrap_or_default();
        Some(Crew { name: name?, description, process, agents, manager, tasks, config })
    }

    fn places_of(&self, agent: &str) -> Vec<Vec<String>> {
        let text = str::to_owned;
        let among = self.agents.iter().enumerate().filter(|(_, id)| *id == agent);
        let mut places: Vec<Vec<String>> = among.map(|(at, _)| vec![text("agents"), at.to_string()]).collect();
        if self.manager.as_deref() == Some(agent) {
            places.push(vec![text("manager")]);
        }
        places
    }

    fn event_of(event: NewEvent, id: &str) -> NewEvent {
        event.of_crew(id)
    }
}

fn tasks(fields: &mut Fields, agents: &[String], manager: Option<&str>) -> Vec<CrewTask> {
    let mut tasks = Vec::new();
    for (at, value) in fields.list("tasks", 200).unwrap_or_default().into_iter().enumerate() {
        let at = at.to_string();
        let Value::Object(_) = value else {
            fields.wrong_type(&["tasks", &at], "an object", word(&value));
            continue;
        };
        let Ok(mut inner) = Fields::of(Some(value)) else { continue };
        let (name, description) = (inner.required_text("name", 200), inner.required_text("description", 20_000));
        let (agent, expected_output) = (inner.text("agent", 64), inner.text("expected_output", 20_000));
        if let Some(agent) = agent.as_ref()
            && !agents.contains(agent)
            && manager != Some(agent)
        {
            inner.fault(&["agent"], "is not in the crew", "unknown_agent");
        }
        fields.take_over(&["tasks", &at], inner.finish());
        if let (Some(name), Some(description)) = (name, description) {
            tasks.push(CrewTask { name, description, agent, expected_output });
        }
    }
    tasks
}
