//! Secrets in forms: the task gets them, and nobody else ever sees them.

use std::fs;
use std::sync::Arc;

use callboard::domain::request::{Field, FieldType};
use callboard::session::TaskKind;

use crate::support::kinds::{note, noted};
use crate::support::{Setup, Value, json, kind};

const SECRET: &str = "correct-horse-battery-staple";

/// Asks for a secret, then for a confirmation, and notes the secret outside.
fn vault(setup: &Setup) -> Arc<dyn TaskKind> {
    let file = setup.file("effects");
    kind("vault", move |ctx| {
        let file = file.clone();
        async move {
            let form = vec![
                Field::new("user", FieldType::String, "User"),
                Field::new("password", FieldType::Secret, "Password"),
            ];
            let values = ctx.ask(form).await?;
            ctx.confirm("Use it?").await;
            note(&file, values["password"].as_str().unwrap_or("none"));
            Ok(json!({"user": values["user"]}))
        }
    })
}

#[tokio::test]
async fn without_the_key_a_session_is_seen_and_ended_and_with_it_again_it_goes_on() {
    let setup = Setup::sqlite();
    let setup = setup.clone().task(vault(&setup));
    let app = setup.start().await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let id = app.start("vault", json!({})).await;
        app.until_status(&id, "waiting_input").await;
        app.answer(&id, "input", json!({"values": {"user": "u", "password": SECRET}})).await.ok();
        app.until_status(&id, "waiting_confirmation").await;
        sessions.push(id);
    }
    let (key, aside) = (setup.file("board.db.key"), setup.file("aside"));
    fs::rename(&key, &aside).unwrap();
    let app = app.restart().await;
    for id in &sessions {
        assert_eq!(app.session(id).await["status"], "waiting_confirmation");
        let mut client = app.connect(id, Some(0)).await;
        client.replay().await;
        client.leave().await;
        let refused = app.answer(id, "confirm", json!({"value": true})).await;
        refused.code(503);
        assert!(
            refused.body.to_string().contains("sealed with another key than the server has now"),
            "{}",
            refused.body
        );
    }
    app.post(&format!("/sessions/{}/cancel", sessions[0]), json!({})).await.ok();
    app.until_status(&sessions[0], "cancelled").await;
    app.delete(&format!("/sessions/{}", sessions[0])).await;
    fs::rename(&aside, &key).unwrap();
    let app = app.restart().await;
    app.answer(&sessions[1], "confirm", json!({"value": true})).await.ok();
    app.until_status(&sessions[1], "completed").await;
    assert_eq!(noted(&setup.file("effects")), [SECRET]);
}

#[tokio::test]
async fn a_secret_reaches_the_task_and_nothing_else() {
    for restarts in [false, true] {
        let setup = Setup::sqlite();
        let setup = setup.clone().task(vault(&setup));
        let mut app = setup.start().await;
        let id = app.start("vault", json!({})).await;
        app.until_status(&id, "waiting_input").await;
        let mut client = app.connect(&id, Some(0)).await;
        client.replay().await;
        client.say(json!({"type": "user_input", "values": {"user": "u", "password": SECRET}})).await;
        client.until("request_confirmation").await;
        let mut seen = client.heard.join("\n");
        client.leave().await;
        if restarts {
            app = app.restart().await;
        }
        seen += &app.session(&id).await.to_string();
        let mut client = app.connect(&id, None).await;
        client.replay().await;
        // A late answer is told the winner, which has the secret's place but not the secret.
        let form = app.journal(&id).await.iter().find(|text| text.contains("request_user_input")).unwrap().clone();
        let form: Value = serde_json::from_str(&form).unwrap();
        let late = json!({"values": {"user": "x", "password": "y"}, "request_id": form["request_id"]});
        let late = app.answer(&id, "input", late).await;
        assert_eq!(late.code(409), "already_answered");
        assert_eq!(late.body["winner"]["values"]["user"], "u");
        seen += &late.body.to_string();
        client.say(json!({"type": "confirm", "value": true})).await;
        client.until_end().await;
        seen += &client.heard.join("\n");
        client.leave().await;
        seen += &app.journal(&id).await.join("\n");
        seen += &app.session(&id).await.to_string();
        seen += &app.get("/sessions").await.ok().to_string();
        assert!(seen.contains("password") && !seen.contains(SECRET), "{seen}");
        assert_eq!(noted(&setup.file("effects")), [SECRET]);
        drop(app);
        for entry in fs::read_dir(setup.file("")).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name != "effects") {
                let bytes = fs::read(&path).unwrap();
                let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
                assert!(!found, "{} has the secret in the clear", path.display());
            }
        }
    }
}
