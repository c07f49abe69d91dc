//! What agents say in the journal of their session, and while a model's reply comes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What an agent says; `type` says which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEntry {
    /// It begins.
    AgentStarted {
        /// The agent.
        agent_id: String,
        /// Its task, where it has one of a name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        task: Option<String>,
    },
    /// It goes on; `kind` in `data` says how: `progress`, `finding`, `text` or `tool`.
    AgentEvent {
        /// The agent.
        agent_id: String,
        /// What happened.
        #[schema(value_type = Object)]
        #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
        data: Value,
    },
    /// It is done.
    AgentCompleted {
        /// The agent.
        agent_id: String,
        /// Its task, where it has one of a name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        task: Option<String>,
        /// All that it found, where it looks for something.
        #[schema(value_type = Vec<Object>)]
        #[cfg_attr(feature = "ts", ts(type = "unknown[]"))]
        findings: Vec<Value>,
    },
    /// It failed.
    AgentError {
        /// The agent.
        agent_id: String,
        /// Its task, where it has one of a name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        task: Option<String>,
        /// What went wrong.
        error: String,
    },
    /// A model's reply is complete.
    AgentTurn {
        /// The agent.
        agent_id: String,
        /// Its task.
        task: String,
        /// The id of the model call, as in its `agent_delta`s.
        call_id: String,
        /// Which turn of the agent at this task, from 1.
        turn: u32,
        /// What the model said.
        text: String,
        /// What it thought before.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[cfg_attr(feature = "ts", ts(as = "Option<String>", optional))]
        reasoning: String,
        /// What it called: `id`, `name` and `arguments` of each.
        #[schema(value_type = Vec<Object>)]
        #[cfg_attr(feature = "ts", ts(type = "{ id: string; name: string; arguments: unknown }[]"))]
        tool_calls: Vec<Value>,
        /// Why it ended, in the server's own words.
        finish_reason: Option<String>,
        /// How many bytes of the conversation the model was not given, as it was too long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        left_out_bytes: Option<usize>,
        /// What is not as it should be with the reply.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "ts", ts(as = "Option<Vec<TurnWarning>>", optional))]
        warnings: Vec<TurnWarning>,
        /// The tokens of the call.
        #[schema(value_type = Object)]
        #[cfg_attr(
            feature = "ts",
            ts(type = "{ prompt_tokens: number; completion_tokens: number; estimated?: boolean }")
        )]
        usage: Value,
    },
    /// What came of a call of a tool.
    ToolResult {
        /// The agent.
        agent_id: String,
        /// The id of the call, as in `tool_calls`.
        call_id: String,
        /// The tool.
        tool: String,
        /// Whether it was done.
        ok: bool,
        /// What it gave, or why it was not done.
        text: String,
    },
    /// More of a model's reply, which is not complete. It is never journaled.
    AgentDelta {
        /// The agent.
        agent_id: String,
        /// The id of the model call.
        call_id: String,
        /// Which try of it: the text of earlier ones is void.
        r#try: u32,
        /// Which part of that try, from 1: a reader that misses one knows that text is missing.
        part: u32,
        /// More of the text.
        text: String,
    },
}

/// Something about a model's reply that is not as it should be, and did not make the call fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TurnWarning {
    /// The server counts far fewer tokens than were sent: it has probably cut the conversation without saying so.
    Truncated,
    /// The reply ended because it may not be longer.
    Length,
}

impl AgentEntry {
    /// The word in `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            AgentEntry::AgentStarted { .. } => "agent_started",
            AgentEntry::AgentEvent { .. } => "agent_event",
            AgentEntry::AgentCompleted { .. } => "agent_completed",
            AgentEntry::AgentError { .. } => "agent_error",
            AgentEntry::AgentTurn { .. } => "agent_turn",
            AgentEntry::ToolResult { .. } => "tool_result",
            AgentEntry::AgentDelta { .. } => "agent_delta",
        }
    }

    /// Whether it stands in the journal.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        !matches!(self, AgentEntry::AgentDelta { .. })
    }

    /// The agent that says it.
    #[must_use]
    pub fn agent_id(&self) -> &str {
        match self {
            AgentEntry::AgentStarted { agent_id, .. }
            | AgentEntry::AgentEvent { agent_id, .. }
            | AgentEntry::AgentCompleted { agent_id, .. }
            | AgentEntry::AgentError { agent_id, .. }
            | AgentEntry::AgentTurn { agent_id, .. }
            | AgentEntry::ToolResult { agent_id, .. }
            | AgentEntry::AgentDelta { agent_id, .. } => agent_id,
        }
    }

    /// Each text in it that the agent, its model or a tool made, and each value.
    pub fn each_text(&mut self, mut text: impl FnMut(&mut String), mut value: impl FnMut(&mut Value)) {
        match self {
            AgentEntry::AgentStarted { .. } => {}
            AgentEntry::AgentEvent { data, .. } => value(data),
            AgentEntry::AgentCompleted { findings, .. } => findings.iter_mut().for_each(value),
            AgentEntry::AgentError { error, .. } => text(error),
            AgentEntry::AgentTurn { text: said, reasoning, tool_calls, .. } => {
                text(said);
                text(reasoning);
                tool_calls.iter_mut().for_each(value);
            }
            AgentEntry::ToolResult { text: said, .. } | AgentEntry::AgentDelta { text: said, .. } => text(said),
        }
    }
}
