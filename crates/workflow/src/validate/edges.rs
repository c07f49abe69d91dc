//! The edges of a graph: which are sound, what is wrong with the others, and who is below whom.

use serde_json::{Map, json};

use super::nodes::{Nodes, Place};
use super::report::{cut, fault};
use crate::fault::{GraphFault, GraphFaultKind};
use crate::graph::{Edge, Graph};
use crate::node::NodeClass;
use crate::port::Type;

/// How an input is wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Not at all.
    Free,
    /// By an edge with a fault, or one whose other end has one.
    Broken,
    /// To this output of this node.
    To { source: usize, output: usize },
}

/// What is wrong with an edge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    NoSource,
    NoOutput,
    NoTarget,
    NoInput,
    Second,
    Mismatch { given: Type, wanted: Type },
}

impl Why {
    fn kind(self) -> GraphFaultKind {
        match self {
            Why::Mismatch { .. } => GraphFaultKind::ReturnTypeMismatch,
            Why::NoSource | Why::NoOutput | Why::NoTarget | Why::NoInput | Why::Second => {
                GraphFaultKind::BadLinkedInput
            }
        }
    }
}

/// The edges of a graph, looked up once.
pub(super) struct Wiring {
    /// By node and input; empty for a node of an unknown class.
    pub(super) wires: Vec<Vec<Wire>>,
    /// Who needs whom: for each node those that are linked to it.
    pub(super) below: Below,
    /// By node, in the order of the nodes.
    wrong: Vec<(usize, usize, Why)>,
    /// The edges whose ends are both nowhere.
    adrift: Vec<usize>,
}

impl Wiring {
    /// Looks up the edges of a graph.
    pub(super) fn of(graph: &Graph, nodes: &Nodes<'_>) -> Self {
        let free = |at| nodes.class(at).map_or_else(Vec::new, |class| vec![Wire::Free; class.spec().inputs.len()]);
        let mut wires: Vec<Vec<Wire>> = (0..nodes.len()).map(free).collect();
        let (mut sound, mut wrong, mut adrift) = (Vec::with_capacity(graph.edges.len()), Vec::new(), Vec::new());
        for (at, edge) in graph.edges.iter().enumerate() {
            let source = nodes.place(&edge.source);
            let target = match (nodes.place(&edge.target), source) {
                (Some(Place::At(target)), _) => target,
                // Which of the nodes with this id is meant cannot be known.
                (Some(Place::Several(_)), _) => continue,
                (None, Some(Place::At(source) | Place::Several(source))) => {
                    wrong.push((source, at, Why::NoTarget));
                    continue;
                }
                (None, None) => {
                    adrift.push(at);
                    continue;
                }
            };
            let from = Source::of(edge, source, nodes);
            if let Source::Wrong(why) = from {
                wrong.push((target, at, why));
            }
            let wired = wires.get_mut(target).map_or(Ok(()), |wires| from.wire(edge, nodes.class(target), wires));
            if let Err(why) = wired {
                wrong.push((target, at, why));
            }
            if let (Source::Unknown(source) | Source::Known { node: source, .. }, Ok(()) | Err(Why::Mismatch { .. })) =
                (from, wired)
            {
                sound.push((source, target));
            }
        }
        wrong.sort_by_key(|(node, ..)| *node);
        Self { wires, below: Below::new(nodes.len(), &sound), wrong, adrift }
    }

    /// What is wrong with the edges of a node.
    pub(super) fn faults<'a>(&'a self, at: usize, graph: &'a Graph) -> impl Iterator<Item = GraphFault> + 'a {
        let first = self.wrong.partition_point(|(node, ..)| *node < at);
        let of_it = self.wrong.iter().skip(first).take_while(move |(node, ..)| *node == at);
        of_it.filter_map(|(_, edge, why)| Some(edge_fault(graph.edges.get(*edge)?, *why)))
    }

    /// The edges whose ends are both nowhere, with the id under which they are listed.
    pub(super) fn adrift<'a>(&'a self, graph: &'a Graph) -> impl Iterator<Item = (&'a Edge, &'a str)> + 'a {
        self.adrift.iter().filter_map(|edge| graph.edges.get(*edge)).map(|edge| (edge, edge.target.as_str()))
    }
}

