//! Questions that are put to others: who sees the session then, and for how long, and whose answers count.

use callboard::config::auth::{Algorithm, Audience, Issuer, Key};
use jsonwebtoken::{EncodingKey, Header, encode};

use super::board::{operator, setup, shared, somebody};
use crate::event_sockets::socket::{BASE, Feed};
use crate::support::{Api, TestProcess, Value, eventually, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A session of this person's that asks for approval.
async fn asked(api: &Api, config: Value) -> String {
    let id = api.start("approval", config).await;
    api.until_status(&id, "waiting_confirmation").await;
    id
}

/// Whoever has a token that says that they are in this group.
fn member(api: &Api, name: &str, group: &str) -> Api {
    let claims = json!({
        "iss": "https://id.example", "aud": "callboard", "sub": name, "exp": 4_102_444_800_u64, "groups": [group],
        "scope": "sessions:read sessions:answer sessions:cancel events:read",
    });
    let header = Header { kid: Some("k".into()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
    let key = EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    api.bearing(&encode(&header, &claims, &key).unwrap())
}

#[tokio::test]
async fn whoever_is_asked_sees_the_session_and_answers() {
    let app = setup().start().await;
    let (ada, bo, cy) = (somebody(&app, "ada").await, somebody(&app, "bo").await, somebody(&app, "cy").await);
    let id = asked(&ada, json!({"assignees": ["bo"], "lines": 2})).await;
    for path in [format!("/sessions/{id}"), format!("/sessions/{id}/events")] {
        assert_eq!(bo.get(&path).await.status, 200, "{path}");
        assert_eq!(cy.get(&path).await.code(404), "unknown_session", "{path}");
    }
    assert_eq!(bo.get(&format!("/session-info/{id}")).await.ok()["task_exists"], true);
    assert_eq!(bo.session(&id).await["open_requests"][0]["assignees"], json!(["bo"]));
    assert_eq!(cy.answer(&id, "confirm", json!({"value": true})).await.code(404), "unknown_session");
    assert_eq!(bo.post(&format!("/cancel-task/{id}"), json!({})).await.code(403), "forbidden");
    assert_eq!(bo.post(&format!("/sessions/{id}/cancel"), json!({})).await.code(403), "forbidden");
    let mut client = bo.socket(&format!("/ws/{id}")).await.unwrap();
    client.replay().await;
    client.say(json!({"type": "cancel"})).await;
    assert_eq!(client.until("error").await["code"], "forbidden");
    client.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(client.until("answered").await["by"], "bo");
    assert_eq!(client.until_closed().await, Some(4504));
    assert!(!client.heard.iter().any(|text| text.contains("Line 1/2")), "{:?}", client.heard);
    assert_eq!(ada.until_status(&id, "completed").await["result"]["approved"], true);
    assert_eq!(bo.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
    let mut late = bo.socket(&format!("/ws/{id}")).await.unwrap();
    assert_eq!(late.until_closed().await, Some(4504));
}

#[tokio::test]
async fn a_question_is_put_to_everybody_in_a_group() {
    let key = Key {
        kid: "k".into(),
        algorithm: Some(Algorithm::HS256),
        secret: Some(SECRET.to_owned().into()),
        ..Key::default()
    };
    let issuer = Issuer {
        issuer: "https://id.example".into(),
        audience: Audience::One("callboard".into()),
        keys: vec![key],
        ..Issuer::default()
    };
    let app = setup().with(|settings| settings.auth.jwt.push(issuer)).start().await;
    let ada = somebody(&app, "ada").await;
    let (bo, cy) = (member(&app, "bo", "ops"), member(&app, "cy", "sales"));
    let id = asked(&ada, json!({"assignees": ["group:ops"]})).await;
    bo.get(&format!("/sessions/{id}")).await.ok();
    assert_eq!(cy.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
    // A name is no group.
    let named = somebody(&app, "group:ops").await;
    assert_eq!(named.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
    bo.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(bo.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
}

#[tokio::test]
async fn several_people_have_to_say_yes() {
    let app = setup().start().await;
    let (ada, bo, cy) = (somebody(&app, "ada").await, somebody(&app, "bo").await, somebody(&app, "cy").await);
    let id = asked(&ada, json!({"assignees": ["bo", "cy"], "required_answers": 3})).await;
    let mut client = ada.socket(&format!("/ws/{id}")).await.unwrap();
    client.replay().await;
    let request = ada.session(&id).await["open_requests"][0]["request_id"].clone();
    let first = bo.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!((&first["request_id"], &first["status"]), (&request, &json!("waiting_confirmation")));
    let given = client.until("answer_given").await;
    assert_eq!((&given["request_id"], &given["by"], &given["value"]), (&request, &json!("bo"), &json!(true)));
    assert_eq!(given["missing"], 2);
    let again = bo.answer(&id, "confirm", json!({"value": true})).await;
    assert_eq!((again.code(409), &again.body["winner"]["by"]), ("already_answered", &json!("bo")));
    assert_eq!(bo.answer(&id, "confirm", json!({"value": false})).await.code(409), "already_answered");
    let listed = &ada.session(&id).await["open_requests"][0];
    assert_eq!((&listed["answers"], &listed["missing"]), (&json!([{"by": "bo", "value": true}]), &json!(2)));
    ada.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(client.until("answer_given").await["missing"], 1);
    cy.answer(&id, "confirm", json!({"value": true})).await.ok();
    let answered = client.until("answered").await;
    assert_eq!((&answered["by"], &answered["value"]), (&json!("cy"), &json!(true)));
    let names: Vec<&Value> = answered["answers"].as_array().unwrap().iter().map(|given| &given["by"]).collect();
    assert_eq!(names, ["bo", "ada", "cy"]);
    assert_eq!(ada.until_status(&id, "completed").await["result"]["approved"], true);
    // Whoever is late hears who was first, and nothing else.
    let late = bo.answer(&id, "confirm", json!({"value": true, "request_id": request})).await;
    assert_eq!(late.code(409), "already_answered");
    assert_eq!(bo.answer(&id, "confirm", json!({"value": true})).await.code(404), "unknown_session");
}

#[tokio::test]
async fn the_first_no_decides() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let id = asked(&ada, json!({"assignees": ["bo"], "required_answers": 3})).await;
    ada.answer(&id, "confirm", json!({"value": true})).await.ok();
    bo.answer(&id, "confirm", json!({"value": false})).await.ok();
    assert_eq!(ada.until_status(&id, "completed").await["result"]["approved"], false);
    let journal = ada.journal(&id).await;
    let answered: Value = journal
        .iter()
        .map(|text| serde_json::from_str::<Value>(text).unwrap())
        .find(|entry| entry["type"] == "answered")
        .unwrap();
    assert_eq!(answered["answers"], json!([{"by": "ada", "value": true}, {"by": "bo", "value": false}]));
}

#[tokio::test]
async fn an_operator_is_one_person_whatever_it_calls_itself() {
    let app = setup().start().await;
    let (ada, operator) = (somebody(&app, "ada").await, operator(&app));
    let id = asked(&ada, json!({"required_answers": 3})).await;
    let by = |name: &'static str| {
        let request = operator.request(reqwest::Method::POST, &format!("/sessions/{id}/confirm"));
        crate::support::api::send(request.header("X-Client-Id", name).json(&json!({"value": true})))
    };
    by("one").await.ok();
    assert_eq!(by("two").await.code(409), "already_answered");
    assert_eq!(ada.session(&id).await["open_requests"][0]["answers"], json!([{"by": "operator", "value": true}]));
}

#[tokio::test]
async fn whoever_started_it_may_not_approve_it_where_it_says_so() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let id = asked(&ada, json!({"assignees": ["bo"], "allow_own": false})).await;
    assert_eq!(ada.answer(&id, "confirm", json!({"value": true})).await.code(403), "forbidden");
    let mut client = ada.socket(&format!("/ws/{id}")).await.unwrap();
    client.replay().await;
    client.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(client.until("error").await["code"], "forbidden");
    bo.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(client.until("answered").await["by"], "bo");
}

#[tokio::test]
async fn a_link_is_one_of_several_people_once() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    let id = asked(&ada, json!({"required_answers": 2})).await;
    let link = app.bearing(&shared(&ada, &id).await);
    assert_eq!(link.get("/shared").await.ok()["request"]["missing"], 2);
    link.post("/shared", json!({"value": true})).await.ok();
    assert_eq!(link.get("/shared").await.code(410), "link_used");
    assert_eq!(link.post("/shared", json!({"value": true})).await.code(410), "link_used");
    ada.answer(&id, "confirm", json!({"value": true})).await.ok();
    ada.until_status(&id, "completed").await;
}

#[tokio::test]
async fn answers_that_were_given_survive_a_kill() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = asked(&server, json!({"required_answers": 2})).await;
    let by = |name: &'static str| {
        let request = server.request(reqwest::Method::POST, &format!("/sessions/{id}/confirm"));
        crate::support::api::send(request.header("X-Client-Id", name).json(&json!({"value": true})))
    };
    by("bo").await.ok();
    server.crash().await;
    let listed = server.session(&id).await["open_requests"][0].clone();
    assert_eq!((&listed["answers"], &listed["missing"]), (&json!([{"by": "bo", "value": true}]), &json!(1)));
    let by = |name: &'static str| {
        let request = server.request(reqwest::Method::POST, &format!("/sessions/{id}/confirm"));
        crate::support::api::send(request.header("X-Client-Id", name).json(&json!({"value": true})))
    };
    assert_eq!(by("bo").await.code(409), "already_answered");
    by("cy").await.ok();
    server.until_status(&id, "completed").await;
}

