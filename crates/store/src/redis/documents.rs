//! Documents: each is a text of its own, with a line of version and moments before what it says; a sorted set of each
//! owner's collection has the ids, and one of each collection the owners, but for the server.

use redis::ScriptInvocation;

use super::record::{damaged, owned};
use super::write::MAX_TEXT_BYTES;
use crate::document::{DocumentChange, Write};
use crate::{ChangeError, Document, Error, Precondition};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// What the keys of a collection have in common: no two collections have the same.
pub(super) fn place(owner: &Owner, collection: &str) -> String {
    format!("{}:{}:", collection.len(), owned(owner, collection))
}

/// Refuses what the engine does not take.
pub(super) fn check_sizes(writes: &[Write]) -> Result<(), Error> {
    let is_too_large = |write: &Write| match &write.change {
        DocumentChange::Put(body) => body.len() > MAX_TEXT_BYTES,
        DocumentChange::Remove => false,
    };
    if writes.iter().any(is_too_large) {
        return Err(Error::Conflict(format!("a document has at most {MAX_TEXT_BYTES} bytes")));
    }
    Ok(())
}

/// Adds what the script takes for these writes.
pub(super) fn add(call: &mut ScriptInvocation<'_>, writes: &[Write], at: Timestamp) {
    call.arg(at.as_micros()).arg(writes.len());
    for write in writes {
        let (word, body) = match &write.change {
            DocumentChange::Put(body) => ("put", body.as_str()),
            DocumentChange::Remove => ("remove", ""),
        };
        let expected = match write.precondition {
            Precondition::Absent => "absent".to_owned(),
            Precondition::Anything => "anything".to_owned(),
            Precondition::Version(version) => version.to_string(),
        };
        call.arg(word).arg(place(&write.owner, &write.collection)).arg(&write.id).arg(expected).arg(body);
        call.arg(write.owner.as_str()).arg(&write.collection);
    }
}

/// What the script says of these writes: the documents as they are now, or the preconditions that do not hold.
pub(super) fn changed(writes: Vec<Write>, answer: &str) -> Result<Vec<Option<Document>>, ChangeError> {
    let unreadable = || damaged("the answer to a change");
    let (word, lines) = answer.split_once('\n').ok_or_else(unreadable)?;
    if word == "failed" {
        let failed = lines.lines().map(|line| failed(line).ok_or_else(unreadable)).collect::<Result<_, _>>()?;
        return Err(ChangeError::Preconditions(failed));
    }
    let mut lines = lines.lines();
    let made = writes.into_iter().map(|write| {
        let line = lines.next().ok_or_else(unreadable)?;
        let Write { owner, collection, id, change, .. } = write;
        match change {
            DocumentChange::Remove => Ok(None),
            DocumentChange::Put(body) => {
                let Head { version, created_at, updated_at } = Head::read(line).ok_or_else(unreadable)?;
                Ok(Some(Document { owner, collection, id, version, created_at, updated_at, body }))
            }
        }
    });
    Ok(made.collect::<Result<_, Error>>()?)
}

/// A precondition that does not hold: `INDEX missing` or `INDEX outdated VERSION`.
fn failed(line: &str) -> Option<(usize, Error)> {
    let (index, why) = line.split_once(' ')?;
    let error = match why.split_once(' ') {
        Some((_, version)) => Error::Outdated { version: version.parse().ok()? },
        None => Error::NotFound,
    };
    Some((index.parse().ok()?, error))
}

/// The first line of a document.
struct Head {
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Head {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let version = words.next()?.parse().ok()?;
        let mut moment = || words.next()?.parse().ok().map(Timestamp::from_micros);
        Some(Self { version, created_at: moment()?, updated_at: moment()? })
    }
}

/// Reads a document, or the first line of one.
pub(super) fn read(owner: &Owner, collection: &str, id: &[u8], text: Vec<u8>) -> Result<Document, Error> {
    let unreadable = || damaged("a document");
    let mut text = String::from_utf8(text).map_err(|_| unreadable())?;
    let end = text.find('\n').ok_or_else(unreadable)?;
    let body = text.split_off(end + 1);
    let Head { version, created_at, updated_at } = Head::read(text.trim_end()).ok_or_else(unreadable)?;
    let id = std::str::from_utf8(id).map_err(|_| unreadable())?.to_owned();
    Ok(Document { owner: owner.clone(), collection: collection.to_owned(), id, version, created_at, updated_at, body })
}
