//! Crews and agents: what is stored, what is refused, and what is told.

use reqwest::Method;

use crate::api::{ask, faults, put, told};
use crate::support::{Setup, Value, json};

fn agent(id: &str) -> Value {
    json!({"id": id, "name": "Ada", "role": "researcher", "goal": "find out", "kind": "check", "tools": ["read_file"]})
}

fn crew(id: &str) -> Value {
    json!({"id": id, "name": "Two", "process": "hierarchical", "agents": ["a", "b"], "manager": "b",
           "tasks": [{"name": "t", "description": "d", "agent": "a"}], "config": {"x": 1}})
}

#[actix_web::test]
async fn what_was_stored_is_there_as_it_was() {
    let app = Setup::sqlite().start().await;
    let made = app.post("/api/v1/agents", agent("a")).await;
    assert_eq!((made.status, &made.body["version"], &made.body["name"]), (201, &json!(1), &json!("Ada")));
    app.post("/api/v1/agents", agent("b")).await;
    let unnamed = app.post("/api/v1/agents", json!({"name": "n", "role": "r", "goal": "g", "kind": "model"})).await;
    assert!(unnamed.body["id"].as_str().unwrap().starts_with("agent_"));
    assert_eq!(app.post("/api/v1/crews", crew("c")).await.status, 201);
    let app = app.restart().await;
    let shown = app.get("/api/v1/crews/c").await.ok();
    assert_eq!((&shown["agents"], &shown["tasks"][0]["agent"]), (&json!(["a", "b"]), &json!("a")));
    // What was shown can be sent back.
    assert_eq!(put(&app, "/api/v1/crews/c", &shown).await.ok()["version"], 2);
    let page = app.get("/api/v1/agents?limit=2").await.ok();
    assert_eq!(page["agents"].as_array().unwrap().len(), 2);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/api/v1/agents?limit=2&cursor={cursor}")).await.ok();
    assert_eq!((rest["agents"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &json!(null)));
}

#[actix_web::test]
async fn all_that_is_wrong_is_told_at_once() {
    let app = Setup::memory().start().await;
    app.post("/api/v1/agents", agent("a")).await;
    let bad = json!({"id": "../x", "name": "", "kind": "person", "tools": ["a", 1], "max_iterations": 0, "more": 1});
    let mut found = faults(&app.post("/api/v1/agents", bad).await);
    found.sort();
    assert_eq!(
        found,
        [
            "body.goal missing",
            "body.id invalid_value",
            "body.kind invalid_value",
            "body.max_iterations out_of_range",
            "body.more unknown_field",
            "body.name too_short",
            "body.role missing",
            "body.tools.0 unknown_tool",
            "body.tools.1 wrong_type"
        ]
    );
    for check in [json!("spelling"), json!(1)] {
        let bad = json!({"name": "n", "role": "r", "goal": "g", "kind": "check", "config": {"check": check}});
        assert_eq!(faults(&app.post("/api/v1/agents", bad).await), ["body.config.check invalid_value"]);
    }
    let bad = json!({"name": "n", "process": "hierarchical", "agents": ["a", "nobody", "a"],
                     "tasks": [{"name": "t", "agent": "z"}, 7], "more": 1});
    let mut found = faults(&app.post("/api/v1/crews", bad).await);
    found.sort();
    assert_eq!(
        found,
        [
            "body.agents.1 unknown_agent",
            "body.agents.2 duplicate",
            "body.manager_agent missing",
            "body.more unknown_field",
            "body.tasks.0.agent unknown_agent",
            "body.tasks.0.description missing",
            "body.tasks.1 wrong_type"
        ]
    );
    // Also where nothing else is wrong.
    let alone = json!({"name": "n", "agents": ["nobody"], "manager": "no one"});
    let mut found = faults(&app.post("/api/v1/crews", alone).await);
    found.sort();
    assert_eq!(found, ["body.agents.0 unknown_agent", "body.manager_agent unknown_agent"]);
}

#[actix_web::test]
async fn a_change_is_made_to_the_version_that_it_expects() {
    let app = Setup::memory().start().await;
    app.post("/api/v1/agents", agent("a")).await;
    assert_eq!(app.post("/api/v1/agents", agent("a")).await.code(409), "already_exists");
    let path = "/api/v1/agents/a";
    let tagged = |tag: &'static str| [("if-match", tag)];
    assert_eq!(ask(&app, Method::PUT, path, &tagged("\"1\""), Some(&agent("a"))).await.ok()["version"], 2);
    let late = ask(&app, Method::PUT, path, &tagged("\"1\""), Some(&agent("a"))).await;
    assert_eq!((late.code(412), &late.body["current_version"]), ("version_conflict", &json!(2)));
    assert_eq!(ask(&app, Method::DELETE, path, &tagged("\"1\""), None).await.code(412), "version_conflict");
    assert_eq!(ask(&app, Method::GET, path, &[("if-none-match", "\"2\"")], None).await.status, 304);
    assert_eq!(faults(&put(&app, path, &agent("b")).await), ["body.id invalid_value"]);
    assert_eq!(app.delete(path).await.status, 204);
    assert_eq!(app.get(path).await.code(404), "unknown_agent");
    assert_eq!(put(&app, path, &agent("a")).await.code(404), "unknown_agent");
    assert_eq!(app.delete("/api/v1/crews/none").await.code(404), "unknown_crew");
}

#[actix_web::test]
async fn an_agent_that_a_crew_needs_stays_and_all_changes_are_told() {
    let app = Setup::memory().start().await;
    app.post("/api/v1/agents", agent("a")).await;
    app.post("/api/v1/agents", agent("b")).await;
    app.post("/api/v1/crews", crew("c")).await;
    let refused = app.delete("/api/v1/agents/b").await;
    assert_eq!(refused.code(409), "agent_in_use");
    assert!(refused.body["detail"].as_str().unwrap().contains('c'));
    put(&app, "/api/v1/crews/c", &crew("c")).await.ok();
    assert_eq!(app.delete("/api/v1/crews/c").await.status, 204);
    assert_eq!(app.delete("/api/v1/agents/b").await.status, 204);
    let events = told(&app, "agent.*,crew.*", 6).await;
    let words: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = ["agent.created", "agent.created", "crew.created", "crew.updated", "crew.deleted", "agent.deleted"];
    assert_eq!(words, expected);
    assert_eq!((&events[2]["crew_id"], &events[2]["data"]["name"]), (&json!("c"), &json!("Two")));
    assert_eq!(events[5]["agent_id"], "b");
}

#[actix_web::test]
async fn no_more_crews_and_agents_are_kept_than_may_be() {
    let setup = Setup::memory().with(|settings| (settings.crews.max_crews, settings.crews.max_agents) = (1, 1));
    let app = setup.start().await;
    let agent = json!({"name": "n", "role": "r", "goal": "g", "kind": "check"});
    for (path, body) in [("/api/v1/crews", json!({"name": "n"})), ("/api/v1/agents", agent)] {
        assert_eq!(app.post(path, body.clone()).await.status, 201);
        assert_eq!(app.post(path, body).await.code(409), "limit_reached");
    }
}
