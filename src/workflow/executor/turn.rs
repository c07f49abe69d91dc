//! The loop of an executor: when an iteration is due, what follows from it, and when to look again.
//!
//! A turn is short: whatever waits in the mailbox, timers and other tasks of the thread come between two of them.

use std::time::Duration;

use actix::clock::Instant;
use actix::{ActorContext, AsyncContext, Context};

use super::Executor;
use super::messages::Halt;
use super::session_work::NOT_NEEDED;
use crate::workflow::client::ExecutorKind;
use crate::workflow::messages::{LiveState, NodeState};
use crate::workflow::plan::Tick;

/// How long a turn goes on where the next iteration is due at once.
const SLICE: Duration = Duration::from_micros(500);
/// The longest that is slept in one go; timers of the far future are set again then.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

impl Executor {
    /// Does the iterations that are due, sends what changed, and sees to it that the next turn comes.
    pub(super) fn turn(&mut self, ctx: &mut Context<Self>) {
        self.pace.is_turn_due = false;
        if self.has_ended {
            return;
        }
        let begun = Instant::now();
        loop {
            let now = self.pace.now();
            if self.is_spent() {
                self.plan.wake_after_due(now);
            } else if !self.is_paused() {
                self.plan.wake_due(now);
            }
            if !self.is_due() || !self.iterate(ctx) || begun.elapsed() >= SLICE {
                break;
            }
        }
        if !self.has_ended && self.is_spent() && self.plan.is_settled() {
            let reason = format!("max_iterations reached: {}", self.execution_count());
            self.halt(Halt { reason, author: None, removed: None, reply: None }, ctx);
        }
        if !self.has_ended {
            self.flush_if_due();
            self.schedule(ctx);
        }
    }

    /// Whether no more iterations begin, because as many have begun as may.
    pub(super) fn is_spent(&self) -> bool {
        !self.is_paused() && self.last_iteration.is_some_and(|last| self.execution_count() >= last)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.spec.borrow().is_paused
    }

    /// Where the workflow stands between two iterations.
    pub(super) fn state(&self) -> LiveState {
        if self.has_ended {
            return LiveState::Stopped;
        }
        if self.is_paused() {
            return LiveState::Paused;
        }
        let plan = &self.plan;
        let is_idle = !plan.is_dirty() && !plan.is_volatile() && !plan.is_waiting() && plan.next_wake().is_none();
        if is_idle { LiveState::Parked } else { LiveState::Running }
    }

    /// The milliseconds between two iterations of volatile nodes.
    pub(super) fn interval_ms(&self) -> u64 {
        let limits = &self.shared.limits;
        self.spec.borrow().options.interval_ms.unwrap_or(limits.interval_ms).max(limits.min_interval_ms)
    }

    fn is_due(&self) -> bool {
        if self.is_paused() {
            return self.is_stepping;
        }
        if self.is_spent() {
            return self.plan.is_unsettled();
        }
        self.is_stepping || self.plan.is_dirty() || (self.plan.is_volatile() && Instant::now() >= self.pace.next_beat)
    }

    /// One iteration, or what follows from those before where no more begin; gives whether there may be another.
    fn iterate(&mut self, ctx: &mut Context<Self>) -> bool {
        let begun = Instant::now();
        self.is_stepping = false;
        let now = self.pace.now();
        self.pace.last_begun = now;
        let tick = if self.is_spent() {
            self.taken_in += 1;
            self.plan.take_in(now)
        } else {
            let executor = self.spec.borrow().options.executor;
            match executor {
                ExecutorKind::Naive if self.plan.len() <= self.shared.limits.max_naive_nodes => self.plan.tick_all(now),
                // A version with too many nodes may have been saved since the start.
                ExecutorKind::Plan | ExecutorKind::Naive => self.plan.tick(now),
            }
        };
        if self.leash.is_cut() {
            // Another one goes on in its place.
            self.has_ended = true;
            ctx.stop();
            return false;
        }
        let ended = Instant::now();
        self.pace.last_tick = ended - begun;
        self.pace.rate.add(1, ended - self.pace.began);
        // A beat that is late does not make the next one early.
        self.pace.next_beat = begun + Duration::from_millis(self.interval_ms());
        self.shared.metrics.ticks.inc();
        if self.pace.ticks.add(ended - begun, ended) {
            self.report(ended);
        }
        let Some(reason) = self.take(tick, ctx) else { return true };
        self.halt(Halt { reason, author: None, removed: None, reply: None }, ctx);
        false
    }

    /// Does what follows from an iteration; gives why the workflow is to stop, where a node asked for that.
    fn take(&mut self, tick: Tick, ctx: &mut Context<Self>) -> Option<String> {
        for (node, line) in tick.said {
            log::debug!(workflow_id:% = self.workflow_id, node_id:% = self.plan.id(node); "a node has logged a line");
            let most = self.shared.limits.max_told_bytes;
            let end = (0..=most.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
            self.lines.insert(node.place(), line.get(..end).unwrap_or_default().to_owned());
            self.board.changed(node.place());
        }
        for node in tick.changed {
            self.board.changed(node.place());
            if self.plan.view(node).is_some_and(|view| view.state == NodeState::Error) {
                self.shared.metrics.node_errors.inc();
            }
        }
        for job in tick.dropped {
            self.drop_work(job, NOT_NEEDED, ctx);
        }
        for job in tick.jobs {
            self.start_work(job, ctx);
        }
        tick.stop
    }

    /// Sees to it that the next turn comes when something is due; none where nothing ever will be.
    fn schedule(&mut self, ctx: &mut Context<Self>) {
        if self.is_due() {
            self.soon(ctx);
            return;
        }
        let is_spent = self.is_spent();
        let beat = (!self.is_paused() && !is_spent && self.plan.is_volatile()).then_some(self.pace.next_beat);
        let flush = self.board.is_pending(self.execution_count()).then_some(self.pace.next_flush);
        let wake = if is_spent { self.plan.next_after() } else { self.plan.next_wake().map(|(at, _)| at) };
        let wake = wake.filter(|_| !self.is_paused()).map(|at| {
            // A moment that has come to the microsecond is due only after it.
            Instant::now() + (at.since(self.pace.now()) + Duration::from_micros(1)).min(LONGEST_SLEEP)
        });
        let next = [beat, flush, wake].into_iter().flatten().min();
        if next == self.pace.timer.map(|(at, _)| at) {
            return;
        }
        if let Some((_, timer)) = self.pace.timer.take() {
            ctx.cancel_future(timer);
        }
        if let Some(at) = next {
            let timer = ctx.run_later(at.saturating_duration_since(Instant::now()), |executor, ctx| {
                executor.pace.timer = None;
                executor.turn(ctx);
            });
            self.pace.timer = Some((at, timer));
        }
    }
}
