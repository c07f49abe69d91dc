//! What `callboard migrate` reads and writes beyond what servers do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::documents;
use super::place::Place;
use super::read::Reader;
use super::record::{damaged, idempotency_field, owned};
use super::write::Redis;
use crate::document::{ListDocuments, Part};
use crate::engine::Read;
use crate::transfer::{Export, Import};
use crate::{Document, Error, EventRow, Idempotency, Summary};
use callboard_domain::owner::Owner;

/// A collection, and whose it is. The server's come first, as it has no identity.
type Collection = (Option<String>, String);

impl Export for Reader {
    fn idempotency_of(&mut self, session: &Summary) -> Result<Option<Idempotency>, Error> {
        let unreadable = || damaged("an idempotency key");
        let Some(record) = self.record(session.id)? else { return Ok(None) };
        let Some(field) = idempotency_field(&record)? else { return Ok(None) };
        let place = self.place().key("idempotency");
        let found: Option<String> =
            self.ask(|connection| redis::cmd("HGET").arg(&place).arg(&field).query(connection))?;
        let Some(found) = found else { return Ok(None) };
        let key = field.strip_prefix(&owned(&session.owner, "")).ok_or_else(unreadable)?.to_owned();
        let (_, digest) = found.split_once(' ').ok_or_else(unreadable)?;
        let digest = STANDARD.decode(digest).ok().and_then(|digest| digest.try_into().ok()).ok_or_else(unreadable)?;
        Ok(Some(Idempotency { key, digest }))
    }

    fn all_documents(&mut self, after: Option<&(Owner, String, String)>, limit: usize) -> Result<Vec<Document>, Error> {
        if after.is_none() {
            let collections = collections(self)?;
            self.keep_collections(collections);
        }
        let from = after.map(|(owner, collection, _)| (owner.identity().map(str::to_owned), collection.clone()));
        let mut documents = Vec::new();
        for collection in self.kept_collections() {
            if documents.len() >= limit || from.as_ref().is_some_and(|from| collection < *from) {
                continue;
            }
            let is_first = from.as_ref() == Some(&collection);
            let (owner, collection) = collection;
            let owner = match owner {
                Some(name) => name.parse().map_err(|_| damaged("an owner"))?,
                None => Owner::SERVER,
            };
            let after = after.filter(|_| is_first).map(|(_, _, id)| id.clone());
            let limit = limit - documents.len();
            documents.extend(self.documents(&ListDocuments { owner, collection, after, limit, part: Part::Whole })?);
        }
        Ok(documents)
    }
}

/// All collections, in their order.
fn collections(reader: &mut Reader) -> Result<Vec<Collection>, Error> {
    let prefix = reader.place().key("documents:");
    let (mut found, mut cursor) = (Vec::new(), 0_u64);
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(1000);
        let (next, keys): (u64, Vec<String>) = reader.ask(|connection| scan.query(connection))?;
        for key in keys {
            let place = key.strip_prefix(&prefix).and_then(read_place).ok_or_else(|| damaged("a collection"))?;
            found.push(place);
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    // A key may be found more than once.
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Reads what [`documents::place`] gave.
fn read_place(text: &str) -> Option<Collection> {
    let (collection, text) = text.split_once(':')?;
    let (owner, text) = text.split_once(':')?;
    let (owner, text) = text.split_at_checked(owner.parse().ok()?)?;
    let (collection, end) = text.split_at_checked(collection.parse().ok()?)?;
    let owner: Owner = owner.parse().ok()?;
    (end == ":").then(|| (owner.identity().map(str::to_owned), collection.to_owned()))
}

impl Import for Redis {
    fn import_documents(&mut self, documents: &[Document]) -> Result<(), Error> {
        let place = self.place();
        let mut pipe = redis::pipe();
        pipe.atomic();
        for document in documents {
            add_document(&mut pipe, &place, document);
        }
        self.import(&pipe)
    }

    fn import_events(&mut self, rows: &[EventRow]) -> Result<(), Error> {
        let place = self.place();
        let mut pipe = redis::pipe();
        pipe.atomic();
        for EventRow { first_seq, last_seq, owner, body } in rows {
            let body: &[u8] = body;
            pipe.cmd("XADD").arg(place.key("events")).arg(format!("{last_seq}-0"));
            pipe.arg("first").arg(first_seq).arg("owner").arg(owner.as_str()).arg("body").arg(body);
            pipe.arg("writer").arg("").ignore();
            if let Some(name) = owner.identity() {
                let index = place.key(&format!("events:of:{name}"));
                pipe.cmd("ZADD").arg(index).arg(last_seq).arg(last_seq).ignore();
                pipe.cmd("SADD").arg(place.key("events:owners")).arg(name).ignore();
            }
            pipe.cmd("HSET").arg(place.key("meta")).arg("events").arg(last_seq).ignore();
        }
        self.import(&pipe)
    }
}

fn add_document(pipe: &mut redis::Pipeline, at: &Place, document: &Document) {
    let Document { owner, collection, id, version, created_at, updated_at, body } = document;
    let place = documents::place(owner, collection);
    let text = format!("{version} {} {}\n{body}", created_at.as_micros(), updated_at.as_micros());
    pipe.cmd("SET").arg(at.key(&format!("document:{place}{id}"))).arg(text).ignore();
    pipe.cmd("ZADD").arg(at.key(&format!("documents:{place}"))).arg(0).arg(id).ignore();
    if let Some(name) = owner.identity() {
        pipe.cmd("ZADD").arg(at.key(&format!("owners:{collection}"))).arg(0).arg(name).ignore();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collections_place_is_read_as_it_was_written() {
        for (owner, collection) in [("server", "a:b"), ("Ada", "x"), ("7:b", "1:")] {
            let owner: Owner = owner.parse().unwrap();
            let read = read_place(&documents::place(&owner, collection)).unwrap();
            assert_eq!(read, (owner.identity().map(str::to_owned), collection.to_owned()));
        }
        assert_eq!(read_place("3:9:abc"), None);
    }
}
