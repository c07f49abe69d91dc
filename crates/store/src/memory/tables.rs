//! The engine for tests and throw-away servers: plain maps, gone with the process.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use super::document::{Discard, ListDocuments, Part, Present, Put};
use super::engine::{Engine, Read, Refusal};
use super::query::Query;
use super::{
    Append, Change, Document, Error, EventRow, EventSpan, JournalRange, ListSessions, Pending, Row, SessionKey, Summary,
};
use callboard_domain::id::{ExecutionId, SessionId};
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// See the module.
#[derive(Default)]
pub(super) struct Memory {
    sessions: BTreeMap<SessionKey, Kept>,
    keys: HashMap<SessionId, SessionKey>,
    idempotency: HashMap<String, (SessionId, [u8; 32])>,
    /// By owner and what that calls them.
    executions: HashMap<(Option<String>, ExecutionId), SessionId>,
    /// By collection, then by id.
    documents: BTreeMap<String, BTreeMap<String, Document>>,
    /// By the place of their last event.
    events: BTreeMap<u64, EventRow>,
}

struct Kept {
    summary: Summary,
    rows: BTreeMap<u32, Row>,
    idempotency: Option<String>,
}

impl Read for Memory {
    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error> {
        Ok(self.keys.get(&id).and_then(|key| self.sessions.get(key)).map(|kept| kept.summary.clone()))
    }

    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        let all = self.sessions.get(&key).into_iter().flat_map(|kept| kept.rows.values());
        let wanted = all
            .filter(|row| range.after_row.is_none_or(|after| row.row > after))
            .filter(|row| range.after_seq.is_none_or(|after| row.last_seq > after));
        for row in wanted {
            bytes += row.body.len();
            rows.push(row.clone());
            if bytes >= range.max_bytes {
                break;
            }
        }
        Ok(rows)
    }

    fn list(&mut self, query: &ListSessions) -> Result<Vec<Summary>, Error> {
        let newest_first = self.sessions.values().rev().map(|kept| &kept.summary);
        Ok(newest_first.filter(|summary| fits(summary, query)).take(query.limit).cloned().collect())
    }

    fn pending(&mut self) -> Result<Vec<Pending>, Error> {
        let due = self.sessions.values().filter(|kept| {
            let state = &kept.summary.state;
            state.status.is_resumed_at_start() || state.deadline.is_some()
        });
        Ok(due
            .map(|kept| {
                let Summary { id, priority, state, .. } = &kept.summary;
                let last = kept.rows.values().last().filter(|_| state.status == Status::Running);
                Pending {
                    id: *id,
                    status: state.status,
                    priority: *priority,
                    deadline: state.deadline,
                    since: state.since,
                    last_seq: last.map(|row| row.last_seq),
                }
            })
            .collect())
    }

    fn count_live(&mut self) -> Result<Vec<(Status, u64)>, Error> {
        let count = |status| {
            let there = self.sessions.values().filter(|kept| kept.summary.state.status == status).count();
            (status, there as u64)
        };
        let live = Status::ALL.into_iter().filter(|status| !status.is_terminal());
        Ok(live.map(count).filter(|(_, there)| *there > 0).collect())
    }

    fn idempotent(&mut self, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        Ok(self.idempotency.get(key).copied())
    }

    fn execution(&mut self, owner: Option<&str>, id: &ExecutionId) -> Result<Option<SessionId>, Error> {
        Ok(self.executions.get(&(owner.map(str::to_owned), id.clone())).copied())
    }

    fn document(&mut self, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        Ok(self.documents.get(collection).and_then(|documents| documents.get(id)).cloned())
    }

    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error> {
        let Some(documents) = self.documents.get(&query.collection) else { return Ok(Vec::new()) };
        let after = query.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let found = documents.range::<str, _>((after, Bound::Unbounded));
        let part = |document: &Document| match query.part {
            Part::Whole => document.clone(),
            Part::Head => Document {
                collection: document.collection.clone(),
                id: document.id.clone(),
                body: String::new(),
                ..*document
            },
        };
        Ok(found.take(query.limit).map(|(_, document)| part(document)).collect())
    }

    fn folders(&mut self, collection: &str, most: usize) -> Result<usize, Error> {
        let ids = self.documents.get(collection).into_iter().flat_map(BTreeMap::keys);
        let folders: HashSet<&str> = ids.filter_map(|id| id.split_once('/')).map(|(folder, _)| folder).collect();
        Ok(folders.len().min(most))
    }

    fn events(&mut self, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (_, row) in self.events.range((Bound::Excluded(after_seq), Bound::Unbounded)) {
            bytes += row.body.len();
            rows.push(row.clone());
            if bytes >= max_bytes {
                break;
            }
        }
        Ok(rows)
    }

    fn event_span(&mut self) -> Result<EventSpan, Error> {
        let (Some((_, first)), Some((_, last))) = (self.events.first_key_value(), self.events.last_key_value()) else {
            return Ok(EventSpan::EMPTY);
        };
        Ok(EventSpan { first_seq: first.first_seq, last_seq: last.last_seq })
    }
}

/// Under which owner and word a session is found.
fn execution(summary: &Summary) -> Option<(Option<String>, ExecutionId)> {
    summary.execution_id.clone().map(|id| (summary.owner.clone(), id))
}

