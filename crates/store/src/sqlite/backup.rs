//! A copy of the database while a server uses it, and a copy put in the place of the database.
//!
//! Both copy through SQLite, so that a copy is of one moment. A copy is made beside its place and moved there whole.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::header::Fault;
use super::place::{Place, beside};
use super::{LOCK_TIMEOUT, OpenError, schema};
use crate::private::folder_of;
use crate::{Copied, Error};

/// What stands behind the name of what was in the place of a copy before.
const REPLACED: &str = ".before-restore";

/// Copies the database at `path` to `to`, which must not be there yet.
pub(crate) fn backup(path: &Path, to: &Path) -> Result<Copied, Error> {
    let source = path.canonicalize().map_err(|error| cannot("read", path, &error))?;
    for place in [to.to_owned(), beside(to, ".key")] {
        if fs::symlink_metadata(&place).is_ok() {
            return Err(Error::Unusable(format!("{} is there already: name a file that is not", place.display())));
        }
    }
    let copied = (|| {
        let source = open(&source, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check_version(&source)?;
        copy(&source, to)
    })();
    let (sessions, bytes) = copied.map_err(|error: OpenError| error.explain(path))?;
    let key = copy_key(&beside(&source, ".key"), &beside(to, ".key"))?;
    Ok(Copied { sessions, bytes, key, replaced: None })
}

/// Puts the copy `from` in the place of the database at `path`, which no server may use. What was there is kept.
pub(crate) fn restore(path: &Path, from: &Path) -> Result<Copied, Error> {
    let place = Place::claim(path)?;
    if from.canonicalize().is_ok_and(|from| from == place.path()) {
        return Err(Error::Unusable(format!("{} is the database itself, not a copy of it", from.display())));
    }
    let was_there = place.file().metadata().is_ok_and(|file| file.len() > 0);
    let restored = (|| {
        let source = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check_version(&source)?;
        let verdict: String = source.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(Fault::Damaged.into());
        }
        let part = place.beside(".restore");
        remove(&part)?;
        Ok((copy(&source, &part)?, part))
    })();
    let ((sessions, bytes), part) = restored.map_err(|error: OpenError| error.explain(from))?;
    let replaced = beside(place.path(), REPLACED);
    if was_there {
        // What is in the log only goes into the file first.
        let emptied = open(place.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|old| Ok(old.pragma_update_and_check(None, "wal_checkpoint", "truncate", |_| Ok(()))?));
        emptied.map_err(|error| error.explain(place.path()))?;
        fs::rename(place.path(), &replaced).map_err(|error| cannot("move", place.path(), &error))?;
    }
    // The words by which sessions are found are made anew, too.
    for ending in ["-wal", "-shm", "-search", "-search-wal", "-search-shm"] {
        remove(&place.beside(ending))?;
    }
    fs::rename(&part, place.path()).map_err(|error| cannot("move", &part, &error))?;
    let (own, given) = (place.beside(".key"), beside(from, ".key"));
    let mut key = None;
    if given.exists() {
        if own.exists() {
            let old = beside(&own, REPLACED);
            fs::rename(&own, &old).map_err(|error| cannot("move", &own, &error))?;
        }
        key = copy_key(&given, &own)?;
    }
    sync_folder(place.path())?;
    Ok(Copied { sessions, bytes, key, replaced: was_there.then_some(replaced) })
}

/// Copies a whole database to a file that is not there; gives how many sessions and bytes it has.
fn copy(source: &Connection, to: &Path) -> Result<(u64, u64), OpenError> {
    let part = beside(to, ".part");
    remove(&part)?;
    // Made for its owner only, before anything is in it.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    drop(made.map_err(|error| cannot("write", &part, &error))?);
    let copied = copy_into(source, &part);
    let moved = copied.and_then(|sessions| {
        let file = File::open(&part).and_then(|file| file.sync_all().and_then(|()| file.metadata()));
        let bytes = file.map_err(|error| cannot("write", &part, &error))?.len();
        fs::rename(&part, to).map_err(|error| cannot("write", to, &error))?;
        sync_folder(to)?;
        Ok((sessions, bytes))
    });
    if moved.is_err() {
        let _ = fs::remove_file(&part);
    }
    moved
}

fn copy_into(source: &Connection, part: &Path) -> Result<u64, OpenError> {
    let mut target = open(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let copying = Backup::new(source, &mut target)?;
    // All pages at once: in pieces it would begin anew whenever the server has written.
    while !matches!(copying.step(-1)?, StepResult::Done) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(copying);
    // It is one file, whatever the source was.
    target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    let sessions: i64 = target.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?;
    target.close().map_err(|(_, error)| error)?;
    Ok(sessions.unsigned_abs())
}

/// A connection that empties no log when it is closed.
fn open(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(LOCK_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Copies the key that secrets are sealed with, where there is one.
fn copy_key(from: &Path, to: &Path) -> Result<Option<PathBuf>, Error> {
    let key = match fs::read_to_string(from) {
        Ok(key) => key,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", from, &error)),
    };
    crate::private::write(to, key.trim_end()).map_err(|error| cannot("write", to, &error))?;
    Ok(Some(to.to_owned()))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot("remove", path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot("write", folder, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Unusable(format!("cannot {what} {}: {error}", path.display()))
}
