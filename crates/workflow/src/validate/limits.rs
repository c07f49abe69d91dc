//! The sizes of a graph: looked at first, before anything is looked up or copied.

use serde_json::{Map, json};

use super::report::{cut, fault};
use crate::fault::{GraphFault, GraphFaultKind, GraphFaults, NodeFaults};
use crate::graph::Graph;
use crate::settings::Settings;
use crate::value::json_size;

/// Most characters of a node's id.
pub(super) const MAX_ID: usize = 128;

/// Most faults that are listed of sizes.
const MAX_TOLD: usize = 100;

/// Checks only the sizes of a graph, and that its nodes have ids of 1 to 128 characters.
///
/// # Errors
/// What is too large.
pub fn within_limits(graph: &Graph, limits: &Settings) -> Result<(), Box<GraphFaults>> {
    let mut faults = GraphFaults::default();
    faults.graph_errors.extend(count("nodes", graph.nodes.len(), limits.max_nodes));
    faults.graph_errors.extend(count("edges", graph.edges.len(), limits.max_edges));
    if !faults.graph_errors.is_empty() {
        return Err(Box::new(faults));
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        if faults.graph_errors.len() + faults.node_errors.len() >= MAX_TOLD {
            break;
        }
        // More characters than bytes there cannot be, so that most ids are not counted.
        if node.id.is_empty() || (node.id.len() > MAX_ID && node.id.chars().count() > MAX_ID) {
            faults.graph_errors.push(id(at, &node.id));
            continue;
        }
        let sizes = node.inputs.iter().map(|(name, value)| (name, json_size(value)));
        let large = sizes.filter(|(_, size)| *size > limits.max_constant_bytes).take(MAX_TOLD);
        let errors: Vec<GraphFault> =
            large.map(|(name, size)| constant(name, size, limits.max_constant_bytes)).collect();
        if !errors.is_empty() {
            let class_type = cut(&node.class);
            let of_node = NodeFaults { class_type, errors, dependent_outputs: Vec::new() };
            faults.node_errors.insert(node.id.clone(), of_node);
        }
    }
    if faults.graph_errors.is_empty() && faults.node_errors.is_empty() { Ok(()) } else { Err(Box::new(faults)) }
}

/// The fault of a graph whose constants take too long to look at.
pub(super) fn too_long() -> GraphFault {
    let details =
        "its templates, scripts, patterns and other constants are too many, or too large, together".to_owned();
    fault(GraphFaultKind::TooLarge, "The graph takes too long to check", details, Map::new())
}

fn count(what: &str, received: usize, max: usize) -> Option<GraphFault> {
    (received > max).then(|| {
        let mut extra = Map::new();
        extra.insert("received".to_owned(), json!(received));
        extra.insert("max".to_owned(), json!(max));
        let details = format!("it has {received} {what}, and this server takes {max}");
        fault(GraphFaultKind::TooLarge, format!("The graph has too many {what}"), details, extra)
    })
}

fn id(at: usize, id: &str) -> GraphFault {
    let mut extra = Map::new();
    extra.insert("position".to_owned(), json!(at));
    extra.insert("received_value".to_owned(), json!(cut(id)));
    let details = format!("the id of the node at position {at}, counted from 0, has {} characters", id.chars().count());
    fault(GraphFaultKind::TooLarge, format!("A node's id has 1 to {MAX_ID} characters"), details, extra)
}

fn constant(name: &str, size: usize, max: usize) -> GraphFault {
    let mut extra = Map::new();
    extra.insert("input_name".to_owned(), json!(cut(name)));
    extra.insert("received".to_owned(), json!(size));
    extra.insert("max".to_owned(), json!(max));
    let details = format!("{}: about {size} bytes, and this server takes {max}", cut(name));
    fault(GraphFaultKind::TooLarge, "A constant is too large", details, extra)
}
