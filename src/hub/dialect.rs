//! How items are written for one kind of connection.

use bytes::Bytes;

use super::close::CloseCode;
use super::item::{Item, Items};
use crate::domain::id::SessionId;

/// What is known of a dialect. Two dialects are the same where this stands at the same place in memory.
#[derive(Debug)]
pub struct About {
    /// Its name, unique among the dialects.
    pub name: &'static str,
    /// Whether the peer can speak: then it is heard, and answers a close.
    pub is_two_way: bool,
    /// Whether the connection ends once the last item of its feed is written.
    pub ends_with_feed: bool,
}

/// What is said to one connection beside items.
#[derive(Clone, Copy, Debug)]
pub enum Signal<'a> {
    /// Keeps the connection alive, and asks the peer to show that it is there.
    Ping,
    /// The last thing that is written.
    Farewell(CloseCode, &'a str),
    /// An answer to the client, which is JSON.
    Answer(&'a [u8]),
    /// A replay begins.
    ReplayStart(Opening),
    /// A replay is over.
    ReplayEnd,
}

/// What a replay is going to be, before its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// How many items follow.
    pub count: u64,
    /// How many were left out.
    pub dropped: u64,
    /// The last position of the feed.
    pub last_seq: u64,
}

/// How items are written for one kind of connection: three callbacks.
pub trait Dialect: Sync + 'static {
    /// What is known of it.
    fn about(&self) -> &'static About;

    /// An item on its own, without a frame; empty where this dialect leaves such items out.
    fn payload(&self, item: &Item<'_>) -> Bytes;

    /// Appends one frame with these payloads, of which there is at least one, ready for the socket.
    fn frame(&self, payloads: &[Bytes], out: &mut Vec<u8>);

    /// Something beside items, ready for the socket; empty where this dialect has nothing to say there.
    fn signal(&self, signal: Signal<'_>) -> Bytes;
}

/// The items that are wanted, a frame for each: how many there are, and their frames in one piece. They are entries of this
/// session, where it is known.
pub fn encode(
    dialect: &dyn Dialect,
    items: &Items,
    session_id: Option<SessionId>,
    is_wanted: impl Fn(&Item<'_>) -> bool,
) -> (usize, Bytes) {
    let (mut count, mut out) = (0, Vec::new());
    for item in items.iter().filter(is_wanted) {
        let payload = dialect.payload(&Item { session_id, ..item });
        if !payload.is_empty() {
            dialect.frame(&[payload], &mut out);
            count += 1;
        }
    }
    (count, out.into())
}
