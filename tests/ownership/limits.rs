//! How much one principal, and one address, may have at the same time.

use super::board::{operator, setup, somebody, workflow};
use crate::event_sockets::socket::{BASE, Feed};
use crate::support::api::send;
use crate::support::{Client, eventually, json};

async fn is_closed_as_too_many(mut client: Client) {
    assert_eq!(client.until_closed().await, Some(4429));
}

#[tokio::test]
async fn one_principal_has_so_many_sockets_and_one_that_goes_makes_room() {
    let app = setup().with(|settings| settings.limits.principal.sockets = Some(2)).start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let (first, _second) = (ada.socket("/ws").await.unwrap(), Feed::open(&ada, "global").await);
    is_closed_as_too_many(ada.socket("/ws").await.unwrap()).await;
    let id = ada.start("approval", json!({})).await;
    let streamed = ada.request(reqwest::Method::GET, &format!("/sessions/{id}/events"));
    let refused = streamed.header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    // Whoever says later who they are is counted then.
    let mut late = app.socket("/ws").await.unwrap();
    late.say(json!({"type": "authenticate", "token": ada.token.as_deref().unwrap()})).await;
    is_closed_as_too_many(late).await;
    for _ in 0..4 {
        assert!(operator(&app).socket("/ws").await.is_ok());
    }
    let mut other = bo.socket("/ws").await.unwrap();
    other.say(json!({"type": "ping", "timestamp": 1})).await;
    other.until("pong").await;
    first.leave().await;
    eventually(
        || "a place is free again".into(),
        async || {
            let mut again = ada.socket("/ws").await.unwrap();
            again.say(json!({"type": "ping", "timestamp": 1})).await;
            let answer = again.next().await;
            answer.is_some_and(|message| message["type"] == "pong").then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn one_address_has_so_many_sockets() {
    let app = setup().with(|settings| settings.limits.address.sockets = Some(1)).start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let _first = ada.socket("/ws").await.unwrap();
    is_closed_as_too_many(bo.socket("/ws").await.unwrap()).await;
    is_closed_as_too_many(app.socket("/ws").await.unwrap()).await;
}

#[tokio::test]
async fn one_principal_has_so_many_subscriptions_on_all_its_sockets() {
    let app = setup().with(|settings| settings.limits.principal.subscriptions = Some(3)).start().await;
    let ada = somebody(&app, "ada").await;
    let custom = |words: &str| format!("{BASE}/custom?subscriptions={words}");
    let mut first = Feed::open_at(&ada, &custom("queue,requests")).await;
    let mut second = Feed::open_at(&ada, &custom("queue")).await;
    second.say(json!({"action": "subscribe", "subscriptions": ["system"]})).await;
    assert_eq!(second.next().await.unwrap()["code"], "rate_limited");
    assert_eq!(second.next().await, None);
    // What the closed one had is free.
    eventually(
        || "there is room again".into(),
        async || {
            let mut again = ada.socket(&custom("queue")).await.unwrap();
            let message = again.next().await?;
            (message["type"] == "connection.established").then_some(())
        },
    )
    .await;
    first.say(json!({"action": "unsubscribe", "subscriptions": ["queue"]})).await;
    assert_eq!(first.next().await.unwrap()["type"], "unsubscribed");
}

#[tokio::test]
async fn one_principal_has_so_many_live_workflows_also_over_a_restart() {
    let setup = crate::support::Setup::sqlite().with(|settings| {
        settings.server.admin_token = Some(super::board::ADMIN.to_owned().into());
        settings.auth.api_keys = true;
        settings.limits.principal.live_workflows = Some(1);
    });
    let app = setup.start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    for (api, id) in [(&ada, "a"), (&ada, "b"), (&bo, "c")] {
        assert_eq!(api.post("/workflows", workflow(id)).await.status, 201);
    }
    let start = |id: &str| format!("/workflows/{id}/continuous/start");
    ada.post(&start("a"), json!({"autostart": true})).await.ok();
    assert_eq!(ada.post(&start("b"), json!({})).await.code(429), "too_many_requests");
    assert_eq!(ada.post("/workflows/b/continuous/step", json!({})).await.code(429), "too_many_requests");
    bo.post(&start("c"), json!({})).await.ok();
    let token = ada.token.clone().unwrap();
    let app = app.restart().await;
    let ada = app.bearing(&token);
    let is_live = async || (ada.get("/workflows/a/status").await.body["is_running"] == true).then_some(());
    eventually(|| "it is live again".into(), is_live).await;
    assert_eq!(ada.post(&start("b"), json!({})).await.code(429), "too_many_requests");
    ada.post("/workflows/a/continuous/stop", json!({})).await.ok();
    eventually(
        || "there is room again".into(),
        async || (ada.post(&start("b"), json!({})).await.status == 200).then_some(()),
    )
    .await;
}

#[tokio::test]
async fn whoever_keeps_as_much_as_they_may_removes_something_first() {
    let app = setup().with(|settings| settings.limits.principal.stored_bytes = Some(20_000)).start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let put = |key: usize| ada.request(reqwest::Method::PUT, &format!("/memory/notes/{key}")).json(&"x".repeat(1000));
    let mut kept = 0;
    let refused = loop {
        let answer = send(put(kept)).await;
        if answer.status == 429 {
            break answer;
        }
        assert!(answer.status < 300 && kept < 1000, "{}", answer.body);
        kept += 1;
    };
    assert_eq!(refused.body["code"], "too_many_requests");
    assert!(refused.body["detail"].as_str().unwrap().contains("stored_bytes"), "{}", refused.body);
    for (path, body) in [("/start-task", json!({"task": "approval"})), ("/workflows", workflow("w"))] {
        assert_eq!(ada.post(path, body).await.code(429), "too_many_requests", "{path}");
    }
    let mut socket = ada.socket("/api/v1/websocket/ws/custom").await.unwrap();
    socket.say(json!({"action": "publish", "type": "custom.more", "data": {}})).await;
    assert_eq!(socket.until("error").await["code"], "rate_limited");
    assert_eq!(bo.post("/workflows", workflow("w")).await.status, 201);
    for key in 0..kept {
        assert!(ada.delete(&format!("/memory/notes/{key}")).await.status < 300);
    }
    eventually(
        || "there is room again".into(),
        async || (ada.post("/workflows", workflow("w")).await.status == 201).then_some(()),
    )
    .await;
}
