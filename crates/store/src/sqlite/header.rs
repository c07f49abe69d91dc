//! The first hundred bytes of a database file, as <https://www.sqlite.org/fileformat2.html> lays them out: whose file
//! it is, and whether it is whole. SQLite itself would take some damage here for an empty or foreign database.

use std::path::Path;

use super::schema::{APPLICATION_ID, VERSION};
use crate::Error;

/// How long the header is.
pub(super) const HEADER_BYTES: usize = 100;

/// What each database file begins with.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no SQLite database.
    NotADatabase,
    /// It is one, but some of it is lost or changed.
    Damaged,
    /// Another program made it.
    Foreign,
    /// A newer Callboard made it, with this version of the schema.
    Newer(u32),
    /// It can be read, but not written.
    ReadOnly,
    /// Another program does not let go of it.
    Locked,
    /// Its file system has no shared memory or locks, as some network drives.
    NoLog,
}

impl Fault {
    /// The fault as a sentence for the operator.
    pub(super) fn explain(self, path: &Path) -> Error {
        let path = path.display();
        Error::Unusable(match self {
            Fault::NotADatabase => format!(
                "{path} is not a database of Callboard, and is left as it is: choose another file with --store, or move \
                 this one away"
            ),
            Fault::Damaged => format!(
                "the database {path} is damaged, and is left as it is: restore it from a copy, or move it away (with the \
                 files beside it) to begin anew"
            ),
            Fault::Foreign => format!(
                "{path} is the database of another program, and is left as it is: choose another file with --store"
            ),
            Fault::Newer(version) => format!(
                "the database {path} was written by a newer Callboard (its schema has version {version}, this one knows \
                 {VERSION}): use that one, or choose another file with --store"
            ),
            Fault::ReadOnly => format!(
                "the database {path} cannot be written: give the server write access to the file and its folder"
            ),
            Fault::Locked => format!(
                "the database {path} is locked by another program, or lies on a network drive: end that program, or keep \
                 the database on a local disk"
            ),
            Fault::NoLog => format!(
                "the file system of {path} does not support a write-ahead log: keep the database on a local disk"
            ),
        })
    }
}

/// Looks at the header of a file that is not empty.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    // A file that is cut within the magic may have been one.
    if !bytes.starts_with(MAGIC) {
        return Err(if MAGIC.starts_with(bytes) { Fault::Damaged } else { Fault::NotADatabase });
    }
    let bytes: &[u8; HEADER_BYTES] = bytes.try_into().map_err(|_| Fault::Damaged)?;
    let number = |at: usize| {
        let four = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
        four.map_or(0, |four| u32::from_be_bytes(*four))
    };
    let application = number(68);
    let version = number(60);
    if application != APPLICATION_ID {
        // One that was made and left before its first table is ours to use.
        return if application == 0 && version == 0 && number(40) == 0 { Ok(()) } else { Err(Fault::Foreign) };
    }
    if version > VERSION {
        return Err(Fault::Newer(version));
    }
    let page_bytes = u16::from_be_bytes([bytes[16], bytes[17]]);
    let fractions = bytes[20..24] == [0, 64, 32, 32];
    let journal = matches!((bytes[18], bytes[19]), (1, 1) | (2, 2));
    let free = (number(32) == 0) == (number(36) == 0) && number(36) <= number(28) && number(32) <= number(28);
    let vacuum = number(52) == 0 && number(64) == 0;
    let text = (1..=4).contains(&number(44)) && number(56) == 1;
    if version > 0 && page_bytes.is_power_of_two() && fractions && journal && free && vacuum && text {
        return Ok(());
    }
    Err(Fault::Damaged)
}
