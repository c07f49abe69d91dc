//! Collects what is wrong: bounded, in the order of the graph's nodes, each with what depends on it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::edges::Below;
use super::limits::MAX_ID;
use crate::fault::{GraphFault, GraphFaultKind, GraphFaults, NodeFaults};
use crate::graph::Graph;

/// Most nodes that are listed with their faults; others are counted.
const MAX_NODES: usize = 1_000;
/// Most faults that are listed of one node.
pub(super) const MAX_OF_A_NODE: usize = 100;
/// Faults after which no further node is listed.
const MAX_FAULTS: usize = 5_000;
/// Most nodes at the graph's end that are listed for one node.
const MAX_DEPENDENT: usize = 100;
/// Most edges that are followed in search of nodes at the graph's end, over all nodes.
const MAX_STEPS: usize = 2_000_000;
/// Ids in the paths of cycles after which only the beginning of a path is listed.
const MAX_PATHS: usize = 50_000;
/// How much of a path is listed then.
const PATH_BEGINNING: usize = 16;

/// What was found so far.
pub(super) struct Report<'a> {
    graph: &'a Graph,
    below: &'a Below,
    found: GraphFaults,
    faults: usize,
    unlisted: usize,
    steps: usize,
    listed: usize,
}

impl<'a> Report<'a> {
    /// Nothing was found yet.
    pub(super) fn new(graph: &'a Graph, below: &'a Below) -> Self {
        Self { graph, below, found: GraphFaults::default(), faults: 0, unlisted: 0, steps: 0, listed: 0 }
    }

    /// Whether further nodes are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.found.node_errors.len() >= MAX_NODES || self.faults >= MAX_FAULTS
    }

    /// The faults of the node at a position.
    pub(super) fn node(&mut self, at: usize, faults: Vec<GraphFault>) {
        let Some(node) = self.graph.nodes.get(at) else { return };
        if faults.is_empty() {
            return;
        }
        let dependent = if self.is_full() { Vec::new() } else { self.dependent(at) };
        self.add(&node.id, &node.class, faults, dependent);
    }

    /// A fault of the graph as a whole.
    pub(super) fn whole(&mut self, fault: GraphFault) {
        self.found.graph_errors.push(fault);
    }

    /// A fault of an edge whose ends are both nowhere.
    pub(super) fn nowhere(&mut self, id: &str, fault: GraphFault) {
        self.add(id, "", vec![fault], Vec::new());
    }

    /// # Errors
    /// What was found.
    pub(super) fn finish(mut self) -> Result<(), Box<GraphFaults>> {
        if self.unlisted > 0 {
            let mut extra = Map::new();
            extra.insert("received".to_owned(), json!(self.unlisted));
            let details = format!("{} more faults, or nodes with faults, are not listed", self.unlisted);
            let kind = GraphFaultKind::TooManyFaults;
            self.found.graph_errors.push(fault(kind, "There are more faults than are listed", details, extra));
        }
        if self.found.node_errors.is_empty() && self.found.graph_errors.is_empty() {
            return Ok(());
        }
        Err(Box::new(self.found))
    }

    fn add(&mut self, id: &str, class: &str, faults: Vec<GraphFault>, dependent: Vec<String>) {
        let id = cut(id);
        let is_full = self.is_full();
        let before = self.found.node_errors.get(&id).map(|node| node.errors.len());
        if before.unwrap_or_default() >= MAX_OF_A_NODE || (before.is_none() && is_full) {
            self.unlisted += 1;
            return;
        }
        let node = self.found.node_errors.entry(id).or_insert_with(|| NodeFaults {
            class_type: cut(class),
            errors: Vec::new(),
            dependent_outputs: dependent,
        });
        self.faults += faults.len();
        node.errors.extend(faults);
        self.unlisted += node.errors.len().saturating_sub(MAX_OF_A_NODE);
        node.errors.truncate(MAX_OF_A_NODE);
    }

    fn dependent(&mut self, at: usize) -> Vec<String> {
        let mut ends = Vec::new();
        let mut seen = BTreeSet::from([at]);
        let mut ahead = vec![at];
        while let Some(node) = ahead.pop() {
            let below = self.below.of(node);
            if below.is_empty() {
                ends.extend(self.graph.nodes.get(node).map(|node| cut(&node.id)));
            }
            if ends.len() >= MAX_DEPENDENT || self.steps >= MAX_STEPS {
                break;
            }
            self.steps += below.len();
            ahead.extend(below.iter().copied().filter(|target| seen.insert(*target)));
        }
        ends.sort();
        ends
    }

    /// That a node needs itself: by this cycle, where it is known, and with how many others.
    pub(super) fn cycle(&mut self, path: Option<&[usize]>, together: usize) -> GraphFault {
        let mut extra = Map::new();
        let details = match path {
            None => format!("it is one of {together} nodes that need each other"),
            Some(path) => {
                let ids = |node: &usize| self.graph.nodes.get(*node).map(|node| node.id.as_str());
                // The first cycle is always listed whole.
                let is_whole = self.listed == 0 || self.listed + path.len() <= MAX_PATHS;
                let shown = if is_whole { path.len() } else { path.len().min(PATH_BEGINNING) };
                self.listed += shown;
                let mut names: Vec<&str> = path.iter().take(shown).filter_map(ids).collect();
                extra.insert("cycle".to_owned(), json!(names));
                extra.insert("length".to_owned(), json!(path.len()));
                if shown < path.len() {
                    names.push("…");
                }
                names.extend(path.first().and_then(ids));
                names.join(" → ")
            }
        };
        fault(GraphFaultKind::DependencyCycle, "The node needs itself", details, extra)
    }
}

/// A fault.
pub(super) fn fault(
    kind: GraphFaultKind,
    message: impl Into<String>,
    details: String,
    extra_info: Map<String, Value>,
) -> GraphFault {
    GraphFault { kind, message: message.into(), details, extra_info }
}

/// A text from outside as it may be shown: at most 128 characters.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_ID) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
