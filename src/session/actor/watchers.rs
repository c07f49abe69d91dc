//! Who listens to one session: its connections, and the shards that hold them.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use actix::{Addr, Context, Handler};
use smallvec::{SmallVec, smallvec};

use crate::auth::Principal;
use crate::auth::policy::owns;
use crate::domain::burst::{Burst, Passing};
use crate::domain::id::{ConnectionId, SessionId};
use crate::domain::tail::{Replay, Tail};
use crate::hub::close::CloseCode;
use crate::hub::{Announced, CloseConnection, CloseTopic, Items, Join, Publish, ReadOn, Recipients, Shard, Topic};
use crate::session::actor::Session;
use crate::session::messages::{Attached, Greeting, Via};
use crate::session::protocol::{Attach, Detach};
use crate::store::{Fence, SessionKey};

/// Who listens to one session.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    connections: SmallVec<[ConnectionId; 2]>,
    /// Those whose leaving the session minds.
    counted: SmallVec<[ConnectionId; 2]>,
    /// Those whose session it is not: they are here for as long as they are asked something.
    guests: Vec<(ConnectionId, Principal)>,
    shards: SmallVec<[(usize, Addr<Shard>); 2]>,
    /// Other servers whose connections follow it.
    members: SmallVec<[Following; 1]>,
    /// What was sent without waiting for a commit and may not have reached every shard yet, oldest first.
    under_way: VecDeque<(Weak<Burst>, usize)>,
}

/// Another server whose connections follow a session.
#[derive(Clone, Copy, Debug)]
struct Following {
    member: Fence,
    version: u64,
    connections: usize,
    counted: usize,
}

impl Watchers {
    fn has(&self, connection: ConnectionId) -> bool {
        self.connections.contains(&connection)
    }

    /// How many connections follow it, at all servers.
    pub(crate) fn len(&self) -> usize {
        self.connections.len() + self.members.iter().map(|following| following.connections).sum::<usize>()
    }

    /// How many of its connections here the session minds.
    pub(crate) fn counted(&self) -> usize {
        self.counted.len()
    }

    /// Whether anybody is there whose leaving the session minds.
    pub(crate) fn are_counted(&self) -> bool {
        !self.counted.is_empty() || self.members.iter().any(|following| following.counted > 0)
    }

    /// Minds the leaving of a connection.
    pub(crate) fn count(&mut self, connection: ConnectionId) {
        if !self.counted.contains(&connection) {
            self.counted.push(connection);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.members.is_empty()
    }

    /// So many connections of another server follow it, as that has said with this version; one that is older than what
    /// it said last is passed over.
    pub(crate) fn follow_from(&mut self, member: Fence, version: u64, connections: usize, counted: usize) {
        if self.members.iter().any(|following| following.member == member && following.version > version) {
            return;
        }
        self.leave_member(member);
        if connections > 0 {
            self.members.push(Following { member, version, connections, counted });
        }
    }

    /// Nobody follows it at that server any more.
    pub(crate) fn leave_member(&mut self, member: Fence) {
        self.members.retain(|following| following.member != member);
    }

    /// The other servers whose connections follow it.
    pub(crate) fn members(&self) -> impl Iterator<Item = Fence> {
        self.members.iter().map(|following| following.member)
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
        self.guests.retain(|(other, _)| *other != connection);
        let worker = connection.worker();
        if !self.connections.iter().any(|other| other.worker() == worker) {
            self.shards.retain(|(of, _)| *of != worker);
        }
    }

    /// Notes that a connection is here only for as long as it is asked something.
    pub(crate) fn note_guest(&mut self, connection: ConnectionId, principal: Principal) {
        if !self.guests.iter().any(|(other, _)| *other == connection) {
            self.guests.push((connection, principal));
        }
    }

    /// Takes those out who have to leave; they hear what is sent until they are closed.
    pub(crate) fn take_guests(&mut self, leaves: impl Fn(&Principal) -> bool) -> Vec<ConnectionId> {
        self.guests.extract_if(.., |(_, principal)| leaves(principal)).map(|(connection, _)| connection).collect()
    }

    /// Closes these connections.
    pub(crate) fn close_each(&mut self, connections: &[ConnectionId], code: CloseCode) {
        for connection in connections.iter().copied() {
            if let Some((_, shard)) = self.shards.iter().find(|(of, _)| *of == connection.worker()) {
                shard.do_send(CloseConnection { connection, code });
            }
            self.remove(connection);
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
        self.guests.clear();
    }

    /// All of them have been sent what there is up to this entry, and read on from the store.
    pub(crate) fn read_on(&mut self, session: SessionId, position: u64) {
        for (_, shard) in self.shards.drain(..) {
            shard.do_send(ReadOn { topic: Topic::Session(session), connection: None, position });
        }
        self.connections.clear();
        self.counted.clear();
    }
}

/// Lets a connection follow a session whose journal ends like this, and replies. Gives whether it follows: it does not
/// where it lacks more than is kept here.
pub(crate) fn admit(
    watchers: &mut Watchers,
    session: SessionId,
    key: SessionKey,
    tail: &mut Tail,
    attach: Attach,
) -> bool {
    let Attach { connection, shard, since, greeting, reply, .. } = attach;
    let replay = match since {
        None => Some(tail.shared_snapshot()),
        Some(seq) => tail.since(seq).map(Arc::new),
    };
    // Whoever asked may be gone; its detaching is on its way then.
    let Some(replay) = replay else {
        let _ = reply.send(Ok(Attached::Behind { key, last_seq: tail.last_seq() }));
        return false;
    };
    let announced = match greeting {
        Greeting::Spoken => Announced::Yes { dropped: replay.dropped, last_seq: replay.last_seq },
        Greeting::Silent => Announced::No,
    };
    watchers.add(session, connection, shard, replay, announced);
    let _ = reply.send(Ok(Attached::Live));
    true
}

impl Handler<Attach> for Session {
    type Result = ();

    fn handle(&mut self, message: Attach, _: &mut Context<Self>) {
        let (connection, may_cancel, via, by) =
            (message.connection, message.may_cancel, message.via, message.by.clone());
        let is_guest = !owns(&by, &self.owner());
        // One that reads on was counted when it came.
        let is_known = self.watchers.has(connection);
        if !admit(&mut self.watchers, self.id, self.key, &mut self.tail, message) {
            return;
        }
        let is_minded = may_cancel && !is_guest && (via == Via::Audit || !self.counts_own_sockets_only());
        if is_minded && !is_known {
            if !self.watchers.are_counted() {
                self.regain_patience();
            }
            self.watchers.count(connection);
        }
        self.idle_reported = false;
        if is_guest {
            self.watchers.note_guest(connection, by);
        }
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