#[tokio::test]
async fn a_question_that_cannot_be_put_like_that_is_refused_at_the_start() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    for config in [
        json!({"required_answers": 0}),
        json!({"required_answers": 101}),
        json!({"assignees": "bo"}),
        json!({"assignees": [""]}),
        json!({"allow_own": 1}),
    ] {
        let answer = ada.post("/start-task", json!({"task": "approval", "config": config})).await;
        assert_eq!(answer.code(422), "invalid_body", "{config}");
    }
    let id = asked(&ada, json!({"assignees": ["cy"]})).await;
    eventually(
        || "it is there for an operator".into(),
        async || (operator(&app).get(&format!("/sessions/{id}")).await.status == 200).then_some(()),
    )
    .await;
}

/// The type and session of what an inbox is told of questions, up to so many.
async fn heard(feed: &mut Feed, many: usize) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    while heard.len() < many {
        let event = feed.next().await.expect("the socket stays open");
        let (kind, id) = (event["type"].as_str().unwrap_or_default(), &event["data"]["session_id"]);
        if let (true, Some(id)) = (kind.starts_with("request."), id.as_str()) {
            heard.push((kind.to_owned(), id.to_owned()));
        }
    }
    heard
}

#[tokio::test]
async fn a_question_is_in_the_lists_and_the_inbox_of_whom_it_is_put_to_while_it_is_open() {
    let app = setup().start().await;
    let (ada, bo, cy) = (somebody(&app, "ada").await, somebody(&app, "bo").await, somebody(&app, "cy").await);
    let own = asked(&bo, json!({"message": "His own"})).await;
    let inbox = format!("{BASE}/custom?subscriptions=requests");
    let position = bo.get("/requests").await.ok()["position"].as_str().unwrap().to_owned();
    let mut live = Feed::open_at(&bo, &inbox).await;
    let mut others = Feed::open_at(&cy, &inbox).await;
    let id = asked(&ada, json!({"message": "Pay her?", "assignees": ["bo"]})).await;
    let sessions = |page: Value| -> Vec<String> {
        let listed = page["sessions"].as_array().or(page["requests"].as_array()).unwrap();
        let id = |row: &Value| row["id"].as_str().or(row["session_id"].as_str()).unwrap().to_owned();
        listed.iter().map(id).collect()
    };
    assert_eq!(sessions(bo.get("/requests?sort=age").await.ok()), [own.clone(), id.clone()]);
    assert_eq!(sessions(bo.get("/sessions").await.ok()), [id.clone(), own.clone()]);
    assert_eq!(sessions(bo.get("/sessions?status=waiting_confirmation&limit=1").await.ok()), std::slice::from_ref(&id));
    let counted = bo.get("/sessions?counts=status").await.ok();
    assert_eq!(counted["counts"]["waiting_confirmation"], 2, "{counted}");
    eventually(
        || "it is found by words".into(),
        async || (sessions(bo.get("/sessions?q=pay").await.ok()) == std::slice::from_ref(&id)).then_some(()),
    )
    .await;
    for path in ["/sessions", "/requests", "/sessions?q=pay"] {
        assert_eq!(sessions(cy.get(path).await.ok()), [] as [String; 0], "{path}");
    }
    bo.answer(&id, "confirm", json!({"value": true})).await.ok();
    ada.until_status(&id, "completed").await;
    for path in ["/sessions", "/requests", "/sessions?q=pay"] {
        assert!(!sessions(bo.get(path).await.ok()).contains(&id), "{path}");
    }
    let of_hers = [("request.opened".to_owned(), id.clone()), ("request.closed".to_owned(), id.clone())];
    assert_eq!(heard(&mut live, 2).await, of_hers);
    let mut replayed = Feed::open_at(&bo, &format!("{inbox}&since={position}")).await;
    assert_eq!(heard(&mut replayed, 2).await, of_hers);
    let cys = asked(&cy, json!({})).await;
    assert_eq!(heard(&mut others, 1).await, [("request.opened".to_owned(), cys)]);
}
