//! What is to be sent, in the store: each delivery is a document of the session's owner, and one more says that it is pending,
//! so that a start finds those without reading all. They are made in one change with how far the events are read.

use std::collections::HashSet;

use super::delivery::{Delivery, Standing};
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::store::{ChangeError, Document, Error, Precondition, Store, Write};

const DELIVERIES: &str = "callback_deliveries";
const PENDING: &str = "callbacks_pending";
const CURSOR: (&str, &str) = ("callback_cursor", "position");

/// How many documents are read at once.
const PAGE: usize = 200;

/// Where a delivery lies: deliveries of one session are in the order of its events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) owner: Owner,
    /// The session's id, the event's number, and which of that event's addresses.
    id: String,
}

/// A delivery as it stands in the store.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) place: Place,
    version: u64,
    /// Whether one more document says that it is pending.
    is_listed: bool,
    pub(super) delivery: Delivery,
}

/// How far the events are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The position, as clients write it.
    pub(super) position: String,
    pub(super) expected: Precondition,
}

impl Place {
    pub(super) fn new(owner: Owner, session_id: SessionId, seq: u64, index: usize) -> Self {
        Self { owner, id: format!("{}{seq:020}-{index:03}", prefix(session_id)) }
    }

    /// Of which session it is.
    pub(super) fn session_id(&self) -> Option<SessionId> {
        self.id.split_once('/').and_then(|(session, _)| session.parse().ok())
    }
}

/// The deliveries in a store. Cloning shares them.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    store: Store,
}

impl Outbox {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// How far the events are read; nothing before the first time.
    pub(super) async fn cursor(&self) -> Result<Option<Cursor>, Error> {
        let (collection, id) = CURSOR;
        let found = self.store.document(&Owner::SERVER, collection, id).await?;
        Ok(found.map(|found| Cursor { position: found.body, expected: Precondition::Version(found.version) }))
    }

    /// Keeps deliveries, and that the events are read up to this position: both or none. Gives the cursor as it is then;
    /// nothing where another server was faster.
    pub(super) async fn put(
        &self,
        new: Vec<(Place, Delivery)>,
        position: &str,
        expected: Precondition,
    ) -> Result<Option<Cursor>, Error> {
        let (collection, id) = CURSOR;
        let mut writes = vec![Write::put(&Owner::SERVER, collection, id, position.to_owned(), expected)];
        for (place, delivery) in new {
            writes.push(Write::put(&place.owner, DELIVERIES, &place.id, text(&delivery), Precondition::Absent));
            writes.push(Write::put(&place.owner, PENDING, &place.id, String::new(), Precondition::Absent));
        }
        loop {
            match self.store.change_documents(writes.clone()).await {
                Ok(written) => {
                    let version = written.into_iter().flatten().next().map_or(0, |cursor| cursor.version);
                    return Ok(Some(Cursor {
                        position: position.to_owned(),
                        expected: Precondition::Version(version),
                    }));
                }
                Err(ChangeError::Preconditions(failed)) if failed.iter().any(|(index, _)| *index == 0) => {
                    return Ok(None);
                }
                // What was made before an event log began anew is not made again.
                Err(ChangeError::Preconditions(failed)) => {
                    let is_made: HashSet<String> = failed
                        .iter()
                        .filter_map(|(index, _)| writes.get(*index))
                        .map(|write| write.id.clone())
                        .collect();
                    writes.retain(|write| !is_made.contains(&write.id));
                }
                Err(ChangeError::Store(error)) => return Err(error),
            }
        }
    }

