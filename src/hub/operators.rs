//! What an operator asks and does about connections: the hub asks every shard, and the shards know.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{
    ActorFutureExt as _, Addr, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture, WrapFuture as _,
};
use futures::future::join_all;
use serde_json::{Map, Value};

use super::Hub;
use super::close::CloseCode;
use super::item::Items;
use super::link::Link;
use super::links::{Links, Seat};
use super::messages::{
    Audience, BroadcastEvent, ClaimClientId, ConnectionDetails, DescribeConnections, DisconnectClient, Listening,
    Publish, Recipients, ReleaseClientId, RemoveStale, SendToClient, Sent,
};
use super::shard::Shard;
use crate::domain::event::{EncodedEvent, Event, Kind, NewEvent, Selector};
use crate::metrics::Snapshot;

/// How often the server's own metrics are published.
const METRICS_EVERY: Duration = Duration::from_secs(1);

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

    /// Sends one client an event, whatever it subscribed to.
    pub fn send_to(&self, client_id: &str, event: &EncodedEvent) -> Sent {
        let link = self.called(client_id).filter(|link| link.event_listener().is_some());
        let Some(link) = link else { return Sent::Unknown };
        self.send_batch(&link);
        if link.try_send(1, link.event_frame(event)).is_ok() { Sent::Queued } else { Sent::NoRoom }
    }

    /// The connection of the client that is called so.
    fn called(&self, client_id: &str) -> Option<Rc<Link>> {
        let table = self.table.borrow();
        let mut seats = table.values().filter(|seat| seat.link.is_open());
        seats.find(|seat| *name(seat) == *client_id).map(|seat| Rc::clone(&seat.link))
    }
}

fn name(seat: &Seat) -> Arc<str> {
    let listener = seat.link.event_listener();
    listener.map_or_else(|| seat.link.id().to_string().into(), |listener| Arc::clone(listener.client_id()))
}

fn describe(seat: &Seat, now: Instant) -> ConnectionDetails {
    let Seat { link, address, .. } = seat;
    let (silent_for, lag) = link.silence(now);
    let listener = link.event_listener();
    let listening = listener.map(|listener| {
        let filter = listener.filter();
        let (subscriptions, filter) = (filter.subscriptions().to_vec(), filter.filter().clone());
        Listening { subscriptions, filter, is_behind: !listener.subscription().is_live() }
    });
    ConnectionDetails {
        connection: link.id(),
        member: None,
        client_id: name(seat),
        kind: listener.map_or_else(|| link.about().name, |listener| listener.manner().place).into(),
        address: *address,
        opened_at: link.opened_at(),
        silent_for,
        passed: link.passed(),
        queued_bytes: link.queued_bytes(),
        lag,
        listening,
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
        MessageResult(self.links.send_to(&message.client_id, &message.event))
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
        let BroadcastEvent { event, audience } = message;
        let answers = ask(&self.shards, &to_event_sockets(event, audience));
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
    /// Publishes the server's own metrics to all who want them, for ever; where nobody does, they are not made.
    pub(super) fn publish_metrics(&self, ctx: &mut Context<Self>) {
        let Some((numbers, counts)) = self.metrics.clone() else { return };
        ctx.run_later(METRICS_EVERY, move |hub, ctx| {
            if !counts.is_metrics_heard() {
                hub.publish_metrics(ctx);
                return;
            }
            let made = async move { metrics_event(&*numbers.snapshot().await) };
            ctx.spawn(made.into_actor(hub).map(|event, hub, ctx| {
                let message = to_event_sockets(event, Audience::SubscribersOf(Selector::Metrics));
                hub.shards.iter().for_each(|shard| shard.do_send(message.clone()));
                hub.publish_metrics(ctx);
            }));
        });
    }
}

fn to_event_sockets(event: EncodedEvent, audience: Audience) -> Publish {
    Publish { to: Recipients::EventSockets(audience), items: Items::Events([event].into()) }
}

/// The server's own metrics as an event.
#[must_use]
pub fn metrics_event(snapshot: &Snapshot) -> EncodedEvent {
    let data = match serde_json::to_value(snapshot) {
        Ok(Value::Object(data)) => data,
        // It is a struct whose keys are strings: it always can be written, and as an object.
        Ok(_) | Err(_) => Map::new(),
    };
    EncodedEvent::new(Event::now(NewEvent { data, ..NewEvent::new(Kind::SystemHealthCheck) }))
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
