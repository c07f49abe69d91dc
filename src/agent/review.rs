//! What an output has to pass before its task is done: rules, a judge, a person.

use callboard_model::Message;
use serde_json::Value;

use super::{Agents, Assignment, Budget, Output};
use crate::crew::{AgentKind, Guardrail, GuardrailRules};
use crate::domain::answerers::Answerers;
use crate::domain::entry::shorten;
use crate::domain::pattern;
use crate::domain::request::{Confirmation, Field, FieldType, Form};
use crate::domain::schema::Schema;
use crate::session::{TaskContext, TaskError};

/// Most characters of a draft in a question.
const MOST_SHOWN: usize = 16_000;

/// What an output has to pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Review {
    pub(crate) guardrail: Option<Guardrail>,
    /// How often an output that does not pass is sent back.
    pub(crate) retries: u32,
    /// Where people have to accept it, who may.
    pub(crate) human_input: Option<Answerers>,
}

/// A draft that was sent back, and why.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) draft: String,
    pub(super) feedback: String,
    /// Whether anything that came from outside may stand in the draft.
    pub(super) tainted: bool,
}

impl Note {
    /// As a conversation has it.
    pub(super) fn messages(&self) -> [Message; 2] {
        let draft = Message::Assistant { text: self.draft.clone(), calls: Vec::new() };
        [draft, Message::User(format!("This is not accepted yet: {}\nGive the whole output again.", self.feedback))]
    }
}

impl Agents {
    /// Why an output is not what its guardrail wants; nothing where it is. What needs no model comes first.
    pub(super) async fn guard(
        &self,
        lane: &TaskContext,
        budget: &Budget,
        work: &Assignment,
        output: &Output,
    ) -> Result<Option<String>, TaskError> {
        let judge = match &work.review.guardrail {
            None => return Ok(None),
            Some(Guardrail::Judged(text)) => Some(text),
            Some(Guardrail::Rules(rules)) => match broken_rule(rules, output) {
                Some(broken) => return Ok(Some(broken)),
                None => rules.judge.as_ref(),
            },
        };
        match judge.filter(|_| work.agent.kind == AgentKind::Model) {
            Some(rule) => self.judge(lane, budget, work, rule, output).await,
            None => Ok(None),
        }
    }

    /// Asks a person whether a draft is accepted; gives what they want otherwise.
    pub(super) async fn ask_for_feedback(
        &self,
        lane: &TaskContext,
        work: &Assignment,
        answerers: &Answerers,
        output: &Output,
    ) -> Result<Option<String>, TaskError> {
        let mut draft = output.text();
        shorten(&mut draft, MOST_SHOWN);
        let cut = if output.is_cut { ", which was cut off at the most tokens that a reply may have" } else { "" };
        let question = format!("{} has a draft for {}{cut}. Accept it?\n\n{draft}", work.agent_id, work.task);
        let (context, answerers) = (work.question_context(), answerers.clone());
        let question = Confirmation { context, answerers: answerers.clone(), ..Confirmation::new(question) };
        if lane.confirm(question).await {
            return Ok(None);
        }
        // One of them says what is to be different.
        let answerers = Answerers { required_answers: None, ..answerers };
        let message = format!("What should {} change in its draft for {}?", work.agent_id, work.task);
        let fields = vec![Field::new("feedback", FieldType::Text, "What should be different")];
        let context = work.question_context();
        let values = lane.ask(Form { message: Some(message), fields, context, answerers, ..Form::default() }).await?;
        Ok(values.get("feedback").and_then(Value::as_str).map(str::to_owned))
    }
}

/// The first rule that an output breaks, in words.
fn broken_rule(rules: &GuardrailRules, output: &Output) -> Option<String> {
    let text = output.text();
    let length = text.chars().count();
    if let Some(schema) = &rules.schema {
        let value = match &output.value {
            Value::String(text) => serde_json::from_str(text).unwrap_or(Value::String(text.clone())),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.clone()
            }
        };
        let faults = Schema::compile(schema.clone()).map(|schema| schema.faults("output", &value)).unwrap_or_default();
        if let Some(fault) = faults.first() {
            return Some(format!("it does not fit its schema: {}", fault.msg));
        }
    }
    if rules.min_length.is_some_and(|fewest| length < fewest) {
        return Some(format!(
            "it has {length} characters, and needs at least {}",
            rules.min_length.unwrap_or_default()
        ));
    }
    if rules.max_length.is_some_and(|most| length > most) {
        return Some(format!(
            "it has {length} characters, and may have at most {}",
            rules.max_length.unwrap_or_default()
        ));
    }
    if let Some(wanted) = rules.contains.as_ref().filter(|wanted| !text.contains(*wanted)) {
        return Some(format!("{wanted:?} must stand in it"));
    }
    if let Some(unwanted) = rules.excludes.as_ref().filter(|unwanted| text.contains(*unwanted)) {
        return Some(format!("{unwanted:?} must not stand in it"));
    }
    let wanted = rules.pattern.as_ref()?;
    let is_found = pattern::compile(wanted).is_ok_and(|regex| regex.is_match(&text));
    (!is_found).then(|| format!("nothing in it matches {wanted:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn broken(rules: Value, output: Value) -> Option<String> {
        broken_rule(&serde_json::from_value(rules).unwrap(), &Output::new(output, false))
    }

    #[test]
    fn each_rule_says_what_breaks_it() {
        for (rules, good, bad, word) in [
            (json!({"min_length": 3}), json!("abc"), json!("ab"), "at least 3"),
            (json!({"max_length": 3}), json!("abc"), json!("abcd"), "at most 3"),
            (json!({"contains": "x"}), json!("axb"), json!("ab"), "must stand"),
            (json!({"excludes": "x"}), json!("ab"), json!("axb"), "must not"),
            (json!({"pattern": "^[0-9]+$"}), json!("12"), json!("1a"), "matches"),
            (json!({"schema": {"type": "object"}}), json!("{\"a\": 1}"), json!("text"), "schema"),
            (json!({"schema": {"type": "object"}}), json!({"a": 1}), json!([1]), "schema"),
        ] {
            assert_eq!(broken(rules.clone(), good), None, "{rules}");
            assert!(broken(rules.clone(), bad).is_some_and(|why| why.contains(word)), "{rules}");
        }
    }
}
