//! What a plan keeps of each node: apart from each other what a run needs and what only looking needs.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::JobId;
use super::wakes::WakeKind;
use crate::node::{Node, NodeClass, NodeError, Reply, Work};
use crate::state::NodeState;
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// It waits for work.
pub(super) const WORKING: u8 = 1;
/// Its time to run again has come.
pub(super) const WOKEN: u8 = 1 << 1;
/// It never runs again.
pub(super) const QUARANTINED: u8 = 1 << 2;
/// It has lazy inputs that are linked.
pub(super) const PULLS: u8 = 1 << 3;
/// Values at its links must be looked at: their types do not say that they fit.
pub(super) const CHECKS: u8 = 1 << 4;
/// It runs only when somebody below it asks.
pub(super) const DEFERRED: u8 = 1 << 5;
/// One of its inputs is linked elsewhere since it ran.
pub(super) const REWIRED: u8 = 1 << 6;
/// It has had work done beside the loop.
pub(super) const WAITED: u8 = 1 << 7;

/// No node.
pub(super) const NOBODY: u32 = u32::MAX;

/// What a run of a node needs.
pub(super) struct Seat {
    pub(super) node: Box<dyn Node>,
    pub(super) flags: u8,
    pub(super) state: NodeState,
    /// The node whose failure is to blame where this one has failed or is blocked: itself, or one above it.
    pub(super) root: u32,
    pub(super) inputs: Span,
    pub(super) outputs: Span,
    pub(super) needs: Span,
    /// The iteration in which it last ran; 0 where it has not.
    pub(super) ran: u64,
    pub(super) runs: u64,
    pub(super) start_time: Timestamp,
    pub(super) duration: Option<Duration>,
    pub(super) seed: u64,
    pub(super) wake: Option<(Timestamp, WakeKind)>,
}

/// What only looking at a node and changing it need.
pub(super) struct Still {
    pub(super) id: Arc<str>,
    pub(super) class: Arc<dyn NodeClass>,
    pub(super) error: Option<String>,
    pub(super) quarantined: Option<String>,
    pub(super) job: Option<Current>,
    /// Whether it stands in the queue of those whose work waits for its turn.
    pub(super) in_queue: bool,
    pub(super) session_id: Option<SessionId>,
}

/// The work that a node waits for.
pub(super) struct Current {
    pub(super) id: JobId,
    /// Whether a person is asked.
    pub(super) question: bool,
    pub(super) stage: Stage,
}

/// How far work is.
pub(super) enum Stage {
    /// It waits for its turn.
    Queued(Work),
    /// It is under way.
    Started,
    /// It has ended, and the node does not know yet.
    Ended(Result<Reply, NodeError>),
}

/// A part of one of the flat arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.from as usize..self.to as usize
    }

    pub(super) fn places(self) -> Range<u32> {
        self.from..self.to
    }
}
