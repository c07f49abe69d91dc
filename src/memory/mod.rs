//! Memory: JSON under a key that clients and agents keep, each client its own, and `global` for everybody.
//!
//! A value that is kept for a time has a second document with the moment of its end. Both are written in one change, and
//! each write builds on the versions that were read, so they never disagree. Past that moment the value is as good as gone;
//! `expire` removes it.

mod expire;
mod place;

use std::time::Duration;

use futures::future::{join_all, try_join};

pub(crate) use expire::expire;
pub(crate) use place::GLOBAL;
pub(crate) use place::{BadName, Place, client_of, is_name};

use crate::config::memory::Memory as Limits;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, ChangeError, Document, Precondition, Store, Write};

/// Where values are stored, under `CLIENT/KEY`.
const VALUES: &str = "memory";

/// Where the ends of values are stored, under the same ids, in microseconds since the epoch.
const ENDS: &str = "memory_ends";

/// How often a write begins anew because others were faster. Each of them has written meanwhile.
const TRIES: usize = 64;

/// How many keys of a client are removed side by side.
const REMOVED_AT_ONCE: usize = 100;

/// Why something was not kept, read or removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing is kept under the key.
    #[error("nothing is kept under this key")]
    Missing,
    /// It is at another version than was expected.
    #[error("it is at version {0}")]
    Outdated(u64),
    /// It is everybody's: only an operator changes it.
    #[error("what is everybody's is changed by operators only")]
    Everybodys,
    /// The value is larger than this many bytes.
    #[error("a value has at most {0} bytes")]
    TooLarge(usize),
    /// The client keeps as many keys as it may.
    #[error("the client keeps {0} keys, which is as many as may be")]
    Full(usize),
    /// As many clients keep something as may.
    #[error("{0} clients keep something, which is as many as may")]
    TooManyClients(usize),
    /// The store cannot be written or read now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The key.
    pub(crate) key: String,
    /// Counts up from 1 with every change.
    pub(crate) version: u64,
    /// When it was first kept.
    pub(crate) created_at: Timestamp,
    /// When it was changed last.
    pub(crate) updated_at: Timestamp,
    /// When it ends by itself.
    pub(crate) expires_at: Option<Timestamp>,
    /// The value as JSON; empty in a list.
    pub(crate) text: String,
}

/// What the clients of one owner keep, and what is everybody's: the client `global`. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    store: Store,
    owner: Owner,
    limits: Limits,
}

/// A value and its end as they stand in the store.
struct Stored {
    value: Option<Document>,
    end: Option<Document>,
}

impl Memory {
    /// What the server's clients keep in this store, within these limits.
    #[must_use]
    pub(crate) fn new(store: Store, limits: &Limits) -> Self {
        Self { store, owner: Owner::SERVER, limits: limits.clone() }
    }

    /// What the clients of this owner keep.
    #[must_use]
    pub(crate) fn of(&self, owner: &Owner) -> Self {
        Self { owner: owner.clone(), ..self.clone() }
    }

    /// Whose it is what a client keeps.
    #[must_use]
    pub(crate) fn owner_of(&self, client_id: &str) -> Owner {
        if client_id == GLOBAL { Owner::SERVER } else { self.owner.clone() }
    }

    /// Whether this owner may change what a client keeps.
    fn check_owner(&self, client_id: &str) -> Result<(), Error> {
        if self.owner_of(client_id) == self.owner { Ok(()) } else { Err(Error::Everybodys) }
    }

    /// What is kept at a place.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Unavailable`].
    pub(crate) async fn get(&self, place: &Place) -> Result<Kept, Error> {
        let Stored { value, end } = self.read(place).await?;
        let expires_at = end.as_ref().and_then(moment);
        value.filter(|_| !is_over(expires_at)).map(|value| kept(place, value, expires_at)).ok_or(Error::Missing)
    }

    /// Keeps a value, for a time where one is given.
    ///
    /// # Errors
    /// All of them; [`Error::Missing`] where a version was expected and nothing is there.
    pub(crate) async fn put(
        &self,
        place: &Place,
        text: &str,
        ttl: Option<Duration>,
        expected: Precondition,
    ) -> Result<Kept, Error> {
        self.check_owner(place.client_id())?;
        if text.len() > self.limits.max_value_bytes {
            return Err(Error::TooLarge(self.limits.max_value_bytes));
        }
        for _ in 0..TRIES {
            let there = self.read(place).await?;
            if there.is_over() {
                self.remove_stored(place, &there).await?;
                continue;
            }
            there.check(expected)?;
            if there.value.is_none() {
                self.check_room(place).await?;
            }
            let expires_at = ttl.map(|ttl| Timestamp::now().plus(ttl));
            let mut writes = vec![self.put_at(VALUES, place, text.to_owned(), there.value.as_ref())];
            match (expires_at, &there.end) {
                (Some(at), end) => writes.push(self.put_at(ENDS, place, at.as_micros().to_string(), end.as_ref())),
                (None, Some(end)) => writes.push(self.remove_at(ENDS, place, end)),
                (None, None) => {}
            }
            match self.store.change_documents(writes).await {
                Ok(written) => {
                    let value = written.into_iter().next().flatten().ok_or(Error::Missing)?;
                    return Ok(Kept { text: text.to_owned(), ..kept(place, value, expires_at) });
                }
                Err(ChangeError::Preconditions(_)) => {}
                Err(ChangeError::Store(error)) => return Err(error.into()),
            }
        }
        Err(busy())
    }

