//! Tests of live workflows: the supervisor, its executors on their threads, and those who watch.

mod ending;
mod stage;
mod wrong;

use serde_json::{Value as Json, json};

use self::stage::{Stage, definition, memory};
use super::messages::{LetAllGo, TakeUp};
use crate::auth::Principal;
use crate::config::connections::Connections;
use crate::domain::owner::Owner;
use crate::workflow::client::{Draft, ExecutorKind, LiveOptions};
use crate::workflow::definition::Definition;
use crate::workflow::definitions::Check;
use crate::workflow::refused::Refused;

fn chain() -> Definition {
    definition("chain", &[("a", "Same"), ("b", "Same")], &[("a", "b")])
}

#[actix::test]
async fn a_change_is_answered_and_everybody_sees_what_comes_of_it() {
    let stage = Stage::new();
    let (mut one, mut all) = (stage.watch(Some("chain")), stage.watch(None));
    let status = stage.live.start(chain(), LiveOptions::default(), &Principal::server().named("ada")).await.unwrap();
    assert!(status.is_running && status.node_count == 2);
    let started = one.until_event("continuous_started").await;
    assert_eq!(started["data"]["author"], "ada");
    for watcher in [&mut one, &mut all] {
        watcher.until_value("b", json!(0)).await;
    }
    let count = stage.set("a", json!(5)).await.unwrap();
    for watcher in [&mut one, &mut all] {
        let updated = watcher.until_event("workflow_updated").await;
        assert_eq!((&updated["data"]["change"], &updated["data"]["input_value"]), (&json!("input"), &json!(5)));
        watcher.until_value("b", json!(5)).await;
        let update = watcher.until("an update", |message| message["type"] == "continuous_update").await;
        assert!(update["data"]["execution_count"].as_u64().unwrap() >= count, "{update}");
    }
    let mut late = stage.watch(Some("chain"));
    let first = late.until("anything", |_| true).await;
    assert_eq!(first["type"], "execution_status");
    assert_eq!(first["data"]["results"], json!({"a": {"value": 5}, "b": {"value": 5}}));
    assert_eq!(first["data"]["inputs"], json!({"a": {"value": 5}}));
    let status = stage.live.stop("chain", &Principal::server()).await.unwrap().unwrap();
    assert!(!status.is_running);
    for watcher in [&mut one, &mut all, &mut late] {
        watcher.until_event("continuous_stopped").await;
    }
    assert_eq!(stage.live.stop("chain", &Principal::server()).await.unwrap().map(|status| status.is_running), None);
    assert_eq!(stage.status("chain").await, Json::Null);
}

#[actix::test]
async fn where_nothing_is_to_be_done_nothing_is_done() {
    let stage = Stage::new();
    stage.live.start(chain(), LiveOptions::default(), &Principal::server()).await.unwrap();
    let parked = stage.until("chain", |status| status["state"] == "parked").await;
    for _ in 0..20 {
        assert_eq!(stage.status("chain").await["execution_count"], parked["execution_count"]);
    }
    let expected = parked["execution_count"].as_u64().unwrap() + 1;
    assert_eq!(stage.set("a", json!(1)).await, Ok(expected));
    let after = stage.until("chain", |status| status["results"]["b"]["value"] == 1).await;
    assert_eq!(after["execution_count"], expected);
}

#[actix::test]
async fn a_clock_stops_after_as_many_iterations_as_it_may_have() {
    for interval_ms in [0, 1] {
        let stage = Stage::new();
        let mut watcher = stage.watch(None);
        let clock = definition("clock", &[("t", "Ticker")], &[]);
        let options =
            LiveOptions { interval_ms: Some(interval_ms), max_iterations: Some(50), ..LiveOptions::default() };
        stage.live.start(clock, options, &Principal::server()).await.unwrap();
        let stopped = watcher.until_event("continuous_stopped").await;
        assert_eq!(stopped["data"]["execution_count"], 50);
        assert_eq!(stopped["data"]["reason"], "max_iterations reached: 50");
        watcher.read();
        let last = watcher.heard.iter().rfind(|message| message["type"] == "node_state").unwrap();
        assert_eq!(last["data"]["data"]["result"]["value"], 50, "the last state is told");
    }
}

