//! The handle to a store, from any thread.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::cluster::{Cluster, Membership};
use super::engine::{Engine, Read};
use super::keys::{self, Keys, Lane};
use super::memory::{Memory, Tables};
use super::query::{self, Query, Reply, Request};
use super::redis;
use super::seal::Sealer;
use super::sqlite;
use super::transfer;
use super::writer::{Command, EventOutlet, Options, Writer};
use super::{
    Append, Committed, Error, Fence, Health, JournalRange, ListSessions, NewRow, Pending, Row, SessionKey, Summary,
    UnnumberedEvent,
};
use crate::writer::OnCommit;
use crate::{ClusterSettings, Settings};
use callboard_domain::id::{ExecutionId, SessionId, Slot};
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// How long a database that a server is just opening is waited for, and for how long in between.
const START_PATIENCE: Duration = Duration::from_secs(2);
const START_PAUSE: Duration = Duration::from_millis(50);

/// A store, from any thread. Cloning shares it.
///
/// When the last clone is dropped, what waits is written (tried once), and the drop returns when the database is free
/// for the next to open it. [`Store::close`] does the same and says what was lost.
#[derive(Clone)]
pub struct Store {
    pub(super) shared: Arc<Shared>,
}

/// The order of the fields is the order in which they are dropped: the threads end once nobody can ask them.
pub(super) struct Shared {
    commands: Sender<Command>,
    /// One for each worker and one for lists, which may take long; none where the writer answers itself.
    readers: Vec<Sender<Request>>,
    fence: Fence,
    keys: Keys,
    sealer: Sealer,
    health: watch::Receiver<Health>,
    /// The other servers, where there may be some.
    pub(super) cluster: Option<Cluster>,
    /// A gauge, shared with the writer: rows that were sent and are not committed yet.
    unwritten: Arc<AtomicUsize>,
    _threads: Threads,
}

/// The store's threads; dropping it waits for their end.
struct Threads(Vec<JoinHandle<()>>);

impl Drop for Threads {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            // One that panicked has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// What a store is put together from.
pub(super) struct Parts<E, R> {
    /// Writes.
    pub(super) engine: E,
    /// Answer; the engine itself does where there is none.
    pub(super) readers: Vec<R>,
    /// Whose changes are made.
    pub(super) fence: Fence,
    /// What sets the keys that are made here apart from those of other writers.
    pub(super) lane: Lane,
    /// The largest key that the engine has.
    pub(super) largest: Option<SessionKey>,
    /// Encrypts.
    pub(super) sealer: Sealer,
}

impl Store {
    /// Opens the store that `settings.url` names, for that many workers (1 to 64).
    ///
    /// # Errors
    /// [`Error::Unusable`], with the reason and the path in words for the operator.
    pub fn open(settings: &Settings, workers: usize) -> Result<Store, Error> {
        Self::open_as(settings, &ClusterSettings::default(), workers, Arc::new(|_, _| {}))
    }

    /// The same, as a member of this cluster where servers share the store; after each commit `on_commit` is called on the
    /// writer's thread.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_as(
        settings: &Settings,
        cluster: &ClusterSettings,
        workers: usize,
        on_commit: OnCommit,
    ) -> Result<Store, Error> {
        let options = Options::of(settings, on_commit);
        match settings.url.split_once(':') {
            Some(("memory", "")) => {
                let sealer = memory_sealer(settings)?;
                let (fence, lane, readers) = (Fence::random(), Lane::default(), Vec::<Tables>::new());
                let parts = Parts { engine: Tables::default(), readers, fence, lane, largest: None, sealer };
                Self::start(parts, options, workers)
            }
            Some(("sqlite", path)) if !path.is_empty() => {
                let key = settings.secret_key.as_ref().map(callboard_domain::secret::Secret::reveal);
                let opening = sqlite::Opening::new(settings.synchronous, workers + 1);
                Self::start(opening.open(Path::new(path), key)?, options, workers)
            }
            _ if settings.is_shared() => {
                Self::start(redis::Opening::new(settings, cluster)?.open(workers + 1)?, options, workers)
            }
            // It is not shown: it may hold a password.
            Some(_) | None => Err(Error::Unusable("store.url must be sqlite:PATH, redis://HOST or memory:".into())),
        }
    }

