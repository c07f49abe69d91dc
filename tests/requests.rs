//! The open questions of all sessions: what they say, how they are listed, and how a list is kept up to date.

use crate::event_sockets::socket::{BASE, Feed};
use crate::support;

use callboard::domain::request::{Confirmation, Field, FieldType, Form};
use callboard::session::ChildSpec;
use support::{Api, Setup, Value, eventually, json, kind};

/// Asks as its input says.
fn setup(setup: Setup) -> Setup {
    let asks = kind("asks", |ctx| async move {
        let input = ctx.input().clone();
        let mut question = Confirmation::new(input["message"].as_str().unwrap_or("Go?"));
        if let Some(seconds) = input["timeout"].as_f64() {
            question = question.or_after(seconds, true);
        }
        let yes = ctx.confirm(question).titled("Order 7").about(json!({"amount": 120})).await;
        Ok(json!(yes))
    });
    let form = kind("form", |ctx| async move {
        let fields = vec![Field::new("pin", FieldType::Secret, ""), Field::new("note", FieldType::String, "")];
        let default = json!({"pin": "1234", "note": "none"}).as_object().unwrap().clone();
        let values = ctx.ask(Form::new(fields).or_after(3600.0, default)).titled("A note").await?;
        Ok(json!(values["note"]))
    });
    let parent = kind("parent", |ctx| async move {
        let child = ChildSpec { task: "asks".into(), ..ChildSpec::default() };
        ctx.child("child", child).await
    });
    let fails = kind("fails", |ctx| async move { ctx.attempts(1, |_| async { Err("no paper".into()) }).await });
    setup.task(asks).task(form).task(parent).task(fails).with(|settings| settings.sessions.park_after = 0.02)
}

async fn open(api: &Api, path: &str) -> Vec<Value> {
    api.get(path).await.ok()["requests"].as_array().unwrap().clone()
}

/// Waits until so many questions are open.
async fn until_open(api: &Api, many: usize) -> Vec<Value> {
    eventually(
        || format!("{many} questions are open"),
        async || Some(open(api, "/requests?limit=1000").await).filter(|open| open.len() == many),
    )
    .await
}

