//! Entries have a largest size: what is beyond it fails its task by name, and lines are cut.

use std::sync::Arc;

use callboard::domain::request::{Field, FieldType};
use callboard::session::{ChildSpec, TaskContext, TaskError, TaskKind};
use serde_json::Map;

use crate::support::{Setup, TestApp, Value, eventually, json, kind};

const MOST: usize = 10_000;

/// Does what its input says with a text of so many bytes.
fn large() -> Arc<dyn TaskKind> {
    kind("large", |ctx: TaskContext| async move {
        let text = "\u{1}".repeat(ctx.input()["bytes"].as_u64().unwrap() as usize / 6);
        match ctx.input()["what"].as_str().unwrap() {
            "result" => return Ok(json!({"text": text})),
            "error" => return Err(TaskError::failed(text)),
            "stream" => ctx.stream(text).await,
            "progress" => ctx.progress(1, 2, text).await,
            "emit" => ctx.emit("made_up", Map::from_iter([("text".to_owned(), Value::from(text))])).await,
            "confirm" => drop(ctx.confirm(text).await),
            "step" => {
                let fetched: Result<String, _> = ctx.step("fetch", || async { Ok(text) }).await;
                // The task may go on without what was too large.
                let error = fetched.err().map(|error| error.to_string()).unwrap_or_default();
                ctx.confirm("Go on?").await;
                return Ok(json!({"error": error}));
            }
            "step name" => drop(ctx.step::<(), _, _>(&text, || async { Ok(()) }).await),
            "child" => drop(
                ctx.child("a", ChildSpec { task: "none".into(), input: text.into(), ..ChildSpec::default() }).await,
            ),
            _ => drop(ctx.ask(vec![Field::new("a", FieldType::String, text)]).await?),
        }
        Ok(Value::Null)
    })
}

async fn run(app: &TestApp, what: &str, bytes: usize) -> (Vec<String>, Value) {
    let id = app.start_with(json!({"task": "large", "input": {"what": what, "bytes": bytes}})).await;
    let session = eventually(
        || format!("the end of {what}"),
        async || {
            let session = app.session(&id).await;
            let is_over = ["completed", "failed", "waiting_confirmation", "waiting_input"].map(Value::from);
            is_over.contains(&session["status"]).then_some(session)
        },
    );
    let session = session.await;
    (app.journal(&id).await, session)
}

#[tokio::test]
async fn what_no_entry_has_room_for_fails_its_task_by_name() {
    let setup = Setup::memory().task(large()).with(|settings| settings.sessions.max_entry_bytes = MOST);
    let app = setup.start().await;
    for what in ["result", "emit", "confirm", "ask", "step name", "child"] {
        let (entries, session) = run(&app, what, 2 * MOST).await;
        let error = session["error"].as_str().unwrap();
        assert_eq!(session["status"], "failed", "{what}");
        assert!(error.starts_with("entry_too_large: ") && error.contains("sessions.max_entry_bytes"), "{error}");
        assert!(entries.iter().all(|entry| entry.len() <= MOST), "{what}");
        let (_, session) = run(&app, what, MOST / 2).await;
        assert_ne!(session["status"], "failed", "{what}");
    }
    for what in ["stream", "progress", "error"] {
        let (entries, _) = run(&app, what, 2 * MOST).await;
        let largest = entries.iter().map(|entry| entry.len()).max().unwrap();
        assert!((MOST - 1000..=MOST).contains(&largest), "{what}: {largest}");
        assert!(entries.iter().any(|entry| entry.contains("bytes left out]")), "{what}");
    }
}

/// Lists within lists, so many.
fn nested(levels: u64) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

/// Does what its input says with a value that is nested so deep.
fn deep() -> Arc<dyn TaskKind> {
    kind("deep", |ctx: TaskContext| async move {
        let value = nested(ctx.input()["levels"].as_u64().unwrap());
        match ctx.input()["what"].as_str().unwrap() {
            "result" => return Ok(value),
            "emit" => ctx.emit("made_up", Map::from_iter([("value".to_owned(), value)])).await,
            "confirm" => drop(ctx.confirm("Go on?").about(json!({"value": value})).await),
            "step" => drop(ctx.step("fetch", || async { Ok(value) }).await?),
            _ => drop(ctx.child("a", ChildSpec { task: "none".into(), input: value, ..ChildSpec::default() }).await),
        }
        Ok(Value::Null)
    })
}

#[tokio::test]
async fn what_is_nested_too_deep_to_be_read_again_fails_its_task_by_name() {
    let app = Setup::sqlite().task(deep()).start().await;
    let mut sessions = Vec::new();
    for what in ["result", "emit", "confirm", "step", "child"] {
        for levels in [90, 127] {
            let id = app.start_with(json!({"task": "deep", "input": {"what": what, "levels": levels}})).await;
            sessions.push(id.clone());
            if levels == 90 && what != "child" {
                app.until_status(&id, if what == "confirm" { "waiting_confirmation" } else { "completed" }).await;
            } else if levels == 127 {
                let session = app.until_status(&id, "failed").await;
                let error = session["error"].as_str().unwrap();
                assert!(error.starts_with("entry_too_deep: the ") && error.ends_with("and 100 is the most"), "{error}");
            }
        }
    }
    let app = app.restart().await;
    for id in sessions {
        assert!(app.session(&id).await["status"].is_string());
        app.journal(&id).await;
    }
}

#[tokio::test]
async fn a_step_whose_outcome_no_record_has_room_for_fails_by_name_and_so_it_stays_after_a_restart() {
    let setup = Setup::sqlite().task(large()).with(|settings| settings.sessions.max_entry_bytes = MOST);
    let app = setup.start().await;
    let id = app.start_with(json!({"task": "large", "input": {"what": "step", "bytes": 2 * MOST}})).await;
    app.until_status(&id, "waiting_confirmation").await;
    let app = app.restart().await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    let session = app.until_status(&id, "completed").await;
    let error = session["result"]["error"].as_str().unwrap();
    assert!(error.starts_with("entry_too_large: the outcome of the step \"fetch\" takes "), "{error}");
    let (_, session) = run(&app, "step", MOST / 2).await;
    assert_eq!(session["status"], "waiting_confirmation");
}
