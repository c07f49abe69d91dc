//! `/api/v1/event-types`: the types of events that users made up and described.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::auth::Admin;
use super::super::body::JsonBody;
use super::super::conditional::{Conditions, Read, for_read, outdated, tagged};
use super::super::decode::{Fields, fault};
use super::super::error::{Code, PROBLEM_JSON, Problem, Told};
use super::super::query::Query;
use crate::domain::event::{Happening, Kind};
use crate::domain::time::Timestamp;
use crate::session::messages::Fault;
use crate::session::schema_faults;
use crate::store::{self, Document, Store};

/// Where the types are stored.
const COLLECTION: &str = "event_types";

/// The most bytes of a schema.
const LARGEST: usize = 65_536;

/// What a type of events means.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct EventType {
    /// What it means, for people.
    #[serde(default)]
    description: String,
    /// The JSON Schema of its `data`; anything fits, where it is left out.
    #[schema(value_type = Option<Object>)]
    #[cfg_attr(test, ts(type = "unknown"))]
    schema: Option<Value>,
}

/// A type of events that is declared. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct DeclaredType {
    /// Its word.
    r#type: String,
    /// Counts up from 1 with every change.
    version: u64,
    /// When it was declared.
    #[schema(value_type = f64)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = f64)]
    updated_at: Timestamp,
    #[serde(flatten)]
    about: EventType,
}

/// Some declared types, in the order of their words.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct EventTypePage {
    /// The types.
    event_types: Vec<DeclaredType>,
    /// What to send as `cursor` to get those after them; null where there are none.
    next_cursor: Option<String>,
}

/// Lists the types of events that are declared.
#[utoipa::path(
    get, path = "/api/v1/event-types", tag = "events",
    params(
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "At most that many, 50 where it is left out."),
        ("cursor" = Option<String>, Query, description = "Where the page before ended."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = EventTypePage),
        (status = 422, description = "The query is wrong.", body = Told, content_type = PROBLEM_JSON),
    )
)]
pub(in crate::http) async fn list(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    if cursor.as_deref().is_some_and(|cursor| !is_custom(cursor)) {
        query.fault("cursor", "is none that this server has given", "invalid_value");
    }
    query.finish()?;
    let found = state.sessions.store().documents(COLLECTION, cursor.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    let event_types: Vec<_> = found.into_iter().take(limit).map(declared).collect::<Result<_, _>>()?;
    let next_cursor = event_types.last().filter(|_| more).map(|last| last.r#type.clone());
    Ok(HttpResponse::Ok().json(EventTypePage { event_types, next_cursor }))
}

/// Shows a type of events that is declared.
#[utoipa::path(
    get, path = "/api/v1/event-types/{type}", tag = "events",
    params(
        ("type" = String, Path, description = "Its word, such as `custom.orders.paid`."),
        ("If-None-Match" = Option<String>, Header, description = "The tags of versions that the client has."),
    ),
    responses(
        (status = 200, description = "What it means.", body = DeclaredType),
        (status = 304, description = "The client has it."),
        (status = 404, description = "It is not declared.", body = Told, content_type = PROBLEM_JSON),
    )
)]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    request: HttpRequest,
    word: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = state.sessions.store().document(COLLECTION, &word).await?;
    let declared = declared(found.ok_or(Code::UnknownEventType)?)?;
    match for_read(request.headers(), declared.version)? {
        Read::NotModified => Ok(tagged(HttpResponse::NotModified(), declared.version).finish()),
        Read::Whole => Ok(tagged(HttpResponse::Ok(), declared.version).json(declared)),
    }
}

/// Declares what a type of events means, or changes that. Needs the admin token beyond this machine.
#[utoipa::path(
    put, path = "/api/v1/event-types/{type}", tag = "events",
    params(
        ("type" = String, Path, description = "Its word: `custom.` and more."),
        ("If-Match" = Option<String>, Header, description = "The tags of the versions that may be changed, or `*`."),
    ),
    request_body(content = EventType),
    responses(
        (status = 200, description = "It is changed.", body = DeclaredType),
        (status = 201, description = "It is declared.", body = DeclaredType),
        (status = "4XX", description = "It was not declared.", body = Told, content_type = PROBLEM_JSON),
        (status = 503, description = "It cannot be declared now.", body = Told, content_type = PROBLEM_JSON),
    ),
    security((), ("admin_token" = [])),
)]
pub(in crate::http) async fn save(
    state: web::Data<State>,
    _: Admin,
    request: HttpRequest,
    word: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let conditions = Conditions::of(request.headers())?;
    let about = decode(&word, body)?;
    let body = serde_json::to_string(&about).map_err(|_| Problem::from(Code::Internal))?;
    let store = state.sessions.store();
    let precondition = conditions.precondition(version_of(store, &word).await?)?;
    let kept = store.put_document(COLLECTION, &word, body, precondition).await.map_err(refused)?;
    let answer = if kept.version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(tagged(answer, kept.version).json(declared(kept)?))
}

