//! `/api/v1/keys`: the API keys.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::{Fields, fault};
use super::super::error::{Code, Problem};
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use crate::auth::keys::{Key, LONGEST_NAME, NewKey, after};
use crate::auth::{Error, Scope, Scopes};
use crate::domain::owner::Owner;
use crate::domain::time::{LONGEST_SECONDS, Timestamp};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadKeys => list, CreateKey => create, RevokeKey => revoke]
}

/// The most characters of a word that could be a scope.
const LONGEST_SCOPE: usize = 32;

/// An API key, without the key itself. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ShownKey {
    /// Its id.
    id: String,
    /// What it is for.
    name: String,
    /// Whose it is.
    owner: String,
    /// What may be done with it.
    scopes: Vec<&'static str>,
    /// When it was made.
    #[schema(value_type = f64)]
    created_at: Timestamp,
    /// When it ends; null where it does not.
    #[schema(value_type = Option<f64>)]
    #[cfg_attr(test, ts(type = "number | null"))]
    expires_at: Option<Timestamp>,
}

/// All API keys.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct KeyList {
    /// The keys, in the order of their ids.
    keys: Vec<ShownKey>,
}

/// An API key that was just made, with the key itself: it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct CreatedKey {
    /// The key.
    key: String,
    #[serde(flatten)]
    about: ShownKey,
}

/// What a new API key is to be.
#[derive(ToSchema)]
#[schema(as = NewApiKey)]
#[expect(dead_code, reason = "it describes the body, whose fields are read one by one")]
pub(in crate::http) struct NewKeyBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Whose it is: what is made with it belongs to them.
    #[schema(min_length = 1, max_length = 320)]
    owner: String,
    /// What may be done with it, such as `sessions:read`.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// Seconds until it ends; it does not without.
    #[schema(exclusive_minimum = 0)]
    expires_in: Option<f64>,
}

/// Lists the API keys, without the keys themselves.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys",
    responses(
        (status = 200, description = "The keys.", body = KeyList),
        (status = 503, description = "They cannot be read now."),
    )
)]
async fn list(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let keys = state.keys.list().await?;
    Ok(HttpResponse::Ok().json(KeyList { keys: keys.iter().map(ShownKey::from).collect() }))
}

/// Makes an API key. The answer has the key itself, which is shown this once.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys",
    request_body(content = NewKeyBody),
    responses(
        (status = 201, description = "The key.", body = CreatedKey),
        (status = "4XX", description = "None was made."),
        (status = 503, description = "None can be made now."),
    )
)]
async fn create(
    state: web::Data<State>,
    request: HttpRequest,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let (key, made) = state.keys.create(decode(body)?).await?;
    state.authenticator.credentials().refresh().await;
    Noted::about(&request, format!("/api/v1/keys/{}", made.id));
    Ok(HttpResponse::Created().json(CreatedKey { key, about: ShownKey::from(&made) }))
}

/// Revokes an API key: within a second it is refused, and its sockets are closed.
#[utoipa::path(
    delete, path = "/api/v1/keys/{key_id}", tag = "keys",
    params(("key_id" = String, Path, pattern = "^[0-9A-Za-z]{1,64}$", description = "The key's id.")),
    responses(
        (status = 204, description = "It is revoked."),
        (status = "4XX", description = "There is no such key."),
        (status = 503, description = "It cannot be revoked now."),
    )
)]
async fn revoke(state: web::Data<State>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    state.keys.revoke(&id).await?;
    state.authenticator.credentials().refresh().await;
    Ok(HttpResponse::NoContent().finish())
}

fn decode(body: Option<Value>) -> Result<NewKey, Problem> {
    let mut fields = Fields::of(body)?;
    let name = fields.required_text("name", LONGEST_NAME);
    if name.as_deref().is_some_and(|name| name.contains(char::is_control)) {
        fields.fault(&["name"], "must not have control characters", "invalid_value");
    }
    let owner = fields.required_text("owner", Owner::LONGEST).and_then(|text| match text.parse::<Owner>() {
        Ok(owner) => Some(owner),
        Err(bad) => {
            fields.fault(&["owner"], bad.to_string(), "invalid_value");
            None
        }
    });
    let scopes = scopes(&mut fields);
    let expires_in = fields.positive("expires_in", LONGEST_SECONDS);
    let faults = fields.finish();
    match (name, owner) {
        (Some(name), Some(owner)) if faults.is_empty() => {
            let expires_at = expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(after);
            Ok(NewKey { name, owner, scopes, expires_at })
        }
        _ => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

/// The scopes in a body, of which there has to be at least one.
pub(super) fn scopes(fields: &mut Fields) -> Scopes {
    let words = fields.texts("scopes", Scope::GRANTABLE.len(), LONGEST_SCOPE);
    let words = fields.required("scopes", words).unwrap_or_default();
    let scopes = Scopes::parse(words.iter().map(String::as_str)).unwrap_or_else(|unknown| {
        fields.fault(&["scopes"], unknown.to_string(), "invalid_value");
        Scopes::default()
    });
    if scopes.is_empty() && !fields.has_fault("scopes") {
        fields.fault(&["scopes"], "must have at least one scope", "too_short");
    }
    scopes
}

impl From<&Key> for ShownKey {
    fn from(key: &Key) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            owner: key.owner.to_string(),
            scopes: key.scopes.iter().map(Scope::word).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchKey => Code::UnknownKey.into(),
            Error::NoSuchUser => Code::UnknownUser.into(),
            Error::UserExists => Code::UserExists.into(),
            Error::UserChanged => Code::Conflict.into(),
            Error::Password(reason) => {
                let fault = fault(&["body", "password"], reason, "invalid_value");
                Problem::invalid(Code::InvalidBody, vec![fault])
            }
            Error::WrongPassword => {
                Problem::new(Code::Unauthenticated, "The name or the password is wrong, or the ticket is not good.")
            }
            Error::Busy => Code::TooBusy.into(),
            Error::TooManyKeys(most) => Problem::new(
                Code::LimitReached,
                format!("There are {most} API keys, which is as many as may be; revoke some first."),
            ),
            Error::Random(_) | Error::File { .. } | Error::Key { .. } | Error::Damaged(_) => {
                log::error!(error:%; "a credential could not be made or read");
                Code::Internal.into()
            }
            Error::Store(_) => Code::StoreUnavailable.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_key_needs_a_name_an_owner_and_scopes() {
        let body = |name: &str, value: Value| {
            let mut body = json!({"name": "ci", "owner": "ada", "scopes": ["sessions:read"]});
            body[name] = value;
            decode(Some(body))
        };
        assert_eq!(body("expires_in", json!(null)).unwrap().expires_at, None);
        assert!(body("expires_in", json!(60)).unwrap().expires_at > Some(Timestamp::now()));
        for (name, value) in [
            ("name", json!("")),
            ("name", json!("a\nb")),
            ("owner", json!(" ada")),
            ("owner", json!(null)),
            ("scopes", json!([])),
            ("scopes", json!(["nope"])),
            ("scopes", json!(["login"])),
            ("scopes", json!("admin")),
            ("expires_in", json!(0)),
            ("expires_in", json!("90d")),
            ("more", json!(1)),
        ] {
            let problem = body(name, value.clone()).unwrap_err();
            assert_eq!(problem.code, Code::InvalidBody, "{name} {value}");
            assert!(problem.errors.iter().any(|fault| fault.loc.iter().any(|part| part == name)), "{name} {value}");
        }
    }
}
