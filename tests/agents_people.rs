//! What agents ask of people, and what they keep from them: drafts that are put to somebody, and the headers of endpoints.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::Method;

use crate::agents::{kickoff, question, setup, task};
use crate::ownership::board::{ADMIN, somebody};
use crate::support::journal::kinds;
use crate::support::model::{Model, text};
use crate::support::{Setup, TestProcess, api::send, json};

#[tokio::test]
async fn a_draft_is_accepted_by_those_whom_its_task_names() {
    let model = Model::play([("alpha", vec![text("Draft."), text("Better.")])]).await;
    let app = setup(&model)
        .with(|settings| {
            settings.server.admin_token = Some(ADMIN.to_owned().into());
            settings.auth.api_keys = true;
        })
        .start()
        .await;
    let (ada, bo, cy) = (somebody(&app, "ada").await, somebody(&app, "bo").await, somebody(&app, "cy").await);
    crate::agents::agent(&ada, "alpha", json!({})).await;
    let review = json!({"human_input": true, "assignees": ["bo", "cy"], "required_answers": 2, "allow_own": false});
    let id = kickoff(&ada, json!(["alpha"]), vec![task("t", "alpha", review)], json!({}), json!({})).await;
    question(&ada, &id).await;
    let asked = question(&bo, &id).await;
    assert_eq!((&asked["assignees"], &asked["required_answers"]), (&json!(["bo", "cy"]), &json!(2)), "{asked}");
    assert_eq!(ada.answer(&id, "confirm", json!({"value": true})).await.status, 403);
    bo.answer(&id, "confirm", json!({"value": false})).await.ok();
    question(&ada, &id).await;
    let form = question(&cy, &id).await;
    assert_eq!((&form["assignees"], form.get("required_answers")), (&json!(["bo", "cy"]), None), "{form}");
    cy.answer(&id, "input", json!({"values": {"feedback": "Louder!"}})).await.ok();
    question(&ada, &id).await;
    for who in [&bo, &cy] {
        who.answer(&id, "confirm", json!({"value": true})).await.ok();
    }
    assert_eq!(ada.until_status(&id, "completed").await["result"]["output"], "Better.");
    for (wrong, place) in [
        (json!({"assignees": ["bo"]}), "assignees"),
        (json!({"human_input": true, "required_answers": 0}), "required_answers"),
        (json!({"human_input": true, "assignees": ["group:"]}), "assignees"),
    ] {
        let crew = json!({"name": "c", "agents": ["alpha"], "tasks": [task("t", "alpha", wrong)]});
        let refused = ada.post("/api/v1/crews", crew).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert_eq!(refused.body["errors"][0]["loc"][3], place, "{}", refused.body);
    }
}

/// An endpoint that sends back whatever it is authorized by; gives its URL.
fn echo() -> String {
    let answer = |request: HttpRequest| async move {
        let shown = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let team = request.headers().get("x-team").and_then(|value| value.to_str().ok()).unwrap_or_default();
        HttpResponse::Ok().json(json!({"output": format!("You are {}, of {team}.", shown.unwrap_or("nobody"))}))
    };
    let server = HttpServer::new(move || App::new().default_service(web::to(answer)));
    let server = server.workers(1).bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    url
}

#[actix_web::test]
async fn which_commands_are_run_only_the_settings_say() {
    let app = Setup::memory().start().await;
    for (kind, place) in [("command", json!(["body", "kind"])), ("model", json!(["body", "config", "command"]))] {
        let agent = json!({"name": "n", "role": "r", "goal": "g", "kind": kind, "config": {"command": ["true"]}});
        let refused = app.post("/api/v1/agents", agent).await;
        assert_eq!(refused.code(422), "invalid_body");
        let fault = &refused.body["errors"][0];
        assert_eq!((&fault["loc"], &fault["type"]), (&place, &json!("only_in_settings")), "{}", refused.body);
    }
}

#[actix_web::test]
async fn the_headers_of_an_endpoint_reach_it_and_nobody_else() {
    let app = Setup::sqlite().with(|settings| settings.workflows.allow_private_addresses = true).start().await;
    let url = echo();
    let with = |authorization: &str| {
        let headers = json!({"Authorization": authorization, "X-Team": "audit"});
        json!({"id": "far", "name": "far", "role": "r", "goal": "g", "kind": "http",
               "config": {"url": url, "headers": headers}})
    };
    let hidden = json!({"Authorization": "***", "X-Team": "***"});
    let refused = app.post("/api/v1/agents", with("***")).await;
    assert_eq!(refused.code(422), "invalid_body");
    assert_eq!(refused.body["errors"][0]["loc"], json!(["body", "config", "headers", "Authorization"]));
    let made = app.post("/api/v1/agents", with("Bearer s3cret-token")).await;
    assert_eq!((made.status, &made.body["config"]["headers"]), (201, &hidden), "{}", made.body);
    let shown = app.get("/api/v1/agents/far").await.ok();
    // What is shown can be sent back.
    let saved = send(app.request(Method::PUT, "/api/v1/agents/far").json(&shown)).await.ok();
    assert_eq!(saved["config"]["headers"], hidden);
    let listed = app.get("/api/v1/agents").await.ok();
    let events = app.get("/api/v1/events?types=agent.*").await.ok();
    let id = kickoff(&app, json!(["far"]), vec![task("t", "far", json!({}))], json!({}), json!({})).await;
    let session = app.until_status(&id, "completed").await;
    assert_eq!(session["result"]["output"], "You are ***, of ***.", "it came, and is masked in the answer");
    let journal = app.journal(&id).await;
    assert!(kinds(&journal).contains(&"agent_completed".to_owned()));
    for told in [made.body, shown, saved, listed, events, session, json!(journal)] {
        assert!(!told.to_string().contains("s3cret-token"), "{told}");
    }
    let database = app.setup().database();
    let needle = b"s3cret-token";
    for file in [database.clone(), database.with_extension("db-wal")] {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(needle.len()).any(|bytes| bytes == needle), "{} has it", file.display());
    }
    assert!(database.exists());
}

#[tokio::test]
async fn a_question_of_a_program_names_its_agent_and_task() {
    let mut server = TestProcess::prepare(&[]);
    let script =
        r#"read -r start; echo '{"type":"request_confirmation","message":"Good?"}'; read -r answer; echo done"#;
    let settings = format!(
        "[[agent]]\nname = \"program\"\nrole = \"r\"\ngoal = \"g\"\nkind = \"command\"\n\
         config = {{ command = [\"sh\", \"-c\", {script:?}] }}\n"
    );
    std::fs::write(server.folder().join("callboard.toml"), settings).unwrap();
    server.up().await;
    let id = kickoff(&server, json!(["program"]), vec![task("t", "program", json!({}))], json!({}), json!({})).await;
    let source = json!({"agent_id": "program", "task": "t"});
    assert_eq!(question(&server, &id).await["context"]["source"], source);
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    server.until_status(&id, "completed").await;
}
