//! Every type of event is provoked where it comes from, and arrives.

use std::collections::BTreeSet;
use std::time::Duration;

use callboard::domain::event::Kind;
use callboard::session::TaskError;
use reqwest::Method;

use crate::event_sockets::socket::Feed;
use crate::support::api::send;
use crate::support::{Api, Setup, TestApp, Value, eventually, json, kind};

/// What only those hear who listen at the time, and what the log has beside it.
const OF_THE_LOG: [&str; 2] = ["system.startup", "system.shutdown"];

fn setup() -> Setup {
    let tells = kind("tells", |ctx| async move {
        for known in Kind::KNOWN.iter().map(Kind::word) {
            if known.starts_with("task.") || known.starts_with("manager.") {
                ctx.emit(known, Default::default()).await;
            }
        }
        ctx.progress(1, 2, "half").await;
        Ok(json!(null))
    });
    let fails = kind("fails", |_| async { Err(TaskError::failed("no")) });
    let panics = kind("panics", |_| async { panic!("on purpose") });
    let sleeps = kind("sleeps", |ctx| async move {
        ctx.sleep(Duration::from_secs(3600)).await;
        Ok(json!(null))
    });
    let setup = [tells, fails, panics, sleeps].into_iter().fold(Setup::sqlite(), Setup::task);
    setup.with(|settings| {
        settings.server.workers = 1;
        settings.sessions.max_running_sessions = 1;
        settings.sessions.max_queued_sessions = 1;
        settings.events.health_check_interval = 0.05;
        settings.connections.heartbeat_interval = 0.2;
    })
}

async fn put(app: &Api, path: &str, body: Value) {
    let answer = send(app.request(Method::PUT, path).json(&body)).await;
    assert!(matches!(answer.status, 200 | 201), "{path}: {:?}", answer.body);
}

async fn sessions(app: &TestApp) {
    for task in ["tells", "fails", "panics"] {
        let id = app.start(task, json!({})).await;
        app.until_status(&id, if task == "tells" { "completed" } else { "failed" }).await;
    }
    let asks = app.start("approval", json!({})).await;
    app.until_status(&asks, "waiting_confirmation").await;
    app.answer(&asks, "confirm", json!({"value": true})).await.ok();
    app.until_status(&asks, "completed").await;
    // One runs, one waits in the queue, and one more is too many.
    let runs = app.start("sleeps", json!({})).await;
    app.start("sleeps", json!({})).await;
    let refused = app.post("/start-task", json!({"task": "sleeps"})).await;
    assert_eq!(refused.code(503), "queue_full");
    app.post("/api/v1/queue/clear", json!(null)).await.ok();
    app.post(&format!("/cancel-task/{runs}"), json!(null)).await.ok();
}

async fn things(app: &TestApp) {
    let mut agent = json!({"id": "a", "name": "Ada", "role": "r", "goal": "g", "kind": "check"});
    app.post("/api/v1/agents", agent.clone()).await;
    agent["name"] = json!("Bea");
    put(app, "/api/v1/agents/a", agent).await;
    let mut crew = json!({"id": "c", "name": "Two", "process": "sequential", "agents": ["a"], "tasks": []});
    app.post("/api/v1/crews", crew.clone()).await;
    crew["name"] = json!("Three");
    put(app, "/api/v1/crews/c", crew).await;
    app.delete("/api/v1/crews/c").await;
    app.delete("/api/v1/agents/a").await;
    put(app, "/memory/ada/k", json!(1)).await;
    put(app, "/memory/ada/k", json!(2)).await;
    app.get("/memory/ada/k").await.ok();
    app.delete("/memory/ada").await;
    app.post("/api/v1/events", json!({"type": "custom.orders.paid", "data": {"order": 7}})).await.ok();
}

#[tokio::test]
async fn every_type_arrives_that_there_is() {
    let app = setup().start().await;
    let mut feed = Feed::open(&app, "custom?subscriptions=*").await;
    // Somebody else comes and goes.
    drop(Feed::open(&app, "global").await);
    sessions(&app).await;
    things(&app).await;
    let mut missing: BTreeSet<&str> = Kind::KNOWN.iter().map(Kind::word).chain(["custom.orders.paid"]).collect();
    for word in OF_THE_LOG {
        missing.remove(word);
    }
    while !missing.is_empty() {
        let event = tokio::time::timeout(Duration::from_secs(10), feed.next()).await;
        let Ok(Some(event)) = event else { panic!("these never came: {missing:?}") };
        missing.remove(event["type"].as_str().unwrap_or_default());
    }
    drop(feed);
    let app = app.restart().await;
    for word in OF_THE_LOG {
        eventually(
            || format!("{word} is in the log"),
            async || {
                let found = app.get(&format!("/api/v1/events?type={word}")).await.ok();
                found["events"].as_array()?.first().map(|_| ())
            },
        )
        .await;
    }
}
