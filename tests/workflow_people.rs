//! Workflows that ask people: within a session, within a live workflow, and over `kill -9` of the server.

use crate::support;

use support::{Api, Setup, TestProcess, Value, eventually, json};

/// Asks whether to go on, and counts how often it was asked; a template says what came of it.
fn graph(id: &str) -> Value {
    json!({
        "id": id,
        "name": "Two questions",
        "nodes": [
            {"id": "price", "type": "NumberInput", "title": "Price", "inputs": {"value": 120}},
            {"id": "words", "type": "Template", "inputs": {"template": "Pay {{ value }}?"}},
            {"id": "ask", "type": "HumanConfirm", "inputs": {}},
            {"id": "form", "type": "HumanInput", "inputs": {"fields": [{"name": "note", "type": "string"}]}},
            {"id": "said", "type": "Template", "inputs": {"template": "{{ note }}"}},
        ],
        "edges": [
            {"source": "price", "source_output": "value", "target": "words", "target_input": "values"},
            {"source": "words", "source_output": "text", "target": "ask", "target_input": "message"},
            {"source": "form", "source_output": "values", "target": "said", "target_input": "values"},
        ],
    })
}

async fn store(api: &Api, graph: Value) {
    let answer = api.post("/workflows", graph).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
}

/// The open request of a session whose text or fields have this in them.
async fn request(api: &Api, session: &str, kind: &str) -> String {
    eventually(
        || format!("{kind} is asked"),
        async || {
            let open = api.session(session).await["open_requests"].clone();
            let found = open.as_array()?.iter().find(|request| request["type"] == kind)?.clone();
            found["request_id"].as_str().map(str::to_owned)
        },
    )
    .await
}

/// The session that asks for a node of a live workflow.
async fn asking(api: &Api, workflow: &str, node: &str) -> String {
    let path = format!("/sessions?label=workflow={workflow}&label=node={node}&status=waiting_confirmation");
    eventually(
        || format!("{node} asks"),
        async || {
            let found = api.get(&path).await.ok();
            found["sessions"].as_array()?.first()?["session_id"].as_str().map(str::to_owned)
        },
    )
    .await
}

async fn result(api: &Api, workflow: &str, node: &str, output: &str) -> Value {
    let path = format!("/workflows/{workflow}/status");
    eventually(
        || format!("{node} gives {output}"),
        async || {
            let status = api.get(&path).await.ok();
            status["results"][node].get(output).cloned()
        },
    )
    .await
}

#[tokio::test]
async fn a_question_of_a_live_workflow_is_a_session_that_anybody_may_answer() {
    let app = Setup::memory().start().await;
    store(&app, graph("live")).await;
    app.post("/workflows/live/continuous/start", json!({})).await.ok();
    let session = asking(&app, "live", "ask").await;
    let open = app.session(&session).await["open_requests"].clone();
    assert_eq!(open[0]["message"], "Pay 120?");
    let source = json!({"workflow_id": "live", "node_id": "ask", "workflow_name": "Two questions"});
    let context = json!({"title": "Two questions → ask", "source": source, "details": {"Price": 120}});
    assert_eq!(open[0]["context"], context);
    assert_eq!(app.session(&session).await["title"], "Pay 120?");
    let status = app.get("/workflows/live/status").await.ok();
    assert_eq!(status["node_states"]["ask"]["state"], "waiting");
    assert_eq!(status["node_states"]["ask"]["session_id"], session.as_str());
    app.answer(&session, "confirm", json!({"value": true})).await.ok();
    assert_eq!(result(&app, "live", "ask", "confirmed").await, json!(true));
    // The end takes back what is still asked.
    let stopped = app.post("/workflows/live/continuous/stop", json!({})).await.ok();
    assert_eq!(stopped["is_running"], false);
    eventually(
        || "the form is withdrawn".into(),
        async || {
            let found = app.get("/sessions?label=workflow=live&label=node=form").await.ok();
            (found["sessions"][0]["status"] == "cancelled").then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn a_question_whose_live_workflow_was_removed_says_so() {
    let app = Setup::memory().start().await;
    store(&app, graph("gone")).await;
    app.post("/workflows/gone/continuous/start", json!({})).await.ok();
    let session = asking(&app, "gone", "ask").await;
    assert_eq!(app.delete("/workflows/gone").await.status, 204);
    let ended = app.until_status(&session, "cancelled").await;
    assert_eq!(ended["error"], "the workflow was removed");
}

#[tokio::test]
async fn a_run_that_asks_outlives_a_kill_and_gives_what_it_would_have_given() {
    let mut server = TestProcess::start_with(&[]).await;
    store(&server, graph("once")).await;
    let started = server.post("/workflows/once/run", json!({"inputs": {"price": {"value": 7}}})).await.ok();
    let session = started["session_id"].as_str().unwrap().to_owned();
    let run = server.session(&session).await;
    assert_eq!(run["title"], "Two questions");
    let confirm = request(&server, &session, "request_confirmation").await;
    let open = server.session(&session).await["open_requests"].clone();
    let asked = open.as_array().unwrap().iter().find(|one| one["request_id"] == confirm.as_str()).unwrap();
    assert_eq!(
        (&asked["context"]["title"], &asked["context"]["details"]["Price"]),
        (&json!("Two questions → ask"), &json!(7))
    );
    let form = request(&server, &session, "request_user_input").await;
    server.answer(&session, "input", json!({"values": {"note": "soon"}, "request_id": form})).await.ok();
    server.crash().await;
    let again = request(&server, &session, "request_confirmation").await;
    assert_eq!(again, confirm, "it stays the same question");
    server.answer(&session, "confirm", json!({"value": false, "request_id": confirm})).await.ok();
    let ended = server.until_status(&session, "completed").await;
    let outputs = &ended["result"]["outputs"];
    assert_eq!(outputs["words"]["text"], "Pay 7?");
    assert_eq!((&outputs["ask"]["confirmed"], &outputs["said"]["text"]), (&json!(false), &json!("soon")));
    let asked = server.journal(&session).await;
    assert_eq!(asked.iter().filter(|entry| entry.contains("\"request_confirmation\"")).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn a_live_workflow_that_comes_back_takes_up_its_open_question() {
    let mut server = TestProcess::start_with(&[]).await;
    store(&server, graph("back")).await;
    server.post("/workflows/back/continuous/start", json!({"autostart": true})).await.ok();
    let session = asking(&server, "back", "ask").await;
    server.crash().await;
    eventually(
        || "it is live again and waits for the same session".into(),
        async || {
            let status = server.get("/workflows/back/status").await.ok();
            (status["node_states"]["ask"]["session_id"] == session.as_str()).then_some(())
        },
    )
    .await;
    server.answer(&session, "confirm", json!({"value": true})).await.ok();
    assert_eq!(result(&server, "back", "ask", "confirmed").await, json!(true));
    let asked = server.get("/sessions?label=workflow=back&label=node=ask").await.ok();
    assert_eq!(asked["sessions"].as_array().unwrap().len(), 1, "nobody is asked twice");
}
