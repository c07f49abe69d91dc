//! What operators see and do about connections, on a whole server.

use crate::support;

use reqwest::Method;
use support::client::Client;
use support::{Setup, TestApp, Value, api, eventually, json};

const BASE: &str = "/api/v1/websocket";

async fn join(app: &TestApp, path: &str) -> Client {
    let mut client = Client::connect(&format!("ws://{}{BASE}/ws/{path}", app.address)).await.unwrap();
    client.until("connection.established").await;
    client
}

async fn connections(app: &TestApp) -> Value {
    app.get(&format!("{BASE}/connections")).await.ok()["data"].clone()
}

async fn post(app: &TestApp, path: &str, body: Value) -> api::Answer {
    app.post(&format!("{BASE}/{path}"), body).await
}

#[actix::test]
async fn connections_are_listed_and_closed_by_their_names() {
    let app = Setup::memory().start().await;
    let mut one = join(&app, "global?client_id=one").await;
    let mut two = join(&app, "custom?client_id=two").await;
    two.say(json!({"action": "subscribe", "subscriptions": ["execution.*", "global"]})).await;
    two.until("subscribed").await;
    let session = app.start("approval", json!({})).await;
    let watcher = app.connect(&session, None).await;
    let listed = connections(&app).await;
    assert_eq!(listed["active_connections"], 2, "{listed}");
    assert_eq!(listed["subscription_counts"], json!({"execution.*": 1, "global": 2}));
    assert_eq!(listed["uptime_statistics"]["connections"], 2);
    assert_eq!(listed["connections"].as_array().unwrap().len(), 2);
    assert_eq!(listed["all_sockets"]["session"], 1, "{listed}");
    let shown = app.get(&format!("{BASE}/connections/two")).await.ok()["data"].clone();
    assert_eq!(shown["subscriptions"], json!(["execution.*", "global"]));
    assert!(shown["messages_received"].as_u64().unwrap() >= 1, "{shown}");
    let whole = app.get(&format!("{BASE}/connections?all=true&limit=1")).await.ok();
    assert!(whole["data"]["next_cursor"].is_string(), "{whole}");
    assert_eq!(app.get(&format!("{BASE}/connections/nobody")).await.code(404), "unknown_client");
    assert_eq!(post(&app, "disconnect/nobody", json!({})).await.code(404), "unknown_client");
    assert_eq!(post(&app, "disconnect/one", json!({})).await.ok()["data"]["client_id"], "one");
    assert_eq!(one.until_closed().await, Some(4509));
    eventually(|| "one is gone".into(), async || (connections(&app).await["active_connections"] == 1).then_some(()))
        .await;
    two.leave().await;
    watcher.leave().await;
}

#[actix::test]
async fn a_broadcast_reaches_everybody_once_and_is_kept() {
    let app = Setup::memory().start().await;
    let mut listener = join(&app, "global").await;
    let mut silent = join(&app, "custom").await;
    let mut picky = join(&app, "custom").await;
    picky.say(json!({"action": "set_filter", "filter": {"min_priority": "critical"}})).await;
    picky.until("filter_set").await;
    let told = post(&app, "broadcast", json!({"type": "custom.hello", "data": {"a": 1}})).await.ok();
    assert_eq!(told["data"]["delivered_to"], 2, "{told}");
    let seq = told["data"]["event"]["seq"].as_u64().unwrap();
    assert_eq!(told["data"]["event"]["data"], json!({"a": 1}));
    for client in [&mut listener, &mut silent] {
        assert_eq!(client.until("custom.hello").await["seq"], seq);
    }
    let urgent = json!({"type": "custom.urgent", "priority": "critical"});
    assert_eq!(post(&app, "broadcast", urgent).await.ok()["data"]["delivered_to"], 3);
    for client in [&mut listener, &mut silent, &mut picky] {
        // Had somebody been told twice, the first one would come again before this.
        let next = client.next().await.unwrap();
        assert_eq!(next["type"], "custom.urgent", "{next}");
    }
    for client in [listener, silent, picky] {
        client.leave().await;
    }
}

