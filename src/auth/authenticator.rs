//! Turns a request into the principal that it comes from.
//!
//! Invariant: a caller that may sit behind a proxy is never taken for one on this machine.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::http::Method;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::jwt::KeyFiles;
use super::links;
use super::logins::{self, Login};
use super::shown::{Shown, shown};
use super::token::{self, NewToken};
use super::{Credentials, Error, Principal, PrincipalKind, Refusal, key};
use crate::config::Settings;
use crate::domain::time::Timestamp;

/// How the names of headers end in which proxies say whose request they pass on, such as `X-Real-IP`, `True-Client-IP`,
/// `X-Azure-ClientIP` and `CloudFront-Viewer-Address`.
const FORWARDED_SUFFIXES: [&str; 3] = ["-ip", "-clientip", "-address"];

/// The header by which a page shows that it is this server's.
const CSRF_TOKEN: &str = "x-csrf-token";

/// Finds out who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    /// The digest of the admin token: two of them are compared in a time that says nothing about the token.
    admin_token: Option<[u8; 32]>,
    /// Whether somebody has set that token, so that callers on this machine have to show it, too.
    is_token_set: bool,
    /// Whether callers are known as local by the address that they connect from.
    trusts_loopback: bool,
    /// Whether everybody has to show a credential.
    has_identity: bool,
    takes_keys: bool,
    credentials: Credentials,
}

impl Authenticator {
    /// The authenticator of a server that listens on `listens_on`, whose store is open and has these credentials.
    ///
    /// Where no token is set and there are callers that are not trusted, one is made at its first start and kept beside
    /// the database, readable by its owner only. What is given last keeps the keys of issuers as their files have them.
    ///
    /// # Errors
    /// Where the token cannot be made or kept, or a key of an issuer not be read.
    pub(crate) fn open(
        settings: &Settings,
        listens_on: IpAddr,
        credentials: Credentials,
    ) -> Result<(Self, Option<NewToken>, KeyFiles), Error> {
        let has_identity = settings.auth.is_configured();
        let trusts_loopback = !has_identity && settings.server.trust_loopback.is_on(listens_on.is_loopback());
        let (admin_token, is_token_set, made) = match &settings.server.admin_token {
            Some(token) => (Some(digest(token.reveal())), true, None),
            None if has_identity || (trusts_loopback && listens_on.is_loopback()) => (None, false, None),
            None => {
                let (token, made) = token::open(&settings.store.url)?;
                (Some(digest(&token)), false, made)
            }
        };
        let takes_keys = settings.auth.api_keys;
        let (key_files, issuers) = KeyFiles::start(&settings.auth)?;
        let credentials = credentials.with_issuers(issuers);
        let authenticator = Self { admin_token, is_token_set, trusts_loopback, has_identity, takes_keys, credentials };
        Ok((authenticator, made, key_files))
    }

    /// Whether callers are there of whom nothing is known, and who may do something all the same.
    #[must_use]
    pub(crate) fn has_visitors(&self) -> bool {
        !self.has_identity && !self.trusts_loopback
    }

    /// Reads the credentials anew where a request shows one that is not known here: another server may just have made it.
    pub(crate) async fn catch_up(&self, request: &RequestHead) {
        if self.credentials.is_shared() && self.shows_unknown(request) {
            self.credentials.refresh().await;
        }
    }

    fn shows_unknown(&self, request: &RequestHead) -> bool {
        let (Shown::Token(token) | Shown::Cookie(token)) = shown(&request.headers) else { return false };
        let now = Timestamp::now();
        let login = logins::digest(token).is_some_and(|digest| self.credentials.of_login(&digest, now).is_none());
        login || key::digest(key::KEY, token).is_some_and(|digest| self.credentials.of_key(&digest, now).is_none())
    }

