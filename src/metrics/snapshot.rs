//! The server's own numbers at one moment, as the page and those who listen for metrics get them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names;
use super::reading::Reading;
use super::workflows::WorkflowReport;
use crate::domain::time::Timestamp;

/// The server's own numbers at one moment. Counts go on from the start of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsSnapshot"))]
#[schema(as = MetricsSnapshot)]
pub struct Snapshot {
    /// When it was made, in seconds since the epoch.
    pub time: f64,
    /// Sessions that have not ended, by status.
    pub sessions: BTreeMap<String, u64>,
    /// Connections that are open, by kind.
    pub connections: BTreeMap<String, u64>,
    /// Subscriptions of event sockets, by what they ask for.
    pub subscriptions: BTreeMap<String, u64>,
    /// What happens in a second, since the snapshot before.
    pub rates: Rates,
    /// How long things took in the last minute.
    pub latency_ms: Latencies,
    /// Sessions by their task.
    pub kinds: BTreeMap<String, KindCounts>,
    /// The live workflows that had iterations lately.
    pub workflows: Vec<WorkflowPace>,
    /// How many workflows are live.
    pub live_workflows: u64,
    /// Events that were published, by the family of their type.
    pub events: BTreeMap<String, u64>,
    /// Messages that were sent to clients.
    pub messages_sent: u64,
    /// Messages that were dropped because a client did not read.
    pub drops: u64,
    /// Connections that have gone, by reason.
    pub closes: BTreeMap<String, u64>,
    /// Memory of the process in bytes.
    pub rss_bytes: u64,
    /// Processor time of the process in seconds.
    pub cpu_seconds: f64,
    /// How the store does.
    pub store: StorePace,
    /// What the models of agents have used.
    pub models: ModelUse,
    /// Which of several servers this is of, and what each of them has; none where there is one server with a store of its own.
    #[serde(default)]
    pub members: Vec<MemberNumbers>,
}

/// What one of several servers has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsMember"))]
#[schema(as = MetricsMember)]
pub struct MemberNumbers {
    /// What it is called.
    pub member: String,
    /// Its present membership: another one each time that it joins. Its counts go on from there.
    pub incarnation: String,
    /// Connections that are open.
    pub connections: u64,
    /// Messages to clients in a second.
    pub messages_out: f64,
    /// Memory of the process in bytes.
    pub rss_bytes: u64,
    /// Processor time of the process in seconds.
    pub cpu_seconds: f64,
}

/// What happens in a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsRates"))]
#[schema(as = MetricsRates)]
pub struct Rates {
    /// Messages of clients.
    pub messages_in: f64,
    /// Messages to clients.
    pub messages_out: f64,
    /// Bytes of the messages of clients.
    pub bytes_in: f64,
    /// Bytes to clients.
    pub bytes_out: f64,
    /// Sessions that were started.
    pub sessions_started: f64,
    /// Sessions that have ended.
    pub sessions_ended: f64,
    /// Events that were published.
    pub events: f64,
    /// Iterations of live workflows.
    pub ticks: f64,
}

/// How long things took, in milliseconds; of several servers, at the slowest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsLatencies"))]
#[schema(as = MetricsLatencies)]
pub struct Latencies {
    /// Sessions, from start to end, with all their waiting.
    pub start_to_done: Quantiles,
    /// Commits to the store.
    pub commit: Quantiles,
    /// Answers of people.
    pub human_wait: Quantiles,
    /// Run slots.
    pub queue_wait: Quantiles,
    /// Event loops, that woke up later than they were due.
    pub loop_lag: Quantiles,
    /// Iterations of live workflows.
    pub tick: Quantiles,
}

/// What a half, 95 and 99 of 100 took at most, in milliseconds; nothing where there was none in the last minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsQuantiles"))]
#[schema(as = MetricsQuantiles)]
pub struct Quantiles {
    /// Half of them.
    pub p50: Option<f64>,
    /// 95 of 100.
    pub p95: Option<f64>,
    /// 99 of 100.
    pub p99: Option<f64>,
}

/// Sessions of one task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsKind"))]
#[schema(as = MetricsKind)]
pub struct KindCounts {
    /// Those that were started.
    pub started: u64,
    /// Those that completed.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
}

/// How a live workflow does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsWorkflow"))]
#[schema(as = MetricsWorkflow)]
pub struct WorkflowPace {
    /// The workflow.
    pub id: String,
    /// Iterations a second.
    pub rate: f64,
    /// Microseconds that half of its iterations took at most.
    pub tick_p50_us: f64,
    /// Microseconds that 99 of 100 took at most.
    pub tick_p99_us: f64,
    /// The nodes that took longest, the slowest first.
    pub slowest: Vec<SlowNode>,
}

