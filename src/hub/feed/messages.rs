//! What the hub and the shards hear of events and of those who listen to them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::event::{Filter, Subscription, Told};
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;

/// To a shard: each of its connections that asked for one of these events is told of it, once.
///
/// Events that are kept come in the order of their `seq`, after they were committed, and to every shard.
#[derive(Clone, Debug, Message)]
#[rtype(usize)]
pub struct TellEvents {
    /// The events, in order.
    pub told: Arc<[Told]>,
    /// To whom.
    pub audience: Audience,
}

/// To whom events are told. Filters apply in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Those that asked for them.
    Listeners,
    /// Every connection that is told events.
    Everybody,
    /// Those that asked for this, word for word.
    Subscribers(Subscription),
}

/// To the hub: tell this event to this audience; gives to how many connections it was told.
#[derive(Clone, Debug, Message)]
#[rtype(usize)]
pub struct BroadcastEvent {
    /// The event, with the `seq` that it has if it is kept.
    pub told: Told,
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

/// To the hub or a shard: tell this event to this client alone, whatever it asked for.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Sent")]
pub struct SendToClient {
    /// What the client is called.
    pub client_id: Arc<str>,
    /// The event, which has no `seq`.
    pub told: Told,
}

/// What became of a [`SendToClient`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The client is told.
    Told,
    /// Too much waits for the client already.
    NoRoom,
    /// No client that is told events is called so.
    Unknown,
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

/// A piece of the server's own numbers, made when somebody wants it.
pub type Snapshot = Arc<dyn Fn() -> Map<String, Value> + Send + Sync>;

/// What is known of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionDetails {
    /// The connection.
    pub connection: ConnectionId,
    /// What the client is called; the connection's id where it has no name.
    pub client_id: Arc<str>,
    /// Which kind of socket it is: the name of its dialect, and for those that are told events also the place.
    pub kind: &'static str,
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
    /// What it asked for, where it is one that is told events.
    pub listening: Option<Listening>,
}

/// What has passed through a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Messages that came.
    pub messages_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Messages that were told.
    pub messages_out: u64,
    /// Bytes that were told, with their frames.
    pub bytes_out: u64,
    /// Messages that were left out because the client did not read.
    pub dropped: u64,
}

/// What a connection asked for that is told events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// What it asked for.
    pub subscriptions: Vec<Subscription>,
    /// What it leaves out of that.
    pub filter: Filter,
    /// Whether it is behind: then it gets what is kept from the log.
    pub is_behind: bool,
}
