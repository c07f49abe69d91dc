//! The names of all metrics, with their help texts and buckets.

pub(super) const BUILD_INFO: &str = "callboard_build_info";
pub(super) const START_TIME: &str = "process_start_time_seconds";
pub(super) const WORKERS: &str = "callboard_workers";
pub(super) const CONNECTIONS: &str = "callboard_connections";
pub(super) const CONNECTIONS_OPENED: &str = "callboard_connections_opened_total";
pub(super) const CONNECTIONS_CLOSED: &str = "callboard_connections_closed_total";
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
pub(super) const COMMIT_SECONDS: &str = "callboard_store_commit_seconds";
pub(super) const COMMIT_ROWS: &str = "callboard_store_commit_rows";
pub(super) const LOOP_LAG: &str = "callboard_loop_lag_seconds";
pub(super) const LIVE_WORKFLOWS: &str = "callboard_live_workflows";
pub(super) const WORKFLOW_TICKS: &str = "callboard_workflow_ticks_total";
pub(super) const NODE_ERRORS: &str = "callboard_workflow_node_errors_total";

pub(super) const GAUGES: [(&str, &str); 6] = [
    (BUILD_INFO, "1, with the version of the server as a label"),
    (START_TIME, "When the process was started, in seconds since the Unix epoch"),
    (WORKERS, "Worker threads"),
    (CONNECTIONS, "WebSockets and event streams that are open"),
    (SESSIONS, "Sessions that have not ended, by status"),
    (LIVE_WORKFLOWS, "Workflows that are live"),
];

pub(super) const COUNTERS: [(&str, &str); 11] = [
    (CONNECTIONS_OPENED, "WebSockets and event streams that were opened"),
    (CONNECTIONS_CLOSED, "WebSockets and event streams that have gone, by reason"),
    (MESSAGES_RECEIVED, "Messages that clients sent"),
    (MESSAGES_SENT, "Messages that were put into the outboxes of clients"),
    (MESSAGES_DROPPED, "Messages that only the latest of mattered, dropped because a client did not read"),
    (RECEIVED_BYTES, "Bytes of the messages that clients sent"),
    (SENT_BYTES, "Bytes that were put into the outboxes of clients"),
    (SESSIONS_STARTED, "Sessions that were started, by task"),
    (SESSIONS_ENDED, "Sessions that have ended, by task and status"),
    (WORKFLOW_TICKS, "Iterations of live workflows"),
    (NODE_ERRORS, "Failures of nodes of live workflows"),
];

/// A histogram's name, help text and upper bounds of its buckets.
type HistogramName = (&'static str, &'static str, &'static [f64]);

pub(super) const HISTOGRAMS: [HistogramName; 6] = [
    (
        HUMAN_WAIT,
        "How long an answered request had waited for a person",
        &[0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0],
    ),
    (
        QUEUE_WAIT,
        "How long a session waited for a run slot",
        &[0.0001, 0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0],
    ),
    (
        RUN,
        "How long an ended session had worked, without its waiting",
        &[0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0],
    ),
    (
        COMMIT_SECONDS,
        "How long a commit to the store took",
        &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0],
    ),
    (
        COMMIT_ROWS,
        "Rows that were written in one commit",
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0],
    ),
    (
        LOOP_LAG,
        "How much later than it was due a worker's event loop woke up, by worker",
        &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0],
    ),
];
