//! Executions that are called as their starters like.

use futures::future::join_all;
use reqwest::Method;

use crate::api::{ask, faults};
use crate::event_sockets::socket::Feed;
use crate::support::api::Answer;
use crate::support::{Api, Setup, TestProcess, Value, json};

const PATH: &str = "/api/v1/executions";

/// A start under this idempotency key.
async fn post(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    ask(api, Method::POST, path, &[("Idempotency-Key", key)], Some(body)).await
}

#[actix_web::test]
async fn a_word_of_ones_own_is_used_by_events_and_executions_and_the_uuid_by_sessions() {
    let app = Setup::memory().start().await;
    let mut early = Feed::open(&app, "executions/exec_123").await;
    let mut topic = Feed::open(&app, "custom?subscriptions=execution_exec_123").await;
    let body =
        json!({"task": "simulate_streaming", "config": {"steps": 3, "step_delay_ms": 1}, "execution_id": "exec_123"});
    let started = app.post("/start-task", body.clone()).await.ok();
    let id = started["session_id"].as_str().unwrap();
    assert_eq!(started["execution_id"], "exec_123");
    for feed in [&mut early, &mut topic] {
        let all = feed.all_until("execution.completed").await;
        let words: Vec<&str> = all.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(words[..3], ["queue.task_added", "queue.task_processed", "execution.started"]);
        for event in &all {
            assert_eq!((&event["execution_id"], &event["metadata"]["session_id"]), (&json!("exec_123"), &json!(id)));
        }
        assert_eq!(all.last().unwrap()["data"]["result"], app.session(id).await["result"]);
    }
    for called in ["exec_123", id] {
        let shown = app.get(&format!("{PATH}/{called}")).await.ok();
        assert_eq!((&shown["execution_id"], &shown["session_id"]), (&json!("exec_123"), &json!(id)));
        let cancelled = app.post(&format!("{PATH}/{called}/cancel"), json!({})).await.ok();
        assert_eq!((&cancelled["execution_id"], &cancelled["status"]), (&json!("exec_123"), &json!("completed")));
    }
    assert_eq!(app.get(PATH).await.ok()["executions"][0]["execution_id"], "exec_123");
    assert_eq!(app.get("/sessions/exec_123").await.code(404), "unknown_session");
    let kept = app.get("/api/v1/events?execution_id=exec_123").await.ok();
    assert_eq!(kept["events"].as_array().unwrap().len(), 4);
    for path in ["/start-task", PATH] {
        assert_eq!(app.post(path, body.clone()).await.code(409), "execution_exists");
        let wrong = json!({"task": "approval", "execution_id": "a b"});
        assert_eq!(faults(&app.post(path, wrong).await), ["body.execution_id invalid_value"]);
    }
    let of_a_session = json!({"task": "approval", "execution_id": app.start("approval", json!({})).await});
    assert_eq!(app.post(PATH, of_a_session).await.code(409), "execution_exists");
    app.delete(&format!("/sessions/{id}")).await;
    assert_eq!(app.post(PATH, body).await.ok()["execution_id"], "exec_123");
}

#[actix_web::test]
async fn of_starts_at_once_with_one_word_one_comes_about_and_its_key_finds_it() {
    let app = Setup::memory().with(|settings| settings.server.workers = 4).start().await;
    let body = json!({"task": "approval", "execution_id": "mine"});
    let keys: Vec<String> = (0..12).map(|number| format!("key{}", number / 2)).collect();
    let answers = join_all(keys.iter().map(|key| post(&app, PATH, key, &body))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = keys.iter().zip(&answers).partition(|(_, answer)| answer.status == 200);
    assert_eq!((taken.len(), taken[0].0, &taken[0].1.body), (2, taken[1].0, &taken[1].1.body));
    assert!(refused.iter().all(|(_, answer)| answer.code(409) == "execution_exists"), "{refused:?}");
    let again = post(&app, PATH, taken[0].0, &body).await.ok();
    assert_eq!((&again["execution_id"], &again["session_id"]), (&json!("mine"), &taken[0].1.body["session_id"]));
    let other = json!({"task": "approval", "execution_id": "other"});
    assert_eq!(post(&app, PATH, taken[0].0, &other).await.code(409), "idempotency_conflict");
    assert_eq!(app.get(PATH).await.ok()["executions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_word_outlives_the_server() {
    let mut server = TestProcess::start_with(&[]).await;
    let started = server.post(PATH, json!({"task": "approval", "execution_id": "exec_1"})).await.ok();
    let id = started["session_id"].as_str().unwrap().to_owned();
    server.crash().await;
    assert_eq!(server.get(&format!("{PATH}/exec_1")).await.ok()["session_id"], *id);
    assert_eq!(
        server.post(PATH, json!({"task": "approval", "execution_id": "exec_1"})).await.code(409),
        "execution_exists"
    );
    let mut feed = Feed::open(&server, "executions/exec_1").await;
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(feed.until("execution.completed").await["metadata"]["session_id"], *id);
}
