//! The handle to a store, from any thread.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::engine::{Engine, Read};
use super::keys::{self, Keys};
use super::memory::Memory;
use super::query::{self, Asked, Query, Reply};
use super::seal::Sealer;
use super::sqlite;
use super::writer::{Command, Options, Writer};
use super::{Append, Draft, Error, Health, JournalRange, ListSessions, Pending, Row, SessionKey, Summary, Told};
use crate::Settings;
use crate::writer::OnCommit;
use callboard_domain::id::{ExecutionId, SessionId};
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// A store, from any thread. Cloning shares it.
///
/// When the last clone is dropped, what waits is written (tried once), and the drop returns when the database is free
/// for the next to open it. [`Store::close`] does the same and says what was lost.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

/// The order of the fields is the order in which they are dropped: the threads end once nobody can ask them.
struct Shared {
    commands: Sender<Command>,
    /// One for each worker and one for lists, which may take long; none where the writer answers itself.
    readers: Vec<Sender<Asked>>,
    keys: Keys,
    sealer: Sealer,
    health: watch::Receiver<Health>,
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
    /// The largest key that the engine has.
    pub(super) largest: Option<SessionKey>,
    /// The place of the last event that it has; 0 where it has none.
    pub(super) last_event: u64,
    /// Encrypts.
    pub(super) sealer: Sealer,
}

impl Store {
    /// Opens the store that `settings.url` names, for that many workers (1 to 64).
    ///
    /// # Errors
    /// [`Error::Unusable`], with the reason and the path in words for the operator.
    pub fn open(settings: &Settings, workers: usize) -> Result<Store, Error> {
        Self::open_measured(settings, workers, Arc::new(|_, _| {}))
    }

