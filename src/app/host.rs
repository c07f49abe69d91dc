//! What live workflows need of sessions: questions to people and tasks, each as a session with labels that name its node.

use std::collections::BTreeMap;

use actix::ArbiterHandle;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::auth::Principal;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::SessionId;
use crate::domain::record::Spec;
use crate::event::Events;
use crate::session::Sessions;
use crate::session::messages::Refused;
use crate::store::Idempotency;
use crate::task::question;
use crate::workflow::host::{Host, SessionWork, What};
use crate::workflow::key::WorkflowKey;
use crate::workflow::node::NodeError;
use crate::workflow::value::Value;

/// The sessions, as live workflows need them.
pub(super) struct SessionHost {
    sessions: Sessions,
    events: Events,
    /// Where sessions are cancelled from; any thread with a runtime does.
    arbiter: ArbiterHandle,
}

impl SessionHost {
    pub(super) fn new(sessions: Sessions, events: Events, arbiter: ArbiterHandle) -> Self {
        Self { sessions, events, arbiter }
    }
}

impl Host for SessionHost {
    fn start(&self, work: SessionWork) -> BoxFuture<'static, Result<SessionId, NodeError>> {
        let sessions = self.sessions.clone();
        async move {
            let (spec, idempotency) = session_of(work);
            let started = sessions.start_owned(spec, Some(idempotency)).await;
            started.map(|started| started.session_id).map_err(node_error)
        }
        .boxed()
    }

    fn outcome(&self, session_id: SessionId) -> BoxFuture<'static, Result<Value, NodeError>> {
        let sessions = self.sessions.clone();
        async move {
            let completion = sessions.completion(session_id).await.map_err(node_error)?;
            completion.into_result("it").map(Value::from).map_err(NodeError::new)
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

    fn trouble(&self, workflow: &WorkflowKey, error: &str) {
        let new_event =
            NewEvent::new(Kind::SystemError).with("component", "workflow").with("workflow_id", &*workflow.id);
        self.events.record_of(&workflow.owner, new_event.with("reason", error));
    }
}

/// The session that does this work. Another question under the same key, as after a change of the workflow, is another session.
fn session_of(work: SessionWork) -> (Spec, Idempotency) {
    let SessionWork { owner, workflow_id, node_id, what, key } = work;
    let owner = Some(owner).filter(|owner| !owner.is_server());
    let question = question::NAME.to_owned();
    let (task, mut input, config, context, source) = match what {
        What::Confirm(asked) => (question, question::confirmation(&asked), json!({}), asked.context.non_empty(), None),
        What::Ask(form) => (question, question::form(&form), json!({}), form.context.non_empty(), None),
        What::Task { task, input, config, source } => (task, input, config, None, source),
    };
    // What a question is about does not make it another one.
    let body = json!([&task, &input, &config]).to_string();
    let digest: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    if let (Some(context), Some(input)) = (context, input.as_object_mut()) {
        input.insert("context".to_owned(), json!(context));
    }
    let labels = BTreeMap::from([("workflow".to_owned(), workflow_id), ("node".to_owned(), node_id)]);
    let spec = Spec { input, config, labels, source, owner, ..Spec::new(task) };
    let key = digest.iter().take(8).fold(key, |key, byte| format!("{key}{byte:02x}"));
    (spec, Idempotency { key, digest })
}

fn node_error(refused: Refused) -> NodeError {
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
        | Refused::NotAsked(_)
        | Refused::NotOwned
        | Refused::AlreadyAnswered { .. }
        | Refused::Rejected { .. }
        | Refused::QueueFull
        | Refused::ShuttingDown
        | Refused::Elsewhere
        | Refused::Locked) => NodeError::new(other.to_string()),
    }
}
