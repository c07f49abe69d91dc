//! `workflows`: live workflows beside a loop in Python, in turns, in one run; a table for RESULTS.md.

mod graph;
mod rate;
mod setup;
mod update;

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::peer;
use crate::results;
use crate::server::{Kind, Options, Server};
use crate::stats::{Spread, median};

const SOCKETS: [usize; 3] = [0, 1, 100];
/// Below the rate at which states are told, and above it.
const GAPS: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(10)];
/// The loop in Python does not know what has changed: its iterations follow one another without a pause.
const INTERVAL_MS: u64 = 0;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Callboard with this store
    #[arg(long, value_enum, default_value = "memory")]
    server: Kind,
    /// Rounds, each with every server started afresh
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Updates in all, for each distance between two
    #[arg(long, default_value_t = 500)]
    updates: usize,
    /// Seconds for each number of sockets, in each round
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Seconds for which a workflow is parked
    #[arg(long, default_value_t = 10.0)]
    parked: f64,
    /// Leave the peer out
    #[arg(long)]
    alone: bool,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    results: results::Options,
}

/// What came of one server in all rounds.
struct Column {
    kind: Kind,
    /// For each of `GAPS`.
    updates: Vec<update::Outcome>,
    /// For each of `SOCKETS`, one of each round.
    rates: Vec<Vec<rate::Outcome>>,
    others: f64,
}

/// Measures both.
pub async fn run(mut args: Args) -> Result<()> {
    // "As fast as it goes" is for operators to allow.
    args.options.set.push("workflows.min_interval_ms = 0".to_owned());
    ensure!(args.rounds > 0 && args.updates >= args.rounds, "needs a round and an update in each at least");
    let mut kinds = vec![args.server];
    match peer::lacks(Kind::Loop).filter(|_| !args.alone) {
        Some(lacks) => eprintln!("{} is left out: it needs {lacks}", Kind::Loop.title()),
        None if args.alone => {}
        None => kinds.push(Kind::Loop),
    }
    let mut columns: Vec<Column> = kinds.into_iter().map(Column::new).collect();
    for round in 0..args.rounds {
        let count = columns.len();
        // Each round begins with another server, so that none always has the machine at its best.
        for index in 0..count {
            let Some(column) = columns.get_mut((round + index) % count) else { continue };
            eprintln!("round {} of {}: {}", round + 1, args.rounds, column.kind.title());
            column.turn(&args).await.with_context(|| column.kind.title())?;
        }
    }
    let server = Server::start(args.server, &args.options, None).await?;
    eprintln!("set-up, and a workflow that is parked");
    let setup = setup::measure(server.addr).await?;
    server.stop().await?;
    let server = Server::start(args.server, &args.options, None).await?;
    let parked = rate::parked(server.addr, server.scope(), args.parked).await?;
    eprintln!("the naive executor");
    let naive = rate::naive(server.addr, server.scope(), args.seconds).await?;
    server.stop().await?;
    let once = Once { setup, parked, naive };
    args.results.put("workflows", &table(&args, &columns, &once)?)
}

impl Column {
    fn new(kind: Kind) -> Self {
        let updates = vec![update::Outcome::default(); GAPS.len()];
        Self { kind, updates, rates: vec![Vec::new(); SOCKETS.len()], others: 0.0 }
    }

    async fn turn(&mut self, args: &Args) -> Result<()> {
        let server = Server::start(self.kind, &args.options, None).await?;
        let (addr, scope) = (server.addr, server.scope());
        for (gap, sum) in GAPS.into_iter().zip(&mut self.updates) {
            let outcome = update::measure(addr, scope, args.updates / args.rounds, gap, INTERVAL_MS).await?;
            sum.other.absorb(outcome.other);
            sum.own.absorb(outcome.own);
            self.others = self.others.max(outcome.usage.others_cores());
        }
        let rates = rate::measure(addr, scope, &SOCKETS, args.seconds).await?;
        for (outcome, all) in rates.into_iter().zip(&mut self.rates) {
            self.others = self.others.max(outcome.usage.others_cores());
            all.push(outcome);
        }
        server.stop().await
    }
}

/// What is measured of Callboard alone, once.
struct Once {
    setup: Vec<setup::Outcome>,
    /// Milliseconds of CPU a second, without a parked workflow and with it.
    parked: (f64, f64),
    naive: rate::Outcome,
}

