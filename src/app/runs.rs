//! Runs of workflows that are sessions, for those who watch workflows.

use crate::domain::time::Timestamp;
use crate::task::workflow::{Observer, RunEvent, What};
use crate::workflow::key::WorkflowKey;
use crate::workflow::live::board::NodeNow;
use crate::workflow::live::event::WorkflowEvent;
use crate::workflow::live::watchers::Watchers;
use crate::workflow::messages::{Event, NodeReport};
use crate::workflow::plan::NodeView;

/// Publishes the progress of runs to those who watch workflows.
pub(super) struct Runs {
    watchers: Watchers,
    max_told_bytes: usize,
}

impl Runs {
    /// Publishes to these; of a value larger than so many bytes only its beginning.
    pub(super) fn new(watchers: Watchers, max_told_bytes: usize) -> Self {
        Self { watchers, max_told_bytes }
    }

    fn nodes(&self, event: &RunEvent<'_>, views: &[NodeView<'_>]) {
        if !self.watchers.are_there() {
            return;
        }
        let reports = views.iter().map(|view| {
            let NodeNow { state, mut detail, outputs } = NodeNow::of(view, self.max_told_bytes);
            detail.result = Some((!outputs.is_empty()).then_some(outputs));
            let session_id = Some(event.session_id);
            NodeReport { workflow_id: event.workflow_id, session_id, node_id: view.id, state, data: detail }
        });
        let key = WorkflowKey::new(&event.owner, event.workflow_id);
        self.watchers.nodes(&key, Timestamp::now(), reports.collect());
    }
}

impl Observer for Runs {
    fn observe(&self, event: RunEvent<'_>) {
        let (what, reason) = match &event.what {
            What::Nodes(views) => return self.nodes(&event, views),
            What::Started => (Event::ExecutionStarted, None),
            What::Completed => (Event::ExecutionCompleted, None),
            What::Failed(reason) => (Event::ExecutionFailed, Some((*reason).to_owned())),
        };
        let new_event = WorkflowEvent {
            version: event.version,
            session_id: Some(event.session_id),
            reason,
            ..WorkflowEvent::new(what, event.node_count, Timestamp::now())
        };
        self.watchers.happened(&WorkflowKey::new(&event.owner, event.workflow_id), &new_event);
    }
}
