//! What is the same for crews and agents: their routes, and listing, reading, storing, changing and removing them.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::super::State;
use super::super::conditional::{Conditions, Read, for_read, tagged};
use super::super::decode::{Fields, fault};
use super::super::error::{Code, Problem, limit_reached};
use super::super::owned_cursor::{read_place, write_place};
use super::page;
use crate::auth::Principal;
use crate::auth::policy::sight;
use crate::config::Settings;
use crate::crew::{Error, Kept, Roster, Thing, id_fault};
use crate::domain::event::{Kind, NewEvent};
use crate::session::messages::Fault;
use crate::workflow::client::Expected;

/// Declares the routes of a collection of versioned resources, and the functions that serve them. `$one` and `$many` are
/// how people call them, `$id` is the parameter of their path.
macro_rules! versioned_routes {
    (
        $resource:ident in $page:ident { $field:ident } as $stored:ident, $collection:literal, $path:literal, $id:literal,
        list $list:literal, read $read:literal, create $create:literal, update $update:literal, delete $delete:literal
    ) => {
        pub(in crate::http) fn routes() -> Vec<$crate::http::route::Route> {
            $crate::http::route::routes![
                ListCrews => list,
                CreateCrew => create,
                ReadCrew => show,
                UpdateCrew => save,
                DeleteCrew => remove,
            ]
        }

        #[doc = $list]
        #[utoipa::path(
            get, path = $collection, tag = "crews",
            params(PageParams),
            responses(
                (status = 200, description = "A page of them.", body = $page),
                (status = 422, description = "The query is wrong."),
            )
        )]
        async fn list(
            state: web::Data<State>,
            principal: $crate::auth::Principal,
            request: HttpRequest,
        ) -> Result<HttpResponse, Problem> {
            let listing = versioned_resource::list::<$resource>(&state.roster, &principal, &request);
            let (found, next_cursor) = listing.await?;
            let $field = found.into_iter().map($stored::from).collect();
            Ok(HttpResponse::Ok().json($page { $field, next_cursor }))
        }

        #[doc = $read]
        #[utoipa::path(
            get, path = $path, tag = "crews",
            params(
                ($id = String, Path, description = "Its id."),
                ("If-None-Match" = Option<String>, Header, description = "The tags of versions that the client has."),
            ),
            responses(
                (status = 200, description = "It; its version is in the ETag header, too.", body = $stored),
                (status = 304, description = "The client has it."),
                (status = "4XX", description = "There is none with this id."),
            )
        )]
        async fn show(
            state: web::Data<State>,
            principal: $crate::auth::Principal,
            request: HttpRequest,
            id: web::Path<String>,
        ) -> Result<HttpResponse, Problem> {
            let roster = state.roster.of(principal.owner());
            versioned_resource::show::<$resource>(&roster, &request, &id).await
        }

        #[doc = $create]
        #[utoipa::path(
            post, path = $collection, tag = "crews",
            request_body(content = $resource),
            responses(
                (status = 201, description = "It is stored, at the path of the Location header.", body = $stored),
                (status = "4XX", description = "It was not stored."),
                (status = 503, description = "It cannot be stored now."),
            )
        )]
        async fn create(
            state: web::Data<State>,
            principal: $crate::auth::Principal,
            JsonBody(body): JsonBody,
        ) -> Result<HttpResponse, Problem> {
            let roster = state.roster.of(principal.owner());
            versioned_resource::create::<$resource>(&state, &roster, body).await
        }

        #[doc = $update]
        #[utoipa::path(
            put, path = $path, tag = "crews",
            params(
                ($id = String, Path, description = "Its id."),
                ("If-Match" = Option<String>, Header, description = "The tag of the version that was changed; else the `version` of the body counts, where there is one."),
            ),
            request_body(content = $resource),
            responses(
                (status = 200, description = "It is changed.", body = $stored),
                (status = "4XX", description = "It was not changed; with 409 or 412 somebody else was faster."),
                (status = 503, description = "It cannot be changed now."),
            )
        )]
        async fn save(
            state: web::Data<State>,
            principal: $crate::auth::Principal,
            request: HttpRequest,
            id: web::Path<String>,
            JsonBody(body): JsonBody,
        ) -> Result<HttpResponse, Problem> {
            let roster = state.roster.of(principal.owner());
            versioned_resource::save::<$resource>(&state, &roster, &request, &id, body).await
        }

        #[doc = $delete]
        #[utoipa::path(
            delete, path = $path, tag = "crews",
            params(
                ($id = String, Path, description = "Its id."),
                ("If-Match" = Option<String>, Header, description = "The tag of the version that is to be removed."),
            ),
            responses(
                (status = 204, description = "It is gone."),
                (status = "4XX", description = "It was not removed."),
            )
        )]
        async fn remove(
            state: web::Data<State>,
            principal: $crate::auth::Principal,
            request: HttpRequest,
            id: web::Path<String>,
        ) -> Result<HttpResponse, Problem> {
            let roster = state.roster.of(principal.owner());
            versioned_resource::remove::<$resource>(&state, &roster, &request, &id).await
        }
    };
}
pub(super) use versioned_routes;

