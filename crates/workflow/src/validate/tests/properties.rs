//! Random graphs: sound ones are taken in the right order, and each change that breaks one is told as just that.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::{Given, validate};
use super::{catalogue, check, found};
use crate::graph::{Edge, Graph, GraphNode};
use crate::settings::Settings;

const CLASSES: [&str; 4] = ["Whole", "Sum", "Any", "Text"];

fn node(id: &str, class: &str, inputs: Json) -> GraphNode {
    GraphNode {
        id: id.to_owned(),
        class: class.to_owned(),
        inputs: inputs.as_object().unwrap().clone(),
        ..GraphNode::default()
    }
}

fn edge(source: &GraphNode, target: &str, input: &str) -> Edge {
    let class = catalogue().get(&source.class).unwrap().clone();
    Edge {
        source: source.id.clone(),
        source_output: class.spec().outputs[0].name.to_owned(),
        target: target.to_owned(),
        target_input: input.to_owned(),
        ..Edge::default()
    }
}

/// A sound graph: each node takes constants, or outputs of nodes that were made before it; then they are shuffled.
fn sound() -> impl Strategy<Value = Graph> {
    let picks = prop::collection::vec((0..CLASSES.len(), any::<prop::sample::Index>(), any::<u8>()), 1..24);
    let graph = picks.prop_map(|picks| {
        let catalogue = catalogue();
        let mut graph = Graph::default();
        for (at, (class, before, ways)) in picks.into_iter().enumerate() {
            let mut made = node(&format!("n{at}"), CLASSES[class], json!({}));
            for (place, input) in catalogue.get(&made.class).unwrap().spec().inputs.iter().enumerate() {
                let source = graph.nodes.get(before.index(at + 1)).filter(|source: &&GraphNode| {
                    input.ty.takes(catalogue.get(&source.class).unwrap().spec().outputs[0].ty)
                });
                match (ways >> (2 * place) & 3, source) {
                    (0 | 1, Some(source)) => graph.edges.push(edge(source, &made.id, input.name)),
                    (2, _) if !input.required => {}
                    _ => {
                        let constant = if input.ty.word() == "text" { json!("up") } else { json!(place) };
                        made.inputs.insert(input.name.to_owned(), constant);
                    }
                }
            }
            graph.nodes.push(made);
        }
        graph
    });
    graph.prop_flat_map(|graph| {
        let nodes = Just(graph.nodes.clone()).prop_shuffle();
        let edges = Just(graph.edges).prop_shuffle();
        (nodes, edges).prop_map(|(nodes, edges)| Graph { nodes, edges, ..Graph::default() })
    })
}

/// The same order, found as slowly and plainly as possible.
fn plain_order(graph: &Graph) -> Vec<usize> {
    let mut order = Vec::new();
    while order.len() < graph.nodes.len() {
        let is_done = |id: &str| order.iter().any(|at: &usize| graph.nodes[*at].id == id);
        let is_ready = |at: &usize| {
            let node = &graph.nodes[*at];
            !order.contains(at) && graph.edges.iter().all(|edge| edge.target != node.id || is_done(&edge.source))
        };
        order.push((0..graph.nodes.len()).find(is_ready).unwrap());
    }
    order
}

#[expect(clippy::too_many_lines, reason = "one arm for each way")]
/// Breaks a sound graph in one way; gives the node that it is told at, and the kind. `None` where there is no such way.
fn broken(graph: &mut Graph, way: usize, at: usize) -> Option<(String, &'static str)> {
    let id = graph.nodes[at].id.clone();
    let some = graph.nodes[at].clone();
    let kind = match way {
        0 => {
            graph.nodes[at].class = "Nope".to_owned();
            "missing_node_type"
        }
        1 => {
            graph.nodes.push(some);
            "duplicate_node_id"
        }
        2 => {
            let required = if some.class == "Sum" { "a" } else { some.inputs.keys().next()?.as_str() };
            let class = catalogue().get(&some.class)?.clone();
            class.spec().inputs.iter().find(|input| input.name == required && input.required)?;
            graph.nodes[at].inputs.remove(required)?;
            "required_input_missing"
        }
        3 => {
            graph.nodes[at].inputs.insert("nonsense".to_owned(), json!(1));
            "unknown_input"
        }
        4 => {
            graph.edges.push(edge(&some, "nowhere", "value"));
            "bad_linked_input"
        }
        5 => {
            let edge = graph.edges.iter_mut().find(|edge| edge.target == id)?;
            edge.source = "nowhere".to_owned();
            "bad_linked_input"
        }
        6 => {
            let again = graph.edges.iter().find(|edge| edge.target == id)?.clone();
            graph.edges.push(again);
            "bad_linked_input"
        }
        7 => {
            let edge = graph.edges.iter_mut().find(|edge| edge.target == id)?;
            edge.source_output = "none".to_owned();
            "bad_linked_input"
        }
        8 => {
            graph.nodes.push(node("late", "Text", json!({"mode": "up"})));
            graph.edges.push(edge(&some, "late", "text"));
            let (Some("Whole" | "Sum"), late) = (Some(some.class.as_str()), "late") else { return None };
            return Some((late.to_owned(), "return_type_mismatch"));
        }
        9 => {
            *graph.nodes[at].inputs.get_mut("a")? = json!([]);
            "invalid_input_type"
        }
        10 => {
            *graph.nodes[at].inputs.get_mut("mode")? = json!("off");
            "value_not_in_list"
        }
        11 => {
            *graph.nodes[at].inputs.get_mut("b")? = json!(-10.5);
            "value_smaller_than_min"
        }
        12 => {
            *graph.nodes[at].inputs.get_mut("b")? = json!(1e300);
            "value_bigger_than_max"
        }
        13 => {
            *graph.nodes[at].inputs.get_mut("text")? = json!("{");
            "custom_validation_failed"
        }
        _ => {
            graph.nodes.push(node("round", "Any", json!({})));
            graph.nodes.push(node("below", "Any", json!({})));
            graph.edges.push(edge(&graph.nodes[graph.nodes.len() - 2], "round", "value"));
            graph.edges.push(edge(&graph.nodes[graph.nodes.len() - 2], "below", "value"));
            graph.edges.push(edge(&some, "round", "more"));
            return Some(("round".to_owned(), "dependency_cycle"));
        }
    };
    Some((id, kind))
}

