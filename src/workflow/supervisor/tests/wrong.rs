//! Live workflows in which something goes wrong.

use serde_json::json;

use super::chain;
use super::stage::{Stage, definition, memory};
use crate::auth::Principal;
use crate::config::connections::Connections;
use crate::workflow::client::LiveOptions;
use crate::workflow::refused::Refused;

#[actix::test]
async fn a_change_that_cannot_be_made_is_refused_in_words() {
    let stage = Stage::new();
    let edges = &[("a", "b")];
    let typed = definition("typed", &[("n", "NumberInput"), ("a", "Same"), ("b", "Same")], edges);
    stage.live.start(typed, LiveOptions::default(), &Principal::server()).await.unwrap();
    stage.live.start(chain(), LiveOptions::default(), &Principal::server()).await.unwrap();
    let cases = [
        (Some("no"), "a", "value", json!(1), "there is no workflow with this id"),
        (Some("typed"), "x", "value", json!(1), "there is no node \"x\""),
        (None, "x", "value", json!(1), "there is no node \"x\""),
        (None, "a", "value", json!(1), "several live workflows have a node \"a\": say which one with workflow_id"),
        (Some("typed"), "a", "v", json!(1), "the node has no input \"v\""),
        (Some("typed"), "b", "value", json!(1), "the input is linked to another node's output, and follows that"),
    ];
    for (workflow, node, input, value, expected) in cases {
        let refused = stage.set_in(workflow, node, input, value).await;
        assert_eq!(refused.err().as_deref(), Some(expected), "{workflow:?} {node} {input}");
    }
    let refused = stage.set_in(None, "n", "value", json!("many")).await.unwrap_err();
    assert!(refused.starts_with("the value "), "{refused}");
}

#[actix::test]
async fn what_is_not_valid_or_too_much_does_not_become_live() {
    let stage = Stage::with(memory(), &Connections::default(), |limits| limits.max_live = 1);
    let broken = definition("broken", &[("a", "Nothing")], &[]);
    for _ in 0..2 {
        let refused = stage.live.start(broken.clone(), LiveOptions::default(), &Principal::server()).await.err();
        assert!(matches!(refused, Some(Refused::Invalid(_))), "{refused:?}");
        stage.until("broken", serde_json::Value::is_null).await;
    }
    stage.live.start(chain(), LiveOptions::default(), &Principal::server()).await.unwrap();
    let other = definition("other", &[], &[]);
    assert_eq!(
        stage.live.start(other, LiveOptions::default(), &Principal::server()).await.err(),
        Some(Refused::TooManyLive)
    );
}

#[actix::test]
async fn a_node_that_panics_is_in_error_and_the_others_go_on() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    let booms = definition("booms", &[("x", "Boom"), ("y", "Needs"), ("a", "Same")], &[("x", "y")]);
    stage.live.start(booms, LiveOptions::default(), &Principal::server()).await.unwrap();
    stage.set("x", json!(13)).await.unwrap();
    let error = watcher.until("an error", |message| message["data"]["state"] == "error").await;
    assert_eq!(error["data"]["data"]["result"], json!(null));
    stage.set("a", json!(2)).await.unwrap();
    watcher.until_value("a", json!(2)).await;
    let status = stage.status("booms").await;
    assert_eq!(status["node_states"]["y"]["state"], "blocked");
    stage.set("x", json!(1)).await.unwrap();
    watcher.until_value("y", json!(1)).await;
}

#[actix::test]
async fn a_node_that_never_ends_is_left_out() {
    let mut stage = Stage::with(memory(), &Connections::default(), |limits| limits.node_timeout = 0.3);
    let mut watcher = stage.watch(None);
    let hangs = definition("hangs", &[("h", "Hang"), ("a", "Same")], &[]);
    stage.live.start(hangs, LiveOptions::default(), &Principal::server()).await.unwrap();
    stage.set("a", json!(1)).await.unwrap();
    watcher.until_value("a", json!(1)).await;
    stage.set("h", json!(13)).await.unwrap();
    let failed = watcher.until_event("execution_failed").await;
    assert_eq!(failed["data"]["reason"], "h: took longer than 0.3 s");
    assert_eq!(stage.did.recv().await.unwrap(), "trouble h: took longer than 0.3 s");
    let error = watcher.until("an error", |message| message["data"]["state"] == "error").await;
    assert_eq!(error["data"]["data"]["error"], "took longer than 0.3 s");
    stage.set("a", json!(2)).await.unwrap();
    watcher.until_value("a", json!(2)).await;
    let status = stage.live.stop("hangs", &Principal::server()).await.unwrap().unwrap();
    assert!(status.execution_count >= 4, "the iterations of before count: {}", status.execution_count);
}

#[actix::test]
async fn a_node_may_end_its_workflow() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    stage
        .live
        .start(definition("ends", &[("s", "TestStop")], &[]), LiveOptions::default(), &Principal::server())
        .await
        .unwrap();
    stage.set("s", json!(1)).await.unwrap();
    let stopped = watcher.until_event("continuous_stopped").await;
    assert_eq!(stopped["data"]["reason"], "it was told to");
    stage.until("ends", serde_json::Value::is_null).await;
}

#[actix::test]
async fn of_a_large_value_the_beginning_is_told() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    stage.live.start(chain(), LiveOptions::default(), &Principal::server()).await.unwrap();
    stage.set("a", json!("x".repeat(65_536))).await.unwrap();
    let cut = watcher.until("a cut value", |message| {
        message["type"] == "node_state" && message["data"]["data"]["result"]["value"]["truncated"] == true
    });
    let cut = cut.await;
    let value = &cut["data"]["data"]["result"]["value"];
    assert_eq!((&value["bytes"], value["preview"].as_str().unwrap().len()), (&json!(65_538), 16_384));
}
