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

impl actix::Handler<Subscribe> for Shard {
    type Result = ();
    fn handle(&mut self, _: Subscribe, _: &mut Self::Context) {}
}
impl actix::Handler<Publish> for Shard {
    type Result = ();
    fn handle(&mut self, _: Publish, _: &mut Self::Context) {}
}
impl actix::Handler<CloseTopic> for Shard {
    type Result = ();
    fn handle(&mut self, _: CloseTopic, _: &mut Self::Context) {}
}
