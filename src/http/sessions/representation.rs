//! A session as `GET /sessions` and `GET /sessions/{session_id}` show it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::id::{ExecutionId, SessionId};
use crate::domain::owner::Owner;
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::domain::time::Timestamp;
use crate::session::Sessions;
use crate::session::messages::Description;
use crate::store::{Spent, Summary};

/// A session in a list. Moments are seconds since the epoch.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct SessionRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// What it is called among events; only those who ask for executions see that.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    execution_id: ExecutionId,
    /// The task's name.
    task: String,
    /// What it is called: the workflow's name, the question's text, else its label or its input's member `title`.
    title: Option<String>,
    /// Where it stands.
    status: Status,
    /// Which try it is at, from 1.
    attempt: u32,
    /// How urgent it is.
    priority: Priority,
    /// The caller's own marks.
    labels: BTreeMap<String, String>,
    /// Whom it belongs to.
    owner: Option<String>,
    /// What happens when its last connection goes.
    on_disconnect: OnDisconnect,
    /// The `seq` of its last entry.
    last_seq: u64,
    /// When it was asked for.
    #[schema(value_type = f64)]
    created_at: Timestamp,
    /// When it first ran.
    #[schema(value_type = Option<f64>)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<f64>)]
    ended_at: Option<Timestamp>,
    /// When something is due though nobody asks.
    #[schema(value_type = Option<f64>)]
    deadline: Option<Timestamp>,
    /// How long it was in which kind of state.
    times: Times,
    /// The server that has it, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[cfg_attr(test, ts(type = "string", optional))]
    member: Option<Arc<str>>,
}

/// How long a session was in which kind of state, in seconds, until now or its end.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct Times {
    /// Waiting for a permit to run.
    queued: f64,
    /// Working.
    running: f64,
    /// Waiting for people.
    waiting: f64,
}

/// All about a session.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct SessionDetail {
    #[serde(flatten)]
    row: SessionRow,
    /// What it works on.
    #[cfg_attr(test, ts(type = "unknown"))]
    input: Value,
    /// How it works.
    #[cfg_attr(test, ts(type = "unknown"))]
    config: Value,
    /// The open questions, as they stand in the journal.
    #[schema(value_type = Vec<Object>)]
    #[cfg_attr(test, ts(as = "Vec<crate::domain::entry::Stamped>"))]
    open_requests: Vec<Value>,
    /// What it gave, once it is completed.
    #[cfg_attr(test, ts(type = "unknown"))]
    result: Option<Value>,
    /// What went wrong, once it has failed; why it was stopped, once it is cancelled.
    error: Option<String>,
    /// How many connections watch it.
    connections: usize,
}

impl SessionRow {
    /// The row of a session, with its times as they are at `now`.
    pub(in crate::http) fn new(summary: Summary, now: Timestamp) -> Self {
        let execution_id = summary.execution_id();
        let Summary {
            key: _,
            id,
            task,
            priority,
            owner,
            execution_id: _,
            labels,
            on_disconnect,
            title,
            created_at,
            state,
        } = summary;
        Self {
            session_id: id,
            execution_id,
            task,
            title,
            status: state.status,
            attempt: state.attempt,
            priority,
            labels: labels.into_iter().collect(),
            owner: (owner != Owner::SERVER).then(|| owner.as_str().to_owned()),
            on_disconnect,
            last_seq: state.last_seq,
            created_at,
            started_at: state.started_at,
            ended_at: state.ended_at,
            deadline: state.deadline.filter(|moment| *moment != Timestamp::NEVER),
            times: Times::new(state.spent, state.status, state.since, now),
            member: None,
        }
    }

    /// The same, which the server has that these sessions know of.
    pub(in crate::http) fn known_to(self, sessions: &Sessions) -> Self {
        let member = sessions.member_of(self.session_id);
        Self { member, ..self }
    }
}

impl SessionRow {
    /// What it is called among events.
    pub(in crate::http) fn execution_id(&self) -> &ExecutionId {
        &self.execution_id
    }

    /// One of the caller's own marks.
    pub(in crate::http) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

impl Times {
    fn new(mut spent: Spent, status: Status, since: Timestamp, now: Timestamp) -> Self {
        let more = i64::try_from(now.since(since).as_micros()).unwrap_or(i64::MAX);
        match status {
            Status::Queued => spent.queued = spent.queued.saturating_add(more),
            Status::Running | Status::Cancelling => spent.running = spent.running.saturating_add(more),
            Status::WaitingConfirmation | Status::WaitingInput | Status::WaitingRetry => {
                spent.waiting = spent.waiting.saturating_add(more);
            }
            Status::Completed | Status::Failed | Status::Cancelled => {}
        }
        let seconds = |micros: i64| Timestamp::from_micros(micros).as_secs_f64();
        Self { queued: seconds(spent.queued), running: seconds(spent.running), waiting: seconds(spent.waiting) }
    }
}

impl SessionDetail {
    /// What a list says of it.
    pub(in crate::http) fn row(&self) -> &SessionRow {
        &self.row
    }

    /// The same, which the server has that these sessions know of.
    pub(in crate::http) fn known_to(self, sessions: &Sessions) -> Self {
        Self { row: self.row.known_to(sessions), ..self }
    }

    /// All about a session, with its times as they are at `now`.
    pub(in crate::http) fn new(description: Description, now: Timestamp) -> Self {
        let Description { summary, input, config, open_requests, result, error, connections, snapshot_messages: _ } =
            description;
        Self { row: SessionRow::new(summary, now), input, config, open_requests, result, error, connections }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_in_the_state_it_is_in_and_stands_still_at_the_end() {
        let spent = Spent { queued: 1_000_000, running: 2_000_000, waiting: 3_000_000 };
        let now = Timestamp::from_micros(10_000_000);
        for (status, queued, running, waiting) in [
            (Status::Queued, 5.0, 2.0, 3.0),
            (Status::Running, 1.0, 6.0, 3.0),
            (Status::WaitingInput, 1.0, 2.0, 7.0),
            (Status::Completed, 1.0, 2.0, 3.0),
        ] {
            let times = Times::new(spent, status, Timestamp::from_micros(6_000_000), now);
            assert_eq!(times, Times { queued, running, waiting }, "{status:?}");
        }
    }
}
