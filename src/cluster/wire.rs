//! How messages reach other members: the store's mailboxes, of which each message arrives once or not at all.

use bytes::Bytes;

use crate::store::{self, Fence};

/// The way to other members' mailboxes, from any thread.
pub(crate) trait Wire: Send + Sync {
    /// Sends a message to a member; gives whether there was room for it. Those to one member arrive in their order, where
    /// they do.
    fn send(&self, to: Fence, message: Bytes) -> bool;

    /// Sends a message to all other members; gives whether there was room for it.
    fn broadcast(&self, message: Bytes) -> bool;
}

impl Wire for store::Cluster {
    fn send(&self, to: Fence, message: Bytes) -> bool {
        store::Cluster::send(self, to, message)
    }

    fn broadcast(&self, message: Bytes) -> bool {
        store::Cluster::broadcast(self, message)
    }
}
