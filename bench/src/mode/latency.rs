//! `latency`: one client, one session after the other.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::http::Client;
use crate::mode::sessions::Outcome;
use crate::session;
use crate::target::Target;
use crate::usage::{Meter, Scope};

const WARM_UP: usize = 20;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Sessions
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Close sockets with the closing handshake instead of just leaving
    #[arg(long)]
    handshake: bool,
}

/// Runs sessions.
pub async fn run(args: Args) -> Result<()> {
    let running = args.target.open().await?;
    let outcome = measure(running.addr, running.scope, args.count, args.handshake).await?;
    running.close().await?;
    println!("1 client, {} sessions one after the other", outcome.sessions());
    outcome.print();
    Ok(())
}

/// Runs `count` sessions, one after the other.
///
/// # Errors
/// Not one of them went as it should.
pub async fn measure(addr: SocketAddr, scope: Scope, count: usize, handshake: bool) -> Result<Outcome> {
    let mut http = Client::new(addr);
    for _ in 0..WARM_UP {
        session::run(&mut http, addr, handshake).await?;
    }
    let meter = Meter::start(scope);
    let mut outcome = Outcome::default();
    for _ in 0..count {
        outcome.add(session::run(&mut http, addr, handshake).await);
    }
    outcome.usage = meter.read();
    ensure!(outcome.sessions() > 0, "no session went as it should: {}", outcome.error.unwrap_or_default());
    Ok(outcome)
}
