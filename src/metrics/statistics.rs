//! Makes the server's own numbers every second, and keeps those of the last hour.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Metrics;
use super::reading::Reading;
use super::snapshot::Snapshot;
use super::workflows::WorkflowReport;
use crate::domain::time::Timestamp;

/// How often there is a new snapshot.
const EVERY: Duration = Duration::from_secs(1);
/// Every so many snapshots one is kept.
const KEPT_EACH: usize = 5;
/// How many are kept: an hour.
const KEPT: usize = 720;
/// How many readings are kept, so that there is one of a minute ago.
const READINGS: usize = 13;
/// For how long a workflow is reported that had no iterations.
const REPORTED_FOR: Duration = Duration::from_secs(10);
/// The most workflows that are reported, the busiest first.
pub(super) const WORKFLOWS: usize = 50;

/// Makes the server's own numbers. Runs on one thread.
pub struct Statistics {
    metrics: Metrics,
    /// Sets what is looked at and not counted.
    look: Box<dyn Fn(&Metrics)>,
    reports: mpsc::Receiver<WorkflowReport>,
    workflows: HashMap<Arc<str>, (Instant, WorkflowReport)>,
    /// The reading before the present one.
    last: Reading,
    /// Readings of the last minute, five seconds apart, the oldest first.
    readings: VecDeque<Reading>,
    kept: VecDeque<Arc<Snapshot>>,
    since_kept: usize,
    published: watch::Sender<Latest>,
}

#[derive(Clone, Debug)]
struct Latest {
    snapshot: Arc<Snapshot>,
    kept: Arc<[Arc<Snapshot>]>,
}

/// The server's own numbers, as they were last made; from any thread. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Numbers {
    latest: watch::Receiver<Latest>,
}

impl Numbers {
    /// The latest.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.latest.borrow().snapshot)
    }

    /// Those of the last so many seconds, of which one out of `each` is given; they are five seconds apart, the oldest
    /// first.
    #[must_use]
    pub fn history(&self, seconds: u64, each: usize) -> Vec<Arc<Snapshot>> {
        let since = Timestamp::now().as_secs_f64() - seconds as f64;
        let kept = Arc::clone(&self.latest.borrow().kept);
        // Counted from the latest, which is always among them.
        let mut found: Vec<_> =
            kept.iter().rev().step_by(each.max(1)).take_while(|snapshot| snapshot.time >= since).cloned().collect();
        found.reverse();
        found
    }
}

impl Statistics {
    /// The statistics of these metrics and of what workflows report; `look` is called before each reading.
    #[must_use]
    pub fn new(
        metrics: Metrics,
        reports: mpsc::Receiver<WorkflowReport>,
        look: impl Fn(&Metrics) + 'static,
    ) -> (Self, Numbers) {
        let first = metrics.read(Instant::now());
        let snapshot = Arc::new(Snapshot::new(&first, &first, &first, &[]));
        let (published, latest) = watch::channel(Latest { snapshot, kept: Arc::new([]) });
        let statistics = Self {
            metrics,
            look: Box::new(look),
            reports,
            workflows: HashMap::new(),
            last: first.clone(),
            readings: VecDeque::from([first]),
            kept: VecDeque::new(),
            since_kept: 0,
            published,
        };
        (statistics, Numbers { latest })
    }

