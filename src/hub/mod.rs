//! Who follows what: the hub, a shard for each worker, and the outboxes of their connections.
//!
//! `item` is what is published, `fanout` sends it, `subscription` says who gets what, `dialect` how it is written.
//!
//! **Owns** the roster of all connections. **Hears** from the shards who came and went. **Tells** the shards whom to
//! close. **Ends when** the process does. It is not on the path of a session's own messages.

mod announcements;
pub mod broadcast;
pub mod close;
pub mod connection_log;
pub mod counts;
pub mod dialect;
pub(crate) mod elsewhere;
pub mod encoded_replays;
pub mod event_filter;
pub mod event_listener;
mod fanout;
pub mod frame;
pub mod item;
pub mod kinds;
pub mod line;
pub mod link;
pub mod links;
pub mod messages;
pub mod numbers;
pub mod operators;
pub mod outbox;
pub mod registry;
pub mod roster;
pub mod shard;
pub mod subscription;
pub mod tally;
pub mod topic;
pub mod turns;
pub mod watchdog;

#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler};

use crate::config::connections::Connections;
use crate::domain::id::ConnectionId;
pub use broadcast::Broadcast;
use close::CloseCode;
pub use counts::ConnectionCounts;
pub use dialect::Dialect;
pub use event_filter::EventFilter;
pub use item::{Item, Items, Messages, MessagesBuilder};
pub use kinds::KindSet;
pub use link::Link;
pub use links::Links;
pub use messages::{
    Announced, Audience, CloseAll, CloseConnection, CloseEverybody, CloseTopic, CountConnections, Join, Publish,
    ReadOn, Recipients, ReportConnections,
};
use numbers::AllNumbers;
use roster::{Limits, Roster};
pub use shard::Shard;
pub use topic::{EventTopic, Topic, TopicKey};

/// How long after a report the others' have come, with what went before it: somebody who leaves and comes back at once,
/// as a page does that is loaded again, must not count twice.
const ALL_HAVE_REPORTED: Duration = shard::REPORT_EVERY.saturating_mul(2);

/// Knows all connections, and keeps the limits that only a view of all of them can keep.
pub struct Hub {
    /// In the order of their workers.
    shards: Vec<Addr<Shard>>,
    roster: Roster,
    /// What clients are called that said how they want to be called.
    names: HashMap<Arc<str>, ConnectionId>,
    /// What is published, and what knows whether anybody wants it.
    metrics: Option<(AllNumbers, Arc<ConnectionCounts>)>,
}

impl Hub {
    /// The hub of these shards, in the order of their workers.
    #[must_use]
    pub fn new(shards: Vec<Addr<Shard>>, settings: &Connections) -> Self {
        let limits = Limits { per_address: settings.max_per_address, per_session: settings.max_per_session };
        Self { shards, roster: Roster::new(limits), names: HashMap::new(), metrics: None }
    }

    /// The same, which publishes these numbers every second to those that want them, as `counts` knows.
    #[must_use]
    pub fn publishing_metrics(mut self, numbers: AllNumbers, counts: Arc<ConnectionCounts>) -> Self {
        self.metrics = Some((numbers, counts));
        self
    }
}

impl Hub {
    /// Closes those of these connections that are over a limit still, the newest first.
    fn refuse(&mut self, suspects: &[ConnectionId]) {
        for connection in suspects.iter().rev().copied() {
            if !self.roster.is_over(connection) {
                continue;
            }
            self.roster.close(connection);
            if let Some(shard) = self.shards.get(connection.worker()) {
                shard.do_send(CloseConnection { connection, code: CloseCode::TooManyConnections });
            }
        }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.publish_metrics(ctx);
    }
}

impl Handler<CloseAll> for Hub {
    type Result = ();

    fn handle(&mut self, message: CloseAll, _: &mut Self::Context) {
        for shard in &self.shards {
            shard.do_send(message.clone());
        }
    }
}

impl Handler<CloseEverybody> for Hub {
    type Result = ();

    fn handle(&mut self, message: CloseEverybody, _: &mut Self::Context) {
        for shard in &self.shards {
            shard.do_send(message);
        }
    }
}

impl Handler<CountConnections> for Hub {
    type Result = usize;

    fn handle(&mut self, _: CountConnections, _: &mut Self::Context) -> usize {
        self.roster.len()
    }
}

impl Handler<ReportConnections> for Hub {
    type Result = ();

    fn handle(&mut self, report: ReportConnections, ctx: &mut Self::Context) {
        let closed: HashSet<ConnectionId> = report.closed.into_iter().collect();
        for connection in &closed {
            self.roster.close(*connection);
        }
        let mut over = Vec::new();
        for opened in report.opened {
            let connection = opened.connection;
            // Some have gone before anybody heard that they came.
            if !closed.contains(&connection) && !self.roster.open(opened) {
                over.push(connection);
            }
        }
        if !over.is_empty() {
            ctx.run_later(ALL_HAVE_REPORTED, move |hub, _| hub.refuse(&over));
        }
    }
}
