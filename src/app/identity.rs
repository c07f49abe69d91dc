//! What finds out who callers are, how much they may ask, and what is kept of what they did, put together once for all workers.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::auth::attempts::Attempts;
use crate::auth::keys::Keys;
use crate::auth::links::Links;
use crate::auth::logins::Logins;
use crate::auth::quotas::Quotas;
use crate::auth::rates::Rates;
use crate::auth::storage::Storage;
use crate::auth::tickets::Tickets;
use crate::auth::users::Users;
use crate::auth::{self, Authenticator, Credentials, Refresher};
use crate::config::{self, Settings, seconds};
use crate::store::Store;
use crate::trail::Trail;

/// What finds out who callers are and how much they may ask.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) keys: Keys,
    pub(super) users: Users,
    pub(super) logins: Logins,
    pub(super) attempts: Arc<Attempts>,
    pub(super) rates: Arc<Rates>,
    pub(super) quotas: Quotas,
    pub(super) tickets: Tickets,
    pub(super) trail: Trail,
    pub(super) links: Links,
    pub(super) storage: Storage,
}

impl Identity {
    /// That of a server that listens at this address; starts what keeps it up to date.
    pub(super) async fn open(settings: &Settings, store: &Store, address: SocketAddr) -> Result<Self, auth::Error> {
        let keys = Keys::new(store.clone(), settings.auth.max_keys);
        let lifetime = seconds(settings.auth.login_lifetime);
        let users = Users::new(store.clone());
        let logins = Logins::new(store.clone(), users.clone(), lifetime);
        let (refresher, credentials) =
            Refresher::start(keys.clone(), logins.clone(), settings.store.is_shared()).await?;
        actix::spawn(refresher.run());
        let tickets = Tickets::new(store.clone());
        actix::spawn(tickets.clone().tidy_up());
        let links = Links::new(store.clone(), seconds(settings.auth.link_lifetime));
        actix::spawn(links.clone().tidy_up());
        Ok(Self {
            authenticator: Arc::new(authenticator(settings, address, credentials)?),
            keys,
            users,
            logins,
            attempts: Arc::new(Attempts::new(settings.auth.login_attempts_per_minute)),
            rates: Arc::new(Rates::new(&settings.limits, !address.ip().is_loopback())),
            quotas: Quotas::new(&settings.limits, !address.ip().is_loopback()),
            tickets,
            trail: trail(settings, store, !address.ip().is_loopback()),
            links,
            storage: Storage::new(store.clone(), &settings.limits, !address.ip().is_loopback()),
        })
    }
}

/// The audit trail; on this machine alone and without identity there is nobody to tell apart, and it is written only where
/// that is set.
fn trail(settings: &Settings, store: &Store, is_open: bool) -> Trail {
    let config::audit_log::AuditLog { enabled, keep, max_age } = settings.audit_log;
    if !enabled.is_on(is_open || settings.auth.is_configured()) {
        return Trail::reading(store.clone());
    }
    Trail::recording(store.clone(), (max_age > 0.0).then(|| seconds(max_age)), keep)
}

/// Finds out who sends requests. A token that is made at this start is shown once: later starts find it in its file.
fn authenticator(
    settings: &Settings,
    address: SocketAddr,
    credentials: Credentials,
) -> Result<Authenticator, auth::Error> {
    let (authenticator, made, key_files) = Authenticator::open(settings, address.ip(), credentials)?;
    actix::spawn(key_files.run());
    if let Some(made) = made {
        match &made.path {
            Some(path) => log::warn!("the admin token is {}, and is kept in {}", made.token, path.display()),
            None => log::warn!("the admin token is {}, until the server ends", made.token),
        }
    }
    Ok(authenticator)
}
