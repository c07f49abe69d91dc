//! The reading side of the engine. What may be long is read in slices, so that the engine serves others in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use redis::{Connection, FromRedisValue, RedisResult, ScriptInvocation};
use tokio::sync::watch;

use super::documents;
use super::event_log::read_entry;
use super::link::{Failure, Link};
use super::place::Place;
use super::record::{self, damaged, key_text, owned, read_id, read_key};
use super::replicas::Replicas;
use super::requests;
use super::scripts::run;
use super::search;
use crate::cluster::relay::Entry;
use crate::document::{ListDocuments, Part};
use crate::engine::Read;
use crate::{
    Counts, Document, Error, EventRow, EventSpan, Found, JournalRange, ListRequests, ListSessions, Pending,
    RequestPage, Row, SessionKey, StoredRequest, Summary,
};
use callboard_domain::id::{ExecutionId, SessionId, Slot};
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;

/// Most bytes of one slice, but for a single text that has more.
const SLICE_BYTES: usize = 1 << 20;

/// Most sessions or documents of one slice.
pub(super) const SLICE_RECORDS: usize = 250;

/// Most sessions of each index that a list looks at in one slice.
pub(super) const SLICE_LOOKED_AT: usize = 1000;

/// Between two tries of a query to an engine that does not answer.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection that reads.
pub(crate) struct Reader {
    link: Link,
    place: Arc<Place>,
    /// How many must have what is read, once it is shown to others: a server starts without them.
    replicas: Replicas,
    is_open: bool,
    /// Of one of several servers: whether it serves.
    serves: Option<watch::Receiver<bool>>,
    /// How long a query waits for an engine that comes back.
    patience: Duration,
    /// Since when the engine does not answer, and when it was last tried.
    lost: Option<(Instant, Instant)>,
    /// Which collections of documents there are, and whose: while all of them are copied.
    collections: Vec<(Option<String>, String)>,
}

impl Reader {
    /// Reads over `link`.
    pub(super) fn new(link: Link, place: Arc<Place>, patience: Duration) -> Self {
        Self {
            link,
            place,
            replicas: Replicas(0),
            is_open: false,
            serves: None,
            patience,
            lost: None,
            collections: Vec::new(),
        }
    }

    /// The same, which gives only what so many replicas have, once the store is open, or else the server serves.
    pub(super) fn confirmed_by(self, replicas: Replicas, serves: Option<watch::Receiver<bool>>) -> Self {
        Self { replicas, serves, ..self }
    }

