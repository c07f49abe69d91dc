//! The audit trail: what is in it, who may read it, and that it outlives the server.

use callboard::config::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::{self, Answer};
use crate::support::app::{Setup, TestApp};
use crate::support::client::Client;
use crate::support::eventually;
use crate::support::process::callboard;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const ADMIN: &str = "operator-token-0123456789";

fn setup(setup: Setup) -> Setup {
    setup.with(|settings: &mut Settings| {
        settings.auth.api_keys = true;
        settings.auth.users = true;
        settings.server.admin_token = Some(ADMIN.to_owned().into());
    })
}

async fn send(app: &TestApp, method: Method, path: &str, token: &str, body: Value) -> Answer {
    let request = app.request(method, path).bearer_auth(token).header("x-request-id", "r-1");
    api::send(if body.is_null() { request } else { request.json(&body) }).await
}

async fn key(app: &TestApp, owner: &str, scopes: &[&str]) -> (String, String) {
    let body = json!({"name": owner, "owner": owner, "scopes": scopes});
    let made = send(app, Method::POST, "/api/v1/keys", ADMIN, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    (made.body["key"].as_str().unwrap().to_owned(), made.body["id"].as_str().unwrap().to_owned())
}

async fn trail(app: &TestApp, query: &str) -> Vec<Value> {
    let page = send(app, Method::GET, &format!("/api/v1/audit-log?{query}"), ADMIN, Value::Null).await.ok();
    page["entries"].as_array().unwrap().clone()
}

/// What an entry says, but for its number and time.
fn said(entry: &Value) -> (&str, &str, &str, bool) {
    let text = |name: &str| entry[name].as_str().unwrap();
    (text("principal"), text("action"), text("object"), entry["allowed"].as_bool().unwrap())
}

/// Waits until an entry says this.
async fn wait_for(app: &TestApp, expected: (&str, &str, &str, bool)) -> Value {
    let describe = || format!("{expected:?} is in the trail");
    eventually(describe, async || trail(app, "").await.into_iter().find(|entry| said(entry) == expected)).await
}

#[actix::test]
async fn changes_and_refusals_are_in_it_with_who_and_where_from_and_no_secret_is() {
    let app = setup(Setup::memory()).start().await;
    let (ada, id) = key(&app, "ada", &["sessions:start", "sessions:read"]).await;
    let (bob, _) = key(&app, "bob", &["sessions:read", "sessions:cancel", "sessions:answer"]).await;
    let started = send(&app, Method::POST, "/start-task", &ada, json!({"task": "approval"})).await.ok();
    let path = format!("/sessions/{}", started["session_id"].as_str().unwrap());
    let entry = wait_for(&app, ("ada", "sessions:start", &path, true)).await;
    assert_eq!((&entry["address"], &entry["request_id"]), (&json!("127.0.0.1"), &json!("r-1")));
    assert_eq!(send(&app, Method::POST, "/start-task", &bob, json!({})).await.status, 403);
    wait_for(&app, ("bob", "sessions:start", "/start-task", false)).await;
    assert_eq!(send(&app, Method::POST, &format!("{path}/cancel"), &bob, json!({})).await.status, 404);
    wait_for(&app, ("bob", "sessions:cancel", &format!("{path}/cancel"), false)).await;
    assert_eq!(send(&app, Method::GET, "/sessions", "cbk_wrong", Value::Null).await.status, 401);
    wait_for(&app, ("anonymous", "sessions:list", "/sessions", false)).await;
    let wrong = json!({"name": "eve", "password": "a-wrong-password"});
    assert_eq!(api::send(app.request(Method::POST, "/login").json(&wrong)).await.status, 401);
    wait_for(&app, ("eve", "login:create", "/login", false)).await;
    wait_for(&app, ("operator", "keys:create", &format!("/api/v1/keys/{id}"), true)).await;
    let all = trail(&app, "").await;
    let seqs: Vec<u64> = all.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=all.len() as u64).collect::<Vec<_>>());
    let text = json!(all).to_string();
    for secret in [&ada[4..34], &bob[4..34], ADMIN, "a-wrong-password", "cbk_wrong"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[actix::test]
async fn messages_on_sockets_and_refused_sockets_are_in_it() {
    let app = setup(Setup::memory()).start().await;
    let (ada, _) = key(&app, "ada", &["sessions:start", "sessions:read", "sessions:answer"]).await;
    let (bob, _) = key(&app, "bob", &["sessions:read", "sessions:answer", "workflows:read"]).await;
    let started = send(&app, Method::POST, "/start-task", &ada, json!({"task": "approval"})).await.ok();
    let id = started["session_id"].as_str().unwrap();
    let (path, session) = (format!("/ws/{id}"), format!("/sessions/{id}"));
    let open_at = async |token: &str, path: &str| {
        let mut request = format!("ws://{}{path}", app.address).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Client::connect_with(request).await.unwrap()
    };
    let open = async |token: &str| open_at(token, &path).await;
    // What comes of it counts: what is another's is not there.
    let mut others = open_at(&bob, "/ws").await;
    others.say(json!({"type": "confirm", "session_id": id, "value": true})).await;
    assert_eq!(others.until("error").await["code"], "unknown_session");
    wait_for(&app, ("bob", "sessions:answer", &session, false)).await;
    let mut socket = open(&ada).await;
    socket.until("request_confirmation").await;
    socket.say(json!({"type": "cancel"})).await;
    wait_for(&app, ("ada", "sessions:cancel", &path, false)).await;
    socket.say(json!({"type": "confirm", "value": true})).await;
    wait_for(&app, ("ada", "sessions:answer", &session, true)).await;
    assert_eq!(open(&bob).await.until_closed().await, Some(4504));
    wait_for(&app, ("bob", "sessions:read", &path, false)).await;
    assert_eq!(open("cbk_wrong").await.until_closed().await, Some(4501));
    wait_for(&app, ("anonymous", "sessions:read", &path, false)).await;
}

#[actix::test]
async fn it_is_read_in_pages_filtered_and_as_text_and_by_operators_only() {
    let app = setup(Setup::memory()).start().await;
    let (ada, _) = key(&app, "ada", &["sessions:start"]).await;
    for _ in 0..3 {
        send(&app, Method::POST, "/start-task", &ada, json!({"task": "approval"})).await.ok();
    }
    let of_ada = || async { (trail(&app, "principal=ada&action=sessions:start").await.len() == 3).then_some(()) };
    eventually(|| "three starts".into(), of_ada).await;
    assert_eq!(trail(&app, "action=keys").await.len(), 1);
    let first = send(&app, Method::GET, "/api/v1/audit-log?limit=2", ADMIN, Value::Null).await.ok();
    assert_eq!(first["next"], 2);
    assert_eq!(trail(&app, "since=2").await[0]["seq"], 3);
    let text = async |format: &str| {
        let request = app.request(Method::GET, &format!("/api/v1/audit-log?format={format}")).bearer_auth(ADMIN);
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(answer.headers()["x-next-since"], "4");
        (kind, answer.text().await.unwrap())
    };
    let (kind, csv) = text("csv").await;
    assert!(kind.starts_with("text/csv"));
    assert!(csv.starts_with("seq,time,principal,action,object,address,allowed,request_id\n1,"), "{csv}");
    assert_eq!(csv.lines().count(), 5);
    let (kind, lines) = text("jsonl").await;
    assert_eq!(kind, "application/x-ndjson");
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].is_u64()));
    for wrong in ["format=xml", "since=-1", "limit=0"] {
        let answer = send(&app, Method::GET, &format!("/api/v1/audit-log?{wrong}"), ADMIN, Value::Null).await;
        assert_eq!(answer.code(422), "invalid_query", "{wrong}");
    }
    let refused = send(&app, Method::GET, "/api/v1/audit-log", &ada, Value::Null).await;
    assert_eq!(refused.code(403), "forbidden");
}

