//! Live workflows: `POST /workflows/{workflow_id}/continuous/start`, `/stop` and `/step`, and `GET …/status`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::{Fields, fault, word};
use super::super::error::{Code, Problem};
use super::super::route::{Route, routes};
use super::request::{Author, AuthorInHeader, AuthorInQuery, Named};
use crate::auth::{CallerAddress, Principal};
use crate::workflow::client::{ExecutorKind, LiveOptions};
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;
use crate::workflow::refused::Refused;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![ReadWorkflow => status, ControlWorkflow => start, ControlWorkflow => stop, ControlWorkflow => step]
}

/// Longest time between two iterations, in milliseconds: a day.
const LONGEST_INTERVAL: u64 = 86_400_000;

/// Makes a stored workflow live, or lets one that is paused run on.
#[utoipa::path(
    post, path = "/workflows/{workflow_id}/continuous/start", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        AuthorInQuery,
        AuthorInHeader,
    ),
    request_body(content = Option<LiveOptions>),
    responses(
        (status = 200, description = "It is live.", body = Status),
        (status = "4XX", description = "It was not started."),
        (status = 503, description = "It cannot be started now."),
    )
)]
async fn start(
    state: web::Data<State>,
    request: HttpRequest,
    Named(id): Named,
    Author(principal): Author,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let definition = state.workflows.definitions.of(principal.owner()).get(&id).await?;
    let options = decode(body, state.settings.workflows.min_interval_ms)?;
    check_size(options.executor, definition.graph.nodes.len(), state.settings.workflows.max_naive_nodes)?;
    let status = state.workflows.live.start(definition, options, (&principal, CallerAddress::of(&request))).await?;
    Ok(HttpResponse::Ok().json(status))
}

/// Stops a live workflow; one that is not live stays so.
#[utoipa::path(
    post, path = "/workflows/{workflow_id}/continuous/stop", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        AuthorInQuery,
        AuthorInHeader,
    ),
    responses(
        (status = 200, description = "How it stood at its end.", body = Status),
        (status = "4XX", description = "There is no such workflow."),
        (status = 503, description = "It cannot be stopped now."),
    )
)]
async fn stop(state: web::Data<State>, Named(id): Named, Author(principal): Author) -> Result<HttpResponse, Problem> {
    let definition = state.workflows.definitions.of(principal.owner()).get(&id).await?;
    let stopped = state.workflows.live.stop(&id, &principal).await?;
    let status = match stopped {
        Some(status) => status,
        None => state.workflows.definitions.standing(definition).await?,
    };
    Ok(HttpResponse::Ok().json(status))
}

/// Does one iteration of a workflow; one that is not live becomes paused first.
#[utoipa::path(
    post, path = "/workflows/{workflow_id}/continuous/step", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        AuthorInQuery,
        AuthorInHeader,
    ),
    responses(
        (status = 200, description = "How it stands then.", body = Status),
        (status = "4XX", description = "It was not done."),
        (status = 503, description = "It cannot be done now."),
    )
)]
async fn step(
    state: web::Data<State>,
    request: HttpRequest,
    Named(id): Named,
    Author(principal): Author,
) -> Result<HttpResponse, Problem> {
    let definition = state.workflows.definitions.of(principal.owner()).get(&id).await?;
    let status = state.workflows.live.step(definition, (&principal, CallerAddress::of(&request))).await?;
    Ok(HttpResponse::Ok().json(status))
}

/// Describes the state of a workflow, whether it is live or not.
#[utoipa::path(
    get, path = "/workflows/{workflow_id}/status", tag = "workflows",
    params(("workflow_id" = String, Path, description = "The workflow's id.")),
    responses(
        (status = 200, description = "How it stands.", body = Status),
        (status = 404, description = "There is no such workflow."),
        (status = 503, description = "Its state is not available now."),
    )
)]
async fn status(state: web::Data<State>, principal: Principal, Named(id): Named) -> Result<HttpResponse, Problem> {
    let (_, standing) = standing(&state, &principal, &id).await?;
    Ok(HttpResponse::Ok().json(standing))
}