/// A node that took long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsNode"))]
#[schema(as = MetricsNode)]
pub struct SlowNode {
    /// The node.
    pub node: String,
    /// Milliseconds of its last run.
    pub ms: f64,
}

/// How the store does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsStore"))]
#[schema(as = MetricsStore)]
pub struct StorePace {
    /// Commits a second.
    pub commits_per_second: f64,
    /// Rows in each of them; nothing where there was none.
    pub rows_per_commit: Option<f64>,
    /// Rows that wait to be written.
    pub unwritten_rows: u64,
}

/// What the models of agents have used since the start of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MetricsModels"))]
#[schema(as = MetricsModels)]
pub struct ModelUse {
    /// Replies of models.
    pub turns: u64,
    /// Tokens that they were sent.
    pub prompt_tokens: u64,
    /// Tokens of their replies.
    pub completion_tokens: u64,
    /// What that cost by their prices.
    pub cost: f64,
    /// Calls that a server refused for now (429).
    pub rate_limited: u64,
    /// Calls of tools.
    pub tool_calls: u64,
}

impl Snapshot {
    /// What `now` says, with what has changed since `before`, and what took how long since `minute`.
    pub(super) fn new(now: &Reading, before: &Reading, minute: &Reading, reports: &[WorkflowReport]) -> Self {
        let whole = |sums: BTreeMap<String, f64>| sums.into_iter().map(|(key, value)| (key, count(value))).collect();
        let passed = now.at.duration_since(before.at).max(Duration::from_millis(1)).as_secs_f64();
        let grown = |name: &str| (now.sum(name) - before.sum(name)).max(0.0);
        let rate = |name: &str| grown(name) / passed;
        let (commits, rows) = (names::COMMIT_SECONDS, names::COMMIT_ROWS);
        let commits = (now.count(commits) - before.count(commits)).max(0.0);
        let rows = grown(rows);
        Self {
            time: Timestamp::now().as_secs_f64(),
            sessions: whole(now.by(names::SESSIONS, "status")),
            connections: whole(now.by(names::CONNECTIONS, "kind")),
            subscriptions: whole(now.by(names::SUBSCRIPTIONS, "topic")),
            rates: Rates {
                messages_in: rate(names::MESSAGES_RECEIVED),
                messages_out: rate(names::MESSAGES_SENT),
                bytes_in: rate(names::RECEIVED_BYTES),
                bytes_out: rate(names::SENT_BYTES),
                sessions_started: rate(names::SESSIONS_STARTED),
                sessions_ended: rate(names::SESSIONS_ENDED),
                events: rate(names::EVENTS),
                ticks: rate(names::WORKFLOW_TICKS),
            },
            latency_ms: Latencies::new(now, minute),
            kinds: kinds(now),
            workflows: reports.iter().map(WorkflowPace::of).collect(),
            live_workflows: count(now.sum(names::LIVE_WORKFLOWS)),
            events: whole(now.by(names::EVENTS, "group")),
            messages_sent: count(now.sum(names::MESSAGES_SENT)),
            drops: count(now.sum(names::MESSAGES_DROPPED)),
            closes: whole(now.by(names::CONNECTIONS_CLOSED, "reason")),
            rss_bytes: count(now.sum(names::RESIDENT_BYTES)),
            cpu_seconds: now.sum(names::CPU_SECONDS),
            store: StorePace {
                commits_per_second: commits / passed,
                rows_per_commit: (commits > 0.0).then(|| rows / commits),
                unwritten_rows: count(now.sum(names::UNWRITTEN)),
            },
            models: ModelUse::new(now),
            members: Vec::new(),
        }
    }
}

impl ModelUse {
    fn new(now: &Reading) -> Self {
        let tokens = now.by(names::AGENT_TOKENS, "kind");
        let of = |kind| tokens.get(kind).copied().map_or(0, count);
        Self {
            turns: count(now.sum(names::AGENT_TURNS)),
            prompt_tokens: of("prompt"),
            completion_tokens: of("completion"),
            cost: now.sum(names::AGENT_COST) / 1e6,
            rate_limited: count(now.sum(names::MODEL_RATE_LIMITED)),
            tool_calls: count(now.sum(names::AGENT_TOOL_CALLS)),
        }
    }
}

