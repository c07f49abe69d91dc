//! Lists, searches and counts: each has what belongs to the caller, an operator's all.

use super::board::{agent, crew, operator, setup, somebody, waiting, workflow};
use crate::support::{Api, Value, json};

/// What a list has, by this field.
async fn listed(api: &Api, path: &str, list: &str, field: &str) -> Vec<String> {
    let page = api.get(path).await.ok();
    let mut found: Vec<String> =
        page[list].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_list_has_what_belongs_to_the_caller_and_an_operator_s_has_all() {
    let app = setup().start().await;
    let (ada, bo, operator) = (somebody(&app, "ada").await, somebody(&app, "bo").await, operator(&app));
    let (of_ada, of_bo) = (waiting(&ada).await, waiting(&bo).await);
    for (api, id) in [(&ada, "a"), (&bo, "b")] {
        assert_eq!(api.post("/workflows", workflow(id)).await.status, 201);
        assert_eq!(api.post("/api/v1/agents", agent(id)).await.status, 201);
        assert_eq!(api.post("/api/v1/crews", crew(id, id)).await.status, 201);
    }
    let lists = [
        ("/sessions", "sessions", "session_id", [&of_ada, &of_bo]),
        ("/sessions?status=waiting", "sessions", "session_id", [&of_ada, &of_bo]),
        ("/requests", "requests", "session_id", [&of_ada, &of_bo]),
        ("/requests?sort=age", "requests", "session_id", [&of_ada, &of_bo]),
        ("/api/v1/executions", "executions", "session_id", [&of_ada, &of_bo]),
        ("/workflows", "workflows", "id", [&"a".to_owned(), &"b".to_owned()]),
        ("/api/v1/agents", "agents", "id", [&"a".to_owned(), &"b".to_owned()]),
        ("/api/v1/crews", "crews", "id", [&"a".to_owned(), &"b".to_owned()]),
    ];
    for (path, list, field, [hers, his]) in lists {
        assert_eq!(listed(&ada, path, list, field).await, std::slice::from_ref(hers), "{path}");
        assert_eq!(listed(&bo, path, list, field).await, std::slice::from_ref(his), "{path}");
        let mut all = vec![hers.clone(), his.clone()];
        all.sort();
        assert_eq!(listed(&operator, path, list, field).await, all, "{path}");
        let named = format!("{path}{}owner=bo", if path.contains('?') { '&' } else { '?' });
        assert_eq!(listed(&operator, &named, list, field).await, std::slice::from_ref(his), "{named}");
    }
    for (path, list) in [("/workflows", "workflows"), ("/api/v1/agents", "agents"), ("/api/v1/crews", "crews")] {
        let first = operator.get(&format!("{path}?limit=1")).await.ok();
        let cursor = first["next_cursor"].as_str().unwrap().replace('@', "%40");
        let second = operator.get(&format!("{path}?limit=1&cursor={cursor}")).await.ok();
        let owners = [&first, &second].map(|page| page[list][0]["owner"].as_str().unwrap().to_owned());
        assert_eq!((owners, &second["next_cursor"]), (["ada".to_owned(), "bo".to_owned()], &Value::Null), "{path}");
    }
}

#[tokio::test]
async fn sessions_say_whose_they_are_and_children_are_their_parent_s() {
    let parent = crate::support::kind("parent", |ctx| async move {
        let child = callboard::session::ChildSpec { task: "asks".into(), ..callboard::session::ChildSpec::default() };
        ctx.child("child", child).await
    });
    let app = setup().task(parent).start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let id = ada.start("parent", json!({})).await;
    let open = crate::support::eventually(
        || "the child's question is open".into(),
        async || ada.get("/requests").await.ok()["requests"].as_array().unwrap().first().cloned(),
    )
    .await;
    let child = open["session_id"].as_str().unwrap();
    assert_ne!(child, id);
    for id in [child, &id] {
        assert_eq!(ada.session(id).await["owner"], "ada");
        assert_eq!(bo.get(&format!("/sessions/{id}")).await.status, 404);
    }
    assert!(bo.get("/requests").await.ok()["requests"].as_array().unwrap().is_empty());
    ada.answer(child, "confirm", json!({"value": true})).await.ok();
    ada.until_status(&id, "completed").await;
}
