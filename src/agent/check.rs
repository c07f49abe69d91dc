//! Agents of kind `check`: the rules of `crates/audit`, each finding reported as it is found.

use std::ops::ControlFlow;
use std::sync::Arc;

use callboard_audit::check::{self, Check, Event, Options};
use callboard_audit::{Document, Limits, MediaType};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Agents, Assignment, Output};
use crate::domain::agent_entry::AgentEntry;
use crate::session::task::outstanding::Awaits;
use crate::session::{TaskContext, TaskError};

/// Findings and steps of progress that may wait for the session to write them down; the check waits then.
const WAITING: usize = 64;
/// How often progress is written: once for each of so many parts of the whole.
const PARTS: u64 = 20;

impl Agents {
    /// Runs a check on a document in a lane, on one of the threads that compute for clients; gives its findings.
    ///
    /// A check finds the same each time, so that after a restart what was found before is not written again.
    ///
    /// # Errors
    /// Where it breaks down.
    pub(crate) async fn check(
        &self,
        lane: &TaskContext,
        agent_id: &str,
        document: Arc<Document>,
        check: Check,
        options: Options,
    ) -> Result<Vec<Value>, TaskError> {
        let (events, mut heard) = mpsc::channel(WAITING);
        let work = move || {
            check::run(&document, check, &options, &mut |event| match events.blocking_send(event) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody waits for it any more.
                Err(_) => ControlFlow::Break(()),
            })
        };
        let agent_event = |data| AgentEntry::AgentEvent { agent_id: agent_id.to_owned(), data };
        let mut findings = Vec::new();
        let listen = async {
            let mut part = 0;
            while let Some(event) = heard.recv().await {
                match event {
                    Event::Progress { done, total } => {
                        let now = done.saturating_mul(PARTS).checked_div(total).unwrap_or_default();
                        if now > part || done == total {
                            part = now;
                            let data = json!({"kind": "progress", "done": done, "total": total});
                            lane.report(agent_event(data)).await;
                        }
                    }
                    Event::Finding(finding) => {
                        let finding = serde_json::to_value(finding).map_err(TaskError::failed)?;
                        lane.report(agent_event(json!({"kind": "finding", "finding": finding}))).await;
                        findings.push(finding);
                    }
                }
            }
            Ok(())
        };
        let _waiting = lane.waiting(Awaits::Outside);
        let (summary, listened) = futures::join!(self.shared.worker.beside(work), listen);
        listened.and_then(|()| summary.map(|_| findings).ok_or_else(|| "tool: the check broke down".into()))
    }

    /// A check agent's task: what it is given is a document in Markdown.
    pub(super) async fn check_text(&self, lane: &TaskContext, work: &Assignment) -> Result<Output, TaskError> {
        let name = work.agent.config.get("check").and_then(Value::as_str).unwrap_or(&work.agent_id);
        let unknown = || {
            format!(
                "tool: there is no check {name:?}: config.check names numeric_validation, logic_consistency or disclosure_completeness"
            )
        };
        let check = Check::from_id(name).ok_or_else(unknown)?;
        if let Some(evidence) = &work.evidence {
            let (document, options) = (evidence.document.clone(), evidence.options.clone());
            let findings = self.check(lane, &work.agent_id, document, check, options).await?;
            return Ok(Output::new(Value::Array(findings), work.tainted));
        }
        let texts: Vec<&str> = work.context.iter().map(|(_, text)| text.as_str()).collect();
        let text = if texts.is_empty() { work.description.clone() } else { texts.join("\n\n") };
        let read = move || Document::read(text.as_bytes(), MediaType::Markdown, &Limits::default());
        let _waiting = lane.waiting(Awaits::Outside);
        let document = self.shared.worker.beside(read).await.ok_or("tool: the document broke the check down")?;
        let document = Arc::new(document.map_err(|error| TaskError::Failed(format!("tool: {error}")))?);
        let findings = self.check(lane, &work.agent_id, document, check, Options::default()).await?;
        Ok(Output::new(Value::Array(findings), work.tainted))
    }
}
