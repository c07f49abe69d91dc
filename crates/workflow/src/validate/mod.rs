//! Says everything that is wrong with a graph at once, node by node; or gives what a plan is set up from.
//!
//! No IO, and no clock but for one bound: what classes make of constants takes a second at most. Invariants: a fault of one node makes no further faults at others, and both the work and
//! the report are bounded whatever the graph is like.

mod edges;
mod limits;
mod node;
mod nodes;
mod order;
mod report;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use limits::within_limits;

use self::edges::Wiring;
use self::node::Inspection;
use self::nodes::Nodes;
use self::order::Loops;
use self::report::Report;
use super::catalogue::Catalogue;
use super::fault::GraphFaults;
use super::graph::Graph;
use super::node::{GivenInput, NodeClass};
use super::value::Value;
use crate::settings::Settings;

/// How long all nodes' templates, scripts, patterns and other constants may take to look at. A few bytes may take
/// milliseconds, and a graph has many nodes.
const LONGEST: Duration = Duration::from_millis(800);

/// A graph without faults, looked up and put in order.
#[derive(Debug)]
pub struct Checked {
    /// In the order of the graph's nodes.
    pub nodes: Vec<CheckedNode>,
    /// The positions of the nodes, each after those that it needs; otherwise in the order of the graph.
    pub order: Vec<usize>,
}

/// A node of a graph without faults.
pub struct CheckedNode {
    /// Its class.
    pub class: Arc<dyn NodeClass>,
    /// In the order of the class's inputs.
    pub inputs: Vec<Given>,
}

/// Where an input of a node gets its value from.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// From the graph, or from the class as its default.
    Constant(Value),
    /// From another node's output.
    Link {
        /// The position of the other node in the graph.
        source: usize,
        /// The position of the output in the other node's class.
        output: usize,
    },
    /// From nowhere.
    Absent,
}

impl Given {
    /// As node classes see it.
    #[must_use]
    pub fn seen(&self) -> GivenInput<'_> {
        match self {
            Given::Constant(value) => GivenInput::Constant(value),
            Given::Link { .. } => GivenInput::Linked,
            Given::Absent => GivenInput::Absent,
        }
    }
}

impl fmt::Debug for CheckedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.class.spec().class).field("inputs", &self.inputs).finish()
    }
}

/// Checks a graph against the classes and the limits of a server.
///
/// # Errors
/// Everything that is wrong with it; only its sizes where these are beyond the limits.
pub fn validate(graph: &Graph, catalogue: &Catalogue, limits: &Settings) -> Result<Checked, Box<GraphFaults>> {
    validate_within(LONGEST, graph, catalogue, limits)
}

/// The same of a graph that was found valid before: it stays so on a server that is busier now.
///
/// # Errors
/// As those of [`validate`].
pub fn validate_again(graph: &Graph, catalogue: &Catalogue, limits: &Settings) -> Result<Checked, Box<GraphFaults>> {
    validate_within(10 * LONGEST, graph, catalogue, limits)
}

fn validate_within(
    longest: Duration,
    graph: &Graph,
    catalogue: &Catalogue,
    limits: &Settings,
) -> Result<Checked, Box<GraphFaults>> {
    within_limits(graph, limits)?;
    let nodes = Nodes::look_up(graph, catalogue);
    let wiring = Wiring::of(graph, &nodes);
    let order = order::sorted(&wiring.below);
    let mut loops = Loops::of(&wiring.below, &order);
    let mut report = Report::new(graph, &wiring.below);
    let mut checked = Vec::with_capacity(graph.nodes.len());
    let left = Cell::new(longest);
    for (at, node) in graph.nodes.iter().enumerate() {
        let inspection =
            Inspection { graph, catalogue, nodes: &nodes, wiring: &wiring, hints: !report.is_full(), left: &left };
        let (mut faults, inputs) = inspection.of(at, node);
        if loops.contains(at) {
            let path = if report.is_full() { None } else { loops.through(at) };
            faults.push(report.cycle(path.as_deref(), loops.size(at)));
        }
        if let Some(class) = nodes.class(at).filter(|_| faults.is_empty()) {
            checked.push(CheckedNode { class: class.clone(), inputs });
        }
        report.node(at, faults);
    }
    if left.get().is_zero() {
        report.whole(limits::too_long());
    }
    for (edge, id) in wiring.adrift(graph) {
        report.nowhere(id, edges::adrift(edge));
    }
    report.finish()?;
    Ok(Checked { nodes: checked, order })
}
