//! The calls of a turn: each checked, guarded, confirmed where that is needed, made, and its result journaled.

use callboard_model::{Arguments, Message, Tool as Declared, ToolCall, Turn};
use futures::FutureExt;
use serde_json::{Map, Value, json};

use super::Conversation;
use super::guard::Verdict;
use crate::agent::Assignment;
use crate::agent::budget::Spent;
use crate::agent::team::object;
use crate::agent::tool::{self, Given, Tool, human, text};
use crate::domain::agent_entry::AgentEntry;
use crate::domain::entry::shorten;
use crate::domain::request::Confirmation;
use crate::domain::schema::Schema;
use crate::session::TaskError;

/// Most characters of arguments in a question.
const MOST_SHOWN: usize = 2000;

impl Conversation<'_> {
    /// What the model may use, as it is offered.
    pub(super) fn declared(&self) -> Vec<Declared> {
        self.tools.iter().map(|tool| tool.declare(&self.work.agent_id, &self.work.team)).collect()
    }

    /// Makes a call, and puts its result into the conversation.
    pub(super) async fn make_call(&mut self, turn: &Turn, call: &ToolCall) -> Result<(), TaskError> {
        let given = self.result_of(turn, call).await?;
        self.budget.spend(Spent { tool_calls: 1, ..Spent::default() });
        self.agents.shared.metrics.tool_call(given.ok);
        let mut text = given.text.clone();
        shorten(&mut text, self.lane.channel.limits.text_bytes() / 2);
        let entry = AgentEntry::ToolResult {
            agent_id: self.work.agent_id.clone(),
            call_id: call.id.clone(),
            tool: call.name.clone(),
            ok: given.ok,
            text,
        };
        self.lane.report(entry).await;
        self.write_progress(Some(&call.name)).await;
        let text = if given.ok { given.text } else { format!("Error: {}", given.text) };
        self.say(Message::Tool { call_id: call.id.clone(), text });
        Ok(())
    }

    /// What the arguments of a tool have to fit.
    fn schema_of(&mut self, tool: Tool) -> Option<&Schema> {
        if !self.schemas.iter().any(|(of, _)| *of == tool) {
            let declared = tool.declare(&self.work.agent_id, &self.work.team);
            self.schemas.push((tool, Schema::compile(declared.parameters).ok()?));
        }
        self.schemas.iter().find(|(of, _)| *of == tool).map(|(_, schema)| schema)
    }

    async fn result_of(&mut self, turn: &Turn, call: &ToolCall) -> Result<Given, TaskError> {
        let name = &call.name;
        let offered = Tool::parse(name).filter(|tool| self.tools.contains(tool));
        let Some(tool) = offered else {
            let names: Vec<String> = self.declared().into_iter().map(|declared| declared.name).collect();
            return Ok(Given::refused(format!("there is no tool {name:?}; there are: {}", names.join(", "))));
        };
        let arguments = match &call.arguments {
            Arguments::Valid(arguments) => arguments,
            Arguments::Invalid(_) if turn.is_cut() => {
                return Ok(Given::refused(
                    "the reply was cut off in the middle of this call, at the most tokens that it may have: make a shorter one",
                ));
            }
            Arguments::Invalid(_) => return Ok(Given::refused("the arguments are no JSON object")),
        };
        match self.guard.count(call, arguments) {
            Verdict::Allowed => {}
            Verdict::Refused => {
                return Ok(Given::refused(
                    "this call was made twice already, with the same arguments: do something else",
                ));
            }
            Verdict::Looping => {
                return Err(TaskError::Failed(format!(
                    "loop_detected: the agent {} calls {name} with the same arguments again and again",
                    self.work.agent_id
                )));
            }
        }
        if let Some(fault) = self.schema_of(tool).and_then(|schema| tool::fault(schema, arguments)) {
            return Ok(Given::refused(fault));
        }
        if self.tainted && tool.reaches_out() && !self.confirm(name, arguments).await {
            return Ok(Given::refused("a person declined this call"));
        }
        self.tainted |= tool.taints();
        match tool {
            Tool::AskHuman => human::ask(self.lane, self.work, arguments).await,
            Tool::Delegate => self.delegate(arguments).await,
            Tool::Decide => self.decide(arguments).await,
            Tool::SearchFiles | Tool::ReadFile | Tool::HttpGet | Tool::MemoryRead | Tool::MemoryWrite => {
                self.steps += 1;
                let step = format!("tool:{}:{name}", self.steps);
                self.agents.use_tool(self.lane, self.work, (&step, tool), arguments).await
            }
        }
    }

    /// Has a person confirm a call by its literal arguments, as the conversation has text from outside in it.
    async fn confirm(&self, name: &str, arguments: &Map<String, Value>) -> bool {
        let mut shown = Value::Object(arguments.clone()).to_string();
        shorten(&mut shown, MOST_SHOWN);
        let message = format!(
            "The agent {} has read text from outside and wants to use {name} with {shown}. Allow it?",
            self.work.agent_id
        );
        self.lane.confirm(Confirmation { context: self.work.question_context(), ..Confirmation::new(message) }).await
    }

    /// Has another agent do something.
    async fn delegate(&mut self, arguments: &Map<String, Value>) -> Result<Given, TaskError> {
        let (to, instructions) = (text(arguments, "agent"), text(arguments, "instructions"));
        let Some(agent) = self.work.team.member(to) else {
            return Ok(Given::refused(format!("there is no agent {to:?}")));
        };
        if to == self.work.agent_id || self.work.chain.iter().any(|id| id == to) {
            return Ok(Given::refused(format!("{to} waits for this work itself")));
        }
        let deepest = self.agents.shared.limits.max_delegation_depth;
        if self.work.depth >= deepest {
            return Ok(Given::refused(format!(
                "work is handed on at most {deepest} times (agents.max_delegation_depth)"
            )));
        }
        self.delegations += 1;
        let task = match text(arguments, "task") {
            "" => format!("{} for {}", self.work.task, self.work.agent_id),
            task => task.to_owned(),
        };
        let from = self.work.agent_id.clone();
        let data = json!({"from": from, "to": to, "task": task, "instructions": instructions, "agent_id": from});
        self.lane.emit("manager.delegation_started", object(data)).await;
        let work = Assignment {
            tainted: self.tainted,
            folder: self.work.folder.clone(),
            by: from.clone(),
            depth: self.work.depth + 1,
            team: self.work.team.clone(),
            chain: self.work.chain.iter().cloned().chain([from.clone()]).collect(),
            ..Assignment::new(to, agent, &task, instructions)
        };
        let lane = self.lane.lane(&format!("delegate-{}", self.delegations));
        let result = self.agents.run(&lane, self.budget, &work).boxed_local().await;
        self.work.team.write_update(self.lane, &from).await;
        match result {
            Ok(output) => {
                self.tainted |= output.tainted;
                let text = output.text();
                self.delegated = Some(output);
                Ok(Given::ok(text))
            }
            Err(TaskError::Failed(error)) if error.starts_with("budget_exceeded") => Err(TaskError::Failed(error)),
            Err(TaskError::Failed(error)) => Ok(Given::refused(format!("{to} failed: {error}"))),
            Err(cancelled @ TaskError::Cancelled(_)) => Err(cancelled),
        }
    }

    /// Records a manager's decision; one that accepts the work ends the task.
    async fn decide(&mut self, arguments: &Map<String, Value>) -> Result<Given, TaskError> {
        let (decision, reason) = (text(arguments, "decision"), text(arguments, "reason"));
        let data =
            json!({"agent_id": self.work.agent_id, "task": self.work.task, "decision": decision, "reason": reason});
        self.lane.emit("manager.decision_made", object(data)).await;
        match decision {
            "accept" | "finish" => {
                self.is_decided = true;
                Ok(Given::ok("Recorded. Now give the final output of the task."))
            }
            "ask_human" => {
                let mut question = Map::new();
                question.insert("kind".into(), "form".into());
                question.insert("message".into(), reason.into());
                human::ask(self.lane, self.work, &question).await
            }
            _ => Ok(Given::ok("Recorded. Delegate what is still to be done.")),
        }
    }
}
