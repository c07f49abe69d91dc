//! The file with the words.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::super::place::beside;
use super::super::{LOCK_TIMEOUT, columns, events, signed};
use crate::private;
use callboard_domain::owner::Owner;

/// Stored in the database as its `user_version`: another one is made anew.
const VERSION: u32 = 2;

const SCHEMA: &str = "
    CREATE TABLE texts (
        session INTEGER PRIMARY KEY,
        row INTEGER NOT NULL,       -- the last row of the journal whose words are in it
        words TEXT NOT NULL
    ) STRICT;
    -- Words come folded, with spaces between; the owner is one of them.
    CREATE VIRTUAL TABLE search USING fts5(
        words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '1 2'
    );
    -- Of which database they are: its log of events, and how far that was. Until when everything is in it, in
    -- microseconds since 1970, and whether nothing is missing now.
    CREATE TABLE state (
        epoch TEXT,
        last_event INTEGER NOT NULL,
        until INTEGER NOT NULL,
        is_complete INTEGER NOT NULL
    ) STRICT;
    INSERT INTO state VALUES (NULL, 0, 0, 0);
";

/// What stands behind the file's name, and behind those of what SQLite has beside it.
const ENDINGS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// The one at this path.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let facts = fs::metadata(path).ok()?;
        Some(Self { device: facts.dev(), inode: facts.ino() })
    }
}

/// The words of these sessions, or none yet; nothing in it counts as complete.
pub(super) fn open_or_make(path: &Path, sessions: &Connection) -> rusqlite::Result<Connection> {
    if let Ok(Some(found)) = open_present(path, sessions) {
        return Ok(found);
    }
    remove(path);
    let connection = open(path)?;
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    Ok(connection)
}

/// Those that are there, where they are of these sessions.
fn open_present(path: &Path, sessions: &Connection) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = open(path)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(None);
    }
    let (of, last_event): (Option<String>, i64) =
        connection.query_row("SELECT epoch, last_event FROM state", [], |row| row.try_into())?;
    // A copy that was put in the place of the database has lost the events that came after it was made.
    let is_theirs = of == epoch(sessions)? && last_event <= last_event_of(sessions)?;
    if !is_theirs {
        return Ok(None);
    }
    connection.execute("UPDATE state SET is_complete = 0", [])?;
    Ok(Some(connection))
}

/// Removes the file with what SQLite has beside it.
pub(super) fn remove(path: &Path) {
    for name in ENDINGS.map(|ending| beside(path, ending)) {
        if let Err(error) = fs::remove_file(&name)
            && error.kind() != ErrorKind::NotFound
        {
            log::warn!("{} could not be removed: {error}", name.display());
        }
    }
}

/// Which log of events these sessions are of; it is made with their database.
pub(super) fn epoch(sessions: &Connection) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT body FROM documents WHERE owner = '' AND collection = 'server' AND id = 'epoch'";
    sessions.query_row(sql, [], |row| row.get(0)).optional()
}

/// The number of the last event of these sessions.
pub(super) fn last_event_of(sessions: &Connection) -> rusqlite::Result<i64> {
    Ok(signed(events::span(sessions)?.last_seq))
}

/// What stands for an owner among the words: the letter before it is in no word.
pub(super) fn owner_word(owner: &Owner) -> String {
    let name: String = columns::owner_key(owner).bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("\u{e000}{name}")
}

/// A connection to the file, which is made for its owner only.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    // Where it cannot be made, SQLite says why.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    ENDINGS.iter().for_each(|ending| private::restrict(&beside(path, ending)));
    connection.busy_timeout(LOCK_TIMEOUT)?;
    // It can be made anew, so it need not outlive a power cut.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    Ok(connection)
}