impl Latencies {
    fn new(now: &Reading, minute: &Reading) -> Self {
        let of = |name: &str| {
            let quantile = |share| now.quantile(minute, name, share).map(|seconds| seconds * 1e3);
            Quantiles { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) }
        };
        Self {
            start_to_done: of(names::WHOLE),
            commit: of(names::COMMIT_SECONDS),
            human_wait: of(names::HUMAN_WAIT),
            queue_wait: of(names::QUEUE_WAIT),
            loop_lag: of(names::LOOP_LAG),
            tick: of(names::TICK_SECONDS),
        }
    }
}

impl WorkflowPace {
    fn of(report: &WorkflowReport) -> Self {
        let slowest = report.slowest.iter().map(|(node, seconds)| SlowNode { node: node.clone(), ms: seconds * 1e3 });
        Self {
            id: report.workflow_id.to_string(),
            rate: report.pace.rate,
            tick_p50_us: report.pace.p50_us,
            tick_p99_us: report.pace.p99_us,
            slowest: slowest.collect(),
        }
    }
}

fn kinds(now: &Reading) -> BTreeMap<String, KindCounts> {
    let mut kinds = BTreeMap::<String, KindCounts>::new();
    for (task, started) in now.by(names::SESSIONS_STARTED, "task") {
        kinds.entry(task).or_default().started = count(started);
    }
    for ((task, status), ended) in now.by_two(names::SESSIONS_ENDED, "task", "status") {
        let kind = kinds.entry(task).or_default();
        match status.as_str() {
            "completed" => kind.completed = count(ended),
            "failed" => kind.failed = count(ended),
            "cancelled" => kind.cancelled = count(ended),
            // No session ends with another word.
            _ => {}
        }
    }
    kinds
}

/// A gauge that several workers change may be below zero for a moment.
fn count(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::{Metrics, Pace};
    use super::*;
    use crate::domain::status::Status;

    #[test]
    fn it_says_what_has_changed_since_the_one_before() {
        let metrics = Metrics::install(1).unwrap();
        let begun = Instant::now();
        let at = |seconds| metrics.read(begun + Duration::from_secs(seconds));
        let (connections, sessions, kind) = (metrics.connections(), metrics.sessions(), metrics.task_kind("approval"));
        connections.messages_sent.inc_by(5);
        let first = at(0);
        connections.opened("session");
        connections.opened("workflow");
        connections.closed("workflow", "done");
        connections.messages_sent.inc_by(20);
        sessions.moved(None, Some(Status::Running));
        kind.started.inc_by(2);
        kind.ended(Status::Failed);
        kind.whole.observe(0.3);
        metrics.on_commit()(Duration::from_millis(2), 7);
        let agents = metrics.agents();
        agents.turn(30, 12, 0.5);
        agents.tool_call(true);
        agents.tool_call(false);
        agents.rate_limited.inc();
        let second = at(2);
        let pace = Pace { rate: 9.0, p50_us: 1.0, p99_us: 2.0 };
        let report = WorkflowReport { workflow_id: "w".into(), pace, slowest: vec![("n".into(), 0.25)] };
        let snapshot = Snapshot::new(&second, &first, &first, &[report]);
        assert_eq!(snapshot.rates.messages_out, 10.0);
        assert_eq!((snapshot.connections["session"], snapshot.connections["workflow"]), (1, 0));
        assert_eq!(snapshot.sessions["running"], 1);
        assert_eq!(snapshot.kinds["approval"], KindCounts { started: 2, failed: 1, ..KindCounts::default() });
        let median = snapshot.latency_ms.start_to_done.p50.unwrap();
        assert!((100.0..=500.0).contains(&median), "{median}");
        assert_eq!(snapshot.latency_ms.human_wait, Quantiles { p50: None, p95: None, p99: None });
        assert_eq!(snapshot.store.rows_per_commit, Some(7.0));
        assert_eq!(snapshot.workflows[0].slowest, [SlowNode { node: "n".into(), ms: 250.0 }]);
        assert_eq!((snapshot.closes["done"], snapshot.drops), (1, 0));
        assert!(snapshot.rss_bytes > 0);
        let used =
            ModelUse { turns: 1, prompt_tokens: 30, completion_tokens: 12, cost: 0.5, rate_limited: 1, tool_calls: 2 };
        assert_eq!(snapshot.models, used);
        let quiet = Snapshot::new(&second, &second, &second, &[]);
        assert_eq!((quiet.rates.messages_out, quiet.store.rows_per_commit), (0.0, None));
    }
}
