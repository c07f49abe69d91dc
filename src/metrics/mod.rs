//! What the server counts and measures, as Prometheus reads it.
//!
//! There is no global recorder: several servers in one process, as tests have them, count apart. Each part of the
//! server takes its handles once, when it starts, so that counting is an atomic addition and no look-up.

mod agents;
mod cluster;
mod events;
mod families;
mod handles;
mod http;
mod members;
mod names;
mod process;
mod reading;
pub mod snapshot;
mod statistics;
mod ticks;
mod workflows;

use std::sync::Arc;

use prometheus::{Histogram, IntCounter, IntGauge, TextEncoder};

use families::Families;
use reading::Reading;
use tokio::time::Instant;

pub use agents::Agents;
pub use cluster::Cluster;
pub use events::{EventHandler, Events};
pub use handles::{Connections, EventLoop, Sessions, TaskKind};
pub use http::{Http, Route};
pub(crate) use members::over_all;
pub use snapshot::Snapshot;
pub use statistics::{Numbers, Statistics};
pub use ticks::{Pace, Ticks};
pub use workflows::{WorkflowReport, Workflows};

use crate::store::OnCommit;

/// All metrics of a server. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    families: Arc<Families>,
}

/// Metrics that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A metric's name, labels or buckets are not usable.
    #[error("the metrics cannot be set up: {0}")]
    Unusable(#[from] prometheus::Error),
}

impl Metrics {
    /// All metrics at zero, for a server with that many workers.
    ///
    /// # Errors
    /// Where a metric cannot be registered.
    pub fn install(workers: usize) -> Result<Self, Error> {
        let metrics = Self { families: Arc::new(Families::new()?) };
        metrics.gauge(names::BUILD_INFO, &[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        metrics.gauge(names::WORKERS, &[]).set(i64::try_from(workers).unwrap_or(i64::MAX));
        // A family without a metric is left out of the text: an idle server gives zeros, so that rates and alarms work
        // from the start.
        drop((metrics.connections(), metrics.sessions(), metrics.on_commit(), metrics.workflows(), metrics.events()));
        drop((metrics.http(), metrics.agents(), metrics.cluster()));
        metrics.unwritten_rows(0);
        metrics.subscriptions(&[("type", 0)]);
        drop(["session", "workflow"].map(|kind| metrics.quarantined(kind)));
        (0..workers.max(1)).for_each(|worker| drop(metrics.event_loop(worker)));
        Ok(metrics)
    }

    /// Handles for one worker's connections.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections::new(self)
    }

    /// Handles for answers to HTTP requests.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(self)
    }

