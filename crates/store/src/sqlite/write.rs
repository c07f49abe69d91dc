//! The writing side of the engine.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, params};

use super::checkpoint::Checkpoints;
use super::search::Indexer;
use super::watch::{FileFault, Watch};
use super::{columns, documents, events, integer, requests, signed};
use crate::document::Write;
use crate::engine::{Batch, Engine, EventRows, LastBatch, Outcome, Refusal, Written};
use crate::events::number;
use crate::{Append, Change, ChangeError, Document, Error, Fence, Reason, RequestChange, SessionKey, UnnumberedEvent};
use callboard_domain::id::SessionId;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// For how long a check of the files stands in for the one before a commit: under load commits follow one another at once,
/// and each is checked behind.
const CHECK_HOLDS: Duration = Duration::from_millis(1);

/// Most journal rows that one purge removes, but for a single session that has more: appends wait meanwhile.
const PURGED_ROWS: usize = 10_000;

/// The connection that writes.
pub(crate) struct Sqlite {
    connection: Connection,
    checkpoints: Checkpoints,
    watch: Watch,
    /// What was found to be wrong with the files.
    fault: Option<FileFault>,
    /// When they were last found to be those that were opened.
    checked_at: Option<Instant>,
    /// The `seq` of the last event that is written.
    last_event: u64,
    /// Makes sessions findable by words, where that can be kept.
    indexer: Option<Indexer>,
    /// In memory only: nobody else writes, and with the process the writer is gone that could send it again.
    last_batch: LastBatch,
}

impl Sqlite {
    /// Writes through `connection`, where the last event has the `seq` `last_event`.
    pub(super) fn new(
        connection: Connection,
        checkpoints: Checkpoints,
        watch: Watch,
        last_event: u64,
        indexer: Option<Indexer>,
    ) -> Self {
        let last_batch = LastBatch::new(0, Written::default());
        Self { connection, checkpoints, watch, fault: None, checked_at: None, last_event, indexer, last_batch }
    }

    /// Has these sessions' words brought up to date, behind the commit.
    fn touch(&mut self, keys: impl IntoIterator<Item = SessionKey>) {
        if let Some(indexer) = &mut self.indexer {
            indexer.touch(keys.into_iter().collect());
        }
    }

