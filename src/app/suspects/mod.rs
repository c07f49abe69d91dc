//! What goes on at a start, so that nothing ends the server again and again.
//!
//! What is about to go on is written down before it does (one write for all), and struck off once it has come further, once
//! the server has run for some time, or when it goes down in good order. What a start still finds there was going on when
//! the server ended; `ledger` decides what that means. `quarantine` is for operators, on the database of a stopped server.

mod ledger;
mod quarantine;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use ledger::{Candidate, Ledger, Subject, Suspect, Verdict};
pub(crate) use quarantine::quarantine;

use super::plan::Plan;
use crate::config::seconds;
use crate::config::server::Server;
use crate::domain::burst::{Burst, Line};
use crate::domain::entry::Entry;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::domain::record::Internal;
use crate::domain::status::Status;
use crate::session::protocol::{Quarantine, Release};
use crate::store::{Error, JournalRange, Pending, Precondition, Store};
use crate::workflow::client::Live;
use crate::workflow::kept::{pause, were_live};
use crate::workflow::key::WorkflowKey;
use crate::workflow::supervisor::messages::TakeUp;

/// Where the ledger is kept.
const COLLECTION: &str = "resumed";
const DOCUMENT: &str = "suspects";

/// How often it is looked who has come further.
const LOOK: Duration = Duration::from_millis(250);

/// How much of a journal is read to see whether a session has come further.
const FURTHER_BYTES: usize = 64 * 1024;

/// What a start takes up.
pub(super) struct Decision {
    /// The sessions that it has to think of.
    pub(super) pending: Vec<Pending>,
    /// Those of them that do not go on by themselves.
    pub(super) apart: HashMap<SessionId, Quarantine>,
    /// The workflows that are live again at once.
    pub(super) workflows: Vec<WorkflowKey>,
    pub(super) suspects: Suspects,
}

/// Those who went on at this start.
pub(super) struct Suspects {
    store: Store,
    window: Duration,
    ledger: Ledger,
    guilty: Vec<Subject>,
    /// Why those do not go on.
    reason: String,
    /// The last entry that each had written at the start.
    last_seqs: HashMap<Subject, u64>,
    /// Since when each goes on.
    since: HashMap<Subject, Instant>,
}

impl Decision {
    /// That nothing goes on by the start itself: with several servers, it comes with the slots that come.
    pub(super) fn nothing(store: &Store, settings: &Server) -> Self {
        let suspects = Suspects {
            store: store.clone(),
            window: seconds(settings.crash_window),
            ledger: Ledger::default(),
            guilty: Vec::new(),
            reason: String::new(),
            last_seqs: HashMap::new(),
            since: HashMap::new(),
        };
        Self { pending: Vec::new(), apart: HashMap::new(), workflows: Vec::new(), suspects }
    }
}

/// Decides what goes on, and writes that down.
///
/// # Errors
/// Those of the store.
pub(super) async fn decide(store: &Store, settings: &Server) -> Result<Decision, Error> {
    let pending = store.pending().await?;
    let live: Vec<_> = were_live(store).await?.into_iter().filter(|live| live.paused.is_none()).collect();
    let before = read(store).await?;
    let window = seconds(settings.crash_window);
    let running = pending.iter().filter(|pending| pending.status == Status::Running);
    let sessions = running.map(|session| (session.since, Subject::Session(session.id), session.last_seq.unwrap_or(0)));
    let were_live = live.iter().map(|live| (live.since, Subject::Workflow(live.key.clone()), 0));
    let mut all: Vec<_> = sessions.chain(were_live).filter(|_| !window.is_zero()).collect();
    // What came last is the likeliest: before it the server was well.
    all.sort_by_key(|(since, ..)| std::cmp::Reverse(*since));
    let candidates: Vec<_> = all.into_iter().map(|(_, subject, last_seq)| Candidate { subject, last_seq }).collect();
    let last_seqs = candidates.iter().map(|candidate| (candidate.subject.clone(), candidate.last_seq)).collect();
    let mut further = HashSet::new();
    for Suspect { subject, went_on_at, .. } in &before.suspects {
        if let (Subject::Session(id), Some(last_seq)) = (subject, went_on_at)
            && came_further(store, *id, *last_seq).await?
        {
            further.insert(subject.clone());
        }
    }
    let Verdict { ledger, guilty } = before.clone().judge(candidates, &further, settings.max_crashes);
    let reason = format!("it has ended the server {} times in a row, soon after each start", settings.max_crashes);
    if ledger != before {
        write(store, &ledger).await?;
    }
    let mut apart: HashMap<SessionId, Quarantine> = HashMap::new();
    let mut workflows: Vec<WorkflowKey> = live.into_iter().map(|live| live.key).collect();
    for subject in &guilty {
        match subject {
            Subject::Session(id) => drop(apart.insert(*id, Quarantine::Fails(reason.clone()))),
            Subject::Workflow(key) => {
                pause(store, key, reason.clone()).await?;
                workflows.retain(|live| live != key);
            }
        }
    }
    for subject in ledger.held(&guilty) {
        match subject {
            Subject::Session(id) => drop(apart.insert(*id, Quarantine::Held)),
            Subject::Workflow(key) => workflows.retain(|live| live != key),
        }
    }
    let now = Instant::now();
    let held: HashSet<&Subject> = ledger.held(&guilty).collect();
    let gone_on = ledger.suspects.iter().map(|suspect| &suspect.subject).filter(|subject| !held.contains(subject));
    let since = gone_on.map(|subject| (subject.clone(), now)).collect();
    let suspects = Suspects { store: store.clone(), window, ledger, guilty, reason, last_seqs, since };
    Ok(Decision { pending, apart, workflows, suspects })
}