#[actix::test]
async fn all_nodes_run_where_the_executor_is_naive() {
    let stage = Stage::new();
    let clock = definition("clock", &[("t", "Ticker"), ("a", "Same")], &[]);
    let options = LiveOptions { interval_ms: Some(0), executor: ExecutorKind::Naive, ..LiveOptions::default() };
    stage.live.start(clock, options, &Principal::server()).await.unwrap();
    let status = stage.until("clock", |status| status["execution_count"].as_u64() > Some(20)).await;
    let runs = |node: &str| status["node_states"][node]["runs"].as_u64().unwrap();
    assert_eq!(runs("a"), runs("t"), "what has no news runs as often as the clock");
}

#[actix::test]
async fn a_paused_one_moves_step_by_step_and_can_run_on() {
    let stage = Stage::new();
    let clock = definition("clock", &[("t", "Ticker")], &[]);
    for count in 1..4 {
        let status = stage.live.step(clock.clone(), &Principal::server()).await.unwrap();
        assert_eq!((status.execution_count, status.is_running), (count, false));
    }
    assert_eq!(stage.status("clock").await["state"], "paused");
    let status = stage.live.start(clock.clone(), LiveOptions::default(), &Principal::server()).await.unwrap();
    assert!(status.is_running);
    stage.until("clock", |status| status["execution_count"].as_u64() > Some(10)).await;
    let again = stage.live.start(clock, LiveOptions::default(), &Principal::server()).await;
    assert_eq!(again.err(), Some(Refused::AlreadyRunning));
}

#[actix::test]
async fn as_fast_as_possible_still_hears() {
    let stage = Stage::new();
    let clock = definition("clock", &[("t", "Ticker"), ("a", "Same")], &[]);
    let options = LiveOptions { interval_ms: Some(0), ..LiveOptions::default() };
    stage.live.start(clock, options, &Principal::server()).await.unwrap();
    stage.until("clock", |status| status["execution_count"].as_u64() > Some(2000)).await;
    let mut watcher = stage.watch(None);
    stage.set("a", json!("x")).await.unwrap();
    watcher.until_value("a", json!("x")).await;
    stage.live.stop("clock", &Principal::server()).await.unwrap().unwrap();
}

#[actix::test]
async fn who_reads_slowly_has_the_last_state_of_everything_in_the_end() {
    let connections = Connections { outbox_bytes: 16_384, ..Connections::default() };
    let stage = Stage::with(memory(), &connections, |limits| limits.flushes_per_second = 1000);
    let (mut slow, mut slow_of_all) = (stage.watch(Some("clock")), stage.watch(None));
    let clock = definition("clock", &[("t", "Ticker"), ("a", "Same")], &[]);
    stage.live.start(clock, LiveOptions::default(), &Principal::server()).await.unwrap();
    // Far more is told than fits into an outbox.
    stage.until("clock", |status| status["execution_count"].as_u64() > Some(500)).await;
    stage.set("a", json!("early")).await.unwrap();
    stage.until("clock", |status| status["execution_count"].as_u64() > Some(700)).await;
    for watcher in [&mut slow, &mut slow_of_all] {
        assert!(watcher.link.is_open());
        watcher.until_value("a", json!("early")).await;
        let updated = |message: &Json| message["event"] == "workflow_updated";
        assert!(watcher.heard.iter().any(updated), "it hears of the change, too");
    }
    stage.until("clock", |status| status["execution_count"].as_u64() > Some(1200)).await;
    let end = stage.live.stop("clock", &Principal::server()).await.unwrap().unwrap();
    for watcher in [&mut slow, &mut slow_of_all] {
        let stopped = watcher.until_event("continuous_stopped").await;
        assert_eq!(stopped["data"]["execution_count"], end.execution_count);
    }
}

