//! The page's login: a name and a password, or the ticket that a start has shown, against a cookie.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::body::JsonBody;
use super::decode::Fields;
use super::error::{Code, Problem};
use super::recorded::Noted;
use super::route::{Route, routes};
use crate::auth::logins::NewLogin;
use crate::auth::users::LONGEST_PASSWORD;
use crate::auth::{COOKIE, CallerAddress, Error, Principal, PrincipalKind, Scope};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;

pub(super) fn routes() -> Vec<Route> {
    routes![LogIn => log_in, LogOut => log_out, ReadOwnIdentity => show]
}

/// The only path that the ticket of a start is good for.
pub(crate) const PATH: &str = "/login";
/// The most characters of a ticket.
const LONGEST_TICKET: usize = 128;

/// Who somebody is. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct ShownPrincipal {
    /// `known` with a credential of one's own; `operator`, `local` or `visitor` without.
    kind: &'static str,
    /// Whom the things belong to that are made.
    owner: String,
    /// What may be done; everything that is allowed to its kind, where it is null.
    scopes: Option<Vec<&'static str>>,
    /// The groups that the owner is in.
    groups: Vec<String>,
    /// When the credential ends; null where it does not.
    #[schema(value_type = Option<f64>)]
    #[cfg_attr(test, ts(type = "number | null"))]
    expires_at: Option<Timestamp>,
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OwnIdentity {
    /// Who it is.
    principal: ShownPrincipal,
    /// What to send as `X-CSRF-Token` with each change, where a cookie shows who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    csrf_token: Option<String>,
    /// After a login over plain HTTP, where browsers keep no such cookie: what to send as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    token: Option<String>,
}

/// What somebody shows to log in: a name and a password, or a ticket.
#[derive(ToSchema)]
#[schema(as = LogIn)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
struct LogInBody {
    /// The user's name.
    name: Option<String>,
    /// The user's password.
    password: Option<String>,
    /// The ticket that the start of a server without identity shows: it lets an operator in.
    ticket: Option<String>,
}

/// Logs in: answers with a cookie, and with what to send beside it on changes.
#[utoipa::path(
    post, path = "/login", tag = "server",
    request_body(content = LogInBody),
    responses(
        (status = 200, description = "The cookie.", body = OwnIdentity),
        (status = "4XX", description = "Nobody was logged in."),
        (status = 503, description = "Nobody can be logged in now."),
    )
)]
async fn log_in(
    state: web::Data<State>,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let shown = decode(body)?;
    let name = if let Shown::Password { name, .. } = &shown { name.as_str() } else { "" };
    Noted::from(&request, if name.is_empty() { PrincipalKind::Operator.word() } else { name });
    let address = CallerAddress::of(&request);
    state.attempts.take(address, name).map_err(|wait| Problem::from(Code::TooManyRequests).after(wait))?;
    let new = match shown {
        Shown::Password { name, password } if state.settings.auth.users => state.logins.log_in(&name, password).await?,
        Shown::Password { .. } => return Err(Problem::new(Code::Forbidden, "Logins are off here (auth.users).")),
        Shown::Ticket(ticket) => {
            let credentials = state.authenticator.credentials();
            let let_in = state.tickets.redeem_bound(&ticket, PATH, credentials).await?;
            let is_operator = let_in.is_some_and(|principal| principal.kind() == PrincipalKind::Operator);
            if !is_operator {
                return Err(Error::WrongPassword.into());
            }
            state.logins.let_operator_in().await?
        }
    };
    // Who logs in again is the new one alone.
    if let Some(before) = state.authenticator.login_token(request.head()) {
        state.logins.log_out(before).await?;
    }
    // Else the very next request would be refused.
    state.authenticator.credentials().refresh().await;
    let NewLogin { token, login, lifetime } = new;
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let cookie = cookie(token.clone()).max_age(time::Duration::seconds(seconds)).finish();
    let identity = OwnIdentity {
        principal: ShownPrincipal::of(&login.principal),
        csrf_token: Some(login.csrf_token.to_string()),
        token: (!is_encrypted(&state, &request)).then_some(token),
    };
    Ok(HttpResponse::Ok().cookie(cookie).json(identity))
}

/// Logs out: what showed who the caller is shows it no more.
#[utoipa::path(
    post, path = "/logout", tag = "server",
    responses(
        (status = 204, description = "It is done."),
        (status = "4XX", description = "Nobody was logged in."),
        (status = 503, description = "It cannot be done now."),
    )
)]
async fn log_out(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if let Some(token) = state.authenticator.login_token(request.head()) {
        state.logins.log_out(token).await?;
        state.authenticator.credentials().refresh().await;
    }
    let mut gone = cookie(String::new()).finish();
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// Shows who the caller is.
#[utoipa::path(
    get, path = "/me", tag = "server",
    responses((status = 200, description = "Who it is.", body = OwnIdentity))
)]
async fn show(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let principal = ShownPrincipal::of(&Principal::of(&request));
    let csrf_token = state.authenticator.csrf_token(request.head()).map(|token| token.to_string());
    HttpResponse::Ok().json(OwnIdentity { principal, csrf_token, token: None })
}

fn cookie<'a>(token: String) -> actix_web::cookie::CookieBuilder<'a> {
    Cookie::build(COOKIE, token).path("/").secure(true).http_only(true).same_site(SameSite::Lax)
}

/// Whether the browser speaks TLS, with this server or with a proxy before it. What a client says of itself here only
/// changes what itself is told.
pub(super) fn is_encrypted(state: &State, request: &HttpRequest) -> bool {
    let is_public = state.settings.server.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    let forwarded = request.headers().get("x-forwarded-proto").or(request.headers().get(header::FORWARDED));
    let is_forwarded = forwarded.and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("https"));
    state.settings.tls.files().is_some() || is_public || is_forwarded
}

enum Shown {
    Password { name: String, password: String },
    Ticket(String),
}

fn decode(body: Option<Value>) -> Result<Shown, Problem> {
    let mut fields = Fields::of(body)?;
    let ticket = fields.text("ticket", LONGEST_TICKET);
    let (name, password) = match &ticket {
        Some(_) => (None, None),
        None => (fields.required_text("name", Owner::LONGEST), fields.required_text("password", LONGEST_PASSWORD)),
    };
    let faults = fields.finish();
    match (ticket, name, password) {
        (Some(ticket), ..) if faults.is_empty() => Ok(Shown::Ticket(ticket)),
        (None, Some(name), Some(password)) if faults.is_empty() => Ok(Shown::Password { name, password }),
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

impl ShownPrincipal {
    fn of(principal: &Principal) -> Self {
        let grant = principal.grant();
        Self {
            kind: principal.kind().word(),
            owner: principal.owner().to_string(),
            scopes: grant.map(|grant| grant.scopes.iter().map(Scope::word).collect()),
            groups: grant.map(|grant| grant.groups.iter().map(ToString::to_string).collect()).unwrap_or_default(),
            expires_at: grant.and_then(|grant| grant.expires_at),
        }
    }
}