/// Any JSON with the names that a graph has.
fn any_graph() -> impl Strategy<Value = Json> {
    let id = prop::sample::select(vec!["a", "b", "c", "", "→"]);
    let name = prop::sample::select(vec!["a", "b", "value", "text", "whole", "sum", "mode", "x"]);
    let class = prop::sample::select(vec!["Whole", "Sum", "Any", "Text", "?"]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        prop::sample::select(vec!["up", "boom", "{"]).prop_map(|value| json!(value)),
        prop::collection::vec(any::<u64>(), 0..3).prop_map(|value| json!(value)),
    ];
    let inputs = prop::collection::btree_map(name.clone(), leaf, 0..4);
    let node =
        (id.clone(), class, inputs).prop_map(|(id, class, inputs)| json!({"id": id, "type": class, "inputs": inputs}));
    let edge = (id.clone(), name.clone(), id, name).prop_map(|(source, output, target, input)| {
        json!({"source": source, "source_output": output, "target": target, "target_input": input})
    });
    (prop::collection::vec(node, 0..6), prop::collection::vec(edge, 0..10))
        .prop_map(|(nodes, edges)| json!({"nodes": nodes, "edges": edges}))
}

proptest! {
    #[test]
    fn a_sound_graph_is_taken_in_order(graph in sound()) {
        let checked = check(&graph).map_err(|faults| TestCaseError::fail(format!("{:?}", found(&faults))))?;
        prop_assert_eq!(&checked.order, &plain_order(&graph));
        for (node, looked_up) in graph.nodes.iter().zip(&checked.nodes) {
            prop_assert_eq!(looked_up.class.spec().class, &node.class);
            for (input, given) in looked_up.class.spec().inputs.iter().zip(&looked_up.inputs) {
                let edge = graph.edges.iter().find(|edge| edge.target == node.id && edge.target_input == input.name);
                match given {
                    Given::Link { source, .. } => prop_assert_eq!(&graph.nodes[*source].id, &edge.unwrap().source),
                    Given::Constant(value) => {
                        let default = input.default.as_ref().map(|value| value.to_json());
                        prop_assert!(edge.is_none());
                        prop_assert_eq!(Some(value.to_json()), node.inputs.get(input.name).cloned().or(default));
                    }
                    Given::Absent => prop_assert!(edge.is_none() && !node.inputs.contains_key(input.name)),
                }
            }
        }
    }

    #[test]
    fn one_break_is_one_fault(graph in sound(), way in 0_usize..15, at in any::<prop::sample::Index>()) {
        let mut graph = graph;
        let at = at.index(graph.nodes.len());
        if let Some((id, kind)) = broken(&mut graph, way, at) {
            let found = found(&check(&graph).unwrap_err());
            prop_assert!(found.len() == 1 && found[0].starts_with(&format!("{id}: {kind}: ")), "{found:?}, {id} {kind}");
        }
    }

    #[test]
    fn any_graph_is_looked_at_to_its_end(graph in any_graph()) {
        let graph: Graph = serde_json::from_value(graph).unwrap();
        let is_empty = |faults: &crate::fault::GraphFaults| {
            faults.node_errors.is_empty() && faults.graph_errors.is_empty()
        };
        match validate(&graph, &catalogue(), &Settings::default()) {
            Ok(checked) => {
                prop_assert_eq!(checked.nodes.len(), graph.nodes.len());
                prop_assert_eq!(checked.order.len(), graph.nodes.len());
            }
            Err(faults) => prop_assert!(!is_empty(&faults)),
        }
    }
}
