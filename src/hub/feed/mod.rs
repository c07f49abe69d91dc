//! Events on their way to those who listen: who asked for what, and what waits for whom.
//!
//! `messages` is what the hub and the shards hear, `wants` what a connection asked for, `reader` how it stands, `tell`
//! how events get to all of them, `desk` what an operator asks and does.

mod announce;
pub mod desk;
pub mod messages;
pub mod reader;
pub mod tell;
pub mod wants;

#[cfg(test)]
mod tests;

pub(in crate::hub) use announce::Announcements;
pub use messages::{
    Audience, BroadcastEvent, ClaimClientId, ConnectionDetails, DescribeConnections, DisconnectClient, Listening,
    Passed, ReleaseClientId, RemoveStale, SendToClient, Sent, Snapshot, TellEvents,
};
pub use reader::{Manner, Order, Reader};
pub use wants::Wants;
