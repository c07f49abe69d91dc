//! What the hub and the shards hear.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::close::CloseCode;
use super::item::Items;
use super::topic::Topic;
use crate::domain::event::{EncodedEvent, Filter, Selector};
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;

/// To a shard: these items are sent to all of its connections that follow their feed. Gives how many were sent, each
/// counted for each connection.
///
/// Items with a position come in their order, after they were committed, and to every shard where somebody follows.
#[derive(Clone, Debug, Message)]
#[rtype(usize)]
pub struct Publish {
    /// To whom.
    pub to: Recipients,
    /// What.
    pub items: Items,
}

/// Who gets what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// Who follows any of these topics, once.
    Followers(SmallVec<[Topic; 3]>),
    /// Event sockets.
    EventSockets(Audience),
}

/// Which event sockets get events. Filters apply in every case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Those that subscribed to them.
    Subscribers,
    /// All of them.
    Everybody,
    /// Those that subscribed to this, word for word.
    SubscribersOf(Selector),
}

/// To a shard, from the source of a feed: this connection follows the feed from now on. What it lacks stands before all
/// that follows.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Join {
    /// The connection; it may be gone, or follow already.
    pub connection: ConnectionId,
    /// The feed.
    pub topic: Topic,
    /// What it is sent first.
    pub items: Items,
    /// What is published after this position follows.
    pub position: u64,
    /// Whether the dialect announces what is sent first.
    pub announced: Announced,
}

/// To a shard: those who follow this feed have been sent all up to this position, and read on from its source: what comes
/// after it may not be published here.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct ReadOn {
    /// The feed.
    pub topic: Topic,
    /// Who; all who follow it, where that is not said.
    pub connection: Option<ConnectionId>,
    /// The position.
    pub position: u64,
}

/// To a shard: the event log goes on as another one behind this place.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct EventsBeginAnew {
    /// Which log it is from now on.
    pub epoch: Arc<str>,
    /// The place of the last event that is kept.
    pub last_seq: u64,
    /// The JSON that says so to those who have followed the one before.
    pub notice: Bytes,
}

/// Whether a dialect's opening and closing words go round a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// They do.
    Yes {
        /// How many entries are left out.
        dropped: u64,
        /// The journal's last `seq`.
        last_seq: u64,
    },
    /// The replay goes on where the connection's own catching-up ended.
    No,
}

/// To a shard: this topic is gone. The connections that follow it are closed.
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

/// To the hub or a shard: the server is going down, close every connection with that.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseAll {
    /// What is to become of those who are closed.
    pub code: CloseCode,
}

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
    /// What it follows first.
    pub topic: Option<Topic>,
}

/// To the hub: send this event to this audience; gives to how many connections it was sent.
#[derive(Clone, Debug, Message)]
#[rtype(usize)]
pub struct BroadcastEvent {
    /// The event, with the `seq` that it has if it is kept.
    pub event: EncodedEvent,
    /// To whom.
    pub audience: Audience,
}

/// To the hub or a shard: what is known of each connection? In no particular order.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<ConnectionDetails>")]
pub struct DescribeConnections;

/// To the hub or a shard: close the connection of this client, because an operator says so (4509). Gives whether there is one.
#[derive(Clone, Debug, Message)]
#[rtype(result = "bool")]
pub struct DisconnectClient {
    /// What the client is called.
    pub client_id: Arc<str>,
}

/// To the hub or a shard: send this event to this client alone, whatever it subscribed to.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Sent")]
pub struct SendToClient {
    /// What the client is called.
    pub client_id: Arc<str>,
    /// The event, which has no `seq`.
    pub event: EncodedEvent,
}

/// What became of a [`SendToClient`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sent {
    /// It waits in the client's outbox.
    Queued,
    /// Too much waits for the client already.
    NoRoom,
    /// No client of an event socket is called so.
    Unknown,
}

/// To the hub or a shard: close all connections, though others may come.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseEverybody {
    /// Why.
    pub code: CloseCode,
}

/// To the hub or a shard: close now whoever was not heard for longer than the heartbeat allows. Gives how many.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(usize)]
pub struct RemoveStale;

/// To the hub: this connection wants to be called so. Gives what it is called: another name where that is taken.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Arc<str>")]
pub struct ClaimClientId {
    /// The connection.
    pub connection: ConnectionId,
    /// What it wants to be called.
    pub client_id: Arc<str>,
}

/// To the hub: this name is free again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ReleaseClientId {
    /// The connection that was called so.
    pub connection: ConnectionId,
    /// What it was called.
    pub client_id: Arc<str>,
}

/// What is known of a connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionDetails {
    /// The connection.
    pub connection: ConnectionId,
    /// The server that has it, where there are several.
    #[serde(skip)]
    pub member: Option<Arc<str>>,
    /// What the client is called; the connection's id where it has no name.
    pub client_id: Arc<str>,
    /// Which kind of socket it is: the name of its dialect, and of event sockets also the place.
    pub kind: Cow<'static, str>,
    /// Where from.
    pub address: Option<IpAddr>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How long ago something was last heard of it.
    pub silent_for: Duration,
    /// What has passed through it.
    pub passed: Passed,
    /// Bytes that wait for it to read them.
    pub queued_bytes: usize,
    /// How long bytes have waited while none left; zero where nothing waits.
    pub lag: Duration,
    /// What it subscribed to, where it is an event socket.
    pub listening: Option<Listening>,
}

/// What has passed through a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Messages that came.
    pub messages_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Messages that were sent.
    pub messages_out: u64,
    /// Bytes that were sent, with their frames.
    pub bytes_out: u64,
    /// Messages that were left out because the client did not read.
    pub dropped: u64,
}

/// What an event socket subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// What it subscribed to.
    pub subscriptions: Vec<Selector>,
    /// What it leaves out of that.
    pub filter: Filter,
    /// Whether it is behind: then it gets what is kept from the log.
    pub is_behind: bool,
}
