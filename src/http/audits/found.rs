//! What an audit has found so far, read from its journal.

use std::collections::BTreeMap;

use callboard_audit::Finding;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::State;
use super::super::error::{Code, Problem};
use crate::agent::audit::{Input, KIND};
use crate::auth::Principal;
use crate::domain::id::SessionId;
use crate::domain::status::Status;
use crate::session::messages::{Description, Refused};
use crate::store::{JournalRange, Store, Summary};

/// How much of a journal is read at once.
const PAGE_BYTES: usize = 262_144;

/// How an agent of an audit stands.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct AgentState {
    /// `waiting`, `running`, `completed`, `failed` or `cancelled`.
    status: &'static str,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(test, ts(type = "{ done: number; total: number }", optional))]
    progress: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(super) error: Option<String>,
    /// How many findings were dropped: what they quote is not in the document, or they are too many.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(test, ts(as = "Option<u64>", optional))]
    dropped: u64,
}

/// An audit as it stands.
pub(super) struct Found {
    pub(super) status: Status,
    pub(super) name: String,
    /// In the order of the agents.
    pub(super) agents: Vec<(String, AgentState)>,
    pub(super) findings: BTreeMap<String, Vec<Finding>>,
}

/// The lines of a journal that matter here.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Said {
    #[serde(rename = "agent_started")]
    Started { agent_id: String },
    #[serde(rename = "agent_event")]
    Event { agent_id: String, data: Value },
    #[serde(rename = "agent_completed")]
    Completed { agent_id: String },
    #[serde(rename = "agent_error")]
    Failed { agent_id: String, error: String },
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// All about the session of an audit.
///
/// # Errors
/// Where there is none with this id.
pub(super) async fn describe(state: &State, principal: &Principal, id: &str) -> Result<Box<Description>, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::from(Code::UnknownAudit))?;
    match state.sessions.describe(principal, id).await {
        Ok(description) if description.summary.task == KIND => Ok(description),
        Ok(_) | Err(Refused::UnknownSession) => Err(Code::UnknownAudit.into()),
        Err(refused) => Err(refused.into()),
    }
}

/// Reads what an audit has found.
///
/// # Errors
/// Where there is none with this id, or the store does not answer.
pub(super) async fn read(state: &State, principal: &Principal, id: &str) -> Result<Found, Problem> {
    let description = describe(state, principal, id).await?;
    let (store, summary) = (state.sessions.store(), &description.summary);
    let input: Input =
        serde_json::from_value(description.input.clone()).unwrap_or_else(|_| unnamed(&description.input));
    let mut found = Found {
        status: summary.state.status,
        agents: input
            .agents()
            .into_iter()
            .map(|id| (id, AgentState { status: "waiting", ..AgentState::default() }))
            .collect(),
        findings: BTreeMap::new(),
        name: input.name,
    };
    found.read(store, summary).await?;
    found.settle();
    Ok(found)
}

/// An audit that was started by hand in a way that leaves things out.
fn unnamed(input: &Value) -> Input {
    let name = input.get("name").and_then(Value::as_str).unwrap_or("document").to_owned();
    Input { document: None, document_base64: None, media_type: String::new(), name, agents: Vec::new(), folder: None }
}

impl Found {
    async fn read(&mut self, store: &Store, summary: &Summary) -> Result<(), Problem> {
        let mut after_row = None;
        loop {
            let range = JournalRange { after_seq: None, after_row, max_bytes: PAGE_BYTES };
            let rows = store.journal(summary.key, range).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after_row = Some(last.row);
            for row in rows {
                for line in row.body.split(|byte| *byte == b'\n') {
                    if line.starts_with(br#"{"type":"agent_"#)
                        && let Ok(said) = serde_json::from_slice(line)
                    {
                        self.take(said);
                    }
                }
            }
        }
    }

    fn take(&mut self, said: Said) {
        match said {
            Said::Started { agent_id } => self.change(&agent_id, |agent| agent.status = "running"),
            Said::Completed { agent_id } => self.change(&agent_id, |agent| {
                agent.status = "completed";
                agent.progress = None;
            }),
            Said::Failed { agent_id, error } => self.change(&agent_id, |agent| {
                agent.status = "failed";
                agent.error = Some(error);
            }),
            Said::Event { agent_id, data } => {
                if let Some(finding) = data.get("finding")
                    && let Ok(finding) = Finding::deserialize(finding)
                {
                    self.findings.entry(agent_id.clone()).or_default().push(finding);
                }
                let dropped = data.get("dropped").and_then(Value::as_u64).unwrap_or_default();
                let progress = (data.get("kind") == Some(&json!("progress")))
                    .then(|| json!({"done": data.get("done"), "total": data.get("total")}));
                self.change(&agent_id, |agent| {
                    agent.dropped += dropped;
                    agent.progress = progress.or(agent.progress.take());
                });
            }
        }
    }

    fn change(&mut self, agent_id: &str, change: impl FnOnce(&mut AgentState)) {
        if let Some((_, agent)) = self.agents.iter_mut().find(|(id, _)| id == agent_id) {
            change(agent);
        }
    }

    /// What the end of the session means for agents that were at work, and findings for each agent that has none.
    fn settle(&mut self) {
        let over = match self.status {
            Status::Cancelled => Some("cancelled"),
            Status::Failed | Status::Completed => Some("failed"),
            Status::Queued
            | Status::Running
            | Status::WaitingConfirmation
            | Status::WaitingInput
            | Status::WaitingRetry
            | Status::Cancelling => None,
        };
        for (id, agent) in &mut self.agents {
            if let Some(over) = over.filter(|_| matches!(agent.status, "waiting" | "running")) {
                agent.status = over;
            }
            self.findings.entry(id.clone()).or_default();
        }
    }
}
