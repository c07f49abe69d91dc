//! Makes, changes and removes stored workflows: `POST /workflows`, `PUT|DELETE /workflows/{workflow_id}`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::super::State;
use super::super::conditional::{Conditions, tagged};
use super::super::decode::fault;
use super::super::error::{Code, Problem};
use super::super::query::Query;
use super::super::route::{Route, routes};
use super::WorkflowDraft;
use super::decode::DraftBody;
use super::request::{Author, AuthorInHeader, AuthorInQuery, Named, flag};
use crate::auth::Principal;
use crate::workflow::client::{Draft, Expected};
use crate::workflow::definition::Definition;
use crate::workflow::definitions::{Check, Definitions};
use crate::workflow::refused::Refused;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![CreateWorkflow => create, UpdateWorkflow => save, DeleteWorkflow => remove]
}

/// Stores a new workflow.
#[utoipa::path(
    post, path = "/workflows", tag = "workflows",
    params(
        ("draft" = Option<bool>, Query, description = "Whether the graph may have faults; then it can be run when it has none any more."),
        AuthorInQuery,
        AuthorInHeader,
    ),
    request_body(content = WorkflowDraft),
    responses(
        (status = 201, description = "It is stored, at the path of the Location header.", body = Definition),
        (status = "4XX", description = "It was not stored."),
        (status = 503, description = "It cannot be stored now."),
    )
)]
async fn create(
    state: web::Data<State>,
    request: HttpRequest,
    Author(principal): Author,
    DraftBody(body): DraftBody,
) -> Result<HttpResponse, Problem> {
    let check = check(&request)?;
    let definitions = state.workflows.definitions.of(principal.owner());
    let definition = definitions.create(draft(body, &principal), check).await?;
    state.workflows.live.saved(definition.clone());
    let mut answer = tagged(HttpResponse::Created(), definition.version);
    answer.insert_header((header::LOCATION, format!("/workflows/{}", definition.id)));
    Ok(answer.json(definition))
}

/// Changes a stored workflow; where it is live, it goes on with the new graph.
#[utoipa::path(
    put, path = "/workflows/{workflow_id}", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        ("draft" = Option<bool>, Query, description = "Whether the graph may have faults; then it can be run when it has none any more."),
        AuthorInQuery,
        AuthorInHeader,
        ("If-Match" = Option<String>, Header, description = "The tag of the version that was changed; else the `version` of the body counts, where there is one."),
    ),
    request_body(content = WorkflowDraft),
    responses(
        (status = 200, description = "It is changed.", body = Definition),
        (status = "4XX", description = "It was not changed; with 409 or 412 somebody else was faster."),
        (status = 503, description = "It cannot be changed now."),
    )
)]
async fn save(
    state: web::Data<State>,
    request: HttpRequest,
    Named(id): Named,
    Author(principal): Author,
    DraftBody(body): DraftBody,
) -> Result<HttpResponse, Problem> {
    let check = check(&request)?;
    let conditions = Conditions::of(request.headers())?;
    if body.id.as_ref().is_some_and(|named| *named != id) {
        let fault = fault(&["body", "id"], "must be the id that the path has", "invalid_value");
        return Err(Problem::invalid(Code::InvalidBody, vec![fault]));
    }
    let definitions = state.workflows.definitions.of(principal.owner());
    let condition = conditions.for_write(version_of(&definitions, &id)).await?;
    let expected = condition.or_else(|| body.version.map(Expected::Version)).unwrap_or(Expected::Any);
    let saved = definitions.update(&id, draft(body, &principal), expected, check).await;
    let definition = saved.map_err(|refused| conflict(refused, condition))?;
    state.workflows.live.saved(definition.clone());
    Ok(tagged(HttpResponse::Ok(), definition.version).json(definition))
}

/// Removes a stored workflow; where it is live, it is stopped.
#[utoipa::path(
    delete, path = "/workflows/{workflow_id}", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        AuthorInQuery,
        AuthorInHeader,
        ("If-Match" = Option<String>, Header, description = "The tag of the version that is to be removed."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = "4XX", description = "It was not removed."),
    )
)]
async fn remove(
    state: web::Data<State>,
    request: HttpRequest,
    Named(id): Named,
    Author(principal): Author,
) -> Result<HttpResponse, Problem> {
    let definitions = state.workflows.definitions.of(principal.owner());
    let condition = Conditions::of(request.headers())?.for_write(version_of(&definitions, &id)).await?;
    let definition = definitions.get(&id).await?;
    let removed = definitions.remove(&id, condition.unwrap_or(Expected::Any)).await;
    removed.map_err(|refused| conflict(refused, condition))?;
    state.workflows.live.removed(definition, &principal);
    Ok(HttpResponse::NoContent().finish())
}

async fn version_of(definitions: &Definitions, id: &str) -> Result<u64, Problem> {
    Ok(definitions.get(id).await?.version)
}

fn check(request: &HttpRequest) -> Result<Check, Problem> {
    let mut query = Query::of(request.query_string());
    let check = if flag(&mut query, "draft") { Check::Sizes } else { Check::Valid };
    query.finish().map(|()| check)
}

fn draft(body: WorkflowDraft, principal: &Principal) -> Draft {
    let author = principal.name().map(str::to_owned);
    let WorkflowDraft { id, name, version: _, autostart, graph } = body;
    Draft { id, name, autostart, graph, author }
}

/// A conflict with a precondition in a header has a status of its own.
fn conflict(refused: Refused, condition: Option<Expected>) -> Problem {
    let problem = Problem::from(refused);
    let is_precondition = problem.code == Code::VersionConflict && condition.is_some();
    if is_precondition { Problem { code: Code::PreconditionFailed, ..problem } } else { problem }
}
