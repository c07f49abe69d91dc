//! What a client gets that comes late, leaves and comes back: all of it, once, in order.

use crate::support;

use std::sync::Arc;

use callboard::session::TaskKind;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use support::journal::{check, check_stretch, read, seq, snapshot};
use support::{Client, Setup, TestApp, Value, journal, json, kind};
use tokio::sync::watch;

/// A task that prints in parts: as many lines as the gate has been opened for, then it waits, to `lines` in all.
fn pouring() -> (Arc<dyn TaskKind>, watch::Sender<u64>) {
    let (open, gate) = watch::channel(0);
    let kind = kind("pouring", move |ctx| {
        let mut gate = gate.clone();
        async move {
            let lines = ctx.config()["lines"].as_u64().unwrap();
            for line in 1..=lines {
                gate.wait_for(|open| *open >= line).await.unwrap();
                ctx.stream(format!("line {line}")).await;
                if line % 7 == 0 {
                    ctx.progress(line, lines, "").await;
                }
            }
            Ok(Value::Null)
        }
    });
    (kind, open)
}

/// Reads a little, leaves, comes back with what it has, until the end; gives all entries it heard.
async fn wander(app: &TestApp, id: &str, seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut have: Vec<String> = Vec::new();
    loop {
        let mut client = app.connect(id, Some(have.len() as u64)).await;
        let stay = random.random_range(1..60);
        for _ in 0..stay {
            let Some(message) = client.next().await else { break };
            if journal::is_terminal(&message) {
                have.extend(client.entries());
                return have;
            }
        }
        have.extend(client.entries());
        if random.random_bool(0.5) {
            client.leave().await;
        }
        for (at, entry) in have.iter().enumerate() {
            assert_eq!(seq(entry), Some(at as u64 + 1), "seed {seed}: neither gap nor double");
        }
    }
}

#[tokio::test]
async fn clients_that_come_and_go_at_random_miss_nothing_and_get_nothing_twice() {
    for (seed, setup) in [(1, Setup::memory()), (2, Setup::sqlite()), (3, Setup::sqlite())] {
        let (kind, open) = pouring();
        // A short tail sends some of them to the store.
        let setup = setup.task(kind).with(|settings| {
            settings.sessions.snapshot_messages = if seed == 3 { 5 } else { 100 };
            settings.sessions.tail_bytes = 2048;
        });
        let app = setup.start().await;
        let id = app.start("pouring", json!({"lines": 400})).await;
        let pour = async {
            for line in 0..=400 {
                open.send_replace(line);
                tokio::task::yield_now().await;
                if line % 20 == 0 {
                    app.session(&id).await;
                }
            }
        };
        let (heard, ()) = futures::join!(join_all((0..6).map(|client| wander(&app, &id, seed * 100 + client))), pour);
        let journal = app.journal(&id).await;
        check(&journal);
        for heard in heard {
            assert_eq!(heard, journal);
        }
    }
}

#[tokio::test]
async fn a_client_far_behind_gets_all_in_order_and_then_live_entries() {
    const LINES: u64 = 20_000;
    let (kind, open) = pouring();
    let app = Setup::sqlite().task(kind).start().await;
    let id = app.start("pouring", json!({"lines": LINES + 50})).await;
    open.send_replace(LINES);
    // It tells as fast as it can, which must not cut a client that reads.
    let mut watching = app.connect(&id, Some(0)).await;
    watching.until_seq(LINES).await;
    let mut clients: Vec<Client> = Vec::new();
    for since in [0, 1, 9_999] {
        clients.push(app.connect(&id, Some(since)).await);
    }
    // While they catch up, it goes on.
    open.send_replace(LINES + 50);
    for (client, since) in clients.iter_mut().zip([0, 1, 9_999]) {
        client.until_end().await;
        let entries = client.entries();
        assert_eq!(seq(&entries[0]), Some(since + 1));
        let start = read(&client.heard[0]);
        assert_eq!((&start["type"], &start["dropped"]), (&json!("state_replay_start"), &json!(0)));
        let end = client.heard.iter().position(|text| text.contains("state_replay_complete")).unwrap();
        assert_eq!(start["count"], end - 1, "as many come as were announced");
    }
    watching.until_end().await;
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(watching.entries(), journal);
    for client in &clients {
        check_stretch(&client.entries(), &journal);
        assert_eq!(client.last_seq(), journal.len() as u64);
    }
}

