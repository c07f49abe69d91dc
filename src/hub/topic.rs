//! What can be followed: the names of feeds, and by what event sockets find what is theirs of the event log.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::id::{SessionId, Slot};

/// The name of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One session's journal.
    Session(SessionId),
    /// One workflow.
    Workflow(TopicKey),
    /// What happens to any workflow while it is not live.
    Workflows,
    /// The same of those of one owner.
    WorkflowsOf(TopicKey),
    /// The event log.
    Events,
}

impl Topic {
    /// The session whose journal it is.
    #[must_use]
    pub const fn session_id(self) -> Option<SessionId> {
        match self {
            Topic::Session(session_id) => Some(session_id),
            Topic::Workflow(_) | Topic::Workflows | Topic::WorkflowsOf(_) | Topic::Events => None,
        }
    }

    /// Whether it is about workflows: nothing is encoded for these where nobody listens, and what has no position there
    /// must not be missed.
    #[must_use]
    pub const fn is_of_workflows(self) -> bool {
        match self {
            Topic::Session(_) | Topic::Events => false,
            Topic::Workflow(_) | Topic::Workflows | Topic::WorkflowsOf(_) => true,
        }
    }
}

/// Under what an event socket stands in the index: an event is looked up by its type, its execution and its crew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventTopic {
    /// Events of the type with this number.
    Kind(u8),
    /// Events of one execution, by its id.
    Execution(TopicKey),
    /// Events of one crew.
    Crew(TopicKey),
    /// The server's own metrics, again and again.
    Metrics,
    /// Every event socket, whatever it subscribed to.
    All,
}

/// What stands for a name of any length in a topic: the beginning of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicKey([u8; 16]);

impl TopicKey {
    /// Some number below `count`, the same for the same name.
    #[must_use]
    pub fn bucket(self, count: u8) -> usize {
        let [first, ..] = self.0;
        usize::from(first.checked_rem(count).unwrap_or(0))
    }

    /// The slot that this name falls into, where servers share what has names.
    #[must_use]
    pub fn slot(self) -> Slot {
        let [first, ..] = self.0;
        Slot::new(first)
    }

    /// The key of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let hash = Sha256::digest(name.as_bytes());
        let mut key = [0; 16];
        key.iter_mut().zip(hash).for_each(|(byte, of_hash)| *byte = of_hash);
        Self(key)
    }
}
