//! Live workflows over HTTP: started, stepped, changed and stopped.

use crate::support::{Setup, eventually, json};
use crate::workflows_http::{drawing, put};

#[actix_web::test]
async fn a_workflow_is_live_from_its_start_to_its_stop() {
    let app = Setup::memory().start().await;
    app.post("/workflows", drawing("a")).await;
    let before = app.get("/workflows/a/status").await.ok();
    assert_eq!(
        (&before["is_running"], &before["state"], &before["node_count"]),
        (&json!(false), &json!("stopped"), &json!(2))
    );
    assert_eq!((&before["results"], &before["execution_count"]), (&json!({}), &json!(0)));
    let started = app.post("/workflows/a/continuous/start", json!({"interval_ms": 10})).await.ok();
    assert_eq!((&started["is_running"], &started["interval_ms"]), (&json!(true), &json!(10)));
    assert_eq!(app.post("/workflows/a/continuous/start", json!({})).await.code(409), "already_running");
    assert_eq!(app.get("/workflows").await.ok()["workflows"][0]["is_running"], true);
    until_text(&app, "hello").await;
    // Whoever saves it changes what is live.
    let mut changed = drawing("a");
    changed["nodes"][0]["inputs"]["text"] = json!("changed");
    put(&app, "/workflows/a", &changed).await.ok();
    until_text(&app, "changed").await;
    let stopped = app.post("/workflows/a/continuous/stop", json!({})).await.ok();
    assert_eq!((&stopped["is_running"], &stopped["state"]), (&json!(false), &json!("stopped")));
    let again = app.post("/workflows/a/continuous/stop", json!({})).await.ok();
    assert_eq!((&again["is_running"], &again["execution_count"]), (&json!(false), &json!(0)));
}

#[actix_web::test]
async fn a_step_is_one_iteration() {
    let app = Setup::memory().start().await;
    app.post("/workflows", drawing("a")).await;
    let stepped = app.post("/workflows/a/continuous/step", json!({})).await.ok();
    assert_eq!((&stepped["is_running"], &stepped["state"]), (&json!(false), &json!("paused")));
    assert_eq!((&stepped["execution_count"], &stepped["results"]["TextInput-2"]["text"]), (&json!(1), &json!("hello")));
    assert_eq!(app.get("/workflows").await.ok()["workflows"][0]["is_running"], false);
}

#[actix_web::test]
async fn what_is_removed_is_not_live_any_more() {
    let app = Setup::memory().start().await;
    app.post("/workflows", drawing("a")).await;
    app.post("/workflows/a/continuous/start", json!({})).await.ok();
    assert_eq!(app.delete("/workflows/a").await.status, 204);
    app.post("/workflows", drawing("a")).await;
    assert_eq!(app.get("/workflows/a/status").await.ok()["is_running"], false);
}

#[actix_web::test]
async fn a_draft_with_faults_cannot_be_live() {
    let app = Setup::memory().start().await;
    let faulty = json!({"id": "a", "nodes": [{"id": "x", "type": "Nope"}]});
    assert_eq!(app.post("/workflows?draft=true", faulty).await.status, 201);
    for what in ["start", "step"] {
        let refused = app.post(&format!("/workflows/a/continuous/{what}"), json!({})).await;
        assert_eq!(refused.code(422), "invalid_graph", "{what}");
        assert_eq!(refused.body["node_errors"]["x"]["errors"][0]["type"], "missing_node_type");
    }
}

async fn until_text(app: &crate::support::Api, text: &str) {
    let path = "/workflows/a/status";
    eventually(
        || text.to_owned(),
        async || (app.get(path).await.ok()["results"]["TextInput-2"]["text"] == text).then_some(()),
    )
    .await;
}
