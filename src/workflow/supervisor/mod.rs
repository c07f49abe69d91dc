//! All live workflows.
//!
//! **Owns** which workflows are live, the connections that watch all of them, and what the store knows of those that
//! come back after a restart.
//! **Hears** what people and programs want of live workflows, and the reports of executors.
//! **Tells** executors; and those who watch, what is about a workflow that is not live.
//! **Ends when** the process does.

mod guard;
mod handlers;
pub mod keep;
pub mod messages;
mod reports;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use actix::dev::channel::channel;
use actix::{Actor, Addr, Arbiter, AsyncContext, Context, SpawnHandle};

use self::keep::{Keeper, Kept, Wish};
use super::client::LiveOptions;
use super::definition::Definition;
use super::definitions::Definitions;
use super::executor::messages::{Admit, EndReply, Inputs, LetGo, Reply};
use super::executor::{Executor, Launch, Leash, Occasion, Shared};
use super::live::happening::Happening;
use super::live::past::Past;
use super::live::watchers::Watchers;
use super::plan::{NodeIndex, Pulse};
use super::refused::Refused;
use super::told::Status;
use crate::domain::id::ConnectionId;
use crate::domain::time::Timestamp;
use crate::hub::{Shard, Topic, TopicKey};
use crate::process::threads;
use crate::store::Store;

/// How often it is looked whether an executor is stuck.
const LOOK: Duration = Duration::from_millis(250);
/// Messages that an executor takes before senders that wait are held back.
const MAILBOX: usize = 1024;

/// All live workflows.
pub struct Supervisor {
    shared: Arc<Shared>,
    store: Store,
    definitions: Definitions,
    watchers: Watchers,
    live: HashMap<String, Entry>,
    /// The connections that watch all workflows.
    everybody: HashMap<ConnectionId, Addr<Shard>>,
    keepers: HashMap<String, Keeper>,
    /// What is known of workflows that are not live, the latest last: for those who could not follow.
    pasts: VecDeque<Past>,
    /// The last place that is known to be given away in what is told of any workflow.
    last_seq: u64,
    /// How often a workflow was started.
    generation: u64,
    /// The executors that were given up and are stuck still.
    given_up: Vec<Leash>,
    looking: Option<SpawnHandle>,
    is_going_down: bool,
}

/// A live workflow.
struct Entry {
    generation: u64,
    executor: Addr<Executor>,
    arbiter: Arbiter,
    leash: Leash,
    topic: Topic,
    definition: Definition,
    options: LiveOptions,
    inputs: Inputs,
    quarantined: Vec<(String, String)>,
    counted_before: u64,
    started_at: Timestamp,
    is_paused: bool,
    /// Which node runs at any moment; `None` until it is set up.
    pulse: Option<Arc<Pulse>>,
    /// The ids of its nodes, by their place.
    ids: Arc<[String]>,
    /// The node that was seen running last, and since when.
    seen: Option<((u64, NodeIndex), Instant)>,
    /// Whether its mailbox was found closed though it has not reported its end.
    is_suspect: bool,
}

impl Entry {
    /// Whether it is live again after a restart.
    fn comes_back(&self) -> bool {
        !self.is_paused && self.options.autostart.unwrap_or(self.definition.autostart)
    }

    /// What the store is to know of it.
    fn wish(&self) -> Wish {
        let kept = Kept { options: self.options.clone(), inputs: self.inputs.clone(), paused: None };
        // This always can be written: its keys are strings.
        if self.comes_back() { Wish::Put(serde_json::to_string(&kept).unwrap_or_default()) } else { Wish::Remove }
    }
}

/// What a workflow is started with.
struct Beginning {
    definition: Definition,
    options: LiveOptions,
    inputs: Inputs,
    is_paused: bool,
    author: Option<String>,
    reply: Option<Reply<Status>>,
}

impl Supervisor {
    /// Nothing is live yet.
    #[must_use]
    pub fn new(shared: Shared, store: Store, definitions: Definitions) -> Self {
        Self {
            watchers: Watchers::new(shared.broadcast.clone()),
            shared: Arc::new(shared),
            store,
            definitions,
            live: HashMap::new(),
            everybody: HashMap::new(),
            keepers: HashMap::new(),
            pasts: VecDeque::new(),
            last_seq: 0,
            generation: 0,
            given_up: Vec::new(),
            looking: None,
            is_going_down: false,
        }
    }

