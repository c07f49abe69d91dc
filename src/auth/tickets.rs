//! Tickets for sockets: a browser can send no header with those, and a credential has no place in an address.
//!
//! A ticket is good once, for half a minute, for whoever asked for it. It is a document of the server, by its digest, so that
//! it is good at whatever server shares the store; removing it is what uses it up.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::{hex, random_text};
use super::{CredentialId, Credentials, Error, Grant, Principal, PrincipalKind, Scope, Scopes};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, Document, Precondition, Store, Write};

/// How long a ticket is good.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(30);

const COLLECTION: &str = "tickets";
const PREFIX: &str = "cbt_";
const RANDOM: usize = 32;
/// How many are looked at and removed at once, of those that nobody has used.
const PAGE: usize = 500;

/// The tickets in a store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Tickets {
    store: Store,
}

/// A ticket as it is stored: whom it lets in, and where.
#[derive(Serialize, Deserialize)]
struct Body {
    /// In microseconds.
    until: i64,
    /// The only path that it is good for, where there is one.
    path: Option<String>,
    kind: String,
    name: Option<String>,
    grant: Option<StoredGrant>,
}

#[derive(Serialize, Deserialize)]
struct StoredGrant {
    owner: Owner,
    scopes: Vec<String>,
    groups: Vec<String>,
    expires_at: Option<i64>,
    credential: CredentialId,
}

