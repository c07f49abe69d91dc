//! Where the database is: its folder must be there, and no other server may use it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::Stop;
use super::header::{self, Fault, HEADER_BYTES};
use crate::store::Error;

/// The database's place, locked for as long as this lives; the system releases it however the process ends.
pub(super) struct Place {
    path: PathBuf,
    _lock: File,
}

impl Place {
    /// Finds the place and locks it. The path is made absolute, so that two names of one folder are one place.
    pub(super) fn claim(path: &Path) -> Result<Self, Error> {
        let path = resolve(path)?;
        let lock = beside(&path, ".lock");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock);
        let file = file.map_err(|error| {
            Error::Unusable(format!(
                "the folder of the database {} cannot be written ({error}): give the server write access to it, or choose \
                 another place with --store",
                path.display()
            ))
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Unusable(format!(
                "another Callboard uses the database {}: stop it first, or give this one a database of its own with --store",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => {
                Err(Error::Unusable(format!("{} cannot be locked: {error}", lock.display())))
            }
        }
    }

    /// The database's absolute path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside the database, named after it.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        beside(&self.path, ending)
    }

    /// Looks at the file before SQLite gets to write to it; a missing or empty one is a new database.
    ///
    /// Must come before any connection is open: closing a file takes away SQLite's locks on it in this process.
    pub(super) fn inspect(&self) -> Result<(), Stop> {
        let mut file = match OpenOptions::new().read(true).write(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.cannot_open(&error).into()),
        };
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        (&mut file).take(HEADER_BYTES as u64).read_to_end(&mut bytes).map_err(|error| self.cannot_open(&error))?;
        if bytes.is_empty() {
            return Ok(());
        }
        Ok(header::check(&bytes)?)
    }

    fn cannot_open(&self, error: &std::io::Error) -> Error {
        Error::Unusable(format!("the database {} cannot be opened: {error}", self.path.display()))
    }

    /// Whether the file is as long as SQLite thinks. While there is a log, it may rightly be another length.
    pub(super) fn check_length(&self, connection: &Connection) -> Result<(), Stop> {
        if fs::metadata(self.beside("-wal")).is_ok_and(|log| log.len() > 0) {
            return Ok(());
        }
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let page_bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let length = fs::metadata(&self.path).map_err(|error| self.cannot_open(&error))?.len();
        if i64::try_from(length) == Ok(pages.saturating_mul(page_bytes)) {
            return Ok(());
        }
        Err(Fault::Damaged.into())
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
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
