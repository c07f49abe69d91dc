//! What an operator asks and does about connections: the hub asks every shard, and the shards know.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{Addr, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use futures::future::join_all;

use super::super::close::CloseCode;
use super::super::link::Link;
use super::super::links::{Links, Seat};
use super::super::shard::Shard;
use super::super::{Hub, links};
use super::messages::{
    Audience, BroadcastEvent, ClaimClientId, ConnectionDetails, DescribeConnections, DisconnectClient, Listening,
    ReleaseClientId, RemoveStale, SendToClient, Sent, TellEvents,
};
use crate::domain::event::{Event, Happening, Kind, Subscription, Told};

/// How often the server's own numbers are told.
pub(in crate::hub) const METRICS_EVERY: Duration = Duration::from_secs(1);

impl Links {
    /// What is known of each connection.
    #[must_use]
    pub fn describe(&self, now: Instant) -> Vec<ConnectionDetails> {
        self.table.borrow().values().map(|seat| describe(seat, now)).collect()
    }

    /// Closes the connection of a client, because an operator says so; gives whether there is one.
    pub fn disconnect(&self, client_id: &str) -> bool {
        let link = self.called(client_id);
        if let Some(link) = &link {
            self.close(link.id(), CloseCode::Disconnected);
        }
        link.is_some()
    }

    /// Tells one client an event, whatever it asked for.
    pub fn send_to(&self, client_id: &str, told: &Told) -> Sent {
        let Some(link) = self.called(client_id).filter(|link| link.reader().is_some()) else { return Sent::Unknown };
        self.send_batch(&link);
        let (dialect, mut out) = (link.dialect(), Vec::new());
        dialect.event_frame(&dialect.event(told), &mut out);
        if link.offer(1, out.into()).is_ok() { Sent::Told } else { Sent::NoRoom }
    }

    /// The connection of the client that is called so.
    fn called(&self, client_id: &str) -> Option<Rc<Link>> {
        let table = self.table.borrow();
        let mut seats = table.values().filter(|seat| seat.link.is_open());
        seats.find(|seat| *name(seat) == *client_id).map(|seat| Rc::clone(&seat.link))
    }
}

fn name(seat: &links::Seat) -> Arc<str> {
    let reader = seat.link.reader();
    reader.map_or_else(|| seat.link.id().to_string().into(), |reader| Arc::clone(reader.client_id()))
}

fn describe(seat: &Seat, now: Instant) -> ConnectionDetails {
    let Seat { link, address, .. } = seat;
    let (silent_for, lag) = link.silence(now);
    let reader = link.reader();
    let listening = reader.map(|reader| {
        let wants = reader.wants();
        let (subscriptions, filter) = (wants.subscriptions().to_vec(), wants.filter().clone());
        Listening { subscriptions, filter, is_behind: reader.is_behind() }
    });
    ConnectionDetails {
        connection: link.id(),
        client_id: name(seat),
        kind: reader.map_or_else(|| link.dialect().name(), |reader| reader.manner().place),
        address: *address,
        opened_at: link.opened_at(),
        silent_for,
        passed: link.passed(),
        queued_bytes: link.queued_bytes(),
        lag,
        listening,
    }
}

impl Handler<TellEvents> for Shard {
    type Result = usize;

    fn handle(&mut self, message: TellEvents, ctx: &mut Self::Context) -> usize {
        let reached = self.links.tell_events(&message);
        for (link, every) in self.links.awaited() {
            ctx.run_later(every, move |shard, _| shard.links.send_batch(&link));
        }
        reached
    }
}

impl Handler<DescribeConnections> for Shard {
    type Result = MessageResult<DescribeConnections>;

    fn handle(&mut self, _: DescribeConnections, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.links.describe(Instant::now()))
    }
}

impl Handler<DisconnectClient> for Shard {
    type Result = bool;

    fn handle(&mut self, message: DisconnectClient, _: &mut Self::Context) -> bool {
        self.links.disconnect(&message.client_id)
    }
}

impl Handler<SendToClient> for Shard {
    type Result = MessageResult<SendToClient>;

    fn handle(&mut self, message: SendToClient, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.links.send_to(&message.client_id, &message.told))
    }
}

