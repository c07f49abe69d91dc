//! What stands under `/api/v1`: crews and agents, executions, events and their types, and the queue.

pub(super) mod agents;
mod crew_tasks;
pub(super) mod crews;
pub(super) mod event_types;
pub(super) mod events;
pub(super) mod executions;
pub(crate) mod import;
mod kept_events;
pub(super) mod keys;
pub(super) mod kickoff;
pub(super) mod new_event;
pub(super) mod publish;
pub(super) mod queue;
pub(super) mod users;
mod versioned_resource;

use super::error::Problem;
use super::query::Query;
use super::route::Route;
use crate::crew::id_fault;

pub(super) fn routes() -> Vec<Route> {
    let all = [
        events::routes(),
        publish::routes(),
        event_types::routes(),
        executions::routes(),
        queue::routes(),
        agents::routes(),
        import::routes(),
        crews::routes(),
        kickoff::routes(),
        keys::routes(),
        users::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// Which page of a list is wanted, by the ids in it: at most how many, and those after which one.
///
/// # Errors
/// Where the query says something else.
fn page(query: &str) -> Result<(usize, Option<String>), Problem> {
    let mut query = Query::of(query);
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    // What an operator goes on from names an owner, too.
    let id = cursor.as_deref().map(|cursor| cursor.split_once('@').map_or(cursor, |(id, _)| id));
    if id.is_some_and(|id| id_fault(id).is_some()) {
        query.fault("cursor", "is none that this server has given", "invalid_value");
    }
    query.finish().map(|()| (limit, cursor))
}
