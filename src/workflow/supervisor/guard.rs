//! Whether executors are well: one whose node does not come to an end is given up, and another goes on without that node.

use actix::clock::Instant;
use actix::dev::channel::channel;
use actix::{Addr, Arbiter, Context};
use tokio::sync::watch;

use super::{Entry, MAILBOX, Supervisor};
use crate::config::seconds;
use crate::domain::time::Timestamp;
use crate::process::threads;
use crate::workflow::executor::spec::{Asked, Spec};
use crate::workflow::executor::{Leash, Occasion};
use crate::workflow::key::WorkflowKey;
use crate::workflow::live::event::WorkflowEvent;
use crate::workflow::messages::Event;
use crate::workflow::plan::NodeIndex;

/// The most threads that are stuck; a workflow that would need one more is stopped.
const MOST_GIVEN_UP: usize = 8;

impl Supervisor {
    /// Looks after all executors.
    pub(super) fn look(&mut self, ctx: &mut Context<Self>) {
        let limit = seconds(self.shared.limits.node_timeout);
        let now = Instant::now();
        let (mut stuck, mut broken) = (Vec::new(), Vec::new());
        for (id, entry) in &mut self.live {
            let running = entry.pulse.as_ref().and_then(|pulse| pulse.running());
            match (running, entry.seen) {
                (Some(node), Some((seen, since))) if node == seen => {
                    if now.duration_since(since) >= limit {
                        stuck.push((id.clone(), node));
                    }
                }
                (node, _) => entry.seen = node.map(|node| (node, now)),
            }
            // A report of its end may be on its way still when it is first seen to be gone.
            if !entry.executor.connected() && std::mem::replace(&mut entry.is_suspect, true) {
                broken.push(id.clone());
            }
        }
        for (id, node) in stuck {
            self.give_up(&id, node, ctx);
        }
        for id in broken {
            self.fail(&id, "the workflow broke down".to_owned(), ctx);
        }
    }

    /// Gives up an executor whose node does not come to an end.
    fn give_up(&mut self, key: &WorkflowKey, (iteration, node): (u64, NodeIndex), ctx: &mut Context<Self>) {
        let limit = self.shared.limits.node_timeout;
        self.given_up.retain(|leash| !leash.is_last());
        let Some(entry) = self.live.get(key) else { return };
        let node_id = entry.ids.get(node.place()).cloned().unwrap_or_default();
        let reason = format!("{node_id}: took longer than {limit} s");
        log::warn!(workflow_id:% = key.id, node_id; "a node took too long: its thread is given up");
        if self.given_up.len() >= MOST_GIVEN_UP {
            let reason = format!("{reason}, and {MOST_GIVEN_UP} threads are stuck already");
            return self.fail(key, reason, ctx);
        }
        if let Err(error) = threads::check() {
            return self.fail(key, format!("{reason}, and {error}"), ctx);
        }
        self.shared.host.trouble(key, &reason);
        let Some(entry) = self.live.remove(key) else { return };
        self.shared.metrics.live.dec();
        entry.leash.cut();
        entry.arbiter.stop();
        self.given_up.push(entry.leash.clone());
        // What its nodes asked was taken back: from here on they ask anew.
        let spec = Spec { asked: Asked::nothing(), ..entry.spec.borrow().clone() };
        let (spec, (to_executor, mailbox)) = (watch::channel(spec).0, channel(MAILBOX));
        let mut entry = Entry {
            executor: Addr::new(to_executor),
            arbiter: Arbiter::new(),
            leash: Leash::default(),
            // The iteration that did not end counts: its number was seen.
            counted_before: entry.counted_before + iteration,
            pulse: None,
            seen: None,
            is_suspect: false,
            spec: spec.subscribe(),
            ..entry
        };
        entry.quarantined.push((node_id, format!("took longer than {limit} s")));
        self.launch(entry, spec, mailbox, Occasion::Takeover { reason }, None, ctx);
    }

    /// Ends a workflow whose executor cannot be asked any more, and publishes that.
    fn fail(&mut self, key: &WorkflowKey, reason: String, ctx: &mut Context<Self>) {
        let Some(entry) = self.forget(key, ctx) else { return };
        entry.leash.cut();
        self.given_up.push(entry.leash.clone());
        log::error!(workflow_id:% = key.id, reason; "a live workflow has failed");
        self.shared.host.trouble(key, &reason);
        for event in [Event::ExecutionFailed, Event::ContinuousStopped] {
            let (nodes, version) = {
                let definition = &entry.spec.borrow().definition;
                (definition.graph.nodes.len(), definition.version)
            };
            let mut event = WorkflowEvent::new(event, nodes, Timestamp::now());
            event.version = Some(version);
            event.reason = Some(reason.clone());
            self.happened(key, event);
        }
        self.forget_kept(key);
    }
}
