//! The engine on a SQLite file: one connection that writes, one for each reader, and one for checkpoints.
//!
//! `place` finds the file and keeps other servers out, `header` looks at it before SQLite does, `schema` makes the
//! tables and brings them up to date, `columns` turns rows into records, `read` and `write` are the two sides of the
//! engine, `beside` is a writing side for a database that a server uses, `documents` and `events` do both for what is not a
//! session, `search` keeps the words by which sessions are found, `sealer` holds the key against the mark in the database, `checkpoint` moves what is written from the log into the
//! file, `watch` notices where the files are not those any more that were opened, by their names and by SQLite's `index`
//! of the log.

mod backfill;
pub(super) mod backup;
mod beside;
mod checkpoint;
mod columns;
mod documents;
mod events;
mod header;
mod index;
mod place;
mod read;
mod requests;
mod schema;
mod sealer;
mod search;
mod transfer;
mod watch;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use self::beside::Beside;
use self::checkpoint::Checkpoints;
use self::header::Fault;
use self::place::Place;
pub(super) use self::read::Reader;
use self::search::Indexer;
use self::watch::{Files, Part};
pub(super) use self::write::Sqlite;
use super::handle::Parts;
use super::keys::Lane;
use super::{Error, Fence, SessionKey};
use crate::Synchronous;

/// How long SQLite waits for somebody else's lock, such as that of a person with a shell on the database.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The writer's page cache, in KiB: the pages that most commits touch.
const WRITER_CACHE_KIB: i32 = 8192;

/// A reader's page cache, in KiB; behind it stands that of the system.
const READER_CACHE_KIB: i32 = 1024;

/// What stands behind the database's name for the words of its sessions.
const SEARCH: &str = "-search";

/// How to open a database.
pub(super) struct Opening {
    synchronous: Synchronous,
    readers: usize,
    /// Most pages that the file may have: how a test fills the disk.
    #[cfg(test)]
    pub(super) max_pages: Option<u32>,
}

impl Opening {
    /// With that many readers.
    pub(super) fn new(synchronous: Synchronous, readers: usize) -> Self {
        Self {
            synchronous,
            readers,
            #[cfg(test)]
            max_pages: None,
        }
    }

    /// Opens the database at `path`, made where there is none, with a key of the settings or that beside the file.
    pub(super) fn open(&self, path: &Path, key: Option<&str>) -> Result<Parts<Sqlite, Reader>, Error> {
        let place = Arc::new(Place::claim(path)?);
        self.open_at(&place, key).map_err(|stop| stop.explain(place.path()))
    }

    /// Opens the database at `path` for changes of documents, also while a server uses it; nothing where there is none yet, or
    /// it has to be brought up to date first.
    pub(super) fn open_beside(&self, path: &Path, key: Option<&str>) -> Result<Option<Parts<Beside, Reader>>, Error> {
        let Some(place) = Place::visit(path)?.map(Arc::new) else { return Ok(None) };
        self.open_beside_at(&place, key).map_err(|stop| stop.explain(place.path()))
    }

    fn open_beside_at(
        &self,
        place: &Arc<Place>,
        key: Option<&str>,
    ) -> Result<Option<Parts<Beside, Reader>>, OpenError> {
        place.inspect()?;
        let files: Files;
        let writer = self.connect_beside(place.path())?;
        schema::check_version(&writer)?;
        if !schema::is_current(&writer)? {
            return Ok(None);
        }
        write_ahead(&writer)?;
        let sealer = sealer::beside(&writer, place, key)?;
        files = Files::open(place)?;
        let mut readers = Vec::with_capacity(self.readers);
        for _ in 0..self.readers {
            readers.push(Reader::new(self.connect_to_read(place.path())?, files.clone(), place.beside(SEARCH)));
        }
        let (fence, lane) = (Fence::random(), Lane::default());
        Ok(Some(Parts { engine: Beside::new(writer), readers, fence, lane, largest: None, sealer }))
    }

