//! `/memory/{client_id}`: what clients and agents keep, any JSON under a key; `global` is everybody's.

use actix_web::{HttpRequest, HttpResponse, web};
use futures::future::join_all;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::body::AnyJson;
use super::conditional::{Conditions, Read, for_read, outdated, tagged};
use super::decode::fault;
use super::error::{Code, PROBLEM_JSON, Problem, ProblemDetails, limit_reached};
use super::query::{PageParams, Query};
use super::route::{Route, routes};
use crate::config::memory::Memory;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::{self, Document, Precondition, Store};

pub(super) fn routes() -> Vec<Route> {
    routes![
        ListMemory => list,
        WriteMemory => clear,
        ReadMemory => show,
        WriteMemory => save,
        WriteMemory => remove,
    ]
}

/// Where it is stored, under `CLIENT/KEY`.
const COLLECTION: &str = "memory";

/// The most bytes of a value.
const LARGEST: usize = 262_144;

/// The most characters of a client's id and of a key.
const LONGEST: usize = 128;

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
        (status = 422, description = "The query is wrong.", body = ProblemDetails, content_type = PROBLEM_JSON),
    )
)]
async fn list(
    state: web::Data<State>,
    request: HttpRequest,
    client: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let client_id = client.into_inner();
    check(&[("client_id", &client_id)])?;
    let mut query = Query::of(request.query_string());
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    query.finish()?;
    let store = state.sessions.store();
    let mut keys = keys(store, &client_id, cursor.as_deref(), limit + 1).await?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next_cursor = keys.last().filter(|_| more).map(|last| last.key.clone());
    Ok(HttpResponse::Ok().json(MemoryPage { client_id, keys, next_cursor }))
}

