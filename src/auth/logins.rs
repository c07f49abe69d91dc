//! Logins of the page: what a browser shows instead of a password, until it logs out or the password is changed.
//!
//! Each is a document of the server, by the digest of a token, so that it is good at whatever server shares the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::kept;
use super::key::{KeyDigest, hex, random_text, unhex};
use super::users::{self, User, Users};
use super::{CredentialId, Error, Grant, Principal, PrincipalKind};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::process::threads;
use crate::store::{self, Document, Precondition, Store, Write};

const COLLECTION: &str = "logins";
const PREFIX: &str = "cbl_";
const RANDOM: usize = 40;

/// Most passwords that are looked at at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// The logins in a store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Logins {
    store: Store,
    users: Users,
    /// How long one lasts.
    lifetime: Duration,
    passwords: Arc<Semaphore>,
}

/// Somebody who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// Who it is.
    pub principal: Principal,
    /// What pages have to send beside the cookie, so that no other page can use it.
    pub csrf_token: Arc<str>,
    until: Timestamp,
}

/// A login that was just made: the token is known to nobody else.
#[derive(Debug)]
pub(crate) struct NewLogin {
    /// What a browser has to show.
    pub token: String,
    /// Who it is.
    pub login: Login,
    /// For how long it is good.
    pub lifetime: Duration,
}

#[derive(Serialize, Deserialize)]
struct Body {
    /// In microseconds.
    until: i64,
    csrf_token: String,
    /// Whose it is, and as the user was then; an operator's where there is none.
    user: Option<(String, u64)>,
}

impl Logins {
    /// Those in this store, which last so long.
    #[must_use]
    pub(crate) fn new(store: Store, users: Users, lifetime: Duration) -> Self {
        Self { store, users, lifetime, passwords: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Lets a user in who knows the password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], whatever is wrong; [`Error::Busy`], [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn log_in(&self, name: &str, password: String) -> Result<NewLogin, Error> {
        let found = self.users.with_hash(name).await?;
        let (user, hash) = found.unzip();
        let _turn = self.passwords.acquire().await.map_err(|_| Error::Busy)?;
        let fits = threads::blocking(move || users::is_password(&password, hash.as_deref()));
        let fits = fits.await.map_err(|_| Error::Busy)?;
        match user.filter(|_| fits) {
            Some(user) => self.create(Some(user)).await,
            None => Err(Error::WrongPassword),
        }
    }

    /// Lets an operator in.
    ///
    /// # Errors
    /// [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn let_operator_in(&self) -> Result<NewLogin, Error> {
        self.create(None).await
    }

    async fn create(&self, user: Option<User>) -> Result<NewLogin, Error> {
        let (token, csrf_token) = (format!("{PREFIX}{}", random_text(RANDOM)?), random_text(RANDOM)?);
        let until = Timestamp::now().plus(self.lifetime);
        let of_user = user.as_ref().map(|user| (user.name.to_string(), user.version));
        let body = Body { until: until.as_micros(), csrf_token, user: of_user };
        let text = serde_json::to_string(&body).map_err(|error| Error::Damaged(error.to_string()))?;
        let id = hex(&digest_of(&token));
        let put = Write::put(&Owner::SERVER, COLLECTION, &id, text, Precondition::Absent);
        self.store.change_documents(vec![put, kept::change()]).await?;
        Ok(NewLogin { token, login: login(&id, &body, user.as_ref()), lifetime: self.lifetime })
    }

    /// Ends a login.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn log_out(&self, token: &str) -> Result<(), Error> {
        let id = hex(&digest_of(token));
        let remove = Write::remove(&Owner::SERVER, COLLECTION, &id, Precondition::Anything);
        match self.store.change_documents(vec![remove, kept::change()]).await {
            // It is over already.
            Ok(_) | Err(store::ChangeError::Preconditions(_)) => Ok(()),
            Err(store::ChangeError::Store(error)) => Err(error.into()),
        }
    }

