//! Cancelling: at every point, twice, by every way.

use std::time::Duration;

use crate::support::journal::check;
use crate::support::kinds::{note, noted};
use crate::support::{Setup, TestApp, Value, journal, json, kind};

use super::answers::two_questions;
use super::story::email;

/// Brings the demonstration to the point where it is in this state.
async fn at(app: &TestApp, status: &str) -> String {
    let slow = json!({"step_delay_ms": if status == "running" { 86_400_000 } else { 0 }});
    let id = app.start("long_running_task", slow).await;
    app.until_status(&id, "waiting_input").await;
    if status == "waiting_input" {
        return id;
    }
    app.answer(&id, "input", json!({"values": email()})).await.ok();
    if status == "running" {
        app.until_status(&id, "running").await;
        return id;
    }
    app.until_status(&id, "waiting_retry").await;
    if status == "waiting_confirmation" {
        app.answer(&id, "retry", json!({})).await.ok();
        app.until_status(&id, "waiting_confirmation").await;
    }
    id
}

#[tokio::test]
async fn a_session_is_cancelled_at_every_point_and_by_every_way() {
    let app = Setup::memory().start().await;
    for status in ["waiting_input", "running", "waiting_retry", "waiting_confirmation"] {
        for way in ["cancel-task", "sessions", "socket"] {
            let id = at(&app, status).await;
            let mut client = app.connect(&id, Some(0)).await;
            client.replay().await;
            match way {
                "socket" => client.say(json!({"type": "cancel"})).await,
                "sessions" => drop(app.answer(&id, "cancel", json!({"reason": "enough"})).await.ok()),
                _ => drop(app.post(&format!("/cancel-task/{id}"), json!({})).await.ok()),
            }
            let end = client.until_end().await;
            assert_eq!(end["type"], "task_cancelled", "{status} {way}");
            assert!(way != "sessions" || end["reason"] == "enough", "{end}");
            for again in 0..2 {
                let answer = app.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
                assert_eq!(answer, json!({"session_id": id, "status": "cancelled"}), "{again}");
            }
            client.say(json!({"type": "cancel"})).await;
            client.say(json!({"type": "confirm", "value": true})).await;
            assert_eq!(client.until("error").await["code"], "no_open_request");
            let journal = app.journal(&id).await;
            check(&journal);
            assert_eq!(client.entries(), journal);
            assert_eq!(journal::kinds(&journal).iter().filter(|kind| *kind == "task_cancelled").count(), 1);
        }
    }
}

#[tokio::test]
async fn cancelling_right_behind_the_start_is_not_lost() {
    let app = Setup::memory().start().await;
    for _ in 0..20 {
        let id = app.start("simulate_streaming", json!({"steps": 100_000, "step_delay_ms": 1000})).await;
        let answer = app.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
        assert_eq!(answer["status"], "cancelled");
        let journal = app.journal(&id).await;
        check(&journal);
        assert_eq!(journal::kinds(&journal).last().unwrap(), "task_cancelled");
    }
}

#[tokio::test]
async fn cancels_at_once_have_one_effect() {
    let app = Setup::memory().start().await;
    let id = at(&app, "waiting_retry").await;
    let path = format!("/cancel-task/{id}");
    let cancels = futures::future::join_all((0..20).map(|_| app.post(&path, json!({})))).await;
    assert!(cancels.iter().all(|answer| answer.body["status"] == "cancelled"), "{cancels:?}");
    check(&app.journal(&id).await);
}

#[tokio::test]
async fn an_end_is_not_changed_by_a_cancel() {
    let app = Setup::memory().start().await;
    let id = app.start("simulate_streaming", json!({"steps": 1})).await;
    app.until_status(&id, "completed").await;
    let before = app.journal(&id).await;
    let answer = app.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
    assert_eq!(answer["status"], "completed");
    assert_eq!(app.journal(&id).await, before);
    let unknown = "/cancel-task/00000000-0000-4000-8000-000000000000";
    assert_eq!(app.post(unknown, json!({})).await.code(404), "unknown_session");
}

#[tokio::test]
async fn two_open_questions_are_both_over_after_a_cancel() {
    let app = Setup::memory().task(two_questions()).start().await;
    let id = app.start("two_questions", json!({})).await;
    app.until_status(&id, "waiting_confirmation").await;
    app.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
    assert_eq!(app.session(&id).await["open_requests"], json!([]));
    let (start, entries) = app.connect(&id, None).await.replay().await;
    let kinds = ["status", "status", "answered", "answered", "status", "task_cancelled"];
    assert_eq!(journal::kinds(&entries), kinds, "{start}");
}

#[tokio::test]
async fn a_clean_up_shows_as_cancelling_and_ends_before_the_end() {
    let setup = Setup::memory();
    let file = setup.file("effects");
    let effects = file.clone();
    let (open, gate) = tokio::sync::watch::channel(false);
    let app = setup
        .task(kind("tidy", move |ctx| {
            let (file, mut gate) = (file.clone(), gate.clone());
            async move {
                let _guard = ctx.on_cancel(async move {
                    gate.wait_for(|open| *open).await.unwrap();
                    note(&file, "cleaned");
                });
                ctx.confirm("Go?").await;
                Ok(Value::Null)
            }
        }))
        .start()
        .await;
    let id = app.start("tidy", json!({})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let mut client = app.connect(&id, Some(0)).await;
    client.replay().await;
    assert_eq!(app.post(&format!("/cancel-task/{id}"), json!({})).await.ok()["status"], "cancelling");
    client.until_status("cancelling").await;
    assert_eq!(app.post(&format!("/cancel-task/{id}"), json!({})).await.ok()["status"], "cancelling");
    assert_eq!(app.answer(&id, "confirm", json!({"value": true})).await.code(409), "no_open_request");
    assert_eq!(noted(&effects), Vec::<String>::new());
    open.send(true).unwrap();
    assert_eq!(client.until_end().await["type"], "task_cancelled");
    assert_eq!(noted(&effects), ["cleaned"]);
    check(&app.journal(&id).await);
}

#[tokio::test]
async fn a_clean_up_that_never_ends_does_not_hold_the_end_up() {
    let app = Setup::memory()
        .with(|settings| settings.sessions.cleanup_timeout = 0.05)
        .task(kind("stuck", |ctx| async move {
            let _guard = ctx.on_cancel(std::future::pending());
            ctx.sleep(Duration::from_secs(3600)).await;
            Ok(Value::Null)
        }))
        .start()
        .await;
    let id = app.start("stuck", json!({})).await;
    app.until_status(&id, "running").await;
    app.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
    app.until_status(&id, "cancelled").await;
    check(&app.journal(&id).await);
}
