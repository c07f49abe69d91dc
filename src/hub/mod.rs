//! Who listens to what: the hub, a shard for each worker, and the outboxes of their connections.

pub mod close;
pub mod messages;

pub use messages::{Announced, CloseAll, CloseConnection, CloseTopic, Publish, ReportConnections, Subscribe, Topic};

/// The connections of one worker.
#[derive(Debug)]
pub struct Shard;

impl actix::Actor for Shard {
    type Context = actix::Context<Self>;
}
