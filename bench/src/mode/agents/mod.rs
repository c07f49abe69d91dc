//! `agents`: what an audit of a large report takes, how many audits get on beside each other, what a turn of an agent costs
//! beside the call of its model alone, and what a delta to a socket costs; a table for RESULTS.md.

mod audits;
mod crews;
mod report;

use std::fmt::Write;

use anyhow::{Result, ensure};

use crate::results;
use crate::server::Options;
use crate::stats::median;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Rounds, each with every server started afresh; the table gives medians
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Bytes of the large report
    #[arg(long, default_value_t = 10 << 20)]
    bytes: usize,
    /// Audits at once
    #[arg(long, default_value_t = 1000)]
    audits: usize,
    /// Bytes of the report of each of them
    #[arg(long, default_value_t = 20_000)]
    audit_bytes: usize,
    /// Turns of one agent
    #[arg(long, default_value_t = 200)]
    turns: usize,
    /// Replies that stream at once, each to a socket of its own
    #[arg(long, default_value_t = 200)]
    streams: usize,
    /// Deltas a second of each
    #[arg(long, default_value_t = 50)]
    deltas: u32,
    /// Seconds for which they are counted
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    results: results::Options,
}

/// A figure: what it is, how much, and what it should be at most, where there is an aim.
pub struct Figure {
    name: String,
    value: f64,
    aim: Option<f64>,
}

impl Figure {
    fn new(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), value, aim: None }
    }

    fn below(self, aim: f64) -> Self {
        Self { aim: Some(aim), ..self }
    }
}

/// Measures all of it.
pub async fn run(args: Args) -> Result<()> {
    let counts = [args.rounds, args.bytes, args.audits, args.audit_bytes, args.turns, args.streams];
    ensure!(counts.iter().all(|count| *count > 0) && args.deltas > 0, "needs one of each at least");
    let mut rounds: Vec<Vec<Figure>> = Vec::new();
    for round in 0..args.rounds {
        eprintln!("round {} of {}", round + 1, args.rounds);
        let mut figures = Vec::new();
        audits::large(&args, &mut figures).await?;
        audits::many(&args, &mut figures).await?;
        crews::turns(&args, &mut figures).await?;
        crews::deltas(&args, &mut figures).await?;
        rounds.push(figures);
    }
    args.results.put("agents", &table(&args, &rounds)?)
}

fn table(args: &Args, rounds: &[Vec<Figure>]) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "{}. Medians of {} rounds: reports of {:.1} MB on one core; {} audits of {:.0} kB at once; an agent of {} turns, each with the\n\
         call of a tool; {} replies of {} deltas a second to a socket each, for {} s.\n",
        results::machine(),
        rounds.len(),
        args.bytes as f64 / 1e6,
        args.audits,
        args.audit_bytes as f64 / 1e3,
        args.turns,
        args.streams,
        args.deltas,
        args.seconds,
    )?;
    writeln!(text, "| | | aim |\n|---|---:|---:|")?;
    for (row, Figure { name, aim, .. }) in rounds.first().into_iter().flatten().enumerate() {
        let value = median(rounds.iter().filter_map(|round| round.get(row)).map(|figure| figure.value));
        let digits = match value.abs() {
            10.0.. => 1,
            1.0.. => 2,
            _ => 3,
        };
        let aim = aim.map_or_else(String::new, |aim| format!("< {aim}"));
        writeln!(text, "| {name} | {value:.digits$} | {aim} |")?;
    }
    Ok(text)
}
