//! `callboard users`: who may log in on the page, in the store, whether or not a server runs on it.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Context as _, ensure};

use super::recorded::record;
use crate::auth::users::{self, Change, User, Users, usual_scopes};
use crate::auth::{Action, Scope, Scopes};
use crate::config::Settings;
use crate::domain::owner::Owner;
use crate::store::Store;

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a user; the password is asked for, or read from standard input where that is no terminal
    Add {
        /// The name, which is the owner of what the user makes
        name: String,
        /// What the user may do; without, everything but what is others' or needs admin
        #[arg(long, value_delimiter = ',')]
        scopes: Option<Vec<String>>,
        /// The groups that the user is in
        #[arg(long, value_delimiter = ',')]
        groups: Vec<String>,
    },
    /// Give a user another password, which ends all logins
    Passwd {
        /// The user's name
        name: String,
    },
    /// Remove a user, which ends all logins
    Remove {
        /// The user's name
        name: String,
    },
    /// List the users
    List,
}

/// Does what the command line says, and gives what is to be printed.
pub(super) fn run(command: Command, settings: &Settings) -> anyhow::Result<String> {
    let command = Checked::of(command)?;
    actix::System::new().block_on(async {
        let store = Store::open_beside(&settings.store, &settings.cluster)?;
        let done = execute(command, &Users::new(store.clone()), &store).await;
        store.close().await;
        done
    })
}

/// A command that can be done, before anything is opened for it.
enum Checked {
    Add { name: Owner, password: String, scopes: Scopes, groups: Vec<String> },
    Passwd { name: Owner, password: String },
    Remove(Owner),
    List,
}

impl Checked {
    fn of(command: Command) -> anyhow::Result<Self> {
        Ok(match command {
            Command::Add { name, scopes, groups } => {
                let name = named(&name)?;
                let scopes = match scopes {
                    Some(words) => Scopes::parse(words.iter().map(|word| word.trim())).context("--scopes")?,
                    None => usual_scopes(),
                };
                Checked::Add { name, password: password()?, scopes, groups }
            }
            Command::Passwd { name } => Checked::Passwd { name: named(&name)?, password: password()? },
            Command::Remove { name } => Checked::Remove(named(&name)?),
            Command::List => Checked::List,
        })
    }
}

async fn execute(command: Checked, users: &Users, store: &Store) -> anyhow::Result<String> {
    match command {
        Checked::Add { name, password, scopes, groups } => {
            users.add(&name, &password, scopes, groups).await?;
            record(store, Action::AddUser, object(&name)).await?;
            Ok(format!("added {name}\n"))
        }
        Checked::Passwd { name, password } => {
            users.update(&name, Change { password: Some(password), ..Change::default() }).await?;
            record(store, Action::ChangeUser, object(&name)).await?;
            Ok(format!("changed the password of {name}\n"))
        }
        Checked::Remove(name) => {
            users.remove(&name).await?;
            record(store, Action::RemoveUser, object(&name)).await?;
            Ok(format!("removed {name}\n"))
        }
        Checked::List => Ok(users.list().await?.iter().map(line).collect()),
    }
}

/// What the audit trail calls a user.
fn object(name: &Owner) -> String {
    format!("/api/v1/users/{name}")
}

fn line(user: &User) -> String {
    let scopes: Vec<&str> = user.scopes.iter().map(Scope::word).collect();
    format!("{}  {}  {}\n", user.name, user.created_at.to_rfc3339(), scopes.join(","))
}

fn named(text: &str) -> anyhow::Result<Owner> {
    users::named(text).map_err(|reason| anyhow::anyhow!("the name {reason}"))
}

/// Asks for a password, twice, or reads it where nobody can be asked.
fn password() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ").context("no password was read")?;
        let second = rpassword::prompt_password("The same again: ").context("no password was read")?;
        ensure!(first == second, "these are two different passwords");
        return Ok(first);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("no password was read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
