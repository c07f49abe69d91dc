//! An agent's fields.

#![expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of values are wrong in the same way")]

use serde_json::{Map, Value, json};

use crate::{Agent, Fields, Names};

/// CrewAI's own tools that one of Callboard's stands for.
const SAME_TOOLS: [(&str, &str); 5] = [
    ("FileReadTool", "read_file"),
    ("DirectoryReadTool", "search_files"),
    ("DirectorySearchTool", "search_files"),
    ("ScrapeWebsiteTool", "http_get"),
    ("HumanInputTool", "ask_human"),
];

/// Fields that stand in `settings` of an agent in JSON, and beside the others in YAML.
const NUMBERS: [&str; 4] = ["max_iter", "max_rpm", "max_execution_time", "max_retry_limit"];
const SWITCHES: [&str; 2] = ["allow_delegation", "respect_context_window"];

/// Reads an agent of this name.
pub(crate) fn read(name: &str, mut fields: Fields<'_>, names: &Names<'_>) -> Option<Agent> {
    let loc = fields.loc.clone();
    let (role, goal) = (fields.required_text("role"), fields.required_text("goal"));
    let mut out = Map::new();
    out.insert("name".into(), name.into());
    let texts = [("role", role), ("goal", goal), ("backstory", fields.text("backstory"))];
    out.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into()))));
    out.insert("kind".into(), "model".into());
    if let Some(llm) = model(&mut fields, "llm", names) {
        out.insert("llm".into(), llm.into());
    }
    let tools = tools(&mut fields, names);
    if !tools.is_empty() {
        out.insert("tools".into(), json!(tools));
    }
    let guardrail = fields.text("guardrail");
    fields.refuse(&[
        ("allow_code_execution", "runs code, which is not done here"),
        ("knowledge_sources", "is not there: give an agent a folder and the tool read_file"),
        ("type", "names a class of Python, which is not run here"),
    ]);
    settings(&mut fields, &mut out);
    if let Some(value) = fields.take("settings") {
        let place = fields.at("settings");
        if let Some(mut inner) = Fields::of(value, place, fields.faults) {
            inner.refuse(&[("allow_code_execution", "runs code, which is not done here")]);
            settings(&mut inner, &mut out);
            inner.finish();
        }
    }
    fields.finish();
    let is_whole = out.contains_key("role") && out.contains_key("goal");
    is_whole.then(|| Agent { name: name.to_owned(), fields: out, loc, guardrail })
}

fn settings(fields: &mut Fields<'_>, out: &mut Map<String, Value>) {
    for key in NUMBERS {
        if let Some(number) = fields.number(key) {
            out.insert(key.into(), number);
        }
    }
    for key in SWITCHES {
        if let Some(value) = fields.boolean(key) {
            out.insert(key.into(), value.into());
        }
    }
}

/// The model that a field names, where it is one of the server's. Any other one is the default, with a warning.
pub(crate) fn model(fields: &mut Fields<'_>, key: &str, names: &Names<'_>) -> Option<String> {
    let value = fields.take(key)?;
    let loc = fields.at(key);
    let foreign = match value {
        Value::String(name) if names.models.contains(&name.as_str()) => return Some(name),
        Value::String(name) if name.is_empty() => return None,
        Value::String(name) => name,
        // How it is reached, and by which key, is the server's own business.
        Value::Object(object) if !object.contains_key("python") => {
            let named = ["model", "deployment_name"].iter().find_map(|key| object.get(*key)?.as_str());
            named.unwrap_or("a model").to_owned()
        }
        other => {
            fields.wrong(key, "a model's name", &other);
            return None;
        }
    };
    let foreign: String = foreign.chars().take(100).collect();
    fields.faults.warn(&loc, format!("{foreign:?} is no model of this server: the default one is used"));
    None
}

/// The tools that a field names.
pub(crate) fn tools(fields: &mut Fields<'_>, names: &Names<'_>) -> Vec<String> {
    let mut tools: Vec<String> = Vec::new();
    for (loc, name) in fields.texts("tools") {
        let same = SAME_TOOLS.iter().find(|(theirs, ours)| *theirs == name && names.tools.contains(ours));
        let tool = match same {
            Some((_, ours)) => {
                fields.faults.warn(&loc, format!("{name} becomes the tool {ours} of this server"));
                (*ours).to_owned()
            }
            None if names.tools.contains(&name.as_str()) => name,
            None => {
                let shown: String = name.chars().take(100).collect();
                let known = names.tools.join(", ");
                fields.faults.fault(
                    &loc,
                    format!("{shown:?} is no tool of this server; there are {known}"),
                    "unknown_tool",
                );
                continue;
            }
        };
        if !tools.contains(&tool) {
            tools.push(tool);
        }
    }
    tools
}
