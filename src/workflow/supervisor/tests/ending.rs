//! Live workflows that come to their end: no more iterations begin, and what was begun still comes in.

use serde_json::{Value as Json, json};

use super::stage::{Stage, Watcher, definition};
use crate::auth::Principal;
use crate::workflow::client::LiveOptions;
use crate::workflow::definition::Definition;

fn once(max_iterations: u64) -> LiveOptions {
    LiveOptions { max_iterations: Some(max_iterations), ..LiveOptions::default() }
}

/// The values that a node had, up to the end.
async fn until_stopped(watcher: &mut Watcher, node: &str) -> (Vec<Json>, Json) {
    let stopped = watcher.until_event("continuous_stopped").await;
    let of_node = watcher.heard.iter().filter(|message| message["data"]["node_id"] == node);
    (of_node.map(|message| message["data"]["data"]["result"]["value"].clone()).collect(), stopped)
}

fn delayed(from: &str, milliseconds: u32) -> Definition {
    let mut delayed = definition("d", &[("a", from), ("d", "Delay"), ("b", "Same")], &[("a", "d"), ("d", "b")]);
    delayed.graph.nodes[1].inputs.insert("milliseconds".into(), json!(milliseconds));
    delayed
}

#[actix::test]
async fn what_the_last_iteration_began_comes_in_before_the_end() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    stage.live.start(delayed("Same", 20), once(1), &Principal::server()).await.unwrap();
    let (values, stopped) = until_stopped(&mut watcher, "b").await;
    assert_eq!(values.last(), Some(&json!(0)));
    assert_eq!(
        (&stopped["data"]["execution_count"], &stopped["data"]["reason"]),
        (&json!(1), &json!("max_iterations reached: 1"))
    );
    let last = watcher.heard.iter().rfind(|message| message["type"] == "continuous_update").unwrap();
    assert_eq!(
        (&last["data"]["execution_count"], &last["data"]["data"]["results"]["b"]["value"]),
        (&json!(1), &json!(0))
    );
}

#[actix::test]
async fn a_clock_does_not_go_on_while_the_end_is_waited_for() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    stage.live.start(delayed("Ticker", 500), once(3), &Principal::server()).await.unwrap();
    let (values, stopped) = until_stopped(&mut watcher, "b").await;
    // The delay passes on the first value, and the latest of those that came meanwhile.
    assert_eq!(values.iter().filter(|value| value.is_number()).collect::<Vec<_>>(), [&json!(1), &json!(3)]);
    assert_eq!(stopped["data"]["execution_count"], 3);
}

#[actix::test]
async fn a_debounced_value_comes_in_and_an_interval_does_not_go_on() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    let nodes = [("i", "Interval"), ("a", "Same"), ("b", "Debounce")];
    let mut graph = definition("w", &nodes, &[("a", "b")]);
    graph.graph.nodes[0].inputs.insert("milliseconds".into(), json!(1));
    graph.graph.nodes[2].inputs.insert("milliseconds".into(), json!(30));
    stage.live.start(graph, once(2), &Principal::server()).await.unwrap();
    let (values, stopped) = until_stopped(&mut watcher, "b").await;
    assert_eq!(values.last(), Some(&json!(0)));
    assert_eq!(stopped["data"]["execution_count"], 2);
}

#[actix::test]
async fn a_person_is_waited_for_and_whoever_stops_it_need_not_wait() {
    for is_answered in [true, false] {
        let mut stage = Stage::new();
        let mut watcher = stage.watch(None);
        let asks = definition("asks", &[("q", "Ask"), ("b", "Same"), ("x", "Same")], &[("q", "b")]);
        stage.live.start(asks, once(1), &Principal::server()).await.unwrap();
        assert_eq!(stage.did.recv().await.as_deref(), Some("ask q"));
        watcher.until("a question", |message| message["data"]["state"] == "waiting").await;
        let refused = stage.set("x", json!(1)).await.unwrap_err();
        assert_eq!(refused, "the workflow has begun all its iterations, and is changed no more");
        assert_eq!(stage.status("asks").await["is_running"], true);
        if is_answered {
            stage.answer.send(Some(true)).unwrap();
            let (values, stopped) = until_stopped(&mut watcher, "b").await;
            assert_eq!((values.last(), &stopped["data"]["execution_count"]), (Some(&json!(true)), &json!(1)));
        } else {
            let status = stage.live.stop("asks", &Principal::server().named("ada")).await.unwrap().unwrap();
            assert_eq!(status.execution_count, 1);
            assert_eq!(watcher.until_event("continuous_stopped").await["data"]["reason"], "stopped by ada");
            assert_eq!(stage.did.recv().await.as_deref(), Some("cancel"));
        }
    }
}

#[actix::test]
async fn the_items_of_a_list_are_iterations_of_their_own() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    let mut each = definition("each", &[("e", "ForEach")], &[]);
    each.graph.nodes[0].inputs.insert("items".into(), json!([1, 2, 3, 4]));
    stage.live.start(each, once(3), &Principal::server()).await.unwrap();
    let stopped = watcher.until_event("continuous_stopped").await;
    assert_eq!(stopped["data"]["execution_count"], 3);
    let last = watcher.heard.iter().rfind(|message| message["data"]["node_id"] == "e").unwrap();
    assert_eq!(last["data"]["data"]["result"]["index"], 2);
}

#[actix::test]
async fn steps_do_not_use_up_the_iterations_of_the_start_that_follows() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    let clock = definition("clock", &[("t", "Ticker")], &[]);
    for _ in 0..3 {
        stage.live.step(clock.clone(), &Principal::server()).await.unwrap();
    }
    stage.live.start(clock, once(2), &Principal::server()).await.unwrap();
    assert_eq!(watcher.until_event("continuous_stopped").await["data"]["execution_count"], 5);
}
