//! Plain maps that do what an engine does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;

use super::by_owner::ByOwner;
use crate::document::{self, ListDocuments, Part, Present, Write};
use crate::engine::{Batch, Engine, LastBatch, Outcome, Read, Refusal, Written};
use crate::events;
use crate::fence::fenced;
use crate::query::Query;
use crate::search::{Findable, MOST_COUNTED, MOST_LOOKED_AT};
use crate::{
    Append, Change, ChangeError, Counts, Document, Error, EventRow, EventSpan, Fence, Found, Idempotency, JournalRange,
    ListRequests, ListSessions, Pending, Reason, RequestChange, RequestPage, Row, SessionKey, StoredRequest, Summary,
};
use callboard_domain::answerers::Assignee;
use callboard_domain::id::{ExecutionId, SessionId, Slot};
use callboard_domain::listed_request::RequestPlace;
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// See the module. By itself the engine of one writer, in its thread.
#[derive(Default)]
pub(crate) struct Tables {
    sessions: BTreeMap<SessionKey, Stored>,
    sessions_of: ByOwner<SessionKey>,
    keys: HashMap<SessionId, SessionKey>,
    idempotency: HashMap<(Owner, String), (SessionId, [u8; 32])>,
    executions: HashMap<(Owner, ExecutionId), SessionId>,
    /// The open questions of all sessions.
    requests: BTreeMap<RequestPlace, StoredRequest>,
    requests_of: ByOwner<RequestPlace>,
    /// The open questions that are put to somebody, with their sessions.
    asked: HashMap<Assignee, BTreeSet<(SessionKey, RequestPlace)>>,
    /// By owner and collection, then by id.
    documents: BTreeMap<(Owner, String), BTreeMap<String, Document>>,
    /// By the `seq` of their last event.
    events: BTreeMap<u64, EventRow>,
    events_of: ByOwner<u64>,
    /// The `seq` that was given last.
    last_event: u64,
    /// The last batch of each writer.
    last_batches: HashMap<Fence, LastBatch>,
    /// Who may write what; where there is nobody, this is one writer's alone.
    members: HashMap<Fence, HashSet<Slot>>,
    is_shared: bool,
}

struct Stored {
    summary: Summary,
    rows: BTreeMap<u32, Row>,
    idempotency: Option<String>,
    findable: Findable,
}

impl Stored {
    fn summary(&self) -> Summary {
        self.summary.clone()
    }
}

