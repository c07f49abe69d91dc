//! What is asked of a hub: how its sockets are opened, and how a message is published to all of them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::http::Client;
use crate::server::Kind;

/// Bytes of a message, as it is delivered.
const BYTES: usize = 256;
/// Where events are published.
pub const PUBLISH: &str = "/api/v1/events";
/// What stands around a message's number, and nowhere else.
pub const MARK: u8 = b'#';
/// Requests at once that publish.
const AT_ONCE: usize = 16;
/// Groups of those who want one of a hundred messages each.
pub const GROUPS: usize = 100;

/// The path of a socket of Callboard that gets everything that is published.
pub const EVENTS: &str = "/api/v1/websocket/ws/custom?subscriptions=custom.*";

/// The path of a socket that gets everything.
pub fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::Nchan => "/subscribe",
        Kind::Node => "/",
        Kind::Full | Kind::Normal | Kind::Memory | Kind::Redis | Kind::Floor | Kind::Fastapi | Kind::Loop => EVENTS,
    }
}

/// Publishes messages with rising numbers, when it is told to.
pub struct Publisher {
    orders: Rc<Semaphore>,
    /// When each message was sent, by its number.
    pub sent: Rc<RefCell<Vec<Instant>>>,
    /// Why the first message was refused that was.
    refused: Rc<RefCell<Option<String>>>,
    workers: JoinSet<Result<()>>,
}

impl Publisher {
    /// One for the hub of this kind that listens at `addr`.
    ///
    /// # Errors
    /// The hub does not take a message.
    pub async fn start(kind: Kind, addr: SocketAddr) -> Result<Self> {
        let path = if kind.is_callboard() { PUBLISH } else { "/publish" };
        let mut padding = 0;
        if kind.is_callboard() {
            let event = Client::new(addr).call("POST", path, &event(0, 0)).await?.success()?;
            padding = BYTES.saturating_sub(event.len());
        }
        let (orders, sent) = (Rc::new(Semaphore::new(0)), Rc::new(RefCell::new(Vec::new())));
        let refused = Rc::new(RefCell::new(None));
        let mut workers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (orders, sent, refused) = (orders.clone(), sent.clone(), refused.clone());
            workers.spawn_local(async move {
                let mut client = Client::new(addr);
                loop {
                    orders.acquire().await?.forget();
                    let number = sent.borrow().len();
                    let text =
                        if kind.is_callboard() { event(number, padding) } else { format!("{:.<BYTES$}", mark(number)) };
                    sent.borrow_mut().push(Instant::now());
                    let answer = client.call("POST", path, &text).await.and_then(|answer| answer.success());
                    if let Err(error) = answer {
                        refused.borrow_mut().get_or_insert(format!("{error:#}"));
                    }
                }
            });
        }
        Ok(Self { orders, sent, refused, workers })
    }

    /// Publishes so many more.
    pub fn publish(&self, count: usize) {
        self.orders.add_permits(count);
    }

    /// # Errors
    /// The hub refused a message.
    pub fn check(&self) -> Result<()> {
        match &*self.refused.borrow() {
            Some(error) => bail!("a message was refused: {error}"),
            None => Ok(()),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// The hub refused a message.
    pub fn end(mut self) -> Result<()> {
        self.workers.abort_all();
        self.check()
    }
}

fn mark(number: usize) -> String {
    format!("#{number}#")
}

/// The request for an event; the groups take turns.
fn event(number: usize, padding: usize) -> String {
    let text = format!("{:.<width$}", mark(number), width = padding + mark(0).len());
    json!({"type": format!("custom.g{}", number % GROUPS), "data": {"text": text}}).to_string()
}

/// The number of a message; none where it is something else that the hub says.
pub fn number(message: &[u8]) -> Option<usize> {
    let rest = message.get(memchr::memchr(MARK, message)? + 1..)?;
    std::str::from_utf8(rest.get(..memchr::memchr(MARK, rest)?)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_number_that_it_was_published_with() {
        assert_eq!(number(event(4711, 20).as_bytes()), Some(4711));
        assert_eq!(number(format!("{:.<BYTES$}", mark(0)).as_bytes()), Some(0));
        assert_eq!(number(br#"{"type":"connection.heartbeat"}"#), None);
        assert_eq!(number(b"#12"), None);
    }
}
