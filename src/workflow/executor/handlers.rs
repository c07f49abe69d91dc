//! What an executor does when it hears something.

use std::sync::Arc;

use actix::{ActorContext, Handler};

use super::keep::Waiting;
use super::launch::set_all;
use super::look::Nodes;
use super::messages::{Admit, Apply, Describe, Halt, LetGo, Look, Resume, Revise, SessionStarted, Step, WorkEnded};
use super::{Executor, work};
use crate::hub::{Announced, Items, Join, Messages};
use crate::workflow::live::board::status_messages;
use crate::workflow::live::event::Change;
use crate::workflow::messages::{Applied, Event, Status};
use crate::workflow::plan::Plan;
use crate::workflow::refused::Refused;

impl Handler<Apply> for Executor {
    type Result = ();

    fn handle(&mut self, message: Apply, ctx: &mut Self::Context) {
        let Apply { update, reply } = message;
        if self.is_spent() {
            let _ = reply.send(Err(Refused::Ending));
            return;
        }
        let (node_id, input_name, value) = (update.node_id, update.input_name, update.value);
        if let Err(error) = self.plan.set(&node_id, &input_name, value.clone()) {
            let _ = reply.send(Err(error.into()));
            return;
        }
        self.spec.send_modify(|spec| {
            spec.inputs.entry(node_id.clone()).or_default().insert(input_name.clone(), value.clone());
        });
        let mut updated = self.event(Event::WorkflowUpdated);
        updated.author = update.author;
        let change = Change::Input { node_id: node_id.clone(), input_name: input_name.clone(), value };
        updated.change = Some(change);
        self.board.happened(updated);
        let execution_count = self.execution_count() + 1;
        let applied = Applied { workflow_id: self.workflow_id.to_string(), node_id, input_name, execution_count };
        if self.is_kept() {
            self.keep(Some(Waiting::Applied(reply, applied)), ctx);
        } else {
            let _ = reply.send(Ok(applied));
        }
        self.soon(ctx);
    }
}

impl Handler<Step> for Executor {
    type Result = ();

    fn handle(&mut self, message: Step, ctx: &mut Self::Context) {
        self.is_stepping = !self.is_spent();
        self.turn(ctx);
        let _ = message.reply.send(Ok(self.status()));
    }
}

impl Handler<Resume> for Executor {
    type Result = ();

    fn handle(&mut self, message: Resume, ctx: &mut Self::Context) {
        if !self.is_paused() {
            let _ = message.reply.send(Err(Refused::AlreadyRunning));
            return;
        }
        let max_iterations = message.options.max_iterations;
        self.spec.send_modify(|spec| {
            spec.is_paused = false;
            spec.options = message.options;
        });
        // The steps before it do not count.
        self.last_iteration = max_iterations.map(|most| self.execution_count().saturating_add(most));
        let mut started = self.event(Event::ContinuousStarted);
        started.author = message.author;
        self.board.happened(started);
        let status = Box::new(self.status());
        self.keep(Some(Waiting::Runs(message.reply, status)), ctx);
        self.soon(ctx);
    }
}

impl Handler<Describe> for Executor {
    type Result = ();

    fn handle(&mut self, message: Describe, _: &mut Self::Context) {
        let _ = message.reply.send(Ok(self.status()));
    }
}

impl Handler<Admit> for Executor {
    type Result = ();

    fn handle(&mut self, message: Admit, _: &mut Self::Context) {
        let Admit { connection, shard, since } = message;
        let messages = self.missed(since);
        let (topic, items) = (self.topic, Items::Messages(Arc::new(messages)));
        let (position, announced) = (self.board.last_seq(), Announced::No);
        self.shared.watchers.here().join(&shard, Join { connection, topic, items, position, announced });
    }
}

impl Handler<Look> for Executor {
    type Result = ();

    fn handle(&mut self, message: Look, _: &mut Self::Context) {
        // Whoever asked may be gone.
        let _ = message.reply.send((self.missed(message.since), self.board.last_seq()));
    }
}

impl Executor {
    /// What somebody lacks who has all up to this place; how everything stands, where there is none or it is too old.
    fn missed(&mut self, since: Option<u64>) -> Messages {
        let beat = self.beat();
        let look = Nodes::new(&self.plan, &self.nodes, &self.lines, self.shared.limits.max_told_bytes);
        let missed = since.and_then(|since| self.board.since(since, &look, &beat));
        let whole = || Status { gap: since.is_some(), ..self.status() };
        missed.unwrap_or_else(|| status_messages(whole(), beat.timestamp))
    }
}

impl Handler<Revise> for Executor {
    type Result = ();

    fn handle(&mut self, message: Revise, ctx: &mut Self::Context) {
        let definition = message.definition;
        let (graph, shared) = (&definition.graph, &self.shared);
        match Plan::new(graph, &shared.catalogue, &shared.limits, rand::random()) {
            Ok(mut plan) => {
                let inputs = set_all(&mut plan, &self.spec.borrow().inputs);
                let before = std::mem::replace(&mut self.plan, plan);
                self.plan.adopt(before);
                self.nodes = self.plan.nodes().collect();
                self.lines.clear();
                let author = definition.author.clone();
                self.spec.send_modify(|spec| {
                    spec.inputs = inputs;
                    spec.definition = definition;
                });
                self.board.replace(self.nodes.len());
                let mut updated = self.event(Event::WorkflowUpdated);
                updated.author = author;
                updated.change = Some(Change::Saved);
                self.board.happened(updated);
                self.report_ready(None);
                self.keep(None, ctx);
            }
            Err(faults) => {
                let nodes: Vec<&str> = faults.node_errors.keys().take(3).map(String::as_str).collect();
                let mut failed = self.event(Event::ExecutionFailed);
                failed.reason = Some(format!(
                    "version {} is not valid ({}): version {} goes on",
                    definition.version,
                    nodes.join(", "),
                    self.spec.borrow().definition.version
                ));
                self.board.happened(failed);
            }
        }
        self.soon(ctx);
    }
}

impl Handler<Halt> for Executor {
    type Result = ();

    fn handle(&mut self, message: Halt, ctx: &mut Self::Context) {
        self.halt(message, ctx);
    }
}

impl Handler<LetGo> for Executor {
    type Result = ();

    fn handle(&mut self, message: LetGo, ctx: &mut Self::Context) {
        // What is kept stays: only who waits for a write is answered.
        self.keep_at_the_end(message.reply.map(Waiting::LetGo), None);
        self.has_ended = true;
        for job in std::mem::take(&mut self.jobs).into_values() {
            match job {
                work::Running::Here(task) => task.abort(),
                // The session stays: it is taken up again after the restart.
                work::Running::SessionWork(_) => {}
            }
        }
        ctx.stop();
    }
}

impl Handler<WorkEnded> for Executor {
    type Result = ();

    fn handle(&mut self, message: WorkEnded, ctx: &mut Self::Context) {
        if let Some(work::Running::SessionWork(work)) = self.jobs.remove(&message.job) {
            self.end_session_work(&work.node_id, ctx);
        }
        self.plan.end(message.job, message.outcome);
        self.soon(ctx);
    }
}

impl Handler<SessionStarted> for Executor {
    type Result = ();

    fn handle(&mut self, message: SessionStarted, ctx: &mut Self::Context) {
        self.plan.told(message.job, message.session_id);
        if let Some(node) = self.plan.node_of(message.job) {
            self.board.changed(node.place());
            self.soon(ctx);
        }
    }
}