#[tokio::test]
async fn a_snapshot_is_what_its_definition_says() {
    for most in [3, 10, 100] {
        let app = Setup::memory().with(|settings| settings.sessions.snapshot_messages = most).start().await;
        let id = app.start("long_running_task", json!({"step_delay_ms": 0})).await;
        let steps = [
            ("waiting_input", "input", json!({"values": {"subject": "s", "body": "b", "to_address": "a@example.org"}})),
            ("waiting_retry", "retry", json!({})),
            ("waiting_confirmation", "confirm", json!({"value": true})),
            ("completed", "", Value::Null),
        ];
        for (status, what, answer) in steps {
            app.until_status(&id, status).await;
            let journal = app.journal(&id).await;
            let mut client = app.connect(&id, None).await;
            let (start, entries) = client.replay().await;
            assert_eq!(entries, snapshot(&journal, most), "{status}, at most {most}");
            assert_eq!(start["last_seq"], journal.len());
            assert_eq!(start["dropped"], journal.len() - entries.len());
            let info = app.get(&format!("/session-info/{id}")).await.ok();
            assert_eq!(info["saved_state_messages"], entries.len());
            if !what.is_empty() {
                app.answer(&id, what, answer).await.ok();
            }
        }
    }
}

#[tokio::test]
async fn a_snapshot_of_many_lines_has_the_last_hundred() {
    let app = Setup::sqlite().start().await;
    let id = app.start("simulate_streaming", json!({"steps": 300, "step_delay_ms": 0})).await;
    app.until_status(&id, "completed").await;
    let journal = app.journal(&id).await;
    let (start, entries) = app.connect(&id, None).await.replay().await;
    assert_eq!(entries, snapshot(&journal, 100));
    assert_eq!((entries.len(), &start["dropped"]), (100, &json!(journal.len() - 100)));
}

#[tokio::test]
async fn two_sockets_on_one_session_hear_the_same() {
    let app = Setup::sqlite().start().await;
    let id = app.start("long_running_task", json!({"step_delay_ms": 1})).await;
    let mut clients = join_all((0..5).map(|_| app.connect(&id, Some(0)))).await;
    let values = json!({"subject": "s", "body": "b", "to_address": "a@example.org"});
    for (asked, by, answer) in [
        ("request_user_input", 0, json!({"type": "user_input", "values": values})),
        ("task_failed", 1, json!({"type": "retry"})),
        ("request_confirmation", 2, json!({"type": "confirm", "value": true})),
    ] {
        clients[by].until(asked).await;
        clients[by].say(answer).await;
    }
    for client in &mut clients {
        client.until_end().await;
    }
    let journal = app.journal(&id).await;
    for client in &clients {
        assert_eq!(client.entries(), journal);
    }
}

#[tokio::test]
async fn a_reload_shows_the_open_question_again_and_none_that_is_over() {
    let app = Setup::memory().start().await;
    let id = app.start("long_running_task", json!({"step_delay_ms": 0})).await;
    let mut before = app.connect(&id, None).await;
    let form = before.until("request_user_input").await;
    before.leave().await;
    let mut client = app.connect(&id, None).await;
    let (_, entries) = client.replay().await;
    assert_eq!(read(entries.last().unwrap()), form, "the same question, with the same id");
    let values = json!({"subject": "s", "body": "b", "to_address": "a@example.org"});
    client.say(json!({"type": "user_input", "values": values})).await;
    let failed = client.until("task_failed").await;
    client.leave().await;
    let (_, entries) = app.connect(&id, None).await.replay().await;
    assert!(!journal::kinds(&entries).contains(&"request_user_input".to_owned()), "the form was answered");
    assert_eq!(read(entries.last().unwrap()), failed);
    app.answer(&id, "retry", json!({})).await.ok();
    app.until_status(&id, "waiting_confirmation").await;
    let (_, entries) = app.connect(&id, None).await.replay().await;
    let kinds = journal::kinds(&entries);
    assert!(!kinds.contains(&"task_failed".to_owned()), "the retry was answered");
    assert_eq!(kinds.iter().filter(|kind| *kind == "answered").count(), 2);
    assert_eq!(kinds.last().unwrap(), "request_confirmation");
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    app.until_status(&id, "completed").await;
    let (_, entries) = app.connect(&id, None).await.replay().await;
    assert!(!journal::kinds(&entries).contains(&"request_confirmation".to_owned()));
    // Who asks for everything gets everything.
    let (_, entries) = app.connect(&id, Some(0)).await.replay().await;
    assert_eq!(entries, app.journal(&id).await);
}

#[tokio::test]
async fn a_since_beyond_the_end_gets_nothing_but_what_comes() {
    let app = Setup::sqlite().start().await;
    let id = app.start("approval", json!({"lines": 2})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let mut client = app.connect(&id, Some(4)).await;
    let (start, entries) = client.replay().await;
    assert_eq!((&start["count"], entries.len()), (&json!(0), 0));
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    client.until_end().await;
    assert_eq!(client.entries(), app.journal(&id).await[4..]);
    let mut beyond = app.connect(&id, Some(1_000_000)).await;
    assert_eq!(beyond.replay().await.1, Vec::<String>::new());
}
