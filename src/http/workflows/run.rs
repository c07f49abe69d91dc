//! `POST /workflows/{workflow_id}/run`: a workflow runs once, as a session.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;

use super::super::State;
use super::super::body::JsonBody;
use super::super::decode::{Fields, word};
use super::super::error::{Code, Problem};
use super::super::recorded::Noted;
use super::super::route::{Route, routes};
use super::super::sessions::callbacks::{NewCallback, callback};
use super::super::sessions::start::{idempotency, labels, on_disconnect, priority};
use super::request::Named;
use crate::auth::Principal;
use crate::domain::record::Spec;
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::process::threads;
use crate::session::messages::{Fault, Refused};
use crate::workflow::catalogue::Catalogue;
use crate::workflow::client::RunInputs;
use crate::workflow::graph::{Graph, GraphNode};

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![RunWorkflow => run]
}

/// The task kind that runs workflows, and the label that its sessions have.
const TASK: &str = crate::task::workflow::NAME;

/// How a workflow runs once. Every field may be left out.
#[derive(Debug, Default, PartialEq, ToSchema)]
pub(in crate::http) struct RunWorkflow {
    /// By node and input; they take the place of the graph's constants.
    #[schema(value_type = Option<BTreeMap<String, BTreeMap<String, Value>>>)]
    inputs: RunInputs,
    /// How urgent it is.
    priority: Option<Priority>,
    /// The caller's own marks, to find the session by; `workflow` is the workflow's id.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    labels: BTreeMap<String, String>,
    /// What happens when the session's last connection goes.
    on_disconnect: Option<OnDisconnect>,
    /// Where its news is posted to.
    #[schema(value_type = Option<NewCallback>)]
    callback: (),
}

/// A session that runs a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct StartedRun {
    /// The session's id.
    #[schema(value_type = String, format = "uuid")]
    session_id: crate::domain::id::SessionId,
    /// The workflow's id.
    workflow_id: String,
    /// Where the session stands.
    status: Status,
}

/// Runs a stored workflow once; its session is in the store when the answer comes.
#[utoipa::path(
    post, path = "/workflows/{workflow_id}/run", tag = "workflows",
    params(
        ("workflow_id" = String, Path, description = "The workflow's id."),
        ("Idempotency-Key" = Option<String>, Header, pattern = r"^[!-~]{1,255}$", description = "The same key gives the same session back."),
    ),
    request_body(content = Option<RunWorkflow>),
    responses(
        (status = 200, description = "It runs.", body = StartedRun),
        (status = "4XX", description = "It was not started."),
        (status = 503, description = "It cannot be started now."),
    )
)]
async fn run(
    state: web::Data<State>,
    principal: Principal,
    request: HttpRequest,
    Named(id): Named,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, Problem> {
    let idempotency = idempotency(&request, &format!("POST /workflows/{id}/run"), body.as_ref())?;
    let definition = state.workflows.definitions.of(principal.owner()).get(&id).await?;
    let mut fields = Fields::of(body)?;
    let callback = callback(&mut fields, &state);
    let run = decode(fields, state.settings.sessions.max_labels)?;
    let (graph, _) = state.workflows.definitions.check(definition.graph).await?;
    let (catalogue, inputs) = (Arc::clone(&state.workflows.catalogue), run.inputs);
    let (workflow, version) = (id.clone(), definition.version);
    // A large graph takes long to look through and to copy.
    let input = threads::blocking(move || {
        let faults = faults(&graph, &catalogue, &inputs);
        let input = || json!({"workflow_id": workflow, "version": version, "graph": graph, "inputs": inputs});
        if faults.is_empty() { Ok(input()) } else { Err(Problem::invalid(Code::InvalidInputs, faults)) }
    });
    let input = input.await.map_err(Problem::from).flatten()?;
    let mut labels = run.labels;
    labels.insert(TASK.to_owned(), id.clone());
    let spec = Spec {
        input,
        priority: run.priority.unwrap_or_default(),
        on_disconnect: run.on_disconnect.unwrap_or_default(),
        labels,
        title: Some(definition.name),
        callback,
        ..Spec::new(TASK)
    };
    let started = state.sessions.start(&principal, spec, idempotency).await.map_err(refused)?;
    Noted::session(&request, started.session_id);
    let answer = StartedRun { session_id: started.session_id, workflow_id: id, status: started.status };
    Ok(HttpResponse::Ok().json(answer))
}

/// What the task kind refuses is in what the client has sent, but for the place: there the input is the whole body.
fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Invalid(mut faults) => {
            for fault in &mut faults {
                if fault.loc.get(1).is_some_and(|part| part == "input") {
                    fault.loc.remove(1);
                }
            }
            Problem::invalid(Code::InvalidInputs, faults)
        }
        other @ (Refused::UnknownSession
        | Refused::UnknownTask(_)
        | Refused::IdempotencyConflict
        | Refused::ExecutionExists
        | Refused::NotEnded
        | Refused::NoOpenRequest
        | Refused::AmbiguousRequest
        | Refused::NotAsked(_)
        | Refused::NotOwned
        | Refused::AlreadyAnswered { .. }
        | Refused::Rejected { .. }
        | Refused::QueueFull
        | Refused::ShuttingDown
        | Refused::Elsewhere
        | Refused::Locked
        | Refused::Unavailable(_)) => other.into(),
    }
}