/// Which workflow somebody names, and how it stands, also where it is not live.
pub(super) async fn standing(state: &State, principal: &Principal, id: &str) -> Result<(WorkflowKey, Status), Refused> {
    let definition = state.workflows.definitions.of(principal.owner()).get(id).await?;
    let key = WorkflowKey::of(&definition);
    let status = match state.workflows.live.status(&key).await? {
        Some(status) => status,
        None => state.workflows.definitions.standing(definition).await?,
    };
    Ok((key, status))
}

fn decode(body: Option<Value>, min_interval_ms: u64) -> Result<LiveOptions, Problem> {
    let mut fields = Fields::of(body)?;
    let options = LiveOptions {
        interval_ms: number(&mut fields, "interval_ms", min_interval_ms, LONGEST_INTERVAL),
        max_iterations: number(&mut fields, "max_iterations", 1, u64::MAX),
        autostart: fields.boolean("autostart"),
        executor: fields.one_of("executor", "plan or naive", executor).unwrap_or_default(),
    };
    let faults = fields.finish();
    if faults.is_empty() { Ok(options) } else { Err(Problem::invalid(Code::InvalidBody, faults)) }
}

fn executor(word: &str) -> Option<ExecutorKind> {
    match word {
        "plan" => Some(ExecutorKind::Plan),
        "naive" => Some(ExecutorKind::Naive),
        _ => None,
    }
}

fn check_size(executor: ExecutorKind, nodes: usize, most: usize) -> Result<(), Problem> {
    if executor == ExecutorKind::Plan || nodes <= most {
        return Ok(());
    }
    let message = format!("naive is for graphs of at most {most} nodes, and this one has {nodes}");
    Err(Problem::invalid(Code::InvalidBody, vec![fault(&["body", "executor"], message, "too_large")]))
}

fn number(fields: &mut Fields, key: &str, min: u64, max: u64) -> Option<u64> {
    let value = fields.value(key)?;
    let Some(number) = value.as_u64() else {
        let wanted = format!("a whole number from {min}");
        if value.is_number() {
            fields.fault(&[key], format!("must be {wanted}"), "invalid_value");
        } else {
            fields.wrong_type(&[key], &wanted, word(&value));
        }
        return None;
    };
    if !(min..=max).contains(&number) {
        fields.fault(&[key], format!("must be from {min} to {max}"), "out_of_range");
        return None;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn how_it_is_to_run() {
        let read = decode(Some(json!({"interval_ms": 0, "max_iterations": 3, "executor": "naive"})), 0).unwrap();
        let (interval_ms, max_iterations, executor) = (Some(0), Some(3), ExecutorKind::Naive);
        assert_eq!(read, LiveOptions { interval_ms, max_iterations, autostart: None, executor });
        assert_eq!(decode(None, 1).unwrap(), LiveOptions::default());
        let body = json!({"interval_ms": 86_400_001, "max_iterations": 0, "autostart": 1, "executor": "Plan", "x": 1});
        let kinds: Vec<_> = decode(Some(body), 0).unwrap_err().errors.into_iter().map(|fault| fault.kind).collect();
        assert_eq!(kinds, ["out_of_range", "out_of_range", "wrong_type", "invalid_value", "unknown_field"]);
        let faults = decode(Some(json!({"interval_ms": -1, "max_iterations": "2"})), 0).unwrap_err().errors;
        assert_eq!((faults[0].kind.as_str(), faults[1].kind.as_str()), ("invalid_value", "wrong_type"));
        let fault = decode(Some(json!({"interval_ms": 0})), 1).unwrap_err().errors.remove(0);
        assert_eq!((fault.kind.as_str(), fault.msg.as_str()), ("out_of_range", "must be from 1 to 86400000"));
    }

    #[test]
    fn the_naive_executor_is_for_small_graphs() {
        assert!(
            check_size(ExecutorKind::Naive, 1000, 1000).is_ok() && check_size(ExecutorKind::Plan, 1001, 1000).is_ok()
        );
        let fault = check_size(ExecutorKind::Naive, 1001, 1000).unwrap_err().errors.remove(0);
        assert_eq!(fault.loc, ["body", "executor"]);
        assert_eq!(fault.msg, "naive is for graphs of at most 1000 nodes, and this one has 1001");
    }
}
