//! What the supervisor does because there are several servers: which workflows are live elsewhere, who is sent what of
//! them here, and who watches at other servers.
//!
//! Invariant: who follows a workflow that is live elsewhere is sent each place once and in order. What another server
//! publishes may be lost: where a place is missing, those who follow ask for what they lack.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::clock::{Instant, timeout};
use actix::{ActorFutureExt, Addr, AsyncContext, Context, Handler, ResponseFuture, WrapFuture};
use futures::future::{Either, join_all};
use tokio::sync::oneshot;

use super::messages::{LetGoOfWorkflows, LookAt, OwnersChanged, Published, Watch, Watched};
use super::{Entry, Supervisor};
use crate::cluster::attention::SAY_EVERY;
use crate::cluster::handle::To;
use crate::cluster::{Attention, Cluster};
use crate::domain::id::{ConnectionId, Slot};
use crate::hub::messages::ReadOn;
use crate::hub::{Announced, Items, Join, Messages, Publish, Recipients, Shard, Topic, TopicKey};
use crate::store::Fence;
use crate::workflow::elsewhere::questions::{ListThere, LookThere, Looked, WatchedElsewhere};
use crate::workflow::elsewhere::relay::{Life, Relay, read, received};
use crate::workflow::executor::messages::{LetGo, Look};
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;

/// The most workflows of other servers that are followed by their places.
const MOST_FEEDS: usize = 10_000;
/// How long workflows may take to write down their last inputs, before another server gets them all the same.
const LET_GO_WITHIN: Duration = Duration::from_secs(2);

/// See the module.
pub(crate) struct Elsewhere {
    cluster: Cluster,
    /// The servers where somebody watches.
    attention: Attention,
    /// How far each workflow has come that is live elsewhere, as it was published here.
    feeds: HashMap<WorkflowKey, Feed>,
}

/// How far a workflow has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Feed {
    member: Fence,
    life: Life,
    last: u64,
}

impl Elsewhere {
    /// The other servers of this cluster, and the way to those who watch there.
    #[must_use]
    pub(crate) fn new(cluster: Cluster) -> (Self, Relay) {
        let (attention, wanted) = Attention::new();
        let relay = Relay::new(cluster.clone(), wanted);
        (Self { cluster, attention, feeds: HashMap::new() }, relay)
    }

    /// Whether a workflow's slot is another server's, or nobody's.
    fn has(&self, slot: Slot) -> bool {
        !self.cluster.view().is_mine(slot)
    }
}

/// Somebody who watches a workflow that is live elsewhere, or may be.
struct Watcher {
    connection: ConnectionId,
    shard: Addr<Shard>,
    topic: Topic,
    since: Option<u64>,
    standing: Option<(WorkflowKey, Box<Status>)>,
}

impl Supervisor {
    /// The same, among those of other servers.
    #[must_use]
    pub(crate) fn among(self, elsewhere: Option<Elsewhere>) -> Self {
        Self { elsewhere, ..self }
    }

    /// Forgets a live workflow whose executor and thread are still there.
    pub(super) fn forget_quietly(&mut self, key: &WorkflowKey, ctx: &mut Context<Self>) -> Option<Entry> {
        let entry = self.live.remove(key)?;
        self.routes.send_modify(|routes| drop(routes.remove(key)));
        self.shared.metrics.live.dec();
        if self.live.is_empty()
            && let Some(looking) = self.looking.take()
        {
            ctx.cancel_future(looking);
        }
        Some(entry)
    }

    /// Lets other servers know, again and again, that somebody watches here.
    pub(super) fn say_who_watches(&mut self, ctx: &mut Context<Self>) {
        if self.elsewhere.is_none() {
            return;
        }
        ctx.run_interval(SAY_EVERY, |supervisor, _| {
            let is_watched = supervisor.watchers.here().has_watchers();
            let Some(elsewhere) = &mut supervisor.elsewhere else { return };
            if is_watched {
                elsewhere.cluster.notify_others(&WatchedElsewhere, &[]);
            }
            elsewhere.attention.forget_old(Instant::now());
        });
    }

