//! What a run is started with, and what may be wrong with it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::session::messages::Fault;
use crate::workflow::Settings;
use crate::workflow::catalogue::Catalogue;
use crate::workflow::fault::{GraphFault, GraphFaults};
use crate::workflow::graph::Graph;
use crate::workflow::plan::Plan;
use crate::workflow::validate::validate;

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

/// Nodes or edges that are read at once: a large graph has a hundred thousand, and sockets are served in between.
const AT_ONCE: usize = 500;

impl Input {
    /// Reads the input of a run, bit by bit.
    pub(super) async fn read(input: &Value) -> Result<Self, serde_json::Error> {
        let graph = input.get("graph").and_then(Value::as_object);
        let list = |name: &str| graph.and_then(|graph| graph.get(name)).and_then(Value::as_array);
        let (nodes, edges) = (all(list("nodes")).await?, all(list("edges")).await?);
        let but = |map: Option<&Map<String, Value>>, names: &[&str]| -> Map<String, Value> {
            let rest = map.into_iter().flatten().filter(|(name, _)| !names.contains(&name.as_str()));
            rest.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let mut small = but(input.as_object(), &["graph"]);
        if graph.is_some() {
            let mut rest = but(graph, &["nodes", "edges"]);
            rest.insert("nodes".into(), Value::Array(Vec::new()));
            small.insert("graph".into(), Value::Object(rest));
        }
        let mut read = Input::deserialize(Value::Object(small))?;
        (read.graph.nodes, read.graph.edges) = (nodes, edges);
        Ok(read)
    }

    /// Sets the run up.
    pub(super) fn plan(&self, catalogue: &Catalogue, limits: &Settings, seed: u64) -> Result<Plan, Vec<Fault>> {
        let graph = |faults: Box<GraphFaults>| of_graph(&faults);
        let mut plan = Plan::new(&self.graph, catalogue, limits, seed).map_err(graph)?;
        let mut faults = Vec::new();
        for (node, inputs) in &self.inputs {
            for (input, value) in inputs {
                if let Err(error) = plan.set(node, input, value.clone()) {
                    faults.push(Fault {
                        loc: loc(&["inputs", node, input]),
                        msg: error.to_string(),
                        kind: error.word().to_owned(),
                    });
                }
            }
        }
        if faults.is_empty() { Ok(plan) } else { Err(faults) }
    }
}

async fn all<T: serde::de::DeserializeOwned>(list: Option<&Vec<Value>>) -> Result<Vec<T>, serde_json::Error> {
    let list = list.map(Vec::as_slice).unwrap_or_default();
    let mut read = Vec::with_capacity(list.len());
    for piece in list.chunks(AT_ONCE) {
        for value in piece {
            read.push(T::deserialize(value)?);
        }
        tokio::task::yield_now().await;
    }
    Ok(read)
}

/// Everything that is wrong with an input.
pub(super) fn faults(input: &Value, catalogue: &Catalogue, limits: &Settings) -> Vec<Fault> {
    match Input::deserialize(input) {
        Ok(input) => match validate(&input.graph, catalogue, limits) {
            Ok(_) => input.plan(catalogue, limits, 0).err().unwrap_or_default(),
            Err(faults) => of_graph(&faults),
        },
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn a_large_input_is_read_in_pieces_as_it_would_be_at_once() {
        let nodes: Vec<Value> = (0..1_200).map(|at| json!({"id": format!("n{at}"), "type": "Any", "x": at})).collect();
        let edge = |at: usize| {
            let (source, target) = (format!("n{at}"), format!("n{}", at + 1));
            json!({"source": source, "source_output": "value", "target": target, "target_input": "value"})
        };
        let edges: Vec<Value> = (0..700).map(edge).collect();
        let graph = json!({"nodes": nodes, "edges": edges, "groups": [1]});
        let input = json!({"workflow_id": "w", "version": 3, "graph": graph, "inputs": {"n0": {"value": 1}}});
        let (read, whole) = (Input::read(&input).await.unwrap(), Input::deserialize(&input).unwrap());
        assert_eq!((read.graph, read.inputs), (whole.graph, whole.inputs));
        assert_eq!((read.workflow_id, read.version), (whole.workflow_id, whole.version));
        for wrong in [json!({}), json!({"graph": {"nodes": [{"id": 1}]}}), json!({"graph": 1}), json!(null)] {
            assert!(Input::read(&wrong).await.is_err(), "{wrong}");
        }
    }
}
