//! Share links: one question, answered once by somebody without a login.

use reqwest::Method;

use super::board::{operator, setup, shared, somebody, waiting};
use crate::support::api::send;
use crate::support::{Api, TestProcess, Value, json};

async fn first_request(api: &Api, session: &str) -> Value {
    api.session(session).await["open_requests"][0]["request_id"].clone()
}

async fn link(api: &Api, session: &str, body: Value) -> Value {
    let mut body = body;
    body["request_id"] = first_request(api, session).await;
    api.post(&format!("/sessions/{session}/share"), body).await.ok()
}

#[tokio::test]
async fn a_link_shows_its_question_and_takes_one_answer() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    let config = json!({"message": "Pay?", "assignees": ["bo"]});
    let id = ada.start("approval", config).await;
    ada.until_status(&id, "waiting_confirmation").await;
    let made = link(&ada, &id, json!({"expires_in": 60, "by": "Cy"})).await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["url"], format!("http://{}/app/answer#{token}", app.address));
    assert_eq!(made["by"], "link:Cy");
    let cy = app.bearing(token);
    let shown = cy.get("/shared").await.ok();
    let request = &shown["request"];
    assert_eq!((&request["message"], &request["type"]), (&json!("Pay?"), &json!("request_confirmation")));
    assert_eq!(request["assignees"], Value::Null, "whom else it is put to is nobody's business");
    assert!(!shown.to_string().contains(&id), "{shown}");
    for wrong in [json!({}), json!({"value": 1}), json!({"values": {}})] {
        assert_eq!(cy.post("/shared", wrong.clone()).await.code(422), "invalid_body", "{wrong}");
    }
    assert_eq!(cy.post("/shared", json!({"value": true})).await.ok()["by"], "link:Cy");
    let entry = ada.journal(&id).await.into_iter().find(|entry| entry.contains("\"answered\"")).unwrap();
    assert!(entry.contains(r#""by":"link:Cy""#), "{entry}");
    assert_eq!(cy.get("/shared").await.code(410), "link_used");
    assert_eq!(cy.post("/shared", json!({"value": true})).await.code(410), "link_used");
    assert_eq!(ada.until_status(&id, "completed").await["result"]["approved"], true);
}

#[tokio::test]
async fn an_answer_by_a_link_that_comes_again_under_its_key_is_replied_again() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    let cy = app.bearing(&shared(&ada, &waiting(&ada).await).await);
    let answer = |value: bool| {
        let request = cy.request(Method::POST, "/shared").header("Idempotency-Key", "k");
        send(request.json(&json!({"value": value})))
    };
    let first = answer(true).await.ok();
    assert_eq!(answer(true).await.ok(), first);
    assert_eq!(answer(false).await.code(409), "idempotency_conflict");
}

#[tokio::test]
async fn a_link_ends_with_its_time_and_with_its_question() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    let id = waiting(&ada).await;
    let short = link(&ada, &id, json!({"expires_in": 0.001})).await;
    let other = app.bearing(&shared(&ada, &id).await);
    let short = app.bearing(short["token"].as_str().unwrap());
    assert_eq!(short.get("/shared").await.code(410), "link_expired");
    assert_eq!(short.post("/shared", json!({"value": true})).await.code(410), "link_expired");
    ada.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(other.get("/shared").await.code(410), "already_answered");
    assert_eq!(other.post("/shared", json!({"value": true})).await.code(410), "already_answered");
    assert_eq!(other.post("/shared", json!({})).await.code(410), "already_answered");
    let id = waiting(&ada).await;
    let cancelled = app.bearing(&shared(&ada, &id).await);
    ada.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
    assert_eq!(cancelled.get("/shared").await.code(410), "request_closed");
    ada.until_status(&id, "cancelled").await;
    assert_eq!(ada.delete(&format!("/sessions/{id}")).await.status, 204);
    assert_eq!(cancelled.get("/shared").await.code(410), "request_closed");
}

#[tokio::test]
async fn what_is_no_link_is_nobody_s() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    let token = shared(&ada, &waiting(&ada).await).await;
    let unknown = "cbs_000000000000000000000000000000AAAAAA";
    let slip = token.replace(&token[39..], if token.ends_with('A') { "B" } else { "A" });
    for wrong in [unknown, &slip, "nonsense"] {
        assert_eq!(app.bearing(wrong).get("/shared").await.code(401), "unauthenticated", "{wrong}");
        assert_eq!(app.bearing(wrong).post("/shared", json!({"value": true})).await.code(401), "unauthenticated");
    }
    assert_eq!(app.get("/shared").await.code(401), "unauthenticated");
    assert_eq!(ada.get("/shared").await.code(401), "unauthenticated");
}

#[tokio::test]
async fn a_link_is_made_for_an_open_question_by_whoever_may_answer_it() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let id = ada.start("approval", json!({"assignees": ["bo"], "allow_own": false})).await;
    ada.until_status(&id, "waiting_confirmation").await;
    let body = json!({"request_id": first_request(&ada, &id).await, "expires_in": 60});
    let share = |api: &Api, id: &str, body: &Value| {
        let (api, path, body) = (api.clone(), format!("/sessions/{id}/share"), body.clone());
        async move { api.post(&path, body).await }
    };
    assert_eq!(share(&ada, &id, &body).await.code(403), "forbidden");
    assert_eq!(share(&bo, &id, &body).await.code(403), "forbidden");
    assert_eq!(share(&somebody(&app, "cy").await, &id, &body).await.code(404), "unknown_session");
    assert_eq!(share(&operator(&app), &id, &body).await.status, 200);
    bo.answer(&id, "confirm", json!({"value": true})).await.ok();
    assert_eq!(share(&operator(&app), &id, &body).await.code(409), "already_answered");
    let id = waiting(&ada).await;
    let unknown = json!({"request_id": "00000000-0000-4000-8000-000000000000", "expires_in": 60});
    assert_eq!(share(&ada, &id, &unknown).await.code(409), "no_open_request");
    let endless = json!({"request_id": first_request(&ada, &id).await});
    assert_eq!(share(&ada, &id, &endless).await.code(422), "invalid_body");
}

#[tokio::test]
async fn links_begin_with_the_address_that_is_set_and_outlive_a_restart() {
    let mut server = TestProcess::start_with(&[("SERVER__PUBLIC_URL", "https://board.example/")]).await;
    let id = server.start("approval", json!({})).await;
    server.until_status(&id, "waiting_confirmation").await;
    let made = link(&server, &id, json!({"expires_in": 60, "by": "cy"})).await;
    let token = made["token"].as_str().unwrap().to_owned();
    assert_eq!(made["url"], format!("https://board.example/app/answer#{token}"));
    server.crash().await;
    let cy = server.bearing(&token);
    cy.get("/shared").await.ok();
    cy.post("/shared", json!({"value": true})).await.ok();
    server.crash().await;
    assert_eq!(cy.get("/shared").await.code(410), "link_used");
}