fn decode(mut fields: Fields, max_labels: usize) -> Result<RunWorkflow, Problem> {
    let mut inputs = RunInputs::new();
    for (node, given) in fields.object("inputs").unwrap_or_default() {
        let found = word(&given);
        let Value::Object(given) = given else {
            fields.wrong_type(&["inputs", &node], "an object", found);
            continue;
        };
        inputs.insert(node, given);
    }
    let run = RunWorkflow {
        inputs,
        priority: priority(&mut fields),
        labels: labels(&mut fields, max_labels),
        on_disconnect: on_disconnect(&mut fields),
        callback: (),
    };
    let faults = fields.finish();
    if faults.is_empty() { Ok(run) } else { Err(Problem::invalid(Code::InvalidBody, faults)) }
}

/// What is wrong with the inputs of a run of this graph, which is valid itself.
fn faults(graph: &Graph, catalogue: &Catalogue, inputs: &RunInputs) -> Vec<Fault> {
    let nodes: BTreeMap<&str, &GraphNode> = if inputs.is_empty() {
        BTreeMap::new()
    } else {
        graph.nodes.iter().map(|node| (node.id.as_str(), node)).collect()
    };
    let linked: HashSet<(&str, &str)> = if inputs.is_empty() {
        HashSet::new()
    } else {
        graph.edges.iter().map(|edge| (edge.target.as_str(), edge.target_input.as_str())).collect()
    };
    let mut faults = Vec::new();
    for (id, given) in inputs {
        match nodes.get(id.as_str()) {
            None => faults.push(fault(&[id], "the workflow has no such node", "unknown_node")),
            Some(node) => of_node(&linked, catalogue, node, given, &mut faults),
        }
    }
    faults
}

fn of_node(
    linked: &HashSet<(&str, &str)>,
    catalogue: &Catalogue,
    node: &GraphNode,
    given: &Map<String, Value>,
    faults: &mut Vec<Fault>,
) {
    let spec = catalogue.get(&node.class).map(|class| class.spec());
    for (name, value) in given {
        let mut inputs = spec.into_iter().flat_map(|spec| &spec.inputs);
        let Some(input) = inputs.find(|input| input.name == name) else {
            faults.push(fault(&[&node.id, name], "the node has no such input", "unknown_input"));
            continue;
        };
        if linked.contains(&(node.id.as_str(), name.as_str())) {
            let text = "the input is linked to another node's output, and follows that";
            faults.push(fault(&[&node.id, name], text, "input_is_linked"));
        } else if input.misfit(&value.clone().into()).is_some() {
            faults.push(fault(&[&node.id, name], &input.wanted(), "invalid_value"));
        }
    }
}

fn fault(place: &[&str], msg: &str, kind: &str) -> Fault {
    super::super::decode::fault(&[&["body", "inputs"], place].concat(), msg, kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::nodes::built_in;

    #[test]
    fn what_a_run_cannot_be_given_is_told_place_by_place() {
        let graph = json!({"nodes": [{"id": "a", "type": "TextInput"}, {"id": "b", "type": "TextInput"}],
            "edges": [{"source": "a", "source_output": "text", "target": "b", "target_input": "text"}]});
        let graph: Graph = serde_json::from_value(graph).unwrap();
        let inputs = json!({"a": {"text": "x"}, "b": {"text": "y"}, "c": {"text": "z"}});
        let inputs = decode(Fields::of(Some(json!({"inputs": inputs}))).unwrap(), 8).unwrap().inputs;
        let faults = |inputs: &RunInputs| {
            let faults = faults(&graph, &built_in(&crate::workflow::Settings::default()).unwrap(), inputs);
            faults.iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect::<Vec<_>>()
        };
        assert_eq!(faults(&inputs), ["body.inputs.b.text input_is_linked", "body.inputs.c unknown_node"]);
        let inputs =
            decode(Fields::of(Some(json!({"inputs": {"a": {"text": 3, "txt": 1}}}))).unwrap(), 8).unwrap().inputs;
        assert_eq!(faults(&inputs), ["body.inputs.a.text invalid_value", "body.inputs.a.txt unknown_input"]);
        assert!(faults(&RunInputs::new()).is_empty());
        let wrong = decode(Fields::of(Some(json!({"inputs": {"a": 1}, "priority": "x", "y": 1}))).unwrap(), 8)
            .unwrap_err()
            .errors;
        assert_eq!(wrong.len(), 3);
    }

    #[test]
    fn what_the_task_kind_refuses_is_told_at_its_place() {
        let loc = ["body", "input", "inputs", "a", "text"].map(str::to_owned).to_vec();
        let fault = Fault { loc, msg: "must be a text".into(), kind: "invalid_value".into() };
        let problem = refused(Refused::Invalid(vec![fault]));
        assert_eq!(
            (problem.code, problem.errors[0].loc.join(".").as_str()),
            (Code::InvalidInputs, "body.inputs.a.text")
        );
    }
}