    /// The same; after each commit `on_commit` is called on the writer's thread.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_measured(settings: &Settings, workers: usize, on_commit: OnCommit) -> Result<Store, Error> {
        if !(1..=keys::MAX_WORKERS).contains(&workers) {
            return Err(Error::Unusable(format!("a store serves 1 to {} workers, not {workers}", keys::MAX_WORKERS)));
        }
        let options = Options {
            max_commit_bytes: settings.max_commit_bytes,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(1),
            on_commit,
        };
        match settings.url.split_once(':') {
            Some(("memory", "")) => {
                let sealer = match &settings.secret_key {
                    Some(key) => Sealer::from_setting(key.reveal())?,
                    None => Sealer::random()?,
                };
                let readers = Vec::<Memory>::new();
                let parts = Parts { engine: Memory::default(), readers, largest: None, last_event: 0, sealer };
                Self::start(parts, options, workers)
            }
            Some(("sqlite", path)) if !path.is_empty() => {
                let key = settings.secret_key.as_ref().map(callboard_domain::secret::Secret::reveal);
                let opening = sqlite::Opening::new(settings.synchronous, workers + 1);
                Self::start(opening.open(Path::new(path), key)?, options, workers)
            }
            // It is not shown: it may hold a password.
            Some(_) | None => Err(Error::Unusable("store.url must be sqlite:PATH or memory:".into())),
        }
    }

    /// Starts the threads.
    pub(super) fn start<E: Engine, R: Read>(
        parts: Parts<E, R>,
        options: Options,
        workers: usize,
    ) -> Result<Store, Error> {
        let (commands, commanded) = channel();
        let (told, health) = watch::channel(Health::Well);
        let unwritten = Arc::new(AtomicUsize::new(0));
        let mut threads = Threads(Vec::new());
        let mut readers = Vec::new();
        for (index, reader) in parts.readers.into_iter().enumerate() {
            let (asked, thread) = query::start(format!("store-read-{index}"), reader)?;
            readers.push(asked);
            threads.0.push(thread);
        }
        let gauge = Arc::clone(&unwritten);
        let writer = Writer::new(parts.engine, options, workers, parts.last_event, commanded, told, gauge);
        let thread = std::thread::Builder::new()
            .name("store-write".into())
            .spawn(move || writer.run())
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        threads.0.push(thread);
        let keys = Keys::new(workers, parts.largest);
        let shared = Shared { commands, readers, keys, sealer: parts.sealer, health, unwritten, _threads: threads };
        Ok(Store { shared: Arc::new(shared) })
    }

    /// Says where the commits of `worker` are told.
    pub fn tell(&self, worker: usize, told: Told) {
        self.command(Command::Tell(worker, told));
    }

    /// A key that rises with time and is this worker's alone.
    #[must_use]
    pub fn next_key(&self, worker: usize) -> SessionKey {
        self.shared.keys.next(worker, Timestamp::now())
    }

    /// Queues a row; appends of one worker are committed in their order. Never blocks.
    ///
    /// A row that is there already, or whose session is not, is logged and never told as written; nor is anything that
    /// comes later for that session, until the server starts again.
    pub fn append(&self, append: Append) {
        self.append_with(append, Vec::new());
    }

    /// The same, with events that happen by it: they are in the store when the row is, and not otherwise.
    pub fn append_with(&self, append: Append, events: Vec<Draft>) {
        self.count_unwritten();
        let session = append.session;
        if !self.command(Command::Append(append, events)) {
            log::error!(session_id:display = session; "a row came after the store was closed, and is not written");
        }
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
        self.ask(id.worker(self.workers()), |reply| Query::Find(id, reply)).await
    }

    /// A part of a journal.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn journal(&self, key: SessionKey, range: JournalRange) -> Result<Vec<Row>, Error> {
        self.ask(keys::worker_of(key, self.workers()), |reply| Query::Journal(key, range, reply)).await
    }

    /// Sessions, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn list(&self, query: ListSessions) -> Result<Vec<Summary>, Error> {
        self.ask(self.workers(), |reply| Query::List(query, reply)).await
    }

    /// The sessions that a restart has to think of, oldest first: those that run or are queued, and those with a
    /// deadline.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pending(&self) -> Result<Vec<Pending>, Error> {
        self.ask(self.workers(), Query::Pending).await
    }

    /// How many sessions that have not ended are in which state. Looks at every session's lean row.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_live(&self) -> Result<Vec<(Status, u64)>, Error> {
        self.ask(self.workers(), Query::CountLive).await
    }

    /// The session that was started with this idempotency key, and the digest of that request.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn idempotent(&self, key: String) -> Result<Option<(SessionId, [u8; 32])>, Error> {
        let any = key.len().checked_rem(self.workers()).unwrap_or(0);
        self.ask(any, |reply| Query::Idempotent(key, reply)).await
    }

    /// The session that this owner calls so.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn execution(&self, owner: Option<String>, id: ExecutionId) -> Result<Option<SessionId>, Error> {
        let any = id.as_str().len().checked_rem(self.workers()).unwrap_or(0);
        self.ask(any, |reply| Query::Execution(owner, id, reply)).await
    }

    /// Removes a session and its journal; it is gone from the store when this returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] where it has not ended, [`Error::Unavailable`].
    pub async fn remove(&self, key: SessionKey) -> Result<(), Error> {
        self.order(|reply| Command::Remove(key, reply)).await
    }

    /// Removes up to `limit` sessions that ended before `before`, the oldest end first; gives their ids.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn purge(&self, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        self.order(|reply| Command::Purge(before, limit, reply)).await
    }

    /// Writes what waits and closes the database; gives how many rows could not be written.
    ///
    /// Queries that come later get [`Error::Unavailable`]; another call gives the rows that came after the first.
    pub async fn close(&self) -> usize {
        for reader in &self.shared.readers {
            let (reply, closed) = oneshot::channel();
            if reader.send(Asked::Close(reply)).is_ok() {
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
    pub(super) fn count_unwritten(&self) {
        self.shared.unwritten.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn command(&self, command: Command) -> bool {
        self.shared.commands.send(command).is_ok()
    }

    /// Gives an order to the writer; it comes after all that was appended before.
    pub(super) async fn order<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply));
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Asks this reader, or the writer where there are no readers.
    pub(super) async fn ask<T>(&self, reader: usize, query: impl FnOnce(Reply<T>) -> Query) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let query = query(reply);
        match self.shared.readers.get(reader) {
            // Where the thread has ended, the reply is dropped, which is an answer too.
            Some(reader) => drop(reader.send(Asked::Query(query))),
            None => drop(self.command(Command::Query(query))),
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> Error {
    Error::Unavailable("it is closed".into())
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("health", &self.health()).finish_non_exhaustive()
    }
}