/// Strikes all off: the server goes down in good order.
pub(super) async fn clear(store: &Store) {
    match store.remove_document(&Owner::SERVER, COLLECTION, DOCUMENT, Precondition::Anything).await {
        Ok(()) | Err(Error::NotFound) => {}
        Err(error) => log::warn!("the next start may count this end against what was going on: {error}"),
    }
}

impl Suspects {
    /// Reports those that do not go on.
    pub(super) fn report(&self, plan: &Plan) {
        for subject in &self.guilty {
            let error = NewEvent::new(Kind::SystemError).with("error", self.reason.as_str());
            let (kind, new_event) = match subject {
                Subject::Session(id) => {
                    log::error!(session_id:% = id; "a session fails: {}", self.reason);
                    ("session", error.with("source", "session").of_execution(*id))
                }
                Subject::Workflow(key) => {
                    log::error!(workflow_id:% = key; "a live workflow is not taken up again: {}", self.reason);
                    ("workflow", error.with("source", "workflow").with("workflow_id", key.to_string()))
                }
            };
            // What ends the server is for who runs it.
            plan.events.record(new_event);
            plan.metrics.quarantined(kind).inc();
        }
    }

    /// Strikes off who has come further or has had its time, and lets those go on who wait for that.
    pub(super) async fn watch(mut self, plan: Plan) {
        while !self.ledger.suspects.is_empty() {
            tokio::time::sleep(LOOK.min(self.window)).await;
            let before = self.ledger.clone();
            self.strike_off(plan.live()).await;
            let next = self.next();
            if let Some(next) = &next {
                self.ledger.goes_on(next, self.last_seqs.get(next).copied().unwrap_or(0));
            }
            if self.ledger != before
                && let Err(error) = write(&self.store, &self.ledger).await
            {
                log::warn!("what goes on after the start could not be written: {error}; it is tried again");
                self.ledger = before;
                continue;
            }
            if let Some(next) = next {
                self.since.insert(next.clone(), Instant::now());
                match next {
                    Subject::Session(session) => plan.release(Release { session }),
                    Subject::Workflow(key) => plan.supervisor.do_send(TakeUp { workflows: vec![key] }),
                }
            }
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

    /// Who goes on next, where nobody under suspicion goes on now.
    fn next(&self) -> Option<Subject> {
        let goes_on = |suspect: &Suspect| suspect.ends > 0 && suspect.went_on_at.is_some();
        let is_free = !self.ledger.suspects.iter().any(goes_on);
        self.ledger.held(&self.guilty).next().filter(|_| is_free).cloned()
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
    // This always can be written: it has no keys but texts.
    let body = serde_json::to_string(ledger).unwrap_or_default();
    store.put_document(&Owner::SERVER, COLLECTION, DOCUMENT, body, Precondition::Anything).await.map(|_| ())
}
