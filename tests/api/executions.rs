//! Executions: started, listed, shown and cancelled like the sessions that they are.

use reqwest::Method;

use crate::api::{ask, faults};
use crate::support::{Setup, json};

const PATH: &str = "/api/v1/executions";

#[actix_web::test]
async fn an_execution_is_a_session_that_may_be_for_a_crew() {
    let app = Setup::memory().start().await;
    app.post("/api/v1/crews", json!({"id": "c", "name": "n"})).await;
    let body = json!({"task": "approval", "crew_id": "c", "labels": {"a": "b"}, "config": {"message": "?"}});
    let started = app.post(PATH, body).await.ok();
    let id = started["execution_id"].as_str().unwrap().to_owned();
    assert_eq!((&started["session_id"], &started["task"]), (&json!(id), &json!("approval")));
    app.until_status(&id, "waiting_confirmation").await;
    let other = app.post(PATH, json!({"task": "approval"})).await.ok();
    let listed = app.get(&format!("{PATH}?crew_id=c&status=live&task=approval")).await.ok();
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["executions"][0]["execution_id"], &listed["executions"][0]["crew_id"]),
        (&json!(id), &json!("c"))
    );
    let page = app.get(&format!("{PATH}?limit=1")).await.ok();
    assert_eq!(page["executions"][0]["execution_id"], other["execution_id"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = app.get(&format!("{PATH}?limit=1&cursor={cursor}")).await.ok();
    assert_eq!((&next["executions"][0]["execution_id"], &next["next_cursor"]), (&json!(id), &json!(null)));
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    app.until_status(&id, "completed").await;
    let shown = app.get(&format!("{PATH}/{id}")).await.ok();
    assert_eq!((&shown["result"], &shown["crew_id"]), (&json!({"approved": true}), &json!("c")));
    assert!(shown["created_at"].is_number() && shown["status"] == "completed");
}

#[actix_web::test]
async fn a_cancel_may_be_said_twice_and_after_the_end() {
    let app = Setup::memory().start().await;
    let started = app.post(PATH, json!({"task": "approval"})).await.ok();
    let id = started["execution_id"].as_str().unwrap();
    let path = format!("{PATH}/{id}/cancel");
    for _ in 0..2 {
        let answer = app.post(&path, json!({"reason": "enough"})).await.ok();
        assert_eq!(answer["execution_id"], id);
        app.until_status(id, "cancelled").await;
    }
    for path in [format!("{PATH}/x"), format!("{PATH}/00000000-0000-4000-8000-000000000000")] {
        assert_eq!(app.get(&path).await.code(404), "unknown_session");
        assert_eq!(app.post(&format!("{path}/cancel"), json!({})).await.code(404), "unknown_session");
    }
}

#[actix_web::test]
async fn a_start_is_checked_as_a_whole_and_done_once_for_a_key() {
    let app = Setup::memory().start().await;
    assert_eq!(faults(&app.post(PATH, json!({})).await), ["body.task missing"]);
    let mut found =
        faults(&app.post(PATH, json!({"crew_id": "none", "priority": "urgent", "labels": {"a": 1}, "x": 1})).await);
    found.sort();
    assert_eq!(
        found,
        [
            "body.crew_id unknown_crew",
            "body.labels.a wrong_type",
            "body.priority invalid_value",
            "body.task missing",
            "body.x unknown_field"
        ]
    );
    assert_eq!(app.post(PATH, json!({"task": "nope"})).await.code(404), "unknown_task");
    let key = [("idempotency-key", "k")];
    let (body, other) = (json!({"task": "approval"}), json!({"task": "simulate_streaming"}));
    let first = ask(&app, Method::POST, PATH, &key, Some(&body)).await.ok();
    let second = ask(&app, Method::POST, PATH, &key, Some(&body)).await.ok();
    assert_eq!(first["execution_id"], second["execution_id"]);
    assert_eq!(ask(&app, Method::POST, PATH, &key, Some(&other)).await.code(409), "idempotency_conflict");
}
