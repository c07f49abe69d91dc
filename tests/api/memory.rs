//! Memory: any JSON under a key, for a client or for everybody.

use reqwest::Method;

use crate::api::{ask, put, told};
use crate::support::{Setup, json};

#[actix_web::test]
async fn what_was_kept_is_given_back() {
    let app = Setup::sqlite().start().await;
    for value in [json!({"a": [1, null]}), json!("text"), json!(7), json!(false), json!(null)] {
        assert!(matches!(put(&app, "/memory/ada/k", &value).await.status, 200 | 201));
        assert_eq!(app.get("/memory/ada/k").await.ok(), value);
    }
    assert_eq!(put(&app, "/memory/global/k", &json!(1)).await.status, 201);
    let app = app.restart().await;
    assert_eq!(app.get("/memory/global/k").await.ok(), json!(1));
    assert_eq!(app.get("/memory/bob/k").await.code(404), "unknown_memory");
    let tag = [("if-match", "\"1\"")];
    let late = ask(&app, Method::PUT, "/memory/ada/k", &tag, Some(&json!(1))).await;
    assert_eq!((late.code(412), &late.body["current_version"]), ("version_conflict", &json!(5)));
    assert_eq!(ask(&app, Method::DELETE, "/memory/ada/k", &tag, None).await.code(412), "version_conflict");
    assert_eq!(ask(&app, Method::GET, "/memory/ada/k", &[("if-none-match", "\"5\"")], None).await.status, 304);
    assert_eq!(app.delete("/memory/ada/k").await.status, 204);
    assert_eq!(app.delete("/memory/ada/k").await.code(404), "unknown_memory");
}

#[actix_web::test]
async fn keys_are_listed_and_cleared_client_by_client() {
    let app = Setup::memory().start().await;
    for at in 0..5 {
        put(&app, &format!("/memory/ada/k{at}"), &json!(at)).await;
        put(&app, &format!("/memory/ada2/k{at}"), &json!(at)).await;
    }
    let keys = |page: &crate::support::Value| {
        page["keys"].as_array().unwrap().iter().map(|key| key["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let page = app.get("/memory/ada?limit=3").await.ok();
    assert_eq!((keys(&page), page["next_cursor"].as_str()), (vec!["k0".into(), "k1".into(), "k2".into()], Some("k2")));
    let rest = app.get("/memory/ada?cursor=k2").await.ok();
    assert_eq!((keys(&rest), &rest["next_cursor"]), (vec!["k3".into(), "k4".into()], &json!(null)));
    let cleared = ask(&app, Method::DELETE, "/memory/ada", &[], None).await.ok();
    assert_eq!(cleared, json!({"client_id": "ada", "cleared": 5}));
    assert_eq!(app.get("/memory/ada").await.ok()["keys"], json!([]));
    assert_eq!(app.get("/memory/ada2").await.ok()["keys"].as_array().unwrap().len(), 5);
    let events = told(&app, "memory.*", 11).await;
    assert_eq!((&events[0]["type"], &events[0]["data"]["key"]), (&json!("memory.stored"), &json!("k0")));
    assert_eq!((&events[10]["type"], &events[10]["data"]["cleared"]), (&json!("memory.cleared"), &json!(5)));
}

#[actix_web::test]
async fn bad_keys_and_values_are_refused() {
    let app = Setup::memory().start().await;
    for path in ["/memory/a%20b/k", "/memory/a/%00", "/memory/a/b%2Fc", &format!("/memory/a/{}", "x".repeat(129))] {
        assert_eq!(put(&app, path, &json!(1)).await.code(422), "invalid_path", "{path}");
    }
    assert_eq!(ask(&app, Method::PUT, "/memory/a/k", &[], None).await.code(422), "invalid_body");
    let large = put(&app, "/memory/a/k", &json!("x".repeat(300_000))).await;
    assert_eq!(large.code(413), "payload_too_large");
}

#[actix_web::test]
async fn no_more_clients_keep_something_than_may() {
    let app = Setup::memory().with(|settings| settings.memory.max_clients = 2).start().await;
    for (path, status) in [("a/k", 201), ("b/k", 201), ("c/k", 409), ("a/other", 201), ("b/k", 200)] {
        assert_eq!(put(&app, &format!("/memory/{path}"), &json!(1)).await.status, status, "{path}");
    }
    assert_eq!(put(&app, "/memory/c/k", &json!(1)).await.code(409), "limit_reached");
    app.delete("/memory/b").await;
    assert_eq!(put(&app, "/memory/c/k", &json!(1)).await.status, 201);
}

#[actix_web::test]
async fn a_value_may_be_kept_for_a_time() {
    let app = Setup::memory().start().await;
    let kept = put(&app, "/memory/ada/k?ttl=0.05", &json!(1)).await;
    assert!(kept.body["expires_at"].as_f64() > kept.body["updated_at"].as_f64(), "{}", kept.body);
    assert_eq!(put(&app, "/memory/ada/long?ttl=3600", &json!(1)).await.status, 201);
    while app.get("/memory/ada/k").await.status == 200 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(app.get("/memory/ada/k").await.code(404), "unknown_memory");
    let page = app.get("/memory/ada").await.ok();
    assert_eq!((&page["keys"][0]["key"], page["keys"].as_array().unwrap().len()), (&json!("long"), 1));
    let lasting = put(&app, "/memory/ada/k", &json!(2)).await;
    assert_eq!((lasting.status, &lasting.body["expires_at"]), (201, &json!(null)));
    for ttl in ["0", "-1", "x", "", "NaN", "inf", "1e9", "315360001"] {
        let refused = put(&app, &format!("/memory/ada/k?ttl={ttl}"), &json!(3)).await;
        assert_eq!(
            (refused.code(422), &refused.body["errors"][0]["loc"][1]),
            ("invalid_query", &json!("ttl")),
            "{ttl}"
        );
    }
    assert_eq!(app.get("/memory/ada/k").await.ok(), json!(2));
}

#[actix_web::test]
async fn a_start_names_the_client_whose_memory_its_agents_keep() {
    let app = Setup::memory().start().await;
    let body = |client_id: &str| json!({"task": "approval", "client_id": client_id});
    assert_eq!(app.post("/start-task", body("ada")).await.status, 200);
    let refused = app.post("/start-task", body("a b")).await;
    assert_eq!((refused.code(422), &refused.body["errors"][0]["loc"][1]), ("invalid_body", &json!("client_id")));
}
