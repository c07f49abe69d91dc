//! The disk is full while the server runs: it says so, loses nothing, and goes on when there is room again.

use crate::support;

use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use support::api::send;
use support::journal::{check, check_stretch, streams};
use support::{TestProcess, Value, eventually, json};

/// Lets the server's files grow to that many bytes and no further; to any size where it is `None`.
fn limit_files(server: &TestProcess, bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit { current: bytes.or(maximum), maximum };
    prlimit(Pid::from_raw(i32::try_from(server.id()).unwrap()), Resource::Fsize, limit).unwrap();
}

/// A server that gets an error where a file would grow too large, and not a signal.
async fn server(settings: &[(&str, &str)]) -> TestProcess {
    let words = ["/bin/sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
    let mut server = TestProcess::prepare(settings).wrapped(&words);
    server.up().await;
    server
}

async fn until_ready(server: &TestProcess, status: u16) {
    eventually(
        || format!("/readyz tells {status}"),
        async || (server.get("/readyz").await.status == status).then_some(()),
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_lost() {
    let mut server = server(&[]).await;
    let waiting = server.start("approval", json!({"lines": 3})).await;
    let running = server.start("simulate_streaming", json!({"steps": 300, "step_delay_ms": 2})).await;
    server.until_status(&waiting, "waiting_confirmation").await;
    let mut client = server.connect(&running, Some(0)).await;
    client.until_seq(50).await;
    let mut answering = server.connect(&waiting, None).await;
    answering.replay().await;
    limit_files(&server, Some(4096));
    until_ready(&server, 503).await;
    assert_eq!(server.get("/readyz").await.code(503), "store_unavailable");
    assert_eq!(server.get("/health").await.body["store"], "failing");
    assert_eq!(server.get("/livez").await.status, 200);
    // What has to be written is refused, and what is there can be read.
    for _ in 0..3 {
        let refused = [
            server.post("/start-task", json!({"task": "approval"})).await,
            server.answer(&waiting, "confirm", json!({"value": true})).await,
            server.post(&format!("/cancel-task/{waiting}"), json!({})).await,
            server.post(&format!("/cancel-task/{running}"), json!({})).await,
        ];
        for answer in refused {
            assert_eq!(answer.code(503), "store_unavailable");
            assert!(!answer.body.to_string().contains("callboard.db"), "nothing about the inside: {}", answer.body);
        }
    }
    answering.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(answering.until("error").await["code"], "store_unavailable");
    assert_eq!(server.session(&waiting).await["status"], "waiting_confirmation");
    assert_eq!(server.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 2);
    let kept = server.journal(&running).await;
    client.until_seq(kept.len() as u64).await;
    assert_eq!(client.entries(), kept, "only what is written is told");
    limit_files(&server, None);
    until_ready(&server, 200).await;
    answering.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(answering.until_end().await["values"], json!({"approved": true}));
    assert_eq!(client.until_end().await["type"], "task_completed");
    let journal = server.journal(&running).await;
    check(&journal);
    assert_eq!(client.entries(), journal);
    let lines: Vec<String> = (1..=300).map(|step| format!("Step {step}/300 completed")).collect();
    assert_eq!(streams(&journal), lines, "nothing is lost or told twice");
    server.crash().await;
    assert_eq!(server.journal(&running).await, journal);
    check(&server.journal(&waiting).await);
}

#[tokio::test]
async fn a_server_that_is_killed_while_its_disk_is_full_has_all_that_was_seen() {
    let mut server = server(&[]).await;
    let running = server.start("simulate_streaming", json!({"steps": 200, "step_delay_ms": 2})).await;
    let mut client = server.connect(&running, Some(0)).await;
    client.until_seq(30).await;
    limit_files(&server, Some(4096));
    until_ready(&server, 503).await;
    server.kill();
    client.until_closed().await;
    server.up().await;
    check_stretch(&client.entries(), &server.journal(&running).await);
    server.until_status(&running, "completed").await;
    let journal = server.journal(&running).await;
    check(&journal);
    check_stretch(&client.entries(), &journal);
    assert_eq!(streams(&journal).len(), 200);
}

#[tokio::test]
async fn a_request_that_waits_for_a_store_in_trouble_is_refused_after_its_time() {
    let server = server(&[("store.busy_timeout", "0.3")]).await;
    let running = server.start("simulate_streaming", json!({"steps": 100000, "step_delay_ms": 1})).await;
    limit_files(&server, Some(4096));
    until_ready(&server, 503).await;
    // It can be told as it stands only once that is written.
    assert_eq!(server.get(&format!("/sessions/{running}")).await.code(503), "store_unavailable");
    limit_files(&server, None);
    until_ready(&server, 200).await;
    assert_eq!(server.session(&running).await["status"], "running");
}

#[tokio::test]
async fn an_idempotent_start_that_met_a_full_disk_is_one_session_in_the_end() {
    let server = server(&[("store.busy_timeout", "0.3")]).await;
    let start = async || {
        let request = server.request(Method::POST, "/start-task").header("Idempotency-Key", "k");
        send(request.json(&json!({"task": "approval"}))).await
    };
    limit_files(&server, Some(4096));
    // The first finds out; it may be on its way to the store when it is refused.
    let first = start().await;
    assert_eq!(first.code(503), "store_unavailable");
    until_ready(&server, 503).await;
    assert_eq!(start().await.code(503), "store_unavailable");
    limit_files(&server, None);
    until_ready(&server, 200).await;
    let ids: Vec<Value> = [start().await.ok(), start().await.ok()].map(|body| body["session_id"].clone()).into();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(server.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 1);
}
