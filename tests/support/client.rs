//! A WebSocket client with a codec that has nothing to do with the server's; it keeps all it hears.

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::PATIENCE;

/// A WebSocket.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Every message, as it came.
    pub heard: Vec<String>,
    /// Once it is closed: the code of the close frame, or `None` where there was none.
    pub closed: Option<Option<u16>>,
}

impl Client {
    pub async fn connect(url: &str) -> Result<Self, tungstenite::Error> {
        Self::connect_as(url, None).await
    }

    /// The same for whoever has this token.
    pub async fn connect_as(url: &str, token: Option<&str>) -> Result<Self, tungstenite::Error> {
        let mut request = url.into_client_request()?;
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        Self::connect_with(request).await
    }

    /// The same with headers of one's own.
    pub async fn connect_with(request: impl IntoClientRequest + Unpin) -> Result<Self, tungstenite::Error> {
        let connecting = tokio::time::timeout(PATIENCE, connect_async(request));
        let (socket, _) = connecting.await.expect("the upgrade is answered")?;
        Ok(Self { socket, heard: Vec::new(), closed: None })
    }

    /// The last messages and how it was closed, to say what came before something went wrong.
    fn last_words(&self) -> String {
        let heard = self.heard[self.heard.len().saturating_sub(30)..].join("\n");
        match self.closed {
            None => heard,
            Some(None) => format!("{heard}\n(closed without a close frame)"),
            Some(Some(code)) => format!("{heard}\n(closed with {code})"),
        }
    }

    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message; `None` once the socket is closed.
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Option<Value>> {
        let caller = std::panic::Location::caller();
        async move {
            loop {
                if self.closed.is_some() {
                    return None;
                }
                let Ok(frame) = tokio::time::timeout(PATIENCE, self.socket.next()).await else {
                    panic!("{caller}: nothing more comes after\n{}", self.last_words())
                };
                match frame {
                    Some(Ok(Message::Text(text))) => {
                        let value = serde_json::from_str(&text).unwrap();
                        self.heard.push(text.to_string());
                        return Some(value);
                    }
                    Some(Ok(Message::Close(close))) => {
                        self.closed = Some(close.map(|close| close.code.into()));
                        // The answer to the close leaves with the next poll.
                        while let Ok(Some(Ok(_))) = tokio::time::timeout(PATIENCE, self.socket.next()).await {}
                    }
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => self.closed = Some(None),
                }
            }
        }
    }

    /// Reads on until a message of this type comes, and gives that.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            loop {
                match self.next().await {
                    Some(message) if message["type"] == kind => return message,
                    Some(_) => {}
                    None => panic!("{caller}: closed ({:?}) before a {kind}\n{}", self.closed, self.last_words()),
                }
            }
        }
    }

    /// Reads on until the session is in this state.
    #[track_caller]
    pub fn until_status(&mut self, status: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            loop {
                match self.next().await {
                    Some(message) if message["type"] == "status" && message["status"] == status => return,
                    Some(_) => {}
                    None => panic!("{caller}: closed before {status}\n{}", self.last_words()),
                }
            }
        }
    }

    /// Reads on until the entry with this `seq` has come.
    pub async fn until_seq(&mut self, seq: u64) {
        while self.last_seq() < seq {
            assert!(self.next().await.is_some(), "closed before seq {seq}\n{}", self.last_words());
        }
    }

    /// Reads on until an entry that ends the session.
    pub async fn until_end(&mut self) -> Value {
        loop {
            let message = self.next().await;
            let message = message.unwrap_or_else(|| panic!("closed before the end\n{}", self.last_words()));
            if super::journal::is_terminal(&message) {
                return message;
            }
        }
    }

    /// Reads on until the socket is closed; gives the close code, where one came.
    pub async fn until_closed(&mut self) -> Option<u16> {
        while self.next().await.is_some() {}
        self.closed.unwrap()
    }

    /// Reads the replay to its end; gives its first message and its entries.
    pub async fn replay(&mut self) -> (Value, Vec<String>) {
        let start = self.next().await.expect("a replay");
        assert_eq!(start["type"], "state_replay_start", "a replay comes first");
        let at = self.heard.len();
        self.until("state_replay_complete").await;
        let entries = self.heard[at..self.heard.len() - 1].to_vec();
        assert_eq!(start["count"], entries.len(), "{start}");
        assert_eq!(start["message"], format!("Replaying {} state messages", entries.len()));
        (start, entries)
    }

    /// The entries of the journal among what was heard, byte for byte.
    pub fn entries(&self) -> Vec<String> {
        super::journal::entries(&self.heard)
    }

    /// The `seq` of the last entry that was heard; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.heard.iter().rev().find_map(|text| super::journal::seq(text)).unwrap_or(0)
    }

    /// Closes the socket in good order.
    pub async fn leave(mut self) {
        // The server may have closed it already.
        let _ = self.socket.close(None).await;
        self.until_closed().await;
    }
}
