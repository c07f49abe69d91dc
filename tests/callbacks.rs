//! Callbacks: what is posted, signed how, in which order, over failures and over a server that is killed.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callboard::config::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::api;
use crate::support::app::{Setup, TestApp};
use crate::support::eventually;
use crate::support::process::TestProcess;

/// What a receiver got.
#[derive(Debug)]
pub(crate) struct Got {
    headers: Vec<(String, String)>,
    body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody who is posted to.
pub(crate) struct Receiver {
    address: SocketAddr,
    got: mpsc::UnboundedReceiver<Got>,
    /// What it answers next; then 204.
    answers: crossbeam_channel::Sender<u16>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (sender, got) = mpsc::unbounded_channel();
        let (answers, next) = crossbeam_channel::unbounded::<u16>();
        let server = HttpServer::new(move || {
            let (sender, next) = (sender.clone(), next.clone());
            App::new().default_service(web::to(move |request: HttpRequest, body: String| {
                let (sender, next) = (sender.clone(), next.clone());
                async move {
                    let headers = request.headers().iter();
                    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                    let _ = sender.send(Got { headers: headers.collect(), body });
                    let status = next.try_recv().unwrap_or(204);
                    let mut answer = HttpResponse::build(status.try_into().unwrap());
                    if status == 302 {
                        answer.insert_header(("location", "/elsewhere"));
                    }
                    answer.finish()
                }
            }))
        });
        let server = server.workers(1).bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        actix::spawn(server.run());
        Self { address, got, answers }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) async fn next(&mut self) -> Got {
        let got = tokio::time::timeout(Duration::from_secs(30), self.got.recv()).await;
        got.expect("something is posted").unwrap()
    }
}

fn setup(setup: Setup) -> Setup {
    setup.with(|settings: &mut Settings| {
        settings.callbacks.allowed_hosts = vec!["127.0.0.1".into()];
        settings.callbacks.retry_after = 0.02;
    })
}

async fn start(app: &TestApp, callback: Value) -> String {
    let started = app.post("/start-task", json!({"task": "approval", "callback": callback})).await.ok();
    started["session_id"].as_str().unwrap().to_owned()
}

async fn deliveries(app: &TestApp, session: &str) -> Vec<Value> {
    app.get(&format!("/sessions/{session}/callbacks")).await.ok()["callbacks"].as_array().unwrap().clone()
}

#[actix::test]
async fn a_question_and_the_end_are_posted_signed_and_listed() {
    let app = setup(Setup::memory()).start().await;
    let mut receiver = Receiver::start().await;
    let secret = format!("whsec_{}", STANDARD.encode([7; 24]));
    let session = start(&app, json!({"url": receiver.url(), "secret": secret})).await;
    let first = receiver.next().await;
    let said = first.json();
    assert_eq!((&said["type"], &said["data"]["session_id"]), (&json!("request"), &json!(session)));
    let request_id = said["data"]["request"]["request_id"].as_str().unwrap().to_owned();
    assert!(said["timestamp"].is_string());
    assert!(first.header("webhook-id").starts_with("msg_"));
    assert!(first.header("webhook-timestamp").parse::<u64>().is_ok());
    assert!(first.header("webhook-signature").starts_with("v1,"));
    let answer = json!({"request_id": request_id, "value": true});
    app.post(&format!("/sessions/{session}/confirm"), answer).await.ok();
    let last = receiver.next().await;
    assert_eq!((&last.json()["type"], &last.json()["data"]["status"]), (&json!("ended"), &json!("completed")));
    let is_delivered = || async {
        let all = deliveries(&app, &session).await;
        (all.len() == 2 && all.iter().all(|one| one["state"] == "delivered")).then_some(all)
    };
    let all = eventually(|| "both are delivered".into(), is_delivered).await;
    assert_eq!(all[0]["id"], first.header("webhook-id"));
    assert_eq!(all[0]["attempts"][0]["status"], 204);
    assert!(!json!(all).to_string().contains("whsec_"));
    // And once more, under the same id.
    let path = format!("/sessions/{session}/callbacks/{}/redeliver", all[0]["id"].as_str().unwrap());
    assert_eq!(app.post(&path, Value::Null).await.status, 202);
    let again = receiver.next().await;
    assert_eq!((again.header("webhook-id"), &again.body), (first.header("webhook-id"), &first.body));
    let unknown = app.post(&format!("/sessions/{session}/callbacks/msg_0/redeliver"), Value::Null).await;
    assert_eq!(unknown.code(404), "unknown_delivery");
}