    /// Does what changes the database, and gives what comes of it where the files are still those that were opened.
    fn checked<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.check_files()?;
        let done = work(self)?;
        self.check_files()?;
        Ok(done)
    }

    /// Whether the files are still those that were opened.
    fn check_files(&mut self) -> Result<(), Error> {
        self.checkpoints.report(&mut self.watch);
        let Err(fault) = self.watch.check() else {
            if self.fault.take().is_some() {
                self.keep_log(false);
            }
            self.checkpoints.help(&self.connection);
            self.checked_at = Some(Instant::now());
            return Ok(());
        };
        self.checked_at = None;
        if self.fault.replace(fault) != Some(fault) {
            self.detach_log(fault);
        }
        Err(Error::Unavailable("its files are not those that were opened".into()))
    }

    /// Sees to it that the log is not taken for that of another file that is there now, or will be.
    fn detach_log(&mut self, fault: FileFault) {
        self.keep_log(true);
        match fault {
            // Both are ours still, whatever their names: all that was acknowledged gets into the file.
            FileFault::Moved => self.checkpoints.empty(&self.connection),
            FileFault::Overwritten => self.watch.set_log_aside(),
        }
    }

    /// Whether SQLite leaves the file that has the log's name alone when the connection is closed.
    fn keep_log(&self, kept: bool) {
        if let Err(error) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, kept) {
            log::warn!("what becomes of the database's log at the end could not be set: {error}");
        }
    }

    /// Commits a batch that is not committed yet; see [`Engine::commit`].
    fn write(&mut self, batch: &Batch) -> Result<Written, Error> {
        let last_event = self.last_event;
        let written = match transact(&self.connection, |connection| all(connection, batch, last_event)) {
            Ok(events) => Written { refusals: Vec::new(), events },
            Err(Trouble::Append(_)) => {
                transact(&self.connection, |connection| one_by_one(connection, batch, last_event))?
            }
            Err(Trouble::Database(error)) => return Err(error.into()),
        };
        self.last_event = written.events.last().map_or(last_event, |row| row.last_seq);
        let bodies = batch.appends.iter().map(|append| &append.body).chain(written.events.iter().map(|row| &row.body));
        let bytes = bodies.map(bytes::Bytes::len).sum();
        self.checkpoints.written(batch.appends.len() + written.events.len(), bytes);
        Ok(written)
    }

    /// Writes what servers do not, at once.
    pub(super) fn import(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), Error> {
        self.checked(|engine| Ok(transact(&engine.connection, work)?))
    }

    /// The next event gets a number above this one.
    pub(super) fn numbered_to(&mut self, seq: u64) {
        self.last_event = self.last_event.max(seq);
    }

    /// The connection, for tests that change its limits.
    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Engine for Sqlite {
    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Error> {
        if self.checked_at.is_none_or(|at| at.elapsed() > CHECK_HOLDS) {
            self.check_files()?;
        }
        let written = match self.last_batch.answer(batch.number)? {
            Some(written) => written,
            None => {
                let written = self.write(batch)?;
                self.touch(batch.appends.iter().filter(|append| has_words(append)).map(|append| append.key));
                self.last_batch = LastBatch::new(batch.number, written.clone());
                written
            }
        };
        // Where the files are not those any more that were opened, it is not answered, and will be sent again.
        self.check_files()?;
        Ok(Outcome::Written(written))
    }

    fn remove(&mut self, _: Fence, key: SessionKey) -> Result<(), Error> {
        let removed = |connection: &Connection| {
            let mut find = connection.prepare_cached("SELECT status FROM sessions WHERE key = ?1")?;
            let status = find
                .query_row([integer(key)], |row| columns::word(row, 0, Status::parse))
                .optional()?
                .ok_or(Error::NotFound)?;
            if !status.is_terminal() {
                return Err(Error::Conflict("the session has not ended".into()));
            }
            forget(connection, key)?;
            Ok(())
        };
        self.checked(|engine| transact(&engine.connection, removed))?;
        self.touch([key]);
        Ok(())
    }

    fn purge(&mut self, _: Fence, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        let purged = |connection: &Connection| {
            let mut find = connection.prepare_cached(
                "SELECT key, id FROM sessions WHERE ended_at < ?1 AND status IN ('completed', 'failed', 'cancelled') \
                 ORDER BY ended_at, key LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let found = find.query_map(params![before.as_micros(), limit], |row| {
                Ok((SessionKey(row.get(0)?), columns::id(row, 1)?))
            })?;
            // All are read before the first is removed: what a query gives is not defined while its table changes.
            let ended = found.collect::<Result<Vec<_>, _>>()?;
            let mut removed = Vec::new();
            let mut rows = 0;
            for (key, id) in ended {
                rows += forget(connection, key)?;
                removed.push((key, id));
                if rows >= PURGED_ROWS {
                    break;
                }
            }
            Ok::<_, Error>(removed)
        };
        let purged = self.checked(|engine| transact(&engine.connection, purged))?;
        self.touch(purged.iter().map(|(key, _)| *key));
        Ok(purged.into_iter().map(|(_, id)| id).collect())
    }

    fn change(&mut self, _: Fence, writes: Vec<Write>, at: Timestamp) -> Result<Vec<Option<Document>>, ChangeError> {
        self.checked(|engine| {
            let changed = transact(&engine.connection, |connection| documents::change(connection, writes, at))?;
            let bytes = changed.iter().flatten().map(|document| document.body.len()).sum();
            engine.checkpoints.written(changed.len(), bytes);
            Ok(changed)
        })
    }

    fn purge_events(&mut self, _: Fence, before_seq: u64) -> Result<(), Error> {
        self.checked(|engine| {
            transact(&engine.connection, |connection| events::purge(connection, before_seq))?;
            engine.checkpoints.written(1, 0);
            Ok(())
        })
    }

    fn idle(&mut self) {
        self.checkpoints.idle();
        if let Some(indexer) = &mut self.indexer {
            indexer.idle();
        }
    }

    fn fault(&mut self) -> Option<String> {
        self.check_files().err()?;
        self.fault.map(|fault| fault.explain(self.watch.place().path()))
    }

    fn close(&mut self) {
        // It reads the database: it is closed before.
        self.indexer = None;
        // Nobody is there any more who could hear of it.
        let _ = self.check_files();
        match self.fault {
            Some(FileFault::Overwritten) => self.checkpoints.stop(),
            Some(FileFault::Moved) | None => self.checkpoints.finish(&self.connection),
        }
    }
}

/// Whether a row may change the words by which its session is found.
fn has_words(append: &Append) -> bool {
    let is_end = |state: &crate::State| state.status.is_terminal();
    match &append.change {
        Change::Create(..) => true,
        Change::Update(state) if is_end(state) => state.status == Status::Failed,
        Change::Update(_) | Change::None => {
            append.requests.iter().any(|change| matches!(change, RequestChange::Opened(..)))
        }
    }
}

/// Why a transaction did not go through.
enum Trouble {
    /// One of its appends can never be written.
    Append(String),
    /// The database cannot write now.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
                Trouble::Append(error.to_string())
            }
            Some(_) | None => Trouble::Database(error),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Append(reason) => Error::Unavailable(reason),
            Trouble::Database(error) => error.into(),
        }
    }
}

impl From<rusqlite::Error> for ChangeError {
    fn from(error: rusqlite::Error) -> Self {
        ChangeError::Store(error.into())
    }
}

/// Does it all, or nothing.
pub(super) fn transact<T, E: From<rusqlite::Error>>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = work(connection).and_then(|done| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(done)
    });
    // Some errors make SQLite roll back by itself.
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    done
}

