//! The order in which nodes run; and where there is none, the cycles.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use petgraph::graph::DiGraph;

use super::edges::Below;

/// Most edges that are followed in search of shortest cycles, over all nodes: past it any cycle will do.
const MAX_STEPS: usize = 10_000_000;

/// The nodes so that each stands after those above it, else by position; those in and below cycles are missing.
pub(super) fn sorted(below: &Below) -> Vec<usize> {
    let mut above = vec![0_usize; below.nodes()];
    for target in (0..below.nodes()).flat_map(|node| below.of(node)) {
        if let Some(count) = above.get_mut(*target) {
            *count += 1;
        }
    }
    let free = above.iter().enumerate().filter(|(_, count)| **count == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(node, _)| Reverse(node)).collect();
    let mut order = Vec::with_capacity(below.nodes());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for target in below.of(node) {
            let Some(count) = above.get_mut(*target) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(Reverse(*target));
            }
        }
    }
    order
}

/// The cycles of a graph.
pub(super) struct Loops<'a> {
    below: &'a Below,
    /// For each node the group of nodes it shares cycles with; empty where there are no cycles.
    group: Vec<Option<usize>>,
    /// How many nodes each group has.
    sizes: Vec<usize>,
    /// For each node a cycle through it that was found from another one.
    known: Vec<Option<usize>>,
    cycles: Vec<Vec<usize>>,
    /// For each node the last search that came to it, and from where.
    came: Vec<(usize, usize)>,
    searches: usize,
    steps: usize,
}

impl<'a> Loops<'a> {
    /// Finds the nodes that need themselves. `order` has those that certainly do not.
    pub(super) fn of(below: &'a Below, order: &[usize]) -> Self {
        let mut loops = Self {
            below,
            group: Vec::new(),
            sizes: Vec::new(),
            known: Vec::new(),
            cycles: Vec::new(),
            came: Vec::new(),
            searches: 0,
            steps: 0,
        };
        if order.len() == below.nodes() {
            return loops;
        }
        loops.group = vec![None; below.nodes()];
        loops.known = vec![None; below.nodes()];
        loops.came = vec![(0, 0); below.nodes()];
        let mut graph = DiGraph::<(), (), usize>::default();
        let places: Vec<_> = (0..below.nodes()).map(|_| graph.add_node(())).collect();
        for (node, place) in places.iter().enumerate() {
            for target in below.of(node).iter().filter_map(|target| places.get(*target)) {
                graph.add_edge(*place, *target, ());
            }
        }
        // The other function for this, `tarjan_scc`, recurses: a long chain would overflow the stack.
        for group in petgraph::algo::kosaraju_scc(&graph) {
            let needs_itself = |node: usize| below.of(node).contains(&node);
            if group.len() == 1 && !group.iter().any(|node| needs_itself(node.index())) {
                continue;
            }
            for node in &group {
                if let Some(slot) = loops.group.get_mut(node.index()) {
                    *slot = Some(loops.sizes.len());
                }
            }
            loops.sizes.push(group.len());
        }
        loops
    }

    /// Whether a node needs itself.
    pub(super) fn contains(&self, node: usize) -> bool {
        self.group_of(node).is_some()
    }

    /// How many nodes share cycles with a node, itself counted.
    pub(super) fn size(&self, node: usize) -> usize {
        self.group_of(node).and_then(|group| self.sizes.get(group)).copied().unwrap_or_default()
    }

    /// A shortest cycle through a node, which it begins with; where too much was searched already, any cycle that is
    /// known, or none.
    pub(super) fn through(&mut self, node: usize) -> Option<Vec<usize>> {
        if self.steps >= MAX_STEPS {
            let known = self.known.get(node).copied().flatten()?;
            let mut cycle = self.cycles.get(known)?.clone();
            let at = cycle.iter().position(|other| *other == node)?;
            cycle.rotate_left(at);
            return Some(cycle);
        }
        let cycle = self.search(node)?;
        for other in &cycle {
            if let Some(known) = self.known.get_mut(*other) {
                known.get_or_insert(self.cycles.len());
            }
        }
        self.cycles.push(cycle.clone());
        Some(cycle)
    }

    fn group_of(&self, node: usize) -> Option<usize> {
        self.group.get(node).copied().flatten()
    }

    fn search(&mut self, start: usize) -> Option<Vec<usize>> {
        let group = self.group_of(start);
        self.searches += 1;
        let search = self.searches;
        let mut ahead = VecDeque::from([start]);
        while let Some(node) = ahead.pop_front() {
            for target in self.below.of(node) {
                self.steps += 1;
                if *target == start {
                    return Some(self.way_back(node, start));
                }
                if self.group_of(*target) != group {
                    continue;
                }
                let Some(came) = self.came.get_mut(*target) else { continue };
                if came.0 != search {
                    *came = (search, node);
                    ahead.push_back(*target);
                }
            }
        }
        None
    }

    /// The way of the last search from `start` to `end`.
    fn way_back(&self, end: usize, start: usize) -> Vec<usize> {
        let before = |node: &usize| self.came.get(*node).map(|(_, from)| *from).filter(|_| *node != start);
        let mut way: Vec<usize> = std::iter::successors(Some(end), before).collect();
        way.reverse();
        way
    }
}
