//! `audit`: agents look through a document side by side, each in a lane of its own, and report what they find.
//!
//! The document stands in the session's input, so that it is there again after a restart. A check finds the same each time,
//! and so goes on behind what is journaled. An agent that fails leaves the others at work.

mod findings;
mod input;
pub(crate) mod reading;
mod transcript;

use std::rc::Rc;
use std::sync::Arc;

use callboard_audit::check::Options;
use callboard_audit::{Document, Limits};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::{Map, Value, json};

pub(crate) use self::findings::{Reviewed, review, schema};
pub(crate) use self::input::{Input, options};
pub(crate) use self::transcript::Transcript;

use super::{Agents, Assignment, Budget};
use crate::config::audits::Audits;
use crate::domain::agent::{Agent, AgentKind};
use crate::domain::agent_entry::AgentEntry;
use crate::process::Launcher;
use crate::session::messages::Fault;
use crate::session::{TaskContext, TaskError, TaskKind, TaskResult};

/// The name of the task kind.
pub(crate) const KIND: &str = "audit";

/// The kind `audit`.
pub(crate) struct AuditKind {
    agents: Agents,
    settings: Arc<Audits>,
    launcher: Launcher,
}

/// A document that agents look through.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) document: Arc<Document>,
    pub(crate) options: Options,
    /// What models are given, and have to quote.
    pub(crate) transcript: Arc<Transcript>,
}

impl AuditKind {
    /// Audits by these agents, within these limits; PDFs are read by a process that is started like this.
    #[must_use]
    pub(crate) fn new(agents: Agents, settings: &Audits, launcher: Launcher) -> Self {
        Self { agents, settings: Arc::new(settings.clone()), launcher }
    }
}

impl TaskKind for AuditKind {
    fn name(&self) -> &str {
        KIND
    }

    fn description(&self) -> &str {
        "Has agents look through a document and report what contradicts itself in it."
    }

    fn input_schema(&self) -> Value {
        input::schema(&self.settings)
    }

    fn config_schema(&self) -> Value {
        input::config_schema()
    }

    fn check(&self, input: &Value, config: &Value) -> Vec<Fault> {
        let mut faults = input::faults(input, config, &self.settings);
        faults.extend(self.agents.folder_fault(input));
        faults
    }

    fn counts_own_sockets_only(&self) -> bool {
        true
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        let (agents, settings, launcher) = (self.agents.clone(), self.settings.clone(), self.launcher.clone());
        async move { audit(agents, ctx, &settings, launcher).await }.boxed_local()
    }
}

async fn audit(agents: Agents, ctx: TaskContext, settings: &Arc<Audits>, launcher: Launcher) -> TaskResult {
    let input: Input = serde_json::from_value(ctx.input().clone()).map_err(TaskError::failed)?;
    let (ids, folder) = (input.agents(), input.folder.clone());
    let read = || async {
        let mut found: Map<String, Value> = Map::new();
        for id in &ids {
            found.insert(id.clone(), json!(agents.find(&ctx.channel.spec.owner(), id).await?));
        }
        Ok(found)
    };
    // A change of an agent does not reach an audit that has begun.
    let mut known: Map<String, Value> = ctx.step("agents", read).await?;
    let options = options(ctx.config(), settings).map_err(TaskError::Failed)?;
    let evidence = evidence(&agents, &ctx, input, options, settings, launcher).await;
    let evidence = match evidence {
        Ok(evidence) => evidence,
        Err(error) => {
            for agent_id in ids {
                let error = format!("tool: {error}");
                ctx.report(AgentEntry::AgentError { agent_id, task: Some(KIND.to_owned()), error }).await;
            }
            return Err(TaskError::Failed(error));
        }
    };
    let budget = agents.budget();
    let mut lanes = Vec::new();
    for id in &ids {
        let agent: Agent =
            serde_json::from_value(known.shift_remove(id).unwrap_or_default()).map_err(TaskError::failed)?;
        let lane = ctx.lane(&format!("agent/{id}"));
        lanes.push(look_through(&agents, lane, &budget, (id, agent), folder.clone(), evidence.clone()));
    }
    let ended = join_all(lanes).await;
    let failed: Vec<String> =
        ended.iter().filter_map(|(_, result)| result.as_ref().err().map(ToString::to_string)).collect();
    if failed.len() == ended.len() {
        return Err(TaskError::Failed(format!("every agent failed: {}", failed.join("; "))));
    }
    let agents = ended.into_iter().map(|(id, result)| match result {
        Ok(found) => (id, json!({"status": "completed", "findings": found})),
        Err(error) => (id, json!({"status": "failed", "error": error.to_string()})),
    });
    Ok(json!({"agents": agents.collect::<Map<_, _>>(), "usage": budget.spent().to_json()}))
}

/// Reads the document away from the event loop.
async fn evidence(
    agents: &Agents,
    ctx: &TaskContext,
    input: Input,
    options: Options,
    settings: &Arc<Audits>,
    launcher: Launcher,
) -> Result<Rc<Evidence>, String> {
    let settings = settings.clone();
    let read = move || -> Result<_, String> {
        let media_type = input.media_type()?;
        let bytes = input.bytes()?;
        let limits =
            Limits { bytes: settings.max_document_bytes, text_bytes: settings.max_text_bytes, ..Limits::default() };
        let document = reading::read(&bytes, media_type, &limits, (&*settings).into(), &launcher)?;
        let transcript = Transcript::of(&document, input.source());
        Ok((Arc::new(document), Arc::new(transcript)))
    };
    let read = agents.beside(ctx, read).await;
    let (document, transcript) = read.ok_or("the document cannot be read: it breaks the reader")??;
    Ok(Rc::new(Evidence { document, options, transcript }))
}

/// Has one agent look through the document; gives how many findings it has.
async fn look_through(
    agents: &Agents,
    lane: TaskContext,
    budget: &Budget,
    (id, agent): (&str, Agent),
    folder: Option<String>,
    evidence: Rc<Evidence>,
) -> (String, Result<usize, TaskError>) {
    let mut description = "Look through the document below and report everything in it that is wrong: every finding with \
                           the words of the document that show it, copied exactly. Report nothing that you cannot quote."
        .to_owned();
    if agent.kind != AgentKind::Check {
        description.push_str("\n\nThe document:\n\n");
        description.push_str(evidence.transcript.text());
    }
    let schema = (agent.kind == AgentKind::Model).then(schema);
    let work = Assignment {
        schema,
        // It comes from outside.
        tainted: true,
        by: KIND.to_owned(),
        folder,
        evidence: Some(evidence),
        ..Assignment::new(id, Rc::new(agent), KIND, &description)
    };
    let result = agents.run(&lane, budget, &work).await;
    (id.to_owned(), result.map(|output| output.findings().len()))
}