fn table(args: &Args, columns: &[Column], once: &Once) -> Result<String> {
    let mut text = String::new();
    let (rounds, updates, seconds) = (args.rounds, args.updates, args.seconds);
    writeln!(text, "{}. {rounds} rounds; {updates} updates in all of", results::machine())?;
    writeln!(
        text,
        "a chain of {} nodes, two sockets; a clock with {} nodes behind it, as fast as",
        update::BEHIND + 1,
        rate::BEHIND
    )?;
    writeln!(text, "it goes, for {seconds} s in each round (medians). No other run is comparable.\n")?;
    let titles: Vec<&str> = columns.iter().map(|column| column.kind.title()).collect();
    writeln!(text, "| | {} |\n|---|{}", titles.join(" | "), "---:|".repeat(titles.len()))?;
    for (index, gap) in GAPS.iter().enumerate() {
        let name = format!("Update → last node on another socket, {} ms apart, p50 / p99 / worst, ms", gap.as_millis());
        row(&mut text, &name, columns, |column| spread(column.updates.get(index).map(|outcome| &outcome.other)))?;
        let name = format!("Update → answer, {} ms apart, p50 / p99 / worst, ms", gap.as_millis());
        row(&mut text, &name, columns, |column| spread(column.updates.get(index).map(|outcome| &outcome.own)))?;
    }
    for (index, sockets) in SOCKETS.iter().enumerate() {
        let figure = |column: &Column, figure: fn(&rate::Outcome) -> f64| {
            median(column.rates.get(index).into_iter().flatten().map(figure))
        };
        let name = |what: &str| format!("{what}, {sockets} watching");
        row(&mut text, &name("Iterations a second"), columns, |column| {
            format!("{:.0}", figure(column, |one| one.rate))
        })?;
        row(&mut text, &name("CPU of an iteration, µs"), columns, |column| {
            format!("{:.1}", figure(column, |one| one.server_us))
        })?;
        if *sockets > 0 {
            let messages = |column: &Column| format!("{:.0}", figure(column, |one| one.messages));
            row(&mut text, &name("Messages a second to all sockets"), columns, messages)?;
        }
    }
    let lost = |column: &Column| column.rates.iter().flatten().map(|outcome| outcome.lost).sum::<usize>().to_string();
    row(&mut text, "Sockets closed by the server", columns, lost)?;
    row(&mut text, "Others on the machine at most, cores", columns, |column| format!("{:.2}", column.others))?;
    naive_line(&mut text, columns, &once.naive)?;
    set_up_table(&mut text, &once.setup)?;
    let (without, with) = once.parked;
    writeln!(
        text,
        "\nCPU of the whole server while a workflow of {} nodes is parked: {with:.3} ms a second, {without:.3} without it.",
        rate::BEHIND
    )?;
    Ok(text)
}

/// The plan beside the executor that runs every node and looks everything up anew.
fn naive_line(text: &mut String, columns: &[Column], naive: &rate::Outcome) -> Result<()> {
    let Some(plan) = columns.first().and_then(|column| column.rates.first()) else { return Ok(()) };
    let plan = median(plan.iter().map(|outcome| outcome.server_us));
    writeln!(
        text,
        "\nCPU of an iteration, nobody watching: {plan:.1} µs by the plan, {:.1} µs by the naive executor, which is \
         {:.1} times that.",
        naive.server_us,
        naive.server_us / plan
    )?;
    Ok(())
}

fn set_up_table(text: &mut String, setup: &[setup::Outcome]) -> Result<()> {
    writeln!(
        text,
        "\n| Set-up over HTTP, median, ms | JSON, KiB | validate | store | start |\n|---|---:|---:|---:|---:|"
    )?;
    for one in setup {
        let (validate, store, start) = (one.validate.at(0.5), one.store.at(0.5), one.start.at(0.5));
        let (nodes, size) = (one.nodes, one.bytes as f64 / 1024.0);
        writeln!(text, "| {nodes} nodes | {size:.0} | {validate:.2} | {store:.2} | {start:.2} |")?;
    }
    Ok(())
}

fn row(text: &mut String, name: &str, columns: &[Column], cell: impl Fn(&Column) -> String) -> Result<()> {
    write!(text, "| {name} |")?;
    for column in columns {
        write!(text, " {} |", cell(column))?;
    }
    Ok(writeln!(text)?)
}

fn spread(spread: Option<&Spread>) -> String {
    match spread {
        Some(spread) if spread.len() > 0 => {
            format!("{:.2} / {:.2} / {:.2}", spread.at(0.5), spread.at(0.99), spread.at(1.0))
        }
        Some(_) | None => "–".to_owned(),
    }
}
