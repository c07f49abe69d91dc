//! A graph with everything looked up: classes, constants, links and an order in which nodes can run.

use std::collections::HashMap;
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::fault::{GraphFault, GraphFaultKind, GraphFaults, NodeFaults};
use super::graph::Graph;
use super::node::{GivenInput, NodeClass};
use super::value::Value;
use crate::config::workflows::Workflows;

pub(crate) struct Wired {
    /// In the order of the graph.
    pub(crate) nodes: Vec<WiredNode>,
    /// Indices into `nodes`, sources first.
    pub(crate) order: Vec<usize>,
}

pub(crate) struct WiredNode {
    pub(crate) class: Arc<dyn NodeClass>,
    pub(crate) feeds: Vec<Feed>,
}

pub(crate) enum Feed {
    Link { source: usize, output: usize },
    Constant(Value),
    Absent,
}

impl Feed {
    pub(crate) fn given(&self) -> GivenInput<'_> {
        match self {
            Feed::Link { .. } => GivenInput::Linked,
            Feed::Constant(value) => GivenInput::Constant(value),
            Feed::Absent => GivenInput::Absent,
        }
    }
}

pub(crate) fn wire(graph: &Graph, catalogue: &Catalogue, _limits: &Workflows) -> Result<Wired, Box<GraphFaults>> {
    let places: HashMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let Some(class) = catalogue.get(&node.class) else {
            return Err(fault(&node.id, &node.class, GraphFaultKind::MissingNodeType));
        };
        let feeds = class.spec().inputs.iter().map(|input| {
            match node.inputs.get(input.name).filter(|value| !value.is_null()).cloned().map(Value::from) {
                Some(value) => Feed::Constant(value),
                None => input.default.clone().map_or(Feed::Absent, Feed::Constant),
            }
        });
        nodes.push(WiredNode { feeds: feeds.collect(), class: class.clone() });
    }
    let mut missing = vec![0_usize; nodes.len()];
    let mut below = vec![Vec::new(); nodes.len()];
    for edge in &graph.edges {
        let bad = || fault(&edge.target, "", GraphFaultKind::BadLinkedInput);
        let source = *places.get(edge.source.as_str()).ok_or_else(bad)?;
        let target = *places.get(edge.target.as_str()).ok_or_else(bad)?;
        let outputs = &nodes[source].class.spec().outputs;
        let output = outputs.iter().position(|port| port.name == edge.source_output).ok_or_else(bad)?;
        let inputs = &nodes[target].class.spec().inputs;
        let input = inputs.iter().position(|port| port.name == edge.target_input).ok_or_else(bad)?;
        nodes[target].feeds[input] = Feed::Link { source, output };
        missing[target] += 1;
        below[source].push(target);
    }
    let mut order: Vec<usize> = (0..nodes.len()).filter(|at| missing[*at] == 0).collect();
    let mut next = 0;
    while let Some(at) = order.get(next).copied() {
        next += 1;
        for target in &below[at] {
            missing[*target] -= 1;
            if missing[*target] == 0 {
                order.push(*target);
            }
        }
    }
    match missing.iter().position(|missing| *missing > 0) {
        None => Ok(Wired { nodes, order }),
        Some(at) => Err(fault(&graph.nodes[at].id, &graph.nodes[at].class, GraphFaultKind::DependencyCycle)),
    }
}

fn fault(id: &str, class: &str, kind: GraphFaultKind) -> Box<GraphFaults> {
    let fault = GraphFault { kind, message: String::new(), details: String::new(), extra_info: serde_json::Map::new() };
    let mut faults = GraphFaults::default();
    let errors = NodeFaults { class_type: class.to_owned(), errors: vec![fault], dependent_outputs: Vec::new() };
    faults.node_errors.insert(id.to_owned(), errors);
    Box::new(faults)
}
