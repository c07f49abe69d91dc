//! What a run writes of its nodes into its journal, so that their states can be shown after a reload and a restart.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::session::TaskContext;
use crate::workflow::Settings;
use crate::workflow::live::board::NodeNow;
use crate::workflow::messages::NodeDetail;
use crate::workflow::plan::{NodeIndex, NodeView, Plan};

/// The type of the entries.
const ENTRY: &str = "node_states";

/// Nodes that changed since they were last written, and how much may still be written.
pub(super) struct NodeStates {
    /// A lane of its own: a run that began before such entries existed resumes as it was.
    lane: TaskContext,
    changed: BTreeSet<usize>,
    max_value_bytes: usize,
    max_entry_bytes: usize,
    bytes_left: usize,
}

/// One entry: nodes by their ids.
#[derive(Serialize)]
struct Entry<'a> {
    nodes: BTreeMap<&'a str, NodeDetail>,
}

impl NodeStates {
    pub(super) fn new(run: &TaskContext, limits: &Settings) -> Self {
        Self {
            lane: run.lane("nodes"),
            changed: BTreeSet::new(),
            max_value_bytes: limits.max_journal_value_bytes,
            max_entry_bytes: limits.max_told_bytes,
            bytes_left: limits.max_journal_state_bytes,
        }
    }

    /// Notes that these nodes changed.
    pub(super) fn changed(&mut self, nodes: &[NodeIndex]) {
        self.changed.extend(nodes.iter().map(|node| node.place()));
    }

    /// Writes how the changed nodes stand, in entries of a moderate size. Past the limit of a run nothing more is written:
    /// its outcome and its questions are in the journal anyway.
    pub(super) async fn write(&mut self, plan: &Plan) {
        let changed = std::mem::take(&mut self.changed);
        let views = plan.nodes().filter(|node| changed.contains(&node.place())).filter_map(|node| plan.view(node));
        let mut nodes = BTreeMap::new();
        let mut bytes = 0;
        let mut entries = Vec::new();
        for view in views {
            let detail = self.detail(&view);
            let size = serde_json::to_vec(&detail).map_or(0, |json| json.len()) + view.id.len();
            let Some(left) = self.bytes_left.checked_sub(size) else {
                self.bytes_left = 0;
                break;
            };
            self.bytes_left = left;
            if bytes + size > self.max_entry_bytes && !nodes.is_empty() {
                entries.extend(data(std::mem::take(&mut nodes)));
                bytes = 0;
            }
            bytes += size;
            nodes.insert(view.id, detail);
        }
        if !nodes.is_empty() {
            entries.extend(data(nodes));
        }
        for entry in entries {
            self.lane.emit(ENTRY, entry).await;
        }
    }

    fn detail(&self, view: &NodeView<'_>) -> NodeDetail {
        let NodeNow { state, detail, outputs } = NodeNow::of(view, self.max_value_bytes);
        let result = Some((!outputs.is_empty()).then_some(outputs));
        NodeDetail { state: Some(state), result, ..detail }
    }
}

fn data(nodes: BTreeMap<&str, NodeDetail>) -> Option<Map<String, Value>> {
    match serde_json::to_value(Entry { nodes }) {
        Ok(Value::Object(data)) => Some(data),
        Ok(_) | Err(_) => None,
    }
}
