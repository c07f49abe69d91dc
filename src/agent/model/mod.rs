//! Agents of kind `model`: turn after turn, each a step of the lane.
//!
//! A turn is the step `model:{n}`. Its outcome has the whole reply, so a call that is done is never paid twice; one that was
//! under way when the server went down is in doubt, and made again with the same `Idempotency-Key`, or a person decides.
//! What of a reply has come is shown and not journaled.

mod call;
mod prompt;

use callboard_model::{Answer, Arguments, Message, Request, Turn};
use serde_json::{Value, json};

use self::call::{Called, call_id};
use super::run::event;
use super::{Agents, Assignment, Budget, Output};
use crate::domain::agent_entry::AgentEntry;
use crate::domain::entry::shorten;
use crate::session::{TaskContext, TaskError};

/// How often an output that does not fit its schema is sent back.
const SCHEMA_RETRIES: u32 = 3;

/// A conversation with a model about one assignment.
struct Conversation<'a> {
    agents: &'a Agents,
    lane: &'a TaskContext,
    budget: &'a Budget,
    work: &'a Assignment,
    messages: Vec<Message>,
    /// How many turns it has taken.
    turns: u32,
    /// Seconds of its work, for `max_execution_time`.
    worked: f64,
    tainted: bool,
}

impl Agents {
    /// Has a model do the assignment.
    pub(super) async fn ask_model(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
    ) -> Result<Output, TaskError> {
        let mut conversation = Conversation {
            agents: self,
            lane,
            budget,
            work,
            messages: prompt::messages(work),
            turns: 0,
            worked: 0.0,
            tainted: work.tainted,
        };
        conversation.run().await
    }
}

impl Conversation<'_> {
    async fn run(&mut self) -> Result<Output, TaskError> {
        let mut retries = SCHEMA_RETRIES;
        loop {
            let turn = self.take_turn().await?;
            let Some(answer) = turn.answer else {
                return Ok(Output { value: turn.text.into(), tainted: self.tainted });
            };
            let faults = match answer {
                Answer::Fits(value) => return Ok(Output { value, tainted: self.tainted }),
                Answer::Unfit(faults) => faults,
            };
            if retries == 0 {
                let error = format!("guardrail: the output does not fit its schema: {}", faults.join("; "));
                return Err(TaskError::Failed(error));
            }
            retries -= 1;
            self.messages.push(Message::Assistant { text: turn.text, calls: Vec::new() });
            self.messages.push(Message::User(prompt::unfit(&faults)));
        }
    }

    /// Asks the model once.
    async fn take_turn(&mut self) -> Result<Turn, TaskError> {
        self.turns += 1;
        let name = format!("model:{}", self.turns);
        let call_id = call_id(self.lane, &name);
        let config = &self.work.agent.config;
        let request = Request {
            messages: self.messages.clone(),
            tools: Vec::new(),
            schema: self.work.schema.clone(),
            temperature: config.get("temperature").and_then(Value::as_f64),
            max_tokens: config.get("max_tokens").and_then(Value::as_u64),
            idempotency_key: call_id.clone(),
        };
        match self.call(&name, &call_id, request).await? {
            Called::Turn { turn, spent } => {
                self.budget.spend(spent.into());
                self.worked += spent.seconds;
                self.write_turn(&turn, call_id).await;
                Ok(turn)
            }
            Called::Overflow { error, .. } | Called::Failed { error, .. } => Err(TaskError::Failed(error)),
        }
    }

    /// Journals a turn, and makes it an event.
    async fn write_turn(&self, turn: &Turn, call_id: String) {
        let most = self.lane.channel.limits.text_bytes() / 4;
        let cut = |text: &str| {
            let mut text = text.to_owned();
            shorten(&mut text, most);
            text
        };
        let tool_calls = turn.calls.iter().map(|call| {
            let arguments = match &call.arguments {
                Arguments::Valid(map) => Value::Object(map.clone()),
                Arguments::Invalid(text) => cut(text).into(),
            };
            json!({"id": call.id, "name": call.name, "arguments": arguments})
        });
        let entry = AgentEntry::AgentTurn {
            agent_id: self.work.agent_id.clone(),
            task: self.work.task.clone(),
            call_id,
            turn: self.turns,
            text: cut(&turn.text),
            reasoning: cut(&turn.reasoning),
            tool_calls: tool_calls.collect(),
            finish_reason: turn.finish_reason.clone(),
            usage: json!(turn.usage),
        };
        self.lane.report(entry).await;
        if turn.calls.is_empty() {
            self.write_progress(None).await;
        }
    }

    async fn write_progress(&self, tool: Option<&str>) {
        let tokens = self.budget.spent().usage.total();
        let data = json!({"agent": self.work.agent_id, "turn": self.turns, "tool": tool, "tokens": tokens,
                          "budget_left": self.budget.left()});
        self.lane.emit("task.progress", event(self.work, data)).await;
    }
}
