//! A client of event sockets that reads every form, and a task that makes events.

use std::collections::VecDeque;
use std::io::Read;

use callboard::proto::{Event, Frame};
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{Api, PATIENCE, Setup, TestApp, Value, json, kind};

/// Where the event sockets are.
pub const BASE: &str = "/api/v1/websocket/ws";

/// A client of an event socket.
pub struct Feed {
    socket: WebSocketStream<TcpStream>,
    waiting: VecDeque<Value>,
    /// The first message of all.
    pub established: Value,
    /// What each frame was: how many messages, and whether it was compressed, binary.
    pub frames: Vec<(usize, bool, bool)>,
    /// Once it is closed: the code.
    pub closed: Option<u16>,
}

impl Feed {
    pub async fn open(api: &Api, path: &str) -> Self {
        Self::open_with(api, path, None).await
    }

    /// A socket of any kind, by its whole path.
    pub async fn open_at(api: &Api, path: &str) -> Self {
        Self::open_url(api, path, None).await
    }

    /// The same with a receive buffer of this size.
    pub async fn open_with(api: &Api, path: &str, buffer: Option<u32>) -> Self {
        Self::open_url(api, &format!("{BASE}/{path}"), buffer).await
    }

    async fn open_url(api: &Api, path: &str, buffer: Option<u32>) -> Self {
        let tcp = TcpSocket::new_v4().unwrap();
        if let Some(buffer) = buffer {
            tcp.set_recv_buffer_size(buffer).unwrap();
        }
        let tcp = tcp.connect(api.address).await.unwrap();
        let mut request = format!("ws://{}{path}", api.address).into_client_request().unwrap();
        if let Some(token) = &api.token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let (socket, _) = client_async(request, tcp).await.unwrap();
        let mut feed =
            Self { socket, waiting: VecDeque::new(), established: Value::Null, frames: Vec::new(), closed: None };
        feed.established = feed.next().await.expect("a first message");
        feed
    }

    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message; `None` once it is closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            if self.closed.is_some() {
                return None;
            }
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something comes");
            match frame {
                Some(Ok(Message::Text(text))) => self.take(text.as_bytes(), false, false),
                Some(Ok(Message::Binary(data))) if data.starts_with(&[0x1f, 0x8b]) => {
                    let mut out = Vec::new();
                    flate2::read::GzDecoder::new(&data[..]).read_to_end(&mut out).unwrap();
                    self.take(&out, true, true);
                }
                Some(Ok(Message::Binary(data))) => self.take(&data, false, true),
                Some(Ok(Message::Close(close))) => self.closed = Some(close.map_or(0, |close| close.code.into())),
                Some(Ok(_)) => {}
                None | Some(Err(_)) => self.closed = Some(0),
            }
        }
    }

    fn take(&mut self, data: &[u8], is_packed: bool, is_binary: bool) {
        let messages: Vec<Value> = match serde_json::from_slice(data) {
            Ok(Value::Array(events)) => events,
            Ok(message) => vec![message],
            Err(_) => from_protobuf(data),
        };
        self.frames.push((messages.len(), is_packed, is_binary));
        self.waiting.extend(messages);
    }

    /// Reads on until a message of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("closed ({:?}) before a {kind}", self.closed));
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// All events up to one of this type, without the answers and what is about this connection.
    pub async fn all_until(&mut self, kind: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("closed ({:?}) before a {kind}", self.closed));
            assert_ne!(message["type"], "error", "{message}");
            let is_last = message["type"] == kind;
            if message["id"].is_string() && message["type"] != "connection.heartbeat" {
                all.push(message);
            }
            if is_last {
                return all;
            }
        }
    }

    /// Says this and gives the answer of this type.
    pub async fn ask(&mut self, message: Value, answer: &str) -> Value {
        self.say(message).await;
        self.until(answer).await
    }

    /// Asks for these and waits for the answer.
    pub async fn subscribe(&mut self, words: &[&str]) -> Value {
        self.ask(json!({"action": "subscribe", "subscriptions": words}), "subscribed").await
    }

    /// Where the log stood when it was opened.
    pub fn position(&self) -> String {
        let data = &self.established["data"];
        format!("{}:{}", data["epoch"].as_str().unwrap(), data["last_seq"])
    }

    pub fn client_id(&self) -> &str {
        self.established["data"]["client_id"].as_str().unwrap()
    }

    pub async fn leave(mut self) {
        let _ = self.socket.close(None).await;
        while self.next().await.is_some() {}
    }
}

fn from_protobuf(data: &[u8]) -> Vec<Value> {
    let frame = Frame::decode(data).unwrap();
    if !frame.answer.is_empty() {
        return vec![serde_json::from_str(&frame.answer).unwrap()];
    }
    let read = |event: Event| {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        let seq = if event.seq == 0 { Value::Null } else { event.seq.into() };
        json!({"id": event.id, "type": event.r#type, "data": data, "seq": seq, "execution_id": event.execution_id})
    };
    let messages = frame.messages.iter().map(|message| serde_json::from_str(&message.json).unwrap());
    messages.chain(frame.events.into_iter().map(read)).collect()
}

/// A server with the task kind `say`, which makes `count` events of the type `custom.said` with `n` from 1 on and a
/// text of so many bytes, and then one `custom.done`.
pub fn saying(setup: Setup) -> Setup {
    setup.task(kind("say", async |context| {
        let config = context.config().clone();
        let text = "x".repeat(config["bytes"].as_u64().unwrap_or(0) as usize);
        for n in 1..=config["count"].as_u64().unwrap_or(1) {
            let said = json!({"n": n, "text": text});
            context.emit("custom.said", said.as_object().unwrap().clone()).await;
            if n % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        context.emit("custom.done", Default::default()).await;
        Ok(json!({}))
    }))
}

/// Lets `count` events happen; gives the session.
pub async fn say(app: &TestApp, count: u64, bytes: u64) -> String {
    app.start("say", json!({"count": count, "bytes": bytes})).await
}

/// The `n` of those events that were said.
pub fn numbers(events: &[Value]) -> Vec<u64> {
    events
        .iter()
        .filter(|event| event["type"] == "custom.said")
        .map(|event| event["data"]["n"].as_u64().unwrap())
        .collect()
}