impl Tickets {
    /// Those in this store.
    #[must_use]
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// A ticket for whoever this is, good for this path only where there is one.
    ///
    /// # Errors
    /// [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn issue(&self, principal: &Principal, path: Option<String>) -> Result<String, Error> {
        self.issue_good_for(principal, path, GOOD_FOR).await
    }

    async fn issue_good_for(
        &self,
        principal: &Principal,
        path: Option<String>,
        good_for: Duration,
    ) -> Result<String, Error> {
        let ticket = format!("{PREFIX}{}", random_text(RANDOM)?);
        let body = Body {
            until: Timestamp::now().plus(good_for).as_micros(),
            path,
            kind: principal.kind().word().to_owned(),
            name: principal.name().map(str::to_owned),
            grant: principal.grant().map(|grant| StoredGrant::of(grant)),
        };
        let body = serde_json::to_string(&body).map_err(|error| Error::Damaged(error.to_string()))?;
        self.store.put_document(&Owner::SERVER, COLLECTION, &digest(&ticket), body, Precondition::Absent).await?;
        Ok(ticket)
    }

    /// A ticket for an operator, good for this path only, for so long.
    ///
    /// # Errors
    /// [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn issue_for_operator(&self, path: &str, good_for: Duration) -> Result<String, Error> {
        self.issue_good_for(&Principal::new(PrincipalKind::Operator), Some(path.to_owned()), good_for).await
    }

    /// Whom a ticket lets in that is good for this path and no other.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn redeem_bound(
        &self,
        ticket: &str,
        path: &str,
        credentials: &Credentials,
    ) -> Result<Option<Principal>, Error> {
        self.redeem_where(ticket, |only| only == Some(path), credentials).await
    }

    /// Whom a ticket lets in at this path; none where it is not good, is used, or was got with a credential that is good no
    /// longer.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn redeem(
        &self,
        ticket: &str,
        path: &str,
        credentials: &Credentials,
    ) -> Result<Option<Principal>, Error> {
        self.redeem_where(ticket, |only| only.is_none_or(|only| only == path), credentials).await
    }

    async fn redeem_where(
        &self,
        ticket: &str,
        fits: impl FnOnce(Option<&str>) -> bool,
        credentials: &Credentials,
    ) -> Result<Option<Principal>, Error> {
        if !ticket.starts_with(PREFIX) || ticket.len() != PREFIX.len() + RANDOM {
            return Ok(None);
        }
        let id = digest(ticket);
        let Some(document) = self.store.document(&Owner::SERVER, COLLECTION, &id).await? else { return Ok(None) };
        let (body, now) = (read(&document)?, Timestamp::now());
        if body.until <= now.as_micros() || !fits(body.path.as_deref()) {
            return Ok(None);
        }
        let used = Precondition::Version(document.version);
        match self.store.remove_document(&Owner::SERVER, COLLECTION, &id, used).await {
            Ok(()) => {
                Ok(body.principal().filter(|it| it.grant().is_none_or(|grant| credentials.still_hold(grant, now))))
            }
            // Somebody else has used it.
            Err(store::Error::NotFound | store::Error::Outdated { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes those that nobody has used, for ever.
    pub(crate) async fn tidy_up(self) {
        loop {
            actix::clock::sleep(GOOD_FOR).await;
            if let Err(error) = self.remove_old(Timestamp::now()).await {
                log::debug!(error:%; "tickets that nobody has used could not be removed");
            }
        }
    }

    async fn remove_old(&self, now: Timestamp) -> Result<(), Error> {
        let mut after = None::<String>;
        loop {
            let page = self.store.documents(&Owner::SERVER, COLLECTION, after.as_deref(), PAGE).await?;
            let is_old = |document: &&Document| !read(document).is_ok_and(|body| body.until > now.as_micros());
            let old = page.iter().filter(is_old);
            let removed: Vec<_> =
                old.map(|it| Write::remove(&Owner::SERVER, COLLECTION, &it.id, Precondition::Anything)).collect();
            // One at a time, where one of them was used meanwhile.
            if !removed.is_empty() && self.store.change_documents(removed.clone()).await.is_err() {
                for write in removed {
                    let _ = self.store.change_documents(vec![write]).await;
                }
            }
            after = page.last().map(|last| last.id.clone());
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }
}

impl Body {
    fn principal(self) -> Option<Principal> {
        let principal = match self.grant {
            Some(grant) => Principal::known(Arc::new(grant.into_grant())),
            None => {
                let without = [PrincipalKind::Operator, PrincipalKind::Local, PrincipalKind::Visitor];
                Principal::new(without.into_iter().find(|kind| kind.word() == self.kind)?)
            }
        };
        Some(match self.name {
            Some(name) => principal.named(&name),
            None => principal,
        })
    }
}

impl StoredGrant {
    fn of(grant: &Grant) -> Self {
        Self {
            owner: grant.owner.clone(),
            scopes: grant.scopes.iter().map(|scope| Scope::word(scope).to_owned()).collect(),
            groups: grant.groups.iter().map(|group| group.to_string()).collect(),
            expires_at: grant.expires_at.map(Timestamp::as_micros),
            credential: grant.credential.clone(),
        }
    }

    fn into_grant(self) -> Grant {
        Grant {
            owner: self.owner,
            scopes: Scopes::known(self.scopes.iter().map(String::as_str)),
            groups: self.groups.into_iter().map(Arc::from).collect(),
            expires_at: self.expires_at.map(Timestamp::from_micros),
            credential: self.credential,
        }
    }
}

fn digest(ticket: &str) -> String {
    hex(&Sha256::digest(ticket))
}

fn read(document: &Document) -> Result<Body, Error> {
    serde_json::from_str(&document.body).map_err(|error| Error::Damaged(format!("a ticket cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets() -> Tickets {
        let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
        Tickets::new(Store::open(&settings, 1).unwrap())
    }

    fn ada(expires_at: Option<Timestamp>) -> Principal {
        Principal::known(Arc::new(Grant {
            owner: "ada".parse().unwrap(),
            scopes: Scopes::from_iter([Scope::SessionsRead, Scope::EventsAll]),
            groups: vec!["ops".into()],
            expires_at,
            credential: CredentialId::Token("key".into()),
        }))
    }

    #[actix_web::test]
    async fn a_ticket_lets_its_principal_in_once() {
        let (tickets, credentials) = (tickets(), Credentials::of_signing_key("key"));
        let end = Timestamp::now().plus(Duration::from_secs(60));
        for principal in
            [ada(Some(end)), Principal::new(PrincipalKind::Operator), Principal::new(PrincipalKind::Visitor)]
        {
            let ticket = tickets.issue(&principal, None).await.unwrap();
            let let_in = tickets.redeem(&ticket, "/ws", &credentials).await.unwrap();
            assert_eq!(let_in, Some(principal));
            assert_eq!(tickets.redeem(&ticket, "/ws", &credentials).await.unwrap(), None);
        }
        for wrong in ["", "cbt_", &format!("cbt_{}", "0".repeat(RANDOM)), &"x".repeat(36)] {
            assert_eq!(tickets.redeem(wrong, "/ws", &credentials).await.unwrap(), None, "{wrong}");
        }
    }

    #[actix_web::test]
    async fn of_two_that_use_a_ticket_at_once_one_is_let_in() {
        let (tickets, credentials) = (tickets(), Credentials::of_signing_key("key"));
        let ticket = tickets.issue(&ada(None), None).await.unwrap();
        let all = (0..8).map(|_| tickets.redeem(&ticket, "/ws", &credentials));
        let let_in = futures::future::join_all(all).await.into_iter().filter(|it| matches!(it, Ok(Some(_)))).count();
        assert_eq!(let_in, 1);
    }

    #[actix_web::test]
    async fn a_ticket_is_good_for_its_path_and_while_its_credential_is() {
        let (tickets, credentials) = (tickets(), Credentials::of_signing_key("key"));
        let ticket = tickets.issue(&ada(None), Some("/ws/1".into())).await.unwrap();
        assert_eq!(tickets.redeem(&ticket, "/ws/2", &credentials).await.unwrap(), None);
        assert!(tickets.redeem(&ticket, "/ws/1", &credentials).await.unwrap().is_some());
        let ticket = tickets.issue(&ada(Some(Timestamp::from_micros(1))), None).await.unwrap();
        assert_eq!(tickets.redeem(&ticket, "/ws", &credentials).await.unwrap(), None);
    }

    #[actix_web::test]
    async fn what_nobody_uses_is_removed() {
        let (tickets, credentials) = (tickets(), Credentials::of_signing_key("key"));
        let ticket = tickets.issue(&ada(None), None).await.unwrap();
        tickets.remove_old(Timestamp::now()).await.unwrap();
        let count = async || tickets.store.documents(&Owner::SERVER, COLLECTION, None, 9).await.unwrap().len();
        assert_eq!(count().await, 1);
        tickets.remove_old(Timestamp::now().plus(GOOD_FOR)).await.unwrap();
        assert_eq!(count().await, 0);
        assert_eq!(tickets.redeem(&ticket, "/ws", &credentials).await.unwrap(), None);
    }
}
