//! The nodes of a graph by id, with their classes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::graph::Graph;
use crate::node::NodeClass;

/// The nodes of a graph, looked up once.
pub(super) struct Nodes<'a> {
    by_id: HashMap<&'a str, Place>,
    classes: Vec<Option<&'a Arc<dyn NodeClass>>>,
}

/// Where the node of an id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this position.
    At(usize),
    /// At several; which one is meant cannot be known. This is the first.
    Several(usize),
}

impl<'a> Nodes<'a> {
    /// Looks up the ids and classes of a graph.
    pub(super) fn look_up(graph: &'a Graph, catalogue: &'a Catalogue) -> Self {
        let mut by_id = HashMap::with_capacity(graph.nodes.len());
        for (at, node) in graph.nodes.iter().enumerate() {
            by_id
                .entry(node.id.as_str())
                .and_modify(|place| {
                    let (Place::At(first) | Place::Several(first)) = *place;
                    *place = Place::Several(first);
                })
                .or_insert(Place::At(at));
        }
        Self { by_id, classes: graph.nodes.iter().map(|node| catalogue.get(&node.class)).collect() }
    }

    /// Where the node with this id stands, where there is one.
    pub(super) fn place(&self, id: &str) -> Option<Place> {
        self.by_id.get(id).copied()
    }

    /// The class of the node at a position, where it is known.
    pub(super) fn class(&self, at: usize) -> Option<&'a Arc<dyn NodeClass>> {
        self.classes.get(at).copied().flatten()
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.classes.len()
    }
}