fn fits(summary: &Summary, query: &ListSessions) -> bool {
    (query.status.is_empty() || query.status.contains(&summary.state.status))
        && query.task.as_ref().is_none_or(|task| *task == summary.task)
        && query.owner.as_ref().is_none_or(|owner| summary.owner.as_ref() == Some(owner))
        && query.before.is_none_or(|before| summary.key < before)
        && query.labels.iter().all(|wanted| {
            summary.labels.iter().any(|label| crate::types::label_text(label) == crate::types::label_text(wanted))
        })
}

impl Engine for Memory {
    fn commit(&mut self, batch: &[Append], events: Option<&EventRow>) -> Result<Vec<Refusal>, Error> {
        if let Some(row) = events {
            self.events.insert(row.last_seq, row.clone());
        }
        let mut refused = Vec::new();
        let mut torn = HashSet::new();
        for (index, append) in batch.iter().enumerate() {
            let reason = if torn.contains(&append.key) {
                "an earlier row was refused".to_owned()
            } else {
                match self.append(append) {
                    Ok(()) => continue,
                    Err(reason) => reason,
                }
            };
            torn.insert(append.key);
            refused.push(Refusal { index, reason });
        }
        Ok(refused)
    }

    fn remove(&mut self, key: SessionKey) -> Result<(), Error> {
        let kept = self.sessions.get(&key).ok_or(Error::NotFound)?;
        if !kept.summary.state.status.is_terminal() {
            return Err(Error::Conflict("the session has not ended".into()));
        }
        self.forget(key);
        Ok(())
    }

    fn purge(&mut self, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        let states = self.sessions.iter().map(|(key, kept)| (key, &kept.summary.state));
        let mut ended: Vec<_> = states
            .filter(|(_, state)| state.status.is_terminal())
            .filter_map(|(key, state)| state.ended_at.filter(|ended| *ended < before).map(|ended| (ended, *key)))
            .collect();
        ended.sort_unstable();
        Ok(ended.into_iter().take(limit).filter_map(|(_, key)| self.forget(key)).collect())
    }

    fn put(&mut self, put: Put) -> Result<Document, Error> {
        let there = self.documents.get(&put.collection).and_then(|documents| documents.get(&put.id));
        let present = there.map(|document| Present {
            version: document.version,
            created_at: document.created_at,
            updated_at: document.updated_at,
        });
        let document = put.over(present)?;
        let collection = self.documents.entry(document.collection.clone()).or_default();
        collection.insert(document.id.clone(), document.clone());
        Ok(document)
    }

    fn discard(&mut self, discard: &Discard) -> Result<(), Error> {
        let documents = self.documents.get_mut(&discard.collection).ok_or(Error::NotFound)?;
        discard.check(documents.get(&discard.id).map(|document| document.version))?;
        documents.remove(&discard.id);
        Ok(())
    }

    fn purge_events(&mut self, before_seq: u64) -> Result<(), Error> {
        while self.events.len() > 1
            && let Some(oldest) = self.events.first_entry()
            && *oldest.key() < before_seq
        {
            oldest.remove();
        }
        Ok(())
    }

    fn answer(&mut self, query: Query) {
        query.answer(self);
    }
}

impl Memory {
    /// Adds a row and changes the session's own, or does neither and says why.
    fn append(&mut self, append: &Append) -> Result<(), String> {
        let row = Row { row: append.row, last_seq: append.last_seq, body: append.body.clone() };
        if let Change::Create(summary, idempotency) = &append.change {
            return self.create(append, summary, idempotency.as_ref(), row);
        }
        let kept = self.sessions.get_mut(&append.key).ok_or("there is no such session")?;
        if kept.rows.contains_key(&append.row) {
            return Err("the journal has this row already".into());
        }
        kept.rows.insert(append.row, row);
        match &append.change {
            Change::Update(state) => kept.summary.state = (**state).clone(),
            Change::None | Change::Create(..) => {}
        }
        Ok(())
    }

    fn create(
        &mut self,
        append: &Append,
        summary: &Summary,
        idempotency: Option<&super::Idempotency>,
        row: Row,
    ) -> Result<(), String> {
        if self.sessions.contains_key(&summary.key) || self.keys.contains_key(&summary.id) {
            return Err("the session is there already".into());
        }
        if idempotency.is_some_and(|idempotency| self.idempotency.contains_key(&idempotency.key)) {
            return Err("the idempotency key was used already".into());
        }
        let execution = execution(summary);
        if execution.as_ref().is_some_and(|execution| self.executions.contains_key(execution)) {
            return Err("an execution is called so already".into());
        }
        self.executions.extend(execution.map(|execution| (execution, summary.id)));
        if let Some(idempotency) = idempotency {
            self.idempotency.insert(idempotency.key.clone(), (summary.id, idempotency.digest));
        }
        self.keys.insert(summary.id, summary.key);
        let kept = Kept {
            summary: summary.clone(),
            rows: BTreeMap::from([(append.row, row)]),
            idempotency: idempotency.map(|idempotency| idempotency.key.clone()),
        };
        self.sessions.insert(summary.key, kept);
        Ok(())
    }

    fn forget(&mut self, key: SessionKey) -> Option<SessionId> {
        let kept = self.sessions.remove(&key)?;
        self.keys.remove(&kept.summary.id);
        if let Some(execution) = execution(&kept.summary) {
            self.executions.remove(&execution);
        }
        if let Some(key) = kept.idempotency {
            self.idempotency.remove(&key);
        }
        Some(kept.summary.id)
    }
}