    /// Removes what is kept at a place.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Outdated`] or [`Error::Unavailable`].
    pub(crate) async fn remove(&self, place: &Place, expected: Precondition) -> Result<(), Error> {
        self.check_owner(place.client_id())?;
        for _ in 0..TRIES {
            let there = self.read(place).await?;
            if there.is_over() || there.value.is_none() {
                return Err(Error::Missing);
            }
            there.check(expected)?;
            if self.remove_stored(place, &there).await? {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// Removes all that a client keeps; gives how many keys that were.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some may be gone then.
    pub(crate) async fn clear(&self, client_id: &str) -> Result<usize, Error> {
        self.check_owner(client_id)?;
        let (mut cleared, mut after) = (0, None);
        loop {
            let page = self.list(client_id, after.as_deref(), REMOVED_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(cleared) };
            after = Some(last.key.clone());
            let removals = page
                .iter()
                .map(async |kept| self.remove(&Place::checked(client_id, &kept.key), Precondition::Anything).await);
            for removed in join_all(removals).await {
                match removed {
                    Ok(()) => cleared += 1,
                    // Somebody else was faster.
                    Err(Error::Missing) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Up to `limit` keys of a client in their order, those after `after`, without their values.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn list(&self, client_id: &str, after: Option<&str>, limit: usize) -> Result<Vec<Kept>, Error> {
        let (owner, folder) = (self.owner_of(client_id), format!("{client_id}/"));
        let mut after = format!("{folder}{}", after.unwrap_or_default());
        let mut found = Vec::new();
        loop {
            let wanted = limit - found.len();
            let values = self.store.document_heads(&owner, VALUES, Some(&after), wanted).await?;
            // Each has the id of a value, so that many are enough for all of these.
            let ends = self.store.documents(&owner, ENDS, Some(&after), values.len()).await?;
            let is_last = values.len() < wanted;
            let mut ends = ends.into_iter().peekable();
            for value in values {
                after.clone_from(&value.id);
                let Some(key) = value.id.strip_prefix(&folder).map(str::to_owned) else { return Ok(found) };
                while ends.next_if(|end| end.id < value.id).is_some() {}
                let expires_at = ends.next_if(|end| end.id == value.id).as_ref().and_then(moment);
                if !is_over(expires_at) {
                    found.push(kept(&Place::checked(client_id, &key), value, expires_at));
                }
            }
            if is_last || found.len() >= limit {
                return Ok(found);
            }
        }
    }

    /// Whether there is room for one more key at a place.
    async fn check_room(&self, place: &Place) -> Result<(), Error> {
        let Limits { max_clients, max_keys, .. } = self.limits;
        let kept = self.list(place.client_id(), None, max_keys.max(1)).await?.len();
        if kept >= max_keys {
            return Err(Error::Full(max_keys));
        }
        if kept == 0 && self.store.count_folders(&self.owner, VALUES, max_clients).await? >= max_clients {
            return Err(Error::TooManyClients(max_clients));
        }
        Ok(())
    }

    async fn read(&self, place: &Place) -> Result<Stored, Error> {
        let (owner, id) = (self.owner_of(place.client_id()), place.id());
        let value = self.store.document(&owner, VALUES, &id);
        let (value, end) = try_join(value, self.store.document(&owner, ENDS, &id)).await?;
        Ok(Stored { value, end })
    }

    /// Writes over what was read.
    fn put_at(&self, collection: &str, place: &Place, text: String, over: Option<&Document>) -> Write {
        let exact = over.map_or(Precondition::Absent, |over| Precondition::Version(over.version));
        Write::put(&self.owner, collection, &place.id(), text, exact)
    }

    fn remove_at(&self, collection: &str, place: &Place, what: &Document) -> Write {
        Write::remove(&self.owner, collection, &place.id(), Precondition::Version(what.version))
    }

    /// Removes what was read, unless somebody has changed it since.
    async fn remove_stored(&self, place: &Place, there: &Stored) -> Result<bool, Error> {
        let value = there.value.iter().map(|value| self.remove_at(VALUES, place, value));
        let writes = value.chain(there.end.iter().map(|end| self.remove_at(ENDS, place, end))).collect();
        match self.store.change_documents(writes).await {
            Ok(_) => Ok(true),
            Err(ChangeError::Preconditions(_)) => Ok(false),
            Err(ChangeError::Store(error)) => Err(error.into()),
        }
    }
}

impl Stored {
    /// Whether it has come to its end.
    fn is_over(&self) -> bool {
        is_over(self.end.as_ref().and_then(moment))
    }

    fn check(&self, expected: Precondition) -> Result<(), Error> {
        let version = self.value.as_ref().map(|value| value.version);
        match (expected, version) {
            (Precondition::Anything, _) | (Precondition::Absent, None) => Ok(()),
            (Precondition::Version(expected), Some(version)) if expected == version => Ok(()),
            (Precondition::Version(_), None) => Err(Error::Missing),
            (Precondition::Absent | Precondition::Version(_), Some(version)) => Err(Error::Outdated(version)),
        }
    }
}

/// The moment that an end names.
fn moment(end: &Document) -> Option<Timestamp> {
    end.body.parse().ok().map(Timestamp::from_micros)
}

fn is_over(expires_at: Option<Timestamp>) -> bool {
    expires_at.is_some_and(|at| at <= Timestamp::now())
}

fn kept(place: &Place, value: Document, expires_at: Option<Timestamp>) -> Kept {
    let Document { version, created_at, updated_at, body: text, .. } = value;
    Kept { key: place.key().to_owned(), version, created_at, updated_at, expires_at, text }
}

fn busy() -> Error {
    Error::Unavailable("others change the same again and again".into())
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Error::Missing,
            store::Error::Outdated { version } => Error::Outdated(version),
            store::Error::Conflict(text) | store::Error::Unusable(text) | store::Error::Unavailable(text) => {
                Error::Unavailable(text)
            }
        }
    }
}

#[cfg(test)]
mod tests;
