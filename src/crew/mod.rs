//! Crews and the agents in them, as they are stored.
//!
//! `roster` keeps them, so that no crew names an agent that there is not. Agents of the settings are there, too.

mod headers;
mod import;
mod roster;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub(crate) use crate::domain::agent::{Agent, AgentKind};
use crate::domain::answerers::Answerers;
pub(crate) use import::Import;
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
    /// It stands in the settings, and is changed there.
    #[error("it stands in the settings")]
    Configured,
    /// These crews need the agent.
    #[error("crews need this agent: {}", .0.join(", "))]
    InUse(Vec<String>),
    /// The crew names these agents, which there are not.
    #[error("there are no such agents: {}", .0.join(", "))]
    MissingAgents(Vec<String>),
    /// This header is masked, and there was none like it before.
    #[error("the header {0} is masked")]
    HiddenHeader(String),
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

/// What a session of agents may spend; what is left out is as the settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct BudgetLimits {
    /// Most tokens, sent and received.
    pub tokens: Option<u64>,
    /// Most model calls.
    pub turns: Option<u64>,
    /// Most seconds of work, without the time that agents wait for people.
    pub seconds: Option<f64>,
    /// The highest cost, by the prices of the models.
    pub cost: Option<f64>,
}

impl BudgetLimits {
    /// Each limit, or the other one's where it is left out.
    #[must_use]
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self {
            tokens: self.tokens.or(other.tokens),
            turns: self.turns.or(other.turns),
            seconds: self.seconds.or(other.seconds),
            cost: self.cost.or(other.cost),
        }
    }
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
    /// What is to be done; `{topic}` is an input.
    pub description: String,
    /// The agent that does it; where it is left out, the agents of the crew take turns.
    pub agent: Option<String>,
    /// What is to come of it.
    pub expected_output: Option<String>,
    /// The earlier tasks whose output it gets; left out, that of all before it.
    #[serde(default)]
    pub context: Option<Vec<String>>,
    /// Whether later tasks that do not need it begin before it ends.
    #[serde(default)]
    pub async_execution: bool,
    /// Whether a person has to accept its output.
    #[serde(default)]
    pub human_input: bool,
    /// Whom that is put to.
    #[serde(flatten)]
    pub answerers: Answerers,
    /// The JSON Schema that its output has to fit.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub output_schema: Option<Value>,
    /// What else its output has to be.
    #[serde(default)]
    pub guardrail: Option<Guardrail>,
    /// How often an output that is not so is sent back.
    #[serde(default = "default_guardrail_retries")]
    pub guardrail_max_retries: u32,
}

/// How often an output is sent back where its task does not say.
pub(crate) const GUARDRAIL_RETRIES: u32 = 3;

fn default_guardrail_retries() -> u32 {
    GUARDRAIL_RETRIES
}

/// What an output has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Guardrail {
    /// As these words say; the agent's model judges it.
    Judged(String),
    /// As these rules say.
    Rules(GuardrailRules),
}

/// Rules for an output. Those that need no model are looked at first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct GuardrailRules {
    /// A JSON Schema that it fits.
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub schema: Option<Value>,
    /// A regular expression that is found in it.
    pub pattern: Option<String>,
    /// A text that stands in it.
    pub contains: Option<String>,
    /// A text that does not stand in it.
    pub excludes: Option<String>,
    /// The fewest characters.
    pub min_length: Option<usize>,
    /// The most characters.
    pub max_length: Option<usize>,
    /// What else it has to be, in words; the agent's model judges that.
    pub judge: Option<String>,
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
    #[serde(default, alias = "manager")]
    pub manager_agent: Option<String>,
    /// The `[model.NAME]` that leads it, where no agent does.
    #[serde(default)]
    pub manager_llm: Option<String>,
    /// What it does, in order.
    #[serde(default)]
    pub tasks: Vec<CrewTask>,
    /// The inputs of a kickoff that leaves them out.
    #[serde(default)]
    #[schema(value_type = Object)]
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub inputs: Map<String, Value>,
    /// What a kickoff may spend.
    #[serde(default)]
    pub budget: BudgetLimits,
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
        self.agents.iter().chain(&self.manager_agent).chain(tasks).map(String::as_str)
    }
}
