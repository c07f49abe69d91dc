//! Agents of kind `model`: turn after turn, each a step of the lane, then a step for each tool that it calls.
//!
//! A turn is the step `model:{n}`. Its outcome has the whole reply, so a call that is done is never paid twice; one that was
//! under way when the server went down is in doubt, and made again with the same `Idempotency-Key`, or a person decides.
//! What of a reply has come is shown and not journaled.

mod call;
mod guard;
mod prompt;
mod shorten;
mod tools;

use std::sync::Arc;

use callboard_model::{Answer, Arguments, Message, Request, Turn};
use serde_json::{Value, json};

use self::call::{Called, call_id};
use self::guard::LoopGuard;
use super::budget::Spent;
use super::review::Note;
use super::run::event;
use super::tool::Tool;
use super::{Agents, Assignment, Budget, Output};
use crate::domain::agent_entry::AgentEntry;
use crate::domain::schema::Schema;
use crate::session::{TaskContext, TaskError};

/// How often the conversation of one turn is shortened before the turn fails; each time it is half as long, or less.
const MOST_SHORTENED: u32 = 5;

/// A conversation with a model about one assignment.
struct Conversation<'a> {
    agents: &'a Agents,
    lane: &'a TaskContext,
    budget: &'a Budget,
    work: &'a Assignment,
    /// Shared with the call that is made.
    messages: Arc<Vec<Message>>,
    tools: Vec<Tool>,
    /// What the arguments have to fit of the tools that were called.
    schemas: Vec<(Tool, Schema)>,
    /// The JSON Schema that its answer has to fit.
    schema: Option<Value>,
    guard: LoopGuard,
    /// How many turns it has taken.
    turns: u32,
    /// How many steps its tools have taken.
    steps: u32,
    /// How many delegations it has made.
    delegations: u32,
    /// Seconds of its work, for `max_execution_time`.
    worked: f64,
    tainted: bool,
    /// What the last delegation gave.
    delegated: Option<Output>,
    /// Whether it has decided that the work is done.
    is_decided: bool,
    /// Whether it gave nothing where its answer was wanted, and is asked for that alone.
    is_asked_again: bool,
}

impl Agents {
    /// Has a model do the assignment; `notes` are the drafts that were sent back before.
    pub(super) async fn ask_model(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
        notes: &[Note],
    ) -> Result<Output, TaskError> {
        let mut conversation = Conversation::new(self, lane, budget, work);
        conversation.tools = tools_of(work);
        conversation.schema.clone_from(&work.schema);
        let mut messages = prompt::messages(work, &conversation.tools);
        messages.extend(notes.iter().flat_map(Note::messages));
        conversation.messages = messages.into();
        conversation.tainted |= notes.iter().any(|note| note.tainted);
        conversation.run().await
    }

    /// Has the agent's model judge an output by a rule; gives what is wrong with it, if anything.
    pub(super) async fn judge(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
        rule: &str,
        output: &Output,
    ) -> Result<Option<String>, TaskError> {
        let mut conversation = Conversation::new(self, lane, budget, work);
        conversation.schema = Some(prompt::verdict_schema());
        conversation.messages = prompt::judge(rule, &output.text()).into();
        let turn = conversation.take_turn(false).await?;
        Ok(prompt::verdict(&turn))
    }
}

impl<'a> Conversation<'a> {
    fn new(agents: &'a Agents, lane: &'a TaskContext, budget: &'a Budget, work: &'a Assignment) -> Self {
        Self {
            agents,
            lane,
            budget,
            work,
            messages: Arc::default(),
            tools: Vec::new(),
            schemas: Vec::new(),
            schema: None,
            guard: LoopGuard::default(),
            turns: 0,
            steps: 0,
            delegations: 0,
            worked: 0.0,
            tainted: work.tainted,
            delegated: None,
            is_decided: false,
            is_asked_again: false,
        }
    }

    async fn run(&mut self) -> Result<Output, TaskError> {
        let mut retries = self.work.review.retries;
        loop {
            let is_last = self.turns >= self.work.agent.max_iter || self.is_decided || self.is_asked_again;
            if is_last {
                self.say(Message::User(prompt::LAST.to_owned()));
            }
            let turn = self.take_turn(!is_last).await?;
            if !turn.calls.is_empty() && !is_last {
                self.say(Message::Assistant { text: turn.text.clone(), calls: turn.calls.clone() });
                for call in &turn.calls {
                    self.make_call(&turn, call).await?;
                }
                continue;
            }
            if turn.text.trim().is_empty() {
                // A manager that has accepted what others made need not say it again.
                if let Some(output) = self.delegated.take().filter(|_| self.is_decided) {
                    return Ok(output);
                }
                if is_last {
                    return Err(self.gave_nothing());
                }
                self.is_asked_again = true;
                continue;
            }
            let faults = match self.answer(&turn) {
                Answer::Fits(value) => return Ok(Output { value, tainted: self.tainted, is_cut: turn.is_cut() }),
                Answer::Unfit(faults) => faults,
            };
            if retries == 0 || is_last {
                let error = format!("guardrail: the output does not fit its schema: {}", faults.join("; "));
                return Err(TaskError::Failed(error));
            }
            retries -= 1;
            self.say(Message::Assistant { text: turn.text, calls: Vec::new() });
            self.say(Message::User(prompt::unfit(&faults)));
        }
    }

