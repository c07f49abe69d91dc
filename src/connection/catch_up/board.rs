//! The state of a live workflow as a source: its executor sends what somebody lacks by itself, and then publishes.

use std::convert::Infallible;
use std::rc::Rc;

use actix::Addr;

use super::{Next, Source};
use crate::hub::{Link, Shard, Topic};
use crate::workflow::client::Live;

/// The state of a workflow, or of what happens to those that are not live, for one connection.
pub(in crate::connection) struct Board {
    pub(in crate::connection) live: Live,
    pub(in crate::connection) shard: Addr<Shard>,
    pub(in crate::connection) link: Rc<Link>,
    pub(in crate::connection) topic: Topic,
}

impl Source for Board {
    type Error = Infallible;

    async fn since(&self, position: u64) -> Result<Next, Infallible> {
        self.live.watch(self.link.id(), self.shard.clone(), self.topic, Some(position));
        Ok(Next::Joined)
    }
}
