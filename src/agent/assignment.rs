//! What an agent is to do, and what came of it.

use std::rc::Rc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::audit::Evidence;
use super::budget::Spent;
use super::review::Note;
use super::{Review, Team};
use crate::crew::{Agent, GUARDRAIL_RETRIES};
use crate::domain::context::{Context, Source};
use crate::domain::json::text_of;

/// What an agent is to do.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// The agent's id.
    pub(crate) agent_id: String,
    pub(crate) agent: Rc<Agent>,
    /// The task's name.
    pub(crate) task: String,
    /// What is to be done.
    pub(crate) description: String,
    /// What is to come of it.
    pub(crate) expected_output: Option<String>,
    /// What others gave before, by the names of their tasks.
    pub(crate) context: Vec<(String, String)>,
    /// The JSON Schema that the output has to fit.
    pub(crate) schema: Option<Value>,
    /// Whether any of its texts comes from outside: from a file, a server or memory.
    pub(crate) tainted: bool,
    /// Who has it done: an agent, or what its session is.
    pub(crate) by: String,
    /// How many delegations it is away from its session's own tasks.
    pub(crate) depth: u32,
    /// The folder of the settings that it may read.
    pub(crate) folder: Option<String>,
    /// Those whom it may hand work to.
    pub(crate) team: Team,
    /// Whether it leads them: it may delegate and decide.
    pub(crate) leads: bool,
    /// The agents that wait for it.
    pub(crate) chain: Vec<String>,
    /// What its output has to pass.
    pub(crate) review: Review,
    /// What a command or an endpoint gets beside all that.
    pub(crate) input: Map<String, Value>,
    /// The document that it looks through, in an audit.
    pub(crate) evidence: Option<Rc<Evidence>>,
}

impl Assignment {
    /// A task of a session's own, without anything that it does not need.
    #[must_use]
    pub(crate) fn new(agent_id: &str, agent: Rc<Agent>, task: &str, description: &str) -> Self {
        Self {
            agent_id: agent_id.to_owned(),
            agent,
            task: task.to_owned(),
            description: description.to_owned(),
            expected_output: None,
            context: Vec::new(),
            schema: None,
            tainted: false,
            by: "session".to_owned(),
            depth: 0,
            folder: None,
            team: Team::default(),
            leads: false,
            chain: Vec::new(),
            review: Review { retries: GUARDRAIL_RETRIES, ..Review::default() },
            input: Map::new(),
            evidence: None,
        }
    }

    /// What a question of its agent is about.
    pub(super) fn question_context(&self) -> Box<Context> {
        let source = Source::Agent { agent_id: self.agent_id.clone(), task: Some(self.task.clone()) };
        Box::new(Context { source: Some(source), ..Context::default() })
    }

    /// What a command or an endpoint is sent; `notes` are the drafts that were sent back before.
    pub(super) fn to_input(&self, notes: &[Note]) -> Value {
        let context: Map<String, Value> =
            self.context.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        let Agent { name, role, goal, .. } = &*self.agent;
        let mut input = json!({
            "task": self.task,
            "description": self.description,
            "expected_output": self.expected_output,
            "context": context,
            "agent": {"id": self.agent_id, "name": name, "role": role, "goal": goal},
        });
        if let Value::Object(fields) = &mut input {
            fields.extend(self.input.clone());
            if let Some(note) = notes.last() {
                fields.insert("draft".into(), note.draft.as_str().into());
                fields.insert("feedback".into(), note.feedback.as_str().into());
            }
        }
        input
    }
}

/// What came of an assignment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Output {
    /// As it is: what fits the schema where there is one, else mostly a text.
    pub(crate) value: Value,
    /// Whether anything that came from outside may stand in it.
    pub(crate) tainted: bool,
    /// Whether its model was cut off at the most tokens that a reply may have.
    pub(crate) is_cut: bool,
}

impl Output {
    /// A whole one.
    #[must_use]
    pub(crate) fn new(value: Value, tainted: bool) -> Self {
        Self { value, tainted, is_cut: false }
    }

    /// It as a text, for others to read.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        text_of(&self.value).into_owned()
    }

    /// Its findings, where it is a list of them, or has one in `findings`.
    #[must_use]
    pub(crate) fn findings(&self) -> Vec<Value> {
        let list = self.value.as_array().or_else(|| self.value.get("findings")?.as_array());
        list.into_iter().flatten().filter(|finding| finding.get("severity").is_some()).cloned().collect()
    }

    /// What a program or an endpoint gave: its `output`, where it is an object with that.
    pub(super) fn of_program(mut values: Value, tainted: bool) -> Self {
        let output = values.as_object_mut().and_then(|values| values.shift_remove("output"));
        Self::new(output.unwrap_or(values), tainted)
    }
}

/// The result of a session of several tasks, the last of which gives its output: all of them by name under `of_each`, what was
/// spent, and the names of those that were cut off, where some were.
pub(super) fn result(of_each: &str, outputs: Vec<(String, Output)>, spent: Spent) -> Value {
    let last = outputs.last().map(|(_, output)| output.value.clone()).unwrap_or_default();
    let cut_off: Vec<Value> =
        outputs.iter().filter(|(_, output)| output.is_cut).map(|(name, _)| name.as_str().into()).collect();
    let all: Map<String, Value> = outputs.into_iter().map(|(name, output)| (name, output.value)).collect();
    let mut result = Map::new();
    result.insert("output".into(), last);
    result.insert(of_each.into(), all.into());
    result.insert("usage".into(), spent.to_json());
    if !cut_off.is_empty() {
        result.insert("cut_off".into(), cut_off.into());
    }
    result.into()
}
