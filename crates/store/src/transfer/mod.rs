//! `callboard migrate`: all that one store has, copied into another that is empty, whatever engines keep them.
//!
//! Sessions go over as commits, newest first, so that the other engine makes of them what it makes of any; what a commit cannot
//! say (numbers of events, versions of documents) goes over as it is. Where the copy was broken off, the next one goes on
//! behind what is there; a mark keeps servers away until all is there and both stores have the same checksum.

mod checksum;

use std::collections::HashMap;
use std::path::Path;

use callboard_domain::id::SessionId;
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;
use serde::Deserialize;

use self::checksum::Checksum;
use crate::document::Write;
use crate::engine::{Batch, Engine, Outcome, Read};
use crate::handle::Parts;
use crate::{
    Append, Change, ClusterSettings, Document, Error, EventRow, Fence, Idempotency, JournalRange, ListRequests,
    ListSessions, Precondition, RequestChange, RequestOrder, Row, SessionKey, Settings, StoredRequest, Summary, redis,
    sqlite,
};

/// Where the mark stands in a store that is being filled: what it says is from where.
const MARK: (&str, &str) = ("server", "migration");

/// Most sessions that are read at once.
const SESSIONS: usize = 100;

/// Most documents that are read at once.
const DOCUMENTS: usize = 100;

/// About as many bytes are read and written at once.
const BYTES: usize = 1 << 20;

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// How many sessions.
    pub sessions: u64,
    /// How many rows of their journals.
    pub rows: u64,
    /// How many documents.
    pub documents: u64,
    /// How many events.
    pub events: u64,
    /// Of all that, the same in both stores: SHA-256 in hexadecimal digits.
    pub checksum: String,
}

/// Where a document stands among all, in their order.
type DocumentPlace = (Owner, String, String);

/// What a store gives beyond what servers ask it for.
pub(crate) trait Export: Read {
    /// The idempotency key that a session was started with.
    fn idempotency_of(&mut self, session: &Summary) -> Result<Option<Idempotency>, Error>;

    /// Documents of all owners and collections behind this one, in the order of owner, collection and id as texts.
    fn all_documents(&mut self, after: Option<&DocumentPlace>, limit: usize) -> Result<Vec<Document>, Error>;
}

/// What a store takes beyond what servers write. Each bears being done twice.
pub(crate) trait Import: Engine {
    /// Writes documents as they are.
    fn import_documents(&mut self, documents: &[Document]) -> Result<(), Error>;

    /// Writes events under the numbers that they have; the next one gets a higher one.
    fn import_events(&mut self, rows: &[EventRow]) -> Result<(), Error>;
}

/// Copies all that the store of `from` has into that of `to`, which must be empty or what an earlier call has left unfinished.
/// No server may use either. `progress` is called with the number of sessions so far.
///
/// # Errors
/// [`Error::Unusable`] in words for the operator; called again, it goes on where it was.
pub fn migrate(
    from: &Settings,
    to: &Settings,
    cluster: &ClusterSettings,
    mut progress: impl FnMut(u64),
) -> Result<Migrated, Error> {
    let label = from.shown_url();
    match (Place::of(from)?, Place::of(to)?) {
        (Place::File(source), _) if !source.exists() => {
            Err(Error::Unusable(format!("there is no database at {}", source.display())))
        }
        (Place::File(source), Place::File(target)) => {
            transfer(open_file(from, source)?, open_file(to, target)?, &label, &mut progress)
        }
        (Place::File(source), Place::Redis) => {
            transfer(open_file(from, source)?, open_redis(to, cluster)?, &label, &mut progress)
        }
        (Place::Redis, Place::File(target)) => {
            transfer(open_redis(from, cluster)?, open_file(to, target)?, &label, &mut progress)
        }
        (Place::Redis, Place::Redis) => {
            transfer(open_redis(from, cluster)?, open_redis(to, cluster)?, &label, &mut progress)
        }
    }
}

