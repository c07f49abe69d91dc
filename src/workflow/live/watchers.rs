//! The way to all who watch workflows, for what is told once and kept nowhere.

use std::sync::Arc;

use smallvec::smallvec;

use super::board::{happening_parts, report_parts};
use super::happening::Happening;
use crate::domain::time::Timestamp;
use crate::hub::{Broadcast, Parts, Tell, Topic, TopicKey};
use crate::workflow::told::NodeReport;

/// The way to all who watch workflows. Cloning shares it; it may be used from any thread.
#[derive(Clone, Debug)]
pub struct Watchers {
    broadcast: Broadcast,
}

impl Watchers {
    /// The way over this broadcast.
    #[must_use]
    pub fn new(broadcast: Broadcast) -> Self {
        Self { broadcast }
    }

    /// Whether anybody listens: where nobody does, nothing need be put together.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.broadcast.has_listeners()
    }

    /// Tells that something has happened to a run of a workflow as a session: to those who watch the workflow, and to
    /// those who watch all.
    pub fn happened(&self, workflow_id: &str, happening: &Happening) {
        if self.are_there() {
            self.tell(workflow_id, happening_parts(workflow_id, None, happening));
        }
    }

    /// Tells how nodes of a workflow stand that runs as a session; all of them are of this workflow.
    pub fn nodes(&self, workflow_id: &str, timestamp: Timestamp, reports: Vec<NodeReport<'_>>) {
        if self.are_there() && !reports.is_empty() {
            self.tell(workflow_id, report_parts(timestamp, reports));
        }
    }

    /// Tells something about a workflow.
    pub fn tell(&self, workflow_id: &str, parts: Parts) {
        let topics = smallvec![Topic::Workflow(TopicKey::of(workflow_id)), Topic::Workflows];
        self.broadcast.tell(&Tell { topics, first_seq: None, parts: Arc::new(parts) });
    }
}
