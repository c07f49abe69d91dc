//! The way to all who watch workflows, for what is sent once and kept nowhere.

use std::sync::Arc;

use super::board::{event_messages, report_messages};
use super::event::WorkflowEvent;
use crate::domain::time::Timestamp;
use crate::hub::{Broadcast, Items, Messages, Publish, Recipients};
use crate::workflow::key::WorkflowKey;
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
    pub(crate) fn happened(&self, key: &WorkflowKey, event: &WorkflowEvent) {
        if self.are_there() {
            self.publish(key, event_messages(&key.id, None, event));
        }
    }

    /// Publishes how nodes of a workflow stand that runs as a session; all of them are of this workflow.
    pub(crate) fn nodes(&self, key: &WorkflowKey, timestamp: Timestamp, reports: Vec<NodeReport<'_>>) {
        if self.are_there() && !reports.is_empty() {
            self.publish(key, report_messages(timestamp, reports));
        }
    }

    /// Publishes messages about a workflow.
    pub(crate) fn publish(&self, key: &WorkflowKey, messages: Messages) {
        let to = Recipients::Followers(key.topics());
        self.broadcast.publish(&Publish { to, items: Items::Messages(Arc::new(messages)) });
    }
}
