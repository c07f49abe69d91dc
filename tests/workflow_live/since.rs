//! Who comes back to a workflow: what was missed since a place, or that it is not known any more.

use futures::StreamExt;
use reqwest::Method;

use crate::support::{Api, Client, Setup, Value, json};
use crate::workflow_live::stage::{chain, connect, start, store, until_event, until_result, update};

/// Reads on until nothing waits to be told any more; gives the last place.
async fn settled(client: &mut Client) -> u64 {
    until_result(client, "b", json!({"text": "first"})).await;
    loop {
        let told = client.until("continuous_update").await;
        if told["data"]["status"] == "completed" {
            return told["seq"].as_u64().unwrap();
        }
    }
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed() {
    let app = Setup::memory().start().await;
    store(&app, chain()).await;
    let (mut left, mut stays) = (connect(&app, "?workflow=chain").await, connect(&app, "?workflow=chain").await);
    app.post("/workflows/chain/continuous/start", json!({})).await.ok();
    let since = settled(&mut left).await;
    let places: Vec<u64> =
        left.heard.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()["seq"].as_u64().unwrap()).collect();
    assert!(places.is_sorted_by(|one, next| one + 1 == *next), "{places:?}");
    left.leave().await;
    for text in ["second", "third"] {
        update(&mut stays, "a", "text", json!(text)).await;
        until_result(&mut stays, "b", json!({"text": text})).await;
    }
    let mut back = connect(&app, &format!("?workflow=chain&since={since}")).await;
    let first = until_event(&mut back, "workflow_updated").await;
    assert_eq!((&first["data"]["input_value"], &first["data"]["change"]), (&json!("second"), &json!("input")));
    assert!(first["data"]["version"] == 1 && first["data"]["by"].is_null() && first["seq"].as_u64() > Some(since));
    until_result(&mut back, "b", json!({"text": "third"})).await;
    assert!(!back.heard.iter().any(|text| text.contains("execution_status")), "{:?}", back.heard);
    back.leave().await;
    app.post("/workflows/chain/continuous/stop", json!({})).await.ok();
    let last = until_event(&mut stays, "continuous_stopped").await["seq"].as_u64().unwrap();
    // Also after the end, and what has happened since.
    let saved = app.get("/workflows/chain").await.ok();
    app.request(Method::PUT, "/workflows/chain").header("X-Client-Id", "bob").json(&saved).send().await.unwrap();
    let mut back = connect(&app, &format!("?workflow=chain&since={since}")).await;
    assert_eq!(back.next().await.unwrap()["data"]["state"], "stopped");
    until_event(&mut back, "continuous_stopped").await;
    let updated = until_event(&mut back, "workflow_updated").await;
    assert_eq!((&updated["data"]["by"], &updated["data"]["version"]), (&json!("bob"), &json!(2)));
    assert_eq!(updated["seq"], last + 1);
}

#[tokio::test]
async fn who_cannot_be_told_all_is_told_so() {
    let app = Setup::memory().start().await;
    store(&app, chain()).await;
    // A place of a server before this one, and one that nobody has given.
    for since in [7, u64::MAX] {
        let mut client = connect(&app, &format!("?workflow=chain&since={since}")).await;
        let told = client.next().await.unwrap();
        assert_eq!((&told["type"], &told["gap"]), (&json!("execution_status"), &json!(true)), "{told}");
        assert_eq!((&told["data"]["is_running"], &told["data"]["gap"]), (&json!(false), &json!(true)), "{told}");
        // From there on nothing is missed.
        let mut back = connect(&app, &format!("?workflow=chain&since={}", told["seq"])).await;
        back.say(json!({"type": "ping", "timestamp": 1})).await;
        assert_eq!(back.next().await.unwrap()["type"], "pong");
    }
    app.post("/workflows/chain/continuous/start", json!({})).await.ok();
    let mut client = connect(&app, "?workflow=chain&since=7").await;
    let told = client.until("execution_status").await;
    assert_eq!((&told["gap"], &told["data"]["is_running"]), (&json!(true), &json!(true)));
    for query in ["?workflow=chain&since=undefined", "?workflow=chain&since=-1", "?since=7"] {
        let mut client = connect(&app, query).await;
        assert_eq!(client.next().await.unwrap()["code"], "invalid_message", "{query}");
        let told = client.next().await.unwrap();
        assert_eq!((&told["type"], &told["gap"]), (&json!("execution_status"), &Value::Null), "{query}");
    }
}

