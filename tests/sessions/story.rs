//! The demonstration task from its start to each of its ends.

use crate::support::journal::{check, story};
use crate::support::{self, Setup, TestApp, Value, journal, json};

pub(crate) fn email() -> Value {
    json!({"subject": "s", "body": "b", "to_address": "a@example.org"})
}

const BEGINNING: [&str; 13] = [
    "status running",
    "Task started!",
    "status waiting_input",
    "request_user_input",
    "answered",
    "status running",
    "Processing email step 1/5...",
    "Processing email step 2/5...",
    "Processing email step 3/5...",
    "Processing email step 4/5...",
    "Processing email step 5/5...",
    "status waiting_retry",
    "task_failed",
];

const RETRIED: [&str; 4] = ["answered", "status running", "status waiting_confirmation", "request_confirmation"];

/// Plays the demonstration with these answers to the retry and the confirmation; gives the journal.
async fn play(app: &TestApp, answers: &[Value]) -> Vec<String> {
    let id = app.start("long_running_task", json!({"step_delay_ms": 0})).await;
    let mut client = app.connect(&id, Some(0)).await;
    let form = client.until("request_user_input").await;
    let field =
        |name, kind, text| json!({"name": name, "type": kind, "required": true, "description": text, "value": null});
    let expected = [
        field("subject", "string", "Subject of the email"),
        field("body", "string", "Body of the email"),
        field("to_address", "email", "Recipient's email address"),
    ];
    assert_eq!(form["fields"], json!(expected));
    client.say(json!({"type": "user_input", "values": email()})).await;
    let failed = client.until("task_failed").await;
    assert_eq!(failed["error"], "Simulated task failure");
    assert_eq!((&failed["can_retry"], &failed["attempt"]), (&json!(true), &json!(1)));
    for answer in answers {
        client.say(answer.clone()).await;
        client.until("answered").await;
        loop {
            let next = client.next().await.unwrap();
            if next["type"] == "request_confirmation" || journal::is_terminal(&next) {
                break;
            }
        }
    }
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(client.entries(), journal, "the socket and HTTP give the same bytes");
    journal
}

fn yes() -> Value {
    json!({"type": "confirm", "value": true})
}

fn no() -> Value {
    json!({"type": "confirm", "value": false})
}

/// The whole story: its beginning, and this.
fn told(rest: &[&[&'static str]]) -> Vec<&'static str> {
    [&BEGINNING[..], &rest.concat()].concat()
}

fn end(journal: &[String]) -> Value {
    journal::read(journal.last().unwrap())
}

#[tokio::test]
async fn the_demonstration_completes_when_everything_is_answered_with_yes() {
    let app = Setup::memory().start().await;
    let journal = play(&app, &[json!({"type": "retry"}), yes()]).await;
    let ending = ["answered", "status running", "status completed", "task_completed"];
    assert_eq!(story(&journal), told(&[&RETRIED, &ending]));
    assert_eq!(end(&journal)["values"], email());
    assert_eq!(journal::all(&journal, "status", "attempt").last(), Some(&json!(2)));
}

#[tokio::test]
async fn a_confirmation_that_is_declined_cancels_the_demonstration() {
    let app = Setup::memory().start().await;
    let journal = play(&app, &[json!({"type": "retry", "value": true}), no()]).await;
    let ending = ["answered", "status running", "Task cancelled by user.", "status cancelled", "task_cancelled"];
    assert_eq!(story(&journal), told(&[&RETRIED, &ending]));
}

#[tokio::test]
async fn a_retry_that_is_declined_ends_in_failure_for_good() {
    let app = Setup::memory().start().await;
    for answer in [json!({"type": "retry", "value": false}), no()] {
        let journal = play(&app, &[answer]).await;
        let ending = ["answered", "status running", "status failed", "task_failed"];
        assert_eq!(story(&journal), told(&[&ending]));
        let end = end(&journal);
        assert_eq!((&end["can_retry"], &end["attempt"]), (&json!(false), &json!(1)));
        assert_eq!((&end["error"], &end["request_id"]), (&json!("Simulated task failure"), &Value::Null));
    }
}

#[tokio::test]
async fn a_confirmation_counts_as_the_answer_to_a_retry() {
    let app = Setup::memory().start().await;
    let journal = play(&app, &[yes(), yes()]).await;
    let ending = ["answered", "status running", "status completed", "task_completed"];
    assert_eq!(story(&journal), told(&[&RETRIED, &ending]));
}

#[tokio::test]
async fn without_a_body_one_of_the_demonstrations_is_started() {
    let app = Setup::memory().start().await;
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 2 {
        let started = support::api::send(app.request(reqwest::Method::POST, "/start-task")).await.ok();
        seen.insert(started["task"].as_str().unwrap().to_owned());
        app.post(&format!("/cancel-task/{}", started["session_id"].as_str().unwrap()), json!({})).await.ok();
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["long_running_task", "simulate_streaming"]);
}

#[tokio::test]
async fn streaming_tells_each_step_and_its_progress() {
    let app = Setup::memory().start().await;
    let id = app.start("simulate_streaming", json!({"steps": 3, "step_delay_ms": 1})).await;
    let end = app.connect(&id, None).await.until_end().await;
    assert_eq!(end["type"], "task_completed");
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(journal::streams(&journal), ["Step 1/3 completed", "Step 2/3 completed", "Step 3/3 completed"]);
    assert_eq!(journal::all(&journal, "progress", "done"), [1, 2, 3]);
}

#[tokio::test]
async fn an_approval_prints_its_lines_only_after_a_yes() {
    let app = Setup::memory().start().await;
    for (answer, lines) in [(true, 3), (false, 0)] {
        let id = app.start("approval", json!({"message": "Go?", "lines": 3})).await;
        app.until_status(&id, "waiting_confirmation").await;
        let answered = app.answer(&id, "confirm", json!({"value": answer})).await.ok();
        assert_eq!(answered["session_id"], *id);
        let session = app.until_status(&id, "completed").await;
        assert_eq!(session["result"], json!({"approved": answer}));
        let journal = app.journal(&id).await;
        check(&journal);
        assert_eq!(journal::all(&journal, "request_confirmation", "message"), ["Go?"]);
        assert_eq!(journal::streams(&journal).len(), 1 + lines);
    }
}
