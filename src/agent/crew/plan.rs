//! A crew with its agents, as a kickoff finds them, and with its inputs in their texts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::crew::{Agent, Crew, Error, Guardrail, Process, Roster};
use crate::domain::json::text_of;
use crate::session::TaskError;

/// The id of a manager that no agent is.
const MANAGER: &str = "manager";

/// A crew with its agents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CrewPlan {
    pub(super) crew: Crew,
    /// Its agents, by id.
    pub(super) agents: BTreeMap<String, Agent>,
}

/// A crew with all the agents that it names.
///
/// # Errors
/// [`Error::Unknown`] where one of them has gone, or [`Error::Unavailable`].
pub(crate) async fn with_agents(roster: &Roster, crew: Crew) -> Result<CrewPlan, Error> {
    let mut agents = BTreeMap::new();
    let ids: BTreeSet<String> = crew.needs().map(str::to_owned).collect();
    for id in ids {
        let agent = roster.agent(&id).await?;
        agents.insert(id, agent);
    }
    Ok(CrewPlan { crew, agents })
}

impl CrewPlan {
    /// The inputs that its texts name, and neither these nor its own have.
    pub(crate) fn missing_inputs(&self, inputs: &Map<String, Value>) -> BTreeSet<String> {
        let mut missing = BTreeSet::new();
        self.clone().each_text(|text| {
            for (_, name) in places(text) {
                if !inputs.contains_key(name) && !self.crew.inputs.contains_key(name) {
                    missing.insert(name.to_owned());
                }
            }
        });
        missing
    }

    /// The same with the inputs in the texts.
    pub(super) fn with_inputs(mut self, inputs: &Map<String, Value>) -> Self {
        let own = self.crew.inputs.clone();
        self.each_text(|text| *text = filled(text, |name| inputs.get(name).or_else(|| own.get(name))));
        self
    }

    /// The agent that does a task: its own, else the crew's in turns.
    pub(super) fn agent_of(&self, at: usize) -> Result<(&str, &Agent), TaskError> {
        let named = self.crew.tasks.get(at).and_then(|task| task.agent.as_ref());
        let in_turn = || at.checked_rem(self.crew.agents.len()).and_then(|turn| self.crew.agents.get(turn));
        let id = named.or_else(in_turn).ok_or("the crew has no agent for its task")?;
        let agent = self.agents.get(id).ok_or_else(|| format!("there is no agent {id:?}"))?;
        Ok((id, agent))
    }

    /// Who leads the crew, with the id: its manager, else an agent that works by the model in `manager_llm`.
    pub(super) fn manager(&self) -> Result<Option<(String, Agent)>, TaskError> {
        if self.crew.process == Process::Sequential {
            return Ok(None);
        }
        if let Some(id) = &self.crew.manager_agent {
            let agent = self.agents.get(id).ok_or_else(|| format!("there is no agent {id:?}"))?;
            return Ok(Some((id.clone(), agent.clone())));
        }
        let agent = Agent {
            name: "the manager".to_owned(),
            role: "who leads a crew of agents".to_owned(),
            goal: "Have each task done well by the agent that fits it best.".to_owned(),
            llm: self.crew.manager_llm.clone(),
            ..Agent::default()
        };
        Ok(Some((MANAGER.to_owned(), agent)))
    }

    fn each_text(&mut self, mut change: impl FnMut(&mut String)) {
        for task in &mut self.crew.tasks {
            change(&mut task.description);
            task.expected_output.iter_mut().for_each(&mut change);
            match &mut task.guardrail {
                Some(Guardrail::Judged(text)) => change(text),
                Some(Guardrail::Rules(rules)) => rules.judge.iter_mut().for_each(&mut change),
                None => {}
            }
        }
        for agent in self.agents.values_mut() {
            change(&mut agent.role);
            change(&mut agent.goal);
            agent.backstory.iter_mut().for_each(&mut change);
        }
    }
}

/// The text with the values of inputs in their places. One that is not there stays as it is.
fn filled<'v>(text: &str, value: impl Fn(&str) -> Option<&'v Value>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, name) in places(text) {
        let Some(value) = value(name) else { continue };
        filled.push_str(text.get(rest..at).unwrap_or_default());
        filled.push_str(&text_of(value));
        rest = at + name.len() + 2;
    }
    filled.push_str(text.get(rest..).unwrap_or_default());
    filled
}

/// Where a text has names in braces, and which.
fn places(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let (name, _) = text.get(at + 1..)?.split_once('}')?;
        let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        is_name.then_some((at, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn inputs_are_put_into_texts() {
        let inputs = json!({"topic": "tea", "n": 3, "nested": "{topic}"});
        let of = |text: &str| filled(text, |name| inputs.get(name));
        assert_eq!(of("About {topic}, {n} times."), "About tea, 3 times.");
        assert_eq!(of("{nested}{topic}"), "{topic}tea", "an input is no text with inputs");
        for as_it_is in ["{other}", "{\"a\": 1}", "{ topic }", "{", "}{", "{}", "{1}", "é{é}"] {
            assert_eq!(of(as_it_is), as_it_is);
        }
    }

    #[test]
    fn inputs_that_nobody_gives_are_named() {
        let crew = json!({"name": "c", "inputs": {"own": 1}, "agents": ["a"],
                          "tasks": [{"name": "t", "description": "{own} {given} {missing}", "expected_output": "{more}"}]});
        let agent = Agent { goal: "{of_agent}".into(), ..Agent::default() };
        let plan = CrewPlan { crew: serde_json::from_value(crew).unwrap(), agents: [("a".into(), agent)].into() };
        let given = json!({"given": 1}).as_object().unwrap().clone();
        assert_eq!(plan.missing_inputs(&given).into_iter().collect::<Vec<_>>(), ["missing", "more", "of_agent"]);
    }
}