    fn say(&mut self, message: Message) {
        Arc::make_mut(&mut self.messages).push(message);
    }

    /// What a turn answers, by the schema where there is one.
    fn answer(&self, turn: &Turn) -> Answer {
        match (&self.schema, &turn.answer) {
            (None, _) => Answer::Fits(turn.text.clone().into()),
            (Some(schema), Some(Answer::Unfit(_))) if let Some(findings) = self.bare_findings(turn, schema) => findings,
            (Some(_), Some(answer)) => answer.clone(),
            (Some(schema), None) => match Schema::compile(schema.clone()) {
                Ok(schema) => turn.check(&schema),
                Err(error) => Answer::Unfit(vec![format!("its schema {error}")]),
            },
        }
    }

    /// In an audit, a list of findings without the object around it, which servers want to have.
    fn bare_findings(&self, turn: &Turn, schema: &Value) -> Option<Answer> {
        self.work.evidence.as_ref()?;
        let findings = json!({"findings": turn.json().filter(Value::is_array)?});
        let is_fit = Schema::compile(schema.clone()).ok()?.faults("answer", &findings).is_empty();
        is_fit.then_some(Answer::Fits(findings))
    }

    /// Why there is no output, though it was asked for.
    fn gave_nothing(&self) -> TaskError {
        let (id, most) = (&self.work.agent_id, self.work.agent.max_iter);
        TaskError::Failed(if self.turns > most {
            format!("budget_exceeded: the agent {id} gave no answer within its {most} turns (max_iter)")
        } else {
            format!("model: the agent {id} was asked for its answer twice and gave none")
        })
    }

    /// Asks the model once, and again with a shorter conversation as long as it is too long.
    async fn take_turn(&mut self, with_tools: bool) -> Result<Turn, TaskError> {
        self.turns += 1;
        let mut name = format!("model:{}", self.turns);
        let mut left_out = 0;
        let mut shortened = 0;
        loop {
            let call_id = call_id(self.lane, &name);
            let config = &self.work.agent.config;
            let tools = if with_tools { self.declared() } else { Vec::new() };
            let request = Request {
                messages: self.messages.clone(),
                // Servers differ in whether they take both; where there are tools, the schema stands in the prompt.
                schema: self.schema.clone().filter(|_| tools.is_empty()),
                tools,
                temperature: config.get("temperature").and_then(Value::as_f64),
                max_tokens: config.get("max_tokens").and_then(Value::as_u64),
                idempotency_key: call_id.clone(),
            };
            match self.call(&name, &call_id, request).await? {
                Called::Turn { turn, spent } => {
                    self.budget.spend(spent.into());
                    self.worked += spent.seconds;
                    self.write_turn(&turn, call_id, left_out).await;
                    return Ok(*turn);
                }
                Called::Overflow { limit, error } => {
                    let may = self.work.agent.respect_context_window && shortened < MOST_SHORTENED;
                    let less = if may { shorten::shorten(Arc::make_mut(&mut self.messages), limit) } else { 0 };
                    if less == 0 {
                        return Err(TaskError::Failed(error));
                    }
                    left_out += less;
                    shortened += 1;
                    name = shortened_name(self.turns, shortened);
                }
                Called::Failed { error, seconds } => {
                    self.budget.spend(Spent { seconds, ..Spent::default() });
                    return Err(TaskError::Failed(error));
                }
            }
        }
    }

    /// Journals a turn, and makes it an event.
    async fn write_turn(&self, turn: &Turn, call_id: String, left_out_bytes: usize) {
        let most = self.lane.channel.limits.text_bytes() / 4;
        let cut = |text: &str| {
            let mut text = text.to_owned();
            crate::domain::entry::shorten(&mut text, most);
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
            left_out_bytes: Some(left_out_bytes).filter(|bytes| *bytes > 0),
            warnings: turn.warnings.clone(),
            usage: json!(turn.usage),
        };
        self.lane.report(entry).await;
        if turn.calls.is_empty() {
            self.write_progress(None).await;
        }
    }

    async fn write_progress(&self, tool: Option<&str>) {
        let spent = self.budget.spent();
        let data = json!({"agent": self.work.agent_id, "turn": self.turns, "tool": tool, "tokens": spent.usage.total(),
                          "spent": spent.to_json(), "budget_left": self.budget.left()});
        self.lane.emit("task.progress", event(self.work, data)).await;
    }
}

/// The step of a turn whose conversation was shortened so often.
fn shortened_name(turn: u32, times: u32) -> String {
    match times {
        1 => format!("model:{turn}:shortened"),
        _ => format!("model:{turn}:shortened-{times}"),
    }
}

/// What an agent may use: what it was given, and `delegate` where it may hand work to others.
fn tools_of(work: &Assignment) -> Vec<Tool> {
    let has_others = !work.team.others(&work.agent_id).is_empty();
    let named = work.agent.tools.iter().filter_map(|name| Tool::parse(name));
    let delegate = Some(Tool::Delegate).filter(|_| work.agent.allow_delegation || work.leads);
    let decide = Some(Tool::Decide).filter(|_| work.leads);
    let mut tools: Vec<Tool> = Vec::new();
    for tool in named.chain(delegate).chain(decide) {
        if !tools.contains(&tool) && (tool != Tool::Delegate || has_others) {
            tools.push(tool);
        }
    }
    tools
}
