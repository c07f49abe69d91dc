//! Documents as rows.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, signed};
use crate::ChangeError;
use crate::Error;
use crate::document::{self, Document, DocumentChange, ListDocuments, Part, Present, Write};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// See [`crate::engine::Read::document`].
pub(super) fn find(
    connection: &Connection,
    owner: &Owner,
    collection: &str,
    id: &str,
) -> Result<Option<Document>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id, version, created_at, updated_at, body FROM documents \
         WHERE owner = ?1 AND collection = ?2 AND id = ?3",
    )?;
    let key = [columns::owner_key(owner), collection, id];
    Ok(statement.query_row(key, |row| document(owner, collection, row)).optional()?)
}

/// See [`crate::engine::Read::documents`].
pub(super) fn list(connection: &Connection, query: &ListDocuments) -> Result<Vec<Document>, Error> {
    let ListDocuments { owner, collection, after, limit, part } = query;
    let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
    let body = match part {
        Part::Whole => "body",
        Part::Head => "''",
    };
    // Two statements, because a condition on whether there is a parameter would keep SQLite from using the key.
    let place = match after {
        Some(_) => "id > ?3",
        None => "?3 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, version, created_at, updated_at, {body} FROM documents \
         WHERE owner = ?1 AND collection = ?2 AND {place} ORDER BY id LIMIT ?4"
    ))?;
    let parameters = params![columns::owner_key(owner), collection, after, limit];
    let found = statement.query_map(parameters, |row| document(owner, collection, row))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// See [`crate::engine::Read::folders`]. One look at the key for each of them, however much is in it.
pub(super) fn folders(connection: &Connection, owner: &Owner, collection: &str, most: usize) -> Result<usize, Error> {
    // '0' is what comes after '/'.
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE folders(id) AS ( \
             SELECT (SELECT id FROM documents WHERE owner = ?1 AND collection = ?2 AND instr(id, '/') > 0 \
                     ORDER BY id LIMIT 1) \
             UNION ALL \
             SELECT (SELECT id FROM documents WHERE owner = ?1 AND collection = ?2 AND instr(id, '/') > 0 \
                     AND id >= substr(folders.id, 1, instr(folders.id, '/') - 1) || '0' ORDER BY id LIMIT 1) \
             FROM folders WHERE folders.id IS NOT NULL LIMIT ?3 \
         ) SELECT count(id) FROM folders",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let counted: i64 = statement.query_row(params![columns::owner_key(owner), collection, most], |row| row.get(0))?;
    Ok(usize::try_from(counted).unwrap_or(0))
}

/// See [`crate::engine::Read::document_owners`]. One look at the key for each owner that has any document.
pub(super) fn owners(
    connection: &Connection,
    collection: &str,
    after: Option<&Owner>,
    limit: usize,
) -> Result<Vec<Owner>, Error> {
    // The server comes first of all, as the empty text.
    let begins = if after.is_some() { ">" } else { ">=" };
    let mut statement = connection.prepare_cached(&format!(
        "WITH RECURSIVE owners(owner) AS ( \
             SELECT (SELECT owner FROM documents WHERE owner {begins} ?1 ORDER BY owner LIMIT 1) \
             UNION ALL \
             SELECT (SELECT owner FROM documents WHERE owner > owners.owner ORDER BY owner LIMIT 1) \
             FROM owners WHERE owners.owner IS NOT NULL \
         ) SELECT owner FROM owners WHERE EXISTS \
             (SELECT 1 FROM documents WHERE documents.owner = owners.owner AND collection = ?2) LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(params![after.map_or("", columns::owner_key), collection, limit], |row| {
        let key = row.get_ref(0)?.as_str()?;
        columns::owner_of_key(0, key)
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// See [`crate::engine::Engine::change`]. Must be called inside a transaction.
pub(super) fn change(
    connection: &Connection,
    writes: Vec<Write>,
    at: Timestamp,
) -> Result<Vec<Option<Document>>, ChangeError> {
    let present = writes.iter().map(|write| present(connection, write)).collect::<rusqlite::Result<Vec<_>>>();
    let present = present.map_err(Error::from)?;
    document::check(&writes, present.iter().map(|present| present.map(|present| present.version)))?;
    let changes = writes.into_iter().zip(present);
    let changed = changes.map(|(write, present)| match &write.change {
        DocumentChange::Put(_) => put(connection, write, present, at),
        DocumentChange::Remove => remove(connection, &write).map(|()| None),
    });
    Ok(changed.collect::<rusqlite::Result<_>>().map_err(Error::from)?)
}

fn put(
    connection: &Connection,
    write: Write,
    present: Option<Present>,
    at: Timestamp,
) -> rusqlite::Result<Option<Document>> {
    let document = write.apply(present, at);
    if let Some(Document { owner, collection, id, version, created_at, updated_at, body }) = &document {
        let (created_at, updated_at) = (created_at.as_micros(), updated_at.as_micros());
        let mut statement = connection.prepare_cached(
            "INSERT INTO documents (owner, collection, id, version, created_at, updated_at, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (owner, collection, id) DO UPDATE \
             SET version = excluded.version, updated_at = excluded.updated_at, body = excluded.body",
        )?;
        let owner = columns::owner_key(owner);
        statement.execute(params![owner, collection, id, signed(*version), created_at, updated_at, body])?;
    }
    Ok(document)
}

fn remove(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM documents WHERE owner = ?1 AND collection = ?2 AND id = ?3")?.execute([
        columns::owner_key(&write.owner),
        &write.collection,
        &write.id,
    ])?;
    Ok(())
}

fn present(connection: &Connection, write: &Write) -> rusqlite::Result<Option<Present>> {
    let mut statement = connection.prepare_cached(
        "SELECT version, created_at, updated_at FROM documents WHERE owner = ?1 AND collection = ?2 AND id = ?3",
    )?;
    let found = statement.query_row([columns::owner_key(&write.owner), &write.collection, &write.id], |row| {
        Ok(Present { version: columns::count(row, 0)?, created_at: moment(row, 1)?, updated_at: moment(row, 2)? })
    });
    found.optional()
}

fn document(owner: &Owner, collection: &str, row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        owner: owner.clone(),
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
