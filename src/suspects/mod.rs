//! What goes on at a start, so that nothing ends the server again and again.
//!
//! What is about to go on is written down before it does (one write for all), and struck off once it has come further, once
//! the server has run for some time, or when it goes down in good order. What a start still finds there was going on when
//! the server ended; `ledger` decides what that means, `slots` does the same with several servers. `quarantine` is for
//! operators, on the database of a stopped server.

mod ledger;
mod quarantine;
mod slots;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Addr;
use ledger::{Candidate, Ledger, Subject, Suspect, Turn, Verdict};
pub(crate) use quarantine::quarantine;
use serde::Serialize;

use crate::config::seconds;
use crate::config::server::Server;
use crate::domain::burst::{Burst, Line};
use crate::domain::entry::Entry;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::event::Events;
use crate::metrics::Metrics;
use crate::session::Directory;
use crate::session::protocol::{Quarantine, Release};
use crate::store::{Error, JournalRange, Pending, Precondition, Store};
use crate::workflow::client::Live;
use crate::workflow::kept::{WasLive, pause, were_live};
use crate::workflow::key::WorkflowKey;
use crate::workflow::supervisor::Supervisor;
use crate::workflow::supervisor::messages::TakeUp;

/// Where the ledger is kept.
const COLLECTION: &str = "resumed";
const DOCUMENT: &str = "suspects";

/// How often it is looked who has come further.
const LOOK: Duration = Duration::from_millis(250);

/// How much of a journal is read to see whether a session has come further.
const FURTHER_BYTES: usize = 64 * 1024;

/// What goes on and what does not, of what was there.
#[derive(Debug, Default)]
pub(crate) struct TakenUp {
    /// The sessions that do not go on by themselves.
    pub(crate) apart: HashMap<SessionId, Quarantine>,
    /// The workflows that are live again at once.
    pub(crate) workflows: Vec<WorkflowKey>,
}

/// What a start takes up.
pub(crate) struct Decision {
    /// The sessions that it has to think of.
    pub(crate) pending: Vec<Pending>,
    /// What becomes of them.
    pub(crate) taken_up: TakenUp,
    /// Who is watched from now on.
    pub(crate) suspects: Suspects,
}

/// Whom it concerns what becomes of suspects.
#[derive(Clone)]
pub(crate) struct Concerned {
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    pub(crate) directories: Arc<[Addr<Directory>]>,
    pub(crate) supervisor: Addr<Supervisor>,
    pub(crate) live: Live,
}

/// Those who go on, or are about to, and for how long they have.
pub(crate) struct Suspects {
    store: Store,
    window: Duration,
    /// So many ends in a row are too many.
    most: u32,
    ledger: Ledger,
    guilty: Vec<Subject>,
    /// Those of the guilty that were not reported.
    unreported: Vec<Subject>,
    /// The last entry that each had written before it went on.
    last_seqs: HashMap<Subject, u64>,
    /// Since when each goes on, or has ended.
    since: HashMap<Subject, Instant>,
    /// Of several servers, how often somebody was found guilty at any, as it was seen last.
    seen_verdict: u64,
}

/// Decides what goes on at a start, and writes that down.
///
/// # Errors
/// Those of the store.
pub(crate) async fn decide(store: &Store, settings: &Server) -> Result<Decision, Error> {
    let mut suspects = Suspects::none(store, settings);
    let pending = store.pending().await?;
    let live: Vec<_> = were_live(store).await?.into_iter().filter(|live| live.paused.is_none()).collect();
    let before = read(store).await?;
    let is_off = suspects.window.is_zero();
    let all = if is_off { Vec::new() } else { candidates(&pending, &live) };
    let last_seqs = all.iter().map(|candidate| (candidate.subject.clone(), candidate.last_seq)).collect();
    let further = came_further_of(store, &before).await?;
    let verdict = before.clone().judge(all, &further, suspects.most, Turn::Free);
    if verdict.ledger != before {
        write(store, &verdict.ledger).await?;
    }
    let workflows = live.into_iter().map(|live| live.key).collect();
    let taken_up = suspects.carry_out(verdict, last_seqs, workflows).await?;
    Ok(Decision { pending, taken_up, suspects })
}

/// Strikes all off: the server goes down in good order.
pub(crate) async fn clear(store: &Store) {
    let cleared = match store.cluster() {
        Some(_) => slots::clear(store).await,
        None => remove(store, DOCUMENT).await,
    };
    if let Err(error) = cleared {
        log::warn!("the next start may count this end against what was going on: {error}");
    }
}

