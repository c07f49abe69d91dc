//! The users of the page: their names, the hashes of their passwords, and what they may do. Set on the command line and by
//! operators.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::{Error, Scope, Scopes, kept};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::process::threads;
use crate::store::{ChangeError, Document, Precondition, Store, Write};

/// Where users are kept.
const COLLECTION: &str = "users";

/// The fewest and the most bytes of a password: a longer one only costs time.
const SHORTEST_PASSWORD: usize = 8;
pub(crate) const LONGEST_PASSWORD: usize = 1024;
/// The hash of no password, at what one costs: a name that nobody has takes as long as a wrong password.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The bytes of a salt (RFC 9106, section 3.1).
const SALT: usize = 16;

/// A user, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The name, which is the owner of what it makes.
    pub name: Owner,
    /// What it may do.
    pub scopes: Scopes,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts up with each change: logins of an earlier one are over.
    pub(super) version: u64,
}

#[derive(Serialize, Deserialize)]
struct Body {
    password: String,
    scopes: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}

/// What is to be another than before; the rest stays.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Another password.
    pub password: Option<String>,
    /// What it may do from now on.
    pub scopes: Option<Scopes>,
    /// The groups that it is in from now on.
    pub groups: Option<Vec<String>>,
}

/// The name of a user, from text.
///
/// # Errors
/// Why that is no name, in words that follow the name of the field.
pub(crate) fn named(text: &str) -> Result<Owner, String> {
    let name = text.parse::<Owner>().map_err(|bad| format!("is no name: {bad}"))?;
    // Whoever had that name would own what is the server's.
    if name.is_server() { Err(format!("cannot be {name}, which is the server itself")) } else { Ok(name) }
}

/// The users in a store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    store: Store,
}

/// What users may do unless something else is said: everything but to see what is others'.
#[must_use]
pub(crate) fn usual_scopes() -> Scopes {
    Scope::GRANTABLE.iter().copied().filter(|scope| !matches!(scope, Scope::Admin | Scope::EventsAll)).collect()
}

