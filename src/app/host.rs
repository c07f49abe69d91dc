//! What live workflows need of sessions: questions to people and tasks, each as a session with labels that name its node.

use std::collections::BTreeMap;

use actix::ArbiterHandle;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use crate::auth::Principal;
use crate::domain::event::{Happening, Kind};
use crate::domain::id::SessionId;
use crate::domain::record::Spec;
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::domain::time::Timestamp;
use crate::event::Events;
use crate::session::Sessions;
use crate::session::messages::Refused;
use crate::store::ListSessions;
use crate::task::question;
use crate::workflow::host::{Errand, Host, What};
use crate::workflow::node::NodeError;
use crate::workflow::value::Value;

/// How many sessions of one node are looked through for the one that was started for the same.
const CANDIDATES: usize = 20;

/// The sessions, as live workflows need them.
pub(super) struct Errands {
    sessions: Sessions,
    events: Events,
    /// Where sessions are cancelled from; any thread with a runtime does.
    arbiter: ArbiterHandle,
    /// When the server was started: what is older was started for a workflow that was live before.
    started: Timestamp,
}

impl Errands {
    pub(super) fn new(sessions: Sessions, events: Events, arbiter: ArbiterHandle) -> Self {
        Self { sessions, events, arbiter, started: Timestamp::now() }
    }
}

impl Host for Errands {
    fn start(&self, errand: Errand) -> BoxFuture<'static, Result<SessionId, NodeError>> {
        let (sessions, started) = (self.sessions.clone(), self.started);
        async move {
            let spec = spec(errand);
            let known = known(&sessions, &spec, started).await.map_err(told)?;
            match known {
                Some(session_id) => Ok(session_id),
                None => sessions.start_owned(spec, None).await.map(|started| started.session_id).map_err(told),
            }
        }
        .boxed()
    }

    fn outcome(&self, session_id: SessionId) -> BoxFuture<'static, Result<Value, NodeError>> {
        let sessions = self.sessions.clone();
        async move {
            let completion = sessions.completion(session_id).await.map_err(told)?;
            let error = completion.error.unwrap_or_default();
            match completion.status {
                Status::Completed => Ok(Value::from(completion.values.unwrap_or_default())),
                Status::Cancelled => Err(NodeError::new(format!("it was cancelled: {error}"))),
                // No other status is an end.
                Status::Failed
                | Status::Queued
                | Status::Running
                | Status::WaitingConfirmation
                | Status::WaitingInput
                | Status::WaitingRetry
                | Status::Cancelling => Err(NodeError::new(error)),
            }
        }
        .boxed()
    }

    fn cancel(&self, session_id: SessionId, reason: &'static str) {
        let sessions = self.sessions.clone();
        self.arbiter.spawn(async move {
            if let Err(refused) = sessions.cancel(&Principal::server(), session_id, Some(reason.to_owned())).await {
                log::debug!(session_id:%, refused:%; "a session that no workflow waits for was not cancelled");
            }
        });
    }

    fn trouble(&self, workflow_id: &str, error: &str) {
        let happening =
            Happening::new(Kind::SystemError).with("component", "workflow").with("workflow_id", workflow_id);
        self.events.record(happening.with("reason", error));
    }
}

/// The session of an errand.
fn spec(errand: Errand) -> Spec {
    let Errand { workflow_id, node_id, what } = errand;
    let (task, input, config) = match what {
        What::Confirm(question) => (question::NAME.to_owned(), question::confirmation(&question), json!({})),
        What::Ask(form) => (question::NAME.to_owned(), question::form(&form), json!({})),
        What::Task { task, input, config } => (task, input, config),
    };
    let labels = BTreeMap::from([("workflow".to_owned(), workflow_id), ("node".to_owned(), node_id)]);
    let (priority, on_disconnect) = (Priority::Normal, OnDisconnect::Keep);
    Spec { task, input, config, priority, on_disconnect, labels, owner: None, execution_id: None }
}

/// The session that was started for the same before the server was stopped, and has not ended.
async fn known(sessions: &Sessions, spec: &Spec, started: Timestamp) -> Result<Option<SessionId>, Refused> {
    let is_live = |status: &Status| !status.is_terminal() && *status != Status::Cancelling;
    let query = ListSessions {
        status: Status::ALL.into_iter().filter(is_live).collect(),
        task: Some(spec.task.clone()),
        labels: spec.labels.clone().into_iter().collect(),
        owner: None,
        before: None,
        limit: CANDIDATES,
    };
    for found in sessions.list(query).await? {
        if found.created_at < started && sessions.describe(found.id).await?.input == spec.input {
            return Ok(Some(found.id));
        }
    }
    Ok(None)
}

fn told(refused: Refused) -> NodeError {
    match refused {
        Refused::Unavailable(_) => NodeError::new("the store is not available"),
        Refused::Invalid(faults) => {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("{}: {}", fault.loc.join("."), fault.msg)).collect();
            NodeError::new(format!("the task does not take this: {}", faults.join("; ")))
        }
        other @ (Refused::UnknownSession
        | Refused::UnknownTask(_)
        | Refused::IdempotencyConflict
        | Refused::ExecutionExists
        | Refused::NotEnded
        | Refused::NoOpenRequest
        | Refused::AmbiguousRequest
        | Refused::AlreadyAnswered { .. }
        | Refused::Rejected { .. }
        | Refused::QueueFull
        | Refused::ShuttingDown) => NodeError::new(other.to_string()),
    }
}
