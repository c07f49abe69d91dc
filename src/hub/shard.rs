//! The connections of one worker, as an actor.
//!
//! **Owns** with the code that accepts sockets: the [`Links`] of its worker.
//! **Hears** from the sources of feeds who follows them and what is published, from the hub whom to close.
//! **Tells** the hub, in batches, who came and went.
//! **Ends when** its worker does.

use std::rc::Rc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, AsyncContext, Context, Handler, Recipient};

use super::close::CloseCode;
use super::link::Link;
use super::links::Links;
use super::messages::{
    CloseAll, CloseConnection, CloseEverybody, CloseTopic, CountConnections, EventsBeginAnew, Join, Publish, ReadOn,
    ReportConnections,
};

/// How often it is reported to the hub who came and went.
pub(super) const REPORT_EVERY: Duration = Duration::from_millis(250);
/// How often what is kept for those who come at once is let go.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// How many connections are closed at once when the server goes down, and the pause between such batches: it keeps
/// the worker answering, and spreads those who come back.
const FAREWELL_BATCH: usize = 256;
const FAREWELL_PAUSE: Duration = Duration::from_millis(20);
/// The shortest and longest time, in milliseconds, that a client is asked to wait before it comes back.
const RETRY_MS: std::ops::RangeInclusive<u32> = 500..=3000;

/// The connections of one worker.
pub struct Shard {
    pub(super) links: Rc<Links>,
    hub: Recipient<ReportConnections>,
}

impl Shard {
    /// The shard of these connections; `hub` hears who came and went.
    #[must_use]
    pub fn new(links: Rc<Links>, hub: Recipient<ReportConnections>) -> Self {
        Self { links, hub }
    }
}

impl Actor for Shard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.links.patience().sweep(), |shard, _| {
            shard.links.sweep(Instant::now());
        });
        ctx.run_interval(TIDY_EVERY, |shard, _| shard.links.tidy_up());
        ctx.run_interval(REPORT_EVERY, |shard, _| {
            shard.links.add_up();
            if let Some(report) = shard.links.report() {
                shard.hub.do_send(report);
            }
        });
    }
}

impl Handler<Publish> for Shard {
    type Result = usize;

    fn handle(&mut self, message: Publish, ctx: &mut Self::Context) -> usize {
        let sent = self.links.publish(&message);
        for (link, every) in self.links.batches_due() {
            ctx.run_later(every, move |shard, _| shard.links.send_batch(&link));
        }
        sent
    }
}

impl Handler<Join> for Shard {
    type Result = ();

    fn handle(&mut self, message: Join, _: &mut Self::Context) {
        self.links.join(&message);
    }
}

impl Handler<ReadOn> for Shard {
    type Result = ();

    fn handle(&mut self, message: ReadOn, _: &mut Self::Context) {
        self.links.have_read_on(&message);
    }
}

impl Handler<EventsBeginAnew> for Shard {
    type Result = ();

    fn handle(&mut self, message: EventsBeginAnew, _: &mut Self::Context) {
        self.links.events_begin_anew(&message);
    }
}

impl Handler<CloseTopic> for Shard {
    type Result = ();

    fn handle(&mut self, message: CloseTopic, _: &mut Self::Context) {
        self.links.close_topic(message.topic, message.code);
    }
}

impl Handler<CloseConnection> for Shard {
    type Result = ();

    fn handle(&mut self, message: CloseConnection, _: &mut Self::Context) {
        self.links.close(message.connection, message.code);
    }
}

impl Handler<CloseAll> for Shard {
    type Result = ();

    fn handle(&mut self, message: CloseAll, ctx: &mut Self::Context) {
        close_in_batches(self.links.begin_closing_down(), message.code, ctx);
    }
}

impl Handler<CloseEverybody> for Shard {
    type Result = ();

    fn handle(&mut self, message: CloseEverybody, ctx: &mut Self::Context) {
        close_in_batches(self.links.everybody(), message.code, ctx);
    }
}

impl Handler<CountConnections> for Shard {
    type Result = usize;

    fn handle(&mut self, _: CountConnections, _: &mut Self::Context) -> usize {
        self.links.len()
    }
}

/// Closes a batch of connections because the server goes down, and the others a little later.
fn close_in_batches(mut links: Vec<Rc<Link>>, code: CloseCode, ctx: &mut Context<Shard>) {
    let rest = links.split_off(links.len().min(FAREWELL_BATCH));
    for link in links {
        let reason = format!("{}; retry in {} ms", code.reason(), rand::random_range(RETRY_MS));
        link.close_at_once(code, &reason);
    }
    if !rest.is_empty() {
        ctx.run_later(FAREWELL_PAUSE, move |_, ctx| close_in_batches(rest, code, ctx));
    }
}
