//! `pipeline`: research, planning and implementation, each by an agent that gets what was done before it.
//!
//! Each phase is done in lanes of its own, one for each try, so that one that fails is tried again alone. What came of it is
//! kept in the memory of the client that the run is for.

use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::assignment::result;
use super::{Agents, Assignment, Budget, Output};
use crate::config::pipeline::Pipeline;
use crate::domain::agent::{Agent, AgentKind};
use crate::domain::entry::shorten;
use crate::domain::json::text_of;
use crate::domain::request::Confirmation;
use crate::memory::{Memory, Place, client_of};
use crate::session::messages::Fault;
use crate::session::{TaskContext, TaskError, TaskKind, TaskResult};
use crate::store::Precondition;

/// The name of the task kind.
pub(crate) const KIND: &str = "pipeline";

/// Most bytes of a plan in the question whether it is approved.
const SHOWN: usize = 16_384;

/// A phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Research,
    Planning,
    Implementation,
}

/// The kind `pipeline`.
pub(crate) struct PipelineKind {
    agents: Agents,
    settings: Arc<Pipeline>,
    /// Nothing where task kinds are only listed.
    memory: Option<Memory>,
}

/// What a run may have otherwise than the settings.
#[derive(Debug, Default, Deserialize)]
struct Overrides {
    research: Option<String>,
    planning: Option<String>,
    implementation: Option<String>,
    approve_plan: Option<bool>,
}

/// Who does a phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Doer {
    agent_id: String,
    agent: Agent,
}

/// A run of the pipeline.
struct Run {
    ctx: TaskContext,
    agents: Agents,
    settings: Arc<Pipeline>,
    memory: Option<Memory>,
    budget: Budget,
    content: Value,
    /// The folder of the settings that its agents may read.
    folder: Option<String>,
}

impl Phase {
    const ALL: [Phase; 3] = [Phase::Research, Phase::Planning, Phase::Implementation];

    const fn word(self) -> &'static str {
        match self {
            Phase::Research => "research",
            Phase::Planning => "planning",
            Phase::Implementation => "implementation",
        }
    }

    /// What its agent is to do.
    const fn description(self) -> &'static str {
        match self {
            Phase::Research => "Find out what has to be known to do the task below. Give facts, not advice.",
            Phase::Planning => "Make a plan by which the task below can be done, step by step.",
            Phase::Implementation => "Do the task below by the plan, and give what comes of it.",
        }
    }

    /// The agent that does it where none is named.
    fn usual_agent(self) -> Agent {
        let (role, goal) = match self {
            Phase::Research => ("researcher", "Find what matters, and say where it comes from."),
            Phase::Planning => ("planner", "Make plans that others can follow."),
            Phase::Implementation => ("implementer", "Do what was planned, completely."),
        };
        let name = self.word().to_owned();
        Agent { name, role: role.to_owned(), goal: goal.to_owned(), kind: AgentKind::Model, ..Agent::default() }
    }
}

impl PipelineKind {
    /// Pipelines of these agents, by these settings.
    #[must_use]
    pub(crate) fn new(agents: Agents, settings: &Pipeline, memory: Option<Memory>) -> Self {
        Self { agents, settings: Arc::new(settings.clone()), memory }
    }
}

impl TaskKind for PipelineKind {
    fn name(&self) -> &str {
        KIND
    }

    fn description(&self) -> &str {
        "Researches, plans and implements, each by an agent."
    }

    fn input_schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["content"],
            "additionalProperties": false,
            "properties": {
                "content": {"description": "What is to be done."},
                "folder": {"type": "string", "description": "The folder of the settings that its agents may read."}
            }
        })
    }

    fn check(&self, input: &Value, _: &Value) -> Vec<Fault> {
        self.agents.folder_fault(input).into_iter().collect()
    }

    fn config_schema(&self) -> Value {
        let agent = |phase: Phase| json!({"type": "string", "minLength": 1, "maxLength": 64, "description": format!("The agent for {}.", phase.word())});
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "research": agent(Phase::Research),
                "planning": agent(Phase::Planning),
                "implementation": agent(Phase::Implementation),
                "approve_plan": {"type": "boolean", "description": "Whether a person has to approve the plan."}
            }
        })
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        let (agents, settings, memory) = (self.agents.clone(), self.settings.clone(), self.memory.clone());
        let content = ctx.input().get("content").cloned().unwrap_or_default();
        let folder = ctx.input().get("folder").and_then(Value::as_str).map(str::to_owned);
        let budget = agents.budget();
        async move { Run { ctx, agents, settings, memory, budget, content, folder }.run().await }.boxed_local()
    }
}

