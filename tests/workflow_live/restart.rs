//! What a restart brings back.

use crate::support::{TestProcess, eventually, json};
use crate::workflow_live::stage::{chain, connect, start, store, update};

#[tokio::test]
async fn what_starts_by_itself_comes_back_with_its_last_inputs_after_a_kill() {
    let mut app = TestProcess::start_with(&[]).await;
    start(&app, chain(), json!({"autostart": true})).await;
    let mut other = chain();
    other["id"] = json!("other");
    start(&app, other, json!({})).await;
    let mut client = connect(&app, "?workflow=chain").await;
    update(&mut client, "a", "text", json!("kept")).await;
    client.until("input_applied").await;
    app.crash().await;
    let status = eventually(
        || "it is live again".to_owned(),
        async || {
            let status = app.get("/workflows/chain/status").await.ok();
            (status["results"]["b"] == json!({"text": "kept"})).then_some(status)
        },
    );
    assert_eq!(status.await["inputs"], json!({"a": {"text": "kept"}}));
    assert_eq!(app.get("/workflows/other/status").await.ok()["is_running"], false);
    app.post("/workflows/chain/continuous/stop", json!({})).await.ok();
    app.crash().await;
    assert_eq!(app.get("/workflows/chain/status").await.ok()["is_running"], false, "it was stopped");
}

#[tokio::test]
async fn a_server_that_goes_down_keeps_what_starts_by_itself() {
    let mut app = TestProcess::start_with(&[]).await;
    let mut itself = chain();
    itself["autostart"] = json!(true);
    store(&app, itself).await;
    app.post("/workflows/chain/continuous/start", json!({})).await.ok();
    app.terminate();
    app.up().await;
    eventually(
        || "it is live again".to_owned(),
        async || (app.get("/workflows/chain/status").await.ok()["is_running"] == true).then_some(()),
    )
    .await;
}
