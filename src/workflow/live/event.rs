//! Something that has happened to a workflow, kept until everybody who watches has it.

use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::workflow::messages::{Event, EventData, Message};

/// Something that has happened to a workflow.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkflowEvent {
    /// What.
    pub event: Event,
    /// When.
    pub timestamp: Timestamp,
    /// How many nodes the workflow has.
    pub node_count: usize,
    /// Its version, where there is one.
    pub version: Option<u64>,
    /// The session that runs it once.
    pub session_id: Option<SessionId>,
    /// Who did it, where they said.
    pub author: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How many iterations there were.
    pub execution_count: Option<u64>,
    /// What was changed, where something was.
    pub change: Option<Change>,
}

/// What was changed of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// Its definition.
    Saved,
    /// There is no definition any more.
    Removed,
    /// An input of the live workflow.
    Input {
        /// The node.
        node_id: String,
        /// The input.
        input_name: String,
        /// What it is from now on.
        value: serde_json::Value,
    },
}

impl WorkflowEvent {
    /// Something that happens now, of which nothing more is known.
    #[must_use]
    pub(crate) fn new(event: Event, node_count: usize, timestamp: Timestamp) -> Self {
        Self {
            event,
            timestamp,
            node_count,
            version: None,
            session_id: None,
            author: None,
            reason: None,
            execution_count: None,
            change: None,
        }
    }

    /// Whether this one says all that `earlier` said: only the last change of an input matters.
    #[must_use]
    pub(crate) fn replaces(&self, earlier: &WorkflowEvent) -> bool {
        match (&self.change, &earlier.change) {
            (
                Some(Change::Input { node_id, input_name, .. }),
                Some(Change::Input { node_id: node, input_name: input, .. }),
            ) => node_id == node && input_name == input,
            (Some(Change::Input { .. } | Change::Saved | Change::Removed) | None, _) => false,
        }
    }

    /// The message about it, with its place in what is sent of the workflow.
    #[must_use]
    pub(crate) fn message<'a>(&'a self, workflow_id: &'a str, seq: Option<u64>) -> Message<'a> {
        let (change, input) = match &self.change {
            None => (None, None),
            Some(Change::Saved) => (Some("saved"), None),
            Some(Change::Removed) => (Some("removed"), None),
            Some(Change::Input { node_id, input_name, value }) => (Some("input"), Some((node_id, input_name, value))),
        };
        Message::WorkflowEvent {
            event: self.event,
            seq,
            timestamp: self.timestamp,
            data: EventData {
                workflow_id,
                node_count: self.node_count,
                version: self.version,
                session_id: self.session_id,
                author: self.author.as_deref(),
                by: self.change.is_some().then_some(self.author.as_deref()),
                reason: self.reason.as_deref(),
                execution_count: self.execution_count,
                change,
                node_id: input.map(|(node, ..)| node.as_str()),
                input_name: input.map(|(_, name, _)| name.as_str()),
                input_value: input.map(|(.., value)| value),
            },
        }
    }
}
