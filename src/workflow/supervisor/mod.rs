//! All live workflows.
//!
//! **Owns** which workflows are live, the ways to their executors, and the connections that watch all of them.
//! **Hears** what people and programs want of live workflows, and the reports of executors.
//! **Tells** executors; and those who watch, what is about a workflow that is not live.
//! **Ends when** the process does.

pub(crate) mod elsewhere;
mod guard;
mod handlers;
pub(crate) mod messages;
mod reports;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use actix::dev::channel::channel;
use actix::{Actor, Addr, Arbiter, AsyncContext, Context, SpawnHandle};
use tokio::sync::watch;

use self::elsewhere::Elsewhere;
use super::client::LiveOptions;
use super::definition::Definition;
use super::definitions::Definitions;
use super::executor::messages::{Admit, Inputs, LetGo, Reply};
use super::executor::spec::{Asked, Spec};
use super::executor::{Executor, Launch, Leash, Occasion, Shared, begin_write};
use super::key::WorkflowKey;
use super::live::event::WorkflowEvent;
use super::live::past::Past;
use super::live::watchers::Watchers;
use super::messages::Status;
use super::plan::{NodeIndex, Pulse};
use super::refused::Refused;
use super::routes::{Route, Routes};
use crate::auth::quotas::{Share, TooMany};
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;
use crate::hub::{Shard, Topic};
use crate::process::threads;
use crate::store::Store;

/// How often it is looked whether an executor is stuck.
const LOOK: Duration = Duration::from_millis(250);
/// Messages that an executor takes before senders that wait are held back.
const MAILBOX: usize = 1024;

/// All live workflows.
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    store: Store,
    definitions: Definitions,
    watchers: Watchers,
    live: HashMap<WorkflowKey, Entry>,
    /// The connections that watch all workflows, or all of one owner, with that topic.
    watching_all: HashMap<ConnectionId, (Topic, Addr<Shard>)>,
    routes: watch::Sender<HashMap<WorkflowKey, Route>>,
    /// What is known of workflows that are not live, the latest last: for those who could not follow.
    pasts: VecDeque<Past>,
    /// The last place that is known to be given away in what is sent of any workflow.
    last_seq: u64,
    /// How often a workflow was started.
    generation: u64,
    /// The executors that were given up and are stuck still.
    given_up: Vec<Leash>,
    looking: Option<SpawnHandle>,
    is_going_down: bool,
    /// Those of other servers, where there are several.
    elsewhere: Option<Elsewhere>,
}

/// A live workflow.
struct Entry {
    generation: u64,
    executor: Addr<Executor>,
    arbiter: Arbiter,
    leash: Leash,
    topic: Topic,
    /// What it is made of and how it runs, as its executor publishes it.
    spec: watch::Receiver<Spec>,
    quarantined: Vec<(String, String)>,
    counted_before: u64,
    started_at: Timestamp,
    /// Which node runs at any moment; `None` until it is set up.
    pulse: Option<Arc<Pulse>>,
    /// The ids of its nodes, by their place.
    ids: Arc<[String]>,
    /// The node that was seen running last, and since when.
    seen: Option<((u64, NodeIndex), Instant)>,
    /// Whether its mailbox was found closed though it has not reported its end.
    is_suspect: bool,
    /// Its place among those that its owner may have.
    _share: Share,
}

/// What a workflow is started with.
struct Beginning {
    definition: Definition,
    options: LiveOptions,
    inputs: Inputs,
    asked: Asked,
    is_paused: bool,
    author: Option<String>,
    reply: Option<Reply<Status>>,
    /// The place that it takes among those that its owner may have.
    share: Result<Share, TooMany>,
}

impl Supervisor {
    /// Nothing is live yet.
    #[must_use]
    pub(crate) fn new(shared: Shared, store: Store, definitions: Definitions) -> Self {
        Self {
            watchers: shared.watchers.clone(),
            shared: Arc::new(shared),
            store,
            definitions,
            live: HashMap::new(),
            watching_all: HashMap::new(),
            routes: watch::channel(HashMap::new()).0,
            pasts: VecDeque::new(),
            last_seq: 0,
            generation: 0,
            given_up: Vec::new(),
            looking: None,
            is_going_down: false,
            elsewhere: None,
        }
    }

