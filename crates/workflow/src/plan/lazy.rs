//! What runs only when somebody below it asks: nodes that are read through lazy inputs alone.
//!
//! Such a node that becomes dirty makes everything below it *stale*, down to the nodes that have the lazy inputs; those
//! get a turn and say which input they want. Then the stale nodes above that input run, and only those.

use super::marks::Marks;
use super::seat::DEFERRED;
use super::{NodeIndex, Plan};

/// What waits to be asked for, and who is asking now.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    /// Deferred nodes that are to run when they are asked for.
    pub(super) dirty: Marks,
    /// Deferred nodes that are dirty, or have one above them that is.
    pub(super) stale: Marks,
    /// Who asks, and in turn asks for something: the innermost last.
    pub(super) asking: Vec<Asking>,
    /// The nodes that are asked for, for each of `asking` in the order in which they run.
    pub(super) asked: Vec<u32>,
    /// The inputs of the node that runs, without the lazy ones that it does not want.
    pub(super) wanted: Vec<u32>,
    path: Vec<u32>,
}

/// A node that waits until what it wants has run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) node: u32,
    /// The input that it wants.
    pub(super) input: Option<usize>,
    /// The next one in `asked`.
    pub(super) next: usize,
    /// Where what it asked for begins in `asked`.
    pub(super) from: usize,
}

impl Pulls {
    pub(super) fn new(len: usize) -> Self {
        Self { dirty: Marks::new(len), stale: Marks::new(len), ..Self::default() }
    }
}

impl Plan {
    /// Says that a node is to run: in its turn, or when it is asked for.
    pub(super) fn mark(&mut self, node: u32) {
        if self.seats[node as usize].flags & DEFERRED == 0 {
            self.mark_ahead(node);
            return;
        }
        self.pulls.dirty.insert(node);
        self.make_stale(node);
    }

    fn mark_ahead(&mut self, node: u32) {
        // Who had its turn has not wanted what is marked now: it would have run before.
        if node >= self.floor {
            self.dirty.insert(node);
        }
    }

    fn make_stale(&mut self, node: u32) {
        let mut path = std::mem::take(&mut self.pulls.path);
        path.push(node);
        while let Some(node) = path.pop() {
            if !self.pulls.stale.insert(node) {
                continue;
            }
            for slot in self.seats[node as usize].outputs.places() {
                for at in self.readers_from[slot as usize]..self.readers_from[slot as usize + 1] {
                    let reader = self.readers[at as usize];
                    if self.seats[reader.node as usize].flags & DEFERRED == 0 {
                        self.mark_ahead(reader.node);
                        continue;
                    }
                    if reader.lazy {
                        self.pulls.dirty.insert(reader.node);
                    }
                    path.push(reader.node);
                }
            }
        }
        self.pulls.path = path;
    }

    /// Lets a node wait until what feeds one of its lazy inputs is up to date.
    pub(super) fn ask(&mut self, node: u32, input: Option<usize>) {
        let from = self.pulls.asked.len();
        let slot = input.map(|input| self.inputs[self.seats[node as usize].inputs.range()][input]);
        if let Some(slot) = slot.filter(|slot| self.is_output(*slot as usize)) {
            let mut path = std::mem::take(&mut self.pulls.path);
            path.push(self.owners[slot as usize]);
            while let Some(above) = path.pop() {
                // What is not stale any more has been collected on another way.
                if !self.pulls.stale.remove(above) {
                    continue;
                }
                self.pulls.asked.push(above);
                self.add_sources(above, &mut path);
            }
            self.pulls.path = path;
            let asked = &mut self.pulls.asked[from..];
            asked.sort_unstable();
            for node in asked {
                self.pulls.stale.insert(*node);
            }
        }
        self.pulls.asking.push(Asking { node, input, next: from, from });
    }

    fn add_sources(&self, node: u32, path: &mut Vec<u32>) {
        let slots = &self.inputs[self.seats[node as usize].inputs.range()];
        for (slot, port) in slots.iter().zip(&self.still[node as usize].class.spec().inputs) {
            if !port.lazy && self.is_output(*slot as usize) {
                path.push(self.owners[*slot as usize]);
            }
        }
    }

    /// The next node that is asked for; or, when all have run, who has asked and for which input.
    pub(super) fn next_asked(&mut self) -> Option<Asked> {
        loop {
            let asking = self.pulls.asking.last_mut()?;
            let Some(node) = self.pulls.asked.get(asking.next).copied() else {
                let Asking { node, input, from, .. } = *asking;
                self.pulls.asked.truncate(from);
                self.pulls.asking.pop();
                return Some(Asked::Done { node, input });
            };
            asking.next += 1;
            if self.pulls.dirty.contains(node) {
                return Some(Asked::Node(node));
            }
            self.pulls.stale.remove(node);
        }
    }

    /// Forgets who is asking; gives the outermost.
    pub(super) fn ask_no_more(&mut self) -> Option<NodeIndex> {
        let first = self.pulls.asking.first().map(|asking| NodeIndex(asking.node));
        self.pulls.asking.clear();
        self.pulls.asked.clear();
        self.pulls.path.clear();
        first
    }
}

/// What comes next where somebody asks.
pub(super) enum Asked {
    /// This node runs first.
    Node(u32),
    /// What this one wanted is up to date.
    Done {
        /// Who has asked.
        node: u32,
        /// For which of its inputs.
        input: Option<usize>,
    },
}
