//! `/memory/{client_id}`: what clients and agents keep, any JSON under a key; `global` is everybody's.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::body::AnyJson;
use super::conditional::{Conditions, Read, for_read, outdated, tagged};
use super::decode::fault;
use super::error::{Code, Problem, limit_reached};
use super::query::{PageParams, Query};
use super::route::{Route, routes};
use crate::auth::Principal;
use crate::auth::policy::owns;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::time::Timestamp;
use crate::memory::{BadName, Error, GLOBAL, Kept, Memory, Place, is_name};
use crate::store;

pub(super) fn routes() -> Vec<Route> {
    routes![
        ListMemory => list,
        WriteMemory => clear,
        ReadMemory => show,
        WriteMemory => save,
        WriteMemory => remove,
    ]
}

/// The longest that a value is kept for a time, in seconds: ten years.
const LONGEST_TTL: f64 = 315_360_000.0;

/// What is kept under a key. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct MemoryKey {
    /// The key.
    key: String,
    /// Counts up from 1 with every change.
    version: u64,
    /// When it was first kept.
    #[schema(value_type = f64)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = f64)]
    updated_at: Timestamp,
    /// When it is removed by itself; null where it is not.
    #[schema(value_type = Option<f64>)]
    expires_at: Option<Timestamp>,
}

impl From<Kept> for MemoryKey {
    fn from(kept: Kept) -> Self {
        let Kept { key, version, created_at, updated_at, expires_at, text: _ } = kept;
        Self { key, version, created_at, updated_at, expires_at }
    }
}

/// Some keys of a client, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct MemoryPage {
    /// The client.
    client_id: String,
    /// The keys.
    keys: Vec<MemoryKey>,
    /// What to send as `cursor` to get those after them; null where there are none.
    next_cursor: Option<String>,
}

/// What became of a client's memory.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct MemoryCleared {
    /// The client.
    client_id: String,
    /// How many keys were removed.
    cleared: usize,
}

/// Lists the keys of a client.
#[utoipa::path(
    get, path = "/memory/{client_id}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "Whose; `global` is everybody's."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = MemoryPage),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    client: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let client_id = client_of(client)?;
    let mut query = Query::of(request.query_string());
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    query.finish()?;
    let mut found = memory(&state, &principal, &client_id).list(&client_id, cursor.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| last.key.clone());
    let keys = found.into_iter().map(MemoryKey::from).collect();
    Ok(HttpResponse::Ok().json(MemoryPage { client_id, keys, next_cursor }))
}

/// Removes all that a client keeps.
#[utoipa::path(
    delete, path = "/memory/{client_id}", tag = "memory",
    params(("client_id" = String, Path, description = "Whose; `global` is everybody's.")),
    responses(
        (status = 200, description = "It is gone.", body = MemoryCleared),
        (status = "4XX", description = "It was not removed."),
    )
)]
async fn clear(
    state: web::Data<State>,
    principal: Principal,
    client: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let client_id = client_of(client)?;
    let memory = changeable(&state, &principal, &client_id)?;
    let cleared = memory.clear(&client_id).await?;
    if cleared > 0 {
        let new_event = NewEvent::new(Kind::MemoryCleared).with("client_id", client_id.as_str());
        // Every key: none is named.
        let new_event = new_event.with("key", Value::Null).with("cleared", cleared);
        state.events.record_of(&memory.owner_of(&client_id), new_event);
    }
    Ok(HttpResponse::Ok().json(MemoryCleared { client_id, cleared }))
}

/// Gives what is kept under a key, as it was put there.
#[utoipa::path(
    get, path = "/memory/{client_id}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "Whose; `global` is everybody's."),
        ("key" = String, Path, description = "The key."),
        ("If-None-Match" = Option<String>, Header, description = "The tags of versions that the client has."),
    ),
    responses(
        (status = 200, description = "The value; its version is in the ETag header.", body = serde_json::Value),
        (status = 304, description = "The client has it."),
        (status = "4XX", description = "Nothing is kept there."),
    )
)]
async fn show(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let place = place(&path)?;
    let memory = memory(&state, &principal, place.client_id());
    let Kept { version, text, .. } = memory.get(&place).await?;
    if state.events.is_heard(&Kind::MemoryRetrieved) {
        let new_event = place.event(Kind::MemoryRetrieved).with("version", version);
        state.events.record_of(&memory.owner_of(place.client_id()), new_event);
    }
    if for_read(request.headers(), version)? == Read::NotModified {
        return Ok(tagged(HttpResponse::NotModified(), version).finish());
    }
    Ok(tagged(HttpResponse::Ok(), version).content_type("application/json").body(text))
}

