//! What those who watch workflows are sent, as it goes over the wire.

mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

pub(crate) use self::value::Excerpt;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
pub(crate) use crate::workflow::NodeState;

/// Whether a live workflow runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum LiveState {
    /// It iterates, or waits for its next iteration.
    Running,
    /// It is live, and nothing is to be done until an input changes.
    Parked,
    /// It moves by single steps only.
    Paused,
    /// It is not live.
    #[default]
    Stopped,
}

/// The outputs of a node by name; those without a value are left out.
pub(crate) type Outputs = BTreeMap<Cow<'static, str>, Excerpt>;

/// The kinds of messages that may be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `execution_status`
    ExecutionStatus,
    /// `node_state`
    NodeState,
    /// `workflow_event`
    WorkflowEvent,
    /// `continuous_update`
    ContinuousUpdate,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Kind; 4] =
        [Kind::ExecutionStatus, Kind::NodeState, Kind::WorkflowEvent, Kind::ContinuousUpdate];

    /// The `type` of its messages.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::ExecutionStatus => "execution_status",
            Kind::NodeState => "node_state",
            Kind::WorkflowEvent => "workflow_event",
            Kind::ContinuousUpdate => "continuous_update",
        }
    }

    /// Its number for the hub.
    #[must_use]
    pub(crate) const fn index(self) -> u8 {
        match self {
            Kind::ExecutionStatus => 0,
            Kind::NodeState => 1,
            Kind::WorkflowEvent => 2,
            Kind::ContinuousUpdate => 3,
        }
    }
}

/// A message about workflows.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Message<'a> {
    /// How a live workflow stands, as a whole.
    ExecutionStatus {
        /// The last place in what is sent of the workflow that it covers.
        seq: u64,
        /// Whether not all could be sent that the client has missed.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        gap: bool,
        /// When.
        timestamp: Timestamp,
        /// How.
        data: Status,
    },
    /// How a node stands.
    NodeState {
        /// Its place in what is sent of the workflow; none where it is about a run as a session.
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// When.
        timestamp: Timestamp,
        /// Which, and how.
        data: NodeReport<'a>,
    },
    /// Something has happened to a workflow.
    WorkflowEvent {
        /// What: `continuous_started`, `workflow_updated` and so on.
        event: Event,
        /// Its place in what is sent of the workflow; none where it is about a run as a session.
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// When.
        timestamp: Timestamp,
        /// More about it.
        data: EventData<'a>,
    },
    /// An iteration, or several at a high rate.
    ContinuousUpdate {
        /// Its place in what is sent of the workflow.
        seq: u64,
        /// When.
        timestamp: Timestamp,
        /// What it gave.
        data: Update<'a>,
    },
    /// The answer to a ping.
    Pong {
        /// As it was sent.
        timestamp: &'a RawValue,
    },
    /// The answer to `subscribe` and `unsubscribe`.
    Subscribed {
        /// When.
        timestamp: Timestamp,
        /// What is sent from now on.
        events: Vec<&'static str>,
    },
    /// An input was changed.
    InputApplied {
        /// When.
        timestamp: Timestamp,
        /// Which, and in which iteration.
        data: Applied,
    },
    /// A task was started, as a session.
    TaskAccepted {
        /// When.
        timestamp: Timestamp,
        /// The session.
        session_id: SessionId,
    },
    /// What was asked for was not done.
    Error {
        /// When.
        timestamp: Timestamp,
        /// Why, in a word.
        code: &'a str,
        /// Why, for people.
        message: &'a str,
        /// What it was asked for, where that was a change of an input.
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<Refusal<'a>>,
    },
}

impl Message<'_> {
    /// How a workflow stands.
    #[must_use]
    pub(crate) fn status(timestamp: Timestamp, data: Status) -> Self {
        Message::ExecutionStatus { seq: data.last_seq, gap: data.gap, timestamp, data }
    }
}

/// The input that was not changed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Refusal<'a> {
    /// The workflow, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<&'a str>,
    /// The node.
    pub node_id: &'a str,
    /// The input.
    pub input_name: &'a str,
}

