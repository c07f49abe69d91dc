//! Sessions that are listed, found by words, and counted.
//!
//! The engine has sets by owner but for the server, by task, label and status, and no index of words: a search reads the newest sessions of those
//! sets, with their questions and errors.

use std::sync::Arc;

use super::place::Place;
use super::read::{Reader, SLICE_LOOKED_AT, SLICE_RECORDS, status_set, text};
use super::record::{self, damaged, key_text, read_key};
use crate::search::{Findable, MOST_LOOKED_AT};
use crate::types::label_text;
use crate::{Counts, Error, Found, ListSessions, SessionKey, Summary};
use callboard_domain::owner::Owner;
use callboard_domain::status::Status;

/// The most bytes of one journal that a search looks at, the newest first.
const JOURNAL_BYTES: usize = 1 << 20;

/// The most bytes of journals that are looked at in one slice, but for the last one.
const JOURNALS_BYTES: usize = 4 << 20;

/// Reads the sessions of a query slice by slice, newest first.
struct Slices<'a> {
    reader: &'a mut Reader,
    place: Arc<Place>,
    query: &'a ListSessions,
    all: Vec<String>,
    any: Vec<String>,
    /// The key below which the next slice begins; none at the end.
    before: Option<String>,
    oldest: String,
}

impl<'a> Slices<'a> {
    fn of(reader: &'a mut Reader, query: &'a ListSessions) -> Self {
        let mut all = sets_but_for_status(query);
        let mut any: Vec<String> = query.status.iter().map(|status| status_set(*status)).collect();
        any.sort_unstable();
        any.dedup();
        if all.is_empty() && any.is_empty() {
            all.push("sessions".into());
        }
        let is_bounded = query.before.is_some() || query.to.is_some();
        let (oldest, newest) = query.keys();
        let before = Some(if is_bounded { key_text(newest) } else { String::new() });
        let oldest = if query.from.is_some() { key_text(oldest) } else { String::new() };
        let place = reader.place();
        Self { reader, place, query, all, any, before, oldest }
    }

    /// The next of them, at most so many; a slice may be empty, and there may be more behind it. None at the end.
    fn next(&mut self, limit: usize) -> Result<Option<Vec<Summary>>, Error> {
        let Some(before) = self.before.take().filter(|before| before.is_empty() || *before > self.oldest) else {
            return Ok(None);
        };
        let limit = limit.min(SLICE_RECORDS);
        let mut call = self.place.script(|scripts| &scripts.list);
        call.arg(&before).arg(limit).arg(SLICE_LOOKED_AT);
        for sets in [&self.all, &self.any] {
            call.arg(sets.len()).arg(sets.as_slice());
        }
        let found: Vec<Vec<u8>> = self.reader.run(&call)?;
        let Some((next, found)) = found.split_first() else { return Ok(None) };
        let pairs = found.as_chunks::<2>().0;
        self.before = match (pairs, next.as_slice()) {
            ([.., [last, _]], _) if pairs.len() == limit => Some(text(last)?),
            (_, []) => None,
            (_, next) => Some(text(next)?),
        };
        let mut slice = Vec::with_capacity(pairs.len());
        for [key, record] in pairs {
            slice.push(record::read(read_key(key)?, record)?);
        }
        // The sets know nothing of time, and not what is the server's.
        slice.retain(|summary| self.query.fits(summary));
        Ok(Some(slice))
    }

    /// Whether each of these sessions has words that begin so.
    fn find(&mut self, words: &[String], slice: Vec<Summary>, end: &mut End) -> Result<Vec<(Summary, bool)>, Error> {
        let findable = |summary: &Summary| {
            let mut findable = Findable::default();
            findable.add_summary(summary);
            findable
        };
        let mut all: Vec<_> = slice.into_iter().map(|summary| (findable(&summary), summary)).collect();
        let mut unsure: Vec<_> = all.iter_mut().filter(|(findable, _)| !findable.has_all(words)).collect();
        let mut rest = unsure.as_mut_slice();
        while !rest.is_empty() {
            let keys: Vec<String> = rest.iter().map(|(_, summary)| key_text(summary.key)).collect();
            let searched = self.searched(&keys)?;
            let (now, later) = rest.split_at_mut_checked(searched.len().max(1)).ok_or_else(|| damaged("a journal"))?;
            for ((findable, _), (is_all, lines)) in now.iter_mut().zip(searched) {
                findable.add_row(&lines);
                end.is_complete &= is_all || findable.has_all(words);
            }
            rest = later;
        }
        Ok(all.into_iter().map(|(findable, summary)| (summary, findable.has_all(words))).collect())
    }