/// Refuses a store that a migration has not filled to the end.
pub(crate) fn refuse_unfinished(reader: &mut impl Read) -> Result<(), Error> {
    let (collection, id) = MARK;
    match reader.document(&Owner::SERVER, collection, id)? {
        None => Ok(()),
        Some(mark) => Err(Error::Unusable(format!(
            "the copy of {} into this store was broken off: call `callboard migrate` again, which goes on where it was",
            mark.body
        ))),
    }
}

/// What can be copied from and to.
enum Place<'a> {
    File(&'a Path),
    Redis,
}

impl<'a> Place<'a> {
    fn of(settings: &'a Settings) -> Result<Self, Error> {
        match settings.url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Place::File(Path::new(path))),
            _ if settings.is_shared() => Ok(Place::Redis),
            Some(_) | None => Err(Error::Unusable("what is copied must be sqlite:PATH or redis://HOST".into())),
        }
    }
}

fn open_file(settings: &Settings, path: &Path) -> Result<Parts<sqlite::Sqlite, sqlite::Reader>, Error> {
    let key = settings.secret_key.as_ref().map(callboard_domain::secret::Secret::reveal);
    sqlite::Opening::new(settings.synchronous, 1).open(path, key)
}

fn open_redis(settings: &Settings, cluster: &ClusterSettings) -> Result<Parts<redis::Redis, redis::Reader>, Error> {
    redis::Opening::new(settings, cluster)?.open(1)
}

fn transfer<E: Engine, R: Export, I: Import, T: Export>(
    mut from: Parts<E, R>,
    mut to: Parts<I, T>,
    label: &str,
    progress: &mut dyn FnMut(u64),
) -> Result<Migrated, Error> {
    if !from.sealer.has_made(&to.sealer.mark()) {
        return Err(Error::Unusable(
            "both stores must have one key, else secrets in answers could not be read: set store.secret_key to what stands in \
             the file beside the database, which ends in .key"
                .into(),
        ));
    }
    let (Some(source), Some(target)) = (from.readers.first_mut(), to.readers.first_mut()) else {
        return Err(Error::Unusable("a store without readers cannot be copied".into()));
    };
    refuse_unfinished(source)?;
    let mut copy = Copy { source, target, engine: &mut to.engine, fence: to.fence, batch: 0 };
    let copied = copy.run(label, progress);
    to.engine.close();
    from.engine.close();
    copied
}

struct Copy<'a, R, I, T> {
    source: &'a mut R,
    target: &'a mut T,
    engine: &'a mut I,
    fence: Fence,
    /// The number of the last batch.
    batch: u64,
}

