//! `journal`: sessions that emit as fast as they can, with nobody watching.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

use crate::http::Client;
use crate::many;
use crate::session;
use crate::target::Target;
use crate::usage::Meter;

const LOOK_EVERY: Duration = Duration::from_millis(10);
const MOST_TIME: Duration = Duration::from_secs(300);
const MOST_LINES: u64 = 100_000;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Sessions at once
    #[arg(long, default_value_t = 4)]
    sessions: usize,
    /// Lines that each emits after its answer
    #[arg(long, default_value_t = MOST_LINES, value_parser = clap::value_parser!(u64).range(1..=MOST_LINES))]
    lines: u64,
}

/// Has sessions emit.
pub async fn run(args: Args) -> Result<()> {
    let mut running = args.target.open().await?;
    let addr = running.addr;
    let body = format!(r#"{{"task":"approval","config":{{"lines":{}}}}}"#, args.lines);
    let ids =
        many::each(addr, args.sessions, args.sessions, async move |client, _| session::start(client, &body).await);
    let ids = ids.await?;
    drop(many::watch(addr, &ids, ids.len(), false).await?);
    let bytes = running.own().map_or(0, |server| server.database_bytes());
    let before = last_seqs(addr, &ids).await?;

    let meter = Meter::start(running.scope);
    let count = ids.len();
    let own = ids.clone();
    many::each(addr, count, count, async move |client, index| emit(client, &own[index]).await).await?;
    let usage = meter.read();

    let entries = usize::try_from(last_seqs(addr, &ids).await? - before)?;
    println!("{count} sessions at once, {entries} entries: {:.0} entries/s", entries as f64 / usage.wall.as_secs_f64());
    println!("  processor time of an entry: server {:.2} µs", usage.server_ms(entries) * 1e3);
    if let Ok(server) = running.own() {
        let grown = server.database_bytes().saturating_sub(bytes);
        println!("  database and its log grew by {:.1} bytes an entry", grown as f64 / entries as f64);
    }
    println!("  {}", usage.load());
    running.close().await
}

/// Answers a session and waits for its end.
async fn emit(client: &mut Client, id: &str) -> Result<()> {
    let answer = client.call("POST", &format!("/sessions/{id}/confirm"), r#"{"value":true}"#).await?;
    answer.success().context("the answer was not taken")?;
    let since = Instant::now();
    while since.elapsed() < MOST_TIME {
        let about = client.call("GET", &format!("/sessions/{id}"), "").await?.success()?;
        match session::text_field(about.as_bytes(), "status") {
            Some(b"completed") => return Ok(()),
            Some(b"failed" | b"cancelled") => bail!("a session did not complete: {about}"),
            Some(_) | None => sleep(LOOK_EVERY).await,
        }
    }
    bail!("a session took longer than {MOST_TIME:?}")
}

/// The sum of the sessions' last `seq`, as the replay on a new socket tells them.
async fn last_seqs(addr: SocketAddr, ids: &[String]) -> Result<u64> {
    let mut sum = 0;
    for id in ids {
        let mut socket = session::attach(addr, id).await?;
        let opening = session::until(&mut socket, "state_replay_start").await?;
        let last = session::number_field(&opening, "last_seq");
        sum += last.with_context(|| format!("no last_seq in {}", String::from_utf8_lossy(&opening)))?;
    }
    ensure!(sum > 0, "the sessions have no entries");
    Ok(sum)
}
