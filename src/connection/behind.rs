//! Goes on for connections that do not read the news of workflows as fast as it comes.
//!
//! Nothing is queued for them: once all that waits has left, they are told what is behind the last they have.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;

use actix::Addr;

use crate::domain::id::ConnectionId;
use crate::hub::{Link, Shard, Topic};
use crate::workflow::client::Live;

/// The connections of a worker that have fallen behind, each with the topics it left and the last flush that it has.
pub(super) struct Behind {
    live: Live,
    shard: Addr<Shard>,
    topics: RefCell<HashMap<ConnectionId, Vec<(Topic, u64)>>>,
}

impl Behind {
    /// Nobody is behind yet.
    pub(super) fn new(live: Live, shard: Addr<Shard>) -> Rc<Self> {
        Rc::new(Self { live, shard, topics: RefCell::default() })
    }

    /// A connection has fallen behind on a topic, of which it has what was told up to `flush`.
    pub(super) fn add(self: &Rc<Self>, link: &Rc<Link>, topic: Topic, flush: u64) {
        let mut topics = self.topics.borrow_mut();
        let left = topics.entry(link.id()).or_default();
        left.push((topic, flush));
        if left.len() > 1 {
            return;
        }
        let (behind, link) = (Rc::clone(self), Rc::clone(link));
        actix::spawn(async move {
            let is_open = poll_fn(|context| link.poll_room(usize::MAX, context)).await;
            let left = behind.topics.borrow_mut().remove(&link.id()).unwrap_or_default();
            if is_open {
                for (topic, flush) in left {
                    behind.live.watch(link.id(), behind.shard.clone(), topic, Some(flush));
                }
            }
        });
    }
}
