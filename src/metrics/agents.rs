//! The handles of agents: what their models use, cost and wait for, and which tools they call.

use prometheus::{Histogram, IntCounter};

use super::{Metrics, names};

/// For the agents of all sessions.
#[derive(Clone, Debug)]
pub struct Agents {
    turns: IntCounter,
    prompt_tokens: IntCounter,
    completion_tokens: IntCounter,
    cost: IntCounter,
    tools_done: IntCounter,
    tools_refused: IntCounter,
    /// Calls that a model's server did not take for now (429).
    pub rate_limited: IntCounter,
    /// Seconds that a call waited for its turn, or because a server was busy.
    pub waited: Histogram,
}

impl Agents {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let tokens = |kind| metrics.counter(names::AGENT_TOKENS, &[("kind", kind)]);
        let tools = |outcome| metrics.counter(names::AGENT_TOOL_CALLS, &[("outcome", outcome)]);
        Self {
            turns: metrics.counter(names::AGENT_TURNS, &[]),
            prompt_tokens: tokens("prompt"),
            completion_tokens: tokens("completion"),
            cost: metrics.counter(names::AGENT_COST, &[]),
            tools_done: tools("done"),
            tools_refused: tools("refused"),
            rate_limited: metrics.counter(names::MODEL_RATE_LIMITED, &[]),
            waited: metrics.histogram(names::MODEL_WAIT, &[]),
        }
    }

    /// A model has replied.
    pub fn turn(&self, prompt_tokens: u64, completion_tokens: u64, cost: f64) {
        self.turns.inc();
        self.prompt_tokens.inc_by(prompt_tokens);
        self.completion_tokens.inc_by(completion_tokens);
        self.cost.inc_by((cost * 1e6).round().max(0.0) as u64);
    }

    /// A tool was called.
    pub fn tool_call(&self, is_done: bool) {
        if is_done { self.tools_done.inc() } else { self.tools_refused.inc() }
    }
}
