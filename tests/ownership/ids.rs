//! Ids that clients choose, and idempotency keys, are each owner's own.

use reqwest::Method;

use super::board::{operator, setup, somebody, workflow};
use crate::support::api::{Api, send};
use crate::support::{Setup, Value, json};

async fn start(api: &Api, key: &str, body: Value) -> Value {
    let request = api.request(Method::POST, "/start-task").header("idempotency-key", key).json(&body);
    send(request).await.ok()
}

#[tokio::test]
async fn two_owners_use_one_idempotency_key_and_one_execution_id_without_meeting() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let body = json!({"task": "asks", "execution_id": "nightly"});
    let (hers, his) = (start(&ada, "k", body.clone()).await, start(&bo, "k", body.clone()).await);
    assert_ne!(hers["session_id"], his["session_id"]);
    assert_eq!(start(&ada, "k", body.clone()).await["session_id"], hers["session_id"]);
    let again = ada.post("/start-task", body).await;
    assert_eq!(again.code(409), "execution_exists");
    let shown = async |api: &Api, path: &str| api.get(path).await.ok()["session_id"].clone();
    assert_eq!(shown(&ada, "/api/v1/executions/nightly").await, hers["session_id"]);
    assert_eq!(shown(&bo, "/api/v1/executions/nightly").await, his["session_id"]);
    assert_eq!(shown(&operator(&app), "/api/v1/executions/nightly?owner=bo").await, his["session_id"]);
    assert_eq!(operator(&app).get("/api/v1/executions/nightly").await.status, 404);
}

#[tokio::test]
async fn what_two_owners_call_the_same_is_not_the_same() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    for api in [&ada, &bo] {
        assert_eq!(api.post("/workflows", workflow("w")).await.status, 201);
        assert_eq!(api.post("/workflows/w/continuous/start", json!({})).await.status, 200);
    }
    assert_eq!(ada.post("/workflows/w/continuous/stop", json!({})).await.ok()["is_running"], false);
    assert_eq!(bo.get("/workflows/w/status").await.ok()["is_running"], true);
    assert_eq!(ada.delete("/workflows/w").await.status, 204);
    assert_eq!(bo.get("/workflows/w").await.status, 200);
    let put =
        async |api: &Api, path: &str, value: Value| send(api.request(Method::PUT, path).json(&value)).await.status;
    assert_eq!((put(&ada, "/memory/notes/k", json!(1)).await, put(&bo, "/memory/notes/k", json!(2)).await), (201, 201));
    assert_eq!((ada.get("/memory/notes/k").await.ok(), bo.get("/memory/notes/k").await.ok()), (json!(1), json!(2)));
    assert_eq!(operator(&app).get("/memory/notes/k?owner=bo").await.ok(), json!(2));
}

#[tokio::test]
async fn what_is_everybody_s_is_read_by_all_and_changed_by_operators() {
    let app = setup().start().await;
    let (ada, operator) = (somebody(&app, "ada").await, operator(&app));
    let put = |api: &Api| send(api.request(Method::PUT, "/memory/global/k").json(&json!(7)));
    let refused = put(&ada).await;
    assert_eq!(refused.code(403), "forbidden");
    assert!(refused.body["detail"].as_str().unwrap().contains("admin"), "{}", refused.body);
    assert_eq!(put(&operator).await.status, 201);
    assert_eq!(ada.get("/memory/global/k").await.ok(), json!(7));
    assert_eq!(ada.delete("/memory/global/k").await.status, 403);
    assert_eq!(ada.delete("/memory/global").await.status, 403);
    assert_eq!(operator.delete("/memory/global").await.ok()["cleared"], 1);
}

#[tokio::test]
async fn without_identity_too_only_an_operator_changes_what_is_everybody_s() {
    const TOKEN: &str = "sixteen-letters_";
    let app =
        Setup::memory().with(|settings| settings.server.admin_token = Some(TOKEN.to_owned().into())).start().await;
    let put = |path: &str| app.request(Method::PUT, path).json(&json!(7));
    assert_eq!(send(put("/memory/global/k")).await.code(403), "forbidden");
    assert_eq!(send(put("/memory/ann/k")).await.status, 201);
    assert_eq!(send(put("/memory/global/k").bearer_auth(TOKEN)).await.status, 201);
    assert_eq!(app.get("/memory/global/k").await.ok(), json!(7));
    for path in ["/memory/global/k", "/memory/global"] {
        assert_eq!(app.delete(path).await.status, 403, "{path}");
        assert!(send(app.request(Method::DELETE, path).bearer_auth(TOKEN)).await.status < 300, "{path}");
    }
}