    fn open_at(&self, place: &Arc<Place>, key: Option<&str>) -> Result<Parts<Sqlite, Reader>, OpenError> {
        place.inspect()?;
        // Closed after the connections, wherever this ends.
        let files: Files;
        let mut writer = self.connect(place.path(), WRITER_CACHE_KIB)?;
        let age = schema::prepare(&mut writer)?;
        place.check_length(&writer)?;
        write_ahead(&writer)?;
        let largest: Option<i64> = writer.query_row("SELECT max(key) FROM sessions", [], |row| row.get(0))?;
        let last_event = events::span(&writer)?.last_seq;
        let sealer = sealer::open(&writer, place, key, age)?;
        files = Files::open(place)?;
        let mut readers = Vec::with_capacity(self.readers);
        for _ in 0..self.readers {
            readers.push(Reader::new(self.connect_to_read(place.path())?, files.clone(), place.beside(SEARCH)));
        }
        let indexer = Indexer::start(place.beside(SEARCH), self.connect_to_read(place.path())?, files.clone());
        let checkpoints = Checkpoints::start(self.connect_beside(place.path())?, files.watch(Part::Database)?)?;
        let engine = Sqlite::new(writer, checkpoints, files.watch(Part::All)?, last_event, indexer);
        // The place keeps every other writer out, so there is nothing to tell them apart by.
        let (fence, lane) = (Fence::random(), Lane::default());
        Ok(Parts { engine, readers, fence, lane, largest: largest.map(SessionKey), sealer })
    }

    /// A connection beside the one that writes, which alone empties the log when it is closed.
    fn connect_beside(&self, path: &Path) -> rusqlite::Result<Connection> {
        let connection = self.connect(path, READER_CACHE_KIB)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(connection)
    }

    /// A connection that only reads.
    fn connect_to_read(&self, path: &Path) -> rusqlite::Result<Connection> {
        let connection = self.connect_beside(path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// A connection with its settings, which change nothing in the file.
    fn connect(&self, path: &Path, cache_kib: i32) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        // Else a statement is compiled again whenever another value is bound by which its plan might be another one.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cache_size", -cache_kib)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        let synchronous = match self.synchronous {
            Synchronous::Full => "full",
            Synchronous::Normal => "normal",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        #[cfg(test)]
        if let Some(pages) = self.max_pages {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        Ok(connection)
    }
}

/// Switches to a write-ahead log, so that readers and the writer don't wait for each other.
fn write_ahead(connection: &Connection) -> Result<(), OpenError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::NoLog.into());
    }
    connection.pragma_update_and_check(None, "journal_size_limit", checkpoint::LOG_KEPT_BYTES, |_| Ok(()))?;
    Ok(())
}

/// Why a database could not be opened.
#[derive(Debug)]
enum OpenError {
    /// This is wrong with it.
    Fault(Fault),
    /// SQLite says this.
    Sqlite(rusqlite::Error),
    /// It is not the database's fault.
    Other(Error),
}

impl OpenError {
    fn explain(self, path: &Path) -> Error {
        match self {
            OpenError::Fault(fault) => fault.explain(path),
            OpenError::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Damaged.explain(path),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Locked.explain(path),
                Some(_) | None => Error::Unusable(format!("the database {} cannot be used: {error}", path.display())),
            },
            OpenError::Other(error) => error,
        }
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        OpenError::Fault(fault)
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        OpenError::Sqlite(error)
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        OpenError::Other(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                let what = "it is damaged: stop the server, and restore the database from a copy, or move it away (with the \
                            files beside it) to begin anew";
                Error::Unusable(format!("{what} ({error})"))
            }
            Some(_) | None => Error::Unavailable(error.to_string()),
        }
    }
}

/// A key as SQLite has it.
fn integer(key: SessionKey) -> i64 {
    key.0
}

/// A number that only ever counts up from 0; SQLite has no unsigned ones.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