/// Forgets what a type of events means; events of it may be sent as before. Needs the admin token beyond this machine.
#[utoipa::path(
    delete, path = "/api/v1/event-types/{type}", tag = "events",
    params(
        ("type" = String, Path, description = "Its word."),
        ("If-Match" = Option<String>, Header, description = "The tags of the versions that may be removed, or `*`."),
    ),
    responses(
        (status = 204, description = "It is forgotten."),
        (status = "4XX", description = "It is not declared.", body = Told, content_type = PROBLEM_JSON),
    ),
    security((), ("admin_token" = [])),
)]
pub(in crate::http) async fn remove(
    state: web::Data<State>,
    _: Admin,
    request: HttpRequest,
    word: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let conditions = Conditions::of(request.headers())?;
    let store = state.sessions.store();
    let there = version_of(store, &word).await?.ok_or(Code::UnknownEventType)?;
    let precondition = conditions.precondition(Some(there))?;
    store.remove_document(COLLECTION, &word, precondition).await.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn version_of(store: &Store, word: &str) -> Result<Option<u64>, Problem> {
    Ok(store.document(COLLECTION, word).await?.map(|document| document.version))
}

fn refused(error: store::Error) -> Problem {
    match error {
        store::Error::NotFound => Code::UnknownEventType.into(),
        other @ (store::Error::Outdated { .. }
        | store::Error::Conflict(_)
        | store::Error::Unusable(_)
        | store::Error::Unavailable(_)) => outdated(other),
    }
}

/// What is wrong with the data of an event, by what is declared of its type.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::http) async fn faults(store: &Store, happening: &Happening) -> Result<Vec<Fault>, Problem> {
    let word = happening.kind.word();
    let Some(document) = store.document(COLLECTION, word).await? else { return Ok(Vec::new()) };
    let Some(schema) = declared(document)?.about.schema else { return Ok(Vec::new()) };
    let validator = jsonschema::validator_for(&schema).map_err(|error| {
        log::error!(error:%, event_type = word; "the declared schema of a type of events cannot be used");
        Problem::from(Code::Internal)
    })?;
    Ok(schema_faults("data", &validator, &Value::Object(happening.data.clone())))
}

fn is_custom(word: &str) -> bool {
    matches!(Kind::parse(word), Some(Kind::Custom(_)))
}

fn decode(word: &str, body: Option<Value>) -> Result<EventType, Problem> {
    let mut fields = Fields::of(body)?;
    let description = fields.text("description", 4000).unwrap_or_default();
    let schema = fields.value("schema");
    if let Some(schema) = &schema {
        if schema.to_string().len() > LARGEST {
            fields.fault(&["schema"], format!("must have at most {LARGEST} bytes"), "too_long");
        } else if let Err(error) = jsonschema::validator_for(schema) {
            fields.fault(&["schema"], format!("must be a JSON Schema: {error}"), "invalid_value");
        }
    }
    let mut faults = fields.finish();
    if !is_custom(word) {
        let msg = "must be custom. and then words of letters, digits, _ and -, with dots between them";
        faults.insert(0, fault(&["path", "type"], msg, "invalid_value"));
    }
    if faults.is_empty() {
        Ok(EventType { description, schema })
    } else {
        Err(Problem::invalid(Code::InvalidBody, faults))
    }
}

fn declared(document: Document) -> Result<DeclaredType, Problem> {
    let Document { id, version, created_at, updated_at, body, .. } = document;
    let about = serde_json::from_str(&body).map_err(|error| {
        log::error!(error:%, event_type = id.as_str(); "a declared type of events is not what it must be");
        Problem::from(Code::Internal)
    })?;
    Ok(DeclaredType { r#type: id, version, created_at, updated_at, about })
}
