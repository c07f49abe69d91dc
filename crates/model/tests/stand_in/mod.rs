//! A server that plays one answer after the other, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify};

/// What the server answers once.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    head: String,
    body: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// The body ends as it should.
    End,
    /// The connection ends.
    Cut,
    /// Nothing more happens until the client goes.
    Hold,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    head: String,
    body: Vec<u8>,
}

pub(crate) struct StandIn {
    addr: SocketAddr,
    state: Arc<State>,
}

struct State {
    plays: Mutex<VecDeque<Play>>,
    asked: Mutex<Vec<Asked>>,
    left: Notify,
}

impl Play {
    fn new(status: u16, kind: &str, body: &str, then: Then) -> Self {
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n");
        Self { head, body: body.as_bytes().to_vec(), then }
    }

    pub(crate) fn stream(body: &str) -> Self {
        Self::new(200, "text/event-stream", body, Then::End)
    }

    pub(crate) fn cut(body: &str) -> Self {
        Self::new(200, "text/event-stream", body, Then::Cut)
    }

    pub(crate) fn hold(body: &str) -> Self {
        Self::new(200, "text/event-stream", body, Then::Hold)
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", &body.to_string(), Then::End)
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl StandIn {
    pub(crate) async fn start(plays: impl IntoIterator<Item = Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let plays = Mutex::new(plays.into_iter().collect());
        let state = Arc::new(State { plays, asked: Mutex::default(), left: Notify::new() });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self { addr, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    pub(crate) async fn requests(&self) -> Vec<Asked> {
        self.state.asked.lock().await.clone()
    }

    /// Waits until a client has gone from an answer that was held.
    pub(crate) async fn left(&self) {
        self.state.left.notified().await;
    }
}

async fn serve(mut socket: TcpStream, state: Arc<State>) {
    let mut read = Vec::new();
    while let Some(asked) = request(&mut socket, &mut read).await {
        state.asked.lock().await.push(asked);
        let Some(play) = state.plays.lock().await.pop_front() else { return };
        let length = match play.then {
            Then::End => play.body.len(),
            Then::Cut | Then::Hold => play.body.len() + 1000,
        };
        let head = format!("{}content-length: {length}\r\n\r\n", play.head);
        socket.write_all(&[head.as_bytes(), &play.body].concat()).await.unwrap();
        match play.then {
            Then::End => {}
            Then::Cut => return,
            Then::Hold => {
                while socket.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
                state.left.notify_one();
                return;
            }
        }
    }
}

async fn request(socket: &mut TcpStream, read: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let asked = Asked { head, body: Vec::new() };
            let length: usize = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
            if read.len() >= end + 4 + length {
                let body = read[end + 4..end + 4 + length].to_vec();
                read.drain(..end + 4 + length);
                return Some(Asked { body, ..asked });
            }
        }
        if socket.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}