/// Writes the batch the fast way: of several updates of one session, only the last is done.
fn all(connection: &Connection, batch: &Batch, last_event: u64) -> Result<EventRows, Trouble> {
    let mut statements = Statements::prepare(connection)?;
    let mut last_update = HashMap::new();
    if batch.appends.len() > 1 {
        let updates = batch.appends.iter().enumerate().filter(|(_, append)| matches!(append.change, Change::Update(_)));
        last_update.extend(updates.map(|(index, append)| (append.key, index)));
    }
    for (index, append) in batch.appends.iter().enumerate() {
        if last_update.get(&append.key).is_some_and(|last| index < *last) && matches!(append.change, Change::Update(_))
        {
            statements.row(append)?;
        } else {
            statements.append(append)?;
        }
    }
    record(connection, batch.events.iter().map(|event| &event.event), last_event)
}

/// Writes what can be written of the batch, and gives back the rest.
fn one_by_one(connection: &Connection, batch: &Batch, last_event: u64) -> Result<Written, Trouble> {
    let mut statements = Statements::prepare(connection)?;
    let mut refusals = Vec::new();
    let mut refused = HashMap::<SessionKey, Reason>::new();
    let mut left_out = HashSet::new();
    for (index, append) in batch.appends.iter().enumerate() {
        let reason = match refused.get(&append.key) {
            Some(earlier) => earlier.clone(),
            None => {
                connection.execute_batch("SAVEPOINT one")?;
                let appended = statements.append(append);
                if let Err(Trouble::Append(_)) = &appended {
                    connection.execute_batch("ROLLBACK TO one")?;
                }
                connection.execute_batch("RELEASE one")?;
                match appended {
                    Ok(()) => continue,
                    Err(Trouble::Append(reason)) => Reason::Conflict(reason),
                    Err(Trouble::Database(error)) => return Err(Trouble::Database(error)),
                }
            }
        };
        refused.insert(append.key, reason.clone());
        left_out.insert(Some(index));
        refusals.push(Refusal { index, reason });
    }
    let caused = batch.events.iter().filter(|event| !left_out.contains(&event.append)).map(|event| &event.event);
    Ok(Written { refusals, events: record(connection, caused, last_event)? })
}

/// Numbers events and writes those that are kept.
fn record<'a>(
    connection: &Connection,
    new: impl Iterator<Item = &'a UnnumberedEvent> + Clone,
    last_event: u64,
) -> Result<EventRows, Trouble> {
    let rows = number(new, last_event);
    for row in &rows {
        events::append(connection, row).map_err(Trouble::Database)?;
    }
    Ok(rows)
}

/// What most batches need, prepared once for each.
struct Statements<'a> {
    connection: &'a Connection,
    row: CachedStatement<'a>,
    requests: requests::Statements<'a>,
    update: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let row =
            connection.prepare_cached("INSERT INTO journal (session, row, last_seq, body) VALUES (?1, ?2, ?3, ?4)")?;
        let requests = requests::Statements::prepare(connection)?;
        Ok(Self { connection, row, requests, update: connection.prepare_cached(columns::UPDATE)? })
    }

    fn append(&mut self, append: &Append) -> Result<(), Trouble> {
        match &append.change {
            Change::Update(state) => {
                if columns::update(&mut self.update, append.key, state)? == 0 {
                    return Err(no_session());
                }
            }
            Change::Create(summary, idempotency) => {
                columns::insert(&mut *self.connection.prepare_cached(columns::INSERT)?, summary)?;
                if let Some(idempotency) = idempotency {
                    self.connection
                        .prepare_cached(
                            "INSERT INTO idempotency (owner, key, digest, session) VALUES (?1, ?2, ?3, ?4)",
                        )?
                        .execute(params![
                            columns::owner_key(&summary.owner),
                            idempotency.key,
                            idempotency.digest,
                            integer(summary.key)
                        ])?;
                }
            }
            Change::None => {
                let mut there = self.connection.prepare_cached("SELECT 1 FROM sessions WHERE key = ?1")?;
                if !there.exists([integer(append.key)])? {
                    return Err(no_session());
                }
            }
        }
        self.row(append)
    }

    fn row(&mut self, append: &Append) -> Result<(), Trouble> {
        let body: &[u8] = &append.body;
        self.row.execute(params![integer(append.key), append.row, signed(append.last_seq), body])?;
        for change in &append.requests {
            self.requests.change(append.key, change)?;
        }
        Ok(())
    }
}

fn no_session() -> Trouble {
    Trouble::Append("there is no such session".into())
}

/// Removes a session with all that belongs to it; gives how many rows its journal had.
fn forget(connection: &Connection, key: SessionKey) -> rusqlite::Result<usize> {
    let key = integer(key);
    connection.prepare_cached("DELETE FROM idempotency WHERE session = ?1")?.execute([key])?;
    connection.prepare_cached("DELETE FROM sessions WHERE key = ?1")?.execute([key])?;
    connection.prepare_cached("DELETE FROM journal WHERE session = ?1")?.execute([key])
}
