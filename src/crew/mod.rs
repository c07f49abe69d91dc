//! Crews and the agents in them, as they are stored.
//!
//! `roster` keeps them, so that no crew names an agent that there is not.

mod roster;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub(crate) use roster::{Kept, Roster, Thing};

/// Why something was not done with a crew or an agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// There is none with this id.
    #[error("there is none with this id")]
    Unknown,
    /// There is one with this id already.
    #[error("there is one with this id already")]
    Exists,
    /// Somebody else has changed it.
    #[error("it is at version {0}")]
    Outdated(u64),
    /// These crews need the agent.
    #[error("crews need this agent: {}", .0.join(", "))]
    InUse(Vec<String>),
    /// The crew names these agents, which there are not.
    #[error("there are no such agents: {}", .0.join(", "))]
    MissingAgents(Vec<String>),
    /// As many are kept as may be.
    #[error("there are {0}, which is as many as may be")]
    TooMany(usize),
    /// The store cannot be written or read now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// What is wrong with the id of a crew or an agent, for people.
#[must_use]
pub(crate) fn id_fault(id: &str) -> Option<&'static str> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(1..=64).contains(&id.len()) || !id.bytes().all(is_known) {
        return Some("must have 1 to 64 letters, digits, _, - or .");
    }
    // A client would take such a one for a way through folders.
    id.bytes().all(|byte| byte == b'.').then_some("must not be of dots alone")
}

/// How an agent works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum AgentKind {
    /// By rules that come with the server.
    Check,
    /// By a language model.
    Model,
    /// By a command of the settings.
    Command,
}

impl AgentKind {
    /// The kind with this word.
    #[must_use]
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "check" => Some(AgentKind::Check),
            "model" => Some(AgentKind::Model),
            "command" => Some(AgentKind::Command),
            _ => None,
        }
    }
}

/// Somebody who does tasks in crews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Agent {
    /// Its name.
    pub name: String,
    /// What it is in a crew, such as `researcher`.
    pub role: String,
    /// What it is to reach.
    pub goal: String,
    /// Where it comes from, which shapes how it speaks.
    pub backstory: Option<String>,
    /// How it works.
    pub kind: AgentKind,
    /// The settings of its kind.
    #[serde(default)]
    #[schema(value_type = Object)]
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub config: Map<String, Value>,
    /// What it may use, by name.
    #[serde(default)]
    pub tools: Vec<String>,
    /// How many rounds it may take for a task.
    pub max_iterations: Option<u32>,
}

/// How a crew does its tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Process {
    /// One after the other, in their order.
    #[default]
    Sequential,
    /// As its manager decides.
    Hierarchical,
}

impl Process {
    /// The process with this word.
    #[must_use]
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "sequential" => Some(Process::Sequential),
            "hierarchical" => Some(Process::Hierarchical),
            _ => None,
        }
    }
}

/// Something that a crew does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct CrewTask {
    /// Its name.
    pub name: String,
    /// What is to be done.
    pub description: String,
    /// The agent that does it; one that fits, where it is left out.
    pub agent: Option<String>,
    /// What is to come of it.
    pub expected_output: Option<String>,
}

/// Agents who work together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Crew {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it does its tasks.
    #[serde(default)]
    pub process: Process,
    /// The ids of its agents.
    #[serde(default)]
    pub agents: Vec<String>,
    /// The id of the agent that leads it.
    pub manager: Option<String>,
    /// What it does, in order.
    #[serde(default)]
    pub tasks: Vec<CrewTask>,
    /// Its settings.
    #[serde(default)]
    #[schema(value_type = Object)]
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub config: Map<String, Value>,
}

impl Crew {
    /// The ids of all agents that it names, some perhaps twice.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        let tasks = self.tasks.iter().filter_map(|task| task.agent.as_ref());
        self.agents.iter().chain(&self.manager).chain(tasks).map(String::as_str)
    }
}
