//! Sockets: what belongs to another is unknown there, and what a key is not good for is refused message by message.

use super::board::{ADMIN, key, operator, setup, somebody, waiting, workflow};
use crate::support::{Api, Client, Value, json};

async fn socket(api: &Api, path: &str) -> Client {
    api.socket(path).await.unwrap()
}

async fn code(client: &mut Client) -> Value {
    client.until("error").await["code"].clone()
}

#[tokio::test]
async fn a_session_of_another_is_closed_as_unknown_and_hears_nothing() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    let id = waiting(&ada).await;
    for path in [format!("/ws/{id}"), format!("/ws/{id}?since=0")] {
        let mut client = socket(&bo, &path).await;
        assert_eq!(client.until_closed().await, Some(4504), "{path}");
        assert_eq!(client.heard.len(), 1, "{:?}", client.heard);
        assert!(client.heard[0].contains("unknown_session"), "{:?}", client.heard);
    }
    let audit = ada.post("/audits", json!({"document": "Nothing.", "media_type": "text/plain"})).await.body;
    let path = format!("/ws/audit/{}", audit["audit_id"].as_str().unwrap());
    let mut client = socket(&bo, &path).await;
    assert_eq!(client.until_closed().await, Some(4504));
    assert!(client.heard.iter().all(|text| text.contains("unknown_audit")), "{:?}", client.heard);
    assert_eq!(bo.get(&format!("/session-info/{id}")).await.ok()["task_exists"], false);
    let mut owner = socket(&ada, &format!("/ws/{id}")).await;
    owner.replay().await;
    let mut operators = socket(&operator(&app), &format!("/ws/{id}")).await;
    operators.replay().await;
}

#[tokio::test]
async fn a_message_needs_its_scope() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    let id = waiting(&ada).await;
    let reader = app.bearing(&key(&app, "ada", &["sessions:read"]).await.1);
    let mut client = socket(&reader, &format!("/ws/{id}")).await;
    client.replay().await;
    for message in [
        json!({"type": "confirm", "value": true}),
        json!({"type": "user_input", "values": {}}),
        json!({"type": "retry"}),
        json!({"type": "cancel"}),
    ] {
        client.say(message.clone()).await;
        assert_eq!(code(&mut client).await, "forbidden", "{message}");
    }
    assert_eq!(ada.session(&id).await["status"], "waiting_confirmation");
    let watcher = app.bearing(&key(&app, "ada", &["workflows:read"]).await.1);
    let mut client = socket(&watcher, "/ws").await;
    for message in [
        json!({"type": "task", "content": "x"}),
        json!({"type": "input_update", "data": {"node_id": "n", "input_name": "value", "input_value": 2}}),
        json!({"type": "cancel", "session_id": id}),
    ] {
        client.say(message.clone()).await;
        assert_eq!(code(&mut client).await, "forbidden", "{message}");
    }
}

#[tokio::test]
async fn workflows_of_another_are_neither_watched_nor_fed() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    assert_eq!(ada.post("/workflows", workflow("hers")).await.status, 201);
    assert_eq!(bo.post("/workflows", workflow("his")).await.status, 201);
    let mut unknown = socket(&bo, "/ws?workflow=hers").await;
    assert_eq!(unknown.until_closed().await, Some(4504));
    let mut all = socket(&bo, "/ws").await;
    let mut operators = socket(&operator(&app), "/ws").await;
    for (api, id) in [(&ada, "hers"), (&bo, "his")] {
        api.post(&format!("/workflows/{id}/continuous/start"), json!({})).await.ok();
    }
    all.say(json!({"type": "input_update", "data": {"workflow_id": "hers", "node_id": "n", "input_name": "value",
                   "input_value": 2}}))
        .await;
    assert_eq!(code(&mut all).await, "unknown_workflow");
    // Only his has such a node, as far as he sees.
    all.say(json!({"type": "input_update", "data": {"node_id": "n", "input_name": "value", "input_value": 2}})).await;
    assert_eq!(all.until("input_applied").await["data"]["workflow_id"], "his");
    assert!(all.heard.iter().all(|text| !text.contains("\"workflow_id\":\"hers\"") || text.contains("error")));
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let status = operators.until("execution_status").await;
        let id = status["data"]["workflow_id"].as_str().unwrap().to_owned();
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
}

#[tokio::test]
async fn an_operator_names_an_owner_also_where_the_first_message_says_who_it_is() {
    let app = setup().start().await;
    let ada = somebody(&app, "ada").await;
    assert_eq!(ada.post("/workflows", workflow("hers")).await.status, 201);
    let (_, bos) = key(&app, "bo", &super::board::OWN).await;
    for (path, token, code) in [
        ("/ws?workflow=hers&owner=ada", ADMIN, None),
        ("/ws?workflow=hers", ADMIN, Some(4504)),
        ("/ws?workflow=hers&owner=bo", ADMIN, Some(4504)),
        ("/ws?workflow=hers&owner=ada", bos.as_str(), Some(4503)),
    ] {
        let mut client = socket(&app, path).await;
        client.say(json!({"type": "authenticate", "token": token})).await;
        client.say(json!({"type": "ping", "timestamp": 1})).await;
        match code {
            None => drop(client.until("pong").await),
            Some(code) => assert_eq!(client.until_closed().await, Some(code), "{path}"),
        }
    }
    let mut wrong = socket(&app, "/ws?owner=%0A").await;
    assert_eq!(wrong.until_closed().await, Some(4503));
    // It stays the same one with another credential of its own.
    let mut client = operator(&app).socket("/ws?workflow=hers&owner=ada").await.unwrap();
    client.say(json!({"type": "authenticate", "token": ADMIN})).await;
    client.say(json!({"type": "ping", "timestamp": 2})).await;
    client.until("pong").await;
}
