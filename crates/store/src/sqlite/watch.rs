//! Whether the database is still the one that was opened: what is written into a file that was moved, removed, replaced or
//! overwritten is lost, and SQLite does not notice.
//!
//! The files' identities are compared with what their names lead to now. The database file's own content changes only
//! where a checkpoint has moved something, which SQLite's index of the log says, and is never cut; and the log ends with the frame that was
//! written last. So a copy that is put in place of the file's content is noticed, too.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Crc;

use super::header::MAGIC;
use super::index::{Index, Moved};
use super::place::Place;
use crate::Error;

/// How often a check is begun again that somebody else's work disturbs.
const TRIES: usize = 8;

/// A file up to this size is read whole to see whether it has changed, of a larger one as much in parts: this is done after
/// each checkpoint, some ten times a second under load.
const SAMPLED_BYTES: u64 = 128 << 10;
const SAMPLE_BYTES: u64 = 4 << 10;

/// The files of a database that is open: the database itself, its log and the index of that. Closing a descriptor of one
/// takes SQLite's locks on it away, so they are closed after the last connection is.
#[derive(Clone)]
pub(super) struct Files {
    place: Arc<Place>,
    log: Arc<File>,
    index: Arc<File>,
}

/// What is compared from one check to the next.
pub(super) struct Watch {
    files: Files,
    /// What each name led to.
    names: Vec<(PathBuf, Identity)>,
    part: Part,
    /// The database file as it was when all that had been moved was in it.
    seen: Option<Seen>,
    is_overwritten: bool,
}

/// How much of the files is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it: only for whoever writes the log.
    All,
    /// The database file: for who moves the log into it.
    Database,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileFault {
    /// A name leads to nothing, or to another file.
    Moved,
    /// Another program has written into the files.
    Overwritten,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// The database file as it was at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    modified: (i64, i64),
    length: u64,
    digest: u32,
    moved: Moved,
}

impl Files {
    /// Opens the files of a database that has a log.
    pub(super) fn open(place: &Arc<Place>) -> Result<Self, Error> {
        let open = |ending| {
            let path = place.beside(ending);
            File::open(&path)
                .map(Arc::new)
                .map_err(|error| Error::Unusable(format!("the file {} cannot be opened: {error}", path.display())))
        };
        Ok(Self { place: Arc::clone(place), log: open("-wal")?, index: open("-shm")? })
    }

    /// Remembers the files as they are.
    pub(super) fn watch(&self, part: Part) -> Result<Watch, Error> {
        let Self { place, log, index } = self;
        let mut names = Vec::new();
        let database = (place.file(), vec![place.named().to_owned(), place.path().to_owned()]);
        let (log, index) = ((&**log, vec![place.beside("-wal")]), (&**index, vec![place.beside("-shm")]));
        for (file, paths) in [database, log, index] {
            let identity = file.metadata().map_err(|error| unreadable(&error))?;
            names.extend(paths.into_iter().map(|path| (path, Identity::of(&identity))));
        }
        names.dedup();
        let mut watch = Watch { files: self.clone(), names, part, seen: None, is_overwritten: false };
        watch.check().map_err(|fault| Error::Unusable(fault.explain(place.path())))?;
        Ok(watch)
    }
}

impl Watch {
    /// The database's place.
    pub(super) fn place(&self) -> &Place {
        &self.files.place
    }

    /// How the database file was last, when all that had been moved was in it.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// Another watch has seen the file like this.
    pub(super) fn has_seen(&mut self, seen: Seen) {
        self.seen = Some(seen);
    }

    /// Another watch has found that the file was overwritten.
    pub(super) fn is_overwritten(&mut self) {
        self.is_overwritten = true;
    }

    /// Checks whether all is as it was. What was overwritten stays so; what was moved may come back.
    pub(super) fn check(&mut self) -> Result<(), FileFault> {
        let is_there = |(path, identity): &(PathBuf, Identity)| {
            fs::metadata(path).is_ok_and(|found| Identity::of(&found) == *identity)
        };
        if self.is_overwritten || !self.is_untouched() {
            self.is_overwritten = true;
            return Err(FileFault::Overwritten);
        }
        if self.names.iter().all(is_there) { Ok(()) } else { Err(FileFault::Moved) }
    }

