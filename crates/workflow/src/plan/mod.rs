//! A graph that runs: set up once, and then each iteration runs only what has changed.
//!
//! Pure but for one thing, the measured durations: no IO, no clock, no threads. The driver hands in the time, starts the
//! work that nodes wait for, and hands in how it ended. Everything lies in flat arrays in the order in which nodes run;
//! a [`NodeIndex`] is the place in that order, so sources have smaller indices than what is below them.

mod above;
mod adopt;
mod held;
mod jobs;
mod lazy;
mod marks;
mod pulse;
mod run;
mod seat;
mod set;
mod setup;
mod sweep;
mod view;
mod wakes;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use self::held::Held;
use self::lazy::Pulls;
use self::marks::Marks;
use self::seat::{Seat, Still};
use self::wakes::Wakes;
use super::catalogue::Catalogue;
use super::cx::Slot;
use super::fault::GraphFaults;
use super::graph::Graph;
use super::node::Work;
use crate::settings::Settings;
use callboard_domain::time::Timestamp;

pub use self::above::Above;
pub use self::pulse::Pulse;
pub use self::set::SetError;
pub use self::view::NodeView;
pub use self::wakes::WakeKind;

/// A node of a plan: its place in the order in which nodes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(u32);

impl NodeIndex {
    /// The place, from 0.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

/// One piece of work of one node; never used again within a plan and those that adopt it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

/// Work to be started beside the loop.
#[derive(Debug)]
pub struct Job {
    /// What [`Plan::end`] needs.
    pub id: JobId,
    /// The node that waits for it.
    pub node: NodeIndex,
    /// What is to be done.
    pub work: Work,
}

/// What one iteration gave.
#[derive(Debug, Default)]
pub struct Tick {
    /// Its number, from 1.
    pub iteration: u64,
    /// How many nodes ran.
    pub ran: u32,
    /// The nodes whose state, outputs or error changed; one may stand here twice.
    pub changed: Vec<NodeIndex>,
    /// Work to be started.
    pub jobs: Vec<Job>,
    /// Work that was started and that nobody waits for any more.
    pub dropped: Vec<JobId>,
    /// Lines that nodes told.
    pub said: Vec<(NodeIndex, String)>,
    /// Why the workflow is to stop, where a node asked for it.
    pub stop: Option<String>,
}

/// A graph that runs. The default has no nodes.
#[derive(Default)]
pub struct Plan {
    /// What a run of a node needs, by place.
    seats: Vec<Seat>,
    /// What only looking and changing need, by place.
    still: Vec<Still>,
    /// All outputs, then the constants; see [`Seat::outputs`].
    slots: Vec<Slot>,
    /// How many of `slots` are outputs.
    outputs: usize,
    /// The node that each slot belongs to: whose output or whose constant it is.
    owners: Vec<u32>,
    /// The slot of each input of each node; see [`Seat::inputs`].
    inputs: Vec<u32>,
    /// The slots that must have a value before a node runs; see [`Seat::needs`].
    needs: Vec<u32>,
    /// Who reads each slot; where those of a slot begin is in `readers_from`.
    readers: Vec<Reader>,
    readers_from: Vec<u32>,
    by_id: HashMap<Arc<str>, u32>,
    volatile: Vec<u32>,
    /// What the next sweep runs.
    dirty: Marks,
    pulls: Pulls,
    /// What wants to run in the next iteration that begins.
    again: Vec<u32>,
    wakes: Wakes,
    jobs: Jobs,
    iteration: u64,
    now: Timestamp,
    /// Nodes in front of this place have had their turn in this sweep.
    floor: u32,
    /// Whether the node that has its turn was asked for.
    pulled: bool,
    /// The node that runs, for the case that it panics.
    running: u32,
    /// Lines of the node that runs.
    said: Vec<String>,
    max_value_bytes: usize,
    max_total_bytes: usize,
    held: Held,
    max_constant_bytes: usize,
    pulse: Arc<Pulse>,
}

/// Work that nodes wait for.
#[derive(Debug, Default)]
struct Jobs {
    /// The node of each piece of work that was handed out and has not ended.
    started: HashMap<JobId, u32>,
    /// Nodes whose work waits for its turn, each at most once.
    queue: VecDeque<u32>,
    /// How many of `queue` still have work.
    queued: usize,
    /// Work that was dropped between two iterations.
    dropped: Vec<JobId>,
    next: u64,
    most: usize,
}

/// Who reads a slot.
#[derive(Clone, Copy, Debug)]
struct Reader {
    node: u32,
    lazy: bool,
    required: bool,
}

impl Plan {
    /// Sets a graph up. All nodes run in the first iteration. `seed` is what makes one run of random nodes another one
    /// than the next.
    ///
    /// # Errors
    /// Everything that is wrong with the graph.
    pub fn new(graph: &Graph, catalogue: &Catalogue, limits: &Settings, seed: u64) -> Result<Self, Box<GraphFaults>> {
        setup::plan(graph, catalogue, limits, seed)
    }