/// How a live workflow stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = WorkflowStatus)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "WorkflowStatus"))]
pub(crate) struct Status {
    /// The workflow.
    pub workflow_id: String,
    /// Whether it is live and not paused.
    pub is_running: bool,
    /// How many iterations there were.
    pub execution_count: u64,
    /// The outputs of all nodes, by their ids.
    #[schema(value_type = BTreeMap<String, Object>)]
    #[cfg_attr(test, ts(type = "Record<string, Record<string, unknown>>"))]
    pub results: BTreeMap<String, Outputs>,
    /// More exactly than `is_running`.
    pub state: LiveState,
    /// The version of the workflow that runs.
    pub version: u64,
    /// How many nodes it has.
    pub node_count: usize,
    /// Milliseconds between two iterations.
    pub interval_ms: u64,
    /// After how many iterations it stops by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub max_iterations: Option<u64>,
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    #[schema(value_type = Option<f64>)]
    pub started_at: Option<Timestamp>,
    /// Where its nodes stand, by their ids; those that are idle are left out.
    pub node_states: BTreeMap<String, NodeDetail>,
    /// The inputs that were changed since the start, by node and input.
    #[schema(value_type = BTreeMap<String, Object>)]
    #[cfg_attr(test, ts(type = "Record<string, Record<string, unknown>>"))]
    pub inputs: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// The `seq` of the last message about it: `?since=` goes on from there. 0 where none is known.
    pub last_seq: u64,
    /// Whether not all could be sent that the client has missed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    #[schema(required = false)]
    pub gap: bool,
    /// Why it does not become live again by itself, until somebody starts it: the server ended several times in a row soon
    /// after it had become live, or an operator has put it in quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub pause_reason: Option<String>,
}

impl Status {
    /// How a workflow stands that is not live.
    #[must_use]
    pub(crate) fn stopped(workflow_id: String, version: u64, node_count: usize, interval_ms: u64) -> Self {
        Self {
            workflow_id,
            is_running: false,
            execution_count: 0,
            results: BTreeMap::new(),
            state: LiveState::Stopped,
            version,
            node_count,
            interval_ms,
            max_iterations: None,
            started_at: None,
            node_states: BTreeMap::new(),
            inputs: BTreeMap::new(),
            last_seq: 0,
            gap: false,
            pause_reason: None,
        }
    }
}

/// How a node stands, and of which workflow it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NodeReport<'a> {
    /// The workflow.
    pub workflow_id: &'a str,
    /// The session, where the workflow runs as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The node.
    pub node_id: &'a str,
    /// Where it stands.
    pub state: NodeState,
    /// More about it.
    pub data: NodeDetail,
}

/// More about how a node stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct NodeDetail {
    /// Where it stands; only within a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub state: Option<NodeState>,
    /// When it last began to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    #[schema(value_type = Option<f64>)]
    pub start_time: Option<Timestamp>,
    /// Its outputs; null while it has none. Left out within a status, whose `results` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "Record<string, unknown> | null", optional))]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Option<Outputs>>,
    /// How long its last run took, in milliseconds, where that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub duration_ms: Option<f64>,
    /// How often it has run.
    pub runs: u64,
    /// Why it has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub error: Option<String>,
    /// The session that asks the person it waits for, or that is the task it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub session_id: Option<SessionId>,
    /// The node whose failure blocks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub blocked_by: Option<String>,
    /// The last line that it logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub said: Option<String>,
}

/// What may happen to a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "WorkflowEventName"))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// It is live.
    ContinuousStarted,
    /// It is not live any more.
    ContinuousStopped,
    /// A session runs it once.
    ExecutionStarted,
    /// That session has completed.
    ExecutionCompleted,
    /// That session has failed or was cancelled; or a live workflow cannot go on.
    ExecutionFailed,
    /// Its definition or a live input was changed.
    WorkflowUpdated,
}

/// More about what happened to a workflow.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct EventData<'a> {
    /// The workflow.
    pub workflow_id: &'a str,
    /// How many nodes it has.
    pub node_count: usize,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The session that runs it once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Who did it, where they said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<&'a str>,
    /// Who changed it, or null where they did not say; only where something was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Option<&'a str>>,
    /// Why it stopped or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// How many iterations there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_count: Option<u64>,
    /// What was changed: `saved`, `removed` or `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'static str>,
    /// The node whose input was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<&'a str>,
    /// The input that was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_name: Option<&'a str>,
    /// What it was changed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_value: Option<&'a serde_json::Value>,
}

/// What iterations gave.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Update<'a> {
    /// The workflow.
    pub workflow_id: &'a str,
    /// How many iterations there were.
    pub execution_count: u64,
    /// How far it is.
    pub status: UpdateStatus,
    /// More about it.
    pub data: UpdateData,
}

/// How far an iteration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UpdateStatus {
    /// It has begun, and something of it is under way.
    Executing,
    /// All has come in of it but what waits for people.
    Completed,
    /// The same, and a node has failed.
    Failed,
}

/// What iterations gave.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UpdateData {
    /// When it began; only where it is executing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// Seconds that the nodes of the last one took; 0 where it is executing.
    pub execution_time: f64,
    /// The outputs of the nodes that changed since the last such message, by their ids.
    pub results: BTreeMap<String, Outputs>,
    /// Iterations a second, over the last second.
    pub rate: f64,
    /// Iterations since the last such message.
    pub iterations: u64,
    /// Whether it goes on, or waits for a change or a step.
    pub state: LiveState,
}

/// An input that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Applied {
    /// The workflow.
    pub workflow_id: String,
    /// The node.
    pub node_id: String,
    /// The input.
    pub input_name: String,
    /// The iteration that is the first to see it.
    pub execution_count: u64,
}
