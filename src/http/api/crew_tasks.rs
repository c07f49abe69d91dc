//! The tasks of a crew, as a body has them: what each is, and what of it cannot be.

use serde_json::Value;

use super::super::decode::{Fields, word};
use crate::crew::{CrewTask, GUARDRAIL_RETRIES, Guardrail, GuardrailRules};
use crate::domain::answerers::{Answerers, Assignee};
use crate::domain::pattern;
use crate::domain::schema::Schema;

/// Most tasks of a crew.
const MOST: usize = 200;
/// Most characters of the name of somebody or of a group that a draft is put to.
const LONGEST_ASSIGNEE: usize = 320;
/// Most characters of a text for a model.
const LONGEST: usize = 20_000;

/// Reads the tasks of a crew of these agents.
pub(super) fn read(fields: &mut Fields, agents: &[String], manager: Option<&str>) -> Vec<CrewTask> {
    let mut tasks: Vec<CrewTask> = Vec::new();
    for (at, value) in fields.list("tasks", MOST).unwrap_or_default().into_iter().enumerate() {
        let at = at.to_string();
        let Value::Object(_) = value else {
            fields.wrong_type(&["tasks", &at], "an object", word(&value));
            continue;
        };
        let Ok(mut inner) = Fields::of(Some(value)) else { continue };
        let task = task(&mut inner, &tasks, |agent| agents.contains(agent) || manager == Some(agent));
        fields.take_over(&["tasks", &at], inner.finish());
        tasks.extend(task);
    }
    tasks
}

/// One task, behind those before it.
fn task(fields: &mut Fields, before: &[CrewTask], is_in_crew: impl Fn(&String) -> bool) -> Option<CrewTask> {
    let (name, description) = (fields.required_text("name", 200), fields.required_text("description", LONGEST));
    let (agent, expected_output) = (fields.text("agent", 64), fields.text("expected_output", LONGEST));
    if agent.as_ref().is_some_and(|agent| !is_in_crew(agent)) {
        fields.fault(&["agent"], "is not in the crew", "unknown_agent");
    }
    if name.as_ref().is_some_and(|name| before.iter().any(|task| task.name == *name)) {
        fields.fault(&["name"], "is the name of an earlier task, too", "duplicate");
    }
    let context = fields.texts("context", MOST, 200);
    for (at, wanted) in context.iter().flatten().enumerate() {
        if !before.iter().any(|task| task.name == *wanted) {
            let msg = format!("{wanted:?} is the name of no earlier task");
            fields.fault(&["context", &at.to_string()], msg, "unknown_task");
        }
    }
    let async_execution = fields.boolean("async_execution").unwrap_or_default();
    let human_input = fields.boolean("human_input").unwrap_or_default();
    let answerers = answerers(fields, human_input);
    let output_schema = fields.value("output_schema");
    check_schema(fields, &["output_schema"], output_schema.as_ref());
    let guardrail = guardrail(fields);
    let retries = fields.whole("guardrail_max_retries", 0..=100).unwrap_or(GUARDRAIL_RETRIES);
    Some(CrewTask {
        name: name?,
        description: description?,
        agent,
        expected_output,
        context,
        async_execution,
        human_input,
        answerers,
        output_schema,
        guardrail,
        guardrail_max_retries: retries,
    })
}

/// Whom a draft is put to.
fn answerers(fields: &mut Fields, human_input: bool) -> Answerers {
    for key in ["assignees", "required_answers", "allow_own"] {
        if fields.has(key) && !human_input {
            fields.fault(&[key], "needs human_input", "invalid_value");
        }
    }
    let most = Answerers::MOST;
    let mut assignees = Vec::new();
    for (at, name) in fields.texts("assignees", most, LONGEST_ASSIGNEE).unwrap_or_default().into_iter().enumerate() {
        match name.parse::<Assignee>() {
            Ok(assignee) => assignees.push(assignee),
            Err(bad) => fields.fault(&["assignees", &at.to_string()], bad.to_string(), "invalid_value"),
        }
    }
    let required_answers = fields.whole("required_answers", 1..=u32::try_from(most).unwrap_or(u32::MAX));
    Answerers { assignees, required_answers, allow_own: fields.boolean("allow_own").unwrap_or(true) }
}

fn guardrail(fields: &mut Fields) -> Option<Guardrail> {
    const PLACE: &str = "guardrail";
    let value = fields.value(PLACE)?;
    let found = word(&value);
    match value {
        Value::String(text) if (1..=LONGEST).contains(&text.chars().count()) => Some(Guardrail::Judged(text)),
        Value::String(_) => {
            fields.fault(&[PLACE], format!("must have 1 to {LONGEST} characters"), "wrong_length");
            None
        }
        Value::Object(_) => match serde_json::from_value::<GuardrailRules>(value) {
            Ok(rules) => {
                check_schema(fields, &[PLACE, "schema"], rules.schema.as_ref());
                if let Some(Err(error)) = rules.pattern.as_deref().map(pattern::compile) {
                    fields.fault(&[PLACE, "pattern"], error.to_string(), "invalid_value");
                }
                Some(Guardrail::Rules(rules))
            }
            Err(error) => {
                fields.fault(&[PLACE], error.to_string(), "invalid_value");
                None
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            fields.wrong_type(&[PLACE], "a text or an object", found);
            None
        }
    }
}

fn check_schema(fields: &mut Fields, place: &[&str], schema: Option<&Value>) {
    if let Some(Err(error)) = schema.map(|schema| Schema::compile(schema.clone())) {
        fields.fault(place, format!("is no JSON Schema that can be used: it {error}"), "invalid_schema");
    }
}
