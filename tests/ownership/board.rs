//! A server with identity, people with keys, and things that belong to them.

use crate::support::{Api, Setup, TestApp, Value, json, kind};

pub const ADMIN: &str = "operator-token-0123456789abcdef";

/// Every scope that a key can have, but for those that reach what belongs to others.
pub const OWN: [&str; 17] = [
    "sessions:start",
    "sessions:read",
    "sessions:answer",
    "sessions:cancel",
    "sessions:delete",
    "workflows:read",
    "workflows:write",
    "workflows:run",
    "workflows:live",
    "events:read",
    "events:publish",
    "crews:read",
    "crews:write",
    "audits:start",
    "memory:read",
    "memory:write",
    "metrics:read",
];

/// Those that reach what belongs to others.
pub const BEYOND: [&str; 2] = ["events:all", "admin"];

/// A server on which everybody has to show a credential.
pub fn setup() -> Setup {
    let asks = kind("asks", |ctx| async move { Ok(json!(ctx.confirm("Go?").await)) });
    Setup::memory().task(asks).with(|settings| {
        settings.server.admin_token = Some(ADMIN.to_owned().into());
        settings.auth.api_keys = true;
    })
}

/// A key of this owner; gives its id and the key.
pub async fn key(app: &TestApp, owner: &str, scopes: &[&str]) -> (String, String) {
    key_for(app, json!({"name": owner, "owner": owner, "scopes": scopes})).await
}

/// The same as this body says.
pub async fn key_for(app: &TestApp, body: Value) -> (String, String) {
    let made = operator(app).post("/api/v1/keys", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

/// This owner, with every scope for what is its own.
pub async fn somebody(app: &TestApp, owner: &str) -> Api {
    let (_, key) = key(app, owner, &OWN).await;
    app.bearing(&key)
}

pub fn operator(app: &TestApp) -> Api {
    app.bearing(ADMIN)
}

/// A session of theirs that waits for an answer.
pub async fn waiting(api: &Api) -> String {
    let id = api.start("asks", json!({})).await;
    api.until_status(&id, "waiting_confirmation").await;
    id
}

/// The token of a link to the question that this session asks.
pub async fn shared(api: &Api, session: &str) -> String {
    let request = api.session(session).await["open_requests"][0]["request_id"].clone();
    let body = json!({"request_id": request, "expires_in": 60, "by": "cy"});
    api.post(&format!("/sessions/{session}/share"), body).await.ok()["token"].as_str().unwrap().to_owned()
}

/// A workflow that is valid.
pub fn workflow(id: &str) -> Value {
    json!({"id": id, "name": id, "nodes": [{"id": "n", "type": "NumberInput", "inputs": {"value": 1}}], "edges": []})
}

pub fn agent(id: &str) -> Value {
    json!({"id": id, "name": "Ada", "role": "researcher", "goal": "find out", "kind": "check"})
}

pub fn crew(id: &str, agent: &str) -> Value {
    json!({"id": id, "name": "One", "agents": [agent], "tasks": [{"name": "t", "description": "d", "agent": agent}]})
}
