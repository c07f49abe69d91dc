//! The writing side of the engine.

use std::collections::{HashMap, HashSet};

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, params};

use super::checkpoint::Checkpoints;
use super::watch::{Displaced, Watch};
use super::{columns, documents, events, integer, signed};
use crate::document::{Discard, Put};
use crate::engine::{Engine, Refusal};
use crate::{Append, Change, Document, Error, EventRow, SessionKey};
use callboard_domain::id::SessionId;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// Most journal rows that one purge removes, but for a single session that has more: appends wait meanwhile.
const PURGED_ROWS: usize = 10_000;

/// The connection that writes.
pub(crate) struct Sqlite {
    connection: Connection,
    checkpoints: Checkpoints,
    watch: Watch,
    /// What was found to be wrong with the files.
    displaced: Option<Displaced>,
    /// What a commit refused that is done, but must not be told: by then the files were not those any more that were
    /// opened.
    untold: Option<Vec<Refusal>>,
}

impl Sqlite {
    /// Writes through `connection`.
    pub(super) fn new(connection: Connection, checkpoints: Checkpoints, watch: Watch) -> Self {
        Self { connection, checkpoints, watch, displaced: None, untold: None }
    }

    /// Does what changes the database, and gives what comes of it where the files are still those that were opened.
    fn change<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.look()?;
        let done = work(self)?;
        self.look()?;
        Ok(done)
    }

    /// Whether the files are still those that were opened.
    fn look(&mut self) -> Result<(), Error> {
        self.checkpoints.report(&mut self.watch);
        let Err(displaced) = self.watch.look() else {
            if self.displaced.take().is_some() {
                self.keep_log(false);
            }
            return Ok(());
        };
        if self.displaced.replace(displaced) != Some(displaced) {
            self.part_from_log(displaced);
        }
        Err(Error::Unavailable("its files are not those that were opened".into()))
    }

    /// Sees to it that the log is not taken for that of another file that is there now, or will be.
    fn part_from_log(&mut self, displaced: Displaced) {
        self.keep_log(true);
        match displaced {
            // Both are ours still, whatever their names: all that was told gets into the file.
            Displaced::Elsewhere => self.checkpoints.empty(&self.connection),
            Displaced::Overwritten => self.watch.set_log_aside(),
        }
    }

    /// Whether SQLite leaves the file that has the log's name alone when the connection is closed.
    fn keep_log(&self, kept: bool) {
        if let Err(error) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, kept) {
            log::warn!("what becomes of the database's log at the end could not be set: {error}");
        }
    }

    /// Commits the batch; see [`Engine::commit`].
    fn write(&mut self, batch: &[Append], events: Option<&EventRow>) -> Result<Vec<Refusal>, Error> {
        self.checkpoints.help(&self.connection);
        let refused = match transact(&self.connection, |connection| all(connection, batch, events)) {
            Ok(()) => Vec::new(),
            Err(Trouble::Append(_)) => transact(&self.connection, |connection| one_by_one(connection, batch, events))?,
            Err(Trouble::Database(error)) => return Err(error.into()),
        };
        let bytes: usize = batch.iter().map(|append| append.body.len()).chain(events.map(|row| row.body.len())).sum();
        self.checkpoints.written(batch.len() + usize::from(events.is_some()), bytes);
        Ok(refused)
    }

    /// The connection, for tests that change its limits.
    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Engine for Sqlite {
    fn commit(&mut self, batch: &[Append], events: Option<&EventRow>) -> Result<Vec<Refusal>, Error> {
        self.look()?;
        let refused = match self.untold.take() {
            // The writer comes again with what it could not tell.
            Some(refused) => refused,
            None => self.write(batch, events)?,
        };
        if let Err(error) = self.look() {
            self.untold = Some(refused);
            return Err(error);
        }
        Ok(refused)
    }

    fn remove(&mut self, key: SessionKey) -> Result<(), Error> {
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
        self.change(|engine| transact(&engine.connection, removed))
    }

    fn purge(&mut self, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
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
                removed.push(id);
                if rows >= PURGED_ROWS {
                    break;
                }
            }
            Ok(removed)
        };
        self.change(|engine| transact(&engine.connection, purged))
    }

    fn put(&mut self, put: Put) -> Result<Document, Error> {
        self.change(|engine| {
            engine.checkpoints.help(&engine.connection);
            let document = transact(&engine.connection, |connection| documents::put(connection, put))?;
            engine.checkpoints.written(1, document.body.len());
            Ok(document)
        })
    }

    fn discard(&mut self, discard: &Discard) -> Result<(), Error> {
        self.change(|engine| {
            transact(&engine.connection, |connection| documents::discard(connection, discard))?;
            engine.checkpoints.written(1, 0);
            Ok(())
        })
    }

    fn purge_events(&mut self, before_seq: u64) -> Result<(), Error> {
        self.change(|engine| {
            transact(&engine.connection, |connection| events::purge(connection, before_seq))?;
            engine.checkpoints.written(1, 0);
            Ok(())
        })
    }

    fn rest(&mut self) {
        self.checkpoints.rest();
    }

    fn displaced(&mut self) -> Option<String> {
        self.look().err()?;
        self.displaced.map(|displaced| displaced.explain(self.watch.place().path()))
    }

    fn close(&mut self) {
        // Nobody is there any more who could be told.
        let _ = self.look();
        match self.displaced {
            Some(Displaced::Overwritten) => self.checkpoints.stop(),
            Some(Displaced::Elsewhere) | None => self.checkpoints.finish(&self.connection),
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

/// Does it all, or nothing.
fn transact<T, E: From<rusqlite::Error>>(
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
fn all(connection: &Connection, batch: &[Append], events: Option<&EventRow>) -> Result<(), Trouble> {
    let mut statements = Statements::prepare(connection)?;
    let mut last_update = HashMap::new();
    if batch.len() > 1 {
        let updates = batch.iter().enumerate().filter(|(_, append)| matches!(append.change, Change::Update(_)));
        last_update.extend(updates.map(|(index, append)| (append.key, index)));
    }
    for (index, append) in batch.iter().enumerate() {
        if last_update.get(&append.key).is_some_and(|last| index < *last) && matches!(append.change, Change::Update(_))
        {
            statements.row(append)?;
        } else {
            statements.append(append)?;
        }
    }
    if let Some(row) = events {
        events::append(connection, row).map_err(Trouble::Database)?;
    }
    Ok(())
}

/// Writes what can be written of the batch, and gives back the rest.
fn one_by_one(connection: &Connection, batch: &[Append], events: Option<&EventRow>) -> Result<Vec<Refusal>, Trouble> {
    let mut statements = Statements::prepare(connection)?;
    let mut refused = Vec::new();
    let mut torn = HashSet::new();
    for (index, append) in batch.iter().enumerate() {
        if torn.contains(&append.key) {
            refused.push(Refusal { index, reason: "an earlier row was refused".into() });
            continue;
        }
        connection.execute_batch("SAVEPOINT one")?;
        match statements.append(append) {
            Ok(()) => {}
            Err(Trouble::Append(reason)) => {
                connection.execute_batch("ROLLBACK TO one")?;
                torn.insert(append.key);
                refused.push(Refusal { index, reason });
            }
            Err(Trouble::Database(error)) => return Err(Trouble::Database(error)),
        }
        connection.execute_batch("RELEASE one")?;
    }
    if let Some(row) = events {
        events::append(connection, row).map_err(Trouble::Database)?;
    }
    Ok(refused)
}

/// What most batches need, prepared once for each.
struct Statements<'a> {
    connection: &'a Connection,
    row: CachedStatement<'a>,
    update: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let row =
            connection.prepare_cached("INSERT INTO journal (session, row, last_seq, body) VALUES (?1, ?2, ?3, ?4)")?;
        Ok(Self { connection, row, update: connection.prepare_cached(columns::UPDATE)? })
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
                        .prepare_cached("INSERT INTO idempotency (key, digest, session) VALUES (?1, ?2, ?3)")?
                        .execute(params![idempotency.key, idempotency.digest, integer(summary.key)])?;
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
