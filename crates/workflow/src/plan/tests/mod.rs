//! The laws of the plan.

mod adopting;
mod classes;
mod laws;
mod same;
mod waiting;

use serde_json::{Value as Json, json};

use self::classes::catalogue;
use super::*;
use crate::state::NodeState;

/// A graph of nodes `(id, class, constants)` and edges `"a.out > b.in"`.
fn graph(nodes: &[(&str, &str, Json)], edges: &[&str]) -> Graph {
    let nodes: Vec<Json> =
        nodes.iter().map(|(id, class, inputs)| json!({"id": id, "type": class, "inputs": inputs})).collect();
    let ends = |end: &str| end.trim().split_once('.').map(|(node, port)| (node.to_owned(), port.to_owned())).unwrap();
    let edge = |edge: &&str| {
        let (from, to) = edge.split_once('>').unwrap();
        let ((source, source_output), (target, target_input)) = (ends(from), ends(to));
        json!({"source": source, "source_output": source_output, "target": target, "target_input": target_input})
    };
    serde_json::from_value(json!({"nodes": nodes, "edges": edges.iter().map(edge).collect::<Vec<_>>()})).unwrap()
}

fn plan(nodes: &[(&str, &str, Json)], edges: &[&str]) -> Plan {
    Plan::new(&graph(nodes, edges), &catalogue(), &Settings::default(), 1).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

impl Plan {
    fn seen(&self, id: &str) -> NodeView<'_> {
        self.view(self.find(id).unwrap()).unwrap()
    }

    fn state(&self, id: &str) -> NodeState {
        self.seen(id).state
    }

    fn out(&self, id: &str) -> Json {
        self.seen(id).outputs().next().map_or(Json::Null, |(_, value)| value.to_json())
    }
}
