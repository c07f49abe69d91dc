//! Iterations a second of a workflow that always has something to do, watched by so many sockets; and one that has not.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::graph::{self, Head};
use crate::http::Client;
use crate::many;
use crate::socket::Socket;
use crate::usage::{Meter, Scope, Usage};

const CLOCK: &str = "clock";
const NAIVE: &str = "naive";
const PARKED: &str = "parked";
/// Nodes behind the clock.
pub const BEHIND: usize = 100;
const AT_ONCE: usize = 16;
const CALM: Duration = Duration::from_millis(500);

/// What came of a workflow that runs as fast as it can.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Iterations a second.
    pub rate: f64,
    /// Processor time of an iteration, in microseconds.
    pub server_us: f64,
    /// Messages that all sockets together got, a second.
    pub messages: f64,
    /// Sockets that the server closed.
    pub lost: usize,
    /// What it used.
    pub usage: Usage,
}

#[derive(Default)]
struct Tally {
    messages: Cell<usize>,
    lost: Cell<usize>,
}

/// Runs a clock with a chain behind it for a while, for each number of sockets.
pub async fn measure(addr: SocketAddr, scope: Scope, sockets: &[usize], seconds: f64) -> Result<Vec<Outcome>> {
    let client = &mut Client::new(addr);
    graph::store(client, &graph::chain(CLOCK, Head::Clock, BEHIND)).await?;
    graph::start(client, CLOCK, 0).await?;
    let mut outcomes = Vec::new();
    for count in sockets {
        outcomes.push(watched(client, addr, scope, CLOCK, *count, seconds).await?);
    }
    graph::stop(client, CLOCK).await?;
    drop(client.call("DELETE", &format!("/workflows/{CLOCK}"), "").await);
    Ok(outcomes)
}

/// The same graph on the executor that runs every node in each iteration and looks up everything anew.
pub async fn naive(addr: SocketAddr, scope: Scope, seconds: f64) -> Result<Outcome> {
    let client = &mut Client::new(addr);
    graph::store(client, &graph::chain(NAIVE, Head::Clock, BEHIND)).await?;
    graph::start_with(client, NAIVE, &json!({"interval_ms": 0, "executor": "naive"})).await?;
    let outcome = watched(client, addr, scope, NAIVE, 0, seconds).await?;
    graph::stop(client, NAIVE).await?;
    Ok(outcome)
}

async fn watched(
    client: &mut Client,
    addr: SocketAddr,
    scope: Scope,
    id: &'static str,
    count: usize,
    seconds: f64,
) -> Result<Outcome> {
    let open = async move |_: &mut Client, _| Socket::open(addr, &format!("/ws?workflow={id}")).await;
    let tally = Rc::new(Tally::default());
    let mut readers = JoinSet::new();
    for socket in many::each(addr, count, AT_ONCE, open).await? {
        readers.spawn_local(read(socket, tally.clone()));
    }
    sleep(CALM).await;
    tally.messages.set(0);
    let before = graph::iterations(client, id).await?;
    let (meter, since) = (Meter::start(scope), Instant::now());
    sleep(Duration::from_secs_f64(seconds)).await;
    let after = graph::iterations(client, id).await?;
    let (usage, passed) = (meter.read(), since.elapsed().as_secs_f64());
    let (iterations, messages) = ((after - before) as f64, tally.messages.get() as f64);
    let server_us = usage.server.as_secs_f64() * 1e6 / iterations;
    Ok(Outcome { rate: iterations / passed, server_us, messages: messages / passed, lost: tally.lost.get(), usage })
}

async fn read(mut socket: Socket, tally: Rc<Tally>) {
    while let Ok(batch) = socket.next_batch().await {
        tally.messages.set(tally.messages.get() + batch.messages);
    }
    tally.lost.set(tally.lost.get() + 1);
}

/// Processor time that the server uses in a second, in milliseconds: without a live workflow, and with one in which
/// nothing is to be done.
pub async fn parked(addr: SocketAddr, scope: Scope, seconds: f64) -> Result<(f64, f64)> {
    many::settled(scope).await;
    let without = at_rest(scope, seconds / 3.0).await;
    let client = &mut Client::new(addr);
    graph::store(client, &graph::chain(PARKED, Head::Input, BEHIND - 1)).await?;
    graph::start(client, PARKED, 0).await?;
    many::settled(scope).await;
    let with = at_rest(scope, seconds).await;
    graph::stop(client, PARKED).await?;
    Ok((without, with))
}

async fn at_rest(scope: Scope, seconds: f64) -> f64 {
    let (before, since) = (scope.cpu_of_threads(), Instant::now());
    sleep(Duration::from_secs_f64(seconds)).await;
    let used = scope.cpu_of_threads().saturating_sub(before);
    used.as_secs_f64() * 1e3 / since.elapsed().as_secs_f64()
}
