//! The names of all metrics, with their help texts and buckets.

pub(super) const BUILD_INFO: &str = "callboard_build_info";
pub(super) const START_TIME: &str = "process_start_time_seconds";
pub(super) const WORKERS: &str = "callboard_workers";
pub(super) const CONNECTIONS: &str = "callboard_connections";
pub(super) const CONNECTIONS_OPENED: &str = "callboard_connections_opened_total";
pub(super) const CONNECTIONS_CLOSED: &str = "callboard_connections_closed_total";
pub(super) const SOCKET_ERRORS: &str = "callboard_socket_errors_total";
pub(super) const SUBSCRIPTIONS: &str = "callboard_event_subscriptions";
pub(super) const MESSAGES_RECEIVED: &str = "callboard_messages_received_total";
pub(super) const MESSAGES_SENT: &str = "callboard_messages_sent_total";
pub(super) const MESSAGES_DROPPED: &str = "callboard_messages_dropped_total";
pub(super) const RECEIVED_BYTES: &str = "callboard_received_bytes_total";
pub(super) const SENT_BYTES: &str = "callboard_sent_bytes_total";
pub(super) const SESSIONS: &str = "callboard_sessions";
pub(super) const SESSIONS_STARTED: &str = "callboard_sessions_started_total";
pub(super) const SESSIONS_ENDED: &str = "callboard_sessions_ended_total";
pub(super) const HUMAN_WAIT: &str = "callboard_session_human_wait_seconds";
pub(super) const QUEUE_WAIT: &str = "callboard_session_queue_wait_seconds";
pub(super) const RUN: &str = "callboard_session_run_seconds";
pub(super) const WHOLE: &str = "callboard_session_whole_seconds";
pub(super) const COMMIT_SECONDS: &str = "callboard_store_commit_seconds";
pub(super) const COMMIT_ROWS: &str = "callboard_store_commit_rows";
pub(super) const QUARANTINED: &str = "callboard_quarantined_total";
pub(super) const UNWRITTEN: &str = "callboard_store_unwritten_rows";
pub(super) const LOOP_LAG: &str = "callboard_loop_lag_seconds";
pub(super) const LIVE_WORKFLOWS: &str = "callboard_live_workflows";
pub(super) const WORKFLOW_TICKS: &str = "callboard_workflow_ticks_total";
pub(super) const TICK_SECONDS: &str = "callboard_workflow_tick_seconds";
pub(super) const NODE_ERRORS: &str = "callboard_workflow_node_errors_total";
pub(super) const HTTP_REQUESTS: &str = "callboard_http_requests_total";
pub(super) const HTTP_SECONDS: &str = "callboard_http_request_seconds";
pub(super) const EVENTS: &str = "callboard_events_total";
pub(super) const EVENT_BATCH: &str = "callboard_event_log_batch_events";
pub(super) const HANDLER_RUNS: &str = "callboard_event_handler_runs_total";
pub(super) const HANDLER_DROPS: &str = "callboard_event_handler_drops_total";
pub(super) const AGENT_TURNS: &str = "callboard_agent_turns_total";
pub(super) const AGENT_TOKENS: &str = "callboard_agent_tokens_total";
pub(super) const AGENT_COST: &str = "callboard_agent_cost_millionths_total";
pub(super) const AGENT_TOOL_CALLS: &str = "callboard_agent_tool_calls_total";
pub(super) const MODEL_RATE_LIMITED: &str = "callboard_model_rate_limited_total";
pub(super) const MODEL_WAIT: &str = "callboard_model_wait_seconds";
pub(super) const CLUSTER_MEMBERS: &str = "callboard_cluster_members";
pub(super) const CLUSTER_SLOTS: &str = "callboard_cluster_slots";
pub(super) const CLUSTER_LAG: &str = "callboard_cluster_engine_seconds";
pub(super) const CLUSTER_MOVED: &str = "callboard_cluster_slots_moved_total";
pub(super) const CLUSTER_FENCED: &str = "callboard_cluster_fenced_total";
pub(super) const CLUSTER_QUESTIONS: &str = "callboard_cluster_questions_total";
pub(super) const CLUSTER_HEALED: &str = "callboard_cluster_healed_feeds_total";
/// What `CLUSTER_LAG` says.
pub(super) const CLUSTER_LAG_HELP: &str =
    "Seconds that the engine took for its last answer; -1 while it does not answer";
/// Written by `process`, which reads it from the system.
pub(super) const CPU_SECONDS: &str = "process_cpu_seconds_total";
/// Written by `process`, which reads it from the system.
pub(super) const RESIDENT_BYTES: &str = "process_resident_memory_bytes";

/// A metric's name, help text, and labels.
type Name = (&'static str, &'static str, &'static [&'static str]);

pub(super) const START_TIME_HELP: &str = "When the process was started, in seconds since the Unix epoch";

/// Gauges that are whole numbers.
pub(super) const GAUGES: [Name; 9] = [
    (BUILD_INFO, "1, with the version of the server as a label", &["version"]),
    (WORKERS, "Worker threads", &[]),
    (CONNECTIONS, "WebSockets and event streams that are open, by kind", &["kind"]),
    (
        SUBSCRIPTIONS,
        "Subscriptions of event sockets, by what they ask for; one that asks for several types counts for each",
        &["topic"],
    ),
    (SESSIONS, "Sessions that have not ended, by status; of several servers, each says those of all", &["status"]),
    (UNWRITTEN, "Rows that wait to be written to the store", &[]),
    (LIVE_WORKFLOWS, "Workflows that are live", &[]),
    (CLUSTER_MEMBERS, "Servers that share the store, this one among them; 0 where there is one", &[]),
    (CLUSTER_SLOTS, "Parts of all sessions that this server owns, and that nobody does", &["owner"]),
];

