//! Who is let in where identity is configured: keys, tickets, logins, what a socket says first; and TLS.

use std::io::Write as _;
use std::process::Stdio;

use callboard::config::Settings;
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::api::{self, Answer};
use crate::support::app::{Setup, TestApp};
use crate::support::client::Client;
use crate::support::eventually;

const ADMIN: &str = "operator-token-0123456789";
const ALL: [&str; 3] = ["sessions:start", "sessions:read", "events:read"];

fn setup() -> Setup {
    Setup::memory().with(|settings: &mut Settings| {
        settings.auth.api_keys = true;
        settings.server.admin_token = Some(ADMIN.to_owned().into());
    })
}

async fn send(app: &TestApp, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
    let request = app.request(method, path).bearer_auth(token);
    api::send(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

/// Makes a key; gives it and its id. It holds once this returns.
async fn key(app: &TestApp, owner: &str, scopes: &[&str]) -> (String, String) {
    let body = json!({"name": owner, "owner": owner, "scopes": scopes});
    let made = send(app, Method::POST, "/api/v1/keys", ADMIN, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    let (key, id) = (text("key"), text("id"));
    eventually(|| "the key holds".into(), async || (get(app, "/tasks", &key).await != 401).then_some(())).await;
    (key, id)
}

async fn get(app: &TestApp, path: &str, token: &str) -> u16 {
    send(app, Method::GET, path, token, None).await.status
}

/// Opens a socket with these headers.
async fn open(app: &TestApp, path: &str, headers: &[(&'static str, &str)]) -> Client {
    let mut request = format!("ws://{}{path}", app.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Client::connect_with(request).await.unwrap()
}

async fn ticket(app: &TestApp, token: &str, body: Value) -> String {
    let issued = send(app, Method::POST, "/tickets", token, Some(body)).await.ok();
    assert_eq!(issued["expires_in"], 30);
    issued["ticket"].as_str().unwrap().to_owned()
}

#[actix::test]
async fn a_key_lets_its_owner_do_what_its_scopes_say() {
    let app = setup().start().await;
    let (all, _) = key(&app, "ada", &ALL).await;
    let (few, _) = key(&app, "bob", &["sessions:read"]).await;
    let started = send(&app, Method::POST, "/start-task", &all, Some(json!({"task": "approval"}))).await.ok();
    assert!(started["session_id"].is_string());
    let refused = send(&app, Method::POST, "/start-task", &few, Some(json!({"task": "approval"}))).await;
    assert_eq!(refused.code(403), "forbidden");
    assert!(refused.body["detail"].as_str().unwrap().contains("sessions:start"), "{}", refused.body);
    let refused = send(&app, Method::GET, "/api/v1/keys", &all, None).await;
    assert!(refused.body["detail"].as_str().unwrap().contains("admin"), "{}", refused.body);
    let listed = send(&app, Method::GET, "/api/v1/keys", ADMIN, None).await.ok();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(&all[4..34]));
}

#[actix::test]
async fn whatever_is_wrong_with_a_credential_the_answer_is_the_same() {
    let app = setup().start().await;
    let (good, id) = key(&app, "ada", &ALL).await;
    let (revoked, revoked_id) = key(&app, "eve", &ALL).await;
    let gone = send(&app, Method::DELETE, &format!("/api/v1/keys/{revoked_id}"), ADMIN, None).await;
    assert_eq!(gone.status, 204);
    eventually(|| "the key is refused".into(), async || (get(&app, "/tasks", &revoked).await == 401).then_some(()))
        .await;
    let flipped = format!("{}{}", &good[..39], if good.ends_with('A') { 'B' } else { 'A' });
    let mut answers = Vec::new();
    for token in
        [&revoked, &flipped, &id, "x", "cbk_", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "operator-token-0123456788"]
    {
        let answer = send(&app, Method::GET, "/sessions", token, None).await;
        assert_eq!(answer.code(401), "unauthenticated", "{token}");
        answers.push(answer.body);
    }
    answers.push(app.get("/sessions").await.body);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for path in ["token", "api_key", "access_token"].map(|name| format!("/sessions?{name}={good}")) {
        assert_eq!(app.get(&path).await.code(401), "unauthenticated", "{path}");
    }
    let two = app.request(Method::GET, "/sessions").bearer_auth(&good).header("x-api-key", &good);
    assert_eq!(api::send(two).await.code(401), "unauthenticated");
    let unknown = send(&app, Method::DELETE, "/api/v1/keys/xxxxxxxxxxxx", ADMIN, None).await;
    assert_eq!(unknown.code(404), "unknown_key");
}

#[actix::test]
async fn a_revoked_key_closes_its_sockets_and_streams() {
    let app = setup().start().await;
    let (ada, _) = key(&app, "ada", &[&ALL[..], &["workflows:read"]].concat()).await;
    let (eve, id) = key(&app, "eve", &[&ALL[..], &["workflows:read"]].concat()).await;
    let (of_ada, of_eve) = (format!("Bearer {ada}"), format!("Bearer {eve}"));
    let mut stays = open(&app, "/ws", &[("authorization", &of_ada)]).await;
    let mut workflows = open(&app, "/ws", &[("authorization", &of_eve)]).await;
    let mut events = open(&app, "/api/v1/websocket/ws/custom", &[("authorization", &of_eve)]).await;
    events.until("connection.established").await;
    send(&app, Method::DELETE, &format!("/api/v1/keys/{id}"), ADMIN, None).await;
    assert_eq!(workflows.until_closed().await, Some(4501));
    assert_eq!(events.until_closed().await, Some(4501));
    stays.say(json!({"type": "ping", "timestamp": 1})).await;
    stays.until("pong").await;
    stays.leave().await;
}

#[actix::test]
async fn a_ticket_opens_one_socket() {
    let app = setup().start().await;
    let (ada, _) = key(&app, "ada", &[&ALL[..], &["workflows:read"]].concat()).await;
    let issued = ticket(&app, &ada, json!({})).await;
    let offered = format!("callboard, callboard.ticket.{issued}");
    let mut first = open(&app, "/ws", &[("sec-websocket-protocol", &offered)]).await;
    first.say(json!({"type": "ping", "timestamp": 1})).await;
    first.until("pong").await;
    first.leave().await;
    let mut again = open(&app, "/ws", &[("sec-websocket-protocol", &offered)]).await;
    assert_eq!(again.until_closed().await, Some(4501), "a ticket is good once");
    let bound = ticket(&app, &ada, json!({"path": "/ws?workflow=x"})).await;
    let offered = format!("callboard.ticket.{bound}");
    let mut elsewhere = open(&app, "/api/v1/websocket/ws/custom", &[("sec-websocket-protocol", &offered)]).await;
    assert_eq!(elsewhere.until_closed().await, Some(4501), "it is bound to its path");
    let mut there = open(&app, "/ws", &[("sec-websocket-protocol", &offered)]).await;
    there.say(json!({"type": "ping", "timestamp": 1})).await;
    there.until("pong").await;
    there.leave().await;
}

#[actix::test]
async fn a_socket_s_first_message_says_who_its_client_is() {
    let app = setup().start().await;
    let (ada, _) = key(&app, "ada", &ALL).await;
    let started = send(&app, Method::POST, "/start-task", &ada, Some(json!({"task": "approval"}))).await.ok();
    let path = format!("/ws/{}", started["session_id"].as_str().unwrap());
    let mut by_key = open(&app, &path, &[]).await;
    by_key.say(json!({"type": "authenticate", "token": ada})).await;
    by_key.say(json!({"type": "ping", "timestamp": 7})).await;
    by_key.replay().await;
    by_key.until("pong").await;
    by_key.leave().await;
    let issued = ticket(&app, &ada, json!({})).await;
    let mut by_ticket = open(&app, "/api/v1/websocket/ws/custom", &[]).await;
    by_ticket.say(json!({"action": "authenticate", "ticket": issued})).await;
    by_ticket.say(json!({"action": "ping"})).await;
    by_ticket.until("connection.established").await;
    by_ticket.until("pong").await;
    by_ticket.leave().await;
    for first in [
        json!({"type": "ping", "timestamp": 1}),
        json!({"type": "authenticate", "token": "cbk_x"}),
        json!({"type": "authenticate"}),
        json!({"type": "authenticate", "token": ada, "ticket": issued}),
        json!({"type": "authenticate", "ticket": issued}),
    ] {
        let mut refused = open(&app, &path, &[]).await;
        refused.say(first.clone()).await;
        assert_eq!(refused.until_closed().await, Some(4501), "{first}");
        assert_eq!(refused.heard, Vec::<String>::new(), "{first}");
    }
    let mut lacks_scope = open(&app, "/ws", &[]).await;
    lacks_scope.say(json!({"type": "authenticate", "token": ada})).await;
    assert_eq!(lacks_scope.until_closed().await, Some(4503));
    let of_ada = format!("Bearer {ada}");
    let mut lacks_scope = open(&app, "/ws", &[("authorization", &of_ada)]).await;
    assert_eq!(lacks_scope.until_closed().await, Some(4503));
}

#[actix::test]
async fn what_is_said_behind_the_first_message_is_heard_though_its_client_has_gone() {
    let app = setup().start().await;
    let (ada, _) = key(&app, "ada", &[&ALL[..], &["sessions:cancel"]].concat()).await;
    for shows in ["token", "ticket"] {
        let started = send(&app, Method::POST, "/start-task", &ada, Some(json!({"task": "approval"}))).await.ok();
        let path = format!("/sessions/{}", started["session_id"].as_str().unwrap());
        let shown = if shows == "token" { ada.clone() } else { ticket(&app, &ada, json!({})).await };
        let mut hasty = open(&app, &path.replace("/sessions/", "/ws/"), &[]).await;
        hasty.say(json!({"type": "authenticate", (shows): shown})).await;
        hasty.say(json!({"type": "cancel"})).await;
        drop(hasty);
        let status = async || send(&app, Method::GET, &path, &ada, None).await.ok()["status"].clone();
        eventually(|| format!("{shows}: cancelled"), async || (status().await == "cancelled").then_some(())).await;
    }
}

#[actix::test]
async fn a_socket_whose_client_does_not_say_who_it_is_is_closed() {
    let app = setup().with(|settings| settings.auth.first_message_timeout = 0.1).start().await;
    let mut silent = open(&app, "/ws", &[]).await;
    assert_eq!(silent.until_closed().await, Some(4501));
    let mut wrong = open(&app, "/ws", &[("authorization", "Bearer x")]).await;
    assert_eq!(wrong.until_closed().await, Some(4501));
}

#[actix::test]
async fn whoever_goes_on_shows_another_credential_before_the_first_ends() {
    let app = setup().start().await;
    let scopes = [&ALL[..], &["workflows:read"]].concat();
    let short = json!({"name": "short", "owner": "ada", "scopes": scopes, "expires_in": 3});
    let made = send(&app, Method::POST, "/api/v1/keys", ADMIN, Some(short)).await;
    let (short, end) = (made.body["key"].as_str().unwrap().to_owned(), made.body["expires_at"].clone());
    let (long, _) = key(&app, "ada", &scopes).await;
    let (other, _) = key(&app, "bob", &scopes).await;
    let bearer = format!("Bearer {short}");
    let mut goes_on = open(&app, "/ws", &[("authorization", &bearer)]).await;
    let mut leaves = open(&app, "/ws", &[("authorization", &bearer)]).await;
    let mut becomes_another = open(&app, "/ws", &[("authorization", &bearer)]).await;
    assert_eq!(goes_on.until("reauthenticate").await["expires_at"], end);
    goes_on.say(json!({"type": "authenticate", "token": long})).await;
    becomes_another.say(json!({"type": "authenticate", "token": other})).await;
    assert_eq!(becomes_another.until_closed().await, Some(4501));
    assert_eq!(leaves.until_closed().await, Some(4501));
    goes_on.say(json!({"type": "ping", "timestamp": 1})).await;
    goes_on.until("pong").await;
    goes_on.leave().await;
}

/// Runs `callboard` beside a server, on its store.
fn command(setup: &Setup, args: &[&str], input: &str) -> std::process::Output {
    let store = format!("sqlite:{}", setup.database().display());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.arg("--store").arg(store).args(args).current_dir(setup.database().parent().unwrap()).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A login's cookie, and what has to be shown beside it.
async fn log_in(app: &TestApp, password: &str) -> Option<(String, String)> {
    let body = json!({"name": "ada", "password": password});
    let answer = app.request(Method::POST, "/login").json(&body).send().await.unwrap();
    if answer.status() != 200 {
        assert_eq!(answer.status(), 401);
        return None;
    }
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["__Host-callboard=cbl_", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!((&body["principal"]["kind"], &body["principal"]["owner"]), (&json!("known"), &json!("ada")));
    Some((cookie.split(';').next().unwrap().to_owned(), body["csrf_token"].as_str().unwrap().to_owned()))
}

#[actix::test]
async fn a_user_logs_in_on_the_page_until_the_password_is_changed() {
    let setup = Setup::sqlite().with(|settings| {
        settings.auth.users = true;
        settings.auth.login_attempts_per_minute = 100;
    });
    let app = setup.start().await;
    app.get("/readyz").await.ok();
    let added = command(&setup, &["users", "add", "ada"], "correct horse\n");
    assert!(added.status.success(), "{added:?}");
    assert!(!command(&setup, &["users", "add", "ada"], "correct horse\n").status.success());
    assert_eq!(log_in(&app, "correct horsf").await, None);
    let (cookie, csrf_token) = log_in(&app, "correct horse").await.unwrap();
    let ask = |method: Method, path: &str| app.request(method, path).header("cookie", &cookie);
    let me = api::send(ask(Method::GET, "/me")).await.ok();
    assert_eq!(me["csrf_token"], csrf_token);
    let start = || ask(Method::POST, "/start-task").json(&json!({"task": "approval"}));
    assert_eq!(api::send(start()).await.code(403), "forbidden", "another site's page could send this");
    assert_eq!(api::send(start().header("x-csrf-token", "x")).await.code(403), "forbidden");
    api::send(start().header("x-csrf-token", &csrf_token)).await.ok();
    let mut socket = open(&app, "/ws", &[("cookie", &cookie)]).await;
    let (other, other_csrf) = log_in(&app, "correct horse").await.unwrap();
    let out = app.request(Method::POST, "/logout").header("cookie", &other).header("x-csrf-token", &other_csrf);
    assert_eq!(api::send(out).await.status, 204);
    let is_in = async |cookie: &str| api::send(app.request(Method::GET, "/me").header("cookie", cookie)).await.status;
    assert_eq!((is_in(&other).await, is_in(&cookie).await), (401, 200));
    // Who logs in again in the same browser ends the login that it had.
    let (before, _) = log_in(&app, "correct horse").await.unwrap();
    let again = app.request(Method::POST, "/login").header("cookie", &before);
    let again = again.json(&json!({"name": "ada", "password": "correct horse"})).send().await.unwrap();
    assert_eq!(again.status(), 200);
    let after = again.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!((is_in(&before).await, is_in(&after).await, is_in(&cookie).await), (401, 200, 200));
    assert!(command(&setup, &["users", "passwd", "ada"], "battery staple\n").status.success());
    assert_eq!(socket.until_closed().await, Some(4501));
    assert_eq!(api::send(ask(Method::GET, "/me")).await.status, 401);
    assert_eq!(log_in(&app, "correct horse").await, None);
    assert!(log_in(&app, "battery staple").await.is_some());
}

#[actix::test]
async fn logging_in_cannot_be_tried_for_ever() {
    let setup = Setup::memory().with(|settings| {
        settings.auth.users = true;
        settings.auth.login_attempts_per_minute = 2;
    });
    let app = setup.start().await;
    let body = json!({"name": "ada", "password": "correct horse"});
    for _ in 0..2 {
        assert_eq!(app.post("/login", body.clone()).await.code(401), "unauthenticated");
    }
    let refused = app.request(Method::POST, "/login").json(&body).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 31);
}

#[actix::test]
async fn keys_are_made_and_revoked_on_the_command_line_beside_a_server() {
    let setup = Setup::sqlite().with(|settings| settings.auth.api_keys = true);
    let app = setup.start().await;
    app.get("/readyz").await.ok();
    let made = command(&setup, &["keys", "create", "--name", "ci", "--owner", "ada", "--scopes", "admin"], "");
    let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    eventually(|| "the key holds".into(), async || (get(&app, "/tasks", &key).await == 200).then_some(())).await;
    let listed = send(&app, Method::GET, "/api/v1/keys", &key, None).await.ok();
    let id = listed["keys"][0]["id"].as_str().unwrap();
    assert!(command(&setup, &["keys", "revoke", id], "").status.success());
    eventually(|| "the key is refused".into(), async || (get(&app, "/tasks", &key).await == 401).then_some(())).await;
    for wrong in [
        &["keys", "create", "--name", "x", "--owner", "x", "--scopes", "nope"][..],
        &["keys", "create", "--name", "x", "--owner", "x", "--scopes", "admin", "--expires", "soon"],
        &["keys", "revoke", "nope"],
    ] {
        let refused = command(&setup, wrong, "");
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{wrong:?} {refused:?}");
    }
}

#[actix::test]
async fn a_server_with_a_certificate_speaks_tls_on_requests_and_streams() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/src/connection/fixtures");
    let setup = Setup::memory().with(|settings| {
        settings.tls.certificate = Some(format!("{fixtures}/cert.pem"));
        settings.tls.key = Some(format!("{fixtures}/key.pem"));
    });
    let app = setup.start().await;
    let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build().unwrap();
    let url = |path: &str| format!("https://{}{path}", app.address);
    assert_eq!(client.get(url("/livez")).send().await.unwrap().status(), 200);
    let started = client.post(url("/start-task")).json(&json!({"task": "approval"})).send().await.unwrap();
    let started: Value = serde_json::from_slice(&started.bytes().await.unwrap()).unwrap();
    let path = format!("/sessions/{}/events", started["session_id"].as_str().unwrap());
    let stream = client.get(url(&path)).header("accept", "text/event-stream").send().await.unwrap();
    let mut events = stream.bytes_stream();
    let mut heard = String::new();
    while !heard.contains("request_confirmation") {
        heard.push_str(&String::from_utf8_lossy(&events.next().await.unwrap().unwrap()));
    }
    drop(events);
    assert!(app.request(Method::GET, "/livez").send().await.is_err(), "plain HTTP is not understood");
}

#[actix::test]
async fn operators_say_who_may_log_in() {
    let app = setup().with(|settings| settings.auth.users = true).start().await;
    let users = async |method, path: &str, body| send(&app, method, path, ADMIN, body).await;
    let ada = json!({"name": "ada", "password": "correct horse", "scopes": ["sessions:read"], "groups": ["ops"]});
    let added = users(Method::POST, "/api/v1/users", Some(ada.clone())).await;
    assert_eq!((added.status, &added.body["name"]), (201, &json!("ada")), "{}", added.body);
    assert!(!added.body.to_string().contains("correct horse"));
    assert_eq!(users(Method::POST, "/api/v1/users", Some(ada)).await.code(409), "user_exists");
    let short = json!({"name": "bob", "password": "short"});
    let refused = users(Method::POST, "/api/v1/users", Some(short)).await;
    assert_eq!((refused.code(422), &refused.body["errors"][0]["loc"][1]), ("invalid_body", &json!("password")));
    let (cookie, csrf_token) = log_in(&app, "correct horse").await.unwrap();
    let me = async || api::send(app.request(Method::GET, "/me").header("cookie", &cookie)).await;
    assert_eq!(me().await.ok()["principal"]["groups"], json!(["ops"]));
    let own = app.request(Method::GET, "/api/v1/users").header("cookie", &cookie).header("x-csrf-token", &csrf_token);
    assert_eq!(api::send(own).await.code(403), "forbidden");
    let changed = users(Method::PUT, "/api/v1/users/ada", Some(json!({"password": "battery staple"}))).await.ok();
    assert_eq!((&changed["scopes"], &changed["groups"]), (&json!(["sessions:read"]), &json!(["ops"])));
    assert_eq!(me().await.status, 401, "a change ends all logins");
    assert!(log_in(&app, "battery staple").await.is_some());
    let listed = users(Method::GET, "/api/v1/users", None).await.ok();
    assert_eq!(listed["users"].as_array().unwrap().len(), 1);
    assert_eq!(users(Method::DELETE, "/api/v1/users/ada", None).await.status, 204);
    assert_eq!(log_in(&app, "battery staple").await, None);
    for (method, body) in [(Method::DELETE, None), (Method::PUT, Some(json!({"groups": []})))] {
        assert_eq!(users(method, "/api/v1/users/ada", body).await.code(404), "unknown_user");
    }
}

#[actix::test]
async fn nothing_is_listed_to_visitors_who_are_let_in_to_what_they_know() {
    let setup = Setup::memory().with(|settings| {
        settings.server.admin_token = Some(ADMIN.to_owned().into());
        settings.auth.first_message_timeout = 0.1;
    });
    let app = setup.start().await;
    let visits = |method, path: &str| app.request(method, path).header("x-forwarded-for", "192.0.2.1");
    let started = api::send(visits(Method::POST, "/start-task").json(&json!({"task": "approval"}))).await.ok();
    let id = started["session_id"].as_str().unwrap();
    api::send(visits(Method::GET, &format!("/sessions/{id}"))).await.ok();
    for list in ["/sessions", "/requests", "/workflows", "/api/v1/events", "/api/v1/crews", "/api/v1/executions"] {
        assert_eq!(api::send(visits(Method::GET, list)).await.code(401), "unauthenticated", "{list}");
        send(&app, Method::GET, list, ADMIN, None).await.ok();
    }
    let clock = json!({"id": "Clock-1", "type": "Clock", "inputs": {}});
    let workflow = json!({"id": "one", "name": "One", "nodes": [clock], "edges": []});
    assert_eq!(send(&app, Method::POST, "/workflows", ADMIN, Some(workflow)).await.status, 201);
    let elsewhere = [("x-forwarded-for", "192.0.2.1")];
    let mut all = open(&app, "/ws", &elsewhere).await;
    send(&app, Method::POST, "/workflows/one/continuous/start", ADMIN, Some(json!({"interval_ms": 10}))).await.ok();
    all.say(json!({"type": "ping", "timestamp": 1})).await;
    assert_eq!(all.next().await.unwrap()["type"], "pong", "it hears of no workflow that it has not named");
    all.leave().await;
    let mut every = open(&app, "/api/v1/websocket/ws/custom?subscriptions=execution.*", &elsewhere).await;
    assert_eq!(every.until_closed().await, Some(4501));
    send(&app, Method::POST, "/workflows/one/continuous/stop", ADMIN, None).await.ok();
}
