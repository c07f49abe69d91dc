//! The way to all who watch workflows, for what is sent once and kept nowhere.

use std::sync::Arc;

use smallvec::smallvec;

use super::board::{event_messages, report_messages};
use super::event::WorkflowEvent;
use crate::domain::time::Timestamp;
use crate::hub::{Broadcast, Items, Messages, Publish, Recipients, Topic, TopicKey};
use crate::workflow::messages::NodeReport;

/// The way to all who watch workflows. Cloning shares it; it may be used from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Watchers {
    broadcast: Broadcast,
}

impl Watchers {
    /// The way over this broadcast.
    #[must_use]
    pub(crate) fn new(broadcast: Broadcast) -> Self {
        Self { broadcast }
    }

    /// Whether anybody listens: where nobody does, nothing need be put together.
    #[must_use]
    pub(crate) fn are_there(&self) -> bool {
        self.broadcast.has_watchers()
    }

    /// Publishes that something has happened to a run of a workflow as a session: to those who watch the workflow, and to
    /// those who watch all.
    pub(crate) fn happened(&self, workflow_id: &str, event: &WorkflowEvent) {
        if self.are_there() {
            self.publish(workflow_id, event_messages(workflow_id, None, event));
        }
    }

    /// Publishes how nodes of a workflow stand that runs as a session; all of them are of this workflow.
    pub(crate) fn nodes(&self, workflow_id: &str, timestamp: Timestamp, reports: Vec<NodeReport<'_>>) {
        if self.are_there() && !reports.is_empty() {
            self.publish(workflow_id, report_messages(timestamp, reports));
        }
    }

    /// Publishes messages about a workflow.
    pub(crate) fn publish(&self, workflow_id: &str, messages: Messages) {
        let to = Recipients::Followers(smallvec![Topic::Workflow(TopicKey::of(workflow_id)), Topic::Workflows]);
        self.broadcast.publish(&Publish { to, items: Items::Messages(Arc::new(messages)) });
    }
}