impl<R: Export, I: Import, T: Export> Copy<'_, R, I, T> {
    fn run(&mut self, label: &str, progress: &mut dyn FnMut(u64)) -> Result<Migrated, Error> {
        self.mark(label)?;
        self.copy_documents()?;
        self.copy_events()?;
        self.copy_sessions(progress)?;
        let (copied, there) = (checksum(self.source)?, checksum(self.target)?);
        if copied != there {
            return Err(Error::Unusable(format!(
                "what was copied differs from what was there ({copied:?}, {there:?}): was one of the stores used meanwhile?"
            )));
        }
        self.unmark()?;
        Ok(copied)
    }

    /// Makes the other store one that is being filled.
    fn mark(&mut self, label: &str) -> Result<(), Error> {
        let (collection, id) = MARK;
        if let Some(mark) = self.target.document(&Owner::SERVER, collection, id)? {
            if mark.body == label {
                return Ok(());
            }
            return Err(Error::Unusable(format!("a copy of {} into this store was broken off before", mark.body)));
        }
        let anything = ListSessions { limit: 1, ..ListSessions::default() };
        if !self.target.list(&anything)?.is_empty()
            || !self.target.all_documents(None, 1)?.is_empty()
            || self.target.event_span()?.last_seq > 0
        {
            return Err(Error::Unusable("the store that is to be filled is not empty".into()));
        }
        self.change(Write::put(&Owner::SERVER, collection, id, label.to_owned(), Precondition::Absent))
    }

    fn unmark(&mut self) -> Result<(), Error> {
        let (collection, id) = MARK;
        self.change(Write::remove(&Owner::SERVER, collection, id, Precondition::Anything))
    }

    fn change(&mut self, write: Write) -> Result<(), Error> {
        Ok(self.engine.change(self.fence, vec![write], Timestamp::now()).map(drop)?)
    }

    fn copy_documents(&mut self) -> Result<(), Error> {
        each_document(self.source, |documents| self.engine.import_documents(documents))
    }

    fn copy_events(&mut self) -> Result<(), Error> {
        let mut after = self.target.event_span()?.last_seq;
        loop {
            let rows = self.source.events(None, after, BYTES)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.last_seq;
            self.engine.import_events(&rows)?;
        }
    }

    fn copy_sessions(&mut self, progress: &mut dyn FnMut(u64)) -> Result<(), Error> {
        let mut requests = open_requests(self.source)?;
        let mut count = 0;
        let mut before = None;
        loop {
            let page = self.source.list(&ListSessions { before, limit: SESSIONS, ..ListSessions::default() })?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.key);
            for session in page {
                let open = requests.remove(&session.id).unwrap_or_default();
                self.copy_session(&session, open)?;
                count += 1;
                progress(count);
            }
        }
    }

    /// Copies a session's rows that are not there yet, with its open questions at the last of them.
    fn copy_session(&mut self, session: &Summary, open: Vec<StoredRequest>) -> Result<(), Error> {
        let mut there = None;
        if self.target.find(session.id)?.is_some() {
            each_row(self.target, session.key, None, |rows| {
                there = rows.last().map(|row| row.row);
                Ok(())
            })?;
        }
        let mut idempotency = self.source.idempotency_of(session)?;
        let mut open = Some(open);
        let mut after = there;
        loop {
            let rows = read_rows(self.source, session.key, after)?;
            let Some(last) = rows.last().map(|row| row.row) else { return Ok(()) };
            after = Some(last);
            let is_end = read_rows(self.source, session.key, after)?.is_empty();
            let mut appends: Vec<Append> = rows.into_iter().map(|row| append(session, row, &mut idempotency)).collect();
            if let (true, Some(append)) = (is_end, appends.last_mut()) {
                let opened = open.take().unwrap_or_default().into_iter();
                append.requests = opened.map(opens).collect();
            }
            self.commit(appends)?;
        }
    }

    fn commit(&mut self, appends: Vec<Append>) -> Result<(), Error> {
        self.batch += 1;
        let batch = Batch { fence: self.fence, number: self.batch, appends, events: Vec::new() };
        match self.engine.commit(&batch)? {
            Outcome::Written(written) => match written.refusals.first() {
                None => Ok(()),
                Some(refusal) => Err(Error::Unusable(format!("a session cannot be copied: {}", refusal.reason))),
            },
            Outcome::Fenced => {
                Err(Error::Unusable("another program has taken this one for dead: call it again".into()))
            }
        }
    }
}

/// A row as it is written anew.
fn append(session: &Summary, Row { row, last_seq, body }: Row, idempotency: &mut Option<Idempotency>) -> Append {
    let change = match row {
        0 => Change::Create(Box::new(session.clone()), idempotency.take()),
        _ => Change::None,
    };
    Append { worker: 0, session: session.id, key: session.key, row, last_seq, body, change, requests: Vec::new() }
}

fn read_rows(reader: &mut impl Read, key: SessionKey, after_row: Option<u32>) -> Result<Vec<Row>, Error> {
    reader.journal(key, JournalRange { after_seq: None, after_row, max_bytes: BYTES })
}

