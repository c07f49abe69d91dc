//! What is said on `/ws`, and what is answered.

use crate::support::{Client, Setup, Value, json};
use crate::workflow_live::stage::{chain, connect, start, store, until_event, until_result, update};

async fn answer(client: &mut Client, said: &str) -> Value {
    client.say_text(said).await;
    client.next().await.unwrap()
}

#[tokio::test]
async fn everything_that_is_said_is_answered() {
    let app = Setup::memory().start().await;
    let mut client = connect(&app, "").await;
    let cases = [
        ("{no", json!({"code": "invalid_json", "message": "Invalid JSON format"})),
        ("[]", json!({"code": "invalid_message"})),
        (r#"{"type": "dance"}"#, json!({"code": "unknown_type"})),
        (r#"{"type": "input_update", "data": {}}"#, json!({"code": "invalid_message"})),
        (
            r#"{"type": "input_update", "data": {"node_id": "x", "input_name": "y", "input_value": 1}}"#,
            json!({"code": "unknown_node"}),
        ),
        (r#"{"type": "get_status", "workflow_id": "none"}"#, json!({"code": "unknown_workflow"})),
        (r#"{"type": "subscribe", "events": ["none"]}"#, json!({"code": "invalid_message"})),
        (r#"{"type": "ping", "timestamp": 12.50}"#, json!({"type": "pong", "timestamp": 12.5})),
        (r#"{"type": "subscribe", "events": ["node_state"]}"#, json!({"type": "subscribed", "events": ["node_state"]})),
        (r#"{"type": "unsubscribe", "events": ["node_state"]}"#, json!({"type": "subscribed", "events": []})),
    ];
    for (said, expected) in cases {
        let told = answer(&mut client, said).await;
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&told[key], value, "{said}: {told}");
        }
        assert!(told["timestamp"].is_number(), "{told}");
    }
    client.leave().await;
}

#[tokio::test]
async fn a_workflow_that_is_unknown_cannot_be_watched() {
    let app = Setup::memory().start().await;
    let mut client = connect(&app, "?workflow=none").await;
    assert_eq!(client.until("error").await["code"], "unknown_workflow");
    assert_eq!(client.until_closed().await, Some(4504));
    store(&app, chain()).await;
    let mut client = connect(&app, "?workflow=chain").await;
    let told = answer(&mut client, r#"{"type": "get_status"}"#).await;
    assert_eq!((&told["data"]["is_running"], &told["data"]["state"]), (&json!(false), &json!("stopped")));
    client.leave().await;
}

#[tokio::test]
async fn changes_that_come_all_at_once_are_all_made_and_answered() {
    let app = Setup::memory().start().await;
    start(&app, chain(), json!({})).await;
    let mut client = connect(&app, "?workflow=chain").await;
    for number in 1..=200 {
        update(&mut client, "n", "value", json!(number)).await;
    }
    // None is refused.
    let mut answers = 0;
    while answers < 200 {
        let message = client.next().await.unwrap();
        assert_ne!(message["type"], "error", "{message}");
        answers += u32::from(message["type"] == "input_applied");
    }
}

#[tokio::test]
async fn who_changes_an_input_is_answered_and_everybody_sees_it() {
    let app = Setup::memory().start().await;
    store(&app, chain()).await;
    let (mut ada, mut bob) = (connect(&app, "?workflow=chain&client_id=ada").await, connect(&app, "").await);
    let started = app.post("/workflows/chain/continuous/start", json!({})).await.ok();
    assert_eq!(started["is_running"], true);
    until_event(&mut bob, "continuous_started").await;
    until_result(&mut bob, "b", json!({"text": "first"})).await;
    update(&mut ada, "a", "text", json!("second")).await;
    let applied = ada.until("input_applied").await;
    assert_eq!(applied["data"]["input_name"], "text");
    let updated = until_event(&mut bob, "workflow_updated").await;
    assert_eq!((&updated["data"]["author"], &updated["data"]["input_value"]), (&json!("ada"), &json!("second")));
    until_result(&mut bob, "b", json!({"text": "second"})).await;
    let status = app.get("/workflows/chain/status").await.ok();
    assert_eq!(status["execution_count"], applied["data"]["execution_count"]);
    for (node, input, value, code) in [
        ("b", "text", json!("x"), "input_is_linked"),
        ("n", "value", json!("x"), "invalid_value"),
        ("n", "none", json!(1), "unknown_input"),
        ("none", "text", json!(1), "unknown_node"),
    ] {
        update(&mut ada, node, input, value).await;
        assert_eq!(ada.until("error").await["code"], code, "{node}.{input}");
    }
    let mut late = connect(&app, "").await;
    let first = late.next().await.unwrap();
    assert_eq!(first["type"], "execution_status");
    assert_eq!(first["data"]["results"]["b"], json!({"text": "second"}));
    app.post("/workflows/chain/continuous/stop", json!({})).await.ok();
    for client in [&mut ada, &mut bob, &mut late] {
        until_event(client, "continuous_stopped").await;
    }
    update(&mut ada, "a", "text", json!("x")).await;
    assert_eq!(ada.until("error").await["code"], "unknown_workflow");
}

#[tokio::test]
async fn a_version_that_is_saved_goes_on_at_once() {
    let app = Setup::memory().start().await;
    start(&app, chain(), json!({})).await;
    let mut client = connect(&app, "").await;
    let mut longer = app.get("/workflows/chain").await.ok();
    longer["nodes"].as_array_mut().unwrap().push(json!({"id": "c", "type": "TextInput"}));
    let edge = json!({"source": "b", "source_output": "text", "target": "c", "target_input": "text"});
    longer["edges"].as_array_mut().unwrap().push(edge);
    let saved = app.request(reqwest::Method::PUT, "/workflows/chain").header("X-Client-Id", "bob").json(&longer);
    assert_eq!(saved.send().await.unwrap().status(), 200);
    let updated = until_event(&mut client, "workflow_updated").await;
    assert_eq!((&updated["data"]["version"], &updated["data"]["author"]), (&json!(2), &json!("bob")));
    until_result(&mut client, "c", json!({"text": "first"})).await;
    assert_eq!(app.delete("/workflows/chain").await.status, 204);
    let stopped = until_event(&mut client, "continuous_stopped").await;
    assert_eq!(stopped["data"]["reason"], "the workflow was removed");
}
