//! Graphs that are made to hurt: refused by their size, or looked at with bounded work and a bounded report.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::{validate, validate_within};
use super::{catalogue, found};
use crate::fault::GraphFaults;
use crate::graph::{Edge, Graph, GraphNode};
use crate::settings::Settings;

const MANY: usize = 100_000;

fn any(at: usize) -> GraphNode {
    GraphNode { id: format!("n{at}"), class: "Any".to_owned(), ..GraphNode::default() }
}

fn edge(source: usize, target: usize, input: &str) -> Edge {
    Edge {
        source: format!("n{source}"),
        source_output: "value".to_owned(),
        target: format!("n{target}"),
        target_input: input.to_owned(),
        ..Edge::default()
    }
}

/// Each linked to the one before it, drawn in the wrong direction; the first has a constant.
fn chain(length: usize) -> Graph {
    let mut nodes: Vec<GraphNode> = (0..length).map(any).collect();
    nodes[0].inputs.insert("value".to_owned(), json!(1));
    nodes.reverse();
    Graph { nodes, edges: (1..length).map(|at| edge(at - 1, at, "value")).collect(), ..Graph::default() }
}

fn raised() -> Settings {
    Settings { max_nodes: 1_000_000, max_edges: 1_000_000, max_constant_bytes: usize::MAX, ..Settings::default() }
}

fn faults(graph: &Graph, limits: &Settings) -> GraphFaults {
    *validate(graph, &catalogue(), limits).unwrap_err()
}

#[test]
fn a_deep_chain_is_refused_or_put_in_order() {
    let graph = chain(MANY);
    let refused = faults(&graph, &Settings::default());
    assert_eq!(found(&refused), ["too_large: it has 100000 nodes, and this server takes 20000"]);
    let checked = validate(&graph, &catalogue(), &raised()).unwrap();
    assert!(checked.order.iter().copied().eq((0..MANY).rev()));
}

#[test]
fn a_ring_is_told_whole_once_and_bounded_altogether() {
    let mut graph = chain(MANY);
    graph.edges.push(edge(MANY - 1, 0, "value"));
    let told = faults(&graph, &raised());
    assert_eq!(told.node_errors.len(), 1_000);
    let lengths: Vec<usize> = told
        .node_errors
        .values()
        .filter_map(|node| node.errors[0].extra_info.get("cycle").map(|cycle| cycle.as_array().unwrap().len()))
        .collect();
    assert_eq!(lengths.iter().filter(|length| **length == MANY).count(), 1);
    assert!(lengths.iter().sum::<usize>() < 2 * MANY);
    assert_eq!(told.graph_errors[0].extra_info["received"], 99_000);
}

#[test]
fn a_fan_is_looked_at_in_bounded_work() {
    let mut graph = Graph { nodes: (0..MANY).map(any).collect(), ..Graph::default() };
    graph.nodes[0].inputs.insert("value".to_owned(), json!(1));
    graph.edges = (1..MANY).map(|at| edge(0, at, "value")).collect();
    assert!(validate(&graph, &catalogue(), &raised()).is_ok());
    graph.nodes[0].inputs.clear();
    let told = faults(&graph, &raised());
    assert_eq!(found(&told).len(), 1);
    assert_eq!(told.node_errors["n0"].dependent_outputs.len(), 100);
    // All of them into one input.
    graph.edges = (1..MANY).map(|at| edge(at, 0, "value")).collect();
    graph.nodes.iter_mut().for_each(|node| drop(node.inputs.insert("value".to_owned(), json!(1))));
    let told = faults(&graph, &raised());
    assert_eq!(told.node_errors["n0"].errors.len(), 100);
    assert_eq!(told.graph_errors.len(), 1);
}

#[test]
fn a_tangle_is_told_in_bounded_work() {
    let size = 20_000;
    let mut graph = Graph { nodes: (0..size).map(any).collect(), ..Graph::default() };
    let far = |at: usize| (at * 7_919 + 13) % size;
    graph.edges = (0..size).flat_map(|at| [edge(far(at), at, "value"), edge((at + 1) % size, at, "more")]).collect();
    let told = faults(&graph, &raised());
    assert_eq!(told.node_errors.len(), 1_000);
}

#[test]
fn what_is_huge_is_not_told_back() {
    let huge = "x".repeat(1_000_000);
    let mut node = GraphNode { id: "a".to_owned(), class: huge.clone(), ..GraphNode::default() };
    node.inputs.insert("a".to_owned(), json!(huge));
    let mut graph = Graph { nodes: vec![node], ..Graph::default() };
    assert_eq!(
        found(&faults(&graph, &Settings::default())),
        ["a: too_large: a: about 1000002 bytes, and this server takes 262144"]
    );
    let told = |graph: &Graph| serde_json::to_string(&faults(graph, &raised())).unwrap();
    assert!(told(&graph).len() < 2_000);
    graph.nodes[0].class = "Sum".to_owned();
    graph.nodes[0].inputs.insert(huge.clone(), json!(vec![7; 100_000]));
    graph.edges.push(Edge { source: huge.clone(), target: huge, ..Edge::default() });
    assert!(told(&graph).len() < 3_000);
    graph.nodes[0].inputs = (0..MANY).map(|at| (format!("x{at}"), json!(at))).collect();
    assert!(told(&graph).len() < 100_000);
}

#[test]
fn many_unknown_classes_are_counted() {
    let mut graph = Graph { nodes: (0..20_000).map(any).collect(), ..Graph::default() };
    graph.nodes.iter_mut().enumerate().for_each(|(at, node)| node.class = format!("Summ{at}"));
    let told = faults(&graph, &Settings::default());
    assert_eq!((told.node_errors.len(), &told.graph_errors[0].extra_info["received"]), (1_000, &json!(19_000)));
}

#[test]
fn a_graph_whose_constants_take_long_to_look_at_is_refused_in_time() {
    let inputs = json!({"text": "", "pattern": "\\w{500}"});
    let node = |at: usize| {
        let inputs = inputs.as_object().unwrap().clone();
        GraphNode { id: format!("n{at}"), class: "RegexMatch".to_owned(), inputs, ..GraphNode::default() }
    };
    let graph = Graph { nodes: (0..5_000).map(node).collect(), ..Graph::default() };
    let catalogue = crate::nodes::built_in(&Settings::default()).unwrap();
    let began = Instant::now();
    let told = validate_within(Duration::from_millis(100), &graph, &catalogue, &Settings::default()).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(told.graph_errors[0].message, "The graph takes too long to check");
    assert!(told.node_errors.values().all(|node| node.errors.len() == 1), "{told:?}");
}