    /// Makes them, for ever. To be spawned once.
    pub async fn run(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            self.make(Instant::now());
        }
    }

    fn make(&mut self, at: Instant) {
        (self.look)(&self.metrics);
        let now = self.metrics.read(at);
        let reports = self.take_reports(at);
        let minute = self.readings.front().unwrap_or(&self.last);
        let snapshot = Arc::new(Snapshot::new(&now, &self.last, minute, &reports));
        self.since_kept += 1;
        let mut kept = Arc::clone(&self.published.borrow().kept);
        if self.since_kept >= KEPT_EACH {
            kept = self.keep(&now, minute_snapshot(&now, &self.readings, &self.last, &reports));
        }
        self.last = now;
        self.published.send_replace(Latest { snapshot, kept });
    }

    /// Keeps a snapshot and the reading that it was made of.
    fn keep(&mut self, now: &Reading, snapshot: Snapshot) -> Arc<[Arc<Snapshot>]> {
        self.since_kept = 0;
        self.readings.push_back(now.clone());
        while self.readings.len() > READINGS {
            self.readings.pop_front();
        }
        self.kept.push_back(Arc::new(snapshot));
        while self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        self.kept.iter().cloned().collect()
    }

    /// What workflows reported lately, the busiest first.
    fn take_reports(&mut self, now: Instant) -> Vec<WorkflowReport> {
        while let Ok(report) = self.reports.try_recv() {
            self.workflows.insert(Arc::clone(&report.workflow_id), (now, report));
        }
        self.workflows.retain(|_, (heard, _)| now.duration_since(*heard) <= REPORTED_FOR);
        let mut reports: Vec<WorkflowReport> = self.workflows.values().map(|(_, report)| report.clone()).collect();
        reports.sort_by(|one, other| other.pace.rate.total_cmp(&one.pace.rate));
        reports.truncate(WORKFLOWS);
        reports
    }
}

/// A snapshot whose rates are those since the last one that was kept.
fn minute_snapshot(
    now: &Reading,
    readings: &VecDeque<Reading>,
    last: &Reading,
    reports: &[WorkflowReport],
) -> Snapshot {
    let (before, minute) = (readings.back().unwrap_or(last), readings.front().unwrap_or(last));
    Snapshot::new(now, before, minute, reports)
}

#[cfg(test)]
mod tests {
    use super::super::Pace;
    use super::*;

    fn statistics() -> (Metrics, super::super::Workflows, Statistics, Numbers) {
        let metrics = Metrics::install(1).unwrap();
        let (workflows, reports) = metrics.workflows().reporting();
        let look = |metrics: &Metrics| metrics.unwritten_rows(3);
        let (statistics, numbers) = Statistics::new(metrics.clone(), reports, look);
        (metrics, workflows, statistics, numbers)
    }

    #[test]
    fn the_last_hour_is_kept_and_no_more() {
        let (metrics, _workflows, mut statistics, numbers) = statistics();
        let connections = metrics.connections();
        let begun = Instant::now();
        assert!(numbers.history(3600, 1).is_empty());
        for second in 1..=4000_u64 {
            connections.messages_sent.inc_by(2);
            statistics.make(begun + Duration::from_secs(second));
        }
        assert_eq!(numbers.history(3600, 1).len(), KEPT);
        let (all, thinned) = (numbers.history(3600, 1), numbers.history(3600, 4));
        assert_eq!((thinned.len(), thinned.last()), (KEPT / 4, all.last()));
        assert!(statistics.readings.len() == READINGS && statistics.kept.len() == KEPT);
        assert!(numbers.history(3600, 1).iter().all(|kept| (kept.rates.messages_out - 2.0).abs() < 0.01));
        assert_eq!((numbers.snapshot().rates.messages_out, numbers.snapshot().messages_sent), (2.0, 8000));
        assert_eq!(numbers.snapshot().store.unwritten_rows, 3);
    }

    #[test]
    fn a_workflow_is_told_for_as_long_as_it_reports() {
        let (_metrics, workflows, mut statistics, numbers) = statistics();
        let begun = Instant::now();
        for (id, rate) in [("slow", 1.0), ("fast", 5.0), ("slow", 2.0)] {
            let pace = Pace { rate, p50_us: 1.0, p99_us: 2.0 };
            workflows.report(WorkflowReport { workflow_id: id.into(), pace, slowest: Vec::new() });
        }
        let rates = |numbers: &Numbers| -> Vec<(String, f64)> {
            numbers.snapshot().workflows.iter().map(|workflow| (workflow.id.clone(), workflow.rate)).collect()
        };
        statistics.make(begun);
        assert_eq!(rates(&numbers), [("fast".into(), 5.0), ("slow".into(), 2.0)]);
        statistics.make(begun + REPORTED_FOR + EVERY);
        assert!(rates(&numbers).is_empty());
    }
}
