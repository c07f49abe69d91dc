//! A task's fields.

#![expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of values are wrong in the same way")]

use serde_json::{Map, Value, json};

use crate::{Agent, Fields, Names, Task, agent};

/// Reads a task; `earlier` are the names of those before it.
pub(crate) fn read(
    name: Option<String>,
    mut fields: Fields<'_>,
    agents: &[Agent],
    earlier: &[String],
    names: &Names<'_>,
) -> Option<Task> {
    let loc = fields.loc.clone();
    let said = fields.text("name").filter(|name| !name.is_empty());
    let name = name.or(said).unwrap_or_else(|| format!("task_{}", earlier.len() + 1));
    if earlier.contains(&name) {
        fields.faults.fault(&loc, format!("there is a task {name:?} already"), "duplicate");
    }
    let (description, expected) = (fields.required_text("description"), fields.required_text("expected_output"));
    let assigned = fields.text("agent").filter(|name| !name.is_empty());
    let doer = assigned.as_ref().and_then(|name| agents.iter().find(|agent| agent.name == *name));
    if let Some(name) = assigned.as_ref().filter(|_| doer.is_none()) {
        let place = fields.at("agent");
        fields.faults.fault(&place, format!("there is no agent {name:?} in this project"), "unknown_agent");
    }
    let mut out = Map::new();
    let texts = [("description", description), ("expected_output", expected)];
    out.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into()))));
    let context = context(&mut fields, earlier);
    if !context.is_empty() {
        out.insert("context".into(), json!(context));
    }
    for key in ["async_execution", "human_input"] {
        if let Some(value) = fields.boolean(key) {
            out.insert(key.into(), value.into());
        }
    }
    schema(&mut fields, &mut out);
    let own = guardrails(&mut fields);
    let rules: Vec<String> = own.into_iter().chain(doer.and_then(|agent| agent.guardrail.clone())).collect();
    if !rules.is_empty() {
        out.insert("guardrail".into(), rules.join("\n").into());
    }
    if let Some((key, retries)) = fields.take_any(&["guardrail_max_retries", "max_retries"]) {
        match retries {
            number @ Value::Number(_) => {
                out.insert("guardrail_max_retries".into(), number);
            }
            other => fields.wrong(key, "a number", &other),
        }
    }
    for tool in agent::tools(&mut fields, names) {
        if doer.is_none_or(|agent| !has_tool(agent, &tool)) {
            let place = fields.at("tools");
            fields.faults.warn(&place, format!("tools belong to agents here: give {tool} to the agent of this task"));
        }
    }
    fields.refuse(&[
        ("type", "names a kind of task that needs Python"),
        ("condition", "is a condition in Python, which is not run here"),
        ("callback", "is Python, which is not run here"),
        ("callbacks", "are Python, which is not run here"),
        ("converter_cls", "is a class of Python, which is not run here"),
        ("input_files", "is not there: give the agent a folder and the tool read_file"),
    ]);
    fields.finish();
    let is_whole = out.contains_key("description") && out.contains_key("expected_output");
    is_whole.then(|| Task { name, agent: assigned, fields: out, loc })
}

/// The tasks whose outputs it gets.
fn context(fields: &mut Fields<'_>, earlier: &[String]) -> Vec<String> {
    let mut context = Vec::new();
    for (loc, name) in fields.texts("context") {
        if earlier.contains(&name) {
            context.push(name);
        } else {
            fields.faults.fault(&loc, format!("{name:?} is no task before this one"), "unknown_task");
        }
    }
    context
}

/// The shape of its output: a JSON Schema is one, the name of a class of Python is none.
fn schema(fields: &mut Fields<'_>, out: &mut Map<String, Value>) {
    for key in ["output_json", "output_pydantic", "response_model", "output_schema"] {
        match fields.take(key) {
            None => {}
            Some(Value::Object(schema)) if !schema.contains_key("python") => {
                out.insert("output_schema".into(), Value::Object(schema));
            }
            Some(Value::String(class)) => {
                let place = fields.at(key);
                let message = format!("{class:?} is a class of Python: give a JSON Schema in output_schema instead");
                fields.faults.fault(&place, message, "python");
            }
            Some(other) => fields.wrong(key, "a JSON Schema", &other),
        }
    }
}

/// What its output has to keep to, in words.
fn guardrails(fields: &mut Fields<'_>) -> Vec<String> {
    let one = fields.text("guardrail").filter(|rule| !rule.is_empty());
    let many = fields.texts("guardrails").into_iter().map(|(_, rule)| rule.trim().to_owned());
    one.into_iter().chain(many.filter(|rule| !rule.is_empty())).collect()
}

fn has_tool(agent: &Agent, tool: &str) -> bool {
    let tools = agent.fields.get("tools").and_then(Value::as_array);
    tools.is_some_and(|tools| tools.iter().any(|known| known == tool))
}
