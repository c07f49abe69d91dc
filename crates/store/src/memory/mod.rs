//! The engine for tests and throw-away servers, gone with the process: for one writer, or for several of one process.

mod by_owner;
mod tables;

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::document::{ListDocuments, Write};
use crate::engine::{Batch, Engine, Outcome, Read};
use crate::keys::Lane;
use crate::{
    ChangeError, Counts, Document, Error, EventRow, EventSpan, Fence, Found, JournalRange, ListRequests, ListSessions,
    Pending, RequestPage, Row, SessionKey, Summary,
};
use callboard_domain::id::{ExecutionId, SessionId, Slot};
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;
pub(super) use tables::Tables;

/// What a call does with the tables, and answers.
type Call = Box<dyn FnOnce(&mut Shared) + Send>;

/// Tables that several writers of one process use, each as a client of the thread that owns them. Cloning shares them.
///
/// [`crate::Store::open_shared`] makes a writer of them. It may write what belongs to the slots that
/// [`Memory::assign`] gives it.
#[derive(Clone, Debug)]
pub struct Memory {
    calls: Sender<Call>,
}

/// What the thread owns.
struct Shared {
    tables: Tables,
    /// How many writers there have been.
    admitted: u64,
}

impl Memory {
    /// Starts the thread, which ends when nobody can call it any more.
    ///
    /// # Errors
    /// [`Error::Unusable`] where the system gives no thread.
    pub fn start() -> Result<Self, Error> {
        let (calls, called) = channel();
        std::thread::Builder::new()
            .name("store-memory".into())
            .spawn(move || run(&called))
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        Ok(Self { calls })
    }

    /// Gives slots to a member; nobody else owns them then.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is not a member.
    pub fn assign(&self, slots: impl IntoIterator<Item = Slot>, member: Fence) -> Result<(), Error> {
        let slots: Vec<Slot> = slots.into_iter().collect();
        let is_member = self.call(move |shared| shared.tables.assign(&slots, member))?;
        if is_member { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Ends a membership: nothing that this writer sends is written any more. Its slots are nobody's.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn expel(&self, member: Fence) -> Result<(), Error> {
        self.call(move |shared| shared.tables.expel(member))
    }

    /// Makes a writer a member that owns no slot; gives the lane of its keys.
    pub(super) fn admit(&self, fence: Fence) -> Result<Lane, Error> {
        self.call(move |shared| {
            shared.tables.admit(fence);
            shared.admitted += 1;
            Lane::of(shared.admitted - 1)
        })
    }

    fn call<T: Send + 'static>(&self, call: impl FnOnce(&mut Shared) -> T + Send + 'static) -> Result<T, Error> {
        let (reply, answer) = channel();
        let call: Call = Box::new(move |shared| {
            // Whoever called waits for it.
            let _ = reply.send(call(shared));
        });
        let gone = || Error::Unavailable("the thread of the shared memory has ended".into());
        self.calls.send(call).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())
    }
}

fn run(calls: &Receiver<Call>) {
    let mut shared = Shared { tables: Tables::shared(), admitted: 0 };
    while let Ok(call) = calls.recv() {
        call(&mut shared);
    }
}

impl Read for Memory {
    fn find(&mut self, id: SessionId) -> Result<Option<Summary>, Error> {
        self.call(move |shared| shared.tables.find(id))?
    }

    fn journal(&mut self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        self.call(move |shared| shared.tables.journal(key, range))?
    }

    fn list(&mut self, query: &ListSessions) -> Result<Vec<Summary>, Error> {
        let query = query.clone();
        self.call(move |shared| shared.tables.list(&query))?
    }

    fn search(&mut self, words: &[String], query: &ListSessions) -> Result<Found, Error> {
        let (words, query) = (words.to_vec(), query.clone());
        self.call(move |shared| shared.tables.search(&words, &query))?
    }

    fn count(&mut self, words: &[String], query: &ListSessions) -> Result<Counts, Error> {
        let (words, query) = (words.to_vec(), query.clone());
        self.call(move |shared| shared.tables.count(&words, &query))?
    }

    fn requests(&mut self, query: &ListRequests) -> Result<RequestPage, Error> {
        let query = query.clone();
        self.call(move |shared| shared.tables.requests(&query))?
    }

    fn owned_bytes(&mut self, owner: &Owner) -> Result<u64, Error> {
        let owner = owner.clone();
        self.call(move |shared| shared.tables.owned_bytes(&owner))?
    }

    fn pending(&mut self) -> Result<Vec<Pending>, Error> {
        self.call(|shared| shared.tables.pending())?
    }

    fn count_live(&mut self) -> Result<Vec<(Status, u64)>, Error> {
        self.call(|shared| shared.tables.count_live())?
    }

    fn idempotent(&mut self, owner: &Owner, key: &str) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        let (owner, key) = (owner.clone(), key.to_owned());
        self.call(move |shared| shared.tables.idempotent(&owner, &key))?
    }

    fn execution(&mut self, owner: &Owner, id: &ExecutionId) -> Result<Option<SessionId>, Error> {
        let (owner, id) = (owner.clone(), id.clone());
        self.call(move |shared| shared.tables.execution(&owner, &id))?
    }

    fn document(&mut self, owner: &Owner, collection: &str, id: &str) -> Result<Option<Document>, Error> {
        let (owner, collection, id) = (owner.clone(), collection.to_owned(), id.to_owned());
        self.call(move |shared| shared.tables.document(&owner, &collection, &id))?
    }

    fn documents(&mut self, query: &ListDocuments) -> Result<Vec<Document>, Error> {
        let query = query.clone();
        self.call(move |shared| shared.tables.documents(&query))?
    }

    fn folders(&mut self, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error> {
        let (owner, collection) = (owner.clone(), collection.to_owned());
        self.call(move |shared| shared.tables.folders(&owner, &collection, most))?
    }

    fn document_owners(&mut self, collection: &str, after: Option<&Owner>, limit: usize) -> Result<Vec<Owner>, Error> {
        let (collection, after) = (collection.to_owned(), after.cloned());
        self.call(move |shared| shared.tables.document_owners(&collection, after.as_ref(), limit))?
    }

    fn events(&mut self, owner: Option<&Owner>, after_seq: u64, max_bytes: usize) -> Result<Vec<EventRow>, Error> {
        let owner = owner.cloned();
        self.call(move |shared| shared.tables.events(owner.as_ref(), after_seq, max_bytes))?
    }

    fn event_span(&mut self) -> Result<EventSpan, Error> {
        self.call(|shared| shared.tables.event_span())?
    }
}

impl Engine for Memory {
    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Error> {
        let batch = batch.clone();
        self.call(move |shared| shared.tables.commit(&batch))?
    }

    fn remove(&mut self, fence: Fence, key: SessionKey) -> Result<(), Error> {
        self.call(move |shared| shared.tables.remove(fence, key))?
    }

    fn purge(&mut self, fence: Fence, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        self.call(move |shared| shared.tables.purge(fence, before, limit))?
    }

    fn change(
        &mut self,
        fence: Fence,
        writes: Vec<Write>,
        at: Timestamp,
    ) -> Result<Vec<Option<Document>>, ChangeError> {
        self.call(move |shared| shared.tables.change(fence, writes, at))?
    }

    fn purge_events(&mut self, fence: Fence, before_seq: u64) -> Result<(), Error> {
        self.call(move |shared| shared.tables.purge_events(fence, before_seq))?
    }
}