    /// Gives the log another name, where it is the one that was opened: SQLite would take it for that of the database that
    /// is there at the next start.
    pub(super) fn set_log_aside(&self) {
        let path = self.files.place.beside("-wal");
        let is_ours = self.names.iter().any(|(name, identity)| {
            *name == path && fs::metadata(&path).is_ok_and(|found| Identity::of(&found) == *identity)
        });
        let fits = Index::read(&self.files.index)
            .ok()
            .flatten()
            .is_some_and(|index| index.fits(&self.files.log).unwrap_or(false));
        let aside = self.files.place.beside("-wal.aside");
        if is_ours
            && fits
            && let Err(error) = fs::rename(&path, &aside)
        {
            log::error!("{} could not be renamed to {}: {error}", path.display(), aside.display());
        }
    }

    /// Whether nobody but SQLite has written into the files. Where they change all the time, the next check says.
    fn is_untouched(&mut self) -> bool {
        for _ in 0..TRIES {
            match self.examine() {
                Ok(Some(untouched)) => return untouched,
                Ok(None) => {}
                Err(error) => {
                    log::warn!("the database's files could not be looked at: {error}");
                    return true;
                }
            }
        }
        true
    }

    /// One try; nothing where something changed meanwhile.
    fn examine(&mut self) -> io::Result<Option<bool>> {
        let Some(index) = Index::read(&self.files.index)? else { return Ok(None) };
        let file = self.files.place.file();
        let facts = file.metadata()?;
        let (modified, length) = ((facts.mtime(), facts.mtime_nsec()), facts.len());
        let is_new = self.seen.is_none_or(|seen| (seen.modified, seen.length) != (modified, length));
        // What a checkpoint has not finished says nothing of what is in the file; but none makes it shorter than the database
        // will be, or takes its beginning away.
        let least = self.seen.map_or(0, |seen| seen.length).min(index.database_bytes());
        let is_whole = !is_new || length >= least && begins_as_a_database(file)?;
        let moved = index.moved();
        let has_changed = moved.is_some() && is_new;
        let digest = if has_changed { digest(file, length)? } else { 0 };
        let log_fits = self.part == Part::Database || index.fits(&self.files.log)?;
        let now = Index::read(&self.files.index)?;
        let is_still = match self.part {
            Part::All => now.as_ref() == Some(&index),
            // Others write meanwhile.
            Part::Database => now.and_then(|now| now.moved()) == moved,
        };
        if !is_still {
            return Ok(None);
        }
        if !log_fits || !is_whole {
            return Ok(Some(false));
        }
        let Some(moved) = moved else { return Ok(Some(true)) };
        if let Some(seen) = &mut self.seen {
            if has_changed && seen.moved == moved && seen.digest != digest {
                return Ok(Some(false));
            }
            seen.moved = moved;
        }
        if has_changed {
            self.seen = Some(Seen { modified, length, digest, moved });
        }
        Ok(Some(true))
    }
}

impl FileFault {
    /// What is wrong and what to do, for the operator.
    pub(super) fn explain(self, path: &Path) -> String {
        let path = path.display();
        match self {
            FileFault::Moved => format!(
                "the database {path} is not the file that was opened, or the files beside it are not: they were moved, \
                 removed or replaced. Move them back, or restart the server to go on with what is there now"
            ),
            FileFault::Overwritten => format!(
                "the database {path} was changed by another program while it was in use. Stop the server, put a whole copy \
                 of the database in its place without the files {path}-wal and {path}-shm, and start it again"
            ),
        }
    }
}

impl Identity {
    fn of(facts: &Metadata) -> Self {
        Self { device: facts.dev(), inode: facts.ino() }
    }
}

fn begins_as_a_database(file: &File) -> io::Result<bool> {
    let mut beginning = [0; MAGIC.len()];
    Ok(file.read_at(&mut beginning, 0)? == MAGIC.len() && beginning == *MAGIC)
}

/// A checksum over the file, or over parts of a large one: its beginning, its end, and some between. Wherever a database
/// has grown, its first page has changed.
fn digest(file: &File, length: u64) -> io::Result<u32> {
    let samples = SAMPLED_BYTES / SAMPLE_BYTES;
    let step = if length <= SAMPLED_BYTES { SAMPLE_BYTES } else { (length - SAMPLE_BYTES) / (samples - 1) };
    let mut crc = Crc::new();
    let mut sample = vec![0; SAMPLE_BYTES as usize];
    for at in (0..samples).map(|number| number * step).take_while(|at| *at < length) {
        let read = file.read_at(&mut sample, at)?;
        crc.update(sample.get(..read).unwrap_or_default());
    }
    Ok(crc.sum())
}

fn unreadable(error: &io::Error) -> Error {
    Error::Unusable(format!("the database's files cannot be looked at: {error}"))
}