/// Where an edge comes from.
#[derive(Clone, Copy)]
enum Source {
    /// An output.
    Known { node: usize, output: usize, ty: Type },
    /// A node of an unknown class.
    Unknown(usize),
    /// One of several nodes with one id.
    Unclear,
    /// Nowhere.
    Wrong(Why),
}

impl Source {
    fn of(edge: &Edge, place: Option<Place>, nodes: &Nodes<'_>) -> Self {
        let node = match place {
            None => return Source::Wrong(Why::NoSource),
            Some(Place::Several(_)) => return Source::Unclear,
            Some(Place::At(node)) => node,
        };
        let Some(class) = nodes.class(node) else { return Source::Unknown(node) };
        let mut outputs = class.spec().outputs.iter().enumerate();
        let found = outputs.find(|(_, port)| port.name == edge.source_output);
        found.map_or(Source::Wrong(Why::NoOutput), |(output, port)| Source::Known { node, output, ty: port.ty })
    }

    /// Wires the input that the edge leads to.
    fn wire(self, edge: &Edge, class: Option<&std::sync::Arc<dyn NodeClass>>, wires: &mut [Wire]) -> Result<(), Why> {
        let Some(class) = class else { return Ok(()) };
        let mut inputs = class.spec().inputs.iter().zip(wires);
        let (input, wire) = inputs.find(|(input, _)| input.name == edge.target_input).ok_or(Why::NoInput)?;
        if *wire != Wire::Free {
            return Err(Why::Second);
        }
        *wire = Wire::Broken;
        match self {
            Source::Known { ty, .. } if !input.ty.takes(ty) => {
                return Err(Why::Mismatch { given: ty, wanted: input.ty });
            }
            Source::Known { node, output, .. } => *wire = Wire::To { source: node, output },
            Source::Unknown(_) | Source::Unclear | Source::Wrong(_) => {}
        }
        Ok(())
    }
}

fn edge_fault(edge: &Edge, why: Why) -> GraphFault {
    let (source, output) = (cut(&edge.source), cut(&edge.source_output));
    let (target, input) = (cut(&edge.target), cut(&edge.target_input));
    let link = format!("{input}: linked to {output} of {source}");
    let mut extra = Map::new();
    extra.insert("input_name".to_owned(), json!(input));
    extra.insert("linked_node".to_owned(), json!([source, output]));
    let (message, details) = match why {
        Why::NoSource => ("An input is linked to a node that does not exist", format!("{link}, which does not exist")),
        Why::NoOutput => ("An input is linked to an output that does not exist", format!("{link}, which has none")),
        Why::NoTarget => {
            extra.insert("target_node".to_owned(), json!(target));
            ("An edge ends at a node that does not exist", format!("{output} is linked to {input} of {target}"))
        }
        Why::NoInput => ("An edge ends at an input that does not exist", link),
        Why::Second => ("An input is linked twice", format!("{link}, and to another output before")),
        Why::Mismatch { given, wanted } => {
            extra.insert("received_type".to_owned(), json!(given.word()));
            extra.insert("input_type".to_owned(), json!(wanted.word()));
            let details = format!("{link}, which gives {}; it takes {}", given.word(), wanted.word());
            ("An input is linked to an output of another type", details)
        }
    };
    fault(why.kind(), message, details, extra)
}

/// An edge whose ends are both nowhere.
pub(super) fn adrift(edge: &Edge) -> GraphFault {
    edge_fault(edge, Why::NoSource)
}

/// For each node those that are directly below it, in one list.
pub(super) struct Below {
    first: Vec<usize>,
    targets: Vec<usize>,
}

impl Below {
    /// From pairs of a node and one below it.
    pub(super) fn new(nodes: usize, pairs: &[(usize, usize)]) -> Self {
        let mut first = vec![0; nodes + 1];
        for (source, _) in pairs {
            if let Some(count) = first.get_mut(source + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        let mut next = first.clone();
        let mut targets = vec![0; pairs.len()];
        for (source, target) in pairs {
            let Some(place) = next.get_mut(*source) else { continue };
            if let Some(slot) = targets.get_mut(*place) {
                *slot = *target;
            }
            *place += 1;
        }
        Self { first, targets }
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// Those directly below a node; one that takes two of its outputs is there twice.
    pub(super) fn of(&self, node: usize) -> &[usize] {
        let (Some(from), Some(to)) = (self.first.get(node), self.first.get(node + 1)) else { return &[] };
        self.targets.get(*from..*to).unwrap_or_default()
    }
}
