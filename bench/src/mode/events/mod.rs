//! `events`: one message to many sockets, hubs side by side, in one run; a table for RESULTS.md.

pub mod audience;
pub mod hub;
mod table;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use self::audience::{Audience, Outcome};
use self::hub::Publisher;
use crate::many;
use crate::peer;
use crate::results;
use crate::server::{Kind, Options, Server};
use crate::socket::Socket;
use crate::stats::Spread;
use crate::usage::{Meter, Usage};

/// Sockets that a message is told to. The middle one is measured last, for the pace is measured with it.
pub const SOCKETS: [usize; 3] = [100, 1_000, 5_000];
/// Messages under way.
pub const WINDOWS: [usize; 2] = [1, 16];
/// Deliveries a second at which latency is measured.
pub const PACE: f64 = 100_000.0;
const CLIENTS: usize = 32;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The hubs; those whose programs are not installed are left out
    #[arg(long, value_enum, value_delimiter = ',', default_value = "memory,nchan,node")]
    hubs: Vec<Kind>,
    /// Rounds, each with every hub started afresh; the table gives medians
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 1.2)]
    seconds: f64,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    results: results::Options,
}

/// One hub in one round.
pub struct Turn {
    /// For each of `SOCKETS`, for each of `WINDOWS`.
    fanout: Vec<Vec<Outcome>>,
    /// At `PACE`.
    paced: Outcome,
    /// KiB of an idle socket.
    idle_kib: f64,
    /// Sockets opened and closed again.
    opened: Spread,
    connects: Usage,
    /// To one in a hundred, where the hub can.
    filtered: Option<Outcome>,
    lost: usize,
}

/// Measures all hubs.
pub async fn run(args: Args) -> Result<()> {
    ensure!(args.rounds > 0, "needs a round at least");
    let mut turns: Vec<(Kind, Vec<Turn>)> = Vec::new();
    for kind in &args.hubs {
        ensure!(!matches!(kind, Kind::Floor | Kind::Fastapi | Kind::Loop), "{} is no hub for events", kind.title());
        match peer::lacks(*kind) {
            Some(lacks) => eprintln!("{} is left out: it needs {lacks}", kind.title()),
            None => turns.push((*kind, Vec::new())),
        }
    }
    for round in 0..args.rounds {
        let count = turns.len();
        // Each round begins with another hub, so that none always has the machine at its best.
        for index in 0..count {
            let Some((kind, done)) = turns.get_mut((round + index) % count) else { continue };
            eprintln!("round {} of {}: {}", round + 1, args.rounds, kind.title());
            done.push(turn(*kind, &args).await.with_context(|| kind.title())?);
        }
    }
    args.results.put("events", &table::write(args.rounds, args.seconds, &turns)?)
}

async fn turn(kind: Kind, args: &Args) -> Result<Turn> {
    let server = Server::start(kind, &args.options, None).await?;
    let (addr, scope) = (server.addr, server.scope());
    let publisher = Publisher::start(kind, addr).await?;
    let mut audience = Audience::new();
    let [few, some, most] = SOCKETS;
    let fanout = async |audience: &Audience| {
        let mut outcomes = Vec::new();
        for window in WINDOWS {
            outcomes.push(audience.closed_loop(&publisher, scope, window, args.seconds).await?);
        }
        anyhow::Ok(outcomes)
    };
    audience.join(kind, addr, few, false).await?;
    let to_few = fanout(&audience).await?;
    let before = many::settled(scope).await;
    audience.join(kind, addr, most - few, false).await?;
    let idle_kib = (many::settled(scope).await - before) / (most - few) as f64;
    let to_most = fanout(&audience).await?;
    audience.keep(some);
    many::settled(scope).await;
    let to_some = fanout(&audience).await?;
    let paced = audience.paced(&publisher, scope, PACE / some as f64, 2.0 * args.seconds).await?;
    let lost = audience.lost();
    drop(audience);
    publisher.end()?;
    many::settled(scope).await;
    let meter = Meter::start(scope);
    let opened = connects(kind, addr, args.seconds).await?;
    let connects = meter.read();
    server.stop().await?;
    let filtered = if kind.is_callboard() { Some(filtered(kind, args).await?) } else { None };
    Ok(Turn { fanout: vec![to_few, to_some, to_most], paced, idle_kib, opened, connects, filtered, lost })
}

/// To all sockets, of which one in a hundred wants it.
async fn filtered(kind: Kind, args: &Args) -> Result<Outcome> {
    let server = Server::start(kind, &args.options, None).await?;
    let (addr, scope, mut audience) = (server.addr, server.scope(), Audience::new());
    let publisher = Publisher::start(kind, addr).await?;
    let [.., most] = SOCKETS;
    audience.join(kind, addr, most, true).await?;
    let outcome = audience.closed_loop(&publisher, scope, 16, args.seconds).await?;
    drop(audience);
    publisher.end()?;
    server.stop().await?;
    Ok(outcome)
}

/// Opens and closes sockets for a while.
async fn connects(kind: Kind, addr: SocketAddr, seconds: f64) -> Result<Spread> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn_local(async move {
            let mut opened = Spread::default();
            while Instant::now() < end {
                let since = Instant::now();
                let socket = Socket::open(addr, hub::path(kind)).await?;
                opened.add(since.elapsed());
                socket.close().await?;
            }
            anyhow::Ok(opened)
        });
    }
    let mut opened = Spread::default();
    while let Some(one) = clients.join_next().await {
        opened.absorb(one??);
    }
    Ok(opened)
}
