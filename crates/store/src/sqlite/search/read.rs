//! What is found in the words, on a reader's thread.

use std::path::PathBuf;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::super::read::{but_for_status, limit};
use super::super::{LOCK_TIMEOUT, columns, integer};
use super::file::{self, Identity};
use crate::search::{MOST_COUNTED, MOST_LOOKED_AT};
use crate::{Counts, Error, Found, ListSessions, SessionKey};
use callboard_domain::status::Status;

/// The words, for one who searches.
pub(in super::super) struct Searcher {
    path: PathBuf,
    /// The file, once it was needed.
    opened: Option<(Connection, Identity)>,
}

impl Searcher {
    /// The words at this path.
    pub(in super::super) fn new(path: PathBuf) -> Self {
        Self { path, opened: None }
    }

    /// The file that is there now.
    fn index(&mut self) -> rusqlite::Result<Option<&Connection>> {
        let there = Identity::at(&self.path);
        if self.opened.as_ref().map(|(_, opened)| *opened) != there {
            self.opened = None;
            if let Some(identity) = there {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&self.path, flags)?;
                connection.busy_timeout(LOCK_TIMEOUT)?;
                self.opened = Some((connection, identity));
            }
        }
        Ok(self.opened.as_ref().map(|(connection, _)| connection))
    }

    /// The keys of those that the query wants, as far as that stands in the index, in which each of these words begins a
    /// word, newest first: each is handed to `take`, which says whether it wants more. Gives whether everything is in there.
    fn each(
        &mut self,
        words: &[String],
        query: &ListSessions,
        among: Option<String>,
        take: impl FnMut(i64) -> rusqlite::Result<bool>,
    ) -> Result<bool, Error> {
        let found = self.index().and_then(|index| match index {
            Some(index) => each(index, words, query, among, take),
            None => Ok(false),
        });
        found.or_else(|error| {
            log::warn!("sessions were not found by words: {}: {error}", self.path.display());
            self.opened = None;
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
                // Whoever writes it makes it anew.
                file::remove(&self.path);
            }
            Ok(false)
        })
    }
}

fn each(
    index: &Connection,
    words: &[String],
    query: &ListSessions,
    among: Option<String>,
    mut take: impl FnMut(i64) -> rusqlite::Result<bool>,
) -> rusqlite::Result<bool> {
    let is_complete = index.query_row("SELECT is_complete FROM state", [], |row| row.get(0))?;
    let mut wanted: Vec<String> = words.iter().map(|word| format!("\"{word}\" *")).collect();
    wanted.extend(query.owner.as_ref().map(|owner| format!("\"{}\"", file::owner_word(owner))));
    let sql = "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid >= ?2 AND rowid < ?3 \
               AND (?4 IS NULL OR rowid IN (SELECT value FROM json_each(?4))) ORDER BY rowid DESC";
    let mut statement = index.prepare_cached(sql)?;
    let (oldest, newest) = query.keys();
    let mut rows = statement.query(params![wanted.join(" AND "), integer(oldest), integer(newest), among])?;
    while let Some(row) = rows.next()? {
        if !take(row.get(0)?)? {
            break;
        }
    }
    Ok(is_complete)
}

/// The keys of the newest sessions that ask somebody something, where the query wants those, as a list in JSON.
fn asking(sessions: &Connection, query: &ListSessions) -> rusqlite::Result<Option<String>> {
    let Some(assignee) = &query.asking else { return Ok(None) };
    let mut statement = sessions.prepare_cached(
        "SELECT json_group_array(session) FROM (SELECT DISTINCT session FROM asked WHERE assignee = ?1 AND session < ?2 \
         ORDER BY session DESC LIMIT ?3)",
    )?;
    let most = i64::try_from(MOST_LOOKED_AT).unwrap_or(i64::MAX);
    statement.query_row(params![assignee.to_string(), integer(query.keys().1), most], |row| row.get(0)).map(Some)
}

/// See [`crate::engine::Read::search`].
pub(in super::super) fn search(
    searcher: &mut Searcher,
    sessions: &Connection,
    words: &[String],
    query: &ListSessions,
) -> Result<Found, Error> {
    let mut found = Found::default();
    let mut by_key = sessions.prepare_cached(columns::SELECT_BY_KEY)?;
    let mut looked_at = 0;
    let is_complete = searcher.each(words, query, asking(sessions, query)?, |key| {
        if found.sessions.len() >= query.limit {
            return Ok(false);
        }
        looked_at += 1;
        if looked_at > MOST_LOOKED_AT {
            found.broken_off_at = Some(SessionKey(key));
            return Ok(false);
        }
        let summary = by_key.query_row([key], columns::summary).optional()?;
        found.sessions.extend(summary.filter(|summary| query.fits(summary)));
        Ok(true)
    })?;
    found.is_complete = is_complete && found.broken_off_at.is_none();
    Ok(found)
}

/// See [`crate::engine::Read::count`].
pub(in super::super) fn count(
    searcher: &mut Searcher,
    sessions: &Connection,
    words: &[String],
    query: &ListSessions,
) -> Result<Counts, Error> {
    let query = ListSessions { before: None, ..query.clone() };
    let mut counts = Counts { is_complete: true, ..Counts::default() };
    let mut counted = 0;
    let mut parameters = Vec::new();
    if words.is_empty() {
        let mut sql = "SELECT status, count(*) FROM (SELECT status FROM sessions WHERE true".to_owned();
        but_for_status(&query, &mut sql, &mut parameters);
        sql.push_str(" ORDER BY key DESC LIMIT ?) GROUP BY status");
        parameters.push(limit(MOST_COUNTED + 1));
        let mut statement = sessions.prepare_cached(&sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        while let Some(row) = rows.next()? {
            let many = row.get::<_, i64>(1)?.unsigned_abs();
            counts.add(columns::word(row, 0, Status::parse)?, many);
            counted += many;
        }
        counts.is_complete = counted <= MOST_COUNTED as u64;
        return Ok(counts.sorted());
    }
    let mut sql = "SELECT status FROM sessions WHERE key = ?".to_owned();
    parameters.push(Value::Null);
    but_for_status(&query, &mut sql, &mut parameters);
    let mut by_key = sessions.prepare_cached(&sql)?;
    let is_complete = searcher.each(words, &query, None, |key| {
        counted += 1;
        if let Some(first) = parameters.first_mut() {
            *first = key.into();
        }
        let status = by_key
            .query_row(rusqlite::params_from_iter(&parameters), |row| columns::word(row, 0, Status::parse))
            .optional()?;
        status.into_iter().for_each(|status| counts.add(status, 1));
        Ok(counted <= MOST_COUNTED as u64)
    })?;
    counts.is_complete = is_complete && counted <= MOST_COUNTED as u64;
    Ok(counts.sorted())
}
