//! The work that nodes wait for: its turn, its end, and that nobody waits for it any more.

use super::seat::{Current, Stage, WAITED, WORKING};
use super::{Job, JobId, NodeIndex, Plan, Tick};
use crate::node::{NodeError, Reply, Work};
use crate::state::NodeState;
use callboard_domain::id::SessionId;

impl Plan {
    /// Says that work has ended, and how; its node takes it up in the next iteration. Work that was dropped is ignored.
    pub fn end(&mut self, job: JobId, outcome: Result<Reply, NodeError>) {
        let Some(node) = self.jobs.started.remove(&job) else { return };
        if let Some(current) = self.still.get_mut(node as usize).and_then(|still| still.job.as_mut()) {
            current.stage = Stage::Ended(outcome);
            self.dirty.insert(node);
        }
    }

    /// Says which session asks the person that a node waits for, or is the task that it waits for.
    pub fn told(&mut self, job: JobId, session_id: SessionId) {
        let node = self.jobs.started.get(&job).copied();
        if let Some(still) = node.and_then(|node| self.still.get_mut(node as usize)) {
            still.session_id = Some(session_id);
        }
    }

    /// The node that waits for this work; `None` where none does any more.
    #[must_use]
    pub fn node_of(&self, job: JobId) -> Option<NodeIndex> {
        self.jobs.started.get(&job).copied().map(NodeIndex)
    }

    /// Lets a node wait for its turn to have work done.
    pub(super) fn queue(&mut self, node: u32, work: Work) {
        let id = JobId(self.jobs.next);
        self.jobs.next += 1;
        let question = matches!(work, Work::Confirm(_) | Work::Ask(_));
        let still = &mut self.still[node as usize];
        still.session_id = None;
        still.job = Some(Current { id, question, stage: Stage::Queued(work) });
        self.seats[node as usize].flags |= WORKING | WAITED;
        self.jobs.queued += 1;
        if !still.in_queue {
            still.in_queue = true;
            self.jobs.queue.push_back(node);
        }
    }

    /// Gives out the work whose turn it is.
    pub(super) fn hand_out(&mut self, tick: &mut Tick) {
        while self.jobs.started.len() < self.jobs.most {
            let Some(node) = self.jobs.queue.pop_front() else { return };
            let still = &mut self.still[node as usize];
            still.in_queue = false;
            let Some(job) = still.job.as_mut() else { continue };
            let work = match std::mem::replace(&mut job.stage, Stage::Started) {
                Stage::Queued(work) => work,
                other @ (Stage::Started | Stage::Ended(_)) => {
                    job.stage = other;
                    continue;
                }
            };
            self.jobs.queued -= 1;
            self.jobs.started.insert(job.id, node);
            self.seats[node as usize].state = if job.question { NodeState::Waiting } else { NodeState::Executing };
            tick.changed.push(NodeIndex(node));
            tick.jobs.push(Job { id: job.id, node: NodeIndex(node), work });
        }
    }

    /// Takes the work away from a node that does not want it any more.
    pub(super) fn drop_job(&mut self, node: u32, dropped: &mut Vec<JobId>) {
        if let Some(job) = self.take_job(node)
            && matches!(job.stage, Stage::Started)
        {
            self.jobs.started.remove(&job.id);
            dropped.push(job.id);
        }
    }

    /// Takes the work away from a node, whatever has become of it.
    pub(super) fn take_job(&mut self, node: u32) -> Option<Current> {
        self.seats[node as usize].flags &= !WORKING;
        let still = &mut self.still[node as usize];
        still.session_id = None;
        let job = still.job.take()?;
        if matches!(job.stage, Stage::Queued(_)) {
            self.jobs.queued -= 1;
        }
        Some(job)
    }
}