    /// Lets a connection watch what is live elsewhere; gives the message back where that is this server's.
    pub(super) fn watch_elsewhere(&mut self, watch: Watch, ctx: &mut Context<Self>) -> Option<Watch> {
        let Some(elsewhere) = &self.elsewhere else { return Some(watch) };
        let Watch { connection, shard, topic, since, standing } = watch;
        match topic {
            Topic::Workflow(key) if elsewhere.has(key.slot()) => {
                self.look_elsewhere(key, Watcher { connection, shard, topic, since, standing }, ctx);
                None
            }
            Topic::Workflows | Topic::WorkflowsOf(_) => {
                let cluster = elsewhere.cluster.clone();
                cluster.notify_others(&WatchedElsewhere, &[]);
                let (to, listing) =
                    (shard.clone(), async move { cluster.ask_others(&ListThere { having: None }).await });
                ctx.spawn(listing.into_actor(self).map(move |lists, supervisor, ctx| {
                    let keys = lists.into_iter().flat_map(|(_, keys)| keys);
                    for key in keys.filter(|key| key.topics().contains(&topic)) {
                        supervisor.admit_elsewhere(&key, connection, to.clone(), ctx);
                    }
                }));
                Some(Watch { connection, shard, topic, since, standing })
            }
            Topic::Workflow(_) | Topic::Session(_) | Topic::Events => {
                Some(Watch { connection, shard, topic, since, standing })
            }
        }
    }

    /// Lets a connection that watches all follow one that is live elsewhere.
    fn admit_elsewhere(
        &mut self,
        key: &WorkflowKey,
        connection: ConnectionId,
        shard: Addr<Shard>,
        ctx: &mut Context<Self>,
    ) {
        let topic = key.topic();
        if let Topic::Workflow(topic_key) = topic {
            self.look_elsewhere(topic_key, Watcher { connection, shard, topic, since: None, standing: None }, ctx);
        }
    }

    /// Asks the owner of a workflow what a watcher lacks, and lets it follow behind that.
    fn look_elsewhere(&mut self, topic: TopicKey, watcher: Watcher, ctx: &mut Context<Self>) {
        let Some(Elsewhere { cluster, .. }) = &self.elsewhere else { return };
        if let crate::cluster::view::Owner::Elsewhere(owner) = cluster.owner(topic.slot()) {
            // Before it answers, so that what it publishes behind its answer comes here.
            cluster.notify(owner, &WatchedElsewhere, &[]);
        }
        let asking = cluster.ask(To::Slot(topic.slot()), &LookThere { topic, since: watcher.since });
        ctx.spawn(asking.into_actor(self).map(move |looked, supervisor, ctx| match looked {
            Ok(looked) => supervisor.join_elsewhere(looked, watcher),
            Err(_) => {
                // Too much is asked at once; or the server goes down, and closes whoever watches.
                let later = actix::clock::sleep(SAY_EVERY).into_actor(supervisor);
                ctx.spawn(later.map(move |(), supervisor, ctx| supervisor.look_elsewhere(topic, watcher, ctx)));
            }
        }));
    }

    fn join_elsewhere(&mut self, looked: Looked, watcher: Watcher) {
        let Watcher { connection, shard, topic, since, standing } = watcher;
        let messages = looked.messages.as_deref().map(received);
        let Some((key, position)) = looked.live else {
            let missed = messages.or_else(|| since.map(|since| self.missed(topic, since, standing)));
            return self.join(&shard, connection, topic, missed.unwrap_or_default());
        };
        let items = Items::Messages(Arc::new(messages.unwrap_or_default()));
        let join = Join { connection, topic, items, position, announced: Announced::No };
        self.watchers.here().join(&shard, join);
        // What was published here while the answer was on its way stands behind it.
        let feed = self.elsewhere.as_ref().and_then(|elsewhere| elsewhere.feeds.get(&key));
        if feed.is_some_and(|feed| feed.last > position) {
            shard.do_send(ReadOn { topic, connection: Some(connection), position });
        }
    }
}