#[actix::test]
async fn it_outlives_the_server_and_the_command_line_is_in_it() {
    let app = setup(Setup::sqlite()).start().await;
    let (ada, _) = key(&app, "ada", &["sessions:start"]).await;
    send(&app, Method::POST, "/start-task", &ada, json!({"task": "approval"})).await.ok();
    let folder = app.setup().database().parent().unwrap().to_owned();
    let url = format!("sqlite:{}", app.setup().database().display());
    let made = callboard(&folder)
        .args(["keys", "create", "--name", "x", "--owner", "cid", "--scopes", "sessions:read", "--store", &url])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let app = app.restart().await;
    let all = trail(&app, "").await;
    let actions: Vec<_> = all.iter().map(|entry| (entry["principal"].as_str(), entry["action"].as_str())).collect();
    assert!(actions.contains(&(Some("ada"), Some("sessions:start"))), "{actions:?}");
    assert!(actions.contains(&(Some("cli"), Some("keys:create"))), "{actions:?}");
    let (_, id) = key(&app, "bob", &["sessions:read"]).await;
    let last = trail(&app, "").await.pop().unwrap();
    assert_eq!(said(&last), ("operator", "keys:create", format!("/api/v1/keys/{id}").as_str(), true));
    assert_eq!(last["seq"], all.len() + 1);
}
