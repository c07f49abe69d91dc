//! Share links: whoever has one can answer one question, once, and sees nothing else.
//!
//! A link is a document of the server, by the digest of its token. That it was used stands in the journal of its session, in
//! one commit with the answer: so it is used once, however often the server goes down, and dies with its question.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::key::{self, KeyDigest, hex};
use super::{Error, Invitation, Principal};
use crate::domain::id::{RequestId, SessionId};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{Document, Precondition, Store, Write};

/// The place of the page that answers by a link. The token stands in the fragment, which browsers send to nobody.
pub(crate) const ANSWER_PAGE: &str = "/app/answer#";

const COLLECTION: &str = "links";
/// How often those are removed that have expired long since.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// How many are looked at and removed at once.
const PAGE: usize = 500;
/// How many digits of its digest name a link that has no name.
const SHORT: usize = 8;

/// The share links in a store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    store: Store,
    /// How long one that has expired is still told from one that never was.
    remembered_for: Duration,
}

/// What a link is to be for.
#[derive(Debug)]
pub(crate) struct NewLink {
    /// The session that asks.
    pub session_id: SessionId,
    /// Its question.
    pub request_id: RequestId,
    /// Who is to answer by it, where that is known.
    pub name: Option<String>,
    /// How long it is good.
    pub good_for: Duration,
}

/// A link that was made.
#[derive(Debug)]
pub(crate) struct MadeLink {
    /// What to show to use it; it is shown this once.
    pub token: String,
    /// Under which name it answers: `link:NAME`.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a link turned out to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// It is good for the question of this session that the holder is invited to.
    Good { session_id: SessionId, holder: Principal, expires_at: Timestamp },
    /// Its time is over.
    Expired,
    /// There is no such link.
    Unknown,
}

/// A link as it is stored.
#[derive(Serialize, Deserialize)]
struct Body {
    session_id: SessionId,
    request_id: RequestId,
    name: String,
    /// In microseconds.
    until: i64,
    /// Who made it.
    by: String,
}

/// The digest of a text that has the form of a link's token.
pub(super) fn digest(text: &str) -> Option<KeyDigest> {
    key::digest(key::LINK, text)
}

impl Links {
    /// Those in this store. One that has expired is told from one that never was for so long.
    #[must_use]
    pub(crate) fn new(store: Store, remembered_for: Duration) -> Self {
        Self { store, remembered_for }
    }

    /// Makes a link for somebody who may answer the question.
    ///
    /// # Errors
    /// [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn make(&self, by: &Principal, new: NewLink) -> Result<MadeLink, Error> {
        let token = key::make(key::LINK)?;
        let digest = digest(&token).ok_or_else(|| Error::Random("a link without a sum".into()))?;
        let id = hex(&digest);
        let name = new.name.unwrap_or_else(|| id.chars().take(SHORT).collect());
        let expires_at = Timestamp::now().plus(new.good_for);
        let body = Body {
            session_id: new.session_id,
            request_id: new.request_id,
            name: format!("link:{name}"),
            until: expires_at.as_micros(),
            by: by.recorded_name().to_owned(),
        };
        let text = serde_json::to_string(&body).map_err(|error| Error::Damaged(error.to_string()))?;
        self.store.put_document(&Owner::SERVER, COLLECTION, &id, text, Precondition::Absent).await?;
        Ok(MadeLink { token, name: body.name, expires_at })
    }

    /// Looks up the link that somebody shows.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Store`].
    pub(crate) async fn find(&self, shown_by: &Principal) -> Result<Found, Error> {
        let Some(digest) = shown_by.shown_link() else { return Ok(Found::Unknown) };
        let found = self.store.document(&Owner::SERVER, COLLECTION, &hex(digest)).await?;
        let Some(document) = found else { return Ok(Found::Unknown) };
        let Body { session_id, request_id, name, until, .. } = read(&document)?;
        let expires_at = Timestamp::from_micros(until);
        if expires_at <= Timestamp::now() {
            return Ok(Found::Expired);
        }
        let holder = Principal::invited(Invitation { request_id, name });
        Ok(Found::Good { session_id, holder, expires_at })
    }

    /// Removes those that have expired long since, for ever.
    pub(crate) async fn tidy_up(self) {
        loop {
            actix::clock::sleep(TIDY_EVERY).await;
            if let Err(error) = self.remove_old(Timestamp::now()).await {
                log::debug!(error:%; "share links that have expired could not be removed");
            }
        }
    }

    async fn remove_old(&self, now: Timestamp) -> Result<(), Error> {
        let mut after = None::<String>;
        loop {
            let page = self.store.documents(&Owner::SERVER, COLLECTION, after.as_deref(), PAGE).await?;
            let is_old = |document: &&Document| {
                read(document).map_or(true, |body| Timestamp::from_micros(body.until).plus(self.remembered_for) <= now)
            };
            let old = page.iter().filter(is_old);
            let removed: Vec<_> =
                old.map(|it| Write::remove(&Owner::SERVER, COLLECTION, &it.id, Precondition::Anything)).collect();
            if !removed.is_empty() {
                self.store.change_documents(removed).await?;
            }
            after = page.last().map(|last| last.id.clone());
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }
}

