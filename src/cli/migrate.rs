//! `callboard migrate`: copies all that one store has into another, while no server uses either.

use anyhow::ensure;

use crate::config::Settings;
use crate::store::{self, Migrated, migrate};

/// The most sessions between two lines on how far it is.
const REPORT_EVERY: u64 = 10_000;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where it is copied from: sqlite:PATH or redis://HOST; the store of the settings where it is left out
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Where it is copied to, which must be empty, or what an earlier call has left unfinished
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Does what the command line says, and gives what is to be printed.
pub(super) fn run(args: Args, settings: &Settings, report: impl Fn(&str)) -> anyhow::Result<String> {
    let of = |url: Option<String>| match url {
        Some(url) => store::Settings { url, ..settings.store.clone() },
        None => settings.store.clone(),
    };
    let (from, to) = (of(args.from), of(args.to));
    ensure!(from.url != to.url, "--from and --to must be different stores");
    let copied = migrate(&from, &to, &settings.cluster, |sessions| {
        if sessions.is_multiple_of(REPORT_EVERY) {
            report(&format!("{sessions} sessions so far"));
        }
    })?;
    let Migrated { sessions, rows, documents, events, checksum } = copied;
    Ok(format!(
        "{sessions} sessions ({rows} rows), {documents} documents and {events} events are in {}\nboth stores have the checksum \
         {checksum}\n",
        to.shown_url()
    ))
}
