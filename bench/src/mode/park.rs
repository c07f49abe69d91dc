//! `park`: sessions that wait for an answer while nobody watches: memory, and how soon they can be answered after a crash.

use std::net::SocketAddr;

use anyhow::Result;
use clap::ValueEnum;

use crate::many;
use crate::mode::crash::{self, Crash};
use crate::target::Target;
use crate::usage::{Meter, Scope, Usage};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Sessions
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Whether they have sockets
    #[arg(long, value_enum, default_value = "never")]
    sockets: Sockets,
    /// Then kill -9 the server, start it again on its data and answer sessions
    #[arg(long, value_enum)]
    crash: Option<Crash>,
    /// Sessions that are answered after the crash
    #[arg(long, default_value_t = 1000)]
    answers: usize,
}

/// Whether parked sessions have sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sockets {
    /// None was ever opened
    Never,
    /// One was opened on each, which has read the question and left
    Left,
    /// One is open on each
    Kept,
}

/// What parked sessions take.
#[derive(Clone, Copy, Debug)]
pub struct Parked {
    /// Resident memory of the server before, in KiB.
    pub before_kib: f64,
    /// Resident memory with them, in KiB.
    pub after_kib: f64,
    /// How many there are.
    pub count: usize,
    /// What starting them used.
    pub usage: Usage,
}

impl Parked {
    /// KiB of each.
    pub fn each_kib(&self) -> f64 {
        (self.after_kib - self.before_kib) / self.count as f64
    }
}

/// Parks sessions.
pub async fn run(args: Args) -> Result<()> {
    let mut running = args.target.open().await?;
    let (parked, ids) = measure(running.addr, running.scope, args.count, args.sockets).await?;
    let rate = parked.count as f64 / parked.usage.wall.as_secs_f64();
    println!("{} sessions parked, {rate:.0} a second", parked.count);
    let (before, after) = (parked.before_kib / 1024.0, parked.after_kib / 1024.0);
    println!("  memory {before:.1} -> {after:.1} MiB: {:.3} KiB a session", parked.each_kib());
    println!("  processor time to start one: server {:.3} ms", parked.usage.server_ms(parked.count));
    println!("  {}", parked.usage.load());
    match running.own().map_or(0, |server| server.database_bytes()) {
        0 => {}
        bytes => println!("  database {:.1} MiB", bytes as f64 / 1_048_576.0),
    }
    if let Some(how) = args.crash {
        crash::run(running.own()?, ids, args.answers, how).await?;
    }
    running.close().await
}

/// Parks `count` sessions and waits until the server has come to rest.
pub async fn measure(addr: SocketAddr, scope: Scope, count: usize, sockets: Sockets) -> Result<(Parked, Vec<String>)> {
    // The first requests make what any server keeps: buffers, connections, caches.
    many::start(addr, 100).await?;
    let before_kib = many::settled(scope).await;
    let meter = Meter::start(scope);
    let ids = many::start(addr, count).await?;
    let kept = match sockets {
        Sockets::Never => Vec::new(),
        Sockets::Left | Sockets::Kept => many::watch(addr, &ids, ids.len(), sockets == Sockets::Kept).await?,
    };
    let usage = meter.read();
    let after_kib = many::settled(scope).await;
    drop(kept);
    Ok((Parked { before_kib, after_kib, count, usage }, ids))
}
