//! Checks graphs that need not be stored, and gives examples: `POST /workflows/validate`, `GET /workflows/examples`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::Problem;
use super::super::query::Query;
use super::super::route::{Route, routes};
use super::WorkflowDraft;
use super::decode::DraftBody;
use super::request::flag;
use crate::workflow::fault::{GraphFault, GraphFaults, NodeFaults};
use crate::workflow::refused::Refused;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![CheckWorkflow => validate, ReadDescription => examples]
}

/// What the check of a graph has found.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct Validated {
    /// Whether it can run; always true where no report was asked for.
    valid: bool,
    /// What is wrong, by the id of the node.
    node_errors: BTreeMap<String, NodeFaults>,
    /// What is wrong with the graph as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<GraphFault>>", optional))]
    graph_errors: Vec<GraphFault>,
    /// How many nodes it has.
    node_count: usize,
    /// The ids of its nodes in the order in which they run; empty where it cannot run.
    order: Vec<String>,
}

/// Workflows that show what can be done.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ExampleList {
    /// As `POST /workflows` takes them, each with a `description`.
    #[schema(value_type = Vec<Object>)]
    #[cfg_attr(test, ts(type = "Array<Graph & { id: string, name: string, description: string }>"))]
    examples: Vec<Value>,
}

#[derive(RustEmbed)]
#[folder = "examples/workflows"]
struct Files;

/// Tells everything that is wrong with a graph, without storing it.
#[utoipa::path(
    post, path = "/workflows/validate", tag = "workflows",
    params(
        ("report" = Option<bool>, Query, description = "Whether a graph with problems is answered by 200 and `valid: false`, for editors that check while somebody draws."),
    ),
    request_body(content = WorkflowDraft),
    responses(
        (status = 200, description = "Nothing is wrong with it, or a report was asked for.", body = Validated),
        (status = 422, description = "What is wrong, in `node_errors` node by node."),
        (status = "4XX", description = "The body is no graph."),
    )
)]
async fn validate(
    state: web::Data<State>,
    request: HttpRequest,
    DraftBody(body): DraftBody,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string());
    let wants_report = flag(&mut query, "report");
    query.finish()?;
    let node_count = body.graph.nodes.len();
    let answer = match state.workflows.definitions.check(body.graph).await {
        Ok((graph, checked)) => {
            let ids = checked.order.iter().filter_map(|at| graph.nodes.get(*at)).map(|node| node.id.clone());
            Validated { valid: true, order: ids.collect(), ..Validated::of(GraphFaults::default(), node_count) }
        }
        Err(Refused::Invalid(faults)) if wants_report => Validated::of(*faults, node_count),
        Err(refused) => return Err(refused.into()),
    };
    Ok(HttpResponse::Ok().json(answer))
}

impl Validated {
    /// A graph with these faults.
    fn of(GraphFaults { node_errors, graph_errors }: GraphFaults, node_count: usize) -> Self {
        Self { valid: false, node_errors, graph_errors, node_count, order: Vec::new() }
    }
}

/// Gives workflows that show what can be done.
#[utoipa::path(
    get, path = "/workflows/examples", tag = "workflows",
    responses((status = 200, description = "The examples, in the order of their files' names.", body = ExampleList))
)]
async fn examples() -> HttpResponse {
    HttpResponse::Ok().json(ExampleList { examples: read().collect() })
}

/// The examples that are JSON; a test sees to it that all are.
fn read() -> impl Iterator<Item = Value> {
    let mut names: Vec<_> = Files::iter().filter(|name| name.ends_with(".json")).collect();
    names.sort();
    names.into_iter().filter_map(|name| serde_json::from_slice(&Files::get(&name)?.data).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Settings;
    use crate::workflow::fault::GraphFaultKind;
    use crate::workflow::nodes::built_in;
    use crate::workflow::validate::validate;

    #[test]
    fn every_example_can_be_stored() {
        let mut ids = std::collections::BTreeSet::new();
        for example in read() {
            assert!(example["description"].as_str().is_some_and(|text| text.len() > 20), "{example}");
            let draft = super::super::decode::read(Some(example)).unwrap();
            assert!(!draft.name.is_empty() && ids.insert(draft.id.clone().unwrap()), "{draft:?}");
            let faults =
                validate(&draft.graph, &built_in(&crate::workflow::Settings::default()).unwrap(), &Settings::default())
                    .err();
            let faults = faults.into_iter().flat_map(|faults| faults.node_errors);
            let wrong: Vec<_> = faults
                .flat_map(|(_, node)| node.errors)
                // A class that this build leaves out is no fault of the example.
                .filter(|fault| fault.kind != GraphFaultKind::MissingNodeType)
                .collect();
            assert!(wrong.is_empty(), "{:?} {wrong:?}", draft.id);
        }
        assert_eq!(ids.len(), Files::iter().filter(|name| name.ends_with(".json")).count());
    }
}
