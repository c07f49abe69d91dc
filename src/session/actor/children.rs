//! How a session minds the children of its task: starts them, hears of their ends, and cancels those it leaves.
//!
//! Each has an errand: a future outside the session's actor, so that a child that is left is cancelled though its
//! parent has left memory.

use std::collections::HashMap;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::auth::Principal;
use crate::domain::context::Source;
use crate::domain::id::SessionId;
use crate::domain::record::Spec;
use crate::session::actor::Session;
use crate::session::calls::CallId;
use crate::session::calls::child::ChildSpec;
use crate::session::client::Sessions;
use crate::session::messages::Refused;
use crate::session::state::Command;
use crate::store::Idempotency;

/// The pause before what the store did not take is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The children that have an errand. A sender that is dropped ends its errand and leaves the child as it is.
pub(crate) type Errands = HashMap<CallId, oneshot::Sender<&'static str>>;

/// What minds one child.
struct Errand {
    sessions: Sessions,
    name: String,
    spec: Spec,
    idempotency: Idempotency,
    left: oneshot::Receiver<&'static str>,
}

impl Session {
    /// Starts a child of the task, or finds the one that it started before.
    pub(crate) fn begin_child(&mut self, call: CallId, name: String, spec: ChildSpec, actor: &mut Context<Self>) {
        self.apply(Command::StartChild { at: call.clone(), name: name.clone() }, actor);
        if !self.state.has_child(&call) {
            return;
        }
        let (leave, left) = oneshot::channel();
        let errand = Errand {
            sessions: self.environment.sessions.clone(),
            name,
            spec: self.spec_of_child(spec),
            idempotency: self.idempotency_of(&call),
            left,
        };
        self.errands.insert(call.clone(), leave);
        let (reply, ended) = oneshot::channel();
        actix::spawn(async move {
            if let Some(outcome) = errand.run().await {
                // The parent may have gone.
                let _ = reply.send(outcome);
            }
        });
        actor.spawn(ended.into_actor(self).map(move |ended, session, actor| {
            if let Ok(outcome) = ended {
                session.child_ended(call, outcome, actor);
            }
        }));
    }

    fn child_ended(&mut self, call: CallId, result: Result<Value, String>, actor: &mut Context<Self>) {
        if self.errands.remove(&call).is_some() {
            self.idle_reported = false;
            let awaited_children = self.errands.len();
            self.apply(Command::ChildEnded { at: call, result, awaited_children }, actor);
        }
        self.settle();
    }

    /// Cancels a child for which nobody waits any more.
    pub(crate) fn leave_child(&mut self, call: &CallId, reason: &'static str) {
        if let Some(leave) = self.errands.remove(call) {
            // An errand that is over has nothing to cancel.
            let _ = leave.send(reason);
            return;
        }
        // Its task has not run since a restart.
        let (sessions, owner, key) = (self.environment.sessions.clone(), self.owner(), self.idempotency_of(call).key);
        actix::spawn(async move {
            match sessions.store().idempotent(owner, key).await {
                Ok(Some((child, _))) => cancel(&sessions, child, reason).await,
                Ok(None) => {}
                Err(error) => log::warn!(error:%; "a child could not be looked for, and is not cancelled"),
            }
        });
    }

    fn spec_of_child(&self, spec: ChildSpec) -> Spec {
        let ChildSpec { task, input, config, mut labels } = spec;
        labels.insert("parent".into(), self.id.to_string());
        let (priority, owner) = (self.spec.priority, self.spec.owner.clone());
        let (source, client_id) = (Some(Source::Session { session_id: self.id }), self.spec.client_id.clone());
        Spec { input, config, priority, labels, owner, source, client_id, ..Spec::new(task) }
    }

    /// Names the child of this call, so that it is started once. What it was started with counts, also where the task
    /// would start it with something else now: so there is no digest to compare.
    fn idempotency_of(&self, call: &CallId) -> Idempotency {
        let lane = call.lane.as_deref().unwrap_or_default();
        Idempotency { key: format!("child {} {} {lane}", self.id, call.ordinal), digest: [0; 32] }
    }
}

impl Errand {
    /// Minds the child until its end; gives what came of it, `None` where nobody wants to know any more.
    async fn run(mut self) -> Option<Result<Value, String>> {
        let child = match self.start().await? {
            Ok(child) => child,
            Err(refused) => return Some(Err(format!("{:?} could not be started: {}", self.name, words(&refused)))),
        };
        loop {
            let outcome = tokio::select! {
                biased;
                left = &mut self.left => {
                    if let Ok(reason) = left {
                        cancel(&self.sessions, child, reason).await;
                    }
                    return None;
                }
                outcome = self.sessions.completion(child) => outcome,
            };
            match outcome {
                Ok(completion) => return Some(completion.into_result(&format!("{:?}", self.name))),
                Err(Refused::ShuttingDown) => return None,
                Err(Refused::Unavailable(_)) => tokio::time::sleep(PAUSE).await,
                Err(refused) => return Some(Err(format!("{:?} is lost: {}", self.name, words(&refused)))),
            }
        }
    }

    /// Starts the child. It is not given up where nobody waits any more: it may have come about, and is cancelled then.
    async fn start(&mut self) -> Option<Result<SessionId, Refused>> {
        loop {
            match self.sessions.start_owned(self.spec.clone(), Some(self.idempotency.clone())).await {
                Ok(started) => return Some(Ok(started.session_id)),
                Err(Refused::ShuttingDown) => return None,
                Err(Refused::Unavailable(_)) if self.is_forgotten() => return None,
                Err(Refused::Unavailable(_)) => tokio::time::sleep(PAUSE).await,
                Err(refused) => return Some(Err(refused)),
            }
        }
    }

    /// Whether the parent has gone and takes the child up again when it comes back.
    fn is_forgotten(&mut self) -> bool {
        matches!(self.left.try_recv(), Err(oneshot::error::TryRecvError::Closed))
    }
}

/// Cancels a child, however long the store does not take it.
async fn cancel(sessions: &Sessions, child: SessionId, reason: &str) {
    while let Err(Refused::Unavailable(_)) = sessions.cancel(&Principal::server(), child, Some(reason.to_owned())).await
    {
        tokio::time::sleep(PAUSE).await;
    }
}

fn words(refused: &Refused) -> String {
    if let Refused::Invalid(faults) = refused {
        let faults: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.loc.join("."), fault.msg)).collect();
        return faults.join("; ");
    }
    refused.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::messages::Fault;

    #[test]
    fn each_fault_of_a_request_is_in_the_words() {
        let fault = |loc: &str, msg: &str| Fault {
            loc: vec!["body".into(), loc.into()],
            msg: msg.into(),
            kind: "missing".into(),
        };
        let refused = Refused::Invalid(vec![fault("input", "one"), fault("config", "two")]);
        assert_eq!(words(&refused), "body.input: one; body.config: two");
        assert_eq!(words(&Refused::QueueFull), "too many sessions wait already");
    }
}