    /// Those that are good now, by the digests of their tokens. The others are removed.
    pub(super) async fn good(&self, now: Timestamp) -> Result<HashMap<KeyDigest, Arc<Login>>, Error> {
        let users = self.users.list().await?;
        let users: HashMap<&str, &User> = users.iter().map(|user| (user.name.as_str(), user)).collect();
        let mut good = HashMap::new();
        for document in kept::all(&self.store, COLLECTION).await? {
            if let Some((digest, login)) = good_login(&document, &users, now) {
                good.insert(digest, Arc::new(login));
            } else {
                let over = self.store.remove_document(&Owner::SERVER, COLLECTION, &document.id, Precondition::Anything);
                // Another server may have done it.
                let _ = over.await;
            }
        }
        Ok(good)
    }
}

impl Login {
    /// Whether this is what pages have to send beside the cookie.
    #[must_use]
    pub(super) fn is_csrf_token(&self, shown: &[u8]) -> bool {
        self.csrf_token.as_bytes().ct_eq(shown).into()
    }

    /// Whether it is over by then.
    #[must_use]
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// The digest of a text that has the form of a login's token.
pub(super) fn digest(text: &str) -> Option<KeyDigest> {
    (text.starts_with(PREFIX) && text.len() == PREFIX.len() + RANDOM).then(|| digest_of(text))
}

fn digest_of(token: &str) -> KeyDigest {
    Sha256::digest(token).into()
}

fn good_login(document: &Document, users: &HashMap<&str, &User>, now: Timestamp) -> Option<(KeyDigest, Login)> {
    let body: Body = serde_json::from_str(&document.body).ok()?;
    let user = match &body.user {
        None => None,
        Some((name, version)) => Some(*users.get(name.as_str()).filter(|user| user.version == *version)?),
    };
    let login = login(&document.id, &body, user);
    (!login.is_over(now)).then_some((unhex(&document.id)?, login))
}

fn login(id: &str, body: &Body, user: Option<&User>) -> Login {
    let until = Timestamp::from_micros(body.until);
    let principal = match user {
        None => Principal::new(PrincipalKind::Operator),
        Some(user) => Principal::known(Arc::new(Grant {
            owner: user.name.clone(),
            scopes: user.scopes,
            groups: user.groups.iter().map(|group| Arc::from(group.as_str())).collect(),
            expires_at: Some(until),
            credential: CredentialId::Login(id.into()),
        })),
    };
    Login { principal, csrf_token: body.csrf_token.as_str().into(), until }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_login_is_good_until_it_ends_or_the_password_is_changed() {
        let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
        let store = Store::open(&settings, 1).unwrap();
        let users = Users::new(store.clone());
        let logins = Logins::new(store, users.clone(), Duration::from_secs(60));
        let ada = "ada".parse::<Owner>().unwrap();
        users.add(&ada, "correct horse", users::usual_scopes(), Vec::new()).await.unwrap();
        for (name, password) in [("ada", "correct horsf"), ("bob", "correct horse"), ("", "")] {
            assert_eq!(logins.log_in(name, password.to_owned()).await.unwrap_err(), Error::WrongPassword, "{name}");
        }
        let new = logins.log_in("ada", "correct horse".into()).await.unwrap();
        let digest = digest(&new.token).unwrap();
        let now = Timestamp::now();
        let good = logins.good(now).await.unwrap();
        assert_eq!(**good.get(&digest).unwrap(), new.login);
        assert_eq!(new.login.principal.owner(), &ada);
        let operator = logins.let_operator_in().await.unwrap();
        assert!(operator.login.principal.is_operator());
        let change = users::Change { password: Some("battery staple".into()), ..users::Change::default() };
        users.update(&ada, change).await.unwrap();
        assert_eq!(logins.good(now).await.unwrap().len(), 1, "the operator's is left");
        logins.log_out(&operator.token).await.unwrap();
        logins.log_out(&operator.token).await.unwrap();
        assert!(logins.good(now).await.unwrap().is_empty());
        logins.let_operator_in().await.unwrap();
        assert!(logins.good(now.plus(Duration::from_secs(120))).await.unwrap().is_empty());
        assert!(logins.good(now).await.unwrap().is_empty(), "what is over is removed");
    }
}
