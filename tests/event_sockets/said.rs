//! What is asked for, what is left out, and what is answered.

use crate::event_sockets::socket::{Feed, saying};
use crate::support::{Setup, Value, json};

#[tokio::test]
async fn each_place_tells_what_it_is_for() {
    let app = Setup::memory().start().await;
    let mut global = Feed::open(&app, "global?client_id=g").await;
    assert_eq!(global.established["type"], "connection.established");
    assert_eq!((global.client_id(), &global.established["data"]["subscriptions"]), ("g", &json!(["global"])));
    let mut custom = Feed::open(&app, "custom?subscriptions=execution.*,nope").await;
    assert_eq!(custom.established["data"]["subscriptions"], json!(["execution.*"]));
    assert_eq!(custom.next().await.unwrap()["code"], "unknown_subscription");
    let mut other = Feed::open(&app, "executions/00000000-0000-4000-8000-000000000000").await;
    let mut crew = Feed::open(&app, "crews/nobody").await;
    let id = app.start("simulate_streaming", json!({"steps": 3, "step_delay_ms": 5})).await;
    let mut own = Feed::open(&app, &format!("executions/{id}?since={}", global.position())).await;
    for feed in [&mut global, &mut custom, &mut own] {
        let all = feed.all_until("execution.completed").await;
        let is_own = |event: &Value| event["execution_id"] == *id;
        let is_elsewhere = |event: &Value| {
            let kind = event["type"].as_str().unwrap();
            kind == "system.startup" || kind.starts_with("connection.")
        };
        assert!(all.iter().all(|event| is_own(event) || is_elsewhere(event)), "{all:?}");
        assert!(all.iter().any(|event| event["type"] == "execution.started"));
        let completed = all.last().unwrap();
        assert!(
            completed["seq"].as_u64() > Some(0)
                && completed["priority"] == "normal"
                && completed["metadata"].is_object()
        );
    }
    for feed in [&mut other, &mut crew] {
        let pong = feed.ask(json!({"action": "ping", "timestamp": 1.5}), "pong").await;
        assert_eq!(pong["timestamp"], 1.5);
        assert_eq!(feed.frames.len(), 2, "nothing but the first message and the pong");
    }
    for path in ["executions/a%20b", "executions/%C3%A9"] {
        let mut feed = Feed::open(&app, path).await;
        assert_eq!(feed.established["code"], "unknown_session");
        assert_eq!((feed.next().await, feed.closed), (None, Some(4504)));
    }
}

