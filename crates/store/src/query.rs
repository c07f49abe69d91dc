//! Questions to the store as messages, and the threads that answer them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::asked;
use super::document::ListDocuments;
use super::engine::Read;
use super::{
    Counts, Document, Error, EventRow, EventSpan, Found, JournalRange, ListRequests, ListSessions, Pending,
    RequestPage, Row, SessionKey, Summary,
};
use callboard_domain::id::{ExecutionId, SessionId, Slot};
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;

/// Where an answer goes; whoever requests may be gone.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// A question about what is written.
pub(super) enum Query {
    /// See [`Read::find`].
    Find(SessionId, Reply<Option<Summary>>),
    /// See [`Read::journal`].
    Journal(SessionKey, JournalRange, Reply<Vec<Row>>),
    /// See [`Read::list`].
    List(ListSessions, Reply<Vec<Summary>>),
    /// See [`Read::search`].
    Search(Vec<String>, ListSessions, Reply<Found>),
    /// See [`Read::count`].
    Count(Vec<String>, ListSessions, Reply<Counts>),
    /// See [`Read::requests`].
    Requests(ListRequests, Reply<RequestPage>),
    /// See [`Read::owned_bytes`].
    OwnedBytes(Owner, Reply<u64>),
    /// See [`Read::pending`].
    Pending(Reply<Vec<Pending>>),
    /// See [`Read::pending_in`].
    PendingIn(Vec<Slot>, Reply<Vec<Pending>>),
    /// See [`Read::count_live`].
    CountLive(Reply<Vec<(Status, u64)>>),
    /// See [`Read::idempotent`].
    Idempotent(Owner, String, Reply<Option<(SessionId, [u8; 32])>>),
    /// See [`Read::execution`].
    Execution(Owner, ExecutionId, Reply<Option<SessionId>>),
    /// See [`Read::document`].
    Document(Owner, String, String, Reply<Option<Document>>),
    /// See [`Read::documents`].
    Documents(ListDocuments, Reply<Vec<Document>>),
    /// See [`Read::folders`].
    Folders(Owner, String, usize, Reply<usize>),
    /// See [`Read::document_owners`].
    DocumentOwners(String, Option<Owner>, usize, Reply<Vec<Owner>>),
    /// See [`Read::events`].
    Events(Option<Owner>, u64, usize, Reply<Vec<EventRow>>),
    /// See [`Read::event_span`].
    EventSpan(Reply<EventSpan>),
}

impl Query {
    /// Answers from `engine`.
    pub(super) fn answer(self, engine: &mut impl Read) {
        match self {
            Query::Find(id, reply) => respond(reply, || engine.find(id)),
            Query::Journal(key, range, reply) => respond(reply, || engine.journal(key, range)),
            Query::List(query, reply) => respond(reply, || asked::list(engine, &query)),
            Query::Search(words, query, reply) => respond(reply, || asked::search(engine, &words, &query)),
            Query::Count(words, query, reply) => respond(reply, || asked::count(engine, &words, &query)),
            Query::Requests(query, reply) => respond(reply, || asked::requests(engine, &query)),
            Query::OwnedBytes(owner, reply) => respond(reply, || engine.owned_bytes(&owner)),
            Query::Pending(reply) => respond(reply, || engine.pending()),
            Query::PendingIn(slots, reply) => respond(reply, || engine.pending_in(&slots)),
            Query::CountLive(reply) => respond(reply, || engine.count_live()),
            Query::Idempotent(owner, key, reply) => respond(reply, || engine.idempotent(&owner, &key)),
            Query::Execution(owner, id, reply) => respond(reply, || engine.execution(&owner, &id)),
            Query::Document(owner, collection, id, reply) => {
                respond(reply, || engine.document(&owner, &collection, &id));
            }
            Query::Documents(query, reply) => respond(reply, || engine.documents(&query)),
            Query::Folders(owner, collection, most, reply) => {
                respond(reply, || engine.folders(&owner, &collection, most));
            }
            Query::DocumentOwners(collection, after, limit, reply) => {
                respond(reply, || engine.document_owners(&collection, after.as_ref(), limit));
            }
            Query::Events(owner, after_seq, max_bytes, reply) => {
                respond(reply, || engine.events(owner.as_ref(), after_seq, max_bytes));
            }
            Query::EventSpan(reply) => respond(reply, || engine.event_span()),
        }
    }
}

fn respond<T>(reply: Reply<T>, read: impl FnOnce() -> Result<T, Error>) {
    if reply.is_closed() {
        return;
    }
    let answer = read().map_err(|error| {
        log::warn!("a query to the store failed: {error}");
        match error {
            Error::Unusable(_) => error,
            // The reason may name what clients should not see, so it goes to the log only.
            Error::NotFound | Error::Conflict(_) | Error::Outdated { .. } | Error::Unavailable(_) => {
                Error::Unavailable("the database does not answer".into())
            }
        }
    });
    let _ = reply.send(answer);
}

/// What a reader thread is sent.
pub(super) enum Request {
    /// Answer this.
    Query(Box<Query>),
    /// Let go of the database, say so, and end.
    Close(oneshot::Sender<()>),
}

/// Starts a thread that answers from `engine` until it is closed or nobody can ask any more.
pub(super) fn start(name: String, engine: impl Read) -> Result<(Sender<Request>, JoinHandle<()>), Error> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new()
        .name(name)
        .spawn(move || run(&receiver, engine))
        .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
    Ok((sender, thread))
}

fn run(requests: &Receiver<Request>, mut engine: impl Read) {
    while let Ok(request) = requests.recv() {
        match request {
            Request::Query(query) => query.answer(&mut engine),
            Request::Close(closed) => {
                drop(engine);
                let _ = closed.send(());
                return;
            }
        }
    }
}
