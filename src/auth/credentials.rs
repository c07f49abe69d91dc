//! The credentials that are good now, as every thread sees them: read from the store, and read again when they change there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::jwt::Issuers;
use super::key::KeyDigest;
use super::keys::Keys;
use super::logins::{Login, Logins};
use super::{CredentialId, Error, Grant};
use crate::domain::time::Timestamp;

/// How often it is looked whether anything has changed: whatever is revoked is refused within a second.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Most who wait for it to be looked at once.
const MOST_NUDGES: usize = 64;

/// The credentials that are good now. Clones see the same.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    known: watch::Receiver<Arc<Known>>,
    /// Those whose tokens are taken.
    issuers: watch::Receiver<Arc<Issuers>>,
    /// Has them read again at once; nobody listens where there are none.
    nudges: mpsc::Sender<oneshot::Sender<()>>,
    /// Whether other servers change them, too.
    is_shared: bool,
}

/// What is known of credentials at one moment.
#[derive(Debug, Default)]
struct Known {
    keys: HashMap<KeyDigest, Arc<Grant>>,
    /// The same by what may be shown of them.
    by_id: HashMap<CredentialId, Arc<Grant>>,
    logins: HashMap<KeyDigest, Arc<Login>>,
}

/// Keeps [`Credentials`] as the store has them.
pub(crate) struct Refresher {
    keys: Keys,
    logins: Logins,
    /// The change up to which all is known.
    version: u64,
    known: watch::Sender<Arc<Known>>,
    nudged: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Credentials {
    /// Those of a server that takes none.
    #[cfg(any(test, fuzzing))]
    #[must_use]
    pub(crate) fn none() -> Self {
        let (known, issuers) = (watch::channel(Arc::default()).1, watch::channel(Arc::default()).1);
        Self { known, issuers, nudges: mpsc::channel(1).0, is_shared: false }
    }

    /// Those of a server that takes tokens which are signed with the key that has this id.
    #[cfg(test)]
    #[must_use]
    pub(super) fn of_signing_key(id: &str) -> Self {
        Self::none().with_issuers(watch::channel(Arc::new(Issuers::of_signing_key(id))).1)
    }

    /// The same, where the tokens of these are taken.
    #[must_use]
    pub(super) fn with_issuers(self, issuers: watch::Receiver<Arc<Issuers>>) -> Self {
        Self { issuers, ..self }
    }

    /// What the key with this digest grants, where there is one that has not expired.
    pub(super) fn of_key(&self, digest: &KeyDigest, now: Timestamp) -> Option<Arc<Grant>> {
        let grant = self.known.borrow().keys.get(digest).cloned();
        grant.filter(|grant| !grant.has_expired(now))
    }

    /// What a token grants that others have signed; none where it is not good.
    pub(super) fn of_token(&self, token: &str, now: Timestamp) -> Option<Arc<Grant>> {
        let issuers = Arc::clone(&self.issuers.borrow());
        issuers.grant(token, now)
    }

    /// The login with this digest, where there is one that is not over.
    pub(super) fn of_login(&self, digest: &KeyDigest, now: Timestamp) -> Option<Arc<Login>> {
        let login = self.known.borrow().logins.get(digest).cloned();
        login.filter(|login| !login.is_over(now))
    }

    /// Whether other servers change them, too: what was made there a moment ago may not be known here.
    #[must_use]
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Waits until what this server has changed holds here, so that whoever has made it can use it at once.
    pub(crate) async fn refresh(&self) {
        let (done, is_done) = oneshot::channel();
        if self.nudges.send(done).await.is_ok() {
            // It is read a moment later in any case.
            let _ = is_done.await;
        }
    }

    /// Whether what was granted is still good.
    #[must_use]
    pub(crate) fn still_hold(&self, grant: &Grant, now: Timestamp) -> bool {
        if grant.has_expired(now) {
            return false;
        }
        match &grant.credential {
            CredentialId::Key(_) | CredentialId::Login(_) => {
                self.known.borrow().by_id.get(&grant.credential).is_some_and(|known| **known == *grant)
            }
            // Whoever has signed it cannot take it back, but by taking the key away.
            CredentialId::Token(key) => self.issuers.borrow().have_key(key),
        }
    }

    /// Whether they have changed since this was asked the last time.
    pub(crate) fn have_changed(&mut self) -> bool {
        // Where nobody keeps them any more, they stay as they are.
        let has_changed = self.known.has_changed().unwrap_or(false) || self.issuers.has_changed().unwrap_or(false);
        if has_changed {
            self.known.mark_unchanged();
            self.issuers.mark_unchanged();
        }
        has_changed
    }
}

impl Refresher {
    /// Reads the credentials that there are; `is_shared` where other servers change them, too.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn start(keys: Keys, logins: Logins, is_shared: bool) -> Result<(Self, Credentials), Error> {
        let (known, seen) = watch::channel(Arc::default());
        let (nudges, nudged) = mpsc::channel(MOST_NUDGES);
        // No change has this number: the first look reads them all.
        let mut refresher = Self { keys, logins, version: u64::MAX, known, nudged };
        refresher.look().await?;
        let issuers = watch::channel(Arc::default()).1;
        Ok((refresher, Credentials { known: seen, issuers, nudges, is_shared }))
    }

    /// Keeps them as the store has them, for ever. Where the store does not answer, what was known last holds.
    pub(crate) async fn run(mut self) {
        let mut is_failing = false;
        loop {
            let nudge = tokio::select! {
                Some(nudge) = self.nudged.recv() => Some(nudge),
                () = actix::clock::sleep(LOOK_EVERY) => None,
            };
            let looked = self.look().await;
            if let Some(nudge) = nudge {
                // Whoever waited may have gone.
                let _ = nudge.send(());
            }
            match looked {
                Ok(()) => is_failing = false,
                Err(error) if !std::mem::replace(&mut is_failing, true) => {
                    log::warn!(error:%; "it cannot be read whether credentials have changed; those known last hold");
                }
                Err(_) => {}
            }
        }
    }

    pub(super) async fn look(&mut self) -> Result<(), Error> {
        let version = self.keys.version().await?;
        if version == self.version {
            return Ok(());
        }
        let (keys, now) = (self.keys.list().await?, Timestamp::now());
        let keys: HashMap<_, _> = keys.iter().filter(|key| !key.has_expired(now)).map(|key| key.grant()).collect();
        let logins = self.logins.good(now).await?;
        let of_logins = logins.values().filter_map(|login| login.principal.grant());
        let by_id = keys.values().chain(of_logins).map(|grant| (grant.credential.clone(), Arc::clone(grant))).collect();
        self.known.send_replace(Arc::new(Known { keys, by_id, logins }));
        self.version = version;
        Ok(())
    }
}