impl Handler<RemoveStale> for Shard {
    type Result = usize;

    fn handle(&mut self, _: RemoveStale, _: &mut Self::Context) -> usize {
        self.links.sweep(Instant::now())
    }
}

impl Handler<BroadcastEvent> for Hub {
    type Result = ResponseFuture<usize>;

    fn handle(&mut self, message: BroadcastEvent, _: &mut Self::Context) -> Self::Result {
        let BroadcastEvent { told, audience } = message;
        let answers = ask(&self.shards, &TellEvents { told: Arc::new([told]), audience });
        Box::pin(async move { answers.await.into_iter().sum() })
    }
}

impl Handler<DescribeConnections> for Hub {
    type Result = ResponseFuture<Vec<ConnectionDetails>>;

    fn handle(&mut self, message: DescribeConnections, _: &mut Self::Context) -> Self::Result {
        let answers = ask(&self.shards, &message);
        Box::pin(async move { answers.await.into_iter().flatten().collect() })
    }
}

impl Handler<DisconnectClient> for Hub {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, message: DisconnectClient, _: &mut Self::Context) -> Self::Result {
        let answers = ask(&self.shards, &message);
        Box::pin(async move { answers.await.contains(&true) })
    }
}

impl Handler<SendToClient> for Hub {
    type Result = ResponseFuture<Sent>;

    fn handle(&mut self, message: SendToClient, _: &mut Self::Context) -> Self::Result {
        let answers = ask(&self.shards, &message);
        Box::pin(async move { answers.await.into_iter().find(|sent| *sent != Sent::Unknown).unwrap_or(Sent::Unknown) })
    }
}

impl Handler<RemoveStale> for Hub {
    type Result = ResponseFuture<usize>;

    fn handle(&mut self, message: RemoveStale, _: &mut Self::Context) -> Self::Result {
        let answers = ask(&self.shards, &message);
        Box::pin(async move { answers.await.into_iter().sum() })
    }
}

impl Handler<ClaimClientId> for Hub {
    type Result = MessageResult<ClaimClientId>;

    fn handle(&mut self, message: ClaimClientId, _: &mut Self::Context) -> Self::Result {
        let ClaimClientId { connection, client_id: wanted } = message;
        let mut client_id = Arc::clone(&wanted);
        let mut number = 1_u64;
        while self.names.contains_key(&client_id) {
            number += 1;
            client_id = format!("{wanted}-{number}").into();
        }
        self.names.insert(Arc::clone(&client_id), connection);
        MessageResult(client_id)
    }
}

impl Handler<ReleaseClientId> for Hub {
    type Result = ();

    fn handle(&mut self, message: ReleaseClientId, _: &mut Self::Context) {
        if self.names.get(&message.client_id) == Some(&message.connection) {
            self.names.remove(&message.client_id);
        }
    }
}

impl Hub {
    /// Tells the server's own numbers to all who want them, for ever; where nobody does, they are not made.
    pub(in crate::hub) fn tell_metrics(&self, ctx: &mut Context<Self>) {
        let Some((snapshot, gauge)) = self.metrics.clone() else { return };
        ctx.run_interval(METRICS_EVERY, move |hub, _| {
            if !gauge.is_metrics_heard() {
                return;
            }
            let told = Arc::new([numbers(snapshot())]);
            let message = TellEvents { told, audience: Audience::Subscribers(Subscription::Metrics) };
            hub.shards.iter().for_each(|shard| shard.do_send(message.clone()));
        });
    }
}

/// The server's own numbers as an event.
#[must_use]
pub fn numbers(data: serde_json::Map<String, serde_json::Value>) -> Told {
    Told::new(Event::now(Happening { data, ..Happening::new(Kind::SystemHealthCheck) }))
}

/// Asks every shard; those that have gone give nothing.
fn ask<M>(shards: &[Addr<Shard>], message: &M) -> impl Future<Output = Vec<M::Result>> + use<M>
where
    M: Message + Clone + Send + 'static,
    M::Result: Send,
    Shard: Handler<M>,
{
    let answers = join_all(shards.iter().map(|shard| shard.send(message.clone())));
    async move { answers.await.into_iter().flatten().collect() }
}