#[tokio::test]
async fn what_is_said_is_answered_with_what_is_in_force() {
    let setup = saying(Setup::memory()).with(|settings| settings.connections.max_subscriptions = 3);
    let app = setup.start().await;
    let mut feed = Feed::open(&app, "custom").await;
    assert_eq!(feed.subscribe(&["queue", "custom.*", "queue"]).await["subscriptions"], json!(["queue", "custom.*"]));
    assert_eq!(feed.subscribe(&["custom.*"]).await["subscriptions"], json!(["queue", "custom.*"]));
    let less = json!({"action": "unsubscribe", "subscriptions": ["queue", "memory"]});
    assert_eq!(feed.ask(less, "unsubscribed").await["subscriptions"], json!(["custom.*"]));
    let filter = json!({"types": ["custom.done"], "min_priority": "normal"});
    let answer = feed.ask(json!({"action": "set_filter", "filter": filter}), "filter_set").await;
    assert_eq!(answer["filter"], filter);
    crate::event_sockets::socket::say(&app, 3, 0).await;
    let all = feed.all_until("custom.done").await;
    assert_eq!(all.len(), 1, "{all:?}");
    let wrong = [
        ("{", "invalid_json"),
        ("[]", "invalid_message"),
        (r#"{"action":"dance"}"#, "unknown_action"),
        (r#"{"action":"subscribe","subscriptions":["global","nope"]}"#, "unknown_subscription"),
        (r#"{"action":"subscribe","subscriptions":["a"]}"#, "unknown_subscription"),
        (r#"{"action":"set_filter","filter":{"types":["nope"]}}"#, "invalid_filter"),
        (r#"{"action":"subscribe","subscriptions":["global","queue","system"]}"#, "too_many_subscriptions"),
    ];
    for (text, code) in wrong {
        feed.say_text(text).await;
        let error = feed.until("error").await;
        assert_eq!(error["code"], code, "{error}");
        assert!(code != "invalid_json" || error["message"] == "Invalid JSON format");
    }
    assert_eq!(feed.subscribe(&[]).await["subscriptions"], json!(["custom.*"]), "what was wrong has changed nothing");
}

#[tokio::test]
async fn who_is_called_as_somebody_else_is_told_its_own_name() {
    let app = Setup::memory().start().await;
    let (first, second) = (Feed::open(&app, "global?client_id=a").await, Feed::open(&app, "custom?client_id=a").await);
    assert_eq!((first.client_id(), second.client_id()), ("a", "a-2"));
    first.leave().await;
    let again = crate::support::eventually(
        || "the name is free again".into(),
        async || {
            let feed = Feed::open(&app, "custom?client_id=a").await;
            (feed.client_id() == "a").then_some(())
        },
    );
    again.await;
    assert_eq!(Feed::open(&app, "global").await.client_id().len(), 36);
}

#[tokio::test]
async fn comings_and_goings_are_told_to_those_who_ask_for_them() {
    let app = Setup::memory().start().await;
    let mut watcher = Feed::open(&app, "custom?subscriptions=connection.*").await;
    let other = Feed::open(&app, "global?client_id=other").await;
    let came = watcher.until("connection.established").await;
    assert_eq!((&came["data"]["client_id"], &came["data"]["socket"]), (&json!("other"), &json!("global")));
    other.leave().await;
    let lost = watcher.until("connection.lost").await;
    assert_eq!((&lost["data"]["client_id"], &lost["data"]["reason"]), (&json!("other"), &json!("closed by client")));
}

#[tokio::test]
async fn the_numbers_come_at_once_and_again_and_signs_of_life_too() {
    let app = Setup::memory().with(|settings| settings.connections.heartbeat_interval = 0.2).start().await;
    let mut feed = Feed::open(&app, "metrics").await;
    // The first ones may be from before this socket was counted.
    let mut counted = json!(null);
    for _ in 0..10 {
        counted = feed.until("system.health_check").await["data"]["connections"]["feed"].clone();
        if counted == 1 {
            break;
        }
    }
    assert_eq!(counted, 1);
    let beat = feed.until("connection.heartbeat").await;
    assert_eq!((&beat["data"]["dropped"], beat["data"]["last_seq"].is_u64()), (&json!(0), true));
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_on_the_socket_which_goes_on_without_it() {
    let app = Setup::memory().start().await;
    for query in ["since=7", "batch_ms=0", "batch_ms=1001", "compression=zip", "format=xml", "client_id=%01"] {
        let mut feed = Feed::open(&app, &format!("global?{query}")).await;
        let error = feed.until("error").await;
        let parameter = query.split('=').next().unwrap();
        assert_eq!(error["code"], "invalid_message", "{query}");
        assert!(error["message"].as_str().unwrap().contains(parameter), "{error}");
        feed.say(json!({"action": "ping", "timestamp": 1})).await;
        assert_eq!(feed.until("pong").await["timestamp"], 1, "{query}");
    }
    let many = vec!["queue"; 200].join(",");
    let mut feed = Feed::open(&app, &format!("custom?subscriptions={many}")).await;
    assert!(feed.until("error").await["message"].as_str().unwrap().contains("subscriptions"));
    assert_eq!(app.get(&format!("{}/global", crate::event_sockets::socket::BASE)).await.code(426), "upgrade_required");
    let proto = app.request(reqwest::Method::GET, "/events.proto").send().await.unwrap();
    assert!(proto.text().await.unwrap().contains("message Frame"));
    let _: Value = app.get("/health").await.ok();
}
