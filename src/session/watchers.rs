//! Who listens to one session: its connections, and the shards that hold them.

use std::sync::Arc;

use actix::Addr;
use smallvec::SmallVec;

use crate::domain::burst::Burst;
use crate::domain::id::{ConnectionId, SessionId};
use crate::domain::tail::Replay;
use crate::hub::close::CloseCode;
use crate::hub::{Announced, CloseTopic, Publish, Shard, Subscribe, Topic};

/// Who listens to one session.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    connections: SmallVec<[ConnectionId; 2]>,
    shards: SmallVec<[(usize, Addr<Shard>); 2]>,
}

impl Watchers {
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Adds a connection: its shard gets the replay, and every burst that comes after.
    pub(super) fn add(
        &mut self,
        session: SessionId,
        connection: ConnectionId,
        shard: Addr<Shard>,
        replay: Arc<Replay>,
        announced: Announced,
    ) {
        let topic = Topic::Session(session);
        shard.do_send(Subscribe { connection, topic, replay, announced });
        if !self.connections.contains(&connection) {
            self.connections.push(connection);
        }
        let worker = connection.worker();
        if !self.shards.iter().any(|(of, _)| *of == worker) {
            self.shards.push((worker, shard));
        }
    }

    /// Takes a connection out.
    pub(super) fn remove(&mut self, connection: ConnectionId) {
        self.connections.retain(|other| *other != connection);
        let worker = connection.worker();
        if !self.connections.iter().any(|other| other.worker() == worker) {
            self.shards.retain(|(of, _)| *of != worker);
        }
    }

    /// Tells all of them.
    pub(super) fn publish(&self, session: SessionId, burst: Burst) {
        if self.shards.is_empty() || burst.told.is_empty() {
            return;
        }
        let burst = Arc::new(burst);
        for (_, shard) in &self.shards {
            shard.do_send(Publish { topic: Topic::Session(session), burst: burst.clone() });
        }
    }

    /// Sends them away.
    pub(super) fn close(&mut self, session: SessionId, code: CloseCode) {
        for (_, shard) in self.shards.drain(..) {
            shard.do_send(CloseTopic { topic: Topic::Session(session), code });
        }
        self.connections.clear();
    }
}