/// What runs of these, likeliest first: what came last, before which the server was well.
fn candidates(pending: &[Pending], live: &[WasLive]) -> Vec<Candidate> {
    let running = pending.iter().filter(|pending| pending.status == Status::Running);
    let sessions = running.map(|session| (session.since, Subject::Session(session.id), session.last_seq.unwrap_or(0)));
    let were_live = live.iter().map(|live| (live.since, Subject::Workflow(live.key.clone()), 0));
    let mut all: Vec<_> = sessions.chain(were_live).collect();
    all.sort_by_key(|(since, ..)| std::cmp::Reverse(*since));
    all.into_iter().map(|(_, subject, last_seq)| Candidate { subject, last_seq }).collect()
}

/// The sessions of these that have come further since they went on.
async fn came_further_of(store: &Store, before: &Ledger) -> Result<HashSet<Subject>, Error> {
    let mut further = HashSet::new();
    for Suspect { subject, went_on_at, .. } in &before.suspects {
        if let (Subject::Session(id), Some(last_seq)) = (subject, went_on_at)
            && came_further(store, *id, *last_seq).await?
        {
            further.insert(subject.clone());
        }
    }
    Ok(further)
}

impl Suspects {
    /// That nobody is suspected.
    pub(crate) fn none(store: &Store, settings: &Server) -> Self {
        Self {
            store: store.clone(),
            window: seconds(settings.crash_window),
            most: settings.max_crashes,
            ledger: Ledger::default(),
            guilty: Vec::new(),
            unreported: Vec::new(),
            last_seqs: HashMap::new(),
            since: HashMap::new(),
            seen_verdict: 0,
        }
    }

    /// Does what was decided of these, of which the workflows were live; it is written down.
    async fn carry_out(
        &mut self,
        Verdict { ledger, guilty }: Verdict,
        last_seqs: HashMap<Subject, u64>,
        mut workflows: Vec<WorkflowKey>,
    ) -> Result<TakenUp, Error> {
        let mut apart: HashMap<SessionId, Quarantine> = HashMap::new();
        for subject in &guilty {
            match subject {
                Subject::Session(id) => drop(apart.insert(*id, Quarantine::Fails(self.reason()))),
                Subject::Workflow(key) => {
                    pause(&self.store, key, self.reason()).await?;
                    workflows.retain(|live| live != key);
                }
            }
        }
        let held: HashSet<Subject> = ledger.held(&guilty).cloned().collect();
        for subject in &held {
            match subject {
                Subject::Session(id) => drop(apart.insert(*id, Quarantine::Held)),
                Subject::Workflow(key) => workflows.retain(|live| live != key),
            }
        }
        let now = Instant::now();
        let others = ledger.suspects.iter().map(|suspect| &suspect.subject).filter(|subject| !held.contains(subject));
        self.since.extend(others.map(|subject| (subject.clone(), now)));
        self.ledger.suspects.extend(ledger.suspects);
        self.last_seqs.extend(last_seqs);
        self.unreported.extend(guilty.iter().cloned());
        self.guilty.extend(guilty);
        Ok(TakenUp { apart, workflows })
    }

    fn reason(&self) -> String {
        format!("it has ended the server {} times in a row, soon after each start", self.most)
    }

    /// Reports those that do not go on.
    pub(crate) fn report(&mut self, concerned: &Concerned) {
        for subject in std::mem::take(&mut self.unreported) {
            let reason = self.reason();
            let error = NewEvent::new(Kind::SystemError).with("error", reason.as_str());
            let (kind, new_event) = match subject {
                Subject::Session(id) => {
                    log::error!(session_id:% = id; "a session fails: {reason}");
                    ("session", error.with("source", "session").of_execution(id))
                }
                Subject::Workflow(key) => {
                    log::error!(workflow_id:% = key; "a live workflow is not taken up again: {reason}");
                    ("workflow", error.with("source", "workflow").with("workflow_id", key.to_string()))
                }
            };
            // What ends the server is for who runs it.
            concerned.events.record(new_event);
            concerned.metrics.quarantined(kind).inc();
        }
    }

    /// Looks again and again, until nobody is suspected.
    pub(crate) async fn watch(mut self, concerned: Concerned) {
        while !self.is_empty() {
            tokio::time::sleep(self.pause()).await;
            self.look(&concerned).await;
        }
    }

    /// Whether nobody is suspected.
    pub(crate) fn is_empty(&self) -> bool {
        self.ledger.suspects.is_empty()
    }

    /// When it is time to look again.
    pub(crate) fn pause(&self) -> Duration {
        LOOK.min(self.window)
    }