    fn begin(&mut self, beginning: Beginning, ctx: &mut Context<Self>) {
        let Beginning { definition, options, inputs, asked, is_paused, author, reply, share } = beginning;
        let refused = if self.is_going_down {
            Some(Refused::ShuttingDown)
        } else if self.live.contains_key(&WorkflowKey::of(&definition)) {
            Some(Refused::AlreadyRunning)
        } else if self.live.len() >= self.shared.limits.max_live {
            Some(Refused::TooManyLive)
        } else {
            threads::check().err().map(|error| Refused::Unavailable(error.to_string()))
        };
        let share = match refused.map_or_else(|| share.map_err(Refused::from), Err) {
            Ok(share) => share,
            Err(refused) => {
                log::debug!(workflow_id = definition.id, refused:%; "a workflow was not started");
                let _ = reply.map(|reply| reply.send(Err(refused)).is_ok());
                return;
            }
        };
        let topic = WorkflowKey::of(&definition).topic();
        let (to_executor, mailbox) = channel(MAILBOX);
        let spec = watch::channel(Spec { definition, options, inputs, is_paused, asked }).0;
        let entry = Entry {
            generation: 0,
            executor: Addr::new(to_executor),
            arbiter: Arbiter::new(),
            leash: Leash::default(),
            topic,
            spec: spec.subscribe(),
            quarantined: Vec::new(),
            counted_before: 0,
            started_at: Timestamp::now(),
            pulse: None,
            ids: Arc::default(),
            seen: None,
            is_suspect: false,
            _share: share,
        };
        self.launch(entry, spec, mailbox, Occasion::Start { author }, reply, ctx);
    }

    /// Launches an executor for an entry, which counts as live from here on.
    fn launch(
        &mut self,
        mut entry: Entry,
        spec: watch::Sender<Spec>,
        mailbox: actix::dev::channel::AddressReceiver<Executor>,
        occasion: Occasion,
        reply: Option<Reply<Status>>,
        ctx: &mut Context<Self>,
    ) {
        self.generation += 1;
        entry.generation = self.generation;
        let base = self.base();
        let key = WorkflowKey::of(&spec.borrow().definition);
        self.pasts.retain(|past| *past.key() != key);
        let topics = key.topics();
        let watching = self.watching_all.iter().filter(|(_, (topic, _))| topics.contains(topic));
        let watching = watching.map(|(connection, (_, shard))| Admit {
            connection: *connection,
            shard: shard.clone(),
            since: None,
        });
        let launch = Launch {
            shared: Arc::clone(&self.shared),
            spec,
            generation: entry.generation,
            quarantined: entry.quarantined.clone(),
            base,
            counted_before: entry.counted_before,
            started_at: entry.started_at,
            occasion,
            watching: watching.collect(),
            report: ctx.address().recipient(),
            leash: entry.leash.clone(),
            reply,
        };
        entry.arbiter.spawn_fn(move || launch.run(mailbox));
        let route = Route { executor: entry.executor.clone(), node_ids: Arc::default() };
        self.routes.send_modify(|routes| drop(routes.insert(key.clone(), route)));
        if self.live.insert(key, entry).is_none() {
            self.shared.metrics.live.inc();
        }
        if self.looking.is_none() {
            self.looking = Some(ctx.run_interval(LOOK, |supervisor, ctx| supervisor.look(ctx)));
        }
    }

    /// A place behind all that were given away before, also by servers before this one on the same data: the clock goes on
    /// faster than messages are sent.
    fn base(&mut self) -> u64 {
        let now = u64::try_from(Timestamp::now().as_micros()).unwrap_or_default();
        self.last_seq = now.max(self.last_seq + 1);
        self.last_seq
    }

    /// What is known of a workflow that is not live.
    fn past(&mut self, key: &WorkflowKey) -> &mut Past {
        let at = match self.pasts.iter().position(|past| past.key() == key) {
            Some(at) => at,
            None => {
                let past = Past::new(key.clone(), self.base());
                self.remember(past)
            }
        };
        &mut self.pasts[at]
    }

    /// Remembers what is known of a workflow; gives where that is.
    fn remember(&mut self, past: Past) -> usize {
        self.last_seq = self.last_seq.max(past.last_seq());
        self.pasts.retain(|other| other.key() != past.key());
        if self.pasts.len() >= self.shared.limits.max_live {
            self.pasts.pop_front();
        }
        self.pasts.push_back(past);
        self.pasts.len() - 1
    }

    /// Publishes that something has happened to a workflow that is not live.
    fn happened(&mut self, key: &WorkflowKey, event: WorkflowEvent) {
        let past = self.past(key);
        let (messages, seq) = (past.happened(event), past.last_seq());
        self.last_seq = self.last_seq.max(seq);
        self.watchers.publish(key, messages);
    }

    /// Forgets a live workflow; gives what was known of it.
    fn forget(&mut self, key: &WorkflowKey, ctx: &mut Context<Self>) -> Option<Entry> {
        let entry = self.forget_quietly(key, ctx)?;
        entry.arbiter.stop();
        Some(entry)
    }

    /// Has the store forget a workflow whose executor cannot do that any more.
    fn forget_kept(&self, key: &WorkflowKey) {
        // What could not be written is logged there.
        actix::spawn(begin_write(self.store.clone(), key.clone(), None));
    }

    /// The ways to the executors, as they are at any moment.
    #[must_use]
    pub(crate) fn routes(&self) -> Routes {
        self.routes.subscribe()
    }

    fn let_all_go(&mut self) {
        self.is_going_down = true;
        self.routes.send_modify(HashMap::clear);
        for (_, entry) in self.live.drain() {
            self.shared.metrics.live.dec();
            // What was asked of people stays: it is taken up again after the restart.
            entry.executor.do_send(LetGo { reply: None });
            entry.arbiter.stop();
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.say_who_watches(ctx);
    }
}