    /// What each of these sessions asks, and what went wrong in it, with whether that is all; in their order, and as many as
    /// fit.
    fn searched(&mut self, keys: &[String]) -> Result<Vec<(bool, Vec<u8>)>, Error> {
        let mut call = self.place.script(|scripts| &scripts.searched);
        call.arg(JOURNAL_BYTES).arg(JOURNALS_BYTES).arg(keys);
        let found: Vec<Vec<u8>> = self.reader.run(&call)?;
        let searched = |lines: Vec<u8>| match lines.split_first() {
            Some((b'+', rest)) => Ok((true, rest.to_vec())),
            Some((b'-', rest)) => Ok((false, rest.to_vec())),
            Some(_) | None => Err(damaged("a journal")),
        };
        found.into_iter().map(searched).collect()
    }
}

/// The set of what an owner has. What is the server's is in none: without identity that is all there is.
pub(super) fn owner_set(owner: &Owner) -> Option<String> {
    owner.identity().map(|identity| format!("owner:{identity}"))
}

/// The sets that a session must be in.
fn sets_but_for_status(query: &ListSessions) -> Vec<String> {
    let owner = query.owner.as_ref().and_then(owner_set).into_iter();
    let asking = query.asking.iter().map(|assignee| format!("asked:{assignee}"));
    let task = query.task.iter().map(|task| format!("task:{task}"));
    let labels = query.labels.iter().map(|label| format!("label:{}", label_text(label)));
    owner.chain(asking).chain(task).chain(labels).collect()
}

/// See [`crate::engine::Read::list`].
pub(super) fn list(reader: &mut Reader, query: &ListSessions) -> Result<Vec<Summary>, Error> {
    let mut listed = Vec::new();
    let mut slices = Slices::of(reader, query);
    // Of a slice before the end of the range, or where others' are among them, there may be none: it is not made small.
    let is_sparse = query.to.is_some() || query.owner.as_ref().is_some_and(|owner| owner_set(owner).is_none());
    let most = |missing: usize| if is_sparse { SLICE_RECORDS } else { missing };
    while listed.len() < query.limit
        && let Some(slice) = slices.next(most(query.limit - listed.len()))?
    {
        listed.extend(slice);
    }
    listed.truncate(query.limit);
    Ok(listed)
}

/// See [`crate::engine::Read::search`].
pub(super) fn search(reader: &mut Reader, words: &[String], query: &ListSessions) -> Result<Found, Error> {
    let mut sessions = Vec::new();
    let end = each(reader, words, query, |summary| {
        sessions.push(summary);
        sessions.len() < query.limit
    })?;
    Ok(Found { sessions, is_complete: end.is_complete, broken_off_at: end.broken_off_at })
}

/// See [`crate::engine::Read::count`].
pub(super) fn count(reader: &mut Reader, words: &[String], query: &ListSessions) -> Result<Counts, Error> {
    let mut counts = Counts { is_complete: true, ..Counts::default() };
    let is_all = words.is_empty() && query.from.is_none() && query.to.is_none();
    if is_all && query.owner.is_none() && sets_but_for_status(query).is_empty() {
        let place = reader.place();
        let mut asked = redis::pipe();
        asked.atomic();
        for status in Status::ALL {
            asked.cmd("ZCARD").arg(place.key(&status_set(status)));
        }
        let counted: Vec<u64> = reader.ask(|connection| asked.query(connection))?;
        let counted = Status::ALL.into_iter().zip(counted).filter(|(_, many)| *many > 0);
        counted.for_each(|(status, many)| counts.add(status, many));
        return Ok(counts.sorted());
    }
    let query = ListSessions { status: Vec::new(), before: None, ..query.clone() };
    let end = each(reader, words, &query, |summary| {
        counts.add(summary.state.status, 1);
        true
    })?;
    counts.is_complete = end.is_complete;
    Ok(counts.sorted())
}

/// How far a search has come.
struct End {
    /// Whether all was searched that could be found.
    is_complete: bool,
    /// The first that was not looked at, where it was broken off.
    broken_off_at: Option<SessionKey>,
}

/// Gives the sessions of a query in which each of these words begins a word, newest first, to `take`, which says whether it
/// wants more.
fn each(
    reader: &mut Reader,
    words: &[String],
    query: &ListSessions,
    mut take: impl FnMut(Summary) -> bool,
) -> Result<End, Error> {
    let mut end = End { is_complete: true, broken_off_at: None };
    let mut looked_at = 0;
    let mut slices = Slices::of(reader, query);
    while let Some(slice) = slices.next(SLICE_RECORDS)? {
        for (summary, is_found) in slices.find(words, slice, &mut end)? {
            looked_at += 1;
            if looked_at > MOST_LOOKED_AT {
                return Ok(End { is_complete: false, broken_off_at: Some(summary.key) });
            }
            if is_found && !take(summary) {
                return Ok(end);
            }
        }
    }
    Ok(end)
}
