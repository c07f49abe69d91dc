//! Documents as rows.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, signed};
use crate::Error;
use crate::document::{Discard, Document, ListDocuments, Part, Present, Put};
use callboard_domain::time::Timestamp;

/// See [`crate::engine::Read::document`].
pub(super) fn find(connection: &Connection, collection: &str, id: &str) -> Result<Option<Document>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id, version, created_at, updated_at, body FROM documents WHERE collection = ?1 AND id = ?2",
    )?;
    Ok(statement.query_row([collection, id], |row| document(collection, row)).optional()?)
}

/// See [`crate::engine::Read::documents`].
pub(super) fn list(connection: &Connection, query: &ListDocuments) -> Result<Vec<Document>, Error> {
    let ListDocuments { collection, after, limit, part } = query;
    let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
    let body = match part {
        Part::Whole => "body",
        Part::Head => "''",
    };
    // Two statements, because a condition on whether there is a parameter would keep SQLite from using the key.
    let place = match after {
        Some(_) => "id > ?2",
        None => "?2 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, version, created_at, updated_at, {body} FROM documents \
         WHERE collection = ?1 AND {place} ORDER BY id LIMIT ?3"
    ))?;
    let found = statement.query_map(params![collection, after, limit], |row| document(collection, row))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// See [`crate::engine::Read::folders`]. One look at the key for each of them, however much is in it.
pub(super) fn folders(connection: &Connection, collection: &str, most: usize) -> Result<usize, Error> {
    // '0' is what comes after '/'.
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE folders(id) AS ( \
             SELECT (SELECT id FROM documents WHERE collection = ?1 AND instr(id, '/') > 0 ORDER BY id LIMIT 1) \
             UNION ALL \
             SELECT (SELECT id FROM documents WHERE collection = ?1 AND instr(id, '/') > 0 \
                     AND id >= substr(folders.id, 1, instr(folders.id, '/') - 1) || '0' ORDER BY id LIMIT 1) \
             FROM folders WHERE folders.id IS NOT NULL LIMIT ?2 \
         ) SELECT count(id) FROM folders",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let counted: i64 = statement.query_row(params![collection, most], |row| row.get(0))?;
    Ok(usize::try_from(counted).unwrap_or(0))
}

/// See [`crate::engine::Engine::put`]. Must be called inside a transaction.
pub(super) fn put(connection: &Connection, put: Put) -> Result<Document, Error> {
    let present = present(connection, &put.collection, &put.id)?;
    let document = put.over(present)?;
    let Document { collection, id, version, created_at, updated_at, body } = &document;
    connection
        .prepare_cached(
            "INSERT INTO documents (collection, id, version, created_at, updated_at, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (collection, id) DO UPDATE \
             SET version = excluded.version, updated_at = excluded.updated_at, body = excluded.body",
        )?
        .execute(params![collection, id, signed(*version), created_at.as_micros(), updated_at.as_micros(), body])?;
    Ok(document)
}

/// See [`crate::engine::Engine::discard`]. Must be called inside a transaction.
pub(super) fn discard(connection: &Connection, discard: &Discard) -> Result<(), Error> {
    let present = present(connection, &discard.collection, &discard.id)?;
    discard.check(present.map(|present| present.version))?;
    connection
        .prepare_cached("DELETE FROM documents WHERE collection = ?1 AND id = ?2")?
        .execute([&discard.collection, &discard.id])?;
    Ok(())
}

fn present(connection: &Connection, collection: &str, id: &str) -> Result<Option<Present>, Error> {
    let mut statement = connection
        .prepare_cached("SELECT version, created_at, updated_at FROM documents WHERE collection = ?1 AND id = ?2")?;
    let found = statement.query_row([collection, id], |row| {
        Ok(Present { version: columns::count(row, 0)?, created_at: moment(row, 1)?, updated_at: moment(row, 2)? })
    });
    Ok(found.optional()?)
}

fn document(collection: &str, row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        collection: collection.to_owned(),
        id: row.get(0)?,
        version: columns::count(row, 1)?,
        created_at: moment(row, 2)?,
        updated_at: moment(row, 3)?,
        body: row.get(4)?,
    })
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}
