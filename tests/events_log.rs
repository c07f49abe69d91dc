//! The event log of a whole server: what each thing that happens leaves there.

use crate::support;

use std::time::Duration;

use callboard::session::TaskError;
use callboard_store::Settings;
use callboard_store::Store;
use rustix::process::Signal;
use support::kinds::kind;
use support::{Setup, TestProcess, Value, json};

/// All events in this database, whose server is not running.
async fn read(path: &std::path::Path) -> Vec<Value> {
    let settings = Settings { url: format!("sqlite:{}", path.display()), ..Settings::default() };
    let store = Store::open(&settings, 1).unwrap();
    let rows = store.events(None, 0, usize::MAX).await.unwrap();
    store.close().await;
    let events: Vec<(u64, bytes::Bytes)> = rows.iter().flat_map(|row| row.after(0)).collect();
    assert!(events.iter().map(|(seq, _)| *seq).eq(1..=events.len() as u64), "without gaps");
    events.iter().map(|(_, json)| serde_json::from_slice(json).unwrap()).collect()
}

/// The types of the events of this session.
fn of<'a>(events: &'a [Value], id: &str) -> Vec<&'a str> {
    let of_it = events.iter().filter(|event| event["execution_id"] == id);
    of_it.filter_map(|event| event["type"].as_str()).collect()
}

const BEGUN: [&str; 3] = ["queue.task_added", "queue.task_processed", "execution.started"];

#[tokio::test]
async fn what_happens_to_sessions_is_in_the_log_in_its_order() {
    let own = kind("own", |ctx| async move {
        let data = json!({"agent_id": "a", "x": 1}).as_object().unwrap().clone();
        ctx.emit("task.assigned", data.clone()).await;
        ctx.emit("phase_started", data.clone()).await;
        ctx.emit("custom.orders.paid", data).await;
        Ok(json!({"done": true}))
    });
    let broken = kind("broken", |_| async { Err(TaskError::failed("no")) });
    let panics = kind("panics", |_| async { panic!("oh") });
    let mut server = Setup::sqlite().task(own).task(broken).task(panics).start().await;
    let told = server.start_with(json!({"task": "own", "labels": {"crew": "c", "team": "red"}})).await;
    let failed = server.start_with(json!({"task": "broken"})).await;
    let panicked = server.start_with(json!({"task": "panics"})).await;
    let waiting = server.start_with(json!({"task": "approval"})).await;
    server.until_status(&told, "completed").await;
    server.until_status(&failed, "failed").await;
    server.until_status(&panicked, "failed").await;
    server.until_status(&waiting, "waiting_confirmation").await;
    server.post(&format!("/sessions/{waiting}/cancel"), json!({"reason": "enough"})).await.ok();
    server.stop();
    let events = read(&server.setup().database()).await;
    let with = |more: &[&'static str]| [&BEGUN[..], more].concat();
    assert_eq!(of(&events, &told), with(&["task.assigned", "custom.orders.paid", "execution.completed"]));
    assert_eq!(of(&events, &failed), with(&["execution.failed"]));
    assert_eq!(of(&events, &panicked), with(&["system.error", "execution.failed"]));
    assert_eq!(of(&events, &waiting), with(&["request.opened", "request.closed", "execution.failed"]));
    let find = |id: &str, kind: &str| {
        events.iter().find(|event| event["execution_id"] == *id && event["type"] == *kind).unwrap()
    };
    let paid = find(&told, "custom.orders.paid");
    assert_eq!((&paid["crew_id"], &paid["agent_id"], &paid["data"]), (&json!("c"), &json!("a"), &json!({"x": 1})));
    assert_eq!(paid["metadata"]["labels"], json!({"crew": "c", "team": "red"}));
    let completed = find(&told, "execution.completed");
    assert_eq!(completed["data"]["result"], json!({"done": true}));
    let cancelled = find(&waiting, "execution.failed");
    assert_eq!((&cancelled["data"]["status"], &cancelled["data"]["error"]), (&json!("cancelled"), &json!("enough")));
    assert_eq!(find(&panicked, "system.error")["priority"], "critical");
    let server_itself: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert!(server_itself.contains(&"system.startup"));
    assert_eq!(server_itself.last(), Some(&"system.shutdown"));
}

#[tokio::test]
async fn a_queue_that_is_full_and_a_session_that_never_ran_are_told() {
    let endless = kind("endless", |ctx| async move {
        ctx.sleep(Duration::from_secs(3600)).await;
        Ok(Value::Null)
    });
    let setup = Setup::sqlite().task(endless).with(|settings| {
        settings.sessions.max_running_sessions = 1;
        settings.sessions.max_queued_sessions = 2;
    });
    let mut server = setup.start().await;
    let mut made = Vec::new();
    let refused = loop {
        let answer = server.post("/start-task", json!({"task": "endless"})).await;
        if answer.status != 200 {
            break answer;
        }
        made.push(answer.ok()["session_id"].as_str().unwrap().to_owned());
        assert!(made.len() < 100, "the queue is never full");
    };
    assert_eq!(refused.code(503), "queue_full");
    let queued = support::eventually(
        || "one is queued".into(),
        async || {
            let queued = server.get("/sessions?status=queued").await.ok();
            queued["sessions"][0]["session_id"].as_str().map(str::to_owned)
        },
    )
    .await;
    server.post(&format!("/sessions/{queued}/cancel"), json!({})).await.ok();
    server.stop();
    let events = read(&server.setup().database()).await;
    let mut never_ran = BEGUN[..1].to_vec();
    never_ran.extend(["queue.task_failed", "execution.failed"]);
    assert_eq!(of(&events, &queued), never_ran);
    let turned_away: Vec<_> = events.iter().filter(|event| event["data"]["reason"] == "queue_full").collect();
    assert_eq!(turned_away.len(), 1);
    assert_eq!(
        (&turned_away[0]["type"], &turned_away[0]["data"]["task"]),
        (&json!("queue.task_failed"), &json!("endless"))
    );
}

#[tokio::test]
async fn a_server_that_is_killed_makes_nothing_happen_twice_and_forgets_nothing() {
    let mut server = TestProcess::start_with(&[]).await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        for _ in 0..5 {
            sessions.push(server.start("simulate_streaming", json!({"steps": 30, "step_delay_ms": 2})).await);
        }
        server.crash().await;
    }
    for id in &sessions {
        server.until_status(id, "completed").await;
    }
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    let events = read(&server.database()).await;
    for id in &sessions {
        assert_eq!(of(&events, id), [&BEGUN[..], &["execution.completed"]].concat());
    }
    let starts = events.iter().filter(|event| event["type"] == "system.startup").count();
    assert_eq!(starts, 5);
}
