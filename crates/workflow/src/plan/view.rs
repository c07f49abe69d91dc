//! How a node of a plan stands, for whoever tells it.

use std::time::Duration;

use super::seat::NOBODY;
use super::{NodeIndex, Plan};
use crate::cx::Slot;
use crate::node::Spec;
use crate::state::NodeState;
use crate::value::Value;
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// How a node of a plan stands.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    /// Its id.
    pub id: &'a str,
    /// What its class is.
    pub spec: &'a Spec,
    /// Where it stands.
    pub state: NodeState,
    /// Why it has failed.
    pub error: Option<&'a str>,
    /// The node whose failure blocks it.
    pub blocked_by: Option<&'a str>,
    /// How often it has run.
    pub runs: u64,
    /// When it last began to run; `None` where it has not.
    pub start_time: Option<Timestamp>,
    /// How long its last run took, the work it waited for included, where that was measured.
    pub duration: Option<Duration>,
    /// The session that asks the person it waits for, or that is the task it waits for.
    pub session_id: Option<SessionId>,
    slots: &'a [Slot],
}

impl<'a> NodeView<'a> {
    /// Its outputs that have a value, with their names.
    pub fn outputs(&self) -> impl Iterator<Item = (&'static str, &'a Value)> + use<'a> {
        let ports = self.spec.outputs.iter().zip(self.slots);
        ports.filter_map(|(port, slot)| Some((port.name, slot.value.as_ref()?)))
    }
}

impl Plan {
    /// How a node stands; `None` for one of another plan.
    #[must_use]
    pub fn view(&self, node: NodeIndex) -> Option<NodeView<'_>> {
        let (seat, still) = (self.seats.get(node.place())?, self.still.get(node.place())?);
        let blamed = seat.state == NodeState::Blocked && seat.root != NOBODY;
        Some(NodeView {
            id: &still.id,
            spec: still.class.spec(),
            state: seat.state,
            error: still.error.as_deref(),
            blocked_by: if blamed { Some(self.id(NodeIndex(seat.root))) } else { None },
            runs: seat.runs,
            start_time: (seat.runs > 0).then_some(seat.start_time),
            duration: seat.duration,
            session_id: still.session_id,
            slots: self.slots.get(seat.outputs.range()).unwrap_or_default(),
        })
    }
}
