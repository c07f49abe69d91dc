//! One live workflow, on a thread of its own.
//!
//! **Owns** its definition, inputs and plan, the work that nodes wait for, what the store knows of it, and the board of
//! what those who watch have been sent.
//! **Hears** changes of inputs, steps, another version, the end; and from its own work how that has ended.
//! **Tells** the shards what changes, and the supervisor that it is set up or ends.
//! **Ends when** it is halted, has done as many iterations as it may, or a node stops it.

mod handlers;
mod keep;
mod launch;
mod look;
pub(crate) mod messages;
mod session_work;
pub(crate) mod spec;
mod turn;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, ActorContext, ArbiterHandle, AsyncContext, Context, Recipient, SpawnHandle};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use launch::{Launch, Occasion};

pub(super) use self::keep::begin as begin_write;
use self::keep::{Keeper, Waiting};
use self::messages::{Fact, Report};
use self::spec::Spec;
use super::catalogue::Catalogue;
use super::elsewhere::relay::Life;
use super::host::Host;
use super::key::WorkflowKey;
use super::live::allowance::Allowance;
use super::live::board::{Beat, Board};
use super::live::event::WorkflowEvent;
use super::live::past::Past;
use super::live::rate::Rate;
use super::live::watchers::Watchers;
use super::messages::Event;
use super::plan::{JobId, NodeIndex, Plan};
use super::work::Worker;
use crate::auth::quotas::Quotas;
use crate::domain::time::Timestamp;
use crate::hub::Topic;
use crate::metrics;
use crate::store::Store;
use crate::workflow::Settings;

/// How many of its slowest nodes a workflow reports.
const SLOWEST: usize = 5;

/// What all executors of a server have in common.
pub(crate) struct Shared {
    /// The node classes.
    pub catalogue: Arc<Catalogue>,
    /// The settings.
    pub limits: Settings,
    /// The way to those who watch.
    pub watchers: Watchers,
    /// Where it is kept what comes back after a restart.
    pub store: Store,
    /// Does what nodes wait for beside people.
    pub worker: Worker,
    /// Who keeps the sessions that nodes need.
    pub host: Arc<dyn Host>,
    /// The thread on which sessions are waited for: an executor's own may be stuck.
    pub session_arbiter: ArbiterHandle,
    /// What is counted.
    pub metrics: metrics::Workflows,
    /// How many may be live of one principal.
    pub quotas: Quotas,
}

/// One live workflow.
pub(crate) struct Executor {
    shared: Arc<Shared>,
    key: WorkflowKey,
    /// The id of it, which is in all that watchers are sent.
    workflow_id: Arc<str>,
    generation: u64,
    topic: Topic,
    report: Recipient<Report>,
    spec: watch::Sender<Spec>,
    keeper: Keeper,
    plan: Plan,
    /// The nodes of the plan by their place.
    nodes: Vec<NodeIndex>,
    board: Board,
    /// The last line that each node logged.
    lines: HashMap<usize, String>,
    jobs: HashMap<JobId, work::Running>,
    /// Whether one more iteration is to be done though it is paused or nothing has changed.
    is_stepping: bool,
    /// Iterations of this start before this executor took over.
    counted_before: u64,
    /// After how many iterations no more begin; what they have begun still comes in.
    last_iteration: Option<u64>,
    /// Iterations of the plan that only took in what had been begun, and do not count.
    taken_in: u64,
    started_at: Timestamp,
    pace: Pace,
    has_ended: bool,
    leash: Leash,
}

/// What holds an executor that may be stuck: once it is cut, the executor ends as soon as it can, without a word.
/// Whoever else holds it sees by its count whether the executor is still there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leash {
    is_cut: Arc<AtomicBool>,
    /// Takes back what was asked of people.
    session_work: CancellationToken,
}

impl Leash {
    /// Gives the executor up.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        self.session_work.cancel();
    }

    /// Whether it was given up.
    #[must_use]
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Acquire)
    }

    /// Whether nobody else holds it.
    #[must_use]
    pub(crate) fn is_last(&self) -> bool {
        Arc::strong_count(&self.is_cut) == 1
    }
}

/// When things are done, by a clock that does not jump.
struct Pace {
    began: Instant,
    /// The wall clock when it began.
    wall: Timestamp,
    /// When the next iteration of volatile nodes is due.
    next_beat: Instant,
    /// When the next flush may be.
    next_flush: Instant,
    allowance: Allowance,
    /// When the last iteration began.
    last_begun: Timestamp,
    /// How long it took.
    last_tick: Duration,
    rate: Rate,
    /// What was not reported to the metrics yet.
    ticks: metrics::Ticks,
    /// Whether a turn comes as soon as everything else had its turn.
    is_turn_due: bool,
    timer: Option<(Instant, SpawnHandle)>,
}

