//! The way to all who watch workflows, for what is sent once and kept nowhere.

use std::sync::Arc;

use smallvec::smallvec;

use super::board::{event_messages, report_messages};
use super::event::WorkflowEvent;
use crate::domain::time::Timestamp;
use crate::hub::{Broadcast, Items, Messages, Publish, Recipients, Topic};
use crate::workflow::elsewhere::relay::{Life, Relay};
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::NodeReport;

/// The way to all who watch workflows. Cloning shares it; it may be used from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Watchers {
    broadcast: Broadcast,
    /// The way to those at other servers, where there are several.
    relay: Option<Relay>,
}

impl Watchers {
    /// The way over this broadcast.
    #[must_use]
    pub(crate) fn new(broadcast: Broadcast) -> Self {
        Self { broadcast, relay: None }
    }

    /// The same, and over this relay to those at other servers.
    #[must_use]
    pub(crate) fn relayed(self, relay: Option<Relay>) -> Self {
        Self { relay, ..self }
    }

    /// The way to those at this server.
    #[must_use]
    pub(crate) fn here(&self) -> &Broadcast {
        &self.broadcast
    }

    /// Whether anybody listens: where nobody does, nothing need be put together.
    #[must_use]
    pub(crate) fn are_there(&self) -> bool {
        self.broadcast.has_watchers() || self.relay.as_ref().is_some_and(Relay::is_wanted)
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
        if let Some(relay) = &self.relay {
            relay.send(key, Life::NotLive, &messages);
        }
        let to = Recipients::Followers(key.topics());
        self.broadcast.publish(&Publish { to, items: Items::Messages(Arc::new(messages)) });
    }

    /// Publishes how a live workflow goes on, which is followed by itself.
    pub(crate) fn flush(&self, key: &WorkflowKey, life: Life, topic: Topic, messages: Arc<Messages>) {
        if let Some(relay) = &self.relay {
            relay.send(key, life, &messages);
        }
        let to = Recipients::Followers(smallvec![topic]);
        self.broadcast.publish(&Publish { to, items: Items::Messages(messages) });
    }
}
