//! `idle`: sockets on which nothing happens.

use anyhow::{Result, ensure};

use crate::many;
use crate::target::Target;
use crate::usage::Meter;

const HOLD: std::time::Duration = std::time::Duration::from_secs(5);

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Sockets
    #[arg(long, default_value_t = 5000)]
    sockets: usize,
    /// Sessions that the sockets are shared out among; as many as sockets where it is not given
    #[arg(long)]
    sessions: Option<usize>,
}

/// Opens sockets on sessions that wait, and leaves them alone.
pub async fn run(args: Args) -> Result<()> {
    let count = args.sessions.unwrap_or(args.sockets);
    ensure!(count > 0 && args.sockets > 0, "needs a socket and a session at least");
    let running = args.target.open().await?;
    let (addr, scope) = (running.addr, running.scope);
    many::start(addr, 100).await?;
    let empty = many::settled(scope).await;
    let ids = many::start(addr, count).await?;
    let parked = many::settled(scope).await;
    let meter = Meter::start(scope);
    let sockets = many::watch(addr, &ids, args.sockets, true).await?;
    let opening = meter.read();
    let open = many::settled(scope).await;
    let meter = Meter::start(scope);
    tokio::time::sleep(HOLD).await;
    let holding = meter.read();

    let each = (open - parked) / sockets.len() as f64;
    println!("{} idle sockets on {count} sessions that wait", sockets.len());
    println!(
        "  memory: {:.1} MiB, {:.1} with the sessions, {:.1} with the sockets",
        empty / 1024.0,
        parked / 1024.0,
        open / 1024.0
    );
    println!("  {each:.2} KiB a socket; {:.2} KiB a socket with its session", (open - empty) / sockets.len() as f64);
    println!("  processor time to open one: server {:.3} ms", opening.server_ms(sockets.len()));
    println!("  processor time while nothing happens: {:.1} ms a second", holding.server_ms(1) / HOLD.as_secs_f64());
    println!("  opening: {}", opening.load());
    drop(sockets);
    running.close().await
}
