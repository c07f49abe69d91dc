//! `callboard-bench`: drives Callboard, and peers beside it, over real sockets and says what it costs.

mod chat;
mod engine;
mod floor;
mod http;
mod lines;
mod many;
mod mode;
mod peer;
mod results;
mod server;
mod session;
mod socket;
mod stats;
mod target;
mod tokens;
mod usage;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::mode::{
    agents, cluster, compare, connects, events, fanout, identity, idle, journal, latency, park, sessions, soak,
    workflows,
};

/// Measures Callboard, and peers beside it, over real sockets on this machine. README.md says what each figure means.
#[derive(Parser)]
#[command(name = "callboard-bench", version)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Complete sessions, many clients at once: sessions a second, processor time of a session
    Sessions(sessions::Args),
    /// Complete sessions, one after the other: start to first message, answer to next message
    Latency(latency::Args),
    /// Sessions that wait without sockets: memory of each; with --crash, how soon they can be answered after kill -9
    Park(park::Args),
    /// One session, many sockets: processor time of a delivered message
    Fanout(fanout::Args),
    /// Sockets on which nothing happens: memory of each
    Idle(idle::Args),
    /// Connect, upgrade, close, again: a second, and processor time of each
    Connects(connects::Args),
    /// Sessions that emit as fast as they can: journal entries a second
    Journal(journal::Args),
    /// Servers side by side in one run, as a table
    Compare(compare::Args),
    /// Live workflows beside a loop in Python, as a table
    Workflows(workflows::Args),
    /// Several servers on one Redis beside one on SQLite, as a table, and how soon others take over
    Cluster(cluster::Args),
    /// Events to many sockets, beside other hubs, as a table
    Events(events::Args),
    /// What it costs to know who asks: requests, sessions and fan-out with credentials and without, as a table
    Identity(identity::Args),
    /// Audits of a large report and of many at once, turns of agents, deltas to sockets, as a table
    Agents(agents::Args),
    /// Connects, drops, stalls and floods for minutes: memory must stay flat
    Soak(soak::Args),
    /// Prints a line for each byte read from an address; servers start it
    #[command(hide = true)]
    Lines { from: SocketAddr },
    /// Serves the floor under sessions; the harness starts it
    #[command(hide = true)]
    Floor { addr: SocketAddr },
}

fn main() -> ExitCode {
    match start(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("callboard-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> Result<()> {
    if let Mode::Lines { from } = cli.mode {
        return lines::run(from);
    }
    raise_open_files()?;
    if let Mode::Floor { addr } = cli.mode {
        return floor::run(addr);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        // Dropping the mode ends the servers that it has started.
        tokio::select! {
            done = run(cli.mode) => done,
            done = interrupted() => done,
        }
    })
}

async fn run(mode: Mode) -> Result<()> {
    match mode {
        Mode::Sessions(args) => sessions::run(args).await,
        Mode::Latency(args) => latency::run(args).await,
        Mode::Park(args) => park::run(args).await,
        Mode::Fanout(args) => fanout::run(args).await,
        Mode::Idle(args) => idle::run(args).await,
        Mode::Connects(args) => connects::run(args).await,
        Mode::Journal(args) => journal::run(args).await,
        Mode::Compare(args) => compare::run(args).await,
        Mode::Cluster(args) => cluster::run(args).await,
        Mode::Workflows(args) => workflows::run(args).await,
        Mode::Events(args) => events::run(args).await,
        Mode::Identity(args) => identity::run(args).await,
        Mode::Agents(args) => agents::run(args).await,
        Mode::Soak(args) => soak::run(args).await,
        Mode::Lines { from } => lines::run(from),
        Mode::Floor { addr } => floor::run(addr),
    }
}

async fn interrupted() -> Result<()> {
    let (mut int, mut term, mut hup) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
    bail!("interrupted; what was started is ended")
}

/// Servers inherit the limit, too.
fn raise_open_files() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
