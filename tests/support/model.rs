//! A server of chat completions that plays what a test writes down, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::eventually;

/// One reply.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This text.
    Text(String),
    /// This text, in these parts.
    Parts(Vec<String>),
    /// These calls of tools.
    Calls(Vec<(&'static str, Value)>),
    /// The same, which ends because it may not be longer.
    Cut(Box<Reply>),
    /// This text again and again without an end, until the client goes; once, where the server has let go.
    Hold(&'static str),
    /// This status and body.
    Refuse(u16, Value),
    /// The first where the conversation has these words in it, else the second.
    Where(&'static str, Box<Reply>, Box<Reply>),
    /// That the conversation is too long, where its messages have more bytes; else this.
    Within(usize, Box<Reply>),
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Call {
    pub model: String,
    pub key: String,
    pub body: Value,
}

/// The server.
pub struct Model {
    pub url: String,
    state: Arc<State>,
}

struct State {
    script: HashMap<String, Vec<Reply>>,
    calls: Mutex<Vec<Call>>,
    holds: Mutex<bool>,
    /// How many calls are still refused with 429, and what they are told in `Retry-After`.
    busy: Mutex<(usize, &'static str)>,
    /// How many held replies were given up by who asked.
    left: Mutex<usize>,
}

pub fn text(text: &str) -> Reply {
    Reply::Text(text.to_owned())
}

pub fn call(tool: &'static str, arguments: Value) -> Reply {
    Reply::Calls(vec![(tool, arguments)])
}

impl Call {
    /// All that its messages say.
    pub fn said(&self) -> String {
        self.body["messages"].to_string()
    }

    /// What its tools gave, in order.
    pub fn results(&self) -> Vec<String> {
        let messages = self.body["messages"].as_array().unwrap().iter();
        let results = messages.filter(|message| message["role"] == "tool");
        results.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }

    pub fn tools(&self) -> usize {
        self.body["tools"].as_array().map_or(0, Vec::len)
    }
}

impl Model {
    /// A server that plays, for each model, one reply a turn, and the last one again and again.
    pub async fn play<const N: usize>(script: [(&str, Vec<Reply>); N]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let script = script.into_iter().map(|(model, replies)| (model.to_owned(), replies)).collect();
        let state = Arc::new(State {
            script,
            calls: Mutex::default(),
            holds: Mutex::new(true),
            busy: Mutex::default(),
            left: Mutex::default(),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, shared.clone()));
            }
        });
        Self { url, state }
    }

    /// Holds no reply any more: each is the text that it begins with.
    pub fn let_go(&self) {
        *self.state.holds.lock().unwrap() = false;
    }

    /// Refuses so many calls with 429 and this `Retry-After`.
    pub fn refuse(&self, calls: usize, retry_after: &'static str) {
        *self.state.busy.lock().unwrap() = (calls, retry_after);
    }

    /// Waits until the connection of a held reply was closed.
    pub async fn until_left(&self) {
        eventually(|| "the call is given up".into(), async || (*self.state.left.lock().unwrap() > 0).then_some(()))
            .await;
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap().clone()
    }

    /// The calls of one model.
    pub fn of(&self, model: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.model == model).collect()
    }

    /// Waits until a model was asked so often.
    pub async fn until(&self, model: &str, times: usize) {
        eventually(|| format!("{times} calls of {model}"), async || (self.of(model).len() >= times).then_some(()))
            .await;
    }
}

async fn serve(mut socket: TcpStream, state: Arc<State>) {
    let mut read = Vec::new();
    while let Some((head, body)) = request(&mut socket, &mut read).await {
        let header = |name: &str| {
            let found =
                head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        let turn = messages.iter().filter(|message| message["role"] == "assistant").count();
        let replies = &state.script[&model];
        let mut reply = replies[turn.min(replies.len() - 1)].clone();
        if let Reply::Where(words, one, other) = reply {
            reply = if body["messages"].to_string().contains(words) { *one } else { *other };
        }
        if let Reply::Within(most, _) = reply
            && body["messages"].to_string().len() > most
        {
            // Its tokens are of one byte, which nobody expects.
            let error = json!({"type": "exceed_context_size_error", "message": "too long", "n_ctx": most});
            reply = Reply::Refuse(400, json!({ "error": error }));
        }
        let number = {
            let mut calls = state.calls.lock().unwrap();
            calls.push(Call { model, key: header("idempotency-key"), body });
            calls.len()
        };
        let refused = {
            let mut busy = state.busy.lock().unwrap();
            let is_busy = busy.0 > 0;
            busy.0 = busy.0.saturating_sub(1);
            is_busy.then_some(busy.1)
        };
        if let Some(retry_after) = refused {
            let head = format!("HTTP/1.1 429 X\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\n\r\n");
            if socket.write_all(head.as_bytes()).await.is_err() {
                return;
            }
            continue;
        }
        let (status, kind, text, holds) = written(reply, number, &state);
        let length = if holds { "connection: close".to_owned() } else { format!("content-length: {}", text.len()) };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{length}\r\n\r\n");
        if socket.write_all((head + text.as_str()).as_bytes()).await.is_err() {
            return;
        }
        if holds {
            // The same again and again, so that whoever watches late sees some of it.
            while socket.write_all(text.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            *state.left.lock().unwrap() += 1;
            return;
        }
    }
}

/// What a reply is on the wire: its status, its kind, its text, and whether it goes on without an end.
fn written(reply: Reply, number: usize, state: &State) -> (u16, &'static str, String, bool) {
    const STREAM: &str = "text/event-stream";
    let chunk = |delta: Value| format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}));
    let usage = format!(
        "data: {}\n\ndata: [DONE]\n\n",
        json!({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10}})
    );
    match reply {
        Reply::Within(_, reply) | Reply::Where(_, reply, _) => written(*reply, number, state),
        Reply::Cut(reply) => {
            let (status, kind, text, holds) = written(*reply, number, state);
            let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]});
            (status, kind, text.replace(&usage, &format!("data: {end}\n\n{usage}")), holds)
        }
        Reply::Refuse(status, body) => (status, "application/json", body.to_string(), false),
        Reply::Text(text) => (200, STREAM, chunk(json!({"content": text})) + usage.as_str(), false),
        Reply::Parts(parts) => {
            let parts: String = parts.into_iter().map(|text| chunk(json!({"content": text}))).collect();
            (200, STREAM, parts + usage.as_str(), false)
        }
        Reply::Calls(calls) => {
            let call = |(at, (name, arguments)): (usize, &(&str, Value))| {
                let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
                json!({"index": at, "id": format!("call_{number}_{at}"), "type": "function",
                       "function": {"name": name, "arguments": arguments}})
            };
            let calls: Vec<Value> = calls.iter().enumerate().map(call).collect();
            (200, STREAM, chunk(json!({"tool_calls": calls})) + usage.as_str(), false)
        }
        Reply::Hold(text) => {
            let holds = *state.holds.lock().unwrap();
            let rest = if holds { String::new() } else { usage };
            (200, STREAM, chunk(json!({"content": text})) + rest.as_str(), holds)
        }
    }
}

async fn request(socket: &mut TcpStream, read: &mut Vec<u8>) -> Option<(String, Value)> {
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length:").map(|length| length.trim().parse::<usize>().unwrap())
            });
            let length = length.unwrap_or(0);
            if read.len() >= end + 4 + length {
                let body = serde_json::from_slice(&read[end + 4..end + 4 + length]).unwrap_or_default();
                read.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        if socket.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}
