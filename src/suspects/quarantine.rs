//! `callboard quarantine`: what the next start takes up, and how an operator keeps it from doing so.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::{Subject, read, slots, write};
use crate::config::Settings;
use crate::domain::id::SessionId;
use crate::domain::status::Status;
use crate::domain::tail::TailLimits;
use crate::session::fail::fail;
use crate::store::Store;
use crate::workflow::kept::{pause, were_live};
use crate::workflow::key::WorkflowKey;

/// Why what an operator names does not go on.
const REASON: &str = "an operator has put it in quarantine";

/// Lists what the next start takes up, or sees to it that it does not take up this session or workflow; gives what there
/// is to say. The server must be stopped.
///
/// # Errors
/// Where a server uses the database, there is none, or there is nothing of this id that could go on.
pub(crate) fn quarantine(settings: &Settings, id: Option<&str>) -> anyhow::Result<String> {
    match settings.store.url.strip_prefix("sqlite:") {
        Some(path) if Path::new(path).exists() => {}
        Some(path) => bail!("there is no database {path}"),
        None if settings.store.is_shared() => {}
        None => bail!("there is nothing to put in quarantine: store.url keeps nothing on this machine's disk"),
    }
    actix::System::new().block_on(async {
        let store = Store::open_as(&settings.store, &settings.cluster, 1, Arc::new(|_, _| {}))?;
        let done = match id {
            None => list(&store).await,
            Some(id) => set_apart(&store, settings, id).await,
        };
        let lost = store.close().await;
        anyhow::ensure!(lost == 0 || done.is_err(), "it could not be written");
        done
    })
}

async fn list(store: &Store) -> anyhow::Result<String> {
    let mut ledger = read(store).await?;
    ledger.suspects.extend(slots::read(store).await?.suspects);
    let ends = |subject: &Subject| {
        let suspect = ledger.suspects.iter().find(|suspect| suspect.subject == *subject);
        match suspect.map_or(0, |suspect| suspect.ends) {
            0 => String::new(),
            ends => format!("  ended the server {ends} times in a row"),
        }
    };
    let (mut next, mut apart) = (String::new(), String::new());
    for session in store.pending().await?.iter().filter(|session| session.status == Status::Running) {
        let task = store.find(session.id).await?.map(|summary| summary.task).unwrap_or_default();
        writeln!(next, "  session   {}  {task}{}", session.id, ends(&Subject::Session(session.id)))?;
    }
    for live in were_live(store).await? {
        match live.paused {
            None => writeln!(next, "  workflow  {}{}", live.key, ends(&Subject::Workflow(live.key.clone())))?,
            Some(reason) => writeln!(apart, "  workflow  {}  {reason}", live.key)?,
        }
    }
    let or_nothing = |lines: String| if lines.is_empty() { "  nothing\n".to_owned() } else { lines };
    Ok(format!("The next start takes up:\n{}In quarantine:\n{}", or_nothing(next), or_nothing(apart)))
}

async fn set_apart(store: &Store, settings: &Settings, id: &str) -> anyhow::Result<String> {
    let session = id.parse::<SessionId>().ok();
    let found = match session {
        Some(session) => store.find(session).await?.map(|summary| (session, summary)),
        None => None,
    };
    let (subject, said) = match found {
        Some((session, summary)) if summary.state.status.is_terminal() => {
            bail!("session {session} has ended already: it is {}", summary.state.status.as_str());
        }
        Some((session, summary)) => {
            let limits =
                TailLimits { snapshot: settings.sessions.snapshot_messages, bytes: settings.sessions.tail_bytes };
            fail(store, limits, session, REASON.to_owned()).await.context("the session cannot be read")?;
            let was = summary.state.status.as_str();
            (Subject::Session(session), format!("Session {session} was {was} and has failed: {REASON}.\n"))
        }
        None => {
            let key = id.parse::<WorkflowKey>().ok();
            let paused = match &key {
                Some(key) => pause(store, key, REASON.to_owned()).await?,
                None => false,
            };
            let Some(key) = key.filter(|_| paused) else {
                bail!("there is no session {id}, and no workflow {id} that the next start would take up");
            };
            let said = format!("Workflow {id} is not live after the next start: {REASON}. Start it to have it back.\n");
            (Subject::Workflow(key), said)
        }
    };
    let mut ledger = read(store).await?;
    ledger.acquit(&subject);
    // Comes after the session's end, so that this is written when it is.
    write(store, &ledger).await?;
    slots::acquit(store, &subject).await?;
    if let Subject::Session(session) = subject {
        let now = store.find(session).await?;
        anyhow::ensure!(
            now.is_some_and(|now| now.state.status.is_terminal()),
            "the session's end could not be written"
        );
    }
    Ok(said)
}
