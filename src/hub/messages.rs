//! What the hub and the shards hear.

use std::net::IpAddr;
use std::sync::Arc;

use actix::Message;
use sha2::{Digest, Sha256};

use super::close::CloseCode;
use crate::domain::burst::Burst;
use crate::domain::id::{ConnectionId, SessionId};
use crate::domain::tail::Replay;

/// Where something is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One session's journal.
    Session(SessionId),
    /// One workflow.
    Workflow(TopicKey),
    /// All workflows.
    Workflows,
    /// Events of the type with this number.
    Kind(u8),
    /// Events of one execution, by its id.
    Execution(TopicKey),
    /// Events of one crew.
    Crew(TopicKey),
    /// The server's own numbers, again and again.
    Metrics,
    /// Every connection that is told events.
    Events,
}

impl Topic {
    /// Whether it is told by [`super::Tell`], and need not be written where nobody listens.
    #[must_use]
    pub const fn is_ephemeral(self) -> bool {
        match self {
            Topic::Session(_)
            | Topic::Kind(_)
            | Topic::Execution(_)
            | Topic::Crew(_)
            | Topic::Metrics
            | Topic::Events => false,
            Topic::Workflow(_) | Topic::Workflows => true,
        }
    }
}

/// What stands for a name of any length in a topic: the beginning of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicKey([u8; 16]);

impl TopicKey {
    /// Some number below `count`, the same for the same name.
    #[must_use]
    pub fn bucket(self, count: u8) -> usize {
        let [first, ..] = self.0;
        usize::from(first.checked_rem(count).unwrap_or(0))
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

/// To a shard, from a session: this connection listens from now on. Its replay stands before all that follows.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// The connection; it may be gone.
    pub connection: ConnectionId,
    /// What it listens to.
    pub topic: Topic,
    /// What it is told first.
    pub replay: Arc<Replay>,
    /// Whether the dialect announces the replay.
    pub announced: Announced,
}

/// Whether a dialect's opening and closing words go round a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// They do.
    Yes,
    /// The replay goes on where the connection's own catching-up ended.
    No,
}

/// To a shard: all its connections that listen to the topic are told.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Publish {
    /// Where.
    pub topic: Topic,
    /// What.
    pub burst: Arc<Burst>,
}

/// To a shard: nobody listens to this topic any more, because it is gone. Its connections are closed.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseTopic {
    /// The topic.
    pub topic: Topic,
    /// Why.
    pub code: CloseCode,
}

/// To a shard: close this connection.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseConnection {
    /// The connection; it may be gone.
    pub connection: ConnectionId,
    /// Why.
    pub code: CloseCode,
}

/// To the hub or a shard: tell every connection that the server is going down, and close it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseAll;

/// To the hub or a shard: how many connections are there?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(usize)]
pub struct CountConnections;

/// From a shard to the hub, in batches: what came and went since the last one.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ReportConnections {
    /// The shard's worker.
    pub worker: usize,
    /// Connections that were opened.
    pub opened: Vec<Opened>,
    /// Connections that have gone.
    pub closed: Vec<ConnectionId>,
}

/// A connection that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its id.
    pub connection: ConnectionId,
    /// Where from.
    pub address: Option<IpAddr>,
    /// What it listens to first.
    pub topic: Option<Topic>,
}
