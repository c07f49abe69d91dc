//! `cluster`: what several servers on one Redis cost beside one on SQLite, and how soon others take over.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::engine::{Calls, Engine};
use crate::http::Client;
use crate::mode::sessions::Outcome;
use crate::server::{Kind, Options, Server};
use crate::session;
use crate::stats::Spread;
use crate::usage::Scope;

const MOST_TAKE_OVER: Duration = Duration::from_secs(30);
const SETTLES: Duration = Duration::from_secs(4);
const RUNNING: &str = r#"{"task":"simulate_streaming","config":{"steps":100000,"step_delay_ms":50}}"#;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Clients at once
    #[arg(long, default_value_t = 50)]
    clients: usize,
    /// Seconds to measure each arrangement
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Sessions that one client runs one after the other, for the latencies
    #[arg(long, default_value_t = 500)]
    count: usize,
    /// Servers that are killed, one after the other
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// Sessions that wait at the server that is killed first
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
    #[command(flatten)]
    options: Options,
}

/// At which servers a session is started and followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placement {
    /// Each client keeps to one.
    Sticky,
    /// At any, for each anew.
    Random,
}

/// Servers and, where they share one, their engine.
struct Arrangement {
    servers: Vec<Server>,
    engine: Option<Engine>,
}

/// Measures all arrangements, and then the take-over.
pub async fn run(args: Args) -> Result<()> {
    println!(
        "| Arrangement | sessions/s | servers ms | engine ms | scripts | commands | answer p50/p99 ms alone | under load |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let arrangements = [
        ("SQLite, `full`", Kind::Full, 1, Placement::Sticky),
        ("Redis, one server", Kind::Redis, 1, Placement::Sticky),
        ("Redis, three servers, sticky", Kind::Redis, 3, Placement::Sticky),
        ("Redis, three servers, random", Kind::Redis, 3, Placement::Random),
    ];
    for (title, kind, count, placement) in arrangements {
        let arrangement = Arrangement::start(kind, count, &args.options).await.context(title)?;
        arrangement.measure(title, placement, &args).await.context(title)?;
    }
    take_over(&args).await
}

impl Arrangement {
    async fn start(kind: Kind, count: usize, options: &Options) -> Result<Self> {
        let mut options = options.clone();
        let engine = match kind {
            Kind::Redis => Some(Engine::start(options.data.as_deref())?),
            _ => None,
        };
        options.engine = engine.as_ref().map(|engine| engine.addr);
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(Server::start(kind, &options, None).await?);
        }
        if count > 1 {
            // Each is given its share.
            sleep(SETTLES).await;
        }
        Ok(Self { servers, engine })
    }

    fn addrs(&self) -> Rc<[SocketAddr]> {
        self.servers.iter().map(|server| server.addr).collect()
    }

    fn servers_cpu(&self) -> Duration {
        self.servers.iter().map(|server| server.scope().cpu()).sum()
    }

    fn engine_cpu(&self) -> Duration {
        self.engine.as_ref().map_or(Scope::Unknown, Engine::scope).cpu()
    }

    fn calls(&self) -> Result<Calls> {
        self.engine.as_ref().map_or(Ok(Calls::default()), Engine::calls)
    }

    async fn measure(&self, title: &str, placement: Placement, args: &Args) -> Result<()> {
        let addrs = self.addrs();
        drive(&addrs, placement, args.clients, Until::Moment(Instant::now() + Duration::from_secs(1))).await?;
        let alone = drive(&addrs, placement, 1, Until::Count(args.count)).await?;
        let (servers, engine, calls) = (self.servers_cpu(), self.engine_cpu(), self.calls()?);
        let since = Instant::now();
        let end = since + Duration::from_secs_f64(args.seconds);
        let loaded = drive(&addrs, placement, args.clients, Until::Moment(end)).await?;
        let (wall, count) = (since.elapsed().as_secs_f64(), loaded.sessions() as f64);
        let ms = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() * 1e3 / count;
        let (servers, engine) = (ms(self.servers_cpu(), servers), ms(self.engine_cpu(), engine));
        let now = self.calls()?;
        let scripts = now.scripts.saturating_sub(calls.scripts) as f64 / count;
        let commands = now.commands.saturating_sub(calls.commands) as f64 / count;
        let p = |spread: &Spread| format!("{:.2}/{:.2}", spread.at(0.5), spread.at(0.99));
        println!(
            "| {title} | {:.0} | {servers:.3} | {engine:.3} | {scripts:.1} | {commands:.1} | {} | {} |",
            count / wall,
            p(&alone.next),
            p(&loaded.next),
        );
        if let Some(error) = &loaded.error {
            println!("{} errors, the first: {error}", loaded.errors);
        }
        Ok(())
    }
}

