//! Who listens to one session: its connections, and the shards that hold them.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use actix::{Addr, Context, Handler};
use smallvec::{SmallVec, smallvec};

use crate::domain::burst::{Burst, Passing};
use crate::domain::id::{ConnectionId, SessionId};
use crate::domain::tail::Replay;
use crate::hub::close::CloseCode;
use crate::hub::{Announced, CloseTopic, Items, Join, Publish, Recipients, Shard, Topic};
use crate::session::actor::Session;
use crate::session::messages::{Attached, Greeting, Via};
use crate::session::protocol::{Attach, Detach};

/// Who listens to one session.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    connections: SmallVec<[ConnectionId; 2]>,
    /// Those whose leaving the session minds.
    counted: SmallVec<[ConnectionId; 2]>,
    shards: SmallVec<[(usize, Addr<Shard>); 2]>,
    /// What was sent without waiting for a commit and may not have reached every shard yet, oldest first.
    under_way: VecDeque<(Weak<Burst>, usize)>,
}

impl Watchers {
    fn has(&self, connection: ConnectionId) -> bool {
        self.connections.contains(&connection)
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether anybody is there whose leaving the session minds.
    pub(crate) fn are_counted(&self) -> bool {
        !self.counted.is_empty()
    }

    /// Minds the leaving of a connection.
    pub(crate) fn count(&mut self, connection: ConnectionId) {
        if !self.counted.contains(&connection) {
            self.counted.push(connection);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Adds a connection: its shard gets the replay, and every burst that comes after.
    pub(crate) fn add(
        &mut self,
        session: SessionId,
        connection: ConnectionId,
        shard: Addr<Shard>,
        replay: Arc<Replay>,
        announced: Announced,
    ) {
        let (topic, position) = (Topic::Session(session), replay.last_seq);
        shard.do_send(Join { connection, topic, items: Items::Replay(replay), position, announced });
        if !self.has(connection) {
            self.connections.push(connection);
        }
        let worker = connection.worker();
        if !self.shards.iter().any(|(of, _)| *of == worker) {
            self.shards.push((worker, shard));
        }
    }

    pub(crate) fn remove(&mut self, connection: ConnectionId) {
        self.connections.retain(|other| *other != connection);
        self.counted.retain(|other| *other != connection);
        let worker = connection.worker();
        if !self.connections.iter().any(|other| other.worker() == worker) {
            self.shards.retain(|(of, _)| *of != worker);
        }
    }

    /// Sends all of them a row.
    pub(crate) fn publish(&self, session: SessionId, burst: Burst) {
        if !self.shards.is_empty() && burst.messages() > 0 {
            self.send(session, &Arc::new(burst));
        }
    }

    /// Sends all of them what is not saved. It is left out where more than `most` bytes of such are under way to shards
    /// that are busy: there is no commit that would hold the task up.
    pub(crate) fn show(&mut self, session: SessionId, passing: Vec<Passing>, most: usize) {
        while self.under_way.front().is_some_and(|(burst, _)| burst.strong_count() == 0) {
            self.under_way.pop_front();
        }
        let waiting: usize = self.under_way.iter().map(|(_, bytes)| bytes).sum();
        if self.shards.is_empty() || passing.is_empty() || waiting > most {
            return;
        }
        let burst = Arc::new(Burst { passing, ..Burst::default() });
        self.under_way.push_back((Arc::downgrade(&burst), burst.bytes()));
        self.send(session, &burst);
    }

    fn send(&self, session: SessionId, burst: &Arc<Burst>) {
        for (_, shard) in &self.shards {
            let to = Recipients::Followers(smallvec![Topic::Session(session)]);
            shard.do_send(Publish { to, items: Items::Burst(burst.clone()) });
        }
    }

    pub(crate) fn close(&mut self, session: SessionId, code: CloseCode) {
        for (_, shard) in self.shards.drain(..) {
            shard.do_send(CloseTopic { topic: Topic::Session(session), code });
        }
        self.connections.clear();
        self.counted.clear();
    }
}

impl Handler<Attach> for Session {
    type Result = ();

    fn handle(&mut self, message: Attach, _: &mut Context<Self>) {
        let Attach { connection, shard, since, greeting, via, may_cancel, reply } = message;
        let replay = match since {
            None => Some(self.tail.shared_snapshot()),
            Some(seq) => self.tail.since(seq).map(Arc::new),
        };
        let Some(replay) = replay else {
            let behind = Attached::Behind { key: self.key, last_seq: self.tail.last_seq() };
            let _ = reply.send(Ok(behind));
            return;
        };
        let announced = match greeting {
            Greeting::Spoken => Announced::Yes { dropped: replay.dropped, last_seq: replay.last_seq },
            Greeting::Silent => Announced::No,
        };
        // One that reads on was counted when it came.
        let is_minded = may_cancel && (via == Via::Audit || !self.counts_own_sockets_only());
        if is_minded && !self.watchers.has(connection) {
            if !self.watchers.are_counted() {
                self.regain_patience();
            }
            self.watchers.count(connection);
        }
        self.idle_reported = false;
        self.watchers.add(self.id, connection, shard, replay, announced);
        let _ = reply.send(Ok(Attached::Live));
        self.settle();
    }
}

impl Handler<Detach> for Session {
    type Result = ();

    fn handle(&mut self, message: Detach, _: &mut Context<Self>) {
        let were_counted = self.watchers.are_counted();
        self.watchers.remove(message.connection);
        if were_counted && !self.watchers.are_counted() {
            self.lose_patience();
        }
        self.settle();
    }
}