    /// Whom a request comes from.
    ///
    /// # Errors
    /// Where identity is configured, and what the request shows is not good.
    pub(crate) fn identify(&self, request: &RequestHead) -> Result<Principal, Refusal> {
        let identified = match shown(&request.headers) {
            Shown::Nothing => Ok(Principal::new(PrincipalKind::Anonymous)),
            Shown::Token(token) => match links::digest(token) {
                Some(link) => Ok(Principal::with_link(link)),
                None => self.of_credential(token),
            },
            Shown::Cookie(token) => match self.login_of(token) {
                Some(login) if changes(request) && !shows_csrf_token(request, &login) => Err(Refusal::CrossSite),
                Some(login) => Ok(login.principal.clone()),
                None => Err(Refusal::Bad),
            },
            Shown::Unreadable => Err(Refusal::Bad),
            Shown::Several => Err(Refusal::Several),
        };
        match identified {
            Ok(principal) if principal.kind() == PrincipalKind::Anonymous && !self.has_identity => {
                Ok(Principal::new(self.unidentified(request)))
            }
            // What is shown means nothing here.
            Err(Refusal::Bad | Refusal::Several) if !self.has_identity => {
                Ok(Principal::new(self.unidentified(request)))
            }
            identified => identified,
        }
    }

    /// The token of the login that a request shows, in a cookie or a header.
    #[must_use]
    pub(crate) fn login_token<'a>(&self, request: &'a RequestHead) -> Option<&'a str> {
        match shown(&request.headers) {
            Shown::Token(token) | Shown::Cookie(token) => logins::digest(token).map(|_| token),
            Shown::Nothing | Shown::Unreadable | Shown::Several => None,
        }
    }

    /// What a page has to send beside the cookie that this request shows.
    #[must_use]
    pub(crate) fn csrf_token(&self, request: &RequestHead) -> Option<Arc<str>> {
        let Shown::Cookie(token) = shown(&request.headers) else { return None };
        self.login_of(token).map(|login| Arc::clone(&login.csrf_token))
    }

    fn login_of(&self, token: &str) -> Option<Arc<Login>> {
        logins::digest(token).and_then(|digest| self.credentials.of_login(&digest, Timestamp::now()))
    }

    /// What a caller is without identity that does not show the admin token.
    fn unidentified(&self, request: &RequestHead) -> PrincipalKind {
        let is_local = self.trusts_loopback && is_direct_from_loopback(request);
        match (is_local, self.is_token_set) {
            (true, false) => PrincipalKind::Operator,
            (true, true) => PrincipalKind::Local,
            (false, _) => PrincipalKind::Visitor,
        }
    }

    /// Whose a key or token is that somebody shows in a message.
    ///
    /// # Errors
    /// Where it is not good.
    pub(crate) fn of_credential(&self, token: &str) -> Result<Principal, Refusal> {
        if self.is_admin_token(token) {
            return Ok(Principal::new(PrincipalKind::Operator));
        }
        self.of_token(token)
    }

    /// Whether a request shows a credential in its headers.
    #[must_use]
    pub(crate) fn shows_another(&self, request: &RequestHead) -> bool {
        !matches!(shown(&request.headers), Shown::Nothing | Shown::Cookie(_))
    }

    /// Whose this is, whatever kind of credential it is.
    fn of_token(&self, token: &str) -> Result<Principal, Refusal> {
        if let Some(login) = self.login_of(token) {
            return Ok(login.principal.clone());
        }
        if !self.has_identity {
            return Err(Refusal::Bad);
        }
        let now = Timestamp::now();
        let grant = match key::digest(key::KEY, token) {
            Some(digest) if self.takes_keys => self.credentials.of_key(&digest, now),
            Some(_) => None,
            None => self.credentials.of_token(token, now),
        };
        grant.map(Principal::known).ok_or(Refusal::Bad)
    }

    /// The credentials that are good now.
    #[must_use]
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn is_admin_token(&self, token: &str) -> bool {
        self.admin_token.is_some_and(|wanted| wanted.ct_eq(&digest(token)).into())
    }
}

/// Whether a request may change something.
fn changes(request: &RequestHead) -> bool {
    !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request shows that a page of this server sends it, which alone can read what to show.
fn shows_csrf_token(request: &RequestHead, login: &Login) -> bool {
    request.headers.get(CSRF_TOKEN).is_some_and(|shown| login.is_csrf_token(shown.as_bytes()))
}

/// Whether the connection comes from this machine, and no proxy says that it passes the request on.
fn is_direct_from_loopback(request: &RequestHead) -> bool {
    let is_forwarding = |name: &str| {
        name == "via" || name.contains("forwarded") || FORWARDED_SUFFIXES.iter().any(|end| name.ends_with(end))
    };
    request.peer_addr.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !request.headers.keys().any(|name| is_forwarding(name.as_str()))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests;
