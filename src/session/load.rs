//! A session read back from the store: by one fold over its journal, for a restart and for waking alike.

use std::rc::Rc;

use crate::domain::burst::{Burst, Line};
use crate::domain::id::SessionId;
use crate::domain::record::{Internal, Spec};
use crate::domain::tail::{Tail, TailLimits};
use crate::domain::time::Timestamp;
use crate::session::state::{self, SessionState};
use crate::session::task::recorded_calls::RecordedCalls;
use crate::store::{Error, JournalRange, Row, Store, Summary};

/// How much of a journal is read at once.
const PAGE_BYTES: usize = 256 * 1024;

/// A session as the journal has it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) summary: Summary,
    pub(crate) spec: Rc<Spec>,
    pub(crate) state: SessionState,
    pub(crate) recorded_calls: RecordedCalls,
    /// What people gave the task and nobody else may see.
    pub(crate) secrets: Vec<String>,
    /// Why a secret of a task that has to go on cannot be opened, where one cannot.
    pub(crate) locked: Option<String>,
    pub(crate) tail: Tail,
    pub(crate) next_row: u32,
}

/// Reads a session back; `None` where there is none.
///
/// Long journals are read page by page, so that the worker serves others in between.
///
/// # Errors
/// [`Error::Unavailable`] where the store does not answer, [`Error::Unusable`] where the journal is damaged.
pub(crate) async fn load(store: &Store, id: SessionId, limits: TailLimits) -> Result<Option<Loaded>, Error> {
    let Some(summary) = store.find(id).await? else { return Ok(None) };
    let mut fold = Fold::new(summary.created_at, summary.state.status.is_terminal(), limits);
    loop {
        let range = JournalRange { after_seq: None, after_row: fold.last_row, max_bytes: PAGE_BYTES };
        let rows = store.journal(summary.key, range).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            fold.push(store, row)?;
        }
    }
    fold.finish(summary).map(Some)
}

/// Reads these rows like a journal's; what they say is of no interest.
///
/// # Errors
/// [`Error::Unusable`] where one is damaged.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_rows(store: &Store, rows: impl Iterator<Item = bytes::Bytes>) -> Result<(), Error> {
    let mut fold = Fold::new(Timestamp::from_micros(0), false, TailLimits { snapshot: 100, bytes: 10_000 });
    for (row, body) in (0..).zip(rows) {
        fold.push(store, Row { row, last_seq: 0, body })?;
    }
    Ok(())
}

struct Fold {
    spec: Option<Spec>,
    state: SessionState,
    recorded_calls: RecordedCalls,
    secrets: Vec<String>,
    locked: Option<String>,
    tail: Tail,
    last_row: Option<u32>,
    ended: bool,
}

impl Fold {
    fn new(created_at: Timestamp, ended: bool, limits: TailLimits) -> Self {
        Self {
            spec: None,
            state: SessionState::new(created_at),
            recorded_calls: RecordedCalls::default(),
            secrets: Vec::new(),
            locked: None,
            tail: Tail::new(limits),
            last_row: None,
            ended,
        }
    }

    fn push(&mut self, store: &Store, row: Row) -> Result<(), Error> {
        self.last_row = Some(row.row);
        let (burst, lines) = Burst::read(row.body).map_err(|error| Error::Unusable(error.to_string()))?;
        for line in lines {
            self.push_line(store, line)?;
        }
        for entry in burst.entries {
            self.tail.push(entry);
        }
        Ok(())
    }

    fn push_line(&mut self, store: &Store, mut line: Line) -> Result<(), Error> {
        self.unseal_step(store, &mut line)?;
        // The task of an ended session does not run again: nobody needs what it has done.
        let call = if self.ended { None } else { self.recorded_calls.push(&line) };
        self.state.evolve(&state::JournalLine::read(&line, call.as_ref()));
        if let Line::Internal(record) = line {
            match *record {
                Internal::Created(spec) => self.spec = Some(*spec),
                Internal::Sealed { request_id, values } => {
                    let Some(plain) = self.unseal(store, &values) else { return Ok(()) };
                    let values = serde_json::from_slice(&plain).map_err(|error| Error::Unusable(error.to_string()))?;
                    self.secrets.extend(self.state.secrets(request_id, &values));
                    self.recorded_calls.unseal(request_id, values);
                }
                Internal::StepStarted { .. }
                | Internal::StepCompleted { .. }
                | Internal::ChildStarted { .. }
                | Internal::ChildEnded { .. }
                | Internal::SleepStarted { .. }
                | Internal::Deadline { .. }
                | Internal::Replied { .. }
                | Internal::CancelRequested { .. }
                | Internal::Patience { .. } => {}
            }
        }
        Ok(())
    }

    fn finish(self, summary: Summary) -> Result<Loaded, Error> {
        let missing = || Error::Unusable(format!("the journal of session {} has no beginning", summary.id));
        let spec = Rc::new(self.spec.ok_or_else(missing)?);
        let next_row = self.last_row.map_or(0, |row| row + 1);
        Ok(Loaded {
            summary,
            spec,
            state: self.state,
            recorded_calls: self.recorded_calls,
            secrets: self.secrets,
            locked: self.locked.filter(|_| !self.ended),
            tail: self.tail,
            next_row,
        })
    }

    /// Puts what a step gave in the place of what is shown of it.
    fn unseal_step(&mut self, store: &Store, line: &mut Line) -> Result<(), Error> {
        let Line::Internal(record) = line else { return Ok(()) };
        if let Internal::StepCompleted { outcome, sealed: Some(sealed), .. } = record.as_mut()
            && let Some(plain) = self.unseal(store, sealed)
        {
            *outcome = Ok(serde_json::from_slice(&plain).map_err(|error| Error::Unusable(error.to_string()))?);
        }
        Ok(())
    }

    /// Opens what is sealed. Without its key the session can still be seen and ended; only its task cannot go on.
    fn unseal(&mut self, store: &Store, sealed: &str) -> Option<Vec<u8>> {
        store.unseal(sealed).map_err(|error| self.locked = Some(error.to_string())).ok()
    }
}
