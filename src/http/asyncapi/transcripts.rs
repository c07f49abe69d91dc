//! Recorded conversations fit the description.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{document, feed};

/// The lines of a recorded conversation: who says it, and what.
fn lines(name: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let (who, said) = value.as_object().unwrap().iter().next().unwrap();
        (who.clone(), said.clone())
    };
    text.lines().map(line).collect()
}

/// How many messages of a conversation fit their schemas; all that the server says have to, and what a client says
/// unless it is reported as wrong.
fn fitting(name: &str, component: impl Fn(&Value) -> String) -> usize {
    let document = document();
    let lines = lines(name);
    let mut fitting = 0;
    for (at, (who, said)) in lines.iter().enumerate() {
        let is_refused = lines.get(at + 1).is_some_and(|(who, next)| who == "server" && next["type"] == "error");
        let is_closed = said.get("close").is_some() || said.get("closed").is_some();
        // What is done over HTTP meanwhile is no message.
        if who == "start" || is_closed || (who == "client" && (is_refused || !said.is_object())) {
            continue;
        }
        let name = component(said);
        let Some(message) = document["components"]["messages"].get(&name) else {
            // Entries of a task's own are of any type.
            assert!(said["type"].as_str().is_some_and(|kind| kind.starts_with("x_")), "{name} of {said}");
            continue;
        };
        let mut schema = message["payload"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(said), "{said} {:?}", validator.validate(said));
        fitting += 1;
    }
    fitting
}

fn word<'a>(said: &'a Value, key: &str) -> &'a str {
    said[key].as_str().unwrap_or_default()
}

#[test]
fn a_conversation_about_a_session_fits() {
    assert!(fitting("session.jsonl", |said| word(said, "type").to_owned()) > 20);
}

#[test]
fn a_conversation_about_workflows_fits() {
    assert!(fitting("workflow.jsonl", |said| format!("workflows.{}", word(said, "type"))) > 10);
}

#[test]
fn a_conversation_about_an_audit_fits() {
    assert!(fitting("audit.jsonl", |said| format!("audits.{}", word(said, "type"))) > 8);
}

#[test]
fn a_conversation_about_events_fits() {
    let component = |said: &Value| match (word(said, "type"), word(said, "action")) {
        ("", action) => feed::component(action),
        (kind, _) if kind.contains('.') => feed::component("event"),
        (kind, _) => feed::component(kind),
    };
    assert!(fitting("feed.jsonl", component) > 10);
}

#[test]
fn the_server_s_own_numbers_fit() {
    let metrics = crate::metrics::Metrics::install(1).unwrap();
    let (_, reports) = metrics.workflows().reporting();
    let (_, numbers) = crate::metrics::Statistics::new(metrics, reports, |_| {});
    let event = crate::hub::operators::metrics_event(&numbers.snapshot());
    let said: Value = serde_json::from_slice(event.json()).unwrap();
    let document = document();
    let mut schema = document["components"]["messages"]["events.numbers"]["payload"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&said), "{said} {:?}", validator.validate(&said));
    assert!(document["components"]["schemas"]["MetricsSnapshot"]["properties"]["rates"].is_object());
}