impl Run {
    async fn run(self) -> TaskResult {
        let overrides = self.ctx.config();
        let overrides: Overrides = if overrides.is_null() {
            Overrides::default()
        } else {
            serde_json::from_value(overrides.clone()).map_err(TaskError::failed)?
        };
        let approve_plan = overrides.approve_plan.unwrap_or(self.settings.approve_plan);
        // A change of an agent does not reach a run that has begun.
        let doers: Vec<Doer> = self.ctx.step("agents", || self.doers(&overrides)).await?;
        for Doer { agent, .. } in doers.iter().filter(|doer| doer.agent.kind == AgentKind::Model) {
            if let Some(fault) = self.agents.model_fault(agent.llm.as_deref()) {
                return Err(TaskError::Failed(fault));
            }
        }
        let mut outputs: Vec<(String, Output)> = Vec::new();
        for (phase, doer) in Phase::ALL.into_iter().zip(doers) {
            self.write("phase_started", phase, None).await;
            let output = self.phase(phase, doer, &outputs).await?;
            self.remember(phase, &output).await?;
            self.write("phase_completed", phase, Some(&output)).await;
            if phase == Phase::Planning && approve_plan && !self.is_approved(&output).await {
                return Err(TaskError::Cancelled("the plan was declined".into()));
            }
            outputs.push((phase.word().to_owned(), output));
        }
        Ok(result("phases", outputs, self.budget.spent()))
    }

    /// Who does each phase.
    async fn doers(&self, overrides: &Overrides) -> Result<Vec<Doer>, TaskError> {
        let mut doers = Vec::new();
        for phase in Phase::ALL {
            let (over, usual) = match phase {
                Phase::Research => (&overrides.research, &self.settings.research),
                Phase::Planning => (&overrides.planning, &self.settings.planning),
                Phase::Implementation => (&overrides.implementation, &self.settings.implementation),
            };
            doers.push(match over.as_ref().or(usual.as_ref()) {
                Some(id) => {
                    Doer { agent_id: id.clone(), agent: self.agents.find(&self.ctx.channel.spec.owner(), id).await? }
                }
                None => Doer { agent_id: phase.word().to_owned(), agent: phase.usual_agent() },
            });
        }
        Ok(doers)
    }

    /// Does a phase, again where it fails and a person wants that.
    async fn phase(&self, phase: Phase, doer: Doer, before: &[(String, Output)]) -> Result<Output, TaskError> {
        let content = text_of(&self.content);
        let description = format!("{}\n\nThe task:\n{content}", phase.description());
        let input = Map::from_iter([("content".to_owned(), self.content.clone())]);
        let Doer { agent_id, agent } = doer;
        let work = Assignment {
            context: before.iter().map(|(name, output)| (name.clone(), output.text())).collect(),
            tainted: before.iter().any(|(_, output)| output.tainted),
            by: KIND.to_owned(),
            folder: self.folder.clone(),
            input,
            ..Assignment::new(&agent_id, Rc::new(agent), phase.word(), &description)
        };
        let offers = self.ctx.lane(&format!("{}/retries", phase.word()));
        let run = |attempt: u32| {
            let lane = self.ctx.lane(&format!("{}/{attempt}", phase.word()));
            let work = &work;
            async move { self.agents.run(&lane, &self.budget, work).await }
        };
        offers.attempts(self.settings.max_retries, run).await
    }

    /// Writes that a phase begins or is done.
    async fn write(&self, kind: &str, phase: Phase, output: Option<&Output>) {
        let mut data = Map::from_iter([("phase".to_owned(), phase.word().into())]);
        data.extend(output.map(|output| ("output".to_owned(), output.value.clone())));
        self.ctx.emit(kind, data).await;
    }

    /// Keeps what came of a phase in the memory of the run's client. What is too large for that is kept in the journal alone.
    async fn remember(&self, phase: Phase, output: &Output) -> Result<(), TaskError> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let memory = memory.of(&self.ctx.channel.spec.owner());
        let key = format!("{KIND}.{}.{}", self.ctx.session_id(), phase.word());
        let place = Place::new(&client_of(&self.ctx.channel.spec), &key).map_err(TaskError::failed)?;
        let keep = || async {
            match memory.put(&place, &output.value.to_string(), None, Precondition::Anything).await {
                Ok(kept) => Ok(Some(kept.version)),
                Err(
                    error @ (crate::memory::Error::Unavailable(_)
                    | crate::memory::Error::Everybodys
                    | crate::memory::Error::Missing
                    | crate::memory::Error::Outdated(_)),
                ) => Err(TaskError::failed(error)),
                Err(full) => {
                    log::warn!(key = key.as_str(), error:% = full; "what came of a phase is not kept in memory");
                    Ok(None)
                }
            }
        };
        let version: Option<u64> = self.ctx.step(&format!("memory:{}", phase.word()), keep).await?;
        if let Some(version) = version {
            let data = json!({"client_id": place.client_id(), "key": place.key(), "version": version});
            if let Value::Object(data) = data {
                self.ctx.emit("memory.stored", data).await;
            }
        }
        Ok(())
    }

    async fn is_approved(&self, plan: &Output) -> bool {
        let mut text = plan.text();
        shorten(&mut text, SHOWN);
        self.ctx.confirm(Confirmation::new(format!("Carry out this plan?\n\n{text}"))).await
    }
}