/// A resource with an id and a version, as HTTP knows it.
pub(super) trait VersionedResource: Thing {
    /// Where they are.
    const PATH: &'static str;
    /// What many of them are called.
    const PLURAL: &'static str;
    /// That there is none.
    const UNKNOWN: Code;
    /// The events of one that was made, changed, removed.
    const EVENTS: [Kind; 3];

    /// Reads it, and keeps what is wrong with it; `None` where something is.
    fn read(fields: &mut Fields, settings: &Settings) -> Option<Self>;

    /// Where in the body it names an agent.
    fn places_of(&self, agent: &str) -> Vec<Vec<String>>;

    /// An event of the one with this id.
    fn event_of(event: NewEvent, id: &str) -> NewEvent;
}

/// A page of those that somebody may see, and what to send to get the next.
pub(super) async fn list<T: VersionedResource>(
    roster: &Roster,
    principal: &Principal,
    request: &HttpRequest,
) -> Result<(Vec<Kept<T>>, Option<String>), Problem> {
    let (limit, cursor) = page(request.query_string())?;
    // One more shows whether there is a next page.
    let found = match sight(principal) {
        Some(owner) => roster.of(owner).list::<T>(cursor.as_deref(), limit + 1).await,
        None => {
            let after = cursor.as_deref().map(read_place).transpose()?;
            let after = after.as_ref().map(|(owner, id)| (owner, id.as_str()));
            roster.list_of_all::<T>(after, limit + 1).await
        }
    };
    let mut found = found.map_err(problem::<T>)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| match sight(principal) {
        Some(_) => last.id.clone(),
        None => write_place(&last.owner, &last.id),
    });
    Ok((found.into_iter().map(Kept::shown).collect(), next_cursor))
}

/// One of them.
pub(super) async fn show<T: VersionedResource>(
    roster: &Roster,
    request: &HttpRequest,
    id: &str,
) -> Result<HttpResponse, Problem> {
    let kept = roster.get::<T>(id).await.map_err(problem::<T>)?;
    match for_read(request.headers(), kept.version)? {
        Read::NotModified => Ok(tagged(HttpResponse::NotModified(), kept.version).finish()),
        Read::Whole => Ok(tagged(HttpResponse::Ok(), kept.version).json(kept.shown())),
    }
}

/// Stores a new one.
pub(super) async fn create<T: VersionedResource>(
    state: &State,
    roster: &Roster,
    body: Option<Value>,
) -> Result<HttpResponse, Problem> {
    let Draft { id, thing, .. } = decode::<T>(state, roster, body, None).await?;
    let kept = match roster.create(id, thing.clone()).await {
        Ok(kept) => kept.shown(),
        Err(Error::MissingAgents(missing)) => return Err(missing_agents(&thing, &missing)),
        Err(error) => return Err(problem::<T>(error)),
    };
    let [created, ..] = T::EVENTS;
    publish(state, created, &kept);
    let mut answer = tagged(HttpResponse::Created(), kept.version);
    answer.insert_header((header::LOCATION, format!("{}/{}", T::PATH, kept.id)));
    Ok(answer.json(kept))
}

/// Changes one.
pub(super) async fn save<T: VersionedResource>(
    state: &State,
    roster: &Roster,
    request: &HttpRequest,
    id: &str,
    body: Option<Value>,
) -> Result<HttpResponse, Problem> {
    let conditions = Conditions::of(request.headers())?;
    let Draft { thing, version, .. } = decode::<T>(state, roster, body, Some(id)).await?;
    let tag = conditions.for_write(version_of::<T>(roster, id)).await?;
    let kept = match roster.save(id, thing.clone(), tag.map_or(version, wanted)).await {
        Ok(kept) => kept.shown(),
        Err(Error::MissingAgents(missing)) => return Err(missing_agents(&thing, &missing)),
        Err(error) => return Err(conflict(problem::<T>(error), tag)),
    };
    let [_, updated, _] = T::EVENTS;
    publish(state, updated, &kept);
    Ok(tagged(HttpResponse::Ok(), kept.version).json(kept))
}

/// Removes one.
pub(super) async fn remove<T: VersionedResource>(
    state: &State,
    roster: &Roster,
    request: &HttpRequest,
    id: &str,
) -> Result<HttpResponse, Problem> {
    let tag = Conditions::of(request.headers())?.for_write(version_of::<T>(roster, id)).await?;
    let removed = roster.remove::<T>(id, tag.and_then(wanted)).await;
    let removed = removed.map_err(|error| conflict(problem::<T>(error), tag))?;
    let [.., deleted] = T::EVENTS;
    publish(state, deleted, &removed.shown());
    Ok(HttpResponse::NoContent().finish())
}