    fn begin(&mut self, beginning: Beginning, ctx: &mut Context<Self>) {
        let refused = if self.is_going_down {
            Some(Refused::ShuttingDown)
        } else if self.live.contains_key(&beginning.definition.id) {
            Some(Refused::AlreadyRunning)
        } else if self.live.len() >= self.shared.limits.max_live {
            Some(Refused::TooManyLive)
        } else {
            threads::check().err().map(|error| Refused::Unavailable(error.to_string()))
        };
        if let Some(refused) = refused {
            log::debug!(workflow_id = beginning.definition.id, refused:%; "a workflow was not started");
            if let Some(reply) = beginning.reply {
                let _ = reply.send(Err(refused));
            }
            return;
        }
        let Beginning { definition, options, inputs, is_paused, author, reply } = beginning;
        let topic = Topic::Workflow(TopicKey::of(&definition.id));
        let (to_executor, mailbox) = channel(MAILBOX);
        let entry = Entry {
            generation: 0,
            executor: Addr::new(to_executor),
            arbiter: Arbiter::new(),
            leash: Leash::default(),
            topic,
            definition,
            options,
            inputs,
            quarantined: Vec::new(),
            counted_before: 0,
            started_at: Timestamp::now(),
            is_paused,
            pulse: None,
            ids: Arc::default(),
            seen: None,
            is_suspect: false,
        };
        self.launch(entry, mailbox, Occasion::Start { author }, reply, ctx);
    }

    /// Launches an executor for an entry, which counts as live from here on.
    fn launch(
        &mut self,
        mut entry: Entry,
        mailbox: actix::dev::channel::AddressReceiver<Executor>,
        occasion: Occasion,
        reply: Option<Reply<Status>>,
        ctx: &mut Context<Self>,
    ) {
        self.generation += 1;
        entry.generation = self.generation;
        let base = self.base();
        self.pasts.retain(|past| **past.workflow_id() != entry.definition.id);
        let watching = self.everybody.iter();
        let watching =
            watching.map(|(connection, shard)| Admit { connection: *connection, shard: shard.clone(), since: None });
        let launch = Launch {
            shared: Arc::clone(&self.shared),
            definition: entry.definition.clone(),
            options: entry.options.clone(),
            generation: entry.generation,
            inputs: entry.inputs.clone(),
            quarantined: entry.quarantined.clone(),
            base,
            counted_before: entry.counted_before,
            started_at: entry.started_at,
            is_paused: entry.is_paused,
            occasion,
            watching: watching.collect(),
            report: ctx.address().recipient(),
            leash: entry.leash.clone(),
            reply,
        };
        entry.arbiter.spawn_fn(move || launch.run(mailbox));
        let id = entry.definition.id.clone();
        if self.live.insert(id, entry).is_none() {
            self.shared.metrics.live.inc();
        }
        if self.looking.is_none() {
            self.looking = Some(ctx.run_interval(LOOK, |supervisor, ctx| supervisor.look(ctx)));
        }
    }

    /// A place behind all that were given away before, also by servers before this one on the same data: the clock goes on
    /// faster than messages are told.
    fn base(&mut self) -> u64 {
        let now = u64::try_from(Timestamp::now().as_micros()).unwrap_or_default();
        self.last_seq = now.max(self.last_seq + 1);
        self.last_seq
    }

    /// What is known of a workflow that is not live.
    fn past(&mut self, workflow_id: &str) -> &mut Past {
        let at = match self.pasts.iter().position(|past| **past.workflow_id() == *workflow_id) {
            Some(at) => at,
            None => {
                let past = Past::new(workflow_id.into(), self.base());
                self.remember(past)
            }
        };
        &mut self.pasts[at]
    }

    /// Remembers what is known of a workflow; gives where that is.
    fn remember(&mut self, past: Past) -> usize {
        self.last_seq = self.last_seq.max(past.last_seq());
        self.pasts.retain(|other| other.workflow_id() != past.workflow_id());
        if self.pasts.len() >= self.shared.limits.max_live {
            self.pasts.pop_front();
        }
        self.pasts.push_back(past);
        self.pasts.len() - 1
    }

    /// Tells that something has happened to a workflow that is not live.
    fn happened(&mut self, workflow_id: &str, happening: Happening) {
        let past = self.past(workflow_id);
        let (parts, seq) = (past.happened(happening), past.last_seq());
        self.last_seq = self.last_seq.max(seq);
        self.watchers.tell(workflow_id, parts);
    }

    /// Forgets a live workflow; gives what was known of it.
    fn forget(&mut self, workflow_id: &str, ctx: &mut Context<Self>) -> Option<Entry> {
        let entry = self.live.remove(workflow_id)?;
        self.shared.metrics.live.dec();
        entry.arbiter.stop();
        if self.live.is_empty()
            && let Some(looking) = self.looking.take()
        {
            ctx.cancel_future(looking);
        }
        Some(entry)
    }

    /// Has the store forget a workflow that has ended, and then says how it stood.
    fn keep_no_more(&mut self, workflow_id: &str, waiting: Option<(EndReply, Box<Status>)>, ctx: &mut Context<Self>) {
        let waiting: Option<keep::Waiting> = waiting.map(|(reply, status)| -> keep::Waiting {
            Box::new(move |written| {
                let _ = reply.send(written.map(|()| Some(*status)));
            })
        });
        self.keep(workflow_id, Wish::Remove, waiting, ctx);
    }

    fn let_all_go(&mut self) {
        self.is_going_down = true;
        for (_, entry) in self.live.drain() {
            self.shared.metrics.live.dec();
            // What was asked of people stays: it is taken up again after the restart.
            entry.executor.do_send(LetGo);
            entry.arbiter.stop();
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}