fn messages(requests: &[Value]) -> Vec<&str> {
    requests.iter().map(|request| request["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_question_says_what_it_is_about_and_what_happens_then() {
    let app = setup(Setup::memory()).start().await;
    let id = app.start_with(json!({"task": "asks", "input": {"title": "An order", "timeout": 3600}})).await;
    let [listed] = until_open(&app, 1).await.try_into().unwrap();
    let session = app.session(&id).await;
    let asked = session["open_requests"][0].clone();
    for request in [&listed, &asked] {
        assert_eq!(request["type"], "request_confirmation");
        assert_eq!(request["message"], "Go?");
        assert_eq!(request["context"], json!({"title": "Order 7", "details": {"amount": 120}}));
        assert_eq!(request["default"], true);
        assert_eq!(request["expires_at"], asked["expires_at"]);
        assert_eq!(request["request_id"], asked["request_id"]);
    }
    assert!(asked["expires_at"].as_f64().unwrap() > asked["timestamp"].as_f64().unwrap() + 3000.0, "{asked}");
    assert_eq!((&listed["session_id"], &listed["task"]), (&json!(id), &json!("asks")));
    assert_eq!((&listed["title"], &session["title"]), (&json!("An order"), &json!("An order")));
    assert_eq!(listed["asked_at"], asked["timestamp"]);
    let page = app.get("/sessions").await.ok();
    assert_eq!(page["sessions"][0]["title"], "An order");
}

#[tokio::test]
async fn the_default_of_a_form_is_shown_without_its_secrets() {
    let app = setup(Setup::memory()).start().await;
    let id = app.start("form", json!({})).await;
    let [listed] = until_open(&app, 1).await.try_into().unwrap();
    assert_eq!(listed["default"]["note"], "none");
    assert_ne!(listed["default"]["pin"], "1234");
    assert_eq!(listed["fields"].as_array().unwrap().len(), 2);
    let mut client = app.connect(&id, None).await;
    let asked = client.until("request_user_input").await;
    client.say(json!({"type": "user_input", "values": {}})).await;
    let again = client.until("request_user_input").await;
    for key in ["context", "default", "expires_at", "request_id", "timeout"] {
        assert_eq!(asked[key], again[key], "{key}");
    }
    client.leave().await;
}

#[tokio::test]
async fn a_childs_question_names_its_parent_and_an_offer_its_error() {
    let app = setup(Setup::memory()).start().await;
    let parent = app.start("parent", json!({})).await;
    let failed = app.start("fails", json!({})).await;
    let open = until_open(&app, 2).await;
    let of = |task: &str| open.iter().find(|request| request["task"] == task).unwrap();
    assert_eq!(of("asks")["context"]["source"], json!({"session_id": parent}));
    let offer = of("fails");
    assert_eq!((&offer["type"], &offer["message"]), (&json!("task_failed"), &json!("no paper")));
    app.answer(&failed, "retry", json!({"value": false})).await.ok();
    until_open(&app, 1).await;
    app.answer(&parent, "cancel", json!({})).await.ok();
    until_open(&app, 0).await;
}

#[tokio::test]
async fn open_questions_are_listed_by_deadline_or_age_over_a_restart() {
    let app = setup(Setup::sqlite()).start().await;
    for (message, timeout) in [("a", None), ("b", Some(9000)), ("c", Some(8000)), ("d", None)] {
        let id = app.start_with(json!({"task": "asks", "input": {"message": message, "timeout": timeout}})).await;
        app.until_status(&id, "waiting_confirmation").await;
    }
    let app = app.restart().await;
    assert_eq!(messages(&open(&app, "/requests").await), ["c", "b", "a", "d"]);
    assert_eq!(messages(&open(&app, "/requests?sort=age").await), ["a", "b", "c", "d"]);
    assert_eq!(open(&app, "/requests?task=form").await, [] as [Value; 0]);
    let (mut found, mut path) = (Vec::new(), "/requests?limit=1".to_owned());
    loop {
        let page = app.get(&path).await.ok();
        found.extend(page["requests"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/requests?limit=1&cursor={cursor}");
    }
    assert_eq!(messages(&found), ["c", "b", "a", "d"]);
    let session = found[0]["session_id"].as_str().unwrap().to_owned();
    app.answer(&session, "confirm", json!({"value": true})).await.ok();
    assert_eq!(messages(&open(&app, "/requests").await), ["b", "a", "d"]);
    assert_eq!(app.get("/requests?sort=size").await.code(422), "invalid_query");
    assert_eq!(app.get("/requests?cursor=x").await.code(422), "invalid_query");
}

#[tokio::test]
async fn a_list_is_kept_up_to_date_by_what_is_told_from_its_position_on() {
    let app = setup(Setup::sqlite()).start().await;
    let first = app.start("asks", json!({})).await;
    until_open(&app, 1).await;
    let position = app.get("/requests").await.ok()["position"].as_str().unwrap().to_owned();
    let second = app.start_with(json!({"task": "asks", "input": {"message": "Second?"}})).await;
    app.until_status(&second, "waiting_confirmation").await;
    app.answer(&first, "confirm", json!({"value": false})).await.ok();
    app.answer(&second, "cancel", json!({})).await.ok();
    let mut feed = Feed::open_at(&app, &format!("{BASE}/custom?subscriptions=requests&since={position}")).await;
    let mut told = Vec::new();
    while told.len() < 3 {
        let event = feed.next().await.unwrap();
        if event["type"].as_str().is_some_and(|kind| kind.starts_with("request.")) {
            told.push(event);
        }
    }
    let [opened, answered, withdrawn] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(opened["type"], "request.opened");
    assert_eq!((&opened["data"]["session_id"], &opened["data"]["message"]), (&json!(second), &json!("Second?")));
    assert_eq!(opened["data"]["context"]["title"], "Order 7");
    assert_eq!(answered["type"], "request.closed");
    assert_eq!((&answered["data"]["session_id"], &answered["data"]["reason"]), (&json!(first), &json!("answered")));
    assert_eq!((&answered["data"]["by"], &answered["data"]["value"]), (&json!("http"), &json!(false)));
    assert_eq!((&withdrawn["data"]["session_id"], &withdrawn["data"]["reason"]), (&json!(second), &json!("withdrawn")));
    feed.leave().await;
}

#[tokio::test]
async fn a_large_question_is_told_in_short_and_listed_whole() {
    let app = setup(Setup::memory()).start().await;
    let mut feed = Feed::open(&app, "custom?subscriptions=requests").await;
    app.start_with(json!({"task": "asks", "input": {"message": "x".repeat(20_000)}})).await;
    let opened = feed.until("request.opened").await;
    assert_eq!((&opened["data"]["cut"], &opened["data"]["message"]), (&json!(true), &Value::Null));
    let [listed] = until_open(&app, 1).await.try_into().unwrap();
    assert_eq!(listed["request_id"], opened["data"]["request_id"]);
    assert_eq!(listed["message"].as_str().unwrap().len(), 20_000);
    feed.leave().await;
}

#[tokio::test]
async fn kinds_that_the_server_starts_itself_are_marked() {
    let app = setup(Setup::memory()).start().await;
    let tasks = app.get("/tasks").await.ok();
    let tasks = tasks["tasks"].as_array().unwrap();
    let is_internal = |name: &str| tasks.iter().find(|task| task["name"] == name).unwrap()["internal"].clone();
    for (name, expected) in [("question", true), ("workflow", true), ("approval", false), ("asks", false)] {
        assert_eq!(is_internal(name), json!(expected), "{name}");
    }
}
