//! Workflows over HTTP, on the whole server: storing, changing, checking, and bodies that are made to hurt.

mod checks;
mod hostile;
mod live;
mod runs;
mod stored;
use crate::support;

use reqwest::Method;
use support::api::{Answer, send};
use support::{Api, Value, json};

/// Two inputs, with what a canvas keeps beside them.
fn drawing(id: &str) -> Value {
    json!({
        "id": id,
        "name": "Two inputs",
        "description": "Says the same twice.",
        "nodes": [
            {"id": "TextInput-1", "type": "TextInput", "inputs": {"text": "hello"}, "title": "One",
             "position": {"x": 1.5, "y": -2}},
            {"id": "TextInput-2", "type": "TextInput", "inputs": {}, "position": {"x": 3, "y": 4}}
        ],
        "edges": [
            {"source": "TextInput-1", "source_output": "text", "target": "TextInput-2", "target_input": "text",
             "bend": [1, 2]}
        ],
        "groups": [{"title": "All", "nodes": ["TextInput-1"]}],
        "notes": []
    })
}

/// Sends a body with headers; gives the answer and its headers.
async fn ask(
    api: &Api,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> (Answer, reqwest::header::HeaderMap) {
    let mut request = api.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    (Answer { status, body }, headers)
}

async fn put(api: &Api, path: &str, body: &Value) -> Answer {
    send(api.request(Method::PUT, path).json(body)).await
}

/// The parts of a workflow that whoever drew it has sent.
fn without_what_the_server_says(mut workflow: Value) -> Value {
    let map = workflow.as_object_mut().unwrap();
    for name in ["version", "author", "created_at", "updated_at", "autostart"] {
        map.remove(name);
    }
    workflow
}
