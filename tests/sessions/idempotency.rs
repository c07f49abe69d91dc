//! The same idempotency key gives the same session.

use futures::future::join_all;
use reqwest::Method;

use crate::support::api::{Answer, send};
use crate::support::{Api, Setup, Value, json};

async fn start(api: &Api, key: &str, body: Value) -> Answer {
    send(api.request(Method::POST, "/start-task").header("Idempotency-Key", key).json(&body)).await
}

#[tokio::test]
async fn starts_with_one_key_are_one_session_also_at_once_and_after_a_restart() {
    let mut app = Setup::sqlite().start().await;
    for key in ["a", "b", "c", "d"] {
        let body = json!({"task": "approval", "config": {"lines": 1}});
        let started = join_all((0..8).map(|_| start(&app, key, body.clone()))).await;
        let ids: std::collections::BTreeSet<String> =
            started.into_iter().map(|answer| answer.ok()["session_id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
    assert_eq!(app.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 4);
    let body = json!({"task": "approval", "config": {"lines": 1}});
    let first = start(&app, "a", body.clone()).await.ok();
    app = app.restart().await;
    let again = start(&app, "a", body.clone()).await.ok();
    assert_eq!(again["session_id"], first["session_id"]);
    assert_eq!(again["status"], "waiting_confirmation", "it is told as it stands now");
    let other = start(&app, "a", json!({"task": "approval", "config": {"lines": 2}})).await;
    assert_eq!(other.code(409), "idempotency_conflict");
    let reordered = json!({"config": {"lines": 1}, "task": "approval"});
    assert_eq!(start(&app, "a", reordered).await.ok()["session_id"], first["session_id"]);
    assert_eq!(app.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn two_bodies_with_one_key_at_once_are_one_session_and_a_conflict() {
    let app = Setup::sqlite().start().await;
    for round in 0..10 {
        let key = format!("k{round}");
        let starts = (0..8).map(|at| start(&app, &key, json!({"task": "approval", "config": {"lines": at % 2}})));
        let answers = join_all(starts).await;
        let ids: std::collections::BTreeSet<String> =
            answers.iter().filter(|a| a.status == 200).map(|a| a.body["session_id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 4, "{answers:#?}");
        assert!(answers.iter().filter(|a| a.status != 200).all(|a| a.code(409) == "idempotency_conflict"));
    }
}

#[tokio::test]
async fn a_key_is_free_again_when_its_session_was_refused_or_removed() {
    let app = Setup::sqlite().start().await;
    assert_eq!(start(&app, "k", json!({"task": "nothing"})).await.code(404), "unknown_task");
    let refused = start(&app, "k", json!({"task": "approval", "config": {"lines": -1}})).await;
    assert_eq!(refused.code(422), "invalid_body");
    let body = json!({"task": "simulate_streaming", "config": {"steps": 1}});
    let first = start(&app, "k", body.clone()).await.ok();
    let id = first["session_id"].as_str().unwrap();
    app.until_status(id, "completed").await;
    assert_eq!(app.delete(&format!("/sessions/{id}")).await.status, 204);
    let second = start(&app, "k", body).await.ok();
    assert_ne!(second["session_id"], first["session_id"]);
}
