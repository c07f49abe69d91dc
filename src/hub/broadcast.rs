//! The way to all shards, from any thread.

use std::fmt;
use std::sync::Arc;

use actix::Addr;

use super::counts::ConnectionCounts;
use super::messages::{EventsBeginAnew, Join, Publish, ReadOn, Recipients};
use super::shard::Shard;
use super::topic::Topic;
use crate::domain::event::Kind;
use crate::domain::id::ExecutionId;

/// The way to all shards. Cloning shares it.
#[derive(Clone)]
pub struct Broadcast {
    shards: Arc<[Addr<Shard>]>,
    counts: Arc<ConnectionCounts>,
}

impl Broadcast {
    /// The way to these shards, whose connections `counts` counts.
    #[must_use]
    pub fn new(shards: &[Addr<Shard>], counts: Arc<ConnectionCounts>) -> Self {
        Self { shards: shards.into(), counts }
    }

    /// Whether anybody anywhere follows a workflow, or is about to. Where nobody does, nothing need be encoded.
    #[must_use]
    pub fn has_watchers(&self) -> bool {
        self.counts.has_watchers()
    }

    /// Whether any worker may have event sockets.
    #[must_use]
    pub fn has_event_sockets(&self) -> bool {
        self.counts.has_any_event_socket()
    }

    /// Publishes to everybody who follows.
    pub fn publish(&self, publish: &Publish) {
        for (worker, shard) in self.shards.iter().enumerate() {
            // A worker without event sockets is not woken for them.
            let is_wanted = match publish.to {
                Recipients::EventSockets(_) => self.counts.has_event_sockets(worker),
                Recipients::Followers(_) => true,
            };
            if is_wanted {
                shard.do_send(publish.clone());
            }
        }
    }

    /// Whether anybody may want events of this type, or of this execution whatever the type. Where nobody does, an event
    /// that is kept nowhere need not be encoded.
    #[must_use]
    pub fn is_heard(&self, kind: &Kind, execution: Option<&ExecutionId>) -> bool {
        self.counts.is_heard(kind, execution)
    }

    /// Whether anybody wants the server's own metrics again and again.
    #[must_use]
    pub fn is_metrics_heard(&self) -> bool {
        self.counts.is_metrics_heard()
    }

    /// The event log goes on as another one: who listens is sent that, and follows the new one.
    pub fn events_begin_anew(&self, anew: &EventsBeginAnew) {
        for shard in &*self.shards {
            shard.do_send(anew.clone());
        }
    }

    /// Has all who follow a feed read on from its source.
    pub fn read_on(&self, topic: Topic, position: u64) {
        for shard in &*self.shards {
            shard.do_send(ReadOn { topic, connection: None, position });
        }
    }

    /// Lets a connection of this shard follow a workflow. It counts as a watcher from here on, not only once the shard
    /// hears of it: what is published in between must not be left out.
    pub fn join(&self, shard: &Addr<Shard>, join: Join) {
        self.counts.add_watcher();
        shard.do_send(join);
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}
