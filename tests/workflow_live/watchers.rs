//! Many who watch, and those who read slowly.

use crate::support::{Client, Setup, json};
use crate::workflow_live::stage::{connect, start, ticker, until_event, update};

fn clock(length: usize) -> crate::support::Value {
    json!({
        "id": "clock", "name": "Clock",
        "nodes": [
            {"id": "t", "type": "Ticker", "inputs": {"length": length}},
            {"id": "a", "type": "TextInput"},
        ],
        "edges": [],
    })
}

#[tokio::test]
async fn who_reads_slowly_has_the_last_state_in_the_end() {
    let setup = Setup::memory().node(ticker()).with(|settings| {
        settings.connections.outbox_bytes = 65_536;
        settings.connections.stall_timeout = 60.0;
    });
    let app = setup.start().await;
    start(&app, clock(10_000), json!({"interval_ms": 1})).await;
    let (mut slow, mut quick) = (connect(&app, "?workflow=clock").await, connect(&app, "").await);
    // Far more than an outbox and the kernel take.
    for _ in 0..200 {
        quick.until("continuous_update").await;
    }
    update(&mut quick, "a", "text", json!("late")).await;
    quick.until("input_applied").await;
    let end = app.post("/workflows/clock/continuous/stop", json!({})).await.ok();
    for client in [&mut slow, &mut quick] {
        let stopped = until_event(client, "continuous_stopped").await;
        assert_eq!(stopped["data"]["execution_count"], end["execution_count"]);
        let is_late = |text: &String| text.contains(r#""text":"late""#);
        assert!(client.heard.iter().any(is_late), "the change of the other node came, too");
    }
    let (slow, quick) = (slow.heard.len(), quick.heard.len());
    assert!(slow < quick, "{slow} messages for who was behind, {quick} for who was not");
}

#[tokio::test]
async fn many_may_watch() {
    let app = Setup::memory().node(ticker()).start().await;
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..60 {
        clients.push(connect(&app, "").await);
    }
    start(&app, clock(10), json!({"interval_ms": 5, "max_iterations": 40})).await;
    for client in &mut clients {
        let stopped = until_event(client, "continuous_stopped").await;
        assert_eq!(stopped["data"]["execution_count"], 40);
    }
}

#[tokio::test]
async fn who_wants_only_some_kinds_gets_only_those() {
    let app = Setup::memory().node(ticker()).start().await;
    let mut client = connect(&app, "").await;
    client.say(json!({"type": "subscribe", "data": {"events": ["workflow_event"]}})).await;
    client.until("subscribed").await;
    start(&app, clock(10), json!({"interval_ms": 1, "max_iterations": 30})).await;
    until_event(&mut client, "continuous_stopped").await;
    assert!(client.heard[1..].iter().all(|text| text.contains(r#""type":"workflow_event""#)), "{:?}", client.heard);
}