#[actix::test]
async fn a_broadcast_to_a_subscription_reaches_those_that_asked_for_it() {
    let app = Setup::memory().start().await;
    let session = app.start("approval", json!({})).await;
    let mut watching = join(&app, &format!("executions/{session}")).await;
    let mut other = join(&app, "custom").await;
    let told = post(&app, &format!("broadcast/execution_{session}"), json!({"type": "custom.only"})).await.ok();
    assert_eq!(told["data"]["delivered_to"], 1, "{told}");
    watching.until("custom.only").await;
    other.say(json!({"action": "ping", "timestamp": 1})).await;
    assert_eq!(other.next().await.unwrap()["type"], "pong");
    assert_eq!(post(&app, "broadcast/nothing", json!({"type": "custom.a"})).await.code(422), "invalid_path");
    for body in [json!({}), json!({"type": "execution.failed"}), json!({"type": "custom.a", "data": 1}), json!([])] {
        assert_eq!(post(&app, "broadcast", body).await.code(422), "invalid_body");
    }
    watching.leave().await;
    other.leave().await;
}

#[actix::test]
async fn health_counts_what_was_told_and_when_was_cleaned_up() {
    let app = Setup::memory().start().await;
    let client = join(&app, "global").await;
    let health = app.get(&format!("{BASE}/health")).await.ok();
    assert_eq!((&health["status"], &health["active_connections"]), (&json!("healthy"), &json!(1)));
    assert!(health["total_messages_sent"].as_u64().unwrap() > 0, "{health}");
    assert_eq!(health["last_cleanup"], Value::Null);
    assert_eq!(app.delete(&format!("{BASE}/connections")).await.ok()["data"]["removed"], 0);
    let health = app.get(&format!("{BASE}/health")).await.ok();
    assert!(health["last_cleanup"].as_str().unwrap().contains('T'), "{health}");
    client.leave().await;
}

#[actix::test]
async fn the_server_s_own_numbers_come_to_those_who_asked() {
    let app = Setup::memory().start().await;
    let mut client = join(&app, "metrics").await;
    let told = client.until("system.health_check").await;
    for key in ["sessions", "connections", "rates", "latency_ms", "kinds", "workflows", "closes", "store"] {
        assert!(!told["data"][key].is_null(), "{key} of {told}");
    }
    assert_eq!(app.get("/api/v1/metrics/history").await.ok()["interval"], 5);
    assert_eq!(app.get("/api/v1/metrics/history?seconds=3600").await.ok()["interval"], 20);
    assert_eq!(app.get("/api/v1/metrics/history?seconds=0").await.code(422), "invalid_query");
    client.leave().await;
}

#[actix::test]
async fn what_operators_do_needs_the_token_where_one_is_set() {
    let token = "correct-horse-battery";
    let app =
        Setup::memory().with(|settings| settings.server.admin_token = Some(token.to_owned().into())).start().await;
    let paths = [
        (Method::GET, "connections"),
        (Method::GET, "connections/one"),
        (Method::DELETE, "connections"),
        (Method::POST, "disconnect/one"),
        (Method::POST, "broadcast"),
        (Method::POST, "broadcast/global"),
    ];
    for (method, path) in paths {
        let path = format!("{BASE}/{path}");
        let refused = api::send(app.request(method.clone(), &path)).await;
        assert_eq!(refused.code(401), "unauthenticated", "{method} {path}");
        let wrong = api::send(app.request(method.clone(), &path).bearer_auth("correct-horse-batterz")).await;
        assert_eq!(wrong.code(401), "unauthenticated", "{method} {path}");
        let right = api::send(app.bearing(token).request(method.clone(), &path)).await;
        assert_ne!(right.status, 401, "{method} {path}");
    }
    assert_eq!(app.get(&format!("{BASE}/health")).await.status, 200);
}
