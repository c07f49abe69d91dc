//! What a run is started with, and what may be wrong with it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::workflows::Workflows;
use crate::session::messages::Fault;
use crate::workflow::catalogue::Catalogue;
use crate::workflow::fault::{GraphFault, GraphFaults};
use crate::workflow::graph::Graph;
use crate::workflow::plan::Plan;
use crate::workflow::refused::Refused;

/// What a run is started with.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    #[serde(default)]
    pub(super) workflow_id: Option<String>,
    #[serde(default)]
    pub(super) version: Option<u64>,
    pub(super) graph: Graph,
    #[serde(default)]
    pub(super) inputs: BTreeMap<String, Map<String, Value>>,
}

impl Input {
    /// Sets the run up.
    pub(super) fn plan(&self, catalogue: &Catalogue, limits: &Workflows, seed: u64) -> Result<Plan, Vec<Fault>> {
        let graph = |faults: Box<GraphFaults>| of_graph(&faults);
        let mut plan = Plan::new(&self.graph, catalogue, limits, seed).map_err(graph)?;
        let mut faults = Vec::new();
        for (node, inputs) in &self.inputs {
            for (input, value) in inputs {
                if let Err(refused) = plan.set(node, input, value.clone()) {
                    faults.push(Fault {
                        loc: loc(&["inputs", node, input]),
                        msg: refused.to_string(),
                        kind: word(&refused).to_owned(),
                    });
                }
            }
        }
        if faults.is_empty() { Ok(plan) } else { Err(faults) }
    }
}

/// Everything that is wrong with an input.
pub(super) fn faults(input: &Value, catalogue: &Catalogue, limits: &Workflows) -> Vec<Fault> {
    match Input::deserialize(input) {
        Ok(input) => input.plan(catalogue, limits, 0).err().unwrap_or_default(),
        Err(error) => {
            let part = if input.get("graph").is_some_and(|graph| Graph::deserialize(graph).is_ok()) {
                Vec::new()
            } else {
                vec!["graph"]
            };
            vec![Fault { loc: loc(&part), msg: error.to_string(), kind: "invalid_type".to_owned() }]
        }
    }
}

fn of_graph(faults: &GraphFaults) -> Vec<Fault> {
    let fault = |loc: Vec<String>, fault: &GraphFault| Fault {
        loc,
        msg: if fault.details.is_empty() {
            fault.message.clone()
        } else {
            format!("{}: {}", fault.message, fault.details)
        },
        // The words of the wire are what serialization makes of them.
        kind: serde_json::to_value(fault.kind)
            .ok()
            .and_then(|kind| kind.as_str().map(str::to_owned))
            .unwrap_or_default(),
    };
    let whole = faults.graph_errors.iter().map(|error| fault(loc(&["graph"]), error));
    let of_node = |(id, node): (&String, &crate::workflow::fault::NodeFaults)| -> Vec<Fault> {
        let at = |error: &GraphFault| {
            let mut loc = loc(&["graph", "nodes", id]);
            loc.extend(error.extra_info.get("input_name").and_then(Value::as_str).map(str::to_owned));
            loc
        };
        node.errors.iter().map(|error| fault(at(error), error)).collect()
    };
    whole.chain(faults.node_errors.iter().flat_map(of_node)).collect()
}

fn loc(path: &[&str]) -> Vec<String> {
    ["body", "input"].iter().chain(path).map(|key| (*key).to_owned()).collect()
}

/// Why an input was not changed, in a word.
fn word(refused: &Refused) -> &'static str {
    match refused {
        Refused::UnknownNode(_) => "unknown_node",
        Refused::UnknownInput(_) => "unknown_input",
        Refused::InputIsLinked => "input_is_linked",
        Refused::InvalidValue(_)
        | Refused::UnknownWorkflow
        | Refused::AmbiguousNode(_)
        | Refused::Invalid(_)
        | Refused::AlreadyExists
        | Refused::VersionConflict(_)
        | Refused::AlreadyRunning
        | Refused::Ending
        | Refused::TooManyLive
        | Refused::ShuttingDown
        | Refused::Unavailable(_) => "invalid_value",
    }
}