    /// The same, as one member of several where servers can share the store: it owns no sessions until
    /// [`Cluster::serve`]. Other stores are opened for this server alone.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_member(
        settings: &Settings,
        cluster: &ClusterSettings,
        workers: usize,
        on_commit: OnCommit,
    ) -> Result<(Store, Option<Membership>), Error> {
        if !settings.is_shared() {
            return Ok((Self::open_as(settings, cluster, workers, on_commit)?, None));
        }
        let joined = redis::Opening::new(settings, cluster)?.open_member(workers + 1)?;
        let redis::Joined { parts, relay, membership } = joined;
        let options = Options::of(settings, on_commit);
        let events = EventOutlet::Relay(relay);
        let store = Self::start_with(parts, Some(membership.cluster.clone()), events, options, workers)?;
        Ok((store, Some(membership)))
    }

    /// Opens the store that `settings.url` names to change documents, also while servers use it: for commands that are called
    /// beside them. Nothing else can be written through it.
    ///
    /// # Errors
    /// Those of [`Store::open`], and where the store is one that is gone with its server.
    pub fn open_beside(settings: &Settings, cluster: &ClusterSettings) -> Result<Store, Error> {
        match settings.url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => {
                // A server that starts just now makes its database, or brings it up to date.
                let until = Instant::now() + START_PATIENCE;
                loop {
                    match Self::open_file_beside(settings, Path::new(path)) {
                        Err(Error::Unusable(_)) if Instant::now() < until => std::thread::sleep(START_PAUSE),
                        opened => return opened,
                    }
                }
            }
            _ if settings.is_shared() => {
                let parts = redis::Opening::new(settings, cluster)?.open_beside(2)?;
                Self::start(parts, Options::of(settings, Arc::new(|_, _| {})), 1)
            }
            Some(_) | None => Err(Error::Unusable(
                "what a store in memory holds is gone with its server, and cannot be changed from outside of it".into(),
            )),
        }
    }

    fn open_file_beside(settings: &Settings, path: &Path) -> Result<Store, Error> {
        let key = settings.secret_key.as_ref().map(callboard_domain::secret::Secret::reveal);
        match sqlite::Opening::new(settings.synchronous, 2).open_beside(path, key)? {
            Some(parts) => Self::start(parts, Options::of(settings, Arc::new(|_, _| {})), 1),
            // There is no server on it, or one that has not come so far.
            None => Self::open(settings, 1),
        }
    }

    /// Opens what several writers of one process share, for that many workers. The writer is a member from here on, and
    /// owns no slot.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_shared(memory: &Memory, settings: &Settings, workers: usize) -> Result<Store, Error> {
        let fence = Fence::random();
        let lane = memory.admit(fence)?;
        let readers = vec![memory.clone(); workers + 1];
        let sealer = memory_sealer(settings)?;
        let parts = Parts { engine: memory.clone(), readers, fence, lane, largest: None, sealer };
        Self::start(parts, Options::of(settings, Arc::new(|_, _| {})), workers)
    }

    /// Starts the threads.
    pub(super) fn start<E: Engine, R: Read>(
        parts: Parts<E, R>,
        options: Options,
        workers: usize,
    ) -> Result<Store, Error> {
        Self::start_with(parts, None, EventOutlet::Direct(None), options, workers)
    }

    fn start_with<E: Engine, R: Read>(
        mut parts: Parts<E, R>,
        cluster: Option<Cluster>,
        events: EventOutlet,
        options: Options,
        workers: usize,
    ) -> Result<Store, Error> {
        if let Some(reader) = parts.readers.first_mut() {
            transfer::refuse_unfinished(reader)?;
        }
        parts.readers.iter_mut().for_each(Read::opened);
        if !(1..=keys::MAX_WORKERS).contains(&workers) {
            return Err(Error::Unusable(format!("a store serves 1 to {} workers, not {workers}", keys::MAX_WORKERS)));
        }
        let (commands, commanded) = channel();
        let (reported, health) = watch::channel(Health::Well);
        let unwritten = Arc::new(AtomicUsize::new(0));
        let mut threads = Threads(Vec::new());
        let mut readers = Vec::new();
        for (index, reader) in parts.readers.into_iter().enumerate() {
            let (requests, thread) = query::start(format!("store-read-{index}"), reader)?;
            readers.push(requests);
            threads.0.push(thread);
        }
        let gauge = Arc::clone(&unwritten);
        let Parts { engine, fence, lane, largest, sealer, .. } = parts;
        let writer = Writer::new(engine, fence, options, workers, commanded, reported, gauge).publishing_to(events);
        let thread = std::thread::Builder::new()
            .name("store-write".into())
            .spawn(move || writer.run())
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        threads.0.push(thread);
        let keys = Keys::new(workers, lane, largest);
        let shared = Shared { commands, readers, fence, keys, sealer, health, cluster, unwritten, _threads: threads };
        Ok(Store { shared: Arc::new(shared) })
    }

    /// Has what came of the rows of `worker`'s sessions handed to this function from now on, in order and once a commit,
    /// on the thread of the store's writer: it must not block. The one of before is dropped.
    pub fn subscribe_commits(&self, worker: usize, subscriber: impl FnMut(Committed) + Send + 'static) {
        self.command(Command::SubscribeCommits(worker, Box::new(subscriber)));
    }

    /// Whose changes are made through this handle.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.cluster().map_or(self.shared.fence, |cluster| cluster.view().borrow().me)
    }

    /// Becomes a member anew after this server was taken for dead, and gives the new fence. To be called once all its
    /// sessions are dropped: what was appended before and is not written is refused.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unusable`] for a store that one server uses.
    pub async fn rejoin(&self) -> Result<Fence, Error> {
        let (fence, lane) = self.request(Command::Rejoin).await?;
        self.shared.keys.change_lane(lane);
        Ok(fence)
    }

    /// A key that rises with time and is this worker's alone.
    #[must_use]
    pub fn next_key(&self, worker: usize) -> SessionKey {
        self.shared.keys.next(worker, Timestamp::now())
    }

    /// Queues a row; appends of one worker are committed in their order. Never blocks.
    ///
    /// A row that is there already, or whose session is not, or is another member's, is refused: it is in
    /// [`Committed::refused`], and nothing that comes later for that session is written until it is readmitted.
    pub fn append(&self, append: Append) {
        self.append_with(append, Vec::new());
    }

    /// The same, with events that it causes: they are in the store when the row is, and not otherwise.
    pub fn append_with(&self, append: Append, events: Vec<UnnumberedEvent>) {
        self.append_all([NewRow { append, events }].into());
    }

    /// The same for several rows, in their order: the writer is woken once for all of them.
    pub fn append_all(&self, rows: VecDeque<NewRow>) {
        let count = rows.len();
        self.count_unwritten(count);
        if !self.command(Command::Append(rows)) {
            log::error!(rows = count; "rows came after the store was closed, and are not written");
        }
    }

    /// Has rows of a session written again of which one was refused. Call it once nothing is there any more that could
    /// append to what was refused, from the thread that did.
    pub fn readmit(&self, session: SessionKey) {
        self.command(Command::Readmit(session));
    }

    /// How many rows and groups of events were given to the store and are not in the database yet.
    #[must_use]
    pub fn unwritten(&self) -> usize {
        self.shared.unwritten.load(Ordering::Relaxed)
    }

    /// Whether the store takes writes.
    #[must_use]
    pub fn health(&self) -> Health {
        // The writer holds the other end for as long as it lives.
        if self.shared.health.has_changed().is_err() {
            return Health::Failing { reason: "the store is closed".into(), is_lasting: true };
        }
        self.shared.health.borrow().clone()
    }

    /// A session's lean row.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find(&self, id: SessionId) -> Result<Option<Summary>, Error> {
        self.query(id.worker(self.workers()), |reply| Query::Find(id, reply)).await
    }

    /// A part of a journal.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn journal(&self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        self.query(keys::worker_of(key, self.workers()), |reply| Query::Journal(key, range, reply)).await
    }

    /// Sessions, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn list(&self, query: ListSessions) -> Result<Vec<Summary>, Error> {
        self.query(self.workers(), |reply| Query::List(query, reply)).await
    }

    /// The sessions that a restart has to think of, oldest first: those that run or are queued, and those with a
    /// deadline.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pending(&self) -> Result<Vec<Pending>, Error> {
        self.query(self.workers(), Query::Pending).await
    }

    /// Those of them that are in these slots.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pending_in(&self, slots: Vec<Slot>) -> Result<Vec<Pending>, Error> {
        self.query(self.workers(), |reply| Query::PendingIn(slots, reply)).await
    }

    /// How many sessions that have not ended are in which state. Looks at every session's lean row.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_live(&self) -> Result<Vec<(Status, u64)>, Error> {
        self.query(self.workers(), Query::CountLive).await
    }

    /// The session that this owner started with this idempotency key, and the digest of that request.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn idempotent(&self, owner: Owner, key: String) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        let any = key.len().checked_rem(self.workers()).unwrap_or(0);
        self.query(any, |reply| Query::Idempotent(owner, key, reply)).await
    }

    /// The session of this owner with this execution id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn execution(&self, owner: Owner, id: ExecutionId) -> Result<Option<SessionId>, Error> {
        let any = id.as_str().len().checked_rem(self.workers()).unwrap_or(0);
        self.query(any, |reply| Query::Execution(owner, id, reply)).await
    }

    /// Removes a session and its journal; it is gone from the store when this returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] where it has not ended, [`Error::Unavailable`].
    pub async fn remove(&self, key: SessionKey) -> Result<(), Error> {
        self.request(|reply| Command::Remove(key, reply)).await
    }

    /// Removes up to `limit` sessions that ended before `before`, the oldest end first; gives their ids.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn purge(&self, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        self.request(|reply| Command::Purge(before, limit, reply)).await
    }

    /// Writes what waits and closes the database; gives how many rows could not be written.
    ///
    /// Queries that come later get [`Error::Unavailable`]; another call gives the rows that came after the first.
    pub async fn close(&self) -> usize {
        for reader in &self.shared.readers {
            let (reply, closed) = oneshot::channel();
            if reader.send(Request::Close(reply)).is_ok() {
                let _ = closed.await;
            }
        }
        let (reply, closed) = oneshot::channel();
        self.command(Command::Close(reply));
        closed.await.unwrap_or_else(|_| self.unwritten())
    }

    /// Encrypts with the store's key.
    #[must_use]
    pub fn seal(&self, plain: &[u8]) -> String {
        self.shared.sealer.seal(plain)
    }

    /// Decrypts what [`Store::seal`] gave.
    ///
    /// # Errors
    /// [`Error::Unusable`] where the key is another one, or the text was changed.
    pub fn unseal(&self, sealed: &str) -> Result<Vec<u8>, Error> {
        self.shared.sealer.unseal(sealed)
    }

    /// Where the health can be awaited.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.shared.health.clone()
    }

    /// How many workers have a reader.
    pub(super) fn workers(&self) -> usize {
        self.shared.readers.len().saturating_sub(1)
    }

    /// Counts something that is to be written.
    pub(super) fn count_unwritten(&self, rows: usize) {
        self.shared.unwritten.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn command(&self, command: Command) -> bool {
        self.shared.commands.send(command).is_ok()
    }

    /// Has the writer do something; it comes after all that was appended before.
    pub(super) async fn request<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply));
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Asks this reader, or the writer where there are no readers.
    pub(super) async fn query<T>(&self, reader: usize, query: impl FnOnce(Reply<T>) -> Query) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let query = query(reply);
        match self.shared.readers.get(reader) {
            // Where the thread has ended, the reply is dropped, which is an answer too.
            Some(reader) => drop(reader.send(Request::Query(Box::new(query)))),
            None => drop(self.command(Command::Query(Box::new(query)))),
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

pub(super) fn closed() -> Error {
    Error::Unavailable("it is closed".into())
}

impl Options {
    fn of(settings: &Settings, on_commit: OnCommit) -> Self {
        Self {
            max_commit_bytes: settings.max_commit_bytes,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(1),
            on_commit,
        }
    }
}

/// Encrypts for a store that is gone with the process.
fn memory_sealer(settings: &Settings) -> Result<Sealer, Error> {
    match &settings.secret_key {
        Some(key) => Sealer::from_setting(key.reveal()),
        None => Sealer::random(),
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("health", &self.health()).finish_non_exhaustive()
    }
}
