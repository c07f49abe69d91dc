//! Agents at work: one of them does one task in a lane of a session, whatever its kind.
//!
//! [`Agents`] is what they share. [`Agents::run`] does an [`Assignment`] within a [`Budget`] and gives its [`Output`]: it writes
//! `task.assigned` and `agent_started`, what the agent does, then `agent_completed` or `agent_error` and `task.completed` or
//! `task.failed`. Each kind is a file: `check`, `command`, `http`, `model`. All of it are calls of the lane, so after a restart
//! it goes on where it was; a lane of its own is needed for each run ([`TaskContext::lane`]).

mod assignment;
pub(crate) mod audit;
mod budget;
mod check;
mod command;
pub(crate) mod crew;
mod http;
mod model;
mod models;
pub(crate) mod pipeline;
mod review;
mod run;
mod team;
mod tool;

use std::sync::Arc;

pub(crate) use assignment::{Assignment, Output};
pub(crate) use budget::Budget;
pub(crate) use review::Review;
pub(crate) use team::Team;

use serde_json::Value;

use self::models::Models;
use crate::config::Settings;
use crate::config::agents::Agents as Limits;
use crate::crew::{Agent, Error, Roster};
use crate::domain::owner::Owner;
use crate::memory::Memory;
use crate::metrics;
use crate::process::Launcher;
use crate::session::messages::Fault;
use crate::session::task::outstanding::Awaits;
use crate::session::{TaskContext, TaskError};
use crate::workflow::work::Worker;

/// What the agents of a server share. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Agents {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Limits,
    models: Models,
    /// Nothing where task kinds are only listed.
    roster: Option<Roster>,
    /// Asks servers and computes, within the limits of workflows.
    worker: Worker,
    launcher: Launcher,
    /// Nothing where task kinds are only listed.
    memory: Option<Memory>,
    metrics: metrics::Agents,
}

impl Agents {
    /// The agents of these settings and of what is kept: the roster, and memory.
    #[must_use]
    pub(crate) fn new(
        settings: &Settings,
        kept: Option<(Roster, Memory)>,
        worker: Worker,
        launcher: Launcher,
        metrics: metrics::Agents,
    ) -> Self {
        let (limits, models) = (settings.agents.clone(), Models::new(&settings.model));
        let (roster, memory) = kept.unzip();
        Self { shared: Arc::new(Shared { limits, models, roster, worker, launcher, memory, metrics }) }
    }

    /// The agent with this id, of this owner or everybody's. Where it matters that it is the same after a restart, this belongs into a step.
    ///
    /// # Errors
    /// Where there is none, or the store does not answer.
    pub(crate) async fn find(&self, owner: &Owner, id: &str) -> Result<Agent, TaskError> {
        let roster = self.shared.roster.as_ref().ok_or("there are no agents here")?;
        roster.of(owner).agent(id).await.map_err(|error| {
            if matches!(error, Error::Unknown) {
                TaskError::Failed(format!("there is no agent {id:?}"))
            } else {
                TaskError::failed(error)
            }
        })
    }

    /// Computes beside the event loop, on one of the threads that compute for clients; nothing where it panicked.
    pub(crate) async fn beside<T: Send + 'static>(
        &self,
        ctx: &TaskContext,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _waiting = ctx.waiting(Awaits::Outside);
        self.shared.worker.beside(work).await
    }

    /// A budget as far as the settings limit one.
    #[must_use]
    pub(crate) fn budget(&self) -> Budget {
        Budget::of(&self.shared.limits)
    }

    /// What is wrong with the folder that a start names in its input, as `folder`.
    #[must_use]
    pub(crate) fn folder_fault(&self, input: &Value) -> Option<Fault> {
        let name = input.get("folder")?.as_str()?;
        (!self.shared.limits.folders.contains_key(name)).then(|| Fault {
            loc: ["body", "input", "folder"].map(str::to_owned).to_vec(),
            msg: format!("{name:?} is not among agents.folders of the settings"),
            kind: "unknown_folder".to_owned(),
        })
    }

    /// Why no agent can work by this `[model.NAME]`, or by `default` where none is named; nothing where one can.
    #[must_use]
    pub(crate) fn model_fault(&self, llm: Option<&str>) -> Option<String> {
        self.shared.models.get(llm).err()
    }
}

impl std::fmt::Debug for Agents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agents").field("models", &self.shared.models).finish_non_exhaustive()
    }
}
