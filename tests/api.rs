//! `/api/v1` and `/memory`, on the whole server: crews and agents, executions, events, handlers, and who may do what.

mod admin;
mod aliases;
mod crews;
mod events;
mod executions;
mod handlers;
mod memory;
use crate::support;

use reqwest::Method;
use support::api::{Answer, send};
use support::{Api, Value, eventually};

/// Sends a body with headers.
async fn ask(api: &Api, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
    let request =
        headers.iter().fold(api.request(method, path), |request, (name, value)| request.header(*name, *value));
    send(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

async fn put(api: &Api, path: &str, body: &Value) -> Answer {
    ask(api, Method::PUT, path, &[], Some(body)).await
}

/// What is wrong with a body, each as its place and its word.
#[track_caller]
fn faults(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.code(422), "invalid_body");
    let words = |fault: &Value| {
        let place: Vec<&str> = fault["loc"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        format!("{} {}", place.join("."), fault["type"].as_str().unwrap())
    };
    answer.body["errors"].as_array().unwrap().iter().map(words).collect()
}

/// Waits until this many events of these types are kept, and gives them.
async fn told(api: &Api, types: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/events?type={types}");
    eventually(
        || format!("{count} of {types}"),
        async || {
            let events = api.get(&path).await.ok()["events"].as_array().unwrap().clone();
            (events.len() >= count).then_some(events)
        },
    )
    .await
}