#[tokio::test]
async fn an_iteration_is_executing_until_all_has_come_in_and_a_quick_one_has_one_message() {
    let app = Setup::memory().start().await;
    let graph = json!({
        "id": "chain",
        "nodes": [
            { "id": "a", "type": "TextInput", "inputs": { "text": "late" } },
            { "id": "b", "type": "Delay", "inputs": { "milliseconds": 300 } },
        ],
        "edges": [{ "source": "a", "source_output": "text", "target": "b", "target_input": "value" }],
    });
    store(&app, graph).await;
    let mut client = connect(&app, "?workflow=chain").await;
    app.post("/workflows/chain/continuous/start", json!({})).await.ok();
    let begun = client.until("continuous_update").await;
    assert_eq!((&begun["data"]["status"], &begun["data"]["execution_count"]), (&json!("executing"), &json!(1)));
    assert!(begun["data"]["data"]["start_time"].is_number());
    let done = client.until("continuous_update").await;
    // What comes in is taken in by the next one.
    assert_eq!((&done["data"]["status"], &done["data"]["execution_count"]), (&json!("completed"), &json!(2)));
    assert_eq!(done["data"]["data"]["results"]["b"], json!({"value": "late"}));

    let app = Setup::memory().start().await;
    store(&app, chain()).await;
    let mut client = connect(&app, "?workflow=chain").await;
    app.post("/workflows/chain/continuous/start", json!({})).await.ok();
    let done = client.until("continuous_update").await;
    assert_eq!((&done["data"]["status"], &done["data"]["execution_count"]), (&json!("completed"), &json!(1)));
    assert_eq!(done["data"]["data"]["results"]["b"], json!({"text": "first"}));
}

/// The events of an answer, as far as this one.
async fn events(app: &Api, last: Option<&str>, until: &str) -> Vec<(String, String, Value)> {
    let mut request = app.request(Method::GET, "/workflows/chain/events").header("Accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let (mut body, mut text) = (answer.bytes_stream(), String::new());
    while !text.contains(until) || !text.ends_with("\n\n") {
        text.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        line.unwrap_or_default()
    };
    let events = text.split("\n\n").filter(|event| event.contains("data: "));
    events
        .map(|event| (field(event, "id"), field(event, "event"), serde_json::from_str(&field(event, "data")).unwrap()))
        .collect()
}

#[tokio::test]
async fn an_event_stream_tells_the_same_as_the_socket() {
    let app = Setup::memory().start().await;
    start(&app, chain(), json!({})).await;
    let told = events(&app, None, "execution_status").await;
    let (id, kind, first) = &told[0];
    assert_eq!((kind.as_str(), &first["type"]), ("execution_status", &json!("execution_status")));
    assert_eq!(*id, first["seq"].to_string());
    let mut socket = connect(&app, "?workflow=chain").await;
    socket.until("execution_status").await;
    update(&mut socket, "a", "text", json!("second")).await;
    until_result(&mut socket, "b", json!({"text": "second"})).await;
    app.post("/workflows/chain/continuous/stop", json!({})).await.ok();
    until_event(&mut socket, "continuous_stopped").await;
    let missed = events(&app, Some(id), "continuous_stopped").await;
    assert_eq!(missed[0].1, "execution_status", "it is not live any more");
    for (id, kind, told) in &missed {
        assert_eq!((id, kind.as_str()), (&told["seq"].to_string(), told["type"].as_str().unwrap()));
        if kind != "execution_status" {
            assert!(socket.heard.contains(&told.to_string()), "{told}");
        }
    }
    assert_eq!(app.get("/workflows/none/events").await.code(404), "unknown_workflow");
    assert_eq!(app.get("/workflows/chain/events?since=x").await.code(422), "invalid_query");
}