impl Handler<Watched> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Watched, _: &mut Self::Context) {
        if let Some(elsewhere) = &mut self.elsewhere {
            elsewhere.attention.hear(message.member, Instant::now());
        }
    }
}

impl Handler<Published> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Published, ctx: &mut Self::Context) {
        let Published { from, notice, text } = message;
        let (messages, places) = read(&notice, &text);
        let (key, life) = (&notice.key, notice.life);
        let publish = |supervisor: &Self, to| {
            let items = Items::Messages(Arc::new(messages.clone()));
            supervisor.watchers.here().publish(&Publish { to: Recipients::Followers(to), items });
        };
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let (Life::Live(_), Some((first, last))) = (life, places) else {
            return publish(self, key.topics());
        };
        if elsewhere.feeds.len() >= MOST_FEEDS {
            elsewhere.feeds.clear();
        }
        let before = elsewhere.feeds.insert(key.clone(), Feed { member: from, life, last });
        let known = before.filter(|before| before.member == from && before.life == life);
        match known {
            Some(before) if before.last + 1 != first => {
                self.watchers.here().read_on(key.topic(), before.last);
            }
            Some(_) => publish(self, smallvec::smallvec![key.topic()]),
            None => {
                publish(self, smallvec::smallvec![key.topic()]);
                let topics = key.topics();
                let watching = self.watching_all.iter().filter(|(_, (topic, _))| topics.contains(topic));
                let watching: Vec<_> = watching.map(|(connection, (_, shard))| (*connection, shard.clone())).collect();
                for (connection, shard) in watching {
                    self.admit_elsewhere(key, connection, shard, ctx);
                }
            }
        }
    }
}

impl Handler<LookAt> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: LookAt, _: &mut Self::Context) {
        let LookAt { topic, since, reply } = message;
        let topic = Topic::Workflow(topic);
        let looking = match self.live.iter().find(|(_, entry)| entry.topic == topic) {
            Some((key, entry)) => {
                let (look, looked) = oneshot::channel();
                entry.executor.do_send(Look { since, reply: look });
                Either::Left((key.clone(), looked))
            }
            None => {
                let past = self.pasts.iter().find(|past| past.key().topic() == topic);
                Either::Right(past.zip(since).and_then(|(past, since)| past.since(since)))
            }
        };
        actix::spawn(async move {
            let answer = match looking {
                Either::Right(messages) => (None, messages),
                Either::Left((key, looked)) => match looked.await {
                    Ok((messages, position)) => (Some((key, position)), Some(messages)),
                    // An executor that goes before it answers is not live.
                    Err(_) => (None, None::<Messages>),
                },
            };
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        });
    }
}

impl Handler<OwnersChanged> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: OwnersChanged, _: &mut Self::Context) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let of_slots = elsewhere.feeds.extract_if(|key, _| message.slots.contains(&key.slot()));
        let moved: Vec<(WorkflowKey, Feed)> = of_slots.collect();
        for (key, Feed { last, .. }) in moved {
            self.watchers.here().read_on(key.topic(), last);
        }
    }
}

impl Handler<LetGoOfWorkflows> for Supervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, message: LetGoOfWorkflows, ctx: &mut Self::Context) -> ResponseFuture<()> {
        let mut letting_go = Vec::new();
        let keys = self.live.keys().filter(|key| message.slots.contains(&key.slot()));
        for key in keys.cloned().collect::<Vec<_>>() {
            let Some(entry) = self.forget_quietly(&key, ctx) else { continue };
            // What was asked of people stays: the workflow's next owner takes it up.
            let (reply, done) = oneshot::channel();
            entry.executor.do_send(LetGo { reply: Some(reply) });
            self.watchers.here().read_on(key.topic(), 0);
            letting_go.push(async move {
                // One that is stuck holds nobody up.
                let _ = timeout(LET_GO_WITHIN, done).await;
                entry.arbiter.stop();
            });
        }
        Box::pin(async move { drop(join_all(letting_go).await) })
    }
}
