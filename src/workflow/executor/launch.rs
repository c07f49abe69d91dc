//! How an executor comes to be: set up on its own thread, so that a large graph holds nobody else up.

use std::collections::HashMap;
use std::sync::Arc;

use actix::dev::channel::AddressReceiver;
use actix::{AsyncContext, Context, Recipient};
use tokio::sync::watch;

use super::keep::{Keeper, Waiting};
use super::messages::{Admit, Fact, Inputs, Reply, Report};
use super::spec::Spec;
use super::{Executor, Leash, Pace, Shared};
use crate::domain::time::Timestamp;
use crate::workflow::key::WorkflowKey;
use crate::workflow::live::board::Board;
use crate::workflow::messages::{Event, Status};
use crate::workflow::plan::Plan;
use crate::workflow::refused::Refused;

/// Everything that an executor begins with.
pub(crate) struct Launch {
    /// What all executors have in common.
    pub shared: Arc<Shared>,
    /// What runs, and how: the executor publishes what becomes of that.
    pub spec: watch::Sender<Spec>,
    /// Which start of this workflow it is, counted through all workflows.
    pub generation: u64,
    /// Nodes that never run, and why.
    pub quarantined: Vec<(String, String)>,
    /// The places of what it sends are those after this one.
    pub base: u64,
    /// Iterations of this start before this executor.
    pub counted_before: u64,
    /// When the workflow was started.
    pub started_at: Timestamp,
    /// What those who watch hear of it: it starts, or it goes on without a node.
    pub occasion: Occasion,
    /// Who watches from the beginning.
    pub watching: Vec<Admit>,
    /// Who hears its reports.
    pub report: Recipient<Report>,
    /// What it can be given up by.
    pub leash: Leash,
    /// Who waits for the start.
    pub reply: Option<Reply<Status>>,
}

/// Why an executor is launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Somebody starts the workflow.
    Start {
        /// Who, where they said.
        author: Option<String>,
    },
    /// The one before could not go on, for this reason.
    Takeover {
        /// Why.
        reason: String,
    },
}

impl Launch {
    /// Sets the executor up on this thread and lets it run with this mailbox. Where the graph is not valid, who waits is
    /// answered so, and nothing runs.
    pub(crate) fn run(self, mailbox: AddressReceiver<Executor>) {
        let Launch { shared, spec, generation, .. } = &self;
        let (graph, options) = (spec.borrow().definition.graph.clone(), spec.borrow().options.clone());
        let key = WorkflowKey::of(&spec.borrow().definition);
        let workflow_id = Arc::clone(&key.id);
        let seed = rand::random();
        let mut plan = match Plan::new(&graph, &shared.catalogue, &shared.limits, seed) {
            Ok(plan) => plan,
            Err(faults) => {
                // Reported before it is answered: whoever asks again finds that nothing is live.
                self.report.do_send(Report { key, generation: *generation, fact: Fact::Unusable });
                if let Some(reply) = self.reply {
                    let _ = reply.send(Err(Refused::Invalid(faults)));
                }
                return;
            }
        };
        let inputs = set_all(&mut plan, &spec.borrow().inputs);
        spec.send_modify(|spec| spec.inputs = inputs);
        for (node_id, message) in &self.quarantined {
            if let Some(node) = plan.find(node_id) {
                plan.quarantine(node, message.clone());
            }
        }
        let mut executor = Executor {
            topic: key.topic(),
            key,
            generation: *generation,
            report: self.report.clone(),
            keeper: Keeper::default(),
            nodes: plan.nodes().collect(),
            board: Board::new(Arc::clone(&workflow_id), plan.len(), self.base),
            lines: HashMap::new(),
            jobs: HashMap::new(),
            is_stepping: false,
            counted_before: self.counted_before,
            last_iteration: options.max_iterations,
            taken_in: 0,
            started_at: self.started_at,
            pace: Pace::new(self.shared.limits.flushes_per_second),
            has_ended: false,
            leash: self.leash,
            shared: self.shared,
            spec: self.spec,
            workflow_id,
            plan,
        };
        executor.begin(&self.occasion);
        let mut ctx = Context::with_receiver(mailbox);
        if executor.is_kept() {
            let status = Box::new(executor.status());
            let waiting = self.reply.map(|reply| Waiting::Runs(reply, status));
            executor.report_ready(None);
            executor.keep(waiting, &mut ctx);
        } else {
            executor.report_ready(self.reply);
        }
        for admit in self.watching {
            ctx.address().do_send(admit);
        }
        ctx.run(executor);
    }
}

impl Executor {
    fn begin(&mut self, occasion: &Occasion) {
        let event = match occasion {
            Occasion::Start { author } => {
                let mut started = self.event(Event::ContinuousStarted);
                started.author.clone_from(author);
                started
            }
            Occasion::Takeover { reason } => {
                let mut failed = self.event(Event::ExecutionFailed);
                failed.reason = Some(reason.clone());
                failed
            }
        };
        self.board.happened(event);
        (0..self.nodes.len()).for_each(|node| self.board.changed(node));
        log::info!(workflow_id:% = self.workflow_id, nodes = self.nodes.len(); "a workflow is live");
    }

    /// Reports that it is set up.
    pub(super) fn report_ready(&self, reply: Option<Reply<Status>>) {
        let ids = self.nodes.iter().map(|node| self.plan.id(*node).to_owned()).collect();
        self.report_to_supervisor(Fact::Ready {
            pulse: Arc::clone(self.plan.progress()),
            ids,
            waiting: reply.map(|reply| (reply, Box::new(self.status()))),
        });
    }
}

/// Sets inputs that were changed before; gives those that the graph still has.
pub(super) fn set_all(plan: &mut Plan, inputs: &Inputs) -> Inputs {
    let mut taken = Inputs::new();
    for (node_id, values) in inputs {
        for (input, value) in values {
            match plan.set(node_id, input, value.clone()) {
                Ok(()) => {
                    taken.entry(node_id.clone()).or_default().insert(input.clone(), value.clone());
                }
                Err(refused) => {
                    log::info!(node_id, input, refused:%; "an input that was changed is not there any more")
                }
            }
        }
    }
    taken
}
