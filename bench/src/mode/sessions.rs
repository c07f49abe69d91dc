//! `sessions`: clients that run complete sessions at once, each starting its next when one has ended.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, ensure};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

use crate::http::{self, Client};
use crate::session;
use crate::stats::Spread;
use crate::target::Target;
use crate::usage::{Meter, Scope, Usage};

const MOST_ERRORS: usize = 20;
const AFTER_ERROR: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    load: Load,
}

/// How hard the server is driven.
#[derive(Clone, Debug, clap::Args)]
pub struct Load {
    /// Clients at once
    #[arg(long, default_value_t = 50)]
    pub clients: usize,
    /// Threads that they run on
    #[arg(long, default_value_t = 2)]
    pub threads: usize,
    /// Seconds to measure
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Seconds to warm up before
    #[arg(long, default_value_t = 1.0)]
    pub warm_up: f64,
    /// Close sockets with the closing handshake instead of just leaving
    #[arg(long)]
    pub handshake: bool,
}

/// What came of many sessions.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// From the start to the first message of the task.
    pub first: Spread,
    /// From the answer to the next message of the task.
    pub next: Spread,
    /// What it used.
    pub usage: Usage,
    /// Sessions that did not go as they should.
    pub errors: usize,
    /// The first of their errors.
    pub error: Option<String>,
}

impl Outcome {
    /// Sessions that went as they should.
    pub fn sessions(&self) -> usize {
        self.first.len()
    }

    /// Sessions a second.
    pub fn rate(&self) -> f64 {
        self.sessions() as f64 / self.usage.wall.as_secs_f64()
    }

    /// Takes in one session.
    pub fn add(&mut self, result: Result<session::Times>) {
        match result {
            Ok(times) => {
                self.first.add(times.first);
                self.next.add(times.next);
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &Error) {
        self.errors += 1;
        self.error.get_or_insert_with(|| format!("{error:#}"));
    }

    /// Takes in all of another.
    pub fn absorb(&mut self, other: Self) {
        self.first.absorb(other.first);
        self.next.absorb(other.next);
        self.errors += other.errors;
        self.error = self.error.take().or(other.error);
    }

    /// Says it.
    pub fn print(&self) {
        println!("  start -> first message  {}", self.first);
        println!("  answer -> next message  {}", self.next);
        let (server, driver) = (self.usage.server_ms(self.sessions()), self.usage.driver_ms(self.sessions()));
        println!("  processor time a session: server {server:.3} ms, driver {driver:.3} ms");
        println!("  {}", self.usage.load());
        if let Some(error) = &self.error {
            println!("  {} errors, the first: {error}", self.errors);
        }
    }
}

/// Runs sessions.
pub async fn run(args: Args) -> Result<()> {
    let running = args.target.open().await?;
    let outcome = measure(running.addr, running.scope, &args.load).await?;
    running.close().await?;
    let (clients, rate, seconds) = (args.load.clients, outcome.rate(), outcome.usage.wall.as_secs_f64());
    println!("{clients} clients, {} sessions in {seconds:.1} s: {rate:.0} sessions/s", outcome.sessions());
    outcome.print();
    Ok(())
}

/// Drives the server for a while.
///
/// # Errors
/// Not one session went as it should.
pub async fn measure(addr: SocketAddr, scope: Scope, load: &Load) -> Result<Outcome> {
    clients(addr, load, load.warm_up).await?;
    let meter = Meter::start(scope);
    let mut outcome = clients(addr, load, load.seconds).await?;
    outcome.usage = meter.read();
    ensure!(outcome.sessions() > 0, "no session went as it should: {}", outcome.error.unwrap_or_default());
    Ok(outcome)
}

async fn clients(addr: SocketAddr, load: &Load, seconds: f64) -> Result<Outcome> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let (threads, handshake) = (load.threads.clamp(1, load.clients.max(1)), load.handshake);
    let credential = http::shown();
    let mut running = JoinSet::new();
    for thread in 0..threads {
        let clients = load.clients / threads + usize::from(thread < load.clients % threads);
        let credential = credential.clone();
        running.spawn_blocking(move || {
            http::show(credential.as_deref());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            LocalSet::new().block_on(&runtime, share(addr, clients, end, handshake))
        });
    }
    let mut outcome = Outcome::default();
    while let Some(one) = running.join_next().await {
        outcome.absorb(one??);
    }
    Ok(outcome)
}

/// One thread's share of the clients.
async fn share(addr: SocketAddr, count: usize, end: Instant, handshake: bool) -> Result<Outcome> {
    let mut clients = JoinSet::new();
    for _ in 0..count {
        clients.spawn_local(client(addr, end, handshake));
    }
    let mut outcome = Outcome::default();
    while let Some(one) = clients.join_next().await {
        outcome.absorb(one?);
    }
    Ok(outcome)
}

async fn client(addr: SocketAddr, end: Instant, handshake: bool) -> Outcome {
    let mut http = Client::new(addr);
    let mut outcome = Outcome::default();
    while Instant::now() < end && outcome.errors < MOST_ERRORS {
        let result = session::run(&mut http, addr, handshake).await;
        let failed = result.is_err();
        outcome.add(result);
        if failed {
            sleep(AFTER_ERROR).await;
        }
    }
    outcome
}
