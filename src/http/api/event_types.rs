//! `/api/v1/event-types`: the types of events that users made up and described.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::conditional::{Conditions, Read, for_read, outdated, tagged};
use super::super::decode::{Fields, fault};
use super::super::error::{Code, Problem, limit_reached};
use super::super::query::{PageParams, Query};
use super::super::route::{Route, routes};
use crate::domain::event::Kind;
use crate::domain::time::Timestamp;
use crate::event::types::{Declared, Error, EventType};
use crate::store;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ListEventTypes => list, ReadEventType => show, DeclareEventType => save, DeclareEventType => remove]
}

/// The most bytes of a schema.
const LARGEST: usize = 65_536;

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
    params(PageParams),
    responses(
        (status = 200, description = "A page of them.", body = EventTypePage),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    if cursor.as_deref().is_some_and(|cursor| !is_custom(cursor)) {
        query.fault("cursor", "is none that this server has given", "invalid_value");
    }
    query.finish()?;
    let found = state.event_types.list(cursor.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    let event_types: Vec<_> = found.into_iter().take(limit).map(DeclaredType::from).collect();
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
        (status = 404, description = "It is not declared."),
    )
)]
async fn show(state: web::Data<State>, request: HttpRequest, word: web::Path<String>) -> Result<HttpResponse, Problem> {
    let declared = DeclaredType::from(state.event_types.get(&word).await?);
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
        (status = "4XX", description = "It was not declared."),
        (status = 503, description = "It cannot be declared now."),
    ),
)]
async fn save(
    state: web::Data<State>,
    request: HttpRequest,
    word: web::Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let conditions = Conditions::of(request.headers())?;
    let about = decode(&word, body)?;
    let precondition = conditions.precondition(version_of(&state, &word).await?)?;
    let kept = match state.event_types.declare(&word, &about, precondition).await {
        Err(Error::Schema(bad)) => {
            let fault = fault(&["body", "schema"], bad.to_string(), "invalid_value");
            return Err(Problem::invalid(Code::InvalidBody, vec![fault]));
        }
        kept => DeclaredType::from(kept?),
    };
    let answer = if kept.version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(tagged(answer, kept.version).json(kept))
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
        (status = "4XX", description = "It is not declared."),
    ),
)]
async fn remove(
    state: web::Data<State>,
    request: HttpRequest,
    word: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let conditions = Conditions::of(request.headers())?;
    let there = version_of(&state, &word).await?.ok_or(Code::UnknownEventType)?;
    state.event_types.forget(&word, conditions.precondition(Some(there))?).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn version_of(state: &State, word: &str) -> Result<Option<u64>, Problem> {
    match state.event_types.get(word).await {
        Ok(declared) => Ok(Some(declared.version)),
        Err(Error::Unknown) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_custom(word: &str) -> bool {
    matches!(Kind::parse(word), Some(Kind::Custom(_)))
}

fn decode(word: &str, body: Option<Value>) -> Result<EventType, Problem> {
    let mut fields = Fields::of(body)?;
    let description = fields.text("description", 4000).unwrap_or_default();
    let schema = fields.value("schema");
    if schema.as_ref().is_some_and(|schema| schema.to_string().len() > LARGEST) {
        fields.fault(&["schema"], format!("must have at most {LARGEST} bytes"), "too_long");
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

impl From<Declared> for DeclaredType {
    fn from(declared: Declared) -> Self {
        let Declared { word, version, created_at, updated_at, about } = declared;
        Self { r#type: word, version, created_at, updated_at, about }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unknown => Code::UnknownEventType.into(),
            Error::Outdated(version) => outdated(store::Error::Outdated { version }),
            Error::Schema(bad) => Problem::new(Code::InvalidBody, format!("The schema {bad}.")),
            Error::TooMany(most) => limit_reached(most, "types of events"),
            Error::Busy => Code::TooBusy.into(),
            Error::Damaged(_) => Code::Internal.into(),
            Error::Unavailable(_) => Code::StoreUnavailable.into(),
        }
    }
}