/// Keeps a value under a key: the body, whatever JSON it is.
#[utoipa::path(
    put, path = "/memory/{client_id}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "Whose; `global` is everybody's."),
        ("key" = String, Path, description = "The key."),
        ("ttl" = Option<f64>, Query, exclusive_minimum = 0, maximum = 315_360_000, description = "Seconds after which it is removed by itself; it is kept for ever without."),
        ("If-Match" = Option<String>, Header, description = "The tags of the versions that may be changed, or `*` where any may."),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only where nothing is kept under the key."),
    ),
    request_body(content = serde_json::Value),
    responses(
        (status = 200, description = "It is changed.", body = MemoryKey),
        (status = 201, description = "It is kept.", body = MemoryKey),
        (status = "4XX", description = "It was not kept; with 412 somebody else was faster."),
        (status = 503, description = "It cannot be kept now."),
    )
)]
async fn save(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Problem> {
    let place = place(&path)?;
    let conditions = Conditions::of(request.headers())?;
    let ttl = ttl(request.query_string())?;
    let missing = || Problem::invalid(Code::InvalidBody, vec![fault(&["body"], "is missing", "missing")]);
    let text = body.ok_or_else(missing)?.to_string();
    let memory = changeable(&state, &principal, place.client_id())?;
    let there = version_of(&memory, &place).await?;
    let kept = memory.put(&place, &text, ttl, conditions.precondition(there)?).await?;
    let (kind, answer) = match kept.version {
        1 => (Kind::MemoryStored, HttpResponse::Created()),
        _ => (Kind::MemoryUpdated, HttpResponse::Ok()),
    };
    let new_event = place.event(kind).with("version", kept.version).with("bytes", text.len());
    state.events.record_of(&memory.owner_of(place.client_id()), new_event);
    Ok(tagged(answer, kept.version).json(MemoryKey::from(kept)))
}

/// Removes what is kept under a key.
#[utoipa::path(
    delete, path = "/memory/{client_id}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "Whose; `global` is everybody's."),
        ("key" = String, Path, description = "The key."),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that is to be removed."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = "4XX", description = "Nothing is kept there."),
    )
)]
async fn remove(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let place = place(&path)?;
    let memory = changeable(&state, &principal, place.client_id())?;
    let there = version_of(&memory, &place).await?.ok_or(Code::UnknownMemory)?;
    let precondition = Conditions::of(request.headers())?.precondition(Some(there))?;
    memory.remove(&place, precondition).await?;
    state.events.record_of(&memory.owner_of(place.client_id()), place.event(Kind::MemoryCleared));
    Ok(HttpResponse::NoContent().finish())
}

/// What somebody keeps under a client; what is everybody's is an operator's, too, whoever that is.
fn memory(state: &State, principal: &Principal, client_id: &str) -> Memory {
    let memory = state.memory.of(principal.owner());
    let owner = memory.owner_of(client_id);
    if owns(principal, &owner) { memory.of(&owner) } else { memory }
}

/// The same, to change it: what is everybody's only an operator changes, also where all that is kept is the server's.
fn changeable(state: &State, principal: &Principal, client_id: &str) -> Result<Memory, Error> {
    if client_id == GLOBAL && !principal.is_operator() {
        return Err(Error::Everybodys);
    }
    Ok(memory(state, principal, client_id))
}

async fn version_of(memory: &Memory, place: &Place) -> Result<Option<u64>, Problem> {
    match memory.get(place).await {
        Ok(kept) => Ok(Some(kept.version)),
        Err(Error::Missing) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How long a value is to be kept, where the query says so.
fn ttl(query: &str) -> Result<Option<Duration>, Problem> {
    let mut query = Query::of(query);
    let texts: Vec<String> = query.all("ttl").map(str::to_owned).collect();
    let mut ttl = None;
    if let Some(text) = texts.last() {
        let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0 && *seconds <= LONGEST_TTL);
        ttl = seconds.map(Duration::from_secs_f64);
        if ttl.is_none() {
            let msg = format!("must be a number of seconds above 0, and at most {LONGEST_TTL}");
            query.fault("ttl", msg, "invalid_value");
        }
    }
    query.finish()?;
    Ok(ttl)
}

/// The client that an address names.
fn client_of(client: web::Path<String>) -> Result<String, Problem> {
    let client_id = client.into_inner();
    if is_name(&client_id) { Ok(client_id) } else { Err(misnamed(&["client_id"])) }
}

/// The place that an address names.
fn place(path: &(String, String)) -> Result<Place, Problem> {
    let (client_id, key) = path;
    Place::new(client_id, key).map_err(|BadName| {
        let parts = [("client_id", client_id), ("key", key)];
        misnamed(&parts.iter().filter(|(_, text)| !is_name(text)).map(|(name, _)| *name).collect::<Vec<_>>())
    })
}

fn misnamed(parts: &[&str]) -> Problem {
    let msg = BadName.to_string();
    let faults = parts.iter().map(|name| fault(&["path", name], msg.as_str(), "invalid_value"));
    Problem::invalid(Code::InvalidPath, faults.collect())
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing => Code::UnknownMemory.into(),
            Error::Outdated(version) => outdated(store::Error::Outdated { version }),
            Error::Everybodys => {
                Problem::new(Code::Forbidden, "What is everybody's is changed by who has the scope admin.")
            }
            Error::TooLarge(most) => Problem::new(
                Code::PayloadTooLarge,
                format!("A value has at most {most} bytes (memory.max_value_bytes)."),
            ),
            Error::Full(_) => Code::MemoryFull.into(),
            Error::TooManyClients(most) => limit_reached(most, "clients with memory"),
            Error::Unavailable(text) => store::Error::Unavailable(text).into(),
        }
    }
}
