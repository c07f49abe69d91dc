//! `GET /tasks`.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::route::{Route, routes};

pub(super) fn routes() -> Vec<Route> {
    routes![ReadDescription => tasks]
}

/// The task kinds.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct TaskList<'a> {
    /// In the order of their names.
    tasks: Vec<TaskInfo<'a>>,
}

/// A task kind.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct TaskInfo<'a> {
    /// Its name.
    name: &'a str,
    /// What it does.
    description: &'a str,
    /// Whether its sessions are made by the server itself, for workflows and the like: it is not offered to people.
    internal: bool,
    /// The JSON Schema of its input.
    #[cfg_attr(test, ts(type = "unknown"))]
    input_schema: Value,
    /// The JSON Schema of its configuration.
    #[cfg_attr(test, ts(type = "unknown"))]
    config_schema: Value,
}

/// Lists what can be started.
#[utoipa::path(
    get, path = "/tasks", tag = "tasks",
    responses((status = 200, description = "The task kinds.", body = TaskList<'_>))
)]
async fn tasks(state: web::Data<State>) -> HttpResponse {
    let tasks = state.sessions.kinds().all().map(|kind| TaskInfo {
        name: kind.name(),
        description: kind.description(),
        internal: kind.is_internal(),
        input_schema: kind.input_schema(),
        config_schema: kind.config_schema(),
    });
    HttpResponse::Ok().json(TaskList { tasks: tasks.collect() })
}
