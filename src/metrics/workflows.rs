//! The handles of live workflows: what is counted over all of them, and what each reports once a second.

use std::sync::Arc;

use prometheus::{Histogram, IntCounter, IntGauge};
use tokio::sync::mpsc;

use super::ticks::Pace;
use super::{Metrics, names};

/// How many reports may wait; what comes beyond that is left out, as the next one says the same.
const REPORTS: usize = 1024;

/// For the live workflows.
#[derive(Clone, Debug)]
pub struct Workflows {
    /// How many there are.
    pub live: IntGauge,
    /// Their iterations.
    pub ticks: IntCounter,
    /// Seconds that an iteration took.
    pub tick_seconds: Histogram,
    /// Failures of their nodes.
    pub node_errors: IntCounter,
    reports: Option<mpsc::Sender<WorkflowReport>>,
}

/// What a live workflow was like in the last second.
#[derive(Clone, Debug)]
pub struct WorkflowReport {
    /// The workflow.
    pub workflow_id: Arc<str>,
    /// Its iterations.
    pub pace: Pace,
    /// The nodes that took longest, each with the seconds of its last run, the slowest first.
    pub slowest: Vec<(String, f64)>,
}

impl Workflows {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            live: metrics.gauge(names::LIVE_WORKFLOWS, &[]),
            ticks: metrics.counter(names::WORKFLOW_TICKS, &[]),
            tick_seconds: metrics.histogram(names::TICK_SECONDS, &[]),
            node_errors: metrics.counter(names::NODE_ERRORS, &[]),
            reports: None,
        }
    }

    /// The same handles, with a place where each workflow's reports go, and the other end of that.
    #[must_use]
    pub fn reporting(self) -> (Self, mpsc::Receiver<WorkflowReport>) {
        let (reports, heard) = mpsc::channel(REPORTS);
        (Self { reports: Some(reports), ..self }, heard)
    }

    /// Reports what a workflow was like.
    pub fn report(&self, report: WorkflowReport) {
        if let Some(reports) = &self.reports {
            // Where too many wait, or nobody listens any more, it is left out.
            let _ = reports.try_send(report);
        }
    }
}
