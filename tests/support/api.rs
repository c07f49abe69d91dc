//! A server's HTTP interface, as tests call it.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite;

use super::client::Client;
use super::{PATIENCE, eventually};

/// How long a connection is kept that nobody uses: less than servers keep it, which might else close it just as a request is on
/// its way.
const IDLE: Duration = Duration::from_secs(20);

/// A server's HTTP interface.
#[derive(Clone)]
pub struct Api {
    pub address: SocketAddr,
    http: reqwest::Client,
    /// What it shows to say who it is.
    pub token: Option<String>,
}

/// An answer: its status and, where it is JSON, its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of an answer that must have been given with 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The code of an answer that must have been refused with this status.
    #[track_caller]
    pub fn code(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["code"].as_str().unwrap()
    }
}

impl Api {
    pub fn new(address: SocketAddr) -> Self {
        let builder = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
        let http = builder.pool_idle_timeout(IDLE).build().unwrap();
        Self { address, http, token: None }
    }

    /// The same for whoever has this token.
    pub fn bearing(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Starts a task of this kind with this configuration; gives its session's id.
    pub async fn start(&self, task: &str, config: Value) -> String {
        self.start_with(json!({"task": task, "config": config})).await
    }

    /// Starts what this body asks for; gives its session's id.
    pub async fn start_with(&self, body: Value) -> String {
        let started = self.post("/start-task", body).await.ok();
        started["session_id"].as_str().unwrap().to_owned()
    }

    /// All about a session.
    pub async fn session(&self, id: &str) -> Value {
        self.get(&format!("/sessions/{id}")).await.ok()
    }

    /// Waits until a session is in this state; gives all about it.
    pub async fn until_status(&self, id: &str, status: &str) -> Value {
        let last = std::cell::RefCell::new(Value::Null);
        eventually(
            || format!("status {status}; it was last {}", last.borrow()),
            async || {
                let session = self.session(id).await;
                let is_so = session["status"] == status;
                last.replace(session.clone());
                is_so.then_some(session)
            },
        )
        .await
    }

    /// Gives an answer over HTTP: `what` is `confirm`, `input`, `retry` or `cancel`.
    pub async fn answer(&self, id: &str, what: &str, body: Value) -> Answer {
        self.post(&format!("/sessions/{id}/{what}"), body).await
    }

    /// The whole journal as HTTP gives it, entry by entry, byte for byte.
    pub async fn journal(&self, id: &str) -> Vec<String> {
        self.try_journal(id).await.unwrap()
    }

    /// The same, or why it is not to be had.
    pub async fn try_journal(&self, id: &str) -> Result<Vec<String>, String> {
        let mut journal = Vec::new();
        loop {
            let path = format!("/sessions/{id}/events?limit=100000&since={}", journal.len());
            let answer = self.request(Method::GET, &path).send().await.map_err(|error| format!("{error:?}"))?;
            let status = answer.status();
            let text = answer.text().await.map_err(|error| format!("{error:?}"))?;
            if status != 200 {
                return Err(format!("{path} gives {status}: {text}"));
            }
            let (events, last_seq) = events(&text);
            let is_end = events.is_empty();
            journal.extend(events);
            if journal.len() as u64 >= last_seq {
                return Ok(journal);
            }
            if is_end {
                return Err(format!("the journal has {last_seq} entries and gives {}", journal.len()));
            }
        }
    }

    /// A WebSocket on a session, from its snapshot or from `since`.
    pub async fn connect(&self, id: &str, since: Option<u64>) -> Client {
        let since = since.map(|seq| format!("?since={seq}")).unwrap_or_default();
        self.socket(&format!("/ws/{id}{since}")).await.unwrap()
    }

    /// A WebSocket of any kind.
    pub async fn socket(&self, path: &str) -> Result<Client, tungstenite::Error> {
        Client::connect_as(&format!("ws://{}{path}", self.address), self.token.as_deref()).await
    }
}

/// The entries of an answer of `/events` as they stand in it, and its `last_seq`.
fn events(text: &str) -> (Vec<String>, u64) {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
        last_seq: u64,
    }
    let page: Page<'_> = serde_json::from_str(text).unwrap();
    (page.events.into_iter().map(|event| event.get().to_owned()).collect(), page.last_seq)
}

/// Sends a request; an answer without a body counts as null.
pub async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    Answer { status, body }
}
