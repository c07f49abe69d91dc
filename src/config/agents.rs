//! `[agents]`: what agents may reach, and how much one session of them may spend.

use std::collections::BTreeMap;

use callboard_audit::check::Check;
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::domain::agent::{Agent, AgentKind};

/// What agents may reach, and how much one session of them may spend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Agents {
    /// Folders that agents may read, by the names that starts and kickoffs choose from.
    #[garde(custom(usable_folders))]
    pub folders: BTreeMap<String, String>,
    /// Most model calls of a session where neither its crew nor its start says so.
    #[garde(range(min = 1, max = 1_000_000))]
    pub max_turns: u64,
    /// Most tokens of a session, in the same way. 0 sets no limit.
    #[garde(skip)]
    pub max_tokens: u64,
    /// Most seconds that the agents of a session work together, without waiting for people, in the same way. 0 sets no
    /// limit.
    #[garde(range(min = 0.0, max = crate::domain::time::LONGEST_SECONDS))]
    pub max_seconds: f64,
    /// What a session may cost by the prices of its models, in the same way. 0 sets no limit.
    #[garde(range(min = 0.0, max = 1e12))]
    pub max_cost: f64,
    /// Most bytes of what a tool gives to a model; the rest is left out, and the model is informed.
    #[garde(range(min = 256, max = 16_777_216))]
    pub max_tool_result_bytes: usize,
    /// Most bytes of a file that agents may read.
    #[garde(range(min = 1, max = 1_073_741_824))]
    pub max_file_bytes: u64,
    /// Most files that one search looks through.
    #[garde(range(min = 1, max = 10_000_000))]
    pub max_searched_files: usize,
    /// How deep a delegation may be: 1 is from a crew's agent to another one.
    #[garde(range(max = 32))]
    pub max_delegation_depth: u32,
}

impl Default for Agents {
    fn default() -> Self {
        Self {
            folders: BTreeMap::new(),
            max_turns: 1000,
            max_tokens: 0,
            max_seconds: 0.0,
            max_cost: 0.0,
            max_tool_result_bytes: 65_536,
            max_file_bytes: 16_777_216,
            max_searched_files: 10_000,
            max_delegation_depth: 3,
        }
    }
}

fn usable_folders(folders: &BTreeMap<String, String>, (): &()) -> garde::Result {
    for (name, path) in folders {
        super::check::name(name, &()).map_err(|error| garde::Error::new(format!("the name {name:?} {error}")))?;
        if path.is_empty() || path.contains('\0') {
            return Err(garde::Error::new(format!("{name:?} must name a folder")));
        }
    }
    Ok(())
}

/// What is wrong with the check that an agent of kind `check` names; its id names it where it says nothing.
pub(crate) fn check_fault(agent: &Agent) -> Option<String> {
    let name = agent.config.get("check").filter(|name| agent.kind == AgentKind::Check && !name.is_null())?;
    let is_known = name.as_str().is_some_and(|name| Check::from_id(name).is_some());
    (!is_known).then(|| format!("must be one of {}", Check::ALL.map(Check::id).join(", ")))
}

/// What is wrong with an agent of the settings.
pub(super) fn agent(agent: &Agent, (): &()) -> garde::Result {
    let fault = |key: &str, reason: &str| Err(garde::Error::new(format!("{key} {reason}")));
    if super::check::name(&agent.name, &()).is_err() {
        return fault("name", "must be 1 to 64 letters, digits, '_' or '-'");
    }
    for (key, text) in [("role", &agent.role), ("goal", &agent.goal)] {
        if text.trim().is_empty() {
            return fault(key, "is missing");
        }
    }
    if !(1..=Agent::MOST_TURNS).contains(&agent.max_iter) {
        return fault("max_iter", &format!("must be from 1 to {}", Agent::MOST_TURNS));
    }
    if let Some(unknown) = agent.tools.iter().find(|tool| !Agent::TOOLS.contains(&tool.as_str())) {
        return fault("tools", &format!("has {unknown:?}; there are {}", Agent::TOOLS.join(", ")));
    }
    if agent.max_rpm.is_some_and(|calls| !(1..=Agent::MOST_CALLS_A_MINUTE).contains(&calls)) {
        return fault("max_rpm", &format!("must be from 1 to {}", Agent::MOST_CALLS_A_MINUTE));
    }
    if agent.max_execution_time.is_some_and(|seconds| !(seconds > 0.0 && seconds <= Agent::LONGEST_SECONDS)) {
        return fault("max_execution_time", &format!("must be more than 0 and at most {}", Agent::LONGEST_SECONDS));
    }
    if agent.max_retry_limit.is_some_and(|retries| retries > Agent::MOST_RETRIES) {
        return fault("max_retry_limit", &format!("must be at most {}", Agent::MOST_RETRIES));
    }
    if let Some(reason) = check_fault(agent) {
        return fault("config.check", &reason);
    }
    match agent.config_fault() {
        Some((key, reason)) => fault(&format!("config.{key}"), reason),
        None => Ok(()),
    }
}
