//! `crew`: agents who do the tasks of a crew, as one session.
//!
//! The crew and its agents are read once and recorded, so that a change of them does not reach a crew that has begun. Each
//! task is done in a lane of its own; what it needs of others decides when it begins (`order`).

mod order;
mod plan;

use std::rc::Rc;

use futures::FutureExt;
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) use self::plan::{CrewPlan, with_agents};

use self::order::Order;
use super::assignment::result;
use super::{Agents, Assignment, Budget, Output, Review, Team};
use crate::crew::{Agent, BudgetLimits};
use crate::domain::agent::AgentKind;
use crate::session::messages::Fault;
use crate::session::{TaskContext, TaskError, TaskKind, TaskResult};

/// The name of the task kind.
pub(crate) const KIND: &str = "crew";

/// The kind `crew`.
pub(crate) struct CrewKind {
    agents: Agents,
}

/// What a crew's session works on.
#[derive(Debug, Deserialize)]
struct Input {
    crew_id: String,
    #[serde(default)]
    inputs: Map<String, Value>,
    #[serde(default)]
    budget: BudgetLimits,
    #[serde(default)]
    folder: Option<String>,
}

/// A crew at work.
struct Crew {
    agents: Agents,
    ctx: TaskContext,
    plan: CrewPlan,
    budget: Budget,
    team: Team,
    /// Who leads it, where somebody does.
    manager: Option<(String, Rc<Agent>)>,
    folder: Option<String>,
}

impl CrewKind {
    /// Crews of these agents.
    #[must_use]
    pub(crate) fn new(agents: Agents) -> Self {
        Self { agents }
    }
}

impl TaskKind for CrewKind {
    fn name(&self) -> &str {
        KIND
    }

    fn description(&self) -> &str {
        "Lets the agents of a stored crew do its tasks."
    }

    fn input_schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["crew_id"],
            "additionalProperties": false,
            "properties": {
                "crew_id": {"type": "string", "description": "The crew."},
                "inputs": {"type": "object", "description": "What {topic} and the like stand for in its texts."},
                "budget": {"type": "object", "additionalProperties": false, "properties": {
                    "tokens": {"type": ["integer", "null"], "minimum": 1},
                    "turns": {"type": ["integer", "null"], "minimum": 1},
                    "seconds": {"type": ["number", "null"], "exclusiveMinimum": 0},
                    "cost": {"type": ["number", "null"], "exclusiveMinimum": 0}
                }, "description": "What it may spend, where that is not what the crew says."},
                "folder": {"type": "string", "description": "The folder of the settings that its agents may read."}
            }
        })
    }

    fn check(&self, input: &Value, _: &Value) -> Vec<Fault> {
        self.agents.folder_fault(input).into_iter().collect()
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        let agents = self.agents.clone();
        async move { Crew::begin(agents, ctx).await?.work().await }.boxed_local()
    }
}

impl Crew {
    async fn begin(agents: Agents, ctx: TaskContext) -> Result<Self, TaskError> {
        let input: Input = serde_json::from_value(ctx.input().clone()).map_err(TaskError::failed)?;
        let read = || async {
            let roster = agents.shared.roster.as_ref().ok_or("there are no crews here")?;
            let roster = roster.of(&ctx.channel.spec.owner());
            let crew = roster.get::<crate::crew::Crew>(&input.crew_id).await.map_err(TaskError::failed)?.thing;
            with_agents(&roster, crew).await.map_err(TaskError::failed)
        };
        let plan: CrewPlan = ctx.step("crew", read).await?;
        let missing: Vec<String> = plan.missing_inputs(&input.inputs).into_iter().collect();
        if !missing.is_empty() {
            return Err(TaskError::Failed(format!("these inputs are missing: {}", missing.join(", "))));
        }
        let plan = plan.with_inputs(&input.inputs);
        let manager = plan.manager()?;
        let led_by = manager.iter().map(|(_, agent)| agent);
        for agent in plan.agents.values().chain(led_by).filter(|agent| agent.kind == AgentKind::Model) {
            if let Some(fault) = agents.model_fault(agent.llm.as_deref()) {
                return Err(TaskError::Failed(fault));
            }
        }
        let budget = agents.budget().with(&input.budget.or(&plan.crew.budget));
        let members =
            plan.crew.agents.iter().filter_map(|id| Some((id.clone(), Rc::new(plan.agents.get(id)?.clone()))));
        let team = Team::new(members.collect(), plan.crew.tasks.len());
        let manager = manager.map(|(id, agent)| (id, Rc::new(agent)));
        Ok(Self { agents, ctx, plan, budget, team, manager, folder: input.folder })
    }

    /// Does all tasks, each as soon as it may begin.
    async fn work(self) -> TaskResult {
        let mut order = Order::new(&self.plan.crew.tasks);
        let mut running = FuturesUnordered::new();
        loop {
            while let Some(at) = order.next() {
                running.push(self.task(at, order.context(at)).map(move |result| (at, result)));
            }
            let Some((at, result)) = running.next().await else { break };
            order.done(at, result?);
        }
        Ok(result("tasks", order.outputs(), self.budget.spent()))
    }

    /// Does one task, with what others gave for it.
    async fn task(&self, at: usize, context: Vec<(String, Output)>) -> Result<Output, TaskError> {
        let Some(task) = self.plan.crew.tasks.get(at) else { return Err("there is no such task".into()) };
        let (agent_id, agent) = match &self.manager {
            Some((id, agent)) => (id.as_str(), agent.clone()),
            None => self.plan.agent_of(at).map(|(id, agent)| (id, Rc::new(agent.clone())))?,
        };
        let lane = self.ctx.lane(&format!("task/{}", task.name));
        let work = Assignment {
            expected_output: task.expected_output.clone(),
            tainted: context.iter().any(|(_, output)| output.tainted),
            context: context.into_iter().map(|(name, output)| (name, output.text())).collect(),
            schema: task.output_schema.clone(),
            folder: self.folder.clone(),
            by: KIND.to_owned(),
            team: self.team.clone(),
            leads: self.manager.is_some(),
            review: Review {
                guardrail: task.guardrail.clone(),
                retries: task.guardrail_max_retries,
                human_input: task.human_input.then(|| task.answerers.clone()),
            },
            ..Assignment::new(agent_id, agent, &task.name, &task.description)
        };
        self.team.begin();
        let result = self.agents.run(&lane, &self.budget, &work).await;
        self.team.end();
        result
    }
}