fn read(document: &Document) -> Result<Body, Error> {
    let read = serde_json::from_str(&document.body);
    read.map_err(|error| Error::Damaged(format!("a share link cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PrincipalKind;
    use crate::store;

    const HOUR: Duration = Duration::from_secs(3600);

    fn links() -> Links {
        let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
        Links::new(Store::open(&settings, 1).unwrap(), HOUR)
    }

    fn new(name: Option<&str>, good_for: Duration) -> NewLink {
        let name = name.map(str::to_owned);
        NewLink { session_id: SessionId::random(), request_id: RequestId::random(), name, good_for }
    }

    fn shown(token: &str) -> Principal {
        Principal::with_link(digest(token).unwrap())
    }

    #[actix_web::test]
    async fn a_link_is_good_for_its_question_under_its_name() {
        let (links, maker) = (links(), Principal::new(PrincipalKind::Operator));
        let wanted = new(Some("bo"), HOUR);
        let (session, request) = (wanted.session_id, wanted.request_id);
        let made = links.make(&maker, wanted).await.unwrap();
        assert_eq!((made.name.as_str(), made.token.len()), ("link:bo", 40));
        let Found::Good { session_id, holder, expires_at } = links.find(&shown(&made.token)).await.unwrap() else {
            panic!("it is not good")
        };
        assert_eq!((session_id, expires_at), (session, made.expires_at));
        assert_eq!(holder.invitation().map(|it| it.request_id), Some(request));
        assert_eq!(holder.recorded_name(), "link:bo");
        let other = links.make(&maker, new(None, HOUR)).await.unwrap();
        assert_ne!(other.name, links.make(&maker, new(None, HOUR)).await.unwrap().name);
    }

    #[actix_web::test]
    async fn nothing_of_a_token_is_kept_and_one_that_nobody_made_is_unknown() {
        let (links, maker) = (links(), Principal::new(PrincipalKind::Operator));
        let made = links.make(&maker, new(None, HOUR)).await.unwrap();
        let kept = links.store.documents(&Owner::SERVER, COLLECTION, None, 9).await.unwrap();
        assert!(kept.iter().all(|document| !format!("{document:?}").contains(&made.token[4..])));
        let others = key::make(key::LINK).unwrap();
        assert!(matches!(links.find(&shown(&others)).await, Ok(Found::Unknown)));
        assert!(matches!(links.find(&maker).await, Ok(Found::Unknown)));
        assert_eq!(digest(&key::make(key::KEY).unwrap()), None);
    }

    #[actix_web::test]
    async fn a_link_expires_and_is_forgotten_long_after() {
        let (links, maker) = (links(), Principal::new(PrincipalKind::Operator));
        let made = links.make(&maker, new(None, Duration::ZERO)).await.unwrap();
        assert!(matches!(links.find(&shown(&made.token)).await, Ok(Found::Expired)));
        links.remove_old(Timestamp::now()).await.unwrap();
        assert!(matches!(links.find(&shown(&made.token)).await, Ok(Found::Expired)));
        links.remove_old(Timestamp::now().plus(2 * HOUR)).await.unwrap();
        assert!(matches!(links.find(&shown(&made.token)).await, Ok(Found::Unknown)));
    }
}
