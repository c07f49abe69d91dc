//! What is wrong with graphs: cases, properties, and graphs that are made to hurt.

mod cases;
mod hostile;
mod properties;

use std::sync::Arc;

use serde_json::json;

use super::{Checked, validate};
use crate::catalogue::Catalogue;
use crate::fault::GraphFaults;
use crate::graph::Graph;
use crate::node::{Cx, Given, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::settings::Settings;

type Faults = fn(&Given<'_>) -> Vec<(usize, String)>;

struct Class {
    spec: Spec,
    faults: Faults,
}

struct Still;

impl Node for Still {
    fn run(&mut self, _: &mut Cx<'_>) -> Result<Next, NodeError> {
        Ok(Next::Done)
    }
}

impl NodeClass for Class {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn faults(&self, given: &Given<'_>) -> Vec<(usize, String)> {
        (self.faults)(given)
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Still)
    }
}

fn picky(given: &Given<'_>) -> Vec<(usize, String)> {
    match given.constant(0).and_then(|value| value.as_text().map(str::to_owned)) {
        Some(text) if text == "boom" => panic!("a class that fails"),
        Some(text) if text.contains('{') => vec![(0, format!("{text} does not end"))],
        Some(_) | None => Vec::new(),
    }
}

/// A few classes, one of each sort.
fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let mut add = |spec: Spec, faults: Faults| catalogue.register(Arc::new(Class { spec, faults })).unwrap();
    let class = |name| Spec::new(name, "test", "It is for tests.");
    let number = |name| Input::new(name, Type::Number, "A number.");
    add(class("Whole").output(Output::new("whole", Type::Integer, "A whole number.")), |_| Vec::new());
    add(
        class("Sum").input(number("a")).input(number("b").or(0).at_least(-10.0).at_most(10.0)).output(Output::new(
            "sum",
            Type::Number,
            "The sum.",
        )),
        |_| Vec::new(),
    );
    add(
        class("Any")
            .input(Input::new("value", Type::Json, "Anything."))
            .input(Input::new("more", Type::Json, "More.").optional())
            .output(Output::new("value", Type::Json, "The same.")),
        |_| Vec::new(),
    );
    add(
        class("Text")
            .input(Input::new("text", Type::Text, "The text."))
            .input(Input::new("mode", Type::Text, "How.").or("up").one_of(&["up", "down"]))
            .output(Output::new("text", Type::Text, "The text.")),
        picky,
    );
    catalogue
}

fn check(graph: &Graph) -> Result<Checked, Box<GraphFaults>> {
    validate(graph, &catalogue(), &Settings::default())
}

fn graph(json: serde_json::Value) -> Graph {
    serde_json::from_value(json).unwrap()
}

/// Nodes as `[id, class, constants]`, edges as `"source.output > target.input"`.
fn drawn(nodes: serde_json::Value, edges: &[&str]) -> Graph {
    let node = |node: &serde_json::Value| json!({"id": node[0], "type": node[1], "inputs": node[2]});
    let edge = |edge: &&str| {
        let (from, to) = edge.split_once(" > ").unwrap();
        let (source, output) = from.split_once('.').unwrap();
        let (target, input) = to.split_once('.').unwrap();
        json!({"source": source, "source_output": output, "target": target, "target_input": input})
    };
    let nodes: Vec<_> = nodes.as_array().unwrap().iter().map(node).collect();
    graph(json!({"nodes": nodes, "edges": edges.iter().map(edge).collect::<Vec<_>>()}))
}

/// What was found, as `node: kind: details`.
fn found(faults: &GraphFaults) -> Vec<String> {
    let word = |kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned();
    let of_nodes = faults.node_errors.iter().flat_map(|(id, node)| {
        node.errors.iter().map(move |fault| format!("{id}: {}: {}", word(fault.kind), fault.details))
    });
    let of_all = faults.graph_errors.iter().map(|fault| format!("{}: {}", word(fault.kind), fault.details));
    of_nodes.chain(of_all).collect()
}