impl Pace {
    fn new(flushes_per_second: u32) -> Self {
        let now = Instant::now();
        Self {
            began: now,
            wall: Timestamp::now(),
            next_beat: now,
            next_flush: now,
            allowance: Allowance::new(flushes_per_second),
            last_begun: Timestamp::default(),
            last_tick: Duration::ZERO,
            rate: Rate::default(),
            ticks: metrics::Ticks::default(),
            is_turn_due: false,
            timer: None,
        }
    }

    /// The wall clock's time, which goes on evenly.
    fn now(&self) -> Timestamp {
        self.wall.plus(self.began.elapsed())
    }
}

impl Actor for Executor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.soon(ctx);
    }
}

impl Executor {
    /// How many iterations there were since the start.
    fn execution_count(&self) -> u64 {
        self.counted_before + self.plan.iteration() - self.taken_in
    }

    fn event(&self, event: Event) -> WorkflowEvent {
        let mut event = WorkflowEvent::new(event, self.plan.len(), self.pace.now());
        event.version = Some(self.spec.borrow().definition.version);
        event.execution_count = Some(self.execution_count());
        event
    }

    fn report_to_supervisor(&self, fact: Fact) {
        let (key, generation) = (self.key.clone(), self.generation);
        self.report.do_send(Report { key, generation, fact });
    }

    /// Sends those who watch what has changed, where that is due.
    fn flush_if_due(&mut self) {
        if self.board.is_pending(self.execution_count()) && Instant::now() >= self.pace.next_flush {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let begun = Instant::now();
        let beat = self.beat();
        let look = look::Nodes::new(&self.plan, &self.nodes, &self.lines, self.shared.limits.max_told_bytes);
        let messages = self.board.flush(&look, &beat, self.shared.watchers.are_there());
        if let Some(messages) = messages.filter(|messages| !messages.is_empty()) {
            self.shared.watchers.flush(&self.key, Life::Live(self.generation), self.topic, messages);
        }
        // However much there is to write, the loop keeps nine tenths of its time. What moves by itself is sent evenly; what
        // people change is sent at once, as long as that is not too often.
        let (now, busy) = (begun - self.pace.began, 10 * begun.elapsed());
        let next = if self.plan.is_volatile() {
            now + Duration::from_secs_f64(1.0 / f64::from(self.shared.limits.flushes_per_second)).max(busy)
        } else {
            self.pace.allowance.send(now, busy)
        };
        self.pace.next_flush = self.pace.began + next;
    }

    /// Reports the last iterations to the metrics.
    fn report(&mut self, now: Instant) {
        let Some(pace) = self.pace.ticks.take(&self.shared.metrics.tick_seconds, now) else { return };
        let nodes = self.nodes.iter().filter_map(|node| self.plan.view(*node));
        let mut slowest: Vec<_> = nodes.filter_map(|view| Some((view.duration?, view.id))).collect();
        slowest.sort_unstable_by_key(|(took, _)| std::cmp::Reverse(*took));
        slowest.truncate(SLOWEST);
        let slowest = slowest.into_iter().map(|(took, id)| (id.to_owned(), took.as_secs_f64())).collect();
        let workflow_id = self.key.to_string().into();
        self.shared.metrics.report(metrics::WorkflowReport { workflow_id, pace, slowest });
    }

    fn beat(&mut self) -> Beat {
        let since = self.pace.began.elapsed();
        Beat {
            timestamp: self.pace.now(),
            execution_count: self.execution_count(),
            start_time: self.pace.last_begun,
            execution_time: self.pace.last_tick.as_secs_f64(),
            rate: self.pace.rate.at(since),
            state: self.state(),
        }
    }

    /// Ends, publishes that, and lets go of all work.
    fn halt(&mut self, why: messages::Halt, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let mut stopped = self.event(Event::ContinuousStopped);
        stopped.reason = Some(why.reason.clone());
        stopped.author.clone_from(&why.author);
        let left = if why.removed.is_some() { session_work::REMOVED } else { session_work::NOT_NEEDED };
        if let Some(removed) = why.removed {
            self.board.happened(removed);
        }
        self.board.happened(stopped.clone());
        self.flush();
        self.report(Instant::now());
        self.drop_all_work(left, ctx);
        let status = self.status();
        log::info!(workflow_id:% = self.workflow_id, reason:% = why.reason; "a workflow is not live any more");
        let past = Past::ended(self.key.clone(), self.board.base(), status.clone(), stopped);
        let waiting = why.reply.map(|reply| Waiting::Ended(reply, Box::new(status)));
        self.keep_at_the_end(waiting, Some(Fact::Ended { past: Box::new(past) }));
        ctx.stop();
    }

    /// Lets everything else have its turn, and then goes on.
    fn soon(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.pace.is_turn_due, true) {
            return;
        }
        // Not by a message to itself: messages are taken before the thread sees to timers and other tasks.
        let turn = actix::fut::wrap_future::<_, Self>(tokio::task::yield_now());
        ctx.spawn(actix::fut::ActorFutureExt::map(turn, |(), executor: &mut Self, ctx| executor.turn(ctx)));
    }
}
