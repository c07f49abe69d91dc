//! How long it takes from a changed input to those who watch, and to the answer.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout, timeout_at};

use super::graph::{self, Head};
use crate::http::Client;
use crate::session;
use crate::socket::Socket;
use crate::stats::Spread;
use crate::usage::{Meter, Scope, Usage};

const ID: &str = "update";
/// Nodes behind the input that is changed.
pub const BEHIND: usize = 19;
const CALM: Duration = Duration::from_millis(300);
const MOST_WAIT: Duration = Duration::from_secs(5);

/// What came of updates.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// From the update to the last node's state on another socket; where several are told at once, each counts.
    pub other: Spread,
    /// From the update to its answer.
    pub own: Spread,
    /// What it used.
    pub usage: Usage,
}

/// When each update was sent, and what came of those that have arrived.
#[derive(Default)]
struct Arrivals {
    sent: Vec<Instant>,
    arrived: usize,
    other: Spread,
}

impl Arrivals {
    /// The last node has had the value of the update `number`, counted from 1, so those before it are told with it.
    fn until(&mut self, number: usize) {
        let now = Instant::now();
        let until = number.min(self.sent.len());
        for sent in self.sent.get(self.arrived..until).unwrap_or_default() {
            self.other.add(now - *sent);
        }
        self.arrived = self.arrived.max(until);
    }
}

/// Changes an input so many times, so far apart, while another socket watches. A loop that does not know what has
/// changed runs at `interval_ms`.
pub async fn measure(
    addr: SocketAddr,
    scope: Scope,
    updates: usize,
    gap: Duration,
    interval_ms: u64,
) -> Result<Outcome> {
    let client = &mut Client::new(addr);
    graph::store(client, &graph::chain(ID, Head::Input, BEHIND)).await?;
    graph::start(client, ID, interval_ms).await?;
    let path = format!("/ws?workflow={ID}");
    let (watching, mut own) = (Socket::open(addr, &path).await?, Socket::open(addr, &path).await?);
    let arrivals = Rc::new(RefCell::new(Arrivals::default()));
    let watcher = tokio::task::spawn_local(watch(watching, arrivals.clone()));
    sleep(CALM).await;
    let meter = Meter::start(scope);
    let spread = change(&mut own, &arrivals, updates, gap).await?;
    let since = Instant::now();
    while arrivals.borrow().arrived < updates && since.elapsed() < MOST_WAIT {
        sleep(Duration::from_millis(1)).await;
    }
    let usage = meter.read();
    watcher.abort();
    graph::stop(client, ID).await?;
    drop(client.call("DELETE", &format!("/workflows/{ID}"), "").await);
    let arrivals = arrivals.take();
    ensure!(arrivals.arrived == updates, "{} of {updates} updates arrived", arrivals.arrived);
    Ok(Outcome { other: arrivals.other, own: spread, usage })
}

async fn change(own: &mut Socket, arrivals: &RefCell<Arrivals>, updates: usize, gap: Duration) -> Result<Spread> {
    let (mut spread, mut answered) = (Spread::default(), 0);
    for number in 1..=updates {
        let data = json!({"workflow_id": ID, "node_id": "n0", "input_name": "value", "input_value": number});
        let text = json!({"type": "input_update", "data": data}).to_string();
        let now = Instant::now();
        arrivals.borrow_mut().sent.push(now);
        own.send(&text).await?;
        let until = tokio::time::Instant::from_std(now + gap);
        while let Ok(message) = timeout_at(until, own.next()).await {
            answered += usize::from(is_answer(message?, arrivals, answered, &mut spread)?);
        }
    }
    while answered < updates {
        let message = timeout(MOST_WAIT, own.next()).await.context("updates are not answered")??;
        answered += usize::from(is_answer(message, arrivals, answered, &mut spread)?);
    }
    Ok(spread)
}

/// Whether it answers an update: the next of them, as answers keep the order.
fn is_answer(message: &[u8], arrivals: &RefCell<Arrivals>, answered: usize, spread: &mut Spread) -> Result<bool> {
    let kind = session::kind(message);
    ensure!(kind != b"error", "{}", String::from_utf8_lossy(message));
    let is_answer = kind == b"input_applied";
    if let (true, Some(sent)) = (is_answer, arrivals.borrow().sent.get(answered)) {
        spread.add(sent.elapsed());
    }
    Ok(is_answer)
}

async fn watch(mut socket: Socket, arrivals: Rc<RefCell<Arrivals>>) -> Result<()> {
    let last = format!("n{BEHIND}");
    loop {
        let message = socket.next().await?;
        let is_last = session::text_field(message, "node_id") == Some(last.as_bytes());
        if is_last && session::kind(message) == b"node_state" {
            let number = result(message).and_then(|value| value.checked_sub(BEHIND as u64));
            arrivals.borrow_mut().until(usize::try_from(number.unwrap_or_default())?);
        }
    }
}

/// The number that the node gave.
fn result(message: &[u8]) -> Option<u64> {
    let message: Value = serde_json::from_slice(message).ok()?;
    let result = message.pointer("/data/data/result/result")?;
    result.as_u64().or_else(|| result.as_f64().map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_tells_of_all_updates_up_to_its_own() {
        let mut arrivals = Arrivals { sent: vec![Instant::now(); 3], ..Arrivals::default() };
        arrivals.until(2);
        arrivals.until(1);
        assert_eq!((arrivals.arrived, arrivals.other.len()), (2, 2));
        arrivals.until(9);
        assert_eq!((arrivals.arrived, arrivals.other.len()), (3, 3));
    }

    #[test]
    fn the_result_is_that_of_the_output() {
        let message = br#"{"type":"node_state","data":{"node_id":"n19","data":{"result":{"result":20.0},"runs":1}}}"#;
        assert_eq!(result(message), Some(20));
        assert_eq!(result(br#"{"data":{"data":{"result":null}}}"#), None);
    }
}
