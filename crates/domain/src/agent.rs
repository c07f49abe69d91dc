//! Who works in an audit, a pipeline or a crew.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How an agent works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AgentKind {
    /// By rules that come with the server.
    Check,
    /// By a language model.
    #[default]
    Model,
    /// By a command of the settings.
    Command,
    /// By an HTTP endpoint.
    Http,
}

impl AgentKind {
    /// All of them, for people.
    pub const WORDS: &'static str = "check, model, command or http";

    /// The kind with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "check" => Some(AgentKind::Check),
            "model" => Some(AgentKind::Model),
            "command" => Some(AgentKind::Command),
            "http" => Some(AgentKind::Http),
            _ => None,
        }
    }
}

/// What becomes of a model call that was under way when the server went down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum OnDoubt {
    /// It is made again, with the same `Idempotency-Key`.
    #[default]
    Rerun,
    /// A person decides.
    Ask,
}

impl OnDoubt {
    /// The choice with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "rerun" => Some(OnDoubt::Rerun),
            "ask" => Some(OnDoubt::Ask),
            _ => None,
        }
    }
}

/// Somebody who does tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Agent {
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
    #[schema(value_type = Object)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub config: Map<String, Value>,
    /// What it may use, by name.
    pub tools: Vec<String>,
    /// The `[model.NAME]` of the settings that it works by; `default` where there is none.
    pub llm: Option<String>,
    /// How many turns it may take for a task.
    #[serde(alias = "max_iterations", deserialize_with = "or_default_turns")]
    pub max_iter: u32,
    /// Most calls of its model a minute.
    pub max_rpm: Option<u32>,
    /// Most seconds that it may work on a task, without the time that it waits for people.
    pub max_execution_time: Option<f64>,
    /// How often a task that failed is begun again.
    pub max_retry_limit: Option<u32>,
    /// Whether it may hand work to the other agents of its crew.
    pub allow_delegation: bool,
    /// Whether a conversation that is too long for its model is shortened, instead of failing.
    pub respect_context_window: bool,
    /// What becomes of a model call that was under way when the server went down.
    pub on_doubt: OnDoubt,
}

impl Agent {
    /// The turns for a task where it says nothing.
    pub const DEFAULT_TURNS: u32 = 25;
    /// Most turns for a task.
    pub const MOST_TURNS: u32 = 10_000;
    /// Most calls of its model a minute that a limit may name.
    pub const MOST_CALLS_A_MINUTE: u32 = 1_000_000;
    /// Most seconds for a task.
    pub const LONGEST_SECONDS: f64 = 604_800.0;
    /// Most times that a task is begun again.
    pub const MOST_RETRIES: u32 = 100;

    /// The tools that there are.
    pub const TOOLS: [&'static str; 8] =
        ["search_files", "read_file", "http_get", "memory_read", "memory_write", "ask_human", "delegate", "decide"];

    /// What is wrong with the settings of its kind: the key in `config`, and why.
    #[must_use]
    pub fn config_fault(&self) -> Option<(&'static str, &'static str)> {
        let text = |key: &str| self.config.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        match self.kind {
            AgentKind::Http if !text("url") => Some(("url", "must be the URL of the endpoint")),
            AgentKind::Http if self.config.get("headers").is_some_and(|headers| !are_texts(headers)) => {
                Some(("headers", "must be an object of texts"))
            }
            AgentKind::Command => {
                let argv = self.config.get("command").and_then(Value::as_array);
                let is_argv = argv.is_some_and(|argv| {
                    argv.first().and_then(Value::as_str).is_some_and(|program| !program.is_empty())
                        && argv.iter().all(Value::is_string)
                });
                (!is_argv)
                    .then_some(("command", "must be the program and its arguments, such as [\"python3\", \"a.py\"]"))
            }
            AgentKind::Http | AgentKind::Check | AgentKind::Model => None,
        }
    }
}

fn are_texts(headers: &Value) -> bool {
    headers.is_null() || headers.as_object().is_some_and(|headers| headers.values().all(Value::is_string))
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            name: String::new(),
            role: String::new(),
            goal: String::new(),
            backstory: None,
            kind: AgentKind::default(),
            config: Map::new(),
            tools: Vec::new(),
            llm: None,
            max_iter: Self::DEFAULT_TURNS,
            max_rpm: None,
            max_execution_time: None,
            max_retry_limit: None,
            allow_delegation: false,
            respect_context_window: true,
            on_doubt: OnDoubt::default(),
        }
    }
}

/// Earlier versions stored null where nothing was said.
fn or_default_turns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Option::<u32>::deserialize(deserializer).map(|turns| turns.unwrap_or(Agent::DEFAULT_TURNS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_agent_of_an_earlier_version_is_read() {
        let stored = json!({"name": "n", "role": "r", "goal": "g", "backstory": null, "kind": "check", "config": {},
                            "tools": [], "max_iterations": null});
        let agent: Agent = serde_json::from_value(stored).unwrap();
        assert_eq!((agent.max_iter, agent.kind, agent.respect_context_window), (25, AgentKind::Check, true));
        let counted: Agent = serde_json::from_value(json!({"max_iterations": 3})).unwrap();
        assert_eq!(counted.max_iter, 3);
    }

    #[test]
    fn what_a_kind_needs_is_named() {
        let of = |kind, config: Value| {
            let config = config.as_object().unwrap().clone();
            Agent { kind, config, ..Agent::default() }.config_fault().map(|(key, _)| key)
        };
        assert_eq!(of(AgentKind::Http, json!({})), Some("url"));
        for (headers, fault) in [
            (json!({"Authorization": "Bearer x"}), None),
            (json!(null), None),
            (json!(["Authorization"]), Some("headers")),
            (json!({"Authorization": {"sealed": "x"}}), Some("headers")),
        ] {
            assert_eq!(of(AgentKind::Http, json!({"url": "https://a.example/", "headers": headers})), fault);
        }
        assert_eq!(of(AgentKind::Http, json!({"url": "https://a.example/"})), None);
        for bad in [json!({}), json!({"command": []}), json!({"command": ["a", 1]}), json!({"command": "a"})] {
            assert_eq!(of(AgentKind::Command, bad), Some("command"));
        }
        assert_eq!(of(AgentKind::Command, json!({"command": ["a", "b"]})), None);
        assert_eq!(of(AgentKind::Model, json!({})), None);
    }
}