async fn version_of<T: VersionedResource>(roster: &Roster, id: &str) -> Result<u64, Problem> {
    roster.get::<T>(id).await.map(|kept| kept.version).map_err(problem::<T>)
}

/// What a body says.
struct Draft<T> {
    id: Option<String>,
    version: Option<u64>,
    thing: T,
}

/// Reads a body; `named` is the id that the path has. What [`show`] gives is taken as well.
///
/// # Errors
/// Everything that is wrong with it, also the agents that there are not.
async fn decode<T: VersionedResource>(
    state: &State,
    roster: &Roster,
    body: Option<Value>,
    named: Option<&str>,
) -> Result<Draft<T>, Problem> {
    let mut fields = Fields::of(body)?;
    let id = fields.text("id", 64);
    match (&id, named) {
        (Some(id), Some(named)) if id != named => {
            fields.fault(&["id"], "must be the id that the path has", "invalid_value");
        }
        (Some(id), _) => {
            if let Some(why) = id_fault(id) {
                fields.fault(&["id"], why, "invalid_value");
            }
        }
        (None, _) => {}
    }
    let version = fields.value("version").map(|value| value.as_u64().filter(|version| *version > 0));
    if version == Some(None) {
        fields.fault(&["version"], "must be a whole number from 1", "wrong_type");
    }
    fields.value("owner");
    fields.value("created_at");
    fields.value("updated_at");
    let thing = T::read(&mut fields, &state.settings);
    let mut faults = fields.finish();
    if !faults.is_empty()
        && let Some(crew) = thing.as_ref().and_then(Thing::as_crew)
        && let Ok(missing) = roster.missing(crew.needs()).await
        && let Some(thing) = &thing
    {
        faults.extend(of_missing(thing, &missing));
    }
    match thing {
        Some(thing) if faults.is_empty() => Ok(Draft { id, version: version.flatten(), thing }),
        Some(_) | None => Err(Problem::invalid(Code::InvalidBody, faults)),
    }
}

fn missing_agents<T: VersionedResource>(thing: &T, missing: &[String]) -> Problem {
    Problem::invalid(Code::InvalidBody, of_missing(thing, missing))
}

fn of_missing<T: VersionedResource>(thing: &T, missing: &[String]) -> Vec<Fault> {
    let places = missing.iter().flat_map(|agent| thing.places_of(agent));
    let fault_at = |place: Vec<String>| {
        let loc: Vec<&str> = std::iter::once("body").chain(place.iter().map(String::as_str)).collect();
        fault(&loc, "there is no agent with this id", "unknown_agent")
    };
    places.map(fault_at).collect()
}

fn publish<T: VersionedResource>(state: &State, kind: Kind, kept: &Kept<T>) {
    let mut new_event = T::event_of(NewEvent::new(kind), &kept.id);
    if let Ok(Value::Object(data)) = serde_json::to_value(kept) {
        new_event.data = data;
    }
    state.events.record_of(&kept.owner, new_event);
}

fn wanted(expected: Expected) -> Option<u64> {
    match expected {
        Expected::Any => None,
        Expected::Version(version) => Some(version),
    }
}

/// What a refusal is over HTTP.
pub(super) fn problem<T: VersionedResource>(error: Error) -> Problem {
    match error {
        Error::Unknown => T::UNKNOWN.into(),
        Error::Exists => Code::AlreadyExists.into(),
        Error::Configured => Code::AgentConfigured.into(),
        Error::Outdated(version) => Problem { current_version: Some(version), ..Problem::from(Code::VersionConflict) },
        Error::InUse(crews) => {
            Problem::new(Code::AgentInUse, format!("These crews need the agent: {}.", crews.join(", ")))
        }
        Error::TooMany(most) => limit_reached(most, T::PLURAL),
        Error::MissingAgents(_) => Code::InvalidBody.into(),
        Error::HiddenHeader(name) => {
            let loc = ["body", "config", "headers", &name];
            let fault = fault(&loc, "is only shown like that: say what it is to be", "invalid_value");
            Problem::invalid(Code::InvalidBody, vec![fault])
        }
        Error::Unavailable(text) => {
            log::error!(error = text.as_str(); "crews and agents cannot be read or written");
            Code::StoreUnavailable.into()
        }
    }
}

/// A conflict with a precondition in a header has a status of its own.
fn conflict(problem: Problem, tag: Option<Expected>) -> Problem {
    let is_precondition = problem.code == Code::VersionConflict && tag.is_some();
    if is_precondition { Problem { code: Code::PreconditionFailed, ..problem } } else { problem }
}