    /// Asks, and again while the engine does not answer: all queries that wait give up at about the same moment, and
    /// those that come later soon.
    pub(super) fn ask<T>(&mut self, mut work: impl FnMut(&mut Connection) -> RedisResult<T>) -> Result<T, Error> {
        let is_shown = self.serves.as_ref().map_or(self.is_open, |serves| *serves.borrow());
        let replicas = if is_shown { self.replicas } else { Replicas(0) };
        loop {
            let begin = Instant::now();
            if let Some((since, tried)) = self.lost
                && since.elapsed() >= self.patience
                && tried.elapsed() < PAUSE
            {
                return Err(Error::Unavailable(format!("{} does not answer", self.link.address())));
            }
            match replicas.read(&mut self.link, &self.place, &mut work) {
                Ok(answer) => {
                    self.lost = None;
                    return Ok(answer);
                }
                Err(failure @ Failure::Passing(_)) => {
                    let since = self.lost.map_or(begin, |(since, _)| since);
                    self.lost = Some((since, Instant::now()));
                    if since.elapsed() >= self.patience {
                        return Err(failure.into());
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Those of these sessions that are an owner's.
    fn only_of(&mut self, owner: &Owner, keys: Vec<String>) -> Result<Vec<String>, Error> {
        let place = Arc::clone(&self.place);
        let mut asked = redis::pipe();
        for key in &keys {
            asked.get(place.key(&format!("session:{key}")));
        }
        let records: Vec<Option<Vec<u8>>> = self.ask(|connection| asked.query(connection))?;
        let mut own = Vec::new();
        for (key, record) in keys.into_iter().zip(records) {
            if let Some(record) = record
                && record::read(read_key(key.as_bytes())?, &record)?.owner == *owner
            {
                own.push(key);
            }
        }
        Ok(own)
    }

    /// A session's record.
    pub(super) fn record(&mut self, id: SessionId) -> Result<Option<Vec<u8>>, Error> {
        let place = Arc::clone(&self.place);
        let mut call = place.script(|scripts| &scripts.find);
        call.arg(id.to_string());
        let found: Vec<Vec<u8>> = self.run(&call)?;
        Ok(found.into_iter().nth(1))
    }

    /// Keeps which collections there are, while all documents are read.
    pub(super) fn keep_collections(&mut self, collections: Vec<(Option<String>, String)>) {
        self.collections = collections;
    }

    /// What was kept.
    pub(super) fn kept_collections(&self) -> Vec<(Option<String>, String)> {
        self.collections.clone()
    }

    /// Where the cluster's data is.
    pub(super) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// The largest key that there is.
    pub(super) fn largest(&mut self) -> Result<Option<SessionKey>, Error> {
        let sessions = self.place.key("sessions");
        let mut newest = redis::cmd("ZRANGE");
        newest.arg(sessions).arg("+").arg("-").arg("BYLEX").arg("REV").arg("LIMIT").arg(0).arg(1);
        let keys: Vec<Vec<u8>> = self.ask(|connection| newest.query(connection))?;
        keys.first().map(|key| read_key(key)).transpose()
    }

    /// Entries of the log with events after this `seq`, of one owner or of all; see [`Read::events`].
    pub(super) fn entries(
        &mut self,
        owner: Option<&Owner>,
        after_seq: u64,
        max_bytes: usize,
    ) -> Result<Vec<Entry>, Error> {
        let indexed = owner.and_then(Owner::identity).unwrap_or_default();
        let place = Arc::clone(&self.place);
        let mut after = after_seq;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while entries.is_empty() || bytes < max_bytes {
            let mut call = place.script(|scripts| &scripts.events);
            call.arg(after).arg((max_bytes - bytes).min(SLICE_BYTES)).arg(indexed);
            let mut found: Vec<Vec<u8>> = self.run(&call)?;
            let before = after;
            for parts in found.as_chunks_mut::<5>().0 {
                let (writer, row) = read_entry(std::mem::take(parts))?;
                after = row.last_seq;
                if owner.is_none_or(|owner| row.owner == *owner) {
                    bytes += row.body.len();
                    entries.push((writer, row));
                }
            }
            if after == before {
                break;
            }
        }
        Ok(entries)
    }

    pub(super) fn run<T: FromRedisValue>(&mut self, call: &ScriptInvocation<'_>) -> Result<T, Error> {
        self.ask(|connection| run(call, connection))
    }
}

impl Read for Reader {
    fn opened(&mut self) {
        self.is_open = true;
    }

    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error> {
        let place = Arc::clone(&self.place);
        let mut call = place.script(|scripts| &scripts.find);
        call.arg(id.to_string());
        let found: Vec<Vec<u8>> = self.run(&call)?;
        match found.as_slice() {
            [key, record] => record::read(read_key(key)?, record).map(Some),
            _ => Ok(None),
        }
    }

    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        let place = Arc::clone(&self.place);
        let mut from = range.after_row.map_or(0, |row| u64::from(row) + 1);
        let mut after_seq = range.after_seq;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.is_empty() || bytes < range.max_bytes {
            let mut call = place.script(|scripts| &scripts.journal);
            let seq = after_seq.take().map(|seq| seq.to_string()).unwrap_or_default();
            let most = (range.max_bytes - bytes).min(SLICE_BYTES);
            call.arg(key_text(key)).arg(from).arg(seq).arg(most);
            let mut found = self.run::<Vec<Vec<u8>>>(&call)?.into_iter();
            let first =
                found.next().and_then(|first| String::from_utf8(first).ok()).and_then(|first| first.parse().ok());
            let first: u64 = first.ok_or_else(|| damaged("a journal"))?;
            // Fewer bytes than were asked for are all that there are.
            let is_last = found.len() == 0 || found.as_slice().iter().map(Vec::len).sum::<usize>() < most;
            from = first;
            for text in found {
                let row = journal_row(from, text)?;
                bytes += row.body.len();
                rows.push(row);
                from += 1;
                if bytes >= range.max_bytes {
                    break;
                }
            }
            if is_last {
                break;
            }
        }
        Ok(rows)
    }

    fn list(&mut self, query: &ListSessions) -> Result<Vec<Summary>, Error> {
        search::list(self, query)
    }

    fn search(&mut self, words: &[String], query: &ListSessions) -> Result<Found, Error> {
        search::search(self, words, query)
    }

    fn count(&mut self, words: &[String], query: &ListSessions) -> Result<Counts, Error> {
        search::count(self, words, query)
    }

    fn requests(&mut self, query: &ListRequests) -> Result<RequestPage, Error> {
        let place = Arc::clone(&self.place);
        let (order, mut after) = requests::index(query);
        let owner = query.owner.as_ref().map(Owner::as_str).unwrap_or_default();
        let task = query.task.as_deref().unwrap_or_default();
        // What changes between two slices is in the events behind the first.
        let mut last_event = None;
        let (mut found, mut bytes) = (Vec::<StoredRequest>::new(), 0);
        loop {
            let mut call = place.script(|scripts| &scripts.requests);
            call.arg(&order).arg(&after).arg(SLICE_RECORDS).arg(SLICE_BYTES).arg(SLICE_LOOKED_AT).arg(owner).arg(task);
            let mut slice = self.run::<Vec<Vec<u8>>>(&call)?.into_iter();
            let (Some(last), Some(next)) = (slice.next(), slice.next()) else {
                return Err(damaged("the open questions"));
            };
            last_event = last_event.or(number(&last));
            let mut is_full = false;
            while let (Some(place), Some(text)) = (slice.next(), slice.next()) {
                // One more says that there is another page.
                is_full = is_full || found.len() >= query.limit || (bytes >= query.max_bytes && !found.is_empty());
                let request = requests::read(&place, text)?;
                bytes += request.json.len();
                found.push(request);
            }
            if is_full || next.is_empty() {
                break;
            }
            after = text(&next)?;
        }
        RequestPage::of(found.into_iter().map(Ok), query, last_event.unwrap_or_default())
    }

    fn owned_bytes(&mut self, owner: &Owner) -> Result<u64, Error> {
        let place = Arc::clone(&self.place);
        let own = search::owner_set(owner);
        let (set, mut bytes, mut after) = (place.key(own.as_deref().unwrap_or("sessions")), 0, "-".to_owned());
        loop {
            let mut slice = redis::cmd("ZRANGE");
            slice.arg(&set).arg(&after).arg("+").arg("BYLEX").arg("LIMIT").arg(0).arg(SLICE_RECORDS);
            let keys: Vec<String> = self.ask(|connection| slice.query(connection))?;
            let Some(last) = keys.last() else { return Ok(bytes) };
            after = format!("({last}");
            let keys = if own.is_some() { keys } else { self.only_of(owner, keys)? };
            let mut asked = redis::pipe();
            for key in &keys {
                asked.cmd("MEMORY").arg("USAGE").arg(place.key(&format!("journal:{key}")));
            }
            let taken: Vec<Option<u64>> = self.ask(|connection| asked.query(connection))?;
            bytes += taken.into_iter().flatten().sum::<u64>();
        }
    }

    fn pending(&mut self) -> Result<Vec<Pending>, Error> {
        let all: Vec<Slot> = Slot::all().collect();
        self.pending_in(&all)
    }

    fn pending_in(&mut self, slots: &[Slot]) -> Result<Vec<Pending>, Error> {
        let place = Arc::clone(&self.place);
        let wanted: String = Slot::all().map(|slot| if slots.contains(&slot) { '1' } else { '0' }).collect();
        let resumed = Status::ALL.into_iter().filter(|status| status.is_resumed_at_start());
        let mut sets: Vec<String> = resumed.map(status_set).collect();
        sets.push("due".into());
        let mut pending = BTreeMap::new();
        for set in sets {
            let mut after = String::new();
            loop {
                let mut call = place.script(|scripts| &scripts.pending);
                call.arg(&set).arg(&after).arg(SLICE_LOOKED_AT).arg(&wanted);
                let found: Vec<Vec<u8>> = self.run(&call)?;
                let Some((last, found)) = found.split_first() else { break };
                after = text(last)?;
                for [key, record, last_seq] in found.as_chunks::<3>().0 {
                    let Summary { key, id, priority, state, .. } = record::read(read_key(key)?, record)?;
                    let last_seq = text(last_seq)?.parse().ok();
                    let (status, deadline, since) = (state.status, state.deadline, state.since);
                    pending.insert(key, Pending { id, status, priority, deadline, since, last_seq });
                }
            }
        }
        Ok(pending.into_values().collect())
    }

    fn count_live(&mut self) -> Result<Vec<(Status, u64)>, Error> {
        let live: Vec<_> = Status::ALL.into_iter().filter(|status| !status.is_terminal()).collect();
        let mut asked = redis::pipe();
        asked.atomic();
        for status in &live {
            asked.cmd("ZCARD").arg(self.place.key(&status_set(*status)));
        }
        let counted: Vec<u64> = self.ask(|connection| asked.query(connection))?;
        Ok(live.into_iter().zip(counted).filter(|(_, count)| *count > 0).collect())
    }

    fn idempotent(&mut self, owner: &Owner, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        let (place, field) = (self.place.key("idempotency"), owned(owner, key));
        let found: Option<String> =
            self.ask(|connection| redis::cmd("HGET").arg(&place).arg(&field).query(connection))?;
        let Some(found) = found else { return Ok(None) };
        let unreadable = || damaged("an idempotency key");
        let (id, digest) = found.split_once(' ').ok_or_else(unreadable)?;
        let digest = STANDARD.decode(digest).ok().and_then(|digest| digest.try_into().ok()).ok_or_else(unreadable)?;
        Ok(Some((read_id(id)?, digest)))
    }

    fn execution(&mut self, owner: &Owner, id: &ExecutionId) -> Result<Option<SessionId>, Error> {
        let (place, field) = (self.place.key("executions"), owned(owner, id.as_str()));
        let found: Option<String> =
            self.ask(|connection| redis::cmd("HGET").arg(&place).arg(&field).query(connection))?;
        found.map(|id| read_id(&id)).transpose()
    }

    fn document(&mut self, owner: &Owner, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        let place = self.place.key(&format!("document:{}{id}", documents::place(owner, collection)));
        let found: Option<Vec<u8>> = self.ask(|connection| redis::cmd("GET").arg(&place).query(connection))?;
        found.map(|text| documents::read(owner, collection, id.as_bytes(), text)).transpose()
    }

    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error> {
        let ListDocuments { owner, collection, after, limit, part } = query;
        let place = Arc::clone(&self.place);
        let mut after = after.as_ref().map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        let part = match part {
            Part::Whole => "whole",
            Part::Head => "head",
        };
        let mut listed: Vec<Document> = Vec::new();
        while listed.len() < *limit {
            let mut call = place.script(|scripts| &scripts.documents);
            let most = (limit - listed.len()).min(SLICE_RECORDS);
            call.arg(documents::place(owner, collection)).arg(&after).arg(part).arg(most).arg(SLICE_BYTES);
            let found: Vec<Vec<u8>> = self.run(&call)?;
            let mut found = found.into_iter();
            let before = listed.len();
            while let (Some(id), Some(text)) = (found.next(), found.next()) {
                listed.push(documents::read(owner, collection, &id, text)?);
            }
            match listed.last() {
                Some(last) if listed.len() > before => after = format!("({}", last.id),
                Some(_) | None => break,
            }
        }
        Ok(listed)
    }

    fn folders(&mut self, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error> {
        let place = Arc::clone(&self.place);
        let mut call = place.script(|scripts| &scripts.folders);
        call.arg(documents::place(owner, collection)).arg(most);
        self.run(&call)
    }

    fn document_owners(&mut self, collection: &str, after: Option<&Owner>, limit: usize) -> Result<Vec<Owner>, Error> {
        let mut asked = redis::pipe();
        let servers = self.place.key(&format!("documents:{}", documents::place(&Owner::SERVER, collection)));
        asked.atomic().cmd("EXISTS").arg(servers);
        // The server comes before all others.
        let from = after.and_then(Owner::identity).map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        let owners = self.place.key(&format!("owners:{collection}"));
        asked.cmd("ZRANGE").arg(owners).arg(from).arg("+").arg("BYLEX").arg("LIMIT").arg(0).arg(limit);
        let (has_servers, owners): (bool, Vec<String>) = self.ask(|connection| asked.query(connection))?;
        let servers = (has_servers && after.is_none()).then_some(Ok(Owner::SERVER));
        let others = owners.iter().map(|owner| owner.parse().map_err(|_| damaged("an owner")));
        servers.into_iter().chain(others).take(limit).collect()
    }

    fn events(&mut self, owner: Option<&Owner>, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error> {
        let entries = self.entries(owner, after_seq, max_bytes)?;
        Ok(entries.into_iter().map(|(_, row)| row).collect())
    }

    fn event_span(&mut self) -> Result<EventSpan, Error> {
        /// Entries of a stream, with their ids and their fields in turn.
        type Entries = Vec<(String, Vec<Vec<u8>>)>;
        let events = self.place.key("events");
        let mut asked = redis::pipe();
        asked.atomic();
        asked.cmd("XRANGE").arg(&events).arg("-").arg("+").arg("COUNT").arg(1);
        asked.cmd("XREVRANGE").arg(&events).arg("+").arg("-").arg("COUNT").arg(1);
        let (oldest, newest): (Entries, Entries) = self.ask(|connection| asked.query(connection))?;
        let (Some((_, first)), Some((last, _))) = (oldest.first(), newest.first()) else {
            return Ok(EventSpan::EMPTY);
        };
        let unreadable = || damaged("an event");
        let last_seq = last.split('-').next().and_then(|seq| seq.parse().ok()).ok_or_else(unreadable)?;
        let first_seq = first.get(1).and_then(|seq| number(seq)).ok_or_else(unreadable)?;
        Ok(EventSpan { first_seq, last_seq })
    }
}

/// The index of the sessions in a state.
pub(super) fn status_set(status: Status) -> String {
    format!("status:{}", status.as_str())
}

pub(super) fn text(bytes: &[u8]) -> Result<String, Error> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| damaged("an index"))
}

fn number(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A row of a journal: the number of its last entry, then its text.
fn journal_row(row: u64, text: Vec<u8>) -> Result<Row, Error> {
    let text = Bytes::from(text);
    let unreadable = || damaged("a journal");
    let end = text.iter().position(|byte| *byte == b' ').ok_or_else(unreadable)?;
    let last_seq = text.get(..end).and_then(number).ok_or_else(unreadable)?;
    Ok(Row { row: u32::try_from(row).map_err(|_| unreadable())?, last_seq, body: text.slice(end + 1..) })
}
