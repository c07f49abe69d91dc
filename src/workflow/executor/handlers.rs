//! What an executor does when it hears something.

use std::sync::Arc;

use actix::{ActorContext, Handler};

use super::launch::set_all;
use super::look::Nodes;
use super::messages::{Admit, Apply, Describe, ErrandStarted, Fact, Halt, LetGo, Resume, Revise, Step, WorkEnded};
use super::{Executor, work};
use crate::hub::Join;
use crate::workflow::live::board::status_parts;
use crate::workflow::live::happening::Change;
use crate::workflow::plan::Plan;
use crate::workflow::refused::Refused;
use crate::workflow::told::{Applied, Event, Status};

impl Handler<Apply> for Executor {
    type Result = ();

    fn handle(&mut self, message: Apply, ctx: &mut Self::Context) {
        let Apply { update, reply } = message;
        if self.is_spent() {
            let _ = reply.send(Err(Refused::Ending));
            return;
        }
        let (node_id, input_name, value) = (update.node_id, update.input_name, update.value);
        if let Err(refused) = self.plan.set(&node_id, &input_name, value.clone()) {
            let _ = reply.send(Err(refused));
            return;
        }
        self.inputs.entry(node_id.clone()).or_default().insert(input_name.clone(), value.clone());
        let mut updated = self.happening(Event::WorkflowUpdated);
        updated.author = update.author;
        let change = Change::Input { node_id: node_id.clone(), input_name: input_name.clone(), value: value.clone() };
        updated.change = Some(change);
        self.board.happened(updated);
        let execution_count = self.execution_count() + 1;
        let applied = Applied { workflow_id: self.workflow_id.to_string(), node_id, input_name, execution_count };
        let reply = if self.comes_back() {
            Some(reply)
        } else {
            let _ = reply.send(Ok(applied.clone()));
            None
        };
        self.tell_supervisor(Fact::InputChanged { applied, value, reply });
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
        if !self.is_paused {
            let _ = message.reply.send(Err(Refused::AlreadyRunning));
            return;
        }
        self.is_paused = false;
        self.options = message.options;
        // The steps before it do not count.
        self.last_iteration = self.options.max_iterations.map(|most| self.execution_count().saturating_add(most));
        let mut started = self.happening(Event::ContinuousStarted);
        started.author = message.author;
        self.board.happened(started);
        let waiting = (message.reply, Box::new(self.status()));
        self.tell_supervisor(Fact::Resumed { options: self.options.clone(), waiting });
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
        let beat = self.beat();
        let look = Nodes::new(&self.plan, &self.nodes, &self.lines, self.shared.limits.max_told_bytes);
        let missed = since.and_then(|since| self.board.since(since, &look, &beat));
        let whole = || Status { gap: since.is_some(), ..self.status() };
        let parts = missed.unwrap_or_else(|| status_parts(whole(), beat.timestamp));
        self.shared.broadcast.join(&shard, Join { connection, topic: self.topic, parts: Arc::new(parts) });
    }
}

impl Handler<Revise> for Executor {
    type Result = ();

    fn handle(&mut self, message: Revise, ctx: &mut Self::Context) {
        let definition = message.definition;
        let (graph, shared) = (&definition.graph, &self.shared);
        match Plan::new(graph, &shared.catalogue, &shared.limits, rand::random()) {
            Ok(mut plan) => {
                self.inputs = set_all(&mut plan, &self.inputs);
                let before = std::mem::replace(&mut self.plan, plan);
                self.plan.adopt(before);
                self.nodes = self.plan.nodes().collect();
                self.lines.clear();
                self.definition = definition;
                self.board.replace(self.nodes.len());
                let mut updated = self.happening(Event::WorkflowUpdated);
                updated.author.clone_from(&self.definition.author);
                updated.change = Some(Change::Saved);
                self.board.happened(updated);
                self.tell_ready(None);
            }
            Err(faults) => {
                let nodes: Vec<&str> = faults.node_errors.keys().take(3).map(String::as_str).collect();
                let mut failed = self.happening(Event::ExecutionFailed);
                failed.reason = Some(format!(
                    "version {} is not valid ({}): version {} goes on",
                    definition.version,
                    nodes.join(", "),
                    self.definition.version
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

    fn handle(&mut self, _: LetGo, ctx: &mut Self::Context) {
        self.has_ended = true;
        for job in std::mem::take(&mut self.jobs).into_values() {
            match job {
                work::Running::Here(task) => task.abort(),
                // The session stays: it is taken up again after the restart.
                work::Running::Errand(_) => {}
            }
        }
        ctx.stop();
    }
}

impl Handler<WorkEnded> for Executor {
    type Result = ();

    fn handle(&mut self, message: WorkEnded, ctx: &mut Self::Context) {
        self.jobs.remove(&message.job);
        self.plan.end(message.job, message.outcome);
        self.soon(ctx);
    }
}

impl Handler<ErrandStarted> for Executor {
    type Result = ();

    fn handle(&mut self, message: ErrandStarted, ctx: &mut Self::Context) {
        self.plan.told(message.job, message.session_id);
        if let Some(node) = self.plan.node_of(message.job) {
            self.board.changed(node.place());
            self.soon(ctx);
        }
    }
}

impl Executor {
    /// Whether it is live again after a restart.
    fn comes_back(&self) -> bool {
        !self.is_paused && self.options.autostart.unwrap_or(self.definition.autostart)
    }
}
