//! Sockets that listen, and what all of them together have got.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::hub::{self, GROUPS, Publisher};
use crate::many;
use crate::server::Kind;
use crate::session;
use crate::socket::Socket;
use crate::stats::Spread;
use crate::usage::{Meter, Scope, Usage};

const AT_ONCE: usize = 16;
const MOST_WAIT: Duration = Duration::from_secs(10);
const CALM: Duration = Duration::from_millis(200);
const BEAT: Duration = Duration::from_millis(10);

/// What all sockets together have got.
#[derive(Default)]
struct Tally {
    messages: Cell<usize>,
    bytes: Cell<usize>,
    lost: Cell<usize>,
    /// How many deliveries a message has.
    each: Cell<usize>,
    arrived: Notify,
    /// While it is measured how long deliveries take.
    timed: RefCell<Option<Timed>>,
}

/// How long deliveries took.
struct Timed {
    /// When each message was sent, by its number.
    sent: Rc<RefCell<Vec<Instant>>>,
    spread: Spread,
}

/// Sockets that listen.
pub struct Audience {
    readers: Vec<JoinHandle<()>>,
    tally: Rc<Tally>,
}

/// What came of messages.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Deliveries.
    pub deliveries: usize,
    /// Bytes of all of them.
    pub bytes: usize,
    /// From the request that publishes to each delivery, where that was measured.
    pub latency: Spread,
    /// What it used.
    pub usage: Usage,
}

impl Outcome {
    /// Processor time of the hub for a delivery, in microseconds.
    pub fn server_us(&self) -> f64 {
        self.usage.server_ms(self.deliveries) * 1e3
    }

    /// Deliveries a second.
    pub fn rate(&self) -> f64 {
        self.deliveries as f64 / self.usage.wall.as_secs_f64()
    }
}

impl Audience {
    /// Nobody yet.
    pub fn new() -> Self {
        Self { readers: Vec::new(), tally: Rc::default() }
    }

    /// Opens `count` sockets more; with `filtered` each wants one of a hundred messages.
    pub async fn join(&mut self, kind: Kind, addr: SocketAddr, count: usize, filtered: bool) -> Result<()> {
        let open = async move |_: &mut crate::http::Client, index: usize| {
            let mut socket = Socket::open(addr, hub::path(kind)).await?;
            if filtered {
                let filter = json!({"types": [format!("custom.g{}", index % GROUPS)]});
                socket.send(&json!({"action": "set_filter", "filter": filter}).to_string()).await?;
                session::until(&mut socket, "filter_set").await?;
            }
            Ok(socket)
        };
        for socket in many::each(addr, count, AT_ONCE, open).await? {
            self.readers.push(tokio::task::spawn_local(read(socket, self.tally.clone())));
        }
        let share = if filtered { GROUPS } else { 1 };
        self.tally.each.set((self.readers.len() / share).max(1));
        Ok(())
    }

    /// All but `count` sockets leave.
    pub fn keep(&mut self, count: usize) {
        for reader in self.readers.drain(count.min(self.readers.len())..) {
            reader.abort();
        }
        self.tally.each.set(count.max(1));
    }

    /// Sockets that the hub closed.
    pub fn lost(&self) -> usize {
        self.tally.lost.get()
    }

    /// Keeps `window` messages under way for a while. A message counts as arrived once there are as many deliveries as
    /// it takes for all sockets to have it.
    pub async fn closed_loop(&self, from: &Publisher, scope: Scope, window: usize, seconds: f64) -> Result<Outcome> {
        let tally = &self.tally;
        self.reset().await;
        let (mut asked, end) = (0, Instant::now() + Duration::from_secs_f64(seconds));
        let meter = Meter::start(scope);
        loop {
            let arrived = tally.messages.get() / tally.each.get();
            let more = if Instant::now() < end { (arrived + window).saturating_sub(asked) } else { 0 };
            if more == 0 && arrived >= asked {
                return Ok(self.outcome(meter.read()));
            }
            from.publish(more);
            asked += more;
            self.more(from).await?;
        }
    }

    /// Publishes so many messages a second for a while, and measures how long each delivery takes.
    pub async fn paced(&self, from: &Publisher, scope: Scope, rate: f64, seconds: f64) -> Result<Outcome> {
        self.reset().await;
        self.tally.timed.replace(Some(Timed { sent: from.sent.clone(), spread: Spread::default() }));
        let (meter, since) = (Meter::start(scope), Instant::now());
        let mut asked = 0;
        while since.elapsed().as_secs_f64() < seconds {
            let due = (since.elapsed().as_secs_f64() * rate) as usize;
            from.publish(due.saturating_sub(asked));
            asked = asked.max(due);
            sleep(BEAT).await;
        }
        while self.tally.messages.get() < asked * self.tally.each.get() {
            self.more(from).await?;
        }
        let usage = meter.read();
        let timed = self.tally.timed.take();
        Ok(Outcome { latency: timed.map(|timed| timed.spread).unwrap_or_default(), ..self.outcome(usage) })
    }

    fn outcome(&self, usage: Usage) -> Outcome {
        let tally = &self.tally;
        let (deliveries, bytes) = (tally.messages.get(), tally.bytes.get());
        Outcome { deliveries, bytes, latency: Spread::default(), usage }
    }

    async fn more(&self, from: &Publisher) -> Result<()> {
        let waited = timeout(MOST_WAIT, self.tally.arrived.notified()).await;
        from.check()?;
        waited.with_context(|| format!("messages do not arrive; {} sockets were closed", self.lost()))
    }

    /// Waits until what was under way has come, and counts from nothing.
    async fn reset(&self) {
        loop {
            let before = self.tally.messages.get();
            sleep(CALM).await;
            if before == self.tally.messages.get() {
                break;
            }
        }
        self.tally.messages.set(0);
        self.tally.bytes.set(0);
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        self.keep(0);
    }
}

async fn read(mut socket: Socket, tally: Rc<Tally>) {
    while let Ok(batch) = socket.next_batch_of(|message| tally.counts(message)).await {
        let (before, each) = (tally.messages.get(), tally.each.get());
        tally.messages.set(before + batch.messages);
        tally.bytes.set(tally.bytes.get() + batch.bytes);
        if before / each != tally.messages.get() / each {
            tally.arrived.notify_one();
        }
    }
    tally.lost.set(tally.lost.get() + 1);
}

impl Tally {
    /// Whether it is a message that was published; how long that took is written down while it is measured.
    fn counts(&self, message: &[u8]) -> bool {
        let mut timed = self.timed.borrow_mut();
        let Some(Timed { sent, spread }) = timed.as_mut() else {
            return memchr::memchr(hub::MARK, message).is_some();
        };
        let Some(number) = hub::number(message) else { return false };
        if let Some(sent) = sent.borrow().get(number) {
            spread.add(sent.elapsed());
        }
        true
    }
}