#[actix::test]
async fn what_comes_back_has_its_last_inputs() {
    let store = memory();
    let before = Stage::with(store.clone(), &Connections::default(), |_| {});
    let draft = Draft { id: Some("chain".into()), graph: chain().graph, ..Draft::default() };
    before.definitions.create(draft, Check::Valid).await.unwrap();
    let options = LiveOptions { autostart: Some(true), ..LiveOptions::default() };
    before.live.start(chain(), options, &Principal::server()).await.unwrap();
    for value in 1..20 {
        before.set("a", json!(value)).await.unwrap();
    }
    before.supervisor.send(LetAllGo).await.unwrap();
    let after = Stage::with(store.clone(), &Connections::default(), |_| {});
    after.supervisor.send(TakeUp { workflows: vec!["chain".parse().unwrap()] }).await.unwrap();
    let status = after.until("chain", |status| status["results"]["b"]["value"] == 19).await;
    assert_eq!(status["inputs"], json!({"a": {"value": 19}}));
    after.live.stop("chain", &Principal::server()).await.unwrap().unwrap();
    assert_eq!(after.store.documents(&Owner::SERVER, crate::workflow::kept::LIVE, None, 9).await.unwrap(), []);
}

#[actix::test]
async fn a_saved_version_takes_the_place_of_the_one_that_runs() {
    let stage = Stage::new();
    let mut watcher = stage.watch(None);
    stage.live.start(chain(), LiveOptions::default(), &Principal::server()).await.unwrap();
    stage.set("a", json!(3)).await.unwrap();
    let longer = definition("chain", &[("a", "Same"), ("b", "Same"), ("c", "Same")], &[("a", "b"), ("b", "c")]);
    stage.live.saved(Definition { version: 2, author: Some("bob".into()), ..longer });
    let updated = watcher.until("a version", |message| message["data"]["change"] == "saved").await;
    assert_eq!((&updated["data"]["version"], &updated["data"]["author"]), (&json!(2), &json!("bob")));
    watcher.until_value("c", json!(3)).await;
    let broken = definition("chain", &[("a", "Nothing")], &[]);
    stage.live.saved(Definition { version: 3, ..broken });
    let failed = watcher.until_event("execution_failed").await;
    assert_eq!(failed["data"]["reason"], "version 3 is not valid (a): version 2 goes on");
    assert_eq!(stage.status("chain").await["version"], 2);
    stage.live.removed(chain(), &Principal::server());
    watcher.until("that it is removed", |message| message["data"]["change"] == "removed").await;
    watcher.until_event("continuous_stopped").await;
}

#[actix::test]
async fn a_person_is_asked_and_the_answer_goes_on() {
    let mut stage = Stage::new();
    let asks = definition("asks", &[("q", "Ask"), ("b", "Same")], &[("q", "b")]);
    let mut watcher = stage.watch(None);
    stage.live.start(asks.clone(), LiveOptions::default(), &Principal::server()).await.unwrap();
    assert_eq!(stage.did.recv().await.as_deref(), Some("ask q"));
    let waits =
        |message: &Json| message["data"]["state"] == "waiting" && message["data"]["data"]["session_id"].is_string();
    watcher.until("a question with its session", waits).await;
    stage.answer.send(Some(true)).unwrap();
    watcher.until_value("b", json!(true)).await;
    stage.answer.send(None).unwrap();
    stage.set("q", json!(1)).await.unwrap();
    assert_eq!(stage.did.recv().await.as_deref(), Some("ask q"));
    stage.live.stop("asks", &Principal::server()).await.unwrap().unwrap();
    assert_eq!(stage.did.recv().await.as_deref(), Some("cancel"), "nobody waits for the answer any more");
}