    /// Strikes off who has come further or has had its time, and lets those go on who wait for that.
    pub(crate) async fn look(&mut self, concerned: &Concerned) {
        let (before, seen_verdict) = (self.ledger.clone(), self.seen_verdict);
        self.strike_off(&concerned.live).await;
        let next: Vec<Subject> = if self.is_absolved().await.unwrap_or(false) {
            self.ledger.absolve();
            self.ledger.held(&self.guilty).cloned().collect()
        } else {
            self.next().into_iter().collect()
        };
        for subject in &next {
            self.ledger.goes_on(subject, self.last_seqs.get(subject).copied().unwrap_or(0));
        }
        if self.ledger != before
            && let Err(error) = self.write(&before).await
        {
            log::warn!("what goes on after the start could not be written: {error}; it is tried again");
            (self.ledger, self.seen_verdict) = (before, seen_verdict);
            return;
        }
        for subject in next {
            self.since.insert(subject.clone(), Instant::now());
            match subject {
                Subject::Session(session) => {
                    let worker = session.worker(concerned.directories.len());
                    if let Some(directory) = concerned.directories.get(worker) {
                        directory.do_send(Release { session });
                    }
                }
                Subject::Workflow(key) => concerned.supervisor.do_send(TakeUp { workflows: vec![key] }),
            }
        }
    }

    async fn write(&self, before: &Ledger) -> Result<(), Error> {
        match self.store.cluster() {
            Some(_) => slots::write(&self.store, slots::changed(before, &self.ledger), &self.ledger).await,
            None => write(&self.store, &self.ledger).await,
        }
    }

    async fn strike_off(&mut self, live: &Live) {
        for suspect in self.ledger.suspects.clone() {
            let Some(since) = self.since.get(&suspect.subject) else { continue };
            if since.elapsed() >= self.window || self.is_well(&suspect, live).await {
                self.ledger.acquit(&suspect.subject);
            }
        }
    }

    /// Whether one that goes on has come further. Of a session its journal says so at the next start; here it matters only
    /// where others wait.
    async fn is_well(&self, suspect: &Suspect, live: &Live) -> bool {
        let others_wait = suspect.ends > 0 && self.ledger.held(&self.guilty).next().is_some();
        match (&suspect.subject, suspect.went_on_at) {
            (Subject::Session(id), Some(last_seq)) if others_wait => {
                came_further(&self.store, *id, last_seq).await.unwrap_or(false)
            }
            (Subject::Workflow(key), Some(_)) => match tokio::time::timeout(LOOK, live.status(key)).await {
                Ok(Ok(Some(status))) => status.execution_count > 0,
                Ok(Ok(None) | Err(_)) | Err(_) => false,
            },
            (Subject::Session(_) | Subject::Workflow(_), _) => false,
        }
    }

    /// Whether one goes on that others wait for.
    fn is_turn_taken(&self) -> bool {
        self.ledger.suspects.iter().any(|suspect| suspect.ends > 0 && suspect.went_on_at.is_some())
    }

    /// Who goes on next, where nobody under suspicion goes on now.
    fn next(&self) -> Option<Subject> {
        self.ledger.held(&self.guilty).next().filter(|_| !self.is_turn_taken()).cloned()
    }
}

/// Whether a session that was running has written or finished anything since, beside that it goes on, or runs no more.
async fn came_further(store: &Store, id: SessionId, last_seq: u64) -> Result<bool, Error> {
    let Some(summary) = store.find(id).await? else { return Ok(true) };
    if summary.state.status != Status::Running {
        return Ok(true);
    }
    let range = JournalRange { after_seq: Some(last_seq), after_row: None, max_bytes: FURTHER_BYTES };
    for row in store.journal(summary.key, range).await? {
        // One that cannot be read is named where the session is read back.
        let Ok((_, lines)) = Burst::read(row.body) else { return Ok(false) };
        if lines.iter().any(|line| is_further(line, last_seq)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_further(line: &Line, last_seq: u64) -> bool {
    match line {
        Line::Output(output) => output.seq > last_seq,
        Line::Entry(entry) => {
            entry.seq > last_seq && !matches!(entry.entry, Entry::Recovered { .. } | Entry::Status { .. })
        }
        Line::Internal(record) => matches!(**record, Internal::StepCompleted { .. } | Internal::ChildEnded { .. }),
    }
}

async fn read(store: &Store) -> Result<Ledger, Error> {
    let Some(document) = store.document(&Owner::SERVER, COLLECTION, DOCUMENT).await? else {
        return Ok(Ledger::default());
    };
    Ok(serde_json::from_str(&document.body).unwrap_or_else(|error| {
        log::warn!("what went on at the last start cannot be read: {error}");
        Ledger::default()
    }))
}

async fn write(store: &Store, ledger: &Ledger) -> Result<(), Error> {
    put(store, DOCUMENT, ledger).await
}

async fn put(store: &Store, id: &str, what: &impl Serialize) -> Result<(), Error> {
    // This always can be written: it has no keys but texts.
    let body = serde_json::to_string(what).unwrap_or_default();
    store.put_document(&Owner::SERVER, COLLECTION, id, body, Precondition::Anything).await.map(drop)
}

/// Sees to it that there is no such document.
async fn remove(store: &Store, id: &str) -> Result<(), Error> {
    match store.remove_document(&Owner::SERVER, COLLECTION, id, Precondition::Anything).await {
        Ok(()) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