impl Users {
    /// Those in this store.
    #[must_use]
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::UserExists`], [`Error::Password`], [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn add(
        &self,
        name: &Owner,
        password: &str,
        scopes: Scopes,
        groups: Vec<String>,
    ) -> Result<(), Error> {
        let body = Body { password: hashed(password).await?, scopes: words(scopes), groups };
        let put = Write::put(&Owner::SERVER, COLLECTION, name.as_str(), written(&body)?, Precondition::Absent);
        self.change(put).await.map_err(|error| match error {
            ChangeError::Preconditions(_) => Error::UserExists,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// Changes a user, which ends all its logins.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Password`], [`Error::Random`] or [`Error::Store`].
    pub(crate) async fn update(&self, name: &Owner, change: Change) -> Result<(), Error> {
        let (document, mut body) = self.find(name.as_str()).await?.ok_or(Error::NoSuchUser)?;
        if let Some(password) = change.password {
            body.password = hashed(&password).await?;
        }
        body.scopes = change.scopes.map_or(body.scopes, words);
        body.groups = change.groups.unwrap_or(body.groups);
        // Who was removed meanwhile does not come back.
        let unchanged = Precondition::Version(document.version);
        let put = Write::put(&Owner::SERVER, COLLECTION, name.as_str(), written(&body)?, unchanged);
        self.change(put).await.map_err(|error| match error {
            ChangeError::Preconditions(_) => Error::UserChanged,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// Removes a user, which ends all its logins.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`] or [`Error::Store`].
    pub(crate) async fn remove(&self, name: &Owner) -> Result<(), Error> {
        let remove = Write::remove(&Owner::SERVER, COLLECTION, name.as_str(), Precondition::Anything);
        self.change(remove).await.map_err(|error| match error {
            ChangeError::Preconditions(_) => Error::NoSuchUser,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// All of them, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn list(&self) -> Result<Vec<User>, Error> {
        let readable = |document: &Document| user(document, &read(document).ok()?);
        Ok(kept::all(&self.store, COLLECTION).await?.iter().filter_map(readable).collect())
    }

    /// A user with the hash of its password; nothing where there is none of this name.
    pub(super) async fn with_hash(&self, name: &str) -> Result<Option<(User, String)>, Error> {
        let Some((document, body)) = self.find(name).await? else { return Ok(None) };
        Ok(user(&document, &body).map(|user| (user, body.password)))
    }

    async fn find(&self, name: &str) -> Result<Option<(Document, Body)>, Error> {
        let document = self.store.document(&Owner::SERVER, COLLECTION, name).await?;
        document.map(|document| read(&document).map(|body| (document, body))).transpose()
    }

    async fn change(&self, write: Write) -> Result<(), ChangeError> {
        self.store.change_documents(vec![write, kept::change()]).await.map(drop)
    }
}

/// The same of a password, computed beside the event loop.
async fn hashed(password: &str) -> Result<String, Error> {
    let password = password.to_owned();
    threads::blocking(move || hash(&password)).await.map_err(|_| Error::Busy)?
}

/// The hash of a password (argon2id, RFC 9106), with its salt and what it costs. Computes for some milliseconds.
fn hash(password: &str) -> Result<String, Error> {
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.len()) {
        return Err(Error::Password(format!("must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes")));
    }
    let mut salt = [0; SALT];
    OsRng.try_fill_bytes(&mut salt).map_err(|error| Error::Random(error.to_string()))?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| Error::Password(format!("cannot be hashed: {error}")))?;
    Ok(hash.to_string())
}

/// Whether this is the password of a user. Where there is no user, it takes as long and is never.
pub(super) fn is_password(password: &str, hash: Option<&str>) -> bool {
    let fits = Argon2::default().verify_password(password.as_bytes(), hash.unwrap_or(NOBODYS)).is_ok();
    fits && hash.is_some()
}

fn words(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.word().to_owned()).collect()
}

fn user(document: &Document, body: &Body) -> Option<User> {
    Some(User {
        name: document.id.parse().ok()?,
        scopes: Scopes::known(body.scopes.iter().map(String::as_str)),
        groups: body.groups.clone(),
        created_at: document.created_at,
        version: document.version,
    })
}

fn read(document: &Document) -> Result<Body, Error> {
    let damaged = |error| Error::Damaged(format!("the user {} cannot be read: {error}", document.id));
    serde_json::from_str(&document.body).map_err(damaged)
}

fn written(body: &Body) -> Result<String, Error> {
    serde_json::to_string(body).map_err(|error| Error::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    fn users() -> Users {
        let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
        Users::new(Store::open(&settings, 1).unwrap())
    }

    #[actix_web::test]
    async fn a_user_is_kept_with_the_hash_of_a_password() {
        let (users, ada) = (users(), "ada".parse::<Owner>().unwrap());
        users.add(&ada, "correct horse", usual_scopes(), vec!["ops".into()]).await.unwrap();
        assert_eq!(users.add(&ada, "correct horse", usual_scopes(), Vec::new()).await, Err(Error::UserExists));
        let (user, hash) = users.with_hash("ada").await.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.scopes, user.groups.len()), ("ada", usual_scopes(), 1));
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(is_password("correct horse", Some(&hash)) && !is_password("correct horsf", Some(&hash)));
        let password = || Change { password: Some("battery staple".into()), ..Change::default() };
        users.update(&ada, password()).await.unwrap();
        let (changed, hash) = users.with_hash("ada").await.unwrap().unwrap();
        assert!(changed.version > user.version && is_password("battery staple", Some(&hash)));
        assert_eq!((changed.scopes, changed.groups.len()), (usual_scopes(), 1), "the rest stays");
        let scopes = Scopes::from_iter([Scope::Admin]);
        let change = Change { scopes: Some(scopes), groups: Some(Vec::new()), ..Change::default() };
        users.update(&ada, change).await.unwrap();
        let (changed, same) = users.with_hash("ada").await.unwrap().unwrap();
        assert_eq!((changed.scopes, changed.groups.len(), same), (scopes, 0, hash));
        users.remove(&ada).await.unwrap();
        assert_eq!(users.remove(&ada).await, Err(Error::NoSuchUser));
        assert_eq!(users.update(&ada, password()).await, Err(Error::NoSuchUser));
        assert_eq!(users.list().await, Ok(Vec::new()));
    }

    #[test]
    fn nobody_is_called_as_the_server_is() {
        assert_eq!(named("ada"), Ok("ada".parse().unwrap()));
        for text in ["server", "", " ada", "a\nb"] {
            assert!(named(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        for password in ["", "short", &"x".repeat(LONGEST_PASSWORD + 1)] {
            assert!(matches!(hash(password), Err(Error::Password(_))), "{}", password.len());
        }
    }

    #[test]
    fn a_name_that_nobody_has_costs_what_a_wrong_password_costs() {
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(NOBODYS), cost(&hash("correct horse").unwrap()));
    }

    #[test]
    fn nobody_has_a_password() {
        assert!(!is_password("", None) && !is_password("correct horse", None));
    }
}