impl Read for Tables {
    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error> {
        Ok(self.keys.get(&id).and_then(|key| self.sessions.get(key)).map(|stored| stored.summary.clone()))
    }

    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        let all = self.sessions.get(&key).into_iter().flat_map(|stored| stored.rows.values());
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
        Ok(self
            .newest(query)
            .filter(|stored| query.fits(&stored.summary))
            .take(query.limit)
            .map(Stored::summary)
            .collect())
    }

    fn search(&mut self, words: &[String], query: &ListSessions) -> Result<Found, Error> {
        let mut found = Found { is_complete: true, ..Found::default() };
        for (looked_at, stored) in self.newest(query).enumerate() {
            if found.sessions.len() >= query.limit {
                break;
            }
            if looked_at >= MOST_LOOKED_AT {
                (found.is_complete, found.broken_off_at) = (false, Some(stored.summary.key));
                break;
            }
            if query.fits(&stored.summary) && stored.findable.has_all(words) {
                found.sessions.push(stored.summary.clone());
            }
        }
        Ok(found)
    }

    fn count(&mut self, words: &[String], query: &ListSessions) -> Result<Counts, Error> {
        let query = ListSessions { before: None, ..query.clone() };
        let mut counts = Counts { is_complete: true, ..Counts::default() };
        for (looked_at, stored) in self.newest(&query).enumerate() {
            if looked_at >= MOST_COUNTED {
                counts.is_complete = false;
                break;
            }
            if query.fits_but_for_status(&stored.summary) && stored.findable.has_all(words) {
                counts.add(stored.summary.state.status, 1);
            }
        }
        Ok(counts.sorted())
    }

    fn requests(&mut self, query: &ListRequests) -> Result<RequestPage, Error> {
        let key = |request: &StoredRequest| request.cursor().key(query.order);
        let after = query.after.map(|after| after.key(query.order));
        let is_wanted = |request: &&StoredRequest| {
            query.owner.as_ref().is_none_or(|owner| request.owner == *owner)
                && query.task.as_ref().is_none_or(|task| request.task == *task)
                && after.is_none_or(|after| key(request) > after)
        };
        let mut wanted: Vec<_> = match (&query.asking, &query.owner) {
            (Some(assignee), _) => {
                let asked = self.asked.get(assignee).into_iter().flatten();
                asked.filter_map(|(_, place)| self.requests.get(place)).filter(is_wanted).collect()
            }
            (None, Some(owner)) if *owner != Owner::SERVER => {
                let own = self.requests_of.range(owner, ..).filter_map(|place| self.requests.get(&place));
                own.filter(is_wanted).collect()
            }
            (None, _) => self.requests.values().filter(is_wanted).collect(),
        };
        wanted.sort_by_key(|request| key(request));
        RequestPage::of(wanted.into_iter().cloned().map(Ok), query, self.last_event)
    }

    fn owned_bytes(&mut self, owner: &Owner) -> Result<u64, Error> {
        let sessions = self.sessions.values().filter(|stored| stored.summary.owner == *owner);
        let rows: usize = sessions.flat_map(|stored| stored.rows.values()).map(|row| row.body.len()).sum();
        let documents = self.documents.iter().filter(|((of, _), _)| of == owner);
        let bodies: usize = documents.flat_map(|(_, documents)| documents.values()).map(|it| it.body.len()).sum();
        Ok((rows + bodies) as u64)
    }

    fn pending(&mut self) -> Result<Vec<Pending>, Error> {
        let due = self.sessions.values().filter(|stored| {
            let state = &stored.summary.state;
            state.status.is_resumed_at_start() || state.deadline.is_some()
        });
        Ok(due
            .map(|stored| {
                let Summary { id, priority, state, .. } = &stored.summary;
                let last = stored.rows.values().last().filter(|_| state.status == Status::Running);
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
            let there = self.sessions.values().filter(|stored| stored.summary.state.status == status).count();
            (status, there as u64)
        };
        let live = Status::ALL.into_iter().filter(|status| !status.is_terminal());
        Ok(live.map(count).filter(|(_, there)| *there > 0).collect())
    }

    fn idempotent(&mut self, owner: &Owner, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        Ok(self.idempotency.get(&(owner.clone(), key.to_owned())).copied())
    }

    fn execution(&mut self, owner: &Owner, id: &ExecutionId) -> Result<Option<SessionId>, Error> {
        Ok(self.executions.get(&(owner.clone(), id.clone())).copied())
    }

    fn document(&mut self, owner: &Owner, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        Ok(self.collection(owner, collection).and_then(|documents| documents.get(id)).cloned())
    }

    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error> {
        let Some(documents) = self.collection(&query.owner, &query.collection) else { return Ok(Vec::new()) };
        let after = query.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let found = documents.range::<str, _>((after, Bound::Unbounded));
        let part = |document: &Document| match query.part {
            Part::Whole => document.clone(),
            Part::Head => Document {
                owner: document.owner.clone(),
                collection: document.collection.clone(),
                id: document.id.clone(),
                body: String::new(),
                ..*document
            },
        };
        Ok(found.take(query.limit).map(|(_, document)| part(document)).collect())
    }

    fn folders(&mut self, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error> {
        let ids = self.collection(owner, collection).into_iter().flat_map(BTreeMap::keys);
        let folders: HashSet<&str> = ids.filter_map(|id| id.split_once('/')).map(|(folder, _)| folder).collect();
        Ok(folders.len().min(most))
    }

    fn document_owners(&mut self, collection: &str, after: Option<&Owner>, limit: usize) -> Result<Vec<Owner>, Error> {
        let there = self.documents.iter().filter(|((_, of), documents)| of == collection && !documents.is_empty());
        let owners = there.map(|((owner, _), _)| owner).filter(|owner| after.is_none_or(|after| *owner > after));
        Ok(owners.take(limit).cloned().collect())
    }

    fn events(&mut self, owner: Option<&Owner>, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        let range = (Bound::Excluded(after_seq), Bound::Unbounded);
        let all = self.events.range(range).map(|(_, row)| row);
        let found: Box<dyn Iterator<Item = &EventRow>> = match owner {
            Some(owner) if *owner != Owner::SERVER => {
                Box::new(self.events_of.range(owner, range).filter_map(|last_seq| self.events.get(&last_seq)))
            }
            Some(owner) => Box::new(all.filter(move |row| row.owner == *owner)),
            None => Box::new(all),
        };
        for row in found {
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

/// By what the session of an execution is found.
fn execution(summary: &Summary) -> Option<(Owner, ExecutionId)> {
    summary.execution_id.clone().map(|id| (summary.owner.clone(), id))
}

impl Engine for Tables {
    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Error> {
        if !self.is_member(batch.fence) {
            return Ok(Outcome::Fenced);
        }
        if let Some(last) = self.last_batches.get(&batch.fence)
            && let Some(written) = last.answer(batch.number)?
        {
            return Ok(Outcome::Written(written));
        }
        let refusals = self.append_all(batch);
        let is_refused = |append| refusals.iter().any(|refusal| Some(refusal.index) == append);
        let caused = batch.events.iter().filter(|event| !is_refused(event.append)).map(|event| &event.event);
        let events = events::number(caused, self.last_event);
        for row in &events {
            self.last_event = row.last_seq;
            self.events_of.insert(&row.owner, row.last_seq);
            self.events.insert(row.last_seq, row.clone());
        }
        let written = Written { refusals, events };
        self.last_batches.insert(batch.fence, LastBatch::new(batch.number, written.clone()));
        Ok(Outcome::Written(written))
    }

    fn remove(&mut self, fence: Fence, key: SessionKey) -> Result<(), Error> {
        let stored = self.sessions.get(&key).ok_or(Error::NotFound)?;
        if !self.owns(fence, stored.summary.id) {
            return Err(fenced());
        }
        if !stored.summary.state.status.is_terminal() {
            return Err(Error::Conflict("the session has not ended".into()));
        }
        self.forget(key);
        Ok(())
    }

    fn purge(&mut self, fence: Fence, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        let own = self.sessions.iter().filter(|(_, stored)| self.owns(fence, stored.summary.id));
        let states = own.map(|(key, stored)| (key, &stored.summary.state));
        let mut ended: Vec<_> = states
            .filter(|(_, state)| state.status.is_terminal())
            .filter_map(|(key, state)| state.ended_at.filter(|ended| *ended < before).map(|ended| (ended, *key)))
            .collect();
        ended.sort_unstable();
        Ok(ended.into_iter().take(limit).filter_map(|(_, key)| self.forget(key)).collect())
    }

    fn change(
        &mut self,
        fence: Fence,
        writes: Vec<Write>,
        at: Timestamp,
    ) -> Result<Vec<Option<Document>>, ChangeError> {
        if !self.is_member(fence) {
            return Err(fenced().into());
        }
        let find = |write: &Write| self.collection(&write.owner, &write.collection)?.get(&write.id);
        document::check(&writes, writes.iter().map(|write| Some(find(write)?.version)))?;
        Ok(writes.into_iter().map(|write| self.write(write, at)).collect())
    }

    fn purge_events(&mut self, fence: Fence, before_seq: u64) -> Result<(), Error> {
        if !self.is_member(fence) {
            return Err(fenced());
        }
        while self.events.len() > 1
            && let Some(oldest) = self.events.first_entry()
            && *oldest.key() < before_seq
        {
            let (last_seq, row) = oldest.remove_entry();
            self.events_of.remove(&row.owner, last_seq);
        }
        Ok(())
    }

    fn answer(&mut self, query: Query) {
        query.answer(self);
    }
}

impl Tables {
    /// Tables that only members may change.
    pub(super) fn shared() -> Self {
        Self { is_shared: true, ..Self::default() }
    }

    /// Makes a writer a member that owns no slot.
    pub(super) fn admit(&mut self, fence: Fence) {
        self.members.entry(fence).or_default();
    }

    /// Gives slots to a member; nobody else owns them then. Gives whether it is one.
    pub(super) fn assign(&mut self, slots: &[Slot], fence: Fence) -> bool {
        if !self.members.contains_key(&fence) {
            return false;
        }
        for owned in self.members.values_mut() {
            owned.retain(|slot| !slots.contains(slot));
        }
        self.members.entry(fence).or_default().extend(slots);
        true
    }

    /// Ends a membership; what the member owned is nobody's then.
    pub(super) fn expel(&mut self, fence: Fence) {
        self.members.remove(&fence);
        self.last_batches.remove(&fence);
    }

    /// The sessions that a query may want, by owner and place, newest first.
    fn newest<'a>(&'a self, query: &'a ListSessions) -> Box<dyn Iterator<Item = &'a Stored> + 'a> {
        let range = (Bound::Unbounded, query.before.map_or(Bound::Unbounded, Bound::Excluded));
        if let Some(assignee) = &query.asking {
            let keys: BTreeSet<SessionKey> =
                self.asked.get(assignee).into_iter().flatten().map(|(key, _)| *key).collect();
            let wanted = keys.into_iter().rev().filter(|key| query.before.is_none_or(|before| *key < before));
            return Box::new(wanted.filter_map(|key| self.sessions.get(&key)));
        }
        match &query.owner {
            Some(owner) if *owner != Owner::SERVER => {
                Box::new(self.sessions_of.range(owner, range).rev().filter_map(|key| self.sessions.get(&key)))
            }
            Some(_) | None => Box::new(self.sessions.range(range).rev().map(|(_, stored)| stored)),
        }
    }

    fn is_member(&self, fence: Fence) -> bool {
        !self.is_shared || self.members.contains_key(&fence)
    }

    fn owns(&self, fence: Fence, session: SessionId) -> bool {
        !self.is_shared || self.members.get(&fence).is_some_and(|slots| slots.contains(&session.slot()))
    }

    fn collection(&self, owner: &Owner, collection: &str) -> Option<&BTreeMap<String, Document>> {
        self.documents.get(&(owner.clone(), collection.to_owned()))
    }

    /// Makes one of the writes of a change whose preconditions hold.
    fn write(&mut self, write: Write, at: Timestamp) -> Option<Document> {
        let documents = self.documents.entry((write.owner.clone(), write.collection.clone())).or_default();
        let id = write.id.clone();
        let present = documents.get(&id).map(|document| Present {
            version: document.version,
            created_at: document.created_at,
            updated_at: document.updated_at,
        });
        let document = write.apply(present, at);
        match &document {
            Some(document) => documents.insert(id, document.clone()),
            None => documents.remove(&id),
        };
        document
    }

    /// Adds all rows that can be added; gives back the others.
    fn append_all(&mut self, batch: &Batch) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let mut refused = HashMap::<SessionKey, Reason>::new();
        for (index, append) in batch.appends.iter().enumerate() {
            let reason = match refused.get(&append.key) {
                Some(earlier) => earlier.clone(),
                None if !self.owns(batch.fence, append.session) => Reason::Fenced,
                None => match self.append(append) {
                    Ok(()) => continue,
                    Err(reason) => Reason::Conflict(reason),
                },
            };
            refused.insert(append.key, reason.clone());
            refusals.push(Refusal { index, reason });
        }
        refusals
    }

    /// Adds a row and changes the session's own, or does neither and says why.
    fn append(&mut self, append: &Append) -> Result<(), String> {
        let row = Row { row: append.row, last_seq: append.last_seq, body: append.body.clone() };
        if let Change::Create(summary, idempotency) = &append.change {
            self.create(append, summary, idempotency.as_ref(), row)?;
            self.change_requests(append.key, &append.requests);
            return Ok(());
        }
        let stored = self.sessions.get_mut(&append.key).ok_or("there is no such session")?;
        let next = stored.rows.last_key_value().map_or(0, |(last, _)| last + 1);
        if append.row != next {
            return Err(format!("the next row of the journal is {next}, not {}", append.row));
        }
        stored.findable.add_row(&append.body);
        stored.rows.insert(append.row, row);
        match &append.change {
            Change::Update(state) => stored.summary.state = (**state).clone(),
            Change::None | Change::Create(..) => {}
        }
        self.change_requests(append.key, &append.requests);
        Ok(())
    }

    fn change_requests(&mut self, session: SessionKey, changes: &[RequestChange]) {
        for change in changes {
            match change {
                RequestChange::Opened(request, assignees) => {
                    for assignee in assignees {
                        self.asked.entry(assignee.clone()).or_default().insert((session, request.place));
                    }
                    self.requests_of.insert(&request.owner, request.place);
                    self.requests.insert(request.place, (**request).clone());
                }
                RequestChange::Closed(place, assignees) => {
                    for assignee in assignees {
                        let Some(asked) = self.asked.get_mut(assignee) else { continue };
                        asked.remove(&(session, *place));
                        if asked.is_empty() {
                            self.asked.remove(assignee);
                        }
                    }
                    if let Some(request) = self.requests.remove(place) {
                        self.requests_of.remove(&request.owner, *place);
                    }
                }
            }
        }
    }

    fn create(
        &mut self,
        append: &Append,
        summary: &Summary,
        idempotency: Option<&Idempotency>,
        row: Row,
    ) -> Result<(), String> {
        if self.sessions.contains_key(&summary.key) || self.keys.contains_key(&summary.id) {
            return Err("the session is there already".into());
        }
        let idempotency_key = |idempotency: &Idempotency| (summary.owner.clone(), idempotency.key.clone());
        if idempotency.is_some_and(|idempotency| self.idempotency.contains_key(&idempotency_key(idempotency))) {
            return Err("the idempotency key was used already".into());
        }
        let execution = execution(summary);
        if execution.as_ref().is_some_and(|execution| self.executions.contains_key(execution)) {
            return Err("another execution has this id".into());
        }
        self.executions.extend(execution.map(|execution| (execution, summary.id)));
        if let Some(idempotency) = idempotency {
            self.idempotency.insert(idempotency_key(idempotency), (summary.id, idempotency.digest));
        }
        self.keys.insert(summary.id, summary.key);
        self.sessions_of.insert(&summary.owner, summary.key);
        let mut findable = Findable::default();
        findable.add_summary(summary);
        findable.add_row(&append.body);
        let stored = Stored {
            findable,
            summary: summary.clone(),
            rows: BTreeMap::from([(append.row, row)]),
            idempotency: idempotency.map(|idempotency| idempotency.key.clone()),
        };
        self.sessions.insert(summary.key, stored);
        Ok(())
    }

    fn forget(&mut self, key: SessionKey) -> Option<SessionId> {
        let stored = self.sessions.remove(&key)?;
        self.keys.remove(&stored.summary.id);
        self.sessions_of.remove(&stored.summary.owner, key);
        if let Some(execution) = execution(&stored.summary) {
            self.executions.remove(&execution);
        }
        if let Some(key) = stored.idempotency {
            self.idempotency.remove(&(stored.summary.owner.clone(), key));
        }
        Some(stored.summary.id)
    }
}
