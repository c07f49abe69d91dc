//! `connects`: connect, upgrade, close, again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::many;
use crate::session;
use crate::stats::Spread;
use crate::target::Target;
use crate::usage::Meter;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Clients at once, each on a session of its own
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Seconds to measure
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Also read the replay, up to the question, before closing
    #[arg(long)]
    replay: bool,
}

/// Connects and closes for a while.
pub async fn run(args: Args) -> Result<()> {
    let running = args.target.open().await?;
    let ids = many::start(running.addr, args.clients).await?;
    let meter = Meter::start(running.scope);
    let end = Instant::now() + Duration::from_secs_f64(args.seconds);
    let mut clients = JoinSet::new();
    for id in ids {
        clients.spawn_local(client(running.addr, id, end, args.replay));
    }
    let mut opened = Spread::default();
    while let Some(one) = clients.join_next().await {
        opened.absorb(one??);
    }
    let usage = meter.read();
    running.close().await?;

    let count = opened.len();
    println!("{count} sockets opened and closed: {:.0} a second", count as f64 / usage.wall.as_secs_f64());
    println!("  connect and upgrade  {opened}");
    let (server, driver) = (usage.server_ms(count) * 1e3, usage.driver_ms(count) * 1e3);
    println!("  processor time of each: server {server:.1} µs, driver {driver:.1} µs");
    println!("  {}", usage.load());
    Ok(())
}

async fn client(addr: SocketAddr, id: String, end: Instant, replay: bool) -> Result<Spread> {
    let mut opened = Spread::default();
    loop {
        let since = Instant::now();
        if since >= end {
            return Ok(opened);
        }
        let mut socket = session::attach(addr, &id).await?;
        opened.add(since.elapsed());
        if replay {
            session::until(&mut socket, "request_confirmation").await?;
        }
        socket.close().await?;
    }
}