/// For how long clients go on.
#[derive(Clone, Copy, Debug)]
enum Until {
    Moment(Instant),
    Count(usize),
}

/// Runs sessions.
///
/// # Errors
/// Not one went as it should.
async fn drive(addrs: &Rc<[SocketAddr]>, placement: Placement, clients: usize, until: Until) -> Result<Outcome> {
    let mut running = JoinSet::new();
    for number in 0..clients {
        running.spawn_local(client(addrs.clone(), placement, number, until));
    }
    let mut outcome = Outcome::default();
    while let Some(one) = running.join_next().await {
        outcome.absorb(one?);
    }
    ensure!(outcome.sessions() > 0, "no session went as it should: {}", outcome.error.unwrap_or_default());
    Ok(outcome)
}

async fn client(addrs: Rc<[SocketAddr]>, placement: Placement, number: usize, until: Until) -> Outcome {
    let (mut outcome, dice) = (Outcome::default(), RandomState::new());
    let mut https: Vec<Client> = addrs.iter().map(|addr| Client::new(*addr)).collect();
    let mut turn = 0_usize;
    loop {
        let is_over = match until {
            Until::Moment(end) => Instant::now() >= end,
            Until::Count(count) => turn >= count,
        };
        if is_over || outcome.errors > 20 {
            return outcome;
        }
        let any = |salt: usize| dice.hash_one((turn, salt)) as usize % addrs.len();
        let (start, follow) = match placement {
            Placement::Sticky => (number % addrs.len(), number % addrs.len()),
            Placement::Random => (any(0), any(1)),
        };
        if let (Some(http), Some(addr)) = (https.get_mut(start), addrs.get(follow)) {
            outcome.add(session::run(http, *addr, false).await);
        }
        turn += 1;
    }
}

/// Kills servers one after the other, and measures how soon a session that ran there has a new entry elsewhere.
async fn take_over(args: &Args) -> Result<()> {
    if args.kills == 0 {
        return Ok(());
    }
    let mut arrangement = Arrangement::start(Kind::Redis, 3, &args.options).await?;
    let first = arrangement.addrs().first().copied().context("there is a server")?;
    crate::many::start(first, args.waiting).await?;
    let mut spread = Spread::default();
    for kill in 0..args.kills {
        let (victim, other) = (kill % 3, (kill + 1) % 3);
        let addrs = arrangement.addrs();
        let (at, elsewhere) = addrs.get(victim).zip(addrs.get(other)).context("there are three servers")?;
        let id = session::start(&mut Client::new(*at), RUNNING).await?;
        let mut socket = session::attach(*elsewhere, &id).await?;
        session::until(&mut socket, "progress").await?;
        let server = arrangement.servers.get_mut(victim).context("there are three servers")?;
        server.crash()?;
        let killed = Instant::now();
        timeout(MOST_TAKE_OVER, session::until(&mut socket, "recovered")).await.context("nobody takes over")??;
        spread.add(killed.elapsed());
        drop(socket);
        let cancel = format!("/cancel-task/{id}");
        Client::new(*elsewhere).call("POST", &cancel, "").await?.success()?;
        server.spawn()?;
        server.until_healthy().await?;
        sleep(SETTLES).await;
    }
    println!("kill -9 -> `recovered` at another server, {} sessions waiting: {spread}", args.waiting);
    Ok(())
}
