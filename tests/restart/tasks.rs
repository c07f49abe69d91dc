//! What a task is promised over restarts: steps, pauses, attempts, and how it ends when it breaks the rules.

use std::time::Duration;

use callboard::session::{TaskError, TaskResult};

use crate::support::journal::{all, check, read, streams};
use crate::support::kinds::{note, noted};
use crate::support::{Setup, Value, eventually, journal, json, kind};

#[tokio::test]
async fn a_step_is_done_once_however_often_the_server_starts() {
    let setup = Setup::sqlite();
    let file = setup.file("effects");
    let effects = file.clone();
    let mut app = setup
        .task(kind("steps", move |ctx| {
            let file = file.clone();
            async move {
                let mut values = Vec::new();
                for number in 0..3 {
                    let name = format!("step {number}");
                    let value: u64 = ctx
                        .step(&name, async || {
                            note(&file, &format!("did {number}"));
                            Ok(number * 10)
                        })
                        .await?;
                    values.push(value);
                    let failed: TaskResult = ctx
                        .step("fails", async || {
                            note(&file, &format!("failed {number}"));
                            Err(TaskError::failed("no luck"))
                        })
                        .await;
                    ctx.stream(format!("{:?}", failed.unwrap_err().to_string())).await;
                    ctx.confirm(format!("Go on after {number}?")).await;
                }
                Ok(json!(values))
            }
        }))
        .start()
        .await;
    let id = app.start("steps", json!({})).await;
    for _ in 0..3 {
        app.until_status(&id, "waiting_confirmation").await;
        app = app.restart().await;
        app.answer(&id, "confirm", json!({"value": true})).await.ok();
    }
    let end = app.until_status(&id, "completed").await;
    assert_eq!(end["result"], json!([0, 10, 20]));
    assert_eq!(noted(&effects), ["did 0", "failed 0", "did 1", "failed 1", "did 2", "failed 2"]);
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(streams(&journal), [r#""no luck""#; 3]);
}

/// A task with a step that does not end before `open` exists.
fn slow_step(setup: &Setup, once: bool) -> Setup {
    let (file, open) = (setup.file("effects"), setup.file("open"));
    setup.clone().task(kind("slow_step", move |ctx| {
        let (file, open) = (file.clone(), open.clone());
        async move {
            ctx.stream("before").await;
            let work = async || {
                note(&file, "begun");
                while !open.exists() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                note(&file, "ended");
                Ok("done".to_owned())
            };
            let value = if once { ctx.step_once("pay", work).await? } else { Some(ctx.step("pay", work).await?) };
            ctx.stream("after").await;
            Ok(json!(value))
        }
    }))
}

#[tokio::test]
async fn a_step_in_doubt_is_named_and_done_again() {
    let setup = slow_step(&Setup::sqlite(), false);
    let effects = setup.file("effects");
    let mut app = setup.start().await;
    let id = app.start("slow_step", json!({})).await;
    for begun in 1..=3 {
        eventually(|| "the step begins".into(), async || (noted(&effects).len() == begun).then_some(())).await;
        app = app.restart().await;
    }
    std::fs::write(setup.file("open"), "").unwrap();
    let end = app.until_status(&id, "completed").await;
    assert_eq!(end["result"], "done");
    assert_eq!(noted(&effects).last().unwrap(), "ended");
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(all(&journal, "recovered", "steps_in_doubt"), [json!(["pay"]), json!(["pay"]), json!(["pay"])]);
    assert_eq!(streams(&journal), ["before", "after"]);
}

#[tokio::test]
async fn a_step_that_must_not_be_done_twice_is_asked_about() {
    for again in [true, false] {
        let setup = slow_step(&Setup::sqlite(), true);
        let effects = setup.file("effects");
        let mut app = setup.start().await;
        let id = app.start("slow_step", json!({})).await;
        eventually(|| "the step begins".into(), async || (noted(&effects).len() == 1).then_some(())).await;
        app = app.restart().await;
        std::fs::write(setup.file("open"), "").unwrap();
        let asked = app.until_status(&id, "waiting_confirmation").await;
        assert!(asked["open_requests"][0]["message"].as_str().unwrap().contains("\"pay\""), "{asked}");
        assert_eq!(noted(&effects), ["begun"], "nothing is done before somebody says so");
        // Another restart asks the same question, not another one.
        app = app.restart().await;
        assert_eq!(app.session(&id).await["open_requests"], asked["open_requests"]);
        app.answer(&id, "confirm", json!({"value": again})).await.ok();
        let end = app.until_status(&id, "completed").await;
        assert_eq!(end["result"], if again { json!("done") } else { Value::Null });
        assert_eq!(noted(&effects).len(), if again { 3 } else { 1 });
        let journal = app.journal(&id).await;
        check(&journal);
        assert_eq!(streams(&journal), ["before", "after"]);
    }
}

#[tokio::test]
async fn a_pause_goes_on_with_what_is_left_of_it() {
    let setup = Setup::sqlite().task(kind("sleeper", |ctx| async move {
        ctx.stream("good night").await;
        ctx.sleep(Duration::from_millis(ctx.config()["ms"].as_u64().unwrap())).await;
        ctx.stream("good morning").await;
        Ok(Value::Null)
    }));
    let mut app = setup.start().await;
    let short = app.start("sleeper", json!({"ms": 400})).await;
    let long = app.start("sleeper", json!({"ms": 3_600_000})).await;
    app.until_status(&long, "running").await;
    for _ in 0..3 {
        app = app.restart().await;
    }
    app.until_status(&short, "completed").await;
    let journal = app.journal(&short).await;
    check(&journal);
    assert_eq!(streams(&journal), ["good night", "good morning"]);
    let moment = |at: &str| all(&journal, "stream", "content").iter().position(|content| content == at).unwrap();
    let times = all(&journal, "stream", "timestamp");
    let slept = times[moment("good morning")].as_f64().unwrap() - times[moment("good night")].as_f64().unwrap();
    assert!(slept >= 0.399, "it slept all of its time: {slept}");
    assert_eq!(app.session(&long).await["status"], "running");
    assert_eq!(streams(&app.journal(&long).await), ["good night"]);
}

#[tokio::test]
async fn a_task_that_changed_under_a_running_session_fails_and_says_how() {
    let setup = Setup::sqlite();
    let before = setup.clone().task(kind("changes", |ctx| async move {
        ctx.stream("one").await;
        let _: Value = ctx.step("old step", async || Ok(Value::Null)).await?;
        ctx.confirm("Go?").await;
        Ok(Value::Null)
    }));
    type Changed = (&'static str, std::sync::Arc<dyn callboard::session::TaskKind>, &'static str);
    let changed: [Changed; 3] = [
        (
            "another name",
            kind("changes", |ctx| async move {
                ctx.stream("one").await;
                let _: Value = ctx.step("new step", async || Ok(Value::Null)).await?;
                Ok(Value::Null)
            }),
            "call 2 was the step \"old step\" and is now the step \"new step\"",
        ),
        (
            "another call",
            kind("changes", |ctx| async move {
                ctx.confirm("First?").await;
                Ok(Value::Null)
            }),
            "call 1 was output and is now a confirmation",
        ),
        (
            "another question",
            kind("changes", |ctx| async move {
                ctx.stream("one").await;
                let _: Value = ctx.step("old step", async || Ok(Value::Null)).await?;
                ctx.sleep(Duration::from_secs(1)).await;
                Ok(Value::Null)
            }),
            "call 3 was a confirmation and is now a pause",
        ),
    ];
    for (what, kind, text) in changed {
        let app = before.start().await;
        let id = app.start("changes", json!({})).await;
        app.until_status(&id, "waiting_confirmation").await;
        let app = app.restart_as(before.clone().task(kind)).await;
        app.answer(&id, "confirm", json!({"value": true})).await.ok();
        let end = app.until_status(&id, "failed").await;
        let error = end["error"].as_str().unwrap();
        assert!(error.starts_with("task changed under a running session"), "{what}: {error}");
        assert!(error.contains(text), "{what}: {error}");
        check(&app.journal(&id).await);
    }
}

#[tokio::test]
async fn a_failed_attempt_is_not_run_again_after_a_restart() {
    let setup = Setup::sqlite();
    let file = setup.file("effects");
    let effects = file.clone();
    let mut app = setup
        .task(kind("tries", move |ctx| {
            let file = file.clone();
            async move {
                ctx.attempts(3, async |attempt| {
                    note(&file, &format!("attempt {attempt}"));
                    ctx.stream(format!("attempt {attempt}")).await;
                    if attempt < 3 { Err(TaskError::failed(format!("failure {attempt}"))) } else { Ok(()) }
                })
                .await?;
                ctx.confirm("Done?").await;
                Ok(json!(ctx.attempt()))
            }
        }))
        .start()
        .await;
    let id = app.start("tries", json!({})).await;
    for _ in 0..2 {
        app.until_status(&id, "waiting_retry").await;
        app = app.restart().await;
        app.answer(&id, "retry", json!({})).await.ok();
    }
    app.until_status(&id, "waiting_confirmation").await;
    assert_eq!(noted(&effects), ["attempt 1", "attempt 2", "attempt 3"]);
    app = app.restart().await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(app.until_status(&id, "completed").await["result"], 3);
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(streams(&journal), ["attempt 1", "attempt 2", "attempt 3"]);
    assert_eq!(all(&journal, "task_failed", "error"), ["failure 1", "failure 2"]);
    assert_eq!(all(&journal, "status", "attempt").last(), Some(&json!(3)));
}

#[tokio::test]
async fn a_panic_fails_its_session_and_nothing_else() {
    let app = Setup::sqlite()
        .with(|settings| settings.server.workers = 1)
        .task(kind("panics", |ctx| async move {
            ctx.stream("before").await;
            if ctx.confirm("Panic?").await {
                panic!("out of cheese");
            }
            Ok(Value::Null)
        }))
        .start()
        .await;
    let other = app.start("approval", json!({"lines": 1})).await;
    let id = app.start("panics", json!({})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let mut client = app.connect(&other, None).await;
    client.until("request_confirmation").await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    let end = app.until_status(&id, "failed").await;
    assert!(end["error"].as_str().unwrap().contains("out of cheese"), "{end}");
    let journal = app.journal(&id).await;
    check(&journal);
    assert_eq!(read(journal.last().unwrap())["can_retry"], false);
    client.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(client.until_end().await["type"], "task_completed");
}

#[tokio::test]
async fn a_task_that_is_not_there_any_more_is_told_and_comes_back_with_it() {
    let setup = Setup::sqlite();
    let with = setup.clone().task(kind("gone", |ctx| async move { Ok(json!(ctx.confirm("Go?").await)) }));
    let app = with.start().await;
    let id = app.start("gone", json!({})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let app = app.restart_as(setup).await;
    assert_eq!(app.session(&id).await["status"], "waiting_confirmation");
    assert_eq!(app.answer(&id, "confirm", json!({"value": true})).await.code(404), "unknown_task");
    let app = app.restart_as(with).await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(app.until_status(&id, "completed").await["result"], true);
    assert_eq!(journal::all(&app.journal(&id).await, "answered", "value"), [true]);
}
