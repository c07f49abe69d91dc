//! Stored workflows: what is given back, who wins, and which paths and ids there are.

use reqwest::Method;

use crate::support::{Setup, Value, json};
use crate::workflows_http::{ask, drawing, put, without_what_the_server_says};

#[actix_web::test]
async fn what_was_drawn_is_given_back_and_can_be_stored_elsewhere() {
    let (one, other) = (Setup::memory().start().await, Setup::sqlite().start().await);
    let (made, headers) = ask(&one, Method::POST, "/workflows", &[("x-client-id", "ada")], Some(&drawing("a"))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(headers["location"], "/workflows/a");
    assert_eq!(headers["etag"], "\"1\"");
    assert_eq!((&made.body["version"], &made.body["author"]), (&json!(1), &json!("ada")));
    let exported = one.get("/workflows/a").await.ok();
    assert_eq!(exported, made.body);
    assert_eq!(without_what_the_server_says(exported.clone()), drawing("a"));
    // All of it, also what the server has said, can be sent to another server.
    assert_eq!(other.post("/workflows", exported.clone()).await.status, 201);
    let imported = other.restart().await.get("/workflows/a").await.ok();
    assert_eq!(without_what_the_server_says(imported), without_what_the_server_says(exported));
}

#[actix_web::test]
async fn a_version_that_the_client_has_is_not_sent_again() {
    let app = Setup::memory().start().await;
    app.post("/workflows", drawing("a")).await;
    for (tag, status) in [("\"1\"", 304), ("W/\"1\"", 304), ("\"0\", \"1\"", 304), ("\"2\"", 200)] {
        let (answer, headers) = ask(&app, Method::GET, "/workflows/a", &[("if-none-match", tag)], None).await;
        assert_eq!(answer.status, status, "{tag}");
        assert_eq!(headers["etag"], "\"1\"");
        assert_eq!(answer.body.is_null(), status == 304);
    }
    let (_, headers) = ask(&app, Method::GET, "/workflows/a?download=true", &[], None).await;
    assert_eq!(headers["content-disposition"], "attachment; filename=\"a.json\"");
    assert_eq!(app.get("/workflows/a?download=yes").await.code(422), "invalid_query");
}

#[actix_web::test]
async fn of_two_who_change_one_version_one_wins() {
    let app = Setup::sqlite().start().await;
    app.post("/workflows", drawing("a")).await;
    assert_eq!(app.post("/workflows", drawing("a")).await.code(409), "workflow_exists");
    let tag = [("if-match", "\"1\"")];
    let (one, other) = (drawing("a"), drawing("a"));
    let (one, other) = futures::join!(
        ask(&app, Method::PUT, "/workflows/a", &tag, Some(&one)),
        ask(&app, Method::PUT, "/workflows/a", &tag, Some(&other)),
    );
    let mut both = [one.0, other.0];
    both.sort_by_key(|answer| answer.status);
    assert_eq!((both[0].status, &both[0].body["version"]), (200, &json!(2)));
    assert_eq!((both[1].code(412), &both[1].body["current_version"]), ("version_conflict", &json!(2)));
    // The version may stand in the body, too; the header counts first.
    let mut drawn = drawing("a");
    drawn["version"] = json!(1);
    let refused = put(&app, "/workflows/a", &drawn).await;
    assert_eq!((refused.code(409), &refused.body["current_version"]), ("version_conflict", &json!(2)));
    let (saved, headers) =
        ask(&app, Method::PUT, "/workflows/a?client_id=bob", &[("if-match", "\"2\"")], Some(&drawn)).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    assert_eq!(headers["etag"], "\"3\"");
    assert_eq!(saved.body["author"], "bob");
    assert_eq!(put(&app, "/workflows/a", &drawing("a")).await.ok()["version"], 4);
    let (refused, _) = ask(&app, Method::PUT, "/workflows/a", &[("if-match", "4")], Some(&drawing("a"))).await;
    assert_eq!(refused.code(422), "invalid_header");
    assert_eq!(put(&app, "/workflows/a", &drawing("b")).await.code(422), "invalid_body");
}

#[actix_web::test]
async fn what_was_removed_is_gone() {
    let app = Setup::memory().start().await;
    app.post("/workflows", drawing("a")).await;
    let (refused, _) = ask(&app, Method::DELETE, "/workflows/a", &[("if-match", "\"2\"")], None).await;
    assert_eq!(refused.code(412), "version_conflict");
    assert_eq!(app.delete("/workflows/a").await.status, 204);
    for answer in [
        app.delete("/workflows/a").await,
        app.get("/workflows/a").await,
        put(&app, "/workflows/a", &drawing("a")).await,
    ] {
        assert_eq!(answer.code(404), "unknown_workflow");
    }
    assert_eq!(app.post("/workflows/a/run", json!({})).await.code(404), "unknown_workflow");
    assert_eq!(app.get("/workflows/a/status").await.code(404), "unknown_workflow");
    for what in ["start", "stop", "step"] {
        let answer = app.post(&format!("/workflows/a/continuous/{what}"), json!({})).await;
        assert_eq!(answer.code(404), "unknown_workflow", "{what}");
    }
}

#[actix_web::test]
async fn a_list_goes_page_by_page() {
    let app = Setup::memory().start().await;
    for at in 0..5 {
        app.post("/workflows", drawing(&format!("w{at}"))).await;
    }
    let page = app.get("/workflows?limit=3").await.ok();
    let ids = |page: &Value| {
        let rows = page["workflows"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&page), ["w0", "w1", "w2"]);
    let row = &page["workflows"][0];
    assert_eq!(
        (&row["node_count"], &row["is_running"], &row["name"]),
        (&json!(2), &json!(false), &json!("Two inputs"))
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = app.get(&format!("/workflows?limit=3&cursor={cursor}")).await.ok();
    assert_eq!((ids(&page), &page["next_cursor"]), (vec!["w3".to_owned(), "w4".to_owned()], &Value::Null));
    for query in ["limit=0", "limit=x", "cursor=a/b"] {
        assert_eq!(app.get(&format!("/workflows?{query}")).await.code(422), "invalid_query", "{query}");
    }
}

#[actix_web::test]
async fn ids_are_such_that_a_path_can_name_them() {
    let app = Setup::memory().start().await;
    for id in ["", "a/b", "..", "a b", "ä", "validate", "examples"] {
        assert_eq!(app.post("/workflows", drawing(id)).await.code(422), "invalid_body", "{id}");
    }
    let mut unnamed = drawing("x");
    unnamed.as_object_mut().unwrap().remove("id");
    let made = app.post("/workflows", unnamed).await;
    let id = made.body["id"].as_str().unwrap();
    assert!(made.status == 201 && id.starts_with("workflow_"), "{id}");
    assert_eq!(app.get(&format!("/workflows/{id}")).await.ok()["id"], id);
    for path in ["/workflows/%2e%2e%2fa", "/workflows/a%00b", "/workflows/%ff", "/workflows/a%20b"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
    assert_eq!(app.get("/workflows/validate").await.code(405), "method_not_allowed");
    let (refused, _) = ask(&app, Method::POST, "/workflows", &[("x-client-id", "a b")], Some(&drawing("c"))).await;
    assert_eq!(refused.code(422), "invalid_header");
}
