//! The table of `events`.

use std::fmt::Write;

use anyhow::Result;

use super::hub::GROUPS;
use super::{PACE, SOCKETS, Turn, WINDOWS};
use crate::results;
use crate::server::Kind;
use crate::stats::median;

/// Writes it.
pub fn write(rounds: usize, seconds: f64, turns: &[(Kind, Vec<Turn>)]) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "{}. Medians of {rounds} rounds, {seconds} s each. No", results::machine())?;
    writeln!(text, "other run is comparable. \"Under way\" are {} / {} messages.\n", WINDOWS[0], WINDOWS[1])?;
    let titles: Vec<&str> = turns.iter().map(|(kind, _)| kind.title()).collect();
    writeln!(text, "| | {} |\n|---|{}", titles.join(" | "), "---:|".repeat(titles.len()))?;
    for (index, sockets) in SOCKETS.iter().enumerate() {
        let both = |turns: &[Turn], figure: &dyn Fn(&super::Outcome) -> f64, digits: usize| {
            let of = |window: usize| {
                let outcomes = turns.iter().filter_map(|turn| turn.fanout.get(index)?.get(window));
                format!("{:.digits$}", median(outcomes.map(figure)))
            };
            format!("{} / {}", of(0), of(1))
        };
        let name = format!("CPU a delivery to {sockets} sockets, µs");
        row(&mut text, &name, turns, |turns| both(turns, &super::Outcome::server_us, 2))?;
        let name = format!("Deliveries a second to {sockets} sockets, thousands");
        row(&mut text, &name, turns, |turns| both(turns, &|outcome| outcome.rate() / 1e3, 0))?;
    }
    let latency = |turns: &[Turn], share: f64| median(turns.iter().map(|turn| turn.paced.latency.at(share)));
    let name = format!("Latency at {PACE:.0} deliveries a second to {} sockets, p50 / p99 / worst, ms", SOCKETS[1]);
    row(&mut text, &name, turns, |turns| {
        format!("{:.2} / {:.2} / {:.2}", latency(turns, 0.5), latency(turns, 0.99), latency(turns, 1.0))
    })?;
    for (name, digits, figure) in FIGURES {
        row(&mut text, name, turns, |turns| match median(turns.iter().filter_map(figure)) {
            value if value.is_finite() => format!("{value:.digits$}"),
            _ => "–".to_owned(),
        })?;
    }
    writeln!(text, "\nFiltered: {} sockets, of which each wants one message in {GROUPS}, 16 under way.", SOCKETS[2])?;
    Ok(text)
}

type Figure = (&'static str, usize, fn(&Turn) -> Option<f64>);

const FIGURES: [Figure; 9] = [
    ("CPU a delivery at that pace, µs", 2, |turn| Some(turn.paced.server_us())),
    ("Bytes a message", 0, |turn| Some(turn.paced.bytes as f64 / turn.paced.deliveries as f64)),
    ("An idle socket, KiB", 1, |turn| Some(turn.idle_kib)),
    ("Connects a second", 0, |turn| Some(turn.opened.len() as f64 / turn.connects.wall.as_secs_f64())),
    ("CPU to connect, upgrade and close, µs", 1, |turn| Some(turn.connects.server_ms(turn.opened.len()) * 1e3)),
    ("Filtered: CPU a delivery, µs", 2, |turn| Some(turn.filtered.as_ref()?.server_us())),
    ("Filtered: CPU a message, µs", 1, |turn| {
        let wanted = SOCKETS[2] / GROUPS;
        Some(turn.filtered.as_ref()?.server_us() * wanted as f64)
    }),
    ("Sockets closed by the hub", 0, |turn| Some(turn.lost as f64)),
    ("Others on the machine at most, cores", 2, |turn| {
        let fanout = turn.fanout.iter().flatten().map(|outcome| outcome.usage.others_cores());
        Some(fanout.fold(turn.paced.usage.others_cores(), f64::max))
    }),
];

fn row(text: &mut String, name: &str, turns: &[(Kind, Vec<Turn>)], cell: impl Fn(&[Turn]) -> String) -> Result<()> {
    write!(text, "| {name} |")?;
    for (_, turns) in turns {
        write!(text, " {} |", cell(turns))?;
    }
    Ok(writeln!(text)?)
}
