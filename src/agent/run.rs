//! One run: what is written around it, its tries, what its output has to pass, and which kind does the work.

use serde_json::{Map, Value, json};

use super::audit::{Reviewed, review};
use super::review::Note;
use super::team::object;
use super::{Agents, Assignment, Budget, Output};
use crate::crew::AgentKind;
use crate::domain::agent_entry::AgentEntry;
use crate::domain::entry::{json_bytes, shorten};
use crate::session::{TaskContext, TaskError};

/// What no second try mends.
const FINAL: [&str; 3] = ["budget_exceeded", "loop_detected", "guardrail"];
/// Most bytes of an error in an event.
const MOST_REASON: usize = 4096;

impl Agents {
    /// Does an assignment in `lane`, which is of this run alone.
    ///
    /// # Errors
    /// Why the agent failed; the text begins with `budget_exceeded`, `loop_detected`, `guardrail`, `model` or `tool`.
    pub(crate) async fn run(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
    ) -> Result<Output, TaskError> {
        self.assign(lane, work).await;
        // Others spend from the same budget meanwhile.
        let budget = budget.of_one_run();
        let result = match self.until_accepted(lane, &budget, work).await {
            Ok(output) => self.review(lane, work, output).await,
            Err(error) => Err(error),
        };
        let usage = budget.spent_by_this_run().to_json();
        match &result {
            Ok(output) => self.complete(lane, work, output, usage).await,
            Err(error) => self.fail(lane, work, error, usage).await,
        }
        result
    }

    /// Works until the output passes its review.
    async fn until_accepted(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
    ) -> Result<Output, TaskError> {
        let mut notes: Vec<Note> = Vec::new();
        let mut sent_back = 0;
        loop {
            let round = lane.lane(&format!("round-{}", notes.len() + 1));
            let output = self.try_to_work(&round, budget, work, &notes).await?;
            let feedback = match self.guard(&round, budget, work, &output).await? {
                Some(broken) if sent_back >= work.review.retries => {
                    return Err(TaskError::Failed(format!("guardrail: {broken}")));
                }
                Some(broken) => {
                    sent_back += 1;
                    Some(broken)
                }
                None => match &work.review.human_input {
                    Some(answerers) => self.ask_for_feedback(&round, work, answerers, &output).await?,
                    None => None,
                },
            };
            let Some(feedback) = feedback else { return Ok(output) };
            notes.push(Note { draft: output.text(), feedback, tainted: output.tainted });
        }
    }

    /// Works, again where that fails and the agent may.
    async fn try_to_work(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
        notes: &[Note],
    ) -> Result<Output, TaskError> {
        let mut retries = work.agent.max_retry_limit.unwrap_or_default();
        let mut tries = 0;
        loop {
            tries += 1;
            let result = self.work(&lane.lane(&format!("try-{tries}")), budget, work, notes).await;
            match result {
                Err(TaskError::Failed(error)) if retries > 0 && !FINAL.iter().any(|word| error.starts_with(word)) => {
                    retries -= 1;
                    log::info!(agent_id = work.agent_id.as_str(), error = error.as_str(); "an agent begins its task again");
                }
                other => return other,
            }
        }
    }

    async fn work(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
        notes: &[Note],
    ) -> Result<Output, TaskError> {
        match work.agent.kind {
            AgentKind::Check => self.check_text(lane, work).await,
            AgentKind::Command => self.run_command(lane, work, notes).await,
            AgentKind::Http => self.ask_endpoint(lane, work, notes).await,
            AgentKind::Model => self.ask_model(lane, budget, work, notes).await,
        }
    }

    async fn assign(&self, lane: &TaskContext, work: &Assignment) {
        let data = event(work, json!({"agent": work.agent_id, "by": work.by, "depth": work.depth}));
        lane.emit("task.assigned", data).await;
        let (agent_id, task) = (work.agent_id.clone(), Some(work.task.clone()));
        lane.report(AgentEntry::AgentStarted { agent_id, task }).await;
    }

    /// In an audit, keeps what stands of the findings of an agent that is no check, and reports each.
    async fn review(&self, lane: &TaskContext, work: &Assignment, output: Output) -> Result<Output, TaskError> {
        let Some(evidence) = work.evidence.as_deref().filter(|_| work.agent.kind != AgentKind::Check) else {
            return Ok(output);
        };
        let quoted = (work.agent.kind == AgentKind::Model).then_some(&*evidence.transcript);
        let most = usize::try_from(evidence.options.max_findings).unwrap_or(usize::MAX);
        let Reviewed { kept, dropped } = review(&output.value, quoted, most)?;
        let agent_event = |data| AgentEntry::AgentEvent { agent_id: work.agent_id.clone(), data };
        for finding in &kept {
            lane.report(agent_event(json!({"kind": "finding", "finding": finding}))).await;
        }
        if dropped > 0 {
            let text = format!(
                "{dropped} findings were dropped: what they quote is not in the document, or they are too many"
            );
            lane.report(agent_event(json!({"kind": "text", "text": text, "dropped": dropped}))).await;
        }
        Ok(Output { value: Value::Array(kept), ..output })
    }

    async fn complete(&self, lane: &TaskContext, work: &Assignment, output: &Output, usage: Value) {
        let (agent_id, task) = (work.agent_id.clone(), Some(work.task.clone()));
        let findings = fitting(output.findings(), lane.channel.limits.text_bytes());
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

/// As many findings as fit into an entry: each was reported before, as it was found.
fn fitting(findings: Vec<Value>, most: usize) -> Vec<Value> {
    let mut left = most;
    let fits = |finding: &Value| {
        left = left.saturating_sub(json_bytes(finding) + 1);
        left > 0
    };
    findings.into_iter().take_while(fits).collect()
}

/// The data of an event about an assignment. `agent_id` goes into the event itself.
pub(super) fn event(work: &Assignment, more: Value) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("task".into(), work.task.as_str().into());
    data.insert("agent_id".into(), work.agent_id.as_str().into());
    data.extend(object(more));
    data
}
