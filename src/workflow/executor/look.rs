//! How the nodes of a plan stand, as it is sent.

use std::collections::{BTreeMap, HashMap};

use super::Executor;
use crate::workflow::live::board::{Look, NodeNow};
use crate::workflow::messages::{LiveState, NodeState, Status, UpdateStatus};
use crate::workflow::plan::{NodeIndex, NodeView, Plan};

/// The nodes of a plan.
pub(super) struct Nodes<'a> {
    plan: &'a Plan,
    nodes: &'a [NodeIndex],
    lines: &'a HashMap<usize, String>,
    max_told_bytes: usize,
}

impl<'a> Nodes<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        nodes: &'a [NodeIndex],
        lines: &'a HashMap<usize, String>,
        max_told_bytes: usize,
    ) -> Self {
        Self { plan, nodes, lines, max_told_bytes }
    }

    fn view(&self, node: usize) -> Option<NodeView<'a>> {
        self.plan.view(*self.nodes.get(node)?)
    }
}

impl Look for Nodes<'_> {
    fn len(&self) -> usize {
        self.nodes.len()
    }

    fn id(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("", |node| self.plan.id(*node))
    }

    fn look(&self, node: usize) -> NodeNow {
        let Some(view) = self.view(node) else { return NodeNow::default() };
        let mut now = NodeNow::of(&view, self.max_told_bytes);
        now.detail.said = self.lines.get(&node).cloned();
        now
    }

    fn progress(&self) -> UpdateStatus {
        let mut progress = UpdateStatus::Completed;
        for view in (0..self.nodes.len()).filter_map(|node| self.view(node)) {
            match view.state {
                NodeState::Executing | NodeState::Queued => return UpdateStatus::Executing,
                NodeState::Error => progress = UpdateStatus::Failed,
                NodeState::Idle
                | NodeState::Completed
                | NodeState::Cached
                | NodeState::Waiting
                | NodeState::Blocked => {}
            }
        }
        progress
    }
}

impl Executor {
    /// How the workflow stands, as a whole.
    pub(super) fn status(&self) -> Status {
        let look = Nodes::new(&self.plan, &self.nodes, &self.lines, self.shared.limits.max_told_bytes);
        let (mut results, mut node_states) = (BTreeMap::new(), BTreeMap::new());
        for node in 0..look.len() {
            let NodeNow { state, mut detail, outputs } = look.look(node);
            if !outputs.is_empty() {
                results.insert(look.id(node).to_owned(), outputs);
            }
            if state != NodeState::Idle {
                detail.state = Some(state);
                node_states.insert(look.id(node).to_owned(), detail);
            }
        }
        let state = self.state();
        let spec = self.spec.borrow();
        let inputs = spec.inputs.iter().map(|(node, inputs)| {
            (node.clone(), inputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
        });
        Status {
            workflow_id: self.workflow_id.to_string(),
            is_running: matches!(state, LiveState::Running | LiveState::Parked),
            execution_count: self.execution_count(),
            results,
            state,
            version: spec.definition.version,
            node_count: self.plan.len(),
            interval_ms: self.interval_ms(),
            max_iterations: spec.options.max_iterations,
            started_at: Some(self.started_at),
            node_states,
            inputs: inputs.collect(),
            last_seq: self.board.last_seq(),
            gap: false,
            pause_reason: None,
        }
    }
}