pub(super) const COUNTERS: [Name; 26] = [
    (CLUSTER_MOVED, "Parts of all sessions that came to this server or left it, by how", &["how"]),
    (CLUSTER_FENCED, "How often the other servers took this one for dead while it was not", &[]),
    (CLUSTER_QUESTIONS, "Questions to other servers, by whether they were asked first or again", &["kind"]),
    (CLUSTER_HEALED, "Sessions of other servers that were read again because something of them had not come", &[]),
    (AGENT_TURNS, "Replies of models to agents", &[]),
    (AGENT_TOKENS, "Tokens of the models of agents, by kind: prompt or completion", &["kind"]),
    (AGENT_COST, "What the models of agents cost by their prices, in millionths", &[]),
    (AGENT_TOOL_CALLS, "Tools that agents called, by outcome: done or refused", &["outcome"]),
    (MODEL_RATE_LIMITED, "Calls that a model's server did not take for now (429)", &[]),
    (
        HTTP_REQUESTS,
        "HTTP requests that were answered, by the pattern of their route and by status",
        &["route", "status"],
    ),
    (CONNECTIONS_OPENED, "WebSockets and event streams that were opened", &[]),
    (CONNECTIONS_CLOSED, "WebSockets and event streams that have gone, by reason", &["reason"]),
    (SOCKET_ERRORS, "Errors that clients were sent on WebSockets, by code", &["code"]),
    (MESSAGES_RECEIVED, "Messages that clients sent", &[]),
    (MESSAGES_SENT, "Messages that were put into the outboxes of clients", &[]),
    (MESSAGES_DROPPED, "Messages that only the latest of mattered, dropped because a client did not read", &[]),
    (RECEIVED_BYTES, "Bytes of the messages that clients sent", &[]),
    (SENT_BYTES, "Bytes that were put into the outboxes of clients", &[]),
    (SESSIONS_STARTED, "Sessions that were started, by task", &["task"]),
    (SESSIONS_ENDED, "Sessions that have ended, by task and status", &["task", "status"]),
    (WORKFLOW_TICKS, "Iterations of live workflows", &[]),
    (NODE_ERRORS, "Failures of nodes of live workflows", &[]),
    (
        EVENTS,
        "Events that were published, by the family of their type and by whether they are kept",
        &["group", "kept"],
    ),
    (HANDLER_RUNS, "Commands that were run for events, by handler and outcome", &["handler", "outcome"]),
    (
        QUARANTINED,
        "Sessions and live workflows that are not taken up again because they ended the server, by kind",
        &["kind"],
    ),
    (HANDLER_DROPS, "Events that a handler had no room for, by handler", &["handler"]),
];

/// A histogram's name, help text, labels, and upper bounds of its buckets.
type HistogramName = (&'static str, &'static str, &'static [&'static str], &'static [f64]);

/// From a millisecond to a day: what a session may take.
const LONG: &[f64] = &[0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

pub(super) const HISTOGRAMS: [HistogramName; 11] = [
    (
        MODEL_WAIT,
        "How long a call of a model waited for its turn, or because a server was busy",
        &[],
        &[0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0],
    ),
    (
        HTTP_SECONDS,
        "How long an HTTP request took until its answer began, by the pattern of its route",
        &["route"],
        &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0],
    ),
    (
        HUMAN_WAIT,
        "How long an answered request had waited for a person",
        &[],
        &[0.001, 0.01, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0],
    ),
    (
        QUEUE_WAIT,
        "How long a session waited for a permit to run",
        &[],
        &[0.0001, 0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0],
    ),
    (RUN, "How long an ended session had worked, without its waiting, by task", &["task"], LONG),
    (WHOLE, "How long an ended session had taken from its start, with all its waiting, by task", &["task"], LONG),
    (
        COMMIT_SECONDS,
        "How long a commit to the store took",
        &[],
        &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0],
    ),
    (
        COMMIT_ROWS,
        "Rows that were written in one commit",
        &[],
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0],
    ),
    (
        LOOP_LAG,
        "How much later than it was due a worker's event loop woke up, by worker",
        &["worker"],
        &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0],
    ),
    (
        TICK_SECONDS,
        "How long an iteration of a live workflow took",
        &[],
        &[0.000_001, 0.000_005, 0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 1.0, 10.0],
    ),
    (
        EVENT_BATCH,
        "Kept events that were published after one write of the log",
        &[],
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::super::Metrics;
    use super::*;

    /// The names of metrics in a file of `deploy/`; those of a histogram's series count as the histogram's.
    fn used(file: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)).unwrap();
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let names = words.filter(|word| word.starts_with("callboard_") || word.starts_with("process_"));
        let histogram = |name: &str| {
            let bare = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            HISTOGRAMS.iter().map(|(name, ..)| *name).find(|name| Some(*name) == bare)
        };
        names.map(|name| histogram(name).unwrap_or(name).to_owned()).collect()
    }

    fn exported() -> BTreeSet<String> {
        let metrics = Metrics::install(1).unwrap();
        let (_kind, _handler) = (metrics.task_kind("approval"), metrics.event_handler("mail"));
        let text = metrics.render();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
    }

    #[test]
    fn the_dashboard_shows_every_metric_and_no_others() {
        let (used, exported) = (used("grafana-dashboard.json"), exported());
        assert_eq!(used.difference(&exported).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(exported.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn alerts_are_of_metrics_that_there_are() {
        let (used, exported) = (used("alerts.yml"), exported());
        assert!(used.len() > 8, "{used:?}");
        assert_eq!(used.difference(&exported).collect::<Vec<_>>(), Vec::<&String>::new());
    }
}
