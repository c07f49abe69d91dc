//! Whether a client may have the WebSocket that it asks for, and who it is.

use std::rc::Rc;

use actix_web::http::{Version, header};
use actix_web::{HttpMessage, HttpRequest, web};

use super::State;
use super::error::{Code, Problem};
use super::named_owner::{named, reaching};
use super::origin::{Policy, called};
use super::route::within_limits;
use crate::auth::{Action, Decision, Principal, PrincipalKind, Refusal, Resource, may};
use crate::connection::entrance::NamedOwner;
use crate::connection::handshake::{has_token, ticket};

/// Whether a client may have a socket. A browser cannot see an HTTP status there: who may not is accepted and closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Allowed,
    /// It has to say who it is with its first message.
    Unknown,
    /// It is a page of an origin that may not use this server: accept the socket and close it (4503).
    ForbiddenOrigin,
    /// What it shows is no credential that is good: accept the socket and close it (4501).
    BadCredential,
    /// Its credential lacks the scope: accept the socket and close it (4503).
    Forbidden,
    /// Too much was asked before: accept the socket and close it (4429).
    TooMany,
    /// It cannot be found out now who it is: accept the socket and close it (1013).
    NotNow,
}

/// Whether the socket that a request asks for may be had, as was found out before its handler was called.
///
/// # Errors
/// Where it asks for none.
pub(super) fn admission(request: &HttpRequest) -> Result<Admission, Problem> {
    let found = request.extensions().get::<Admission>().copied();
    found.ok_or_else(|| Problem::from(Code::UpgradeRequired))
}

/// Whether a request asks for a WebSocket. One over HTTP/1.0 asks for nothing (RFC 9110, section 7.8).
pub(super) fn is_upgrade(request: &HttpRequest) -> bool {
    request.version() >= Version::HTTP_11 && has_token(request.headers(), &header::UPGRADE, "websocket")
}

/// Finds out who asks for a socket and whether they may, and keeps both with the request.
pub(super) async fn admit(request: &HttpRequest, action: Action) {
    let admission = match identify(request, action).await {
        Ok(principal) => {
            let is_allowed = may(&principal, action, Resource::Unread) == Decision::Allowed;
            let kind = principal.kind();
            let named = named(request.query_string());
            let is_named_well = named.is_ok();
            if let Ok(Some(owner)) = named {
                // Whoever says later who they are means it as well.
                request.extensions_mut().insert(NamedOwner(owner));
            }
            let reached = reaching(principal.clone(), request.query_string());
            let is_within = reached.is_ok();
            request.extensions_mut().insert(reached.unwrap_or(principal));
            match kind {
                _ if !is_named_well || (is_allowed && !is_within) => Admission::Forbidden,
                _ if is_allowed => Admission::Allowed,
                PrincipalKind::Known | PrincipalKind::Link => Admission::Forbidden,
                PrincipalKind::Operator | PrincipalKind::Local | PrincipalKind::Visitor | PrincipalKind::Anonymous => {
                    Admission::Unknown
                }
            }
        }
        Err(refused) => {
            request.extensions_mut().insert(Principal::new(PrincipalKind::Anonymous));
            refused
        }
    };
    let mut extensions = request.extensions_mut();
    extensions.insert(action);
    extensions.insert(admission);
}

async fn identify(request: &HttpRequest, action: Action) -> Result<Principal, Admission> {
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN).map(header::HeaderValue::as_bytes);
    let policy = request.app_data::<Rc<Policy>>();
    if !policy.is_some_and(|policy| policy.takes_origin(origin, called(request.head()))) {
        return Err(Admission::ForbiddenOrigin);
    }
    let state = request.app_data::<web::Data<State>>().ok_or(Admission::NotNow)?;
    let (authenticator, ticket) = (&state.authenticator, ticket(headers));
    let identified = authenticator.identify(request.head());
    within_limits(request, state, &identified, action).map_err(|_| Admission::TooMany)?;
    match (identified, ticket) {
        (Ok(principal), None) => Ok(principal),
        (_, Some(_)) if authenticator.shows_another(request.head()) => Err(Admission::BadCredential),
        (_, Some(ticket)) => {
            let redeemed = state.tickets.redeem(ticket, request.path(), authenticator.credentials()).await;
            let redeemed = redeemed.map_err(|error| {
                log::warn!(error:%; "a ticket could not be looked up");
                Admission::NotNow
            })?;
            redeemed.ok_or(Admission::BadCredential)
        }
        (Err(Refusal::Several | Refusal::CrossSite | Refusal::Bad), None) => Err(Admission::BadCredential),
    }
}