/// Removes all that a client keeps.
#[utoipa::path(
    delete, path = "/memory/{client_id}", tag = "memory",
    params(("client_id" = String, Path, description = "Whose; `global` is everybody's.")),
    responses(
        (status = 200, description = "It is gone.", body = MemoryCleared),
        (status = "4XX", description = "It was not removed.", body = ProblemDetails, content_type = PROBLEM_JSON),
    )
)]
async fn clear(state: web::Data<State>, client: web::Path<String>) -> Result<HttpResponse, Problem> {
    let client_id = client.into_inner();
    check(&[("client_id", &client_id)])?;
    let store = state.sessions.store();
    let mut cleared = 0;
    let mut after: Option<String> = None;
    loop {
        let page = keys(store, &client_id, after.as_deref(), 100).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        let removals = page.iter().map(|key| {
            let id = place(&client_id, &key.key);
            async move { store.remove_document(&Owner::SERVER, COLLECTION, &id, Precondition::Anything).await }
        });
        for removed in join_all(removals).await {
            match removed {
                Ok(()) => cleared += 1,
                // Somebody else was faster.
                Err(store::Error::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    if cleared > 0 {
        let new_event = NewEvent::new(Kind::MemoryCleared).with("client_id", client_id.as_str());
        // Every key: none is named.
        state.events.record(new_event.with("key", Value::Null).with("cleared", cleared));
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
        (status = "4XX", description = "Nothing is kept there.", body = ProblemDetails, content_type = PROBLEM_JSON),
    )
)]
async fn show(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (client_id, key) = path.into_inner();
    check(&[("client_id", &client_id), ("key", &key)])?;
    let found = state.sessions.store().document(&Owner::SERVER, COLLECTION, &place(&client_id, &key)).await?;
    let Document { version, body, .. } = found.ok_or(Code::UnknownMemory)?;
    if state.events.is_heard(&Kind::MemoryRetrieved) {
        state.events.record(about(Kind::MemoryRetrieved, &client_id, &key).with("version", version));
    }
    if for_read(request.headers(), version)? == Read::NotModified {
        return Ok(tagged(HttpResponse::NotModified(), version).finish());
    }
    Ok(tagged(HttpResponse::Ok(), version).content_type("application/json").body(body))
}

/// Keeps a value under a key: the body, whatever JSON it is.
#[utoipa::path(
    put, path = "/memory/{client_id}/{key}", tag = "memory",
    params(
        ("client_id" = String, Path, description = "Whose; `global` is everybody's."),
        ("key" = String, Path, description = "The key."),
        ("If-Match" = Option<String>, Header, description = "The tags of the versions that may be changed, or `*` where any may."),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only where nothing is kept under the key."),
    ),
    request_body(content = serde_json::Value),
    responses(
        (status = 200, description = "It is changed.", body = MemoryKey),
        (status = 201, description = "It is kept.", body = MemoryKey),
        (status = "4XX", description = "It was not kept; with 412 somebody else was faster.", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be kept now.", body = ProblemDetails, content_type = PROBLEM_JSON),
    )
)]
async fn save(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Problem> {
    let (client_id, key) = path.into_inner();
    check(&[("client_id", &client_id), ("key", &key)])?;
    let conditions = Conditions::of(request.headers())?;
    let missing = || Problem::invalid(Code::InvalidBody, vec![fault(&["body"], "is missing", "missing")]);
    let text = body.ok_or_else(missing)?.to_string();
    if text.len() > LARGEST {
        return Err(Problem::new(Code::PayloadTooLarge, format!("A value has at most {LARGEST} bytes.")));
    }
    let (store, id) = (state.sessions.store(), place(&client_id, &key));
    let there = version_of(store, &id).await?;
    let precondition = conditions.precondition(there)?;
    if there.is_none() {
        let Memory { max_clients, max_keys } = state.settings.memory;
        let kept = keys(store, &client_id, None, max_keys).await?.len();
        if kept >= max_keys {
            return Err(Code::MemoryFull.into());
        }
        if kept == 0 && store.count_folders(&Owner::SERVER, COLLECTION, max_clients).await? >= max_clients {
            return Err(limit_reached(max_clients, "clients with memory"));
        }
    }
    let bytes = text.len();
    let Document { version, created_at, updated_at, .. } =
        store.put_document(&Owner::SERVER, COLLECTION, &id, text, precondition).await.map_err(refused)?;
    let (kind, answer) = match version {
        1 => (Kind::MemoryStored, HttpResponse::Created()),
        _ => (Kind::MemoryUpdated, HttpResponse::Ok()),
    };
    state.events.record(about(kind, &client_id, &key).with("version", version).with("bytes", bytes));
    Ok(tagged(answer, version).json(MemoryKey { key, version, created_at, updated_at }))
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
        (status = "4XX", description = "Nothing is kept there.", body = ProblemDetails, content_type = PROBLEM_JSON),
    )
)]
async fn remove(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (client_id, key) = path.into_inner();
    check(&[("client_id", &client_id), ("key", &key)])?;
    let (store, id) = (state.sessions.store(), place(&client_id, &key));
    let there = version_of(store, &id).await?.ok_or(Code::UnknownMemory)?;
    let precondition = Conditions::of(request.headers())?.precondition(Some(there))?;
    let removed = store.remove_document(&Owner::SERVER, COLLECTION, &id, precondition).await;
    removed.map_err(refused)?;
    state.events.record(about(Kind::MemoryCleared, &client_id, &key));
    Ok(HttpResponse::NoContent().finish())
}

/// The keys of a client after `after`, at most `limit`.
async fn keys(store: &Store, client_id: &str, after: Option<&str>, limit: usize) -> Result<Vec<MemoryKey>, Problem> {
    let whole = place(client_id, "");
    let after = place(client_id, after.unwrap_or_default());
    let found = store.document_heads(&Owner::SERVER, COLLECTION, Some(&after), limit).await?;
    let of_client = found.into_iter().map_while(|document| {
        let Document { id, version, created_at, updated_at, .. } = document;
        let key = id.strip_prefix(&whole)?.to_owned();
        Some(MemoryKey { key, version, created_at, updated_at })
    });
    Ok(of_client.collect())
}

/// Where a value is stored. Neither part has a `/` in it.
fn place(client_id: &str, key: &str) -> String {
    format!("{client_id}/{key}")
}

fn about(kind: Kind, client_id: &str, key: &str) -> NewEvent {
    NewEvent::new(kind).with("client_id", client_id).with("key", key)
}

async fn version_of(store: &Store, id: &str) -> Result<Option<u64>, Problem> {
    Ok(store.document(&Owner::SERVER, COLLECTION, id).await?.map(|document| document.version))
}

fn refused(error: store::Error) -> Problem {
    match error {
        store::Error::NotFound => Code::UnknownMemory.into(),
        other @ (store::Error::Outdated { .. }
        | store::Error::Conflict(_)
        | store::Error::Unusable(_)
        | store::Error::Unavailable(_)) => outdated(other),
    }
}

/// Checks the parts of a path.
fn check(parts: &[(&str, &str)]) -> Result<(), Problem> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:@~".contains(&byte);
    let fits = |text: &str| (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_known);
    let wrong = parts.iter().filter(|(_, text)| !fits(text));
    let msg = format!("must have 1 to {LONGEST} letters, digits, _, -, ., :, @ or ~");
    let faults: Vec<_> = wrong.map(|(name, _)| fault(&["path", name], msg.as_str(), "invalid_value")).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(Code::InvalidPath, faults)) }
}
