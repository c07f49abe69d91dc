//! Where the database is: its folder must be there, no other server may use it, and only its owner may read it.
//!
//! Two locks keep others out, both released by the system however the process ends: one on the file `.lock` beside the
//! database stands for its name, one on the database itself for what the name leads to, whatever else it is called.
//! SQLite's own locks are of another kind, so its command line and backups are not held up by these.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf, absolute};

use rusqlite::Connection;

use super::OpenError;
use super::header::{self, Fault, HEADER_BYTES};
use crate::{Error, private};

/// The database's place, locked for as long as this lives, unless it is only visited.
pub(super) struct Place {
    /// What the settings say: where the next start would look.
    named: PathBuf,
    /// Where that is with all links followed.
    path: PathBuf,
    _name: Option<File>,
    /// The database itself. Closing any descriptor of it takes SQLite's locks on it away from this process: it is opened
    /// here before the first connection is, and closed after the last.
    file: File,
}

impl Place {
    /// Finds the place and locks it, and makes an empty file where there is none. The path is made absolute, so that two
    /// names of one folder are one place.
    pub(super) fn claim(path: &Path) -> Result<Self, Error> {
        let named = absolute(path).unwrap_or_else(|_| path.to_owned());
        let path = resolve(path)?;
        let lock = beside(&path, ".lock");
        let name = open(&lock).map_err(|error| {
            Error::Unusable(format!(
                "the folder of the database {} cannot be written ({error}): give the server write access to it, or choose \
                 another place with --store",
                path.display()
            ))
        })?;
        lock_alone(&name, &path, &lock)?;
        let file = open(&path).map_err(|error| cannot_open(&path, &error))?;
        lock_alone(&file, &path, &path)?;
        // A link to a file that was not there until now leads to it from here on.
        let path = path.canonicalize().unwrap_or(path);
        for file in [path.clone(), lock].into_iter().chain(["-wal", "-shm", "-journal"].map(|end| beside(&path, end))) {
            private::restrict(&file);
        }
        Ok(Self { named, path, _name: Some(name), file })
    }

    /// The place of a database that others may have claimed; none where there is nothing yet.
    pub(super) fn visit(path: &Path) -> Result<Option<Self>, Error> {
        let named = absolute(path).unwrap_or_else(|_| path.to_owned());
        let Ok(path) = path.canonicalize() else { return Ok(None) };
        let file = OpenOptions::new().read(true).open(&path).map_err(|error| cannot_open(&path, &error))?;
        let is_there = |file: &Path| fs::metadata(file).is_ok_and(|facts| facts.len() > 0);
        // What a new database holds may still be in its log alone.
        let holds_something = is_there(&path) || is_there(&beside(&path, "-wal"));
        Ok(holds_something.then_some(Self { named, path, _name: None, file }))
    }

    /// The database's absolute path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path as the settings have it, made absolute; links in it may lead elsewhere by now.
    pub(super) fn named(&self) -> &Path {
        &self.named
    }

    /// The database, to look at.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// A file beside the database, named after it.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        beside(&self.path, ending)
    }

    /// Looks at the file before SQLite gets to write to it; an empty one is a new database.
    pub(super) fn inspect(&self) -> Result<(), OpenError> {
        let mut bytes = vec![0; HEADER_BYTES];
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot_open(&self.path, &error).into()),
            }
        }
        bytes.truncate(read);
        if bytes.is_empty() {
            return Ok(());
        }
        Ok(header::check(&bytes)?)
    }

    /// Whether the file is as long as SQLite thinks. While there is a log, it may rightly be another length.
    pub(super) fn check_length(&self, connection: &Connection) -> Result<(), OpenError> {
        if fs::metadata(self.beside("-wal")).is_ok_and(|log| log.len() > 0) {
            return Ok(());
        }
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let page_bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let length = self.file.metadata().map_err(|error| cannot_open(&self.path, &error))?.len();
        if i64::try_from(length) == Ok(pages.saturating_mul(page_bytes)) {
            return Ok(());
        }
        Err(Fault::Damaged.into())
    }
}

/// Opens a file for reading and writing, made for its owner only where it is missing.
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Locks a file against other servers.
fn lock_alone(file: &File, database: &Path, locked: &Path) -> Result<(), Error> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::Unusable(format!(
            "another Callboard uses the database {}: stop it first, or give this one a database of its own with --store",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::Unusable(format!(
            "{} cannot be locked ({error}), as on some network drives: keep the database on a local disk",
            locked.display()
        ))),
    }
}

fn cannot_open(path: &Path, error: &std::io::Error) -> Error {
    Error::Unusable(format!("the database {} cannot be opened: {error}", path.display()))
}

/// A file beside this one, named after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn resolve(path: &Path) -> Result<PathBuf, Error> {
    if path.is_dir() {
        return Err(Error::Unusable(format!(
            "the database {} is a folder: name a file in it with --store",
            path.display()
        )));
    }
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| Error::Unusable(format!("{} does not name a file: give one with --store", path.display())))?;
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(folder.join(name)),
        Ok(folder) => Err(Error::Unusable(format!(
            "{} is no folder, so the database {} cannot be in it: choose another place with --store",
            folder.display(),
            path.display()
        ))),
        Err(error) => Err(Error::Unusable(format!(
            "the folder {} of the database cannot be used ({error}): make it, or choose another place with --store",
            folder.display()
        ))),
    }
}
