//! The forms in which events are told say the same.

use crate::event_sockets::socket::{Feed, numbers, say, saying};
use crate::support::{Setup, Value, json};

const FORMS: [&str; 6] = [
    "",
    "&compression=gzip",
    "&format=protobuf",
    "&format=protobuf&compression=gzip",
    "&batch_ms=20",
    "&batch_ms=20&format=protobuf&compression=gzip",
];

fn short(events: &[Value]) -> Vec<Value> {
    events.iter().map(|event| json!([event["id"], event["type"], event["data"], event["seq"]])).collect()
}

#[tokio::test]
async fn every_form_tells_the_same_live_and_again() {
    let app = saying(Setup::memory()).start().await;
    let path = "custom?subscriptions=custom.*";
    let mut feeds = Vec::new();
    for form in FORMS {
        feeds.push(Feed::open(&app, &format!("{path}{form}")).await);
    }
    let start = feeds[0].position();
    say(&app, 20, 0).await;
    let all = feeds[0].all_until("custom.done").await;
    assert_eq!(numbers(&all), (1..=20).collect::<Vec<u64>>());
    for (feed, form) in feeds[1..].iter_mut().zip(&FORMS[1..]) {
        assert_eq!(short(&feed.all_until("custom.done").await), short(&all), "{form}");
        assert!(!form.contains("batch") || feed.frames.iter().any(|(count, ..)| *count > 1), "{form}");
        assert!(!form.contains("protobuf") || feed.frames.iter().all(|(.., is_binary)| *is_binary), "{form}");
        let pong = feed.ask(json!({"action": "ping", "timestamp": "x"}), "pong").await;
        assert_eq!(pong["timestamp"], "x");
    }
    for form in FORMS {
        let mut feed = Feed::open(&app, &format!("{path}{form}&since={start}")).await;
        assert_eq!(short(&feed.all_until("custom.done").await), short(&all), "{form}");
    }
}

#[tokio::test]
async fn what_is_long_is_compressed_and_what_is_short_is_not() {
    let app = saying(Setup::memory()).start().await;
    let mut feed = Feed::open(&app, "custom?subscriptions=custom.said&compression=gzip").await;
    for (bytes, is_packed) in [(100, false), (3000, true)] {
        say(&app, 1, bytes).await;
        let event = feed.until("custom.said").await;
        assert_eq!(event["data"]["text"].as_str().unwrap().len() as u64, bytes);
        assert_eq!(feed.frames.last().unwrap().1, is_packed);
    }
}

#[tokio::test]
async fn sockets_of_sessions_and_workflows_have_the_same_forms() {
    let app = Setup::memory().start().await;
    let id = app.start("simulate_streaming", json!({"steps": 40, "step_delay_ms": 0})).await;
    app.until_status(&id, "completed").await;
    let graph = json!({"id": "w", "name": "w", "nodes": [{"id": "a", "type": "NumberInput", "inputs": {"value": 1}}], "edges": []});
    assert_eq!(app.post("/workflows", graph).await.status, 201);
    for form in &FORMS[..4] {
        let query = form.trim_start_matches('&');
        let mut session = Feed::open_at(&app, &format!("/ws/{id}?since=0&{query}")).await;
        assert_eq!(session.established["type"], "state_replay_start", "{form}");
        let mut journal = Vec::new();
        while let Some(message) = session.next().await.filter(|message| message["type"] != "state_replay_complete") {
            journal.push(message["seq"].as_u64().unwrap());
        }
        assert_eq!(journal, (1..=session_length(&app, &id).await).collect::<Vec<_>>(), "{form}");
        session.say(json!({"type": "ping", "timestamp": 7})).await;
        assert_eq!(session.next().await.unwrap(), json!({"type": "pong", "timestamp": 7}));
        let is_binary = form.contains("protobuf");
        assert!(session.frames.iter().all(|(_, _, binary)| *binary == is_binary), "{form}");
        app.post("/workflows/w/continuous/start", json!({})).await.ok();
        let mut workflow = Feed::open_at(&app, &format!("/ws?workflow=w&{query}")).await;
        assert_eq!(workflow.established["type"], "execution_status", "{form}");
        app.post("/workflows/w/continuous/stop", json!({})).await.ok();
        while workflow.next().await.unwrap()["event"] != "continuous_stopped" {}
        assert!(!is_binary || workflow.frames.iter().all(|(_, _, binary)| *binary), "{form}");
    }
    let mut wrong = Feed::open_at(&app, "/ws?format=xml").await;
    assert_eq!(wrong.established["code"], "invalid_message");
    wrong.say(json!({"type": "ping"})).await;
    assert_eq!(wrong.next().await.unwrap()["type"], "pong");
}

async fn session_length(app: &crate::support::TestApp, id: &str) -> u64 {
    app.get(&format!("/sessions/{id}/events?limit=1")).await.ok()["last_seq"].as_u64().unwrap()
}
