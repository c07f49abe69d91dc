//! The real program under `kill -9`.

use reqwest::Method;

use crate::support::journal::{all, check, check_stretch, read, streams};
use crate::support::{TestProcess, Value, eventually, journal, json};

fn email() -> Value {
    json!({"subject": "s", "body": "b", "to_address": "a@example.org"})
}

#[tokio::test]
async fn a_question_survives_a_kill_and_its_answer_goes_on() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = server.start("long_running_task", json!({"step_delay_ms": 0})).await;
    let mut seen: Vec<String> = Vec::new();
    for (status, what, answer) in [
        ("waiting_input", "input", json!({"values": email()})),
        ("waiting_retry", "retry", json!({"value": true})),
        ("waiting_confirmation", "confirm", json!({"value": true})),
    ] {
        let before = server.until_status(&id, status).await;
        let mut client = server.connect(&id, Some(seen.len() as u64)).await;
        client.until_seq(before["last_seq"].as_u64().unwrap()).await;
        seen.extend(client.entries());
        for _ in 0..2 {
            server.crash().await;
            let after = server.session(&id).await;
            assert_eq!(after["status"], status);
            assert_eq!(after["open_requests"], before["open_requests"], "the same question with the same id");
            assert_eq!(server.journal(&id).await, seen);
        }
        let mut body = answer;
        body["request_id"] = before["open_requests"][0]["request_id"].clone();
        server.answer(&id, what, body.clone()).await.ok();
        // An answer that was told as taken is not forgotten.
        server.crash().await;
        assert_eq!(server.answer(&id, what, body).await.code(409), "already_answered");
    }
    let end = server.until_status(&id, "completed").await;
    assert_eq!(end["result"], email());
    let journal = server.journal(&id).await;
    check(&journal);
    check_stretch(&seen, &journal);
    let lines: Vec<String> = (1..=5).map(|step| format!("Processing email step {step}/5...")).collect();
    assert_eq!(streams(&journal)[1..], lines, "no line is lost or told twice");
    server.crash().await;
    assert_eq!(server.journal(&id).await, journal);
    assert_eq!(server.session(&id).await["result"], email());
}

#[tokio::test]
async fn a_session_that_is_killed_while_it_runs_goes_on_where_it_was() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = server.start("simulate_streaming", json!({"steps": 400, "step_delay_ms": 3})).await;
    let mut seen: Vec<String> = Vec::new();
    for crash in 1..=4 {
        let mut client = server.connect(&id, Some(seen.len() as u64)).await;
        client.until_seq(seen.len() as u64 + 40).await;
        server.kill();
        client.until_closed().await;
        seen.extend(client.entries());
        server.up().await;
        let journal = server.journal(&id).await;
        check_stretch(&seen, &journal);
        let recovered = eventually(
            || "it is taken up".into(),
            async || {
                let journal = server.journal(&id).await;
                let recovered = all(&journal, "recovered", "cause");
                (recovered.len() >= crash).then_some(recovered)
            },
        )
        .await;
        assert_eq!(recovered.len(), crash, "one word a crash");
    }
    server.until_status(&id, "completed").await;
    let journal = server.journal(&id).await;
    check(&journal);
    check_stretch(&seen, &journal);
    let lines: Vec<String> = (1..=400).map(|step| format!("Step {step}/400 completed")).collect();
    assert_eq!(streams(&journal), lines);
    assert_eq!(all(&journal, "recovered", "steps_in_doubt"), [json!([]), json!([]), json!([]), json!([])]);
}

#[tokio::test]
async fn a_time_that_runs_out_while_the_server_is_down_is_over_when_it_comes_back() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = server.start("approval", json!({"timeout": 0.5, "default": true, "lines": 1})).await;
    let kept = server.start("approval", json!({"timeout": 3600, "default": true})).await;
    let session = server.until_status(&id, "waiting_confirmation").await;
    let kept_before = server.until_status(&kept, "waiting_confirmation").await;
    server.kill();
    let deadline = session["deadline"].as_f64().unwrap();
    eventually(
        || "the deadline".into(),
        async || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            (now.as_secs_f64() > deadline).then_some(())
        },
    )
    .await;
    server.up().await;
    // Nobody asks for it by its id: it must end by itself.
    eventually(
        || "it ends by its default".into(),
        async || {
            let listed = server.get("/sessions?status=completed").await.ok();
            (listed["sessions"][0]["session_id"] == *id).then_some(())
        },
    )
    .await;
    let journal = server.journal(&id).await;
    check(&journal);
    assert_eq!(all(&journal, "answered", "timed_out"), [true]);
    assert_eq!(read(journal.last().unwrap())["values"], json!({"approved": true}));
    let kept_after = server.session(&kept).await;
    assert_eq!(kept_after["status"], "waiting_confirmation");
    assert_eq!(kept_after["deadline"], kept_before["deadline"], "the wait is not begun anew");
}

#[tokio::test]
async fn patience_goes_on_over_a_restart() {
    let mut server = TestProcess::start_with(&[]).await;
    let body = |seconds: f64| json!({"task": "approval", "on_disconnect": {"cancel_after": seconds}});
    // Watched when the server dies: its watchers have some time to come back. Left before: the same, counted from then.
    let watched = server.start_with(body(0.4)).await;
    let left = server.start_with(body(0.4)).await;
    let back = server.start_with(body(3600.0)).await;
    let mut watching = server.connect(&watched, None).await;
    watching.replay().await;
    let mut leaving = server.connect(&left, None).await;
    leaving.replay().await;
    leaving.leave().await;
    let mut coming_back = server.connect(&back, None).await;
    coming_back.replay().await;
    eventually(|| "the leaving is written".into(), async || server.session(&left).await["deadline"].as_f64()).await;
    server.crash().await;
    for id in [&watched, &left] {
        eventually(
            || "nobody comes back".into(),
            async || {
                let listed = server.get("/sessions?status=cancelled").await.ok();
                let mut ids = listed["sessions"].as_array().unwrap().iter();
                ids.any(|session| session["session_id"] == **id).then_some(())
            },
        )
        .await;
        let journal = server.journal(id).await;
        check(&journal);
        assert_eq!(all(&journal, "task_cancelled", "reason"), ["nobody came back in time"]);
    }
    let mut client = server.connect(&back, None).await;
    client.until("request_confirmation").await;
    assert_eq!(server.session(&back).await["deadline"], Value::Null, "who comes back disarms it");
}

#[tokio::test]
async fn an_idempotency_key_is_known_after_a_kill() {
    let mut server = TestProcess::start_with(&[]).await;
    let body = json!({"task": "approval"});
    let start = async |server: &TestProcess, body: &Value| {
        let request = server.request(Method::POST, "/start-task").header("Idempotency-Key", "once").json(body);
        crate::support::api::send(request).await
    };
    let first = start(&server, &body).await.ok();
    server.crash().await;
    assert_eq!(start(&server, &body).await.ok()["session_id"], first["session_id"]);
    assert_eq!(start(&server, &json!({"task": "simulate_streaming"})).await.code(409), "idempotency_conflict");
    assert_eq!(server.get("/sessions").await.ok()["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancel_survives_a_kill() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = server.start("simulate_streaming", json!({"steps": 100_000, "step_delay_ms": 1})).await;
    server.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
    let before = server.journal(&id).await;
    server.crash().await;
    let journal = server.journal(&id).await;
    assert_eq!(journal, before);
    check(&journal);
    assert_eq!(journal::kinds(&journal).last().unwrap(), "task_cancelled");
}
