//! Events as rows: one for all that a commit wrote.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::{columns, signed};
use crate::{Error, EventRow, EventSpan};
use callboard_domain::owner::Owner;

/// Adds a row. Must be called inside a transaction.
pub(super) fn append(connection: &Connection, row: &EventRow) -> rusqlite::Result<()> {
    let body: &[u8] = &row.body;
    connection
        .prepare_cached("INSERT INTO events (last_seq, first_seq, body, owner) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![signed(row.last_seq), signed(row.first_seq), body, columns::owner_column(&row.owner)])?;
    Ok(())
}

/// See [`crate::engine::Read::events`].
pub(super) fn list(
    connection: &Connection,
    owner: Option<&Owner>,
    after_seq: u64,
    max_bytes: usize,
) -> Result<Vec<EventRow>, Error> {
    let mut statement = connection.prepare_cached(&select(owner))?;
    let mut found = match owner {
        Some(owner) => statement.query(params![signed(after_seq), columns::owner_column(owner)])?,
        None => statement.query([signed(after_seq)])?,
    };
    let mut rows = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let body = Bytes::copy_from_slice(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
        bytes += body.len();
        let (first_seq, last_seq) = (columns::count(row, 0)?, columns::count(row, 1)?);
        rows.push(EventRow { first_seq, last_seq, owner: columns::owner(row, 3)?, body });
        if bytes >= max_bytes {
            break;
        }
    }
    Ok(rows)
}

/// The parameters of it are the place to begin behind, and the owner.
pub(super) fn select(owner: Option<&Owner>) -> String {
    let of_owner = owner.map(|owner| format!(" AND {}", columns::is_owners(owner))).unwrap_or_default();
    format!("SELECT first_seq, last_seq, body, owner FROM events WHERE last_seq > ?{of_owner} ORDER BY last_seq")
}

/// See [`crate::engine::Read::event_span`].
pub(super) fn span(connection: &Connection) -> rusqlite::Result<EventSpan> {
    // One statement, so that both ends are of one moment.
    let mut statement = connection.prepare_cached(
        "SELECT first_seq, last_seq FROM (SELECT first_seq FROM events ORDER BY last_seq LIMIT 1), \
         (SELECT last_seq FROM events ORDER BY last_seq DESC LIMIT 1)",
    )?;
    let found = statement
        .query_row([], |row| Ok(EventSpan { first_seq: columns::count(row, 0)?, last_seq: columns::count(row, 1)? }));
    Ok(found.optional()?.unwrap_or(EventSpan::EMPTY))
}

/// See [`crate::engine::Engine::purge_events`]. Must be called inside a transaction.
pub(super) fn purge(connection: &Connection, before_seq: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM events WHERE last_seq < min(?1, (SELECT max(last_seq) FROM events))")?
        .execute([signed(before_seq)])?;
    Ok(())
}