fn each_row(
    reader: &mut impl Read,
    key: SessionKey,
    mut after: Option<u32>,
    mut work: impl FnMut(&[Row]) -> Result<(), Error>,
) -> Result<(), Error> {
    loop {
        let rows = read_rows(reader, key, after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.row);
        work(&rows)?;
    }
}

/// Hands all documents on but for the mark, in their order.
fn each_document(
    reader: &mut impl Export,
    mut work: impl FnMut(&[Document]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after: Option<DocumentPlace> = None;
    loop {
        let mut documents = reader.all_documents(after.as_ref(), DOCUMENTS)?;
        let Some(last) = documents.last() else { return Ok(()) };
        after = Some((last.owner.clone(), last.collection.clone(), last.id.clone()));
        let is_mark = |document: &Document| {
            document.owner == Owner::SERVER && (document.collection.as_str(), document.id.as_str()) == MARK
        };
        documents.retain(|document| !is_mark(document));
        work(&documents)?;
    }
}

/// The question as it is opened in the other store, with those it is put to.
fn opens(request: StoredRequest) -> RequestChange {
    #[derive(Deserialize)]
    struct PutTo {
        #[serde(default)]
        assignees: Vec<callboard_domain::answerers::Assignee>,
    }
    let put_to = serde_json::from_slice::<PutTo>(&request.json).map(|put_to| put_to.assignees);
    RequestChange::Opened(Box::new(request), put_to.unwrap_or_default())
}

/// All open questions, by their sessions.
fn open_requests(reader: &mut impl Read) -> Result<HashMap<SessionId, Vec<StoredRequest>>, Error> {
    #[derive(Deserialize)]
    struct Asked {
        session_id: SessionId,
    }
    let mut requests = HashMap::<_, Vec<_>>::new();
    let mut after = None;
    loop {
        let query = ListRequests {
            owner: None,
            also_asking: Vec::new(),
            asking: None,
            task: None,
            order: RequestOrder::Age,
            after,
            limit: SESSIONS,
            max_bytes: BYTES,
        };
        let page = reader.requests(&query)?;
        after = page.requests.last().map(StoredRequest::cursor);
        for request in page.requests {
            let asked: Asked = serde_json::from_slice(&request.json)
                .map_err(|_| Error::Unusable("an open question in the store cannot be read".into()))?;
            requests.entry(asked.session_id).or_default().push(request);
        }
        if !page.has_more {
            return Ok(requests);
        }
    }
}

/// What a store has, and the checksum of it.
fn checksum(reader: &mut impl Export) -> Result<Migrated, Error> {
    let (mut sum, mut counts) = (Checksum::default(), Migrated::default());
    each_document(reader, |documents| {
        counts.documents += documents.len() as u64;
        documents.iter().for_each(|document| sum.add_document(document));
        Ok(())
    })?;
    let mut after = 0;
    loop {
        let rows = reader.events(None, after, BYTES)?;
        let Some(last) = rows.last() else { break };
        after = last.last_seq;
        counts.events += rows.iter().map(|row| row.last_seq + 1 - row.first_seq).sum::<u64>();
        rows.iter().for_each(|row| sum.add_events(row));
    }
    let mut requests = open_requests(reader)?;
    let mut before = None;
    loop {
        let page = reader.list(&ListSessions { before, limit: SESSIONS, ..ListSessions::default() })?;
        let Some(last) = page.last() else { break };
        before = Some(last.key);
        for session in page {
            counts.sessions += 1;
            let idempotency = reader.idempotency_of(&session)?;
            sum.add_session(&session, idempotency.as_ref());
            requests.remove(&session.id).unwrap_or_default().iter().for_each(|request| sum.add_request(request));
            each_row(reader, session.key, None, |rows| {
                counts.rows += rows.len() as u64;
                rows.iter().for_each(|row| sum.add_row(row));
                Ok(())
            })?;
        }
    }
    counts.checksum = sum.text();
    Ok(counts)
}
