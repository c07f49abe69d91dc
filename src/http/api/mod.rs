//! What stands under `/api/v1`: crews and agents, executions, events and their types, and the queue.

pub(super) mod agents;
pub(super) mod crews;
pub(super) mod event_types;
pub(super) mod events;
pub(super) mod executions;
pub(super) mod happening;
pub(super) mod publish;
pub(super) mod queue;
mod things;

use super::error::Problem;
use super::memory;
use super::query::Query;
use super::table::{Route, at};
use crate::crew::id_fault;

/// The paths of these, and of memory.
pub(super) fn table() -> Vec<Route> {
    vec![
        at("/api/v1/events").get(events::list).post(publish::publish),
        at("/api/v1/event-types").get(event_types::list),
        at("/api/v1/event-types/{type}").get(event_types::show).put(event_types::save).delete(event_types::remove),
        at("/api/v1/executions").get(executions::list).post(executions::start),
        at("/api/v1/executions/{execution_id}").get(executions::show),
        at("/api/v1/executions/{execution_id}/cancel").post(executions::cancel),
        at("/api/v1/queue/clear").post(queue::clear),
        at("/api/v1/agents").get(agents::list).post(agents::create),
        at("/api/v1/agents/{agent_id}").get(agents::show).put(agents::save).delete(agents::remove),
        at("/api/v1/crews").get(crews::list).post(crews::create),
        at("/api/v1/crews/{crew_id}").get(crews::show).put(crews::save).delete(crews::remove),
        at("/memory/{client_id}").get(memory::list).delete(memory::clear),
        at("/memory/{client_id}/{key}").get(memory::show).put(memory::save).delete(memory::remove),
    ]
}

/// Which page of a list is wanted, by the ids in it: at most how many, and those after which one.
///
/// # Errors
/// Where the query says something else.
fn page(query: &str) -> Result<(usize, Option<String>), Problem> {
    let mut query = Query::of(query);
    let limit = query.number("limit", 1..=1000).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = query.text("cursor");
    if cursor.as_deref().is_some_and(|cursor| id_fault(cursor).is_some()) {
        query.fault("cursor", "is none that this server has given", "invalid_value");
    }
    query.finish().map(|()| (limit, cursor))
}
