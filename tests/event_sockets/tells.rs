//! What clients and operators tell: published over a socket, said to all, or to one.

use callboard::config::switch::Switch;
use reqwest::Method;

use crate::event_sockets::socket::Feed;
use crate::support::api::send;
use crate::support::{Setup, json};

const SOCKETS: &str = "/api/v1/websocket";

#[tokio::test]
async fn global_gets_every_type_and_a_star_is_every_type_in_filters_too() {
    let app = Setup::memory().start().await;
    let mut global = Feed::open(&app, "global").await;
    let mut all = Feed::open(&app, "custom?subscriptions=all").await;
    let mut star = Feed::open(&app, "custom").await;
    star.subscribe(&["*"]).await;
    let filter = json!({"action": "set_filter", "filter": {"types": ["*"]}});
    assert_eq!(star.ask(filter, "filter_set").await["filter"], json!({"types": ["*"]}));
    send(app.request(Method::PUT, "/memory/ana/likes").json(&json!("tea"))).await;
    let agent = json!({"id": "a", "name": "n", "role": "r", "goal": "g", "kind": "check"});
    assert_eq!(app.post("/api/v1/agents", agent).await.status, 201);
    app.delete("/api/v1/agents/a").await;
    for feed in [&mut global, &mut all, &mut star] {
        let stored = feed.until("memory.stored").await;
        assert_eq!((&stored["data"]["client_id"], &stored["data"]["key"]), (&json!("ana"), &json!("likes")));
        assert_eq!(feed.until("agent.created").await["data"]["name"], "n");
        assert_eq!(feed.until("agent.deleted").await["data"]["name"], "n");
    }
}

#[tokio::test]
async fn what_a_client_publishes_is_kept_in_its_order_and_answered() {
    let app = Setup::memory().start().await;
    let schema = json!({"schema": {"type": "object", "required": ["n"]}});
    send(app.request(Method::PUT, "/api/v1/event-types/custom.n").json(&schema)).await;
    let mut other = Feed::open(&app, "custom?subscriptions=custom.*").await;
    let mut feed = Feed::open(&app, "custom").await;
    for n in 0..100 {
        feed.say(json!({"action": "publish", "type": "custom.n", "data": {"n": n}, "priority": "high", "ref": n}))
            .await;
    }
    let mut last = 0;
    for n in 0..100 {
        let answer = feed.until("published").await;
        assert_eq!(answer["ref"], n);
        assert!(answer["seq"].as_u64().unwrap() > last, "{answer}");
        last = answer["seq"].as_u64().unwrap();
        let event = other.until("custom.n").await;
        assert_eq!(
            (&event["data"]["n"], &event["seq"], &event["priority"]),
            (&json!(n), &answer["seq"], &json!("high"))
        );
    }
    feed.say(json!({"action": "publish", "type": "custom.n", "data": {}, "ref": "r"})).await;
    let refused = feed.until("error").await;
    assert_eq!((&refused["code"], &refused["ref"]), (&json!("invalid_message"), &json!("r")));
    assert_eq!(refused["errors"][0]["loc"], json!(["body", "data", "n"]));
    feed.say(json!({"action": "publish", "type": "execution.failed", "ref": 1})).await;
    assert_eq!(feed.until("error").await["ref"], 1);
    let plain = feed.ask(json!({"action": "publish", "type": "custom.other"}), "published").await;
    assert_eq!(plain["ref"], json!(null));
}

const TOKEN: &str = "0123456789abcdef";

fn with_token() -> Setup {
    Setup::memory().with(|settings| settings.server.admin_token = Some(TOKEN.to_owned().into()))
}

#[tokio::test]
async fn a_caller_of_whom_nothing_is_known_may_not_publish() {
    let app = with_token().with(|settings| settings.server.trust_loopback = Switch::Off).start().await;
    let mut feed = Feed::open(&app, "executions/a").await;
    for action in [
        json!({"action": "publish", "type": "custom.a", "ref": 1}),
        json!({"action": "subscribe", "subscriptions": ["custom.*"], "ref": 1}),
    ] {
        feed.say(action).await;
        let refused = feed.until("error").await;
        assert_eq!((&refused["code"], &refused["ref"]), (&json!("forbidden"), &json!(1)));
    }
    let event = json!({"type": "custom.a", "data": {}});
    let answer = send(app.request(Method::POST, "/api/v1/events").json(&event)).await;
    assert_eq!(answer.status, 401);
    send(app.request(Method::POST, "/api/v1/events").json(&event).bearer_auth(TOKEN)).await.ok();
}

#[tokio::test]
async fn a_caller_on_this_machine_may_publish_and_not_do_what_operators_do() {
    let app = with_token().start().await;
    let event = json!({"type": "custom.a", "data": {}});
    for (method, path) in [
        (Method::PUT, "/api/v1/event-types/custom.a"),
        (Method::DELETE, "/api/v1/event-types/custom.a"),
        (Method::POST, "/api/v1/websocket/broadcast"),
        (Method::POST, "/api/v1/websocket/broadcast/global"),
        (Method::POST, "/api/v1/websocket/connections/x/send"),
    ] {
        let answer = send(app.request(method.clone(), path).json(&event)).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    send(app.request(Method::POST, "/api/v1/events").json(&event)).await.ok();
    let mut feed = Feed::open(&app, "custom").await;
    feed.ask(json!({"action": "publish", "type": "custom.a"}), "published").await;
}

#[tokio::test]
async fn a_message_goes_to_all_and_one_for_a_client_to_that_client_alone() {
    let app = Setup::memory().start().await;
    let mut one = Feed::open(&app, "metrics?client_id=one").await;
    let mut other = Feed::open(&app, "global?client_id=other").await;
    one.ask(json!({"action": "set_filter", "filter": {"types": ["custom.message"]}}), "filter_set").await;
    let told = app.post(&format!("{SOCKETS}/broadcast"), json!({"message": "Lunch!"})).await.ok();
    assert_eq!((&told["status"], &told["data"]["event"]["type"]), (&json!("success"), &json!("custom.message")));
    for feed in [&mut one, &mut other] {
        assert_eq!(feed.until("custom.message").await["data"], json!({"message": "Lunch!"}));
    }
    let path = format!("{SOCKETS}/connections/one/send");
    let sent = app.post(&path, json!({"type": "custom.secret", "data": {"a": 1}})).await.ok();
    assert_eq!((&sent["data"]["delivered_to"], &sent["data"]["event"]["data"]), (&json!(1), &json!({"a": 1})));
    let heard = one.until("custom.secret").await;
    assert_eq!(
        (&heard["data"], &heard["id"], &heard["seq"]),
        (&json!({"a": 1}), &sent["data"]["event"]["id"], &json!(null))
    );
    app.post(&format!("{SOCKETS}/broadcast"), json!({"type": "custom.last"})).await.ok();
    let all = other.all_until("custom.last").await;
    assert!(all.iter().all(|event| event["type"] != "custom.secret"), "{all:?}");
    let unknown = app.post(&format!("{SOCKETS}/connections/nobody/send"), json!({"type": "custom.a"})).await;
    assert_eq!(unknown.code(404), "unknown_client");
    assert_eq!(app.post(&path, json!({"data": 1})).await.status, 422);
}
