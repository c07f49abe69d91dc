//! One run: what is written around it, its tries, and which kind does the work.

use serde_json::{Map, Value, json};

use super::{Agents, Assignment, Budget, Output};
use crate::crew::AgentKind;
use crate::domain::agent_entry::AgentEntry;
use crate::domain::entry::shorten;
use crate::session::{TaskContext, TaskError};

/// What no second try mends.
const FINAL: [&str; 3] = ["budget_exceeded", "loop_detected", "guardrail"];
/// Most bytes of an error in an event.
const MOST_REASON: usize = 4096;

impl Agents {
    /// Does an assignment in `lane`, which is of this run alone.
    ///
    /// # Errors
    /// Why the agent failed. For agents of kind `model` the text begins with `budget_exceeded`, `loop_detected`,
    /// `guardrail`, `model` or `tool`.
    pub(crate) async fn run(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
    ) -> Result<Output, TaskError> {
        self.assign(lane, work).await;
        let mut retries = work.agent.max_retry_limit.unwrap_or_default();
        let mut tries = 0;
        let spent_before = budget.spent();
        let result = loop {
            tries += 1;
            let own = lane.lane(&format!("work-{tries}"));
            let result = self.work(&own, budget, work).await;
            match result {
                Err(TaskError::Failed(error)) if retries > 0 && !FINAL.iter().any(|word| error.starts_with(word)) => {
                    retries -= 1;
                    log::info!(agent_id = work.agent_id.as_str(), error = error.as_str(); "an agent begins its task again");
                }
                other => break other,
            }
        };
        let usage = budget.spent().since(spent_before).to_json();
        match &result {
            Ok(output) => self.complete(lane, work, output, usage).await,
            Err(error) => self.fail(lane, work, error, usage).await,
        }
        result
    }

    async fn work(&self, lane: &TaskContext, budget: &Budget, work: &Assignment) -> Result<Output, TaskError> {
        match work.agent.kind {
            AgentKind::Check => self.check_text(lane, work).await,
            AgentKind::Command => self.run_command(lane, work).await,
            AgentKind::Http => self.ask_endpoint(lane, work).await,
            AgentKind::Model => self.ask_model(lane, budget, work).await,
        }
    }

    async fn assign(&self, lane: &TaskContext, work: &Assignment) {
        let data = event(work, json!({"agent": work.agent_id, "by": work.by, "depth": work.depth}));
        lane.emit("task.assigned", data).await;
        let (agent_id, task) = (work.agent_id.clone(), Some(work.task.clone()));
        lane.report(AgentEntry::AgentStarted { agent_id, task }).await;
    }

    async fn complete(&self, lane: &TaskContext, work: &Assignment, output: &Output, usage: Value) {
        let (agent_id, task) = (work.agent_id.clone(), Some(work.task.clone()));
        let findings = output.findings();
        lane.report(AgentEntry::AgentCompleted { agent_id, task, findings }).await;
        lane.emit("task.completed", event(work, json!({"agent": work.agent_id, "usage": usage}))).await;
    }

    async fn fail(&self, lane: &TaskContext, work: &Assignment, error: &TaskError, usage: Value) {
        let (agent_id, task) = (work.agent_id.clone(), Some(work.task.clone()));
        let mut reason = error.to_string();
        shorten(&mut reason, MOST_REASON);
        lane.report(AgentEntry::AgentError { agent_id, task, error: reason.clone() }).await;
        let data = json!({"agent": work.agent_id, "usage": usage, "reason": reason});
        lane.emit("task.failed", event(work, data)).await;
    }
}

/// The data of an event about an assignment. `agent_id` goes into the event itself.
pub(super) fn event(work: &Assignment, more: Value) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("task".into(), work.task.as_str().into());
    data.insert("agent_id".into(), work.agent_id.as_str().into());
    if let Value::Object(more) = more {
        data.extend(more);
    }
    data
}