#[actix::test]
async fn what_is_not_taken_is_sent_again_in_order_and_a_redirect_is_not_followed() {
    let app = setup(Setup::memory()).start().await;
    let mut receiver = Receiver::start().await;
    for status in [500, 302, 404] {
        receiver.answers.send(status).unwrap();
    }
    let session = start(&app, json!({"url": receiver.url()})).await;
    app.post(&format!("/sessions/{session}/cancel"), Value::Null).await.ok();
    let (mut ids, mut kinds) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let got = receiver.next().await;
        assert_eq!(got.header("webhook-signature"), "");
        ids.push(got.header("webhook-id").to_owned());
        kinds.push(got.json()["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["request", "request", "request", "request", "ended"]);
    ids.dedup();
    assert_eq!(ids.len(), 2);
    let statuses = || async {
        let all = deliveries(&app, &session).await;
        let of = |one: &Value| one["attempts"].as_array().unwrap().iter().map(|try_| try_["status"].clone()).collect();
        let statuses: Vec<Vec<Value>> = all.iter().map(of).collect();
        (statuses == [vec![json!(500), json!(302), json!(404), json!(204)], vec![json!(204)]]).then_some(())
    };
    eventually(|| "all tries are listed".into(), statuses).await;
}

#[actix::test]
async fn what_may_not_be_posted_to_is_refused_with_the_place_of_the_fault() {
    let app = setup(Setup::memory()).start().await;
    for (callback, loc) in [
        (json!({"url": "http://10.0.0.1/x"}), "url"),
        (json!({"url": "http://[::ffff:7f00:1]:80/x"}), "url"),
        (json!({"url": "file:///etc/passwd"}), "url"),
        (json!({"url": format!("http://{}/start-task", app.address)}), "url"),
        (json!({"url": "https://user:pass@example.com/"}), "url"),
        (json!({}), "url"),
        (json!({"url": "https://example.com/", "events": ["started"]}), "events"),
        (json!({"url": "https://example.com/", "secret": "abc"}), "secret"),
        (json!({"url": "https://example.com/", "more": 1}), "more"),
    ] {
        let answer = app.post("/start-task", json!({"task": "approval", "callback": callback})).await;
        assert_eq!(answer.code(422), "invalid_body", "{callback}");
        assert_eq!(answer.body["errors"][0]["loc"], json!(["body", "callback", loc]), "{}", answer.body);
    }
}

#[actix::test]
async fn a_host_that_leads_to_this_machine_is_not_reached() {
    let app = Setup::memory().with(|settings: &mut Settings| settings.callbacks.retry_after = 0.02).start().await;
    let receiver = Receiver::start().await;
    let session = start(&app, json!({"url": format!("http://localhost:{}/x", receiver.address.port())})).await;
    let failed = || async {
        let all = deliveries(&app, &session).await;
        let error = all.first()?["attempts"][0]["error"].as_str()?.to_owned();
        error.contains("no address that may be asked").then_some(all)
    };
    let all = eventually(|| "the try is listed".into(), failed).await;
    assert_eq!(all[0]["attempts"][0]["status"], Value::Null);
}

#[actix::test]
async fn the_news_of_all_sessions_goes_where_the_settings_say() {
    let mut receiver = Receiver::start().await;
    let url = receiver.url();
    let app = setup(Setup::memory())
        .with(|settings: &mut Settings| {
            let secret = format!("whsec_{}", STANDARD.encode([9; 32])).into();
            let events = vec![callboard::domain::callback::CallbackEvent::Ended];
            settings.callback.push(callboard::config::callbacks::Callback {
                url,
                events,
                secret: Some(secret),
                share: false,
            });
        })
        .start()
        .await;
    let started = app.post("/start-task", json!({"task": "approval"})).await.ok();
    let session = started["session_id"].as_str().unwrap();
    app.post(&format!("/sessions/{session}/cancel"), Value::Null).await.ok();
    let got = receiver.next().await;
    assert_eq!((&got.json()["type"], &got.json()["data"]["session_id"]), (&json!("ended"), &json!(session)));
    assert!(got.header("webhook-signature").starts_with("v1,"));
}

#[actix::test]
async fn the_news_of_a_question_may_have_a_link_to_answer_it_by() {
    let mut receiver = Receiver::start().await;
    let public = |settings: &mut Settings| settings.server.public_url = Some("https://board.example/".into());
    let app = setup(Setup::memory()).with(public).start().await;
    let session = start(&app, json!({"url": receiver.url(), "share": true})).await;
    let url = receiver.next().await.json()["data"]["share"]["url"].as_str().unwrap().to_owned();
    let token = url.strip_prefix("https://board.example/app/answer#").unwrap();
    let shared =
        |method: Method| api::send(app.request(method, "/shared").bearer_auth(token).json(&json!({"value": true})));
    let answered = shared(Method::POST).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let ended = receiver.next().await.json();
    assert_eq!(
        (&ended["type"], &ended["data"]["session_id"], &ended["data"]["share"]),
        (&json!("ended"), &json!(session), &Value::Null)
    );
    assert_eq!(shared(Method::POST).await.status, 410);
    let without = setup(Setup::memory()).start().await;
    let body = json!({"task": "approval", "callback": {"url": receiver.url(), "share": true}});
    assert_eq!(without.post("/start-task", body).await.code(422), "invalid_body");
}

#[actix::test]
async fn what_was_not_sent_when_the_server_was_killed_is_sent_by_the_next() {
    let mut receiver = Receiver::start().await;
    for _ in 0..2 {
        receiver.answers.send(500).unwrap();
    }
    let settings = [("callbacks.allowed_hosts", "127.0.0.1"), ("callbacks.retry_after", "0.3")];
    let mut server = TestProcess::start_with(&settings).await;
    let body = json!({"task": "approval", "callback": {"url": receiver.url()}});
    let started = server.post("/start-task", body).await.ok();
    let session = started["session_id"].as_str().unwrap();
    let first = receiver.next().await;
    server.crash().await;
    let second = receiver.next().await;
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    server.post(&format!("/sessions/{session}/cancel"), Value::Null).await.ok();
    loop {
        if receiver.next().await.json()["type"] == "ended" {
            return;
        }
    }
}
