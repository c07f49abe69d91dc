//! Checks graphs that need not be stored, and gives examples: `POST /workflows/validate`, `GET /workflows/examples`.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::State;
use super::super::error::{PROBLEM_JSON, Problem, ProblemDetails};
use super::super::route::{Route, routes};
use super::WorkflowDraft;
use super::decode::DraftBody;
use crate::workflow::fault::NodeFaults;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![CheckWorkflow => validate, ReadDescription => examples]
}

/// A graph without faults.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct Validated {
    /// Always true.
    valid: bool,
    /// Always empty.
    node_errors: BTreeMap<String, NodeFaults>,
    /// How many nodes it has.
    node_count: usize,
    /// The ids of its nodes in the order in which they run.
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
    request_body(content = WorkflowDraft),
    responses(
        (status = 200, description = "Nothing is wrong with it.", body = Validated),
        (status = 422, description = "What is wrong, in `node_errors` node by node.", body = ProblemDetails, content_type = PROBLEM_JSON),
        (status = "4XX", description = "The body is no graph.", body = ProblemDetails, content_type = PROBLEM_JSON),
    )
)]
async fn validate(state: web::Data<State>, DraftBody(body): DraftBody) -> Result<HttpResponse, Problem> {
    let (graph, checked) = state.workflows.definitions.check(body.graph).await?;
    let ids = checked.order.iter().filter_map(|at| graph.nodes.get(*at)).map(|node| node.id.clone());
    let answer =
        Validated { valid: true, node_errors: BTreeMap::new(), node_count: graph.nodes.len(), order: ids.collect() };
    Ok(HttpResponse::Ok().json(answer))
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
