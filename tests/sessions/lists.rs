//! Lists of sessions, what is told of one, and removing.

use crate::support::{Setup, TestApp, Value, json};

async fn ids(app: &TestApp, query: &str) -> Vec<String> {
    let listed = app.get(&format!("/sessions{query}")).await.ok();
    let sessions = listed["sessions"].as_array().unwrap();
    sessions.iter().map(|session| session["session_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn sessions_are_listed_newest_first_page_by_page_and_by_what_they_are() {
    let app = Setup::sqlite().start().await;
    let mut started = Vec::new();
    for number in 0..12 {
        let task = if number % 3 == 0 { "simulate_streaming" } else { "approval" };
        let config = if number % 3 == 0 { json!({"steps": 1}) } else { json!({}) };
        let labels = json!({"number": number.to_string(), "even": (number % 2 == 0).to_string()});
        let id = app.start_with(json!({"task": task, "config": config, "labels": labels})).await;
        app.until_status(&id, if number % 3 == 0 { "completed" } else { "waiting_confirmation" }).await;
        started.insert(0, id);
    }
    assert_eq!(ids(&app, "").await, started);
    let every = |wanted: fn(usize) -> bool| -> Vec<String> {
        let numbered = started.iter().rev().enumerate().filter(|(number, _)| wanted(*number));
        numbered.map(|(_, id)| id.clone()).collect::<Vec<_>>().into_iter().rev().collect()
    };
    assert_eq!(ids(&app, "?task=approval").await, every(|number| number % 3 != 0));
    assert_eq!(ids(&app, "?status=completed").await, every(|number| number % 3 == 0));
    assert_eq!(ids(&app, "?status=waiting&label=even=true").await, every(|n| n % 3 != 0 && n % 2 == 0));
    assert_eq!(ids(&app, "?label=number=7").await, every(|number| number == 7));
    assert_eq!(ids(&app, "?label=number=7&label=even=true").await, Vec::<String>::new());
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/sessions?limit=5{cursor}")).await.ok();
        let sessions = page["sessions"].as_array().unwrap();
        assert!(sessions.len() <= 5);
        paged.extend(sessions.iter().map(|session| session["session_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        // What is started meanwhile does not shift the pages.
        app.start("simulate_streaming", json!({"steps": 1})).await;
    }
    assert_eq!(paged, started);
}

#[tokio::test]
async fn all_about_a_session_is_told() {
    let app = Setup::sqlite().start().await;
    let body = json!({
        "task": "approval", "config": {"message": "Go?", "lines": 1}, "input": {"any": 1}, "labels": {"team": "x"},
        "priority": "high", "on_disconnect": {"cancel_after": 3600}
    });
    let id = app.start_with(body).await;
    let mut client = app.connect(&id, None).await;
    client.until("request_confirmation").await;
    let session = app.session(&id).await;
    for (field, value) in [
        ("task", json!("approval")),
        ("status", json!("waiting_confirmation")),
        ("priority", json!("high")),
        ("labels", json!({"team": "x"})),
        ("input", json!({"any": 1})),
        ("config", json!({"message": "Go?", "lines": 1})),
        ("on_disconnect", json!({"cancel_after": 3600.0})),
        ("connections", json!(1)),
        ("attempt", json!(1)),
        ("owner", Value::Null),
        ("result", Value::Null),
        ("error", Value::Null),
        ("deadline", Value::Null),
    ] {
        assert_eq!(session[field], value, "{field}");
    }
    assert_eq!(session["open_requests"][0]["message"], "Go?");
    let info = app.get(&format!("/session-info/{id}")).await.ok();
    assert_eq!(info["session_id"], *id);
    assert_eq!((&info["is_connected"], &info["task_exists"]), (&json!(true), &json!(true)));
    let snapshot = app.connect(&id, None).await.replay().await.1;
    assert_eq!(info["saved_state_messages"], snapshot.len());
}

#[tokio::test]
async fn an_ended_session_can_be_removed_and_is_gone() {
    let app = Setup::sqlite().start().await;
    let id = app.start("approval", json!({})).await;
    app.until_status(&id, "waiting_confirmation").await;
    assert_eq!(app.delete(&format!("/sessions/{id}")).await.code(409), "not_ended");
    let mut client = app.connect(&id, None).await;
    client.say(json!({"type": "confirm", "value": true})).await;
    client.until_end().await;
    assert_eq!(app.delete(&format!("/sessions/{id}")).await.status, 204);
    assert_eq!(client.until_closed().await, Some(4504), "who watches it is sent away");
    assert_eq!(app.delete(&format!("/sessions/{id}")).await.code(404), "unknown_session");
    assert_eq!(app.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
    assert_eq!(app.get(&format!("/sessions/{id}/events")).await.code(404), "unknown_session");
    assert_eq!(ids(&app, "").await, Vec::<String>::new());
}
