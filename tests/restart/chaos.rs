//! Kills at random moments, over sessions of all kinds that clients watch, answer and cancel.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::support::journal::{all, check, check_stretch, is_terminal, read, streams};
use crate::support::{TestProcess, Value, json};

const SEED: u64 = 20_261_120;
const KILLS: usize = 15;

/// A session, and all that was seen of it.
struct Watched {
    id: String,
    task: &'static str,
    seen: Vec<String>,
}

fn task(random: &mut StdRng) -> (&'static str, Value) {
    match random.random_range(0..3) {
        0 => ("long_running_task", json!({"step_delay_ms": random.random_range(0..4)})),
        1 => ("simulate_streaming", json!({"steps": 60, "step_delay_ms": random.random_range(0..8)})),
        _ => ("approval", json!({"lines": 40})),
    }
}

/// What a person says to this question.
fn reply(message: &Value) -> Option<Value> {
    let id = &message["request_id"];
    match message["type"].as_str()? {
        "request_user_input" => {
            let values = json!({"subject": "s", "body": "b", "to_address": "a@example.org"});
            Some(json!({"type": "user_input", "values": values, "request_id": id}))
        }
        "request_confirmation" => Some(json!({"type": "confirm", "value": true, "request_id": id})),
        "task_failed" if message["can_retry"] == true => Some(json!({"type": "retry", "request_id": id})),
        _ => None,
    }
}

/// Watches and answers until `steps` messages have come, or the session ends.
async fn attend(server: &TestProcess, watched: &mut Watched, steps: usize) {
    let mut client = server.connect(&watched.id, Some(watched.seen.len() as u64)).await;
    for _ in 0..steps {
        let Some(message) = client.next().await else { break };
        if let Some(reply) = reply(&message) {
            client.say(reply).await;
        }
        if is_terminal(&message) {
            break;
        }
        if message["type"] == "state_replay_complete" {
            let session = server.session(&watched.id).await;
            if is_over(&session, client.last_seq().max(watched.seen.len() as u64)) {
                break;
            }
            // A reply to what was asked before may have been lost with the server.
            for reply in session["open_requests"].as_array().unwrap().iter().filter_map(reply) {
                client.say(reply).await;
            }
        }
    }
    watched.seen.extend(client.entries());
}

/// Whether nothing more will come, because the session has ended and all of it was heard.
fn is_over(session: &Value, heard: u64) -> bool {
    session["ended_at"].is_number() && session["last_seq"] == heard
}

/// Checks that all that was ever seen is in the journals, byte for byte.
async fn compare(server: &TestProcess, all_watched: &[Watched]) {
    for watched in all_watched {
        let journal = server.journal(&watched.id).await;
        check(&journal);
        check_stretch(&watched.seen, &journal);
    }
}

#[tokio::test]
async fn nothing_that_was_seen_is_lost_however_often_the_server_is_killed() {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut server = TestProcess::start_with(&[("sessions.park_after", "0.05")]).await;
    let mut sessions: Vec<Watched> = Vec::new();
    for kill in 0..KILLS {
        for _ in 0..random.random_range(1..4) {
            let (task, config) = task(&mut random);
            sessions.push(Watched { id: server.start(task, config).await, task, seen: Vec::new() });
        }
        for _ in 0..6 {
            let at = random.random_range(0..sessions.len());
            attend(&server, &mut sessions[at], random.random_range(1..25)).await;
        }
        // One is watched while the server dies: what it hears to the very end counts, too.
        let at = random.random_range(0..sessions.len());
        let since = sessions[at].seen.len() as u64;
        let mut last = server.connect(&sessions[at].id, Some(since)).await;
        last.until("state_replay_complete").await;
        server.kill();
        last.until_closed().await;
        sessions[at].seen.extend(last.entries());
        server.up().await;
        compare(&server, &sessions).await;
        assert!(!server.log().contains("panicked"), "after kill {kill}: {}", server.log());
    }
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for watched in &mut sessions {
        let (mut rounds, task) = (0, watched.task);
        while server.session(&watched.id).await["ended_at"].is_null() {
            attend(&server, watched, 30).await;
            rounds += 1;
            assert!(rounds < 200, "{task} does not end: {:?}", watched.seen);
        }
        let journal = server.journal(&watched.id).await;
        check(&journal);
        check_stretch(&watched.seen, &journal);
        assert_eq!(server.session(&watched.id).await["status"], "completed");
        let lines = match task {
            "long_running_task" => 6,
            "simulate_streaming" => 60,
            _ => 41,
        };
        let mut streams = streams(&journal);
        assert_eq!(streams.len(), lines, "{task}: {streams:?}");
        streams.dedup();
        assert_eq!(streams.len(), lines);
        assert!(all(&journal, "recovered", "cause").len() <= KILLS);
        *told.entry(task).or_default() += 1;
    }
    assert_eq!(told.len(), 3, "all kinds took part: {told:?}");
    let some = sessions.choose(&mut random).unwrap();
    assert_eq!(server.delete(&format!("/sessions/{}", some.id)).await.status, 204);
}

#[test]
fn an_open_question_has_a_reply_and_an_end_has_none() {
    assert!(reply(&read(r#"{"type":"task_failed","can_retry":true,"request_id":"x"}"#)).is_some());
    assert!(reply(&read(r#"{"type":"task_failed","can_retry":false}"#)).is_none());
}