    /// Handles for one worker's sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self)
    }

    /// Handles for the sessions of one task kind. To be taken for all kinds at the start, so that they are exported from the start.
    #[must_use]
    pub fn task_kind(&self, name: &str) -> TaskKind {
        TaskKind::new(self, name)
    }

    /// Handles for the live workflows.
    #[must_use]
    pub fn workflows(&self) -> Workflows {
        Workflows::new(self)
    }

    /// Handles for agents.
    #[must_use]
    pub fn agents(&self) -> Agents {
        Agents::new(self)
    }

    /// Handles for a server that is one of several.
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        Cluster::new(self)
    }

    /// Handles for the event log.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::new(self)
    }

    /// Handles for one handler of events. To be taken for all handlers at the start, so that they are exported from the start.
    #[must_use]
    pub fn event_handler(&self, name: &str) -> EventHandler {
        EventHandler::new(self, name)
    }

    /// What of each kind is not taken up again because it has ended the server.
    pub fn quarantined(&self, kind: &'static str) -> IntCounter {
        self.counter(names::QUARANTINED, &[("kind", kind)])
    }

    /// So many rows wait to be written.
    pub fn unwritten_rows(&self, count: usize) {
        self.gauge(names::UNWRITTEN, &[]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many subscriptions there are, by what they ask for.
    pub fn subscriptions(&self, counts: &[(&'static str, u64)]) {
        for (topic, count) in counts {
            self.gauge(names::SUBSCRIPTIONS, &[("topic", topic)]).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }

    /// What the store calls after each commit.
    #[must_use]
    pub fn on_commit(&self) -> OnCommit {
        let (seconds, rows) = (self.histogram(names::COMMIT_SECONDS, &[]), self.histogram(names::COMMIT_ROWS, &[]));
        Arc::new(move |took, written| {
            seconds.observe(took.as_secs_f64());
            rows.observe(written as f64);
        })
    }

    /// Handles for the event loop of this worker.
    #[must_use]
    pub fn event_loop(&self, worker: usize) -> EventLoop {
        EventLoop::new(self, worker)
    }

    /// Everything in the Prometheus text format (`text/plain; version=0.0.4`).
    #[must_use]
    pub fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.families.gather()).unwrap_or_else(|error| {
            log::error!("the metrics cannot be written: {error}");
            String::new()
        })
    }

    /// Everything as it is now.
    fn read(&self, at: Instant) -> Reading {
        Reading::new(self.families.gather(), at)
    }

    fn counter(&self, name: &'static str, labels: &[(&str, &str)]) -> IntCounter {
        self.families.counter(name, labels)
    }

    fn gauge(&self, name: &'static str, labels: &[(&str, &str)]) -> IntGauge {
        self.families.gauge(name, labels)
    }

    fn histogram(&self, name: &'static str, labels: &[(&str, &str)]) -> Histogram {
        self.families.histogram(name, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::status::Status;

    fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
        text.lines().filter(|line| line.starts_with(start)).collect()
    }

    #[test]
    fn an_idle_server_tells_every_metric() {
        let metrics = Metrics::install(2).unwrap();
        let (_kind, _handler) = (metrics.task_kind("approval"), metrics.event_handler("mail"));
        let text = metrics.render();
        let described = names::COUNTERS.iter().chain(&names::GAUGES).map(|(name, ..)| name);
        for name in described.chain(names::HISTOGRAMS.iter().map(|(name, ..)| name)) {
            assert_eq!(lines(&text, &format!("# TYPE {name} ")).len(), 1, "{name}\n{text}");
            assert_eq!(lines(&text, &format!("# HELP {name} ")).len(), 1, "{name}\n{text}");
        }
        assert!(lines(&text, "# TYPE ").len() >= 20, "{text}");
        assert_eq!(lines(&text, "callboard_loop_lag_seconds_count{").len(), 2, "{text}");
        let live = Status::ALL.into_iter().filter(|status| !status.is_terminal()).count();
        assert_eq!(lines(&text, "callboard_sessions{").len(), live, "{text}");
    }

    #[test]
    fn workers_count_together_and_servers_apart() {
        let (one, other) = (Metrics::install(2).unwrap(), Metrics::install(2).unwrap());
        let (first, second) = (one.connections(), one.connections());
        first.opened("session");
        second.opened("session");
        second.closed("session", "too slow");
        second.messages_sent.inc_by(3);
        let text = one.render();
        assert_eq!(lines(&text, "callboard_connections{"), ["callboard_connections{kind=\"session\"} 1"]);
        assert_eq!(lines(&text, "callboard_connections_opened_total "), ["callboard_connections_opened_total 2"]);
        assert_eq!(lines(&text, "callboard_messages_sent_total "), ["callboard_messages_sent_total 3"]);
        let closed = lines(&text, "callboard_connections_closed_total{");
        assert!(closed.contains(&"callboard_connections_closed_total{reason=\"too slow\"} 1"), "{closed:?}");
        assert_eq!(lines(&other.render(), "callboard_connections{"), ["callboard_connections{kind=\"session\"} 0"]);
    }

    #[test]
    fn a_session_is_counted_in_one_state_at_a_time() {
        let metrics = Metrics::install(1).unwrap();
        let sessions = metrics.sessions();
        sessions.add(Status::WaitingInput, 5);
        sessions.moved(None, Some(Status::Queued));
        sessions.moved(Some(Status::Queued), Some(Status::Running));
        sessions.moved(Some(Status::WaitingInput), None);
        let kind = metrics.task_kind("approval");
        kind.started.inc();
        kind.ended(Status::Completed);
        let text = metrics.render();
        for line in [
            "callboard_sessions{status=\"queued\"} 0",
            "callboard_sessions{status=\"running\"} 1",
            "callboard_sessions{status=\"waiting_input\"} 4",
            "callboard_sessions_started_total{task=\"approval\"} 1",
            "callboard_sessions_ended_total{status=\"completed\",task=\"approval\"} 1",
            "callboard_sessions_ended_total{status=\"failed\",task=\"approval\"} 0",
        ] {
            assert_eq!(lines(&text, line), [line], "{text}");
        }
    }
}
