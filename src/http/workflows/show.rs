//! Lists and shows stored workflows: `GET /workflows` and `GET /workflows/{workflow_id}`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::conditional::{Read, for_read, tagged};
use super::super::error::Problem;
use super::super::owned_cursor::{read_place, write_place};
use super::super::query::{PageParams, Query};
use super::super::route::{Route, routes};
use super::request::{Named, flag};
use crate::auth::Principal;
use crate::auth::policy::sight;
use crate::domain::time::Timestamp;
use crate::workflow::definition::{Definition, id_fault};
use crate::workflow::definitions::Listed;
use crate::workflow::key::WorkflowKey;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ListWorkflows => list, ReadWorkflow => show]
}

/// Some workflows, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct WorkflowPage {
    /// The workflows.
    workflows: Vec<WorkflowRow>,
    /// What to send as `cursor` to get those after them; null where there are none.
    next_cursor: Option<String>,
}

/// A workflow in a list. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct WorkflowRow {
    /// Its id.
    id: String,
    /// Whose it is; left out where it is the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    owner: Option<String>,
    /// Its name.
    name: String,
    /// Counts up from 1 with every change.
    version: u64,
    /// Who changed it last, where they said.
    author: Option<String>,
    /// When it was made.
    #[schema(value_type = f64)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = f64)]
    updated_at: Timestamp,
    /// How many nodes it has.
    node_count: usize,
    /// Whether it becomes live again after a restart.
    autostart: bool,
    /// Whether it is live and not paused.
    is_running: bool,
}

/// Lists the stored workflows.
#[utoipa::path(
    get, path = "/workflows", tag = "workflows",
    params(PageParams),
    responses(
        (status = 200, description = "A page of them.", body = WorkflowPage),
        (status = 422, description = "The query is wrong."),
    )
)]
async fn list(state: web::Data<State>, principal: Principal, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    // What an operator goes on from names an owner, too.
    let id = cursor.as_deref().map(|cursor| cursor.split_once('@').map_or(cursor, |(id, _)| id));
    if id.is_some_and(|id| id_fault(id).is_some()) {
        query.fault("cursor", "is none that this server has given", "invalid_value");
    }
    query.finish()?;
    // One more tells whether there is a next page.
    let definitions = &state.workflows.definitions;
    let mut found = match sight(&principal) {
        Some(owner) => definitions.of(owner).list(cursor.as_deref(), limit + 1).await?,
        None => {
            let after = cursor.as_deref().map(read_place).transpose()?;
            let after = after.as_ref().map(|(owner, id)| (owner, id.as_str()));
            definitions.list_of_all(after, limit + 1).await?
        }
    };
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more).map(|last| &last.key);
    let next_cursor = last.map(|key| match sight(&principal) {
        Some(_) => key.id.to_string(),
        None => write_place(&key.owner, &key.id),
    });
    // Where the live ones do not answer, because the server goes down, none runs.
    let live = state.workflows.live.list(&principal).await.unwrap_or_default();
    let workflows = join_all(found.into_iter().map(|listed| row(&state, &live, listed))).await;
    Ok(HttpResponse::Ok().json(WorkflowPage { workflows, next_cursor }))
}

async fn row(state: &State, live: &[WorkflowKey], listed: Listed) -> WorkflowRow {
    let status = if live.contains(&listed.key) { state.workflows.live.status(&listed.key).await } else { Ok(None) };
    let status = status.ok().flatten();
    let Listed { key, name, version, author, created_at, updated_at, autostart, node_count } = listed;
    let is_running = status.is_some_and(|status| status.is_running);
    let (id, owner) = (key.id.to_string(), key.owner.identity().map(str::to_owned));
    WorkflowRow { id, owner, name, version, author, created_at, updated_at, node_count, autostart, is_running }
}

/// Shows a stored workflow as `POST /workflows` takes it, so that it can be kept as a file.
#[utoipa::path(
    get, path = "/workflows/{workflow_id}", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        ("download" = Option<bool>, Query, description = "Whether a browser is to keep it as a file."),
        ("If-None-Match" = Option<String>, Header, description = "The tags of versions that the client has."),
    ),
    responses(
        (status = 200, description = "The workflow; its version is in the ETag header, too.", body = Definition),
        (status = 304, description = "The client has it."),
        (status = "4XX", description = "There is no such workflow."),
    )
)]
async fn show(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    Named(id): Named,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let download = flag(&mut query, "download");
    query.finish()?;
    let definition = state.workflows.definitions.of(principal.owner()).get(&id).await?;
    if for_read(request.headers(), definition.version)? == Read::NotModified {
        return Ok(tagged(HttpResponse::NotModified(), definition.version).finish());
    }
    let mut answer = tagged(HttpResponse::Ok(), definition.version);
    if download {
        // An id has only characters that a file's name may have.
        answer.insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.json\"")));
    }
    Ok(answer.json(definition))
}
