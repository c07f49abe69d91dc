//! Turns a request into the principal that it comes from.
//!
//! Invariant: a caller that may sit behind a proxy is never taken for one on this machine.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::token::{self, Error, NewToken};
use super::{Principal, PrincipalKind};
use crate::config::Settings;

/// How the names of headers end in which proxies say whose request they pass on, such as `X-Real-IP`, `True-Client-IP`,
/// `X-Azure-ClientIP` and `CloudFront-Viewer-Address`.
const FORWARDED_SUFFIXES: [&str; 3] = ["-ip", "-clientip", "-address"];

/// Finds out who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    /// The digest of the admin token: two of them are compared in a time that says nothing about the token.
    admin_token: Option<[u8; 32]>,
    /// Whether somebody has set that token, so that callers on this machine have to show it, too.
    is_token_set: bool,
    /// Whether callers are known as local by the address that they connect from.
    trusts_loopback: bool,
}

impl Authenticator {
    /// The authenticator of a server that listens on `listens_on`, whose store is open.
    ///
    /// Where no token is set and there are callers that are not trusted, one is made at its first start and kept beside
    /// the database, readable by its owner only.
    ///
    /// # Errors
    /// Where the token cannot be made or kept.
    pub(crate) fn open(settings: &Settings, listens_on: IpAddr) -> Result<(Self, Option<NewToken>), Error> {
        let trusts_loopback = settings.server.trust_loopback.holds(listens_on.is_loopback());
        let (admin_token, is_token_set, made) = match &settings.server.admin_token {
            Some(token) => (Some(digest(token.reveal())), true, None),
            None if trusts_loopback && listens_on.is_loopback() => (None, false, None),
            None => {
                let (token, made) = token::open(&settings.store.url)?;
                (Some(digest(&token)), false, made)
            }
        };
        Ok((Self { admin_token, is_token_set, trusts_loopback }, made))
    }

    /// Whom a request comes from.
    #[must_use]
    pub(crate) fn principal(&self, request: &RequestHead) -> Principal {
        let is_local = self.trusts_loopback && is_direct_from_loopback(request);
        let kind = if (is_local && !self.is_token_set) || self.shows_token(request) {
            PrincipalKind::Operator
        } else if is_local {
            PrincipalKind::Local
        } else {
            PrincipalKind::Visitor
        };
        Principal::new(kind)
    }

    fn shows_token(&self, request: &RequestHead) -> bool {
        let Some(wanted) = &self.admin_token else { return false };
        let shown = request.headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
        shown.is_some_and(|token| wanted.ct_eq(&digest(token)).into())
    }
}

/// Whether the connection comes from this machine, and no proxy says that it passes the request on.
fn is_direct_from_loopback(request: &RequestHead) -> bool {
    let is_forwarding = |name: &str| {
        name == "via" || name.contains("forwarded") || FORWARDED_SUFFIXES.iter().any(|end| name.ends_with(end))
    };
    request.peer_addr.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !request.headers.keys().any(|name| is_forwarding(name.as_str()))
}

/// The token of an `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); the scheme in any case.
fn bearer(header: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests;