    /// How many nodes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether it has no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// All nodes, in the order in which they run.
    pub fn nodes(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        (0..u32::try_from(self.seats.len()).unwrap_or(u32::MAX)).map(NodeIndex)
    }

    /// A node's id; empty for one of another plan.
    #[must_use]
    pub fn id(&self, node: NodeIndex) -> &str {
        self.still.get(node.place()).map_or("", |still| &still.id)
    }

    /// The node with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<NodeIndex> {
        self.by_id.get(id).copied().map(NodeIndex)
    }

    /// The number of the last iteration; 0 before the first.
    #[must_use]
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// Whether something is to be done now: an input has changed, work has ended, a node asked to run again.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.is_unsettled() || !self.again.is_empty()
    }

    /// Whether something is to be done now that [`Plan::take_in`] does.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Whether all has come in that the iterations so far have begun: nothing is to be taken in, and nothing waits.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.is_unsettled() && !self.is_waiting() && self.next_after().is_none()
    }

    /// Whether it has nodes that run in every iteration.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        !self.volatile.is_empty()
    }

    /// Whether work is under way or waits for its turn.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.jobs.started.is_empty() || self.jobs.queued > 0
    }

    /// When a node wants to run again, and how much that matters: the earliest such moment.
    #[must_use]
    pub fn next_wake(&self) -> Option<(Timestamp, WakeKind)> {
        self.wakes.next()
    }

    /// The earliest moment that a run which is to end waits for.
    #[must_use]
    pub fn next_after(&self) -> Option<Timestamp> {
        self.wakes.next_after()
    }

    /// Marks the nodes whose time has come.
    pub fn wake_due(&mut self, now: Timestamp) {
        self.wake_after_due(now);
        while let Some(node) = self.wakes.due(WakeKind::Beat, now) {
            self.wake(node);
        }
    }

    /// Marks the nodes whose time has come and that a run which is to end waits for.
    pub fn wake_after_due(&mut self, now: Timestamp) {
        while let Some(node) = self.wakes.due(WakeKind::After, now) {
            self.wake(node);
        }
    }

    fn wake(&mut self, node: u32) {
        if let Some(seat) = self.seats.get_mut(node as usize) {
            seat.flags |= seat::WOKEN;
            self.mark(node);
        }
    }

    /// Says that a node never runs again in this plan: it is in error from the next iteration on.
    pub fn quarantine(&mut self, node: NodeIndex, message: impl Into<String>) {
        if let (Some(seat), Some(still)) = (self.seats.get_mut(node.place()), self.still.get_mut(node.place())) {
            seat.flags |= seat::QUARANTINED;
            still.quarantined = Some(message.into());
            self.dirty.insert(node.0);
        }
    }

    /// Which node runs at this moment; for a watchdog on another thread. It stays the same through [`Plan::adopt`].
    #[must_use]
    pub fn progress(&self) -> &Arc<Pulse> {
        &self.pulse
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("nodes", &self.len()).field("iteration", &self.iteration).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
