//! What `callboard migrate` reads and writes beyond what servers do.

use rusqlite::{OptionalExtension, params};

use super::read::Reader;
use super::write::Sqlite;
use super::{columns, events, integer, signed};
use crate::transfer::{Export, Import};
use crate::{Document, Error, EventRow, Idempotency, Summary};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

impl Export for Reader {
    fn idempotency_of(&mut self, session: &Summary) -> Result<Option<Idempotency>, Error> {
        let mut statement =
            self.connection().prepare_cached("SELECT key, digest FROM idempotency WHERE session = ?1")?;
        let found = statement
            .query_row([integer(session.key)], |row| Ok(Idempotency { key: row.get(0)?, digest: row.get(1)? }));
        Ok(found.optional()?)
    }

    fn all_documents(&mut self, after: Option<&(Owner, String, String)>, limit: usize) -> Result<Vec<Document>, Error> {
        // A collection's name and an id are never empty, so that this stands before all.
        let (owner, collection, id) =
            after.map_or(("", "", ""), |(owner, collection, id)| (columns::owner_key(owner), collection, id));
        let mut statement = self.connection().prepare_cached(
            "SELECT owner, collection, id, version, created_at, updated_at, body FROM documents \
             WHERE (owner, collection, id) > (?1, ?2, ?3) ORDER BY owner, collection, id LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = statement.query_map(params![owner, collection, id, limit], |row| {
            Ok(Document {
                owner: columns::owner_of_key(0, row.get_ref(0)?.as_str()?)?,
                collection: row.get(1)?,
                id: row.get(2)?,
                version: columns::count(row, 3)?,
                created_at: Timestamp::from_micros(row.get(4)?),
                updated_at: Timestamp::from_micros(row.get(5)?),
                body: row.get(6)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Import for Sqlite {
    fn import_documents(&mut self, documents: &[Document]) -> Result<(), Error> {
        self.import(|connection| {
            let mut statement = connection.prepare_cached(
                "INSERT OR REPLACE INTO documents (owner, collection, id, version, created_at, updated_at, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for Document { owner, collection, id, version, created_at, updated_at, body } in documents {
                let (owner, version) = (columns::owner_key(owner), signed(*version));
                let (created_at, updated_at) = (created_at.as_micros(), updated_at.as_micros());
                statement.execute(params![owner, collection, id, version, created_at, updated_at, body])?;
            }
            Ok(())
        })
    }

    fn import_events(&mut self, rows: &[EventRow]) -> Result<(), Error> {
        self.import(|connection| rows.iter().try_for_each(|row| events::append(connection, row)))?;
        self.numbered_to(rows.last().map_or(0, |row| row.last_seq));
        Ok(())
    }
}