    /// Where the pending ones of all owners lie.
    pub(super) async fn pending(&self) -> Result<Vec<Place>, Error> {
        let mut found: Vec<Place> = Vec::new();
        loop {
            let after = found.last().map(|last| (&last.owner, last.id.as_str()));
            let page = self.store.documents_of_all(PENDING, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            found.extend(page.into_iter().map(|pending| Place { owner: pending.owner, id: pending.id }));
            if is_last {
                return Ok(found);
            }
        }
    }

    /// The deliveries of a session, in order.
    pub(super) async fn of_session(&self, owner: &Owner, session_id: SessionId) -> Result<Vec<Kept>, Error> {
        let found = self.documents_of(owner, DELIVERIES, session_id).await?;
        Ok(found.into_iter().filter_map(read).collect())
    }

    /// The first pending one of a session to this address.
    pub(super) async fn next(&self, owner: &Owner, session_id: SessionId, url: &str) -> Result<Option<Kept>, Error> {
        let pending = self.pending_of(owner, session_id).await?;
        Ok(pending.into_iter().find(|kept| kept.delivery.url == url))
    }

    /// The pending ones of a session, in order.
    pub(super) async fn pending_of(&self, owner: &Owner, session_id: SessionId) -> Result<Vec<Kept>, Error> {
        let mut found = Vec::new();
        for pending in self.documents_of(owner, PENDING, session_id).await? {
            found.extend(self.get(&Place { owner: pending.owner, id: pending.id }).await?);
        }
        Ok(found)
    }

    /// The delivery at a place.
    pub(super) async fn get(&self, place: &Place) -> Result<Option<Kept>, Error> {
        Ok(self.store.document(&place.owner, DELIVERIES, &place.id).await?.and_then(read))
    }

    /// The documents of a session in one of the collections, in order.
    async fn documents_of(
        &self,
        owner: &Owner,
        collection: &str,
        session_id: SessionId,
    ) -> Result<Vec<Document>, Error> {
        let prefix = prefix(session_id);
        let mut found: Vec<Document> = Vec::new();
        loop {
            let after = found.last().map_or(prefix.as_str(), |last| last.id.as_str());
            let page = self.store.documents(owner, collection, Some(after), PAGE).await?;
            let is_whole = page.len() == PAGE && page.iter().all(|document| document.id.starts_with(&prefix));
            found.extend(page.into_iter().take_while(|document| document.id.starts_with(&prefix)));
            if !is_whole {
                return Ok(found);
            }
        }
    }

    /// Keeps how a delivery stands now; does nothing where another has changed it meanwhile.
    pub(super) async fn update(&self, kept: &Kept) -> Result<(), Error> {
        let Kept { place, version, is_listed, delivery } = kept;
        let mut writes =
            vec![Write::put(&place.owner, DELIVERIES, &place.id, text(delivery), Precondition::Version(*version))];
        match (delivery.standing, is_listed) {
            (Standing::Pending, false) => {
                writes.push(Write::put(&place.owner, PENDING, &place.id, String::new(), Precondition::Anything));
            }
            (Standing::Delivered | Standing::GivenUp, true) => {
                writes.push(Write::remove(&place.owner, PENDING, &place.id, Precondition::Anything));
            }
            (Standing::Pending, true) | (Standing::Delivered | Standing::GivenUp, false) => {}
        }
        match self.store.change_documents(writes).await {
            Ok(_) | Err(ChangeError::Preconditions(_)) => Ok(()),
            Err(ChangeError::Store(error)) => Err(error),
        }
    }

    /// Removes the deliveries of sessions that are gone.
    pub(super) async fn tidy_up(&self) -> Result<(), Error> {
        let mut after: Option<(Owner, String)> = None;
        let mut last_seen: Option<(SessionId, bool)> = None;
        loop {
            let from = after.as_ref().map(|(owner, id)| (owner, id.as_str()));
            let page = self.store.documents_of_all(DELIVERIES, from, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|last| (last.owner.clone(), last.id.clone()));
            for document in page {
                let place = Place { owner: document.owner, id: document.id };
                let Some(session_id) = place.session_id() else { continue };
                let is_there = match last_seen {
                    Some((seen, is_there)) if seen == session_id => is_there,
                    Some(_) | None => self.store.find(session_id).await?.is_some(),
                };
                last_seen = Some((session_id, is_there));
                if !is_there {
                    for collection in [PENDING, DELIVERIES] {
                        // It may be delivered, and need not be pending.
                        let _ = self
                            .store
                            .remove_document(&place.owner, collection, &place.id, Precondition::Anything)
                            .await;
                    }
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

fn prefix(session_id: SessionId) -> String {
    format!("{session_id}/")
}

fn text(delivery: &Delivery) -> String {
    // This type always can be written: it has no keys but names.
    serde_json::to_string(delivery).unwrap_or_default()
}

/// One that cannot be read keeps nobody from having the others.
fn read(document: Document) -> Option<Kept> {
    let delivery = serde_json::from_str::<Delivery>(&document.body);
    let delivery = delivery
        .inspect_err(|error| log::error!(id = document.id.as_str(), error:%; "a callback's delivery cannot be read"))
        .ok()?;
    let is_listed = delivery.standing == Standing::Pending;
    let Document { owner, id, version, .. } = document;
    Some(Kept { place: Place { owner, id }, version, is_listed, delivery })
}
