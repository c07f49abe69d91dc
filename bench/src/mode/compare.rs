//! `compare`: servers side by side, in turns, in one run; a table for RESULTS.md.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use crate::mode::latency;
use crate::mode::park::{self, Parked, Sockets};
use crate::mode::sessions::{self, Load, Outcome};
use crate::results;
use crate::server::{Kind, Options, Server};
use crate::stats::median;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The servers
    #[arg(long, value_enum, value_delimiter = ',', default_value = "full,normal,memory,floor,fastapi")]
    servers: Vec<Kind>,
    /// Rounds, each with every server started afresh; the table gives medians
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Sessions one after the other, in each round
    #[arg(long, default_value_t = 500)]
    count: usize,
    /// Sessions parked without sockets, in each round
    #[arg(long, default_value_t = 20_000)]
    parked: usize,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    results: results::Options,
}

/// One server in one round.
struct Turn {
    alone: Outcome,
    loaded: Outcome,
    /// Nothing where the server has no sessions to park.
    parked: Option<Parked>,
}

/// Measures all servers.
pub async fn run(args: Args) -> Result<()> {
    ensure!(!args.servers.is_empty() && args.rounds > 0, "needs a server and a round at least");
    let mut turns: Vec<(Kind, Vec<Turn>)> = args.servers.iter().map(|kind| (*kind, Vec::new())).collect();
    for round in 0..args.rounds {
        let count = turns.len();
        // Each round begins with another server, so that none always has the machine at its best.
        for index in 0..count {
            let Some((kind, done)) = turns.get_mut((round + index) % count) else { continue };
            eprintln!("round {} of {}: {}", round + 1, args.rounds, kind.title());
            done.push(turn(*kind, &args).await.with_context(|| kind.title())?);
        }
    }
    let text = table(&args, &turns)?;
    args.results.put("compare", &text)
}

async fn turn(kind: Kind, args: &Args) -> Result<Turn> {
    let server = Server::start(kind, &args.options, None).await?;
    let (addr, scope) = (server.addr, server.scope());
    let alone = latency::measure(addr, scope, args.count, args.load.handshake).await?;
    let loaded = sessions::measure(addr, scope, &args.load).await?;
    server.stop().await?;
    if kind == Kind::Floor {
        return Ok(Turn { alone, loaded, parked: None });
    }
    let server = Server::start(kind, &args.options, None).await?;
    let (parked, _) = park::measure(server.addr, server.scope(), args.parked, Sockets::Never).await?;
    server.stop().await?;
    Ok(Turn { alone, loaded, parked: Some(parked) })
}

type Figure = (&'static str, usize, fn(&Turn) -> f64);

const FIGURES: [Figure; 11] = [
    ("Sessions a second", 0, |turn| turn.loaded.rate()),
    ("Server CPU a session, ms", 3, |turn| turn.loaded.usage.server_ms(turn.loaded.sessions())),
    ("Driver CPU a session, ms", 3, |turn| turn.loaded.usage.driver_ms(turn.loaded.sessions())),
    ("Start → first message p50, ms", 2, |turn| turn.alone.first.at(0.5)),
    ("Start → first message p99, ms", 2, |turn| turn.alone.first.at(0.99)),
    ("Answer → next message p50, ms", 2, |turn| turn.alone.next.at(0.5)),
    ("Answer → next message p99, ms", 2, |turn| turn.alone.next.at(0.99)),
    ("The same under load p50, ms", 2, |turn| turn.loaded.next.at(0.5)),
    ("The same under load p99, ms", 2, |turn| turn.loaded.next.at(0.99)),
    ("Parked without socket, KiB", 2, |turn| turn.parked.as_ref().map_or(f64::NAN, Parked::each_kib)),
    ("Others on the machine at most, cores", 2, |turn| {
        turn.loaded.usage.others_cores().max(turn.alone.usage.others_cores())
    }),
];

/// What each server costs beside the floor, which is what holds on another machine.
fn over_the_floor(text: &mut String, turns: &[(Kind, Vec<Turn>)]) -> Result<()> {
    let cost = |rounds: &[Turn]| median(rounds.iter().map(|turn| turn.loaded.usage.server_ms(turn.loaded.sessions())));
    let Some((_, floor)) = turns.iter().find(|(kind, _)| *kind == Kind::Floor) else { return Ok(()) };
    let floor = cost(floor);
    write!(text, "| **Server CPU a session, times that of the floor** |")?;
    for (_, rounds) in turns {
        write!(text, " {:.1} |", cost(rounds) / floor)?;
    }
    Ok(writeln!(text)?)
}

fn table(args: &Args, turns: &[(Kind, Vec<Turn>)]) -> Result<String> {
    let mut text = String::new();
    let (clients, seconds, rounds) = (args.load.clients, args.load.seconds, args.rounds);
    writeln!(
        text,
        "{}. Medians of {rounds} rounds: {clients} clients for {seconds} s; {} sessions",
        results::machine(),
        args.count
    )?;
    writeln!(text, "one after the other (the latencies); {} parked. No other run is comparable.\n", args.parked)?;
    let titles: Vec<&str> = turns.iter().map(|(kind, _)| kind.title()).collect();
    writeln!(text, "| | {} |\n|---|{}", titles.join(" | "), "---:|".repeat(titles.len()))?;
    for (name, digits, figure) in FIGURES {
        write!(text, "| {name} |")?;
        for (_, rounds) in turns {
            match median(rounds.iter().map(figure)) {
                figure if figure.is_nan() => write!(text, " – |")?,
                figure => write!(text, " {figure:.digits$} |")?,
            }
        }
        writeln!(text)?;
    }
    over_the_floor(&mut text, turns)?;
    let errors: usize =
        turns.iter().flat_map(|(_, rounds)| rounds).map(|turn| turn.alone.errors + turn.loaded.errors).sum();
    writeln!(text, "\nSessions that did not go as they should: {errors}.")?;
    Ok(text)
}
