//! What a task shows without saving it.

use callboard::session::{TaskContext, TaskResult};

use crate::support::journal::{check, read, streams};
use crate::support::{Client, Setup, TestApp, Value, json, kind};

/// Shows something before and after its second question, and within a step.
async fn shows(ctx: TaskContext) -> TaskResult {
    ctx.confirm("Ready?").await;
    ctx.stream_unsaved("before").await;
    ctx.stream("one").await;
    ctx.progress_unsaved(1, 2, "half").await;
    ctx.stream("two").await;
    ctx.stream_unsaved("after").await;
    ctx.confirm("Go on?").await;
    let shown = ctx.clone();
    let step = || async move {
        shown.stream_unsaved("in a step").await;
        tokio::task::yield_now().await;
        Ok(())
    };
    ctx.step("work", step).await?;
    ctx.stream("three").await;
    Ok(json!(null))
}

async fn answer(app: &TestApp, id: &str) {
    app.answer(id, "confirm", json!({"value": true})).await.ok();
}

/// What was heard that is not saved, as its text.
fn unsaved(client: &Client) -> Vec<String> {
    let heard = client.heard.iter().map(|text| read(text)).filter(|message| message["save_state"] == false);
    heard
        .map(|message| {
            assert!(message.get("seq").is_none() && message["timestamp"].is_number(), "{message}");
            message["content"].as_str().or(message["label"].as_str()).unwrap().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn what_is_not_saved_reaches_who_is_connected_and_nobody_later() {
    let app = Setup::sqlite().task(kind("shows", shows)).start().await;
    let id = app.start("shows", json!({})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let mut early = app.connect(&id, None).await;
    early.until("request_confirmation").await;
    let events =
        app.request(reqwest::Method::GET, &format!("/sessions/{id}/events")).header("Accept", "text/event-stream");
    let mut events = events.send().await.unwrap();
    events.chunk().await.unwrap();
    answer(&app, &id).await;
    early.until("request_confirmation").await;
    let order: Vec<Value> = early.heard.iter().map(|text| read(text)).collect();
    let place = |text: &str| order.iter().position(|message| message["content"] == text || message["label"] == text);
    let places = ["before", "one", "half", "two", "after"].map(|text| place(text).unwrap());
    assert!(places.is_sorted(), "{places:?}");

    let mut late = app.connect(&id, Some(0)).await;
    late.until_seq(early.last_seq()).await;
    assert_eq!(unsaved(&late), [""; 0]);

    let mut text = String::new();
    while !text.contains("Go on?") {
        text.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    let shown: Vec<&str> = text.split("\n\n").filter(|event| event.contains(r#""save_state":false"#)).collect();
    assert_eq!(shown.len(), 3);
    assert!(shown.iter().all(|event| event.starts_with("event: ")), "none has an id: {shown:?}");

    let app = app.restart().await;
    let mut later = app.connect(&id, None).await;
    later.until("state_replay_complete").await;
    answer(&app, &id).await;
    later.until_end().await;
    assert_eq!(unsaved(&later), ["in a step"], "what was shown before the restart is not shown again");
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(streams(&journal), ["one", "two", "three"]);
    assert_eq!(app.session(&id).await["status"], "completed");
}
