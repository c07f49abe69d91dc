//! Who listens to what: the hub, a shard for each worker, and the outboxes of their connections.
//!
//! **Owns** the roster of all connections. **Hears** from the shards who came and went. **Tells** the shards whom to
//! close. **Ends when** the process does. It is not on the path of a session's own messages.

pub mod close;
pub mod dialect;
pub mod frame;
pub mod gauge;
pub mod link;
pub mod links;
pub mod messages;
pub mod outbox;
pub mod registry;
pub mod roster;
pub mod shard;
pub mod tally;
pub mod watchdog;

#[cfg(test)]
mod tests;

use actix::{Actor, Addr, Context, Handler};

use crate::config::connections::Connections;
use close::CloseCode;
pub use dialect::Dialect;
pub use gauge::Gauge;
pub use link::Link;
pub use links::Links;
pub use messages::{
    Announced, CloseAll, CloseConnection, CloseTopic, CountConnections, Publish, ReportConnections, Subscribe, Topic,
};
use roster::{Limits, Roster};
pub use shard::Shard;

/// Knows all connections, and keeps the limits that only a view of all of them can keep.
pub struct Hub {
    /// In the order of their workers.
    shards: Vec<Addr<Shard>>,
    roster: Roster,
}

impl Hub {
    /// The hub of these shards, in the order of their workers.
    #[must_use]
    pub fn new(shards: Vec<Addr<Shard>>, settings: &Connections) -> Self {
        let limits = Limits { per_address: settings.max_per_address, per_session: settings.max_per_session };
        Self { shards, roster: Roster::new(limits) }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;
}

impl Handler<CloseAll> for Hub {
    type Result = ();

    fn handle(&mut self, message: CloseAll, _: &mut Self::Context) {
        for shard in &self.shards {
            shard.do_send(message.clone());
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

    fn handle(&mut self, report: ReportConnections, _: &mut Self::Context) {
        for opened in report.opened {
            let connection = opened.connection;
            if !self.roster.open(opened)
                && let Some(shard) = self.shards.get(report.worker)
            {
                shard.do_send(CloseConnection { connection, code: CloseCode::TooManyConnections });
            }
        }
        for connection in report.closed {
            self.roster.close(connection);
        }
    }
}
