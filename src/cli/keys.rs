//! `callboard keys`: makes, lists and revokes API keys in the store, whether or not a server runs on it.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chrono::DateTime;

use super::recorded::record;
use crate::auth::keys::{Key, Keys, LONGEST_NAME, NewKey, after};
use crate::auth::{Action, Scope, Scopes};
use crate::config::Settings;
use crate::domain::owner::Owner;
use crate::domain::time::{LONGEST_SECONDS, Timestamp};
use crate::store::Store;

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and print it: it is shown this once
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// Whose it is: what is made with it belongs to them
        #[arg(long)]
        owner: String,
        /// What may be done with it, such as sessions:start,sessions:read
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// When it ends: after a time such as 90d, 12h, 30m or 7s, or at a moment such as 2030-01-31T12:00:00Z
        #[arg(long)]
        expires: Option<String>,
    },
    /// List the keys, without the keys themselves
    List,
    /// Revoke a key: within a second servers refuse it
    Revoke {
        /// The key's id, as `list` shows it
        id: String,
    },
}

/// Does what the command line says, and gives what is to be printed.
pub(super) fn run(command: Command, settings: &Settings) -> anyhow::Result<String> {
    actix::System::new().block_on(async {
        let command = Checked::of(command)?;
        let store = Store::open_beside(&settings.store, &settings.cluster)?;
        let keys = Keys::new(store.clone(), settings.auth.max_keys);
        let done = execute(command, &keys, &store).await;
        store.close().await;
        done
    })
}

/// A command that can be done, before anything is opened for it.
enum Checked {
    Create(NewKey),
    List,
    Revoke(String),
}

impl Checked {
    fn of(command: Command) -> anyhow::Result<Self> {
        Ok(match command {
            Command::Create { name, owner, scopes, expires } => {
                let is_well = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
                ensure!(is_well, "--name must have 1 to {LONGEST_NAME} characters, none of them a control character");
                let owner = owner.parse::<Owner>().context("--owner names nobody")?;
                let scopes = Scopes::parse(scopes.iter().map(|word| word.trim())).context("--scopes")?;
                let expires_at = expires.map(|text| moment(&text)).transpose()?;
                Checked::Create(NewKey { name, owner, scopes, expires_at })
            }
            Command::List => Checked::List,
            Command::Revoke { id } => Checked::Revoke(id),
        })
    }
}

async fn execute(command: Checked, keys: &Keys, store: &Store) -> anyhow::Result<String> {
    match command {
        Checked::Create(new) => {
            let (key, made) = keys.create(new).await?;
            record(store, Action::CreateKey, format!("/api/v1/keys/{}", made.id)).await?;
            Ok(format!("{key}\n"))
        }
        Checked::List => Ok(table(&keys.list().await?)),
        Checked::Revoke(id) => {
            keys.revoke(&id).await?;
            record(store, Action::RevokeKey, format!("/api/v1/keys/{id}")).await?;
            Ok(format!("revoked {id}\n"))
        }
    }
}

/// A line for each key.
fn table(keys: &[Key]) -> String {
    let now = Timestamp::now();
    let rows = keys.iter().map(|key| {
        let end = match key.expires_at {
            None => "never".to_owned(),
            Some(end) if key.has_expired(now) => format!("{} (over)", end.to_rfc3339()),
            Some(end) => end.to_rfc3339(),
        };
        let scopes: Vec<&str> = key.scopes.iter().map(Scope::word).collect();
        [
            key.id.to_string(),
            key.name.clone(),
            key.owner.to_string(),
            key.created_at.to_rfc3339(),
            end,
            scopes.join(","),
        ]
    });
    let head = ["ID", "NAME", "OWNER", "CREATED", "EXPIRES", "SCOPES"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or_default()).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        })
        .collect()
}

/// The moment that this names: after some time from now on, or by the calendar (RFC 3339).
fn moment(text: &str) -> anyhow::Result<Timestamp> {
    if let Some(time) = time(text) {
        return Ok(after(time));
    }
    let Ok(moment) = DateTime::parse_from_rfc3339(text) else {
        bail!("--expires must be a time such as 90d, 12h, 30m or 7s, or a moment such as 2030-01-31T12:00:00Z");
    };
    let moment = Timestamp::from_micros(moment.timestamp_micros());
    ensure!(moment > Timestamp::now(), "--expires names a moment that has passed");
    Ok(moment)
}

fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    (seconds > 0 && (seconds as f64) < LONGEST_SECONDS).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_after_a_time_or_at_a_moment() {
        for (text, seconds) in [("7s", 7), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000)] {
            let (now, moment) = (Timestamp::now(), moment(text).unwrap());
            assert!((seconds..seconds + 5).contains(&moment.since(now).as_secs()), "{text}");
        }
        let moment_of = |text: &str| moment(text).map(Timestamp::as_micros).ok();
        assert_eq!(moment_of("2100-01-01T00:00:00+01:00"), Some(4_102_441_200_000_000));
        for wrong in ["", "s", "0s", "-1s", "1.5h", "7", "7w", "99999999d", "2020-01-01T00:00:00Z", "tomorrow", "7ü"] {
            assert_eq!(moment_of(wrong), None, "{wrong}");
        }
    }
}
