//! How sessions are asked that another server may own: whoever owns them when the question is answered.

use std::time::Duration;

use actix::Addr;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::messages::AttachMirror;
use super::outage::Outage;
use super::questions::{AnswerThere, AwaitThere, CancelThere, DescribeThere, ReadThere, RemoveThere, StartThere};
use crate::auth::Principal;
use crate::cluster::handle::To;
use crate::cluster::{Cluster, Question, Unanswered};
use crate::domain::id::{ConnectionId, RequestId, SessionId};
use crate::domain::record::Spec;
use crate::domain::request::Answer;
use crate::domain::status::Status;
use crate::hub::Shard;
use crate::session::Sessions;
use crate::session::client::ask;
use crate::session::messages::{
    Answered, Attached, Completion, Description, Greeting, Refused, SharedRequest, Started, Via,
};
use crate::session::protocol::{Asked, Attach, Reach, Request as _};
use crate::store::Idempotency;

/// The pause before a session is asked again that has just changed hands.
const SOON: Duration = Duration::from_millis(20);

/// Names a request that came without a key, so that it is done once, whoever does it in the end.
fn unnamed() -> Idempotency {
    Idempotency { key: format!("forwarded {}", Uuid::new_v4()), digest: [0; 32] }
}

fn unavailable(unanswered: Unanswered) -> Refused {
    Refused::Unavailable(unanswered.to_string())
}

/// Which answers of a session hold only where it is this server's afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unproven {
    /// Refusals: what was done is in the store, which proves it.
    Refusals,
    /// All: what a session says of itself.
    All,
}

/// A connection that wants to follow a session, and how.
pub(crate) struct Arrival {
    pub(crate) connection: ConnectionId,
    pub(crate) shard: Addr<Shard>,
    pub(crate) since: Option<u64>,
    pub(crate) greeting: Greeting,
    pub(crate) via: Via,
    pub(crate) may_cancel: bool,
}

/// What is asked of a session that may be another server's. Without several servers, none of this is called.
impl Sessions {
    pub(crate) async fn start_anywhere(
        &self,
        cluster: &Cluster,
        spec: Spec,
        idempotency: Option<Idempotency>,
    ) -> Result<Started, Refused> {
        let named = idempotency.clone().unwrap_or_else(unnamed);
        let mut outage = Outage::watch(self.store());
        let starting = async {
            loop {
                let is_here =
                    spec.session_id.map_or_else(|| cluster.own_slot().is_some(), |session| cluster.owns(session));
                let slot = spec.session_id.map(SessionId::slot).or_else(|| cluster.some_slot());
                if is_here {
                    match self.start_here(spec.clone(), idempotency.clone()).await {
                        Err(Refused::Elsewhere) => {}
                        Err(Refused::Unavailable(_)) if outage.was_met() => outage.is_over().await,
                        started => return started,
                    }
                } else if let Some(slot) = slot {
                    let (spec, session_id, idempotency) = (spec.clone(), spec.session_id, named.clone());
                    match cluster.ask(To::Slot(slot), &StartThere { spec, session_id, idempotency }).await {
                        Ok(started) => return started,
                        Err(unanswered) => return Err(unavailable(unanswered)),
                    }
                }
                actix::clock::sleep(SOON).await;
            }
        };
        self.in_time(starting).await
    }

    pub(crate) async fn answer_anywhere(
        &self,
        cluster: &Cluster,
        principal: &Principal,
        session_id: SessionId,
        (request_id, answer): (Option<String>, Answer),
        idempotency: Option<Idempotency>,
    ) -> Result<Answered, Refused> {
        let named = idempotency.clone().unwrap_or_else(unnamed);
        let here = || {
            let (request_id, answer) = (request_id.clone(), answer.clone());
            self.answer_here(principal, session_id, request_id, answer, idempotency.clone()).boxed()
        };
        let there = || {
            // This always can be written: its keys are strings.
            let plain = serde_json::to_vec(&answer).unwrap_or_default();
            let (by, answer) = (principal.clone(), self.store().seal(&plain));
            AnswerThere { by, session_id, request_id: request_id.clone(), answer, idempotency: named.clone() }
        };
        self.ask_owner(cluster, session_id, Unproven::Refusals, here, there).await
    }

    pub(crate) async fn cancel_anywhere(
        &self,
        cluster: &Cluster,
        principal: &Principal,
        session_id: SessionId,
        reason: String,
        reach: Reach,
    ) -> Result<Status, Refused> {
        let here = || self.cancel_here(principal, session_id, reason.clone(), reach).boxed();
        let there = || {
            let (by, reason, queued_only) = (principal.clone(), reason.clone(), reach == Reach::Queued);
            CancelThere { by, session_id, reason, queued_only }
        };
        self.ask_owner(cluster, session_id, Unproven::Refusals, here, there).await
    }

    pub(crate) async fn describe_anywhere(
        &self,
        cluster: &Cluster,
        principal: &Principal,
        session_id: SessionId,
    ) -> Result<Box<Description>, Refused> {
        let here = || self.describe_here(principal, session_id).boxed();
        let there = || DescribeThere { by: principal.clone(), session_id };
        self.ask_owner(cluster, session_id, Unproven::All, here, there).await
    }

    pub(crate) async fn question_anywhere(
        &self,
        cluster: &Cluster,
        principal: &Principal,
        session_id: SessionId,
        request_id: RequestId,
    ) -> Result<Box<SharedRequest>, Refused> {
        let here = || self.question_here(principal, session_id, request_id).boxed();
        let there = || ReadThere { by: principal.clone(), session_id, request_id };
        self.ask_owner(cluster, session_id, Unproven::All, here, there).await
    }

    pub(crate) async fn remove_anywhere(
        &self,
        cluster: &Cluster,
        principal: &Principal,
        session_id: SessionId,
    ) -> Result<(), Refused> {
        let here = || self.remove_here(principal, session_id).boxed();
        let there = || RemoveThere { by: principal.clone(), session_id };
        self.ask_owner(cluster, session_id, Unproven::Refusals, here, there).await
    }

    pub(crate) async fn completion_anywhere(
        &self,
        cluster: &Cluster,
        session_id: SessionId,
    ) -> Result<Completion, Refused> {
        let mut outage = Outage::watch(self.store());
        loop {
            if cluster.owns(session_id) {
                match self.prove(session_id, Unproven::Refusals, self.completion_here(session_id).await).await {
                    Err(Refused::Elsewhere) => {}
                    Err(Refused::Unavailable(_)) if outage.was_met() => outage.is_over().await,
                    completion => return completion,
                }
            } else {
                match cluster.ask(To::Slot(session_id.slot()), &AwaitThere { session_id }).await {
                    Ok(completion) => return completion,
                    Err(unanswered) => return Err(unavailable(unanswered)),
                }
            }
            actix::clock::sleep(SOON).await;
        }
    }

    /// Lets a connection follow a session, at the session itself or at its mirror here.
    pub(crate) async fn attach_anywhere(
        &self,
        cluster: &Cluster,
        principal: &Principal,
        session_id: SessionId,
        arrival: &Arrival,
    ) -> Result<Attached, Refused> {
        let attach = |reply| {
            let Arrival { connection, ref shard, since, greeting, via, may_cancel } = *arrival;
            let by = principal.clone();
            Attach { connection, shard: shard.clone(), since, greeting, via, by, may_cancel, reply }
        };
        let mut outage = Outage::watch(self.store());
        let attaching = async {
            loop {
                let attached = if cluster.owns(session_id) {
                    self.prove(session_id, Unproven::Refusals, self.ask(principal, session_id, attach).await).await
                } else {
                    let directory = self.directory(session_id).ok_or(Refused::UnknownSession)?;
                    let mirrored = |reply| AttachMirror {
                        session_id,
                        message: Asked { by: principal.clone(), action: Attach::ACTION, message: attach(reply) },
                    };
                    ask(directory, self.patience(), mirrored).await
                };
                match attached {
                    Err(Refused::Elsewhere) => {}
                    Err(Refused::Unavailable(_)) if outage.was_met() => outage.is_over().await,
                    attached => return attached,
                }
                actix::clock::sleep(SOON).await;
            }
        };
        self.in_time(attaching).await
    }

    /// Asks whoever owns a session, and again where it changes hands before it is answered, or cannot be written now.
    async fn ask_owner<'a, T, Q>(
        &self,
        cluster: &Cluster,
        session_id: SessionId,
        unproven: Unproven,
        here: impl Fn() -> BoxFuture<'a, Result<T, Refused>>,
        there: impl Fn() -> Q,
    ) -> Result<T, Refused>
    where
        Q: Question<Answer = Result<T, Refused>>,
    {
        let mut outage = Outage::watch(self.store());
        let asking = async {
            loop {
                if cluster.owns(session_id) {
                    match self.prove(session_id, unproven, here().await).await {
                        Err(Refused::Elsewhere) => {}
                        Err(Refused::Unavailable(_)) if outage.was_met() => outage.is_over().await,
                        answer => return answer,
                    }
                } else {
                    match cluster.ask(To::Slot(session_id.slot()), &there()).await {
                        Ok(answer) => return answer,
                        Err(unanswered) => return Err(unavailable(unanswered)),
                    }
                }
                actix::clock::sleep(SOON).await;
            }
        };
        self.in_time(asking).await
    }

    /// What a session of this server has answered: it may come of what the session was when it was this server's still.
    pub(super) async fn prove<T>(
        &self,
        session_id: SessionId,
        unproven: Unproven,
        answer: Result<T, Refused>,
    ) -> Result<T, Refused> {
        let is_proven = answer.is_ok() && unproven == Unproven::Refusals;
        match self.cluster() {
            Some(cluster) if !is_proven && !cluster.certainly_owns(session_id).await => Err(Refused::Elsewhere),
            Some(_) | None => answer,
        }
    }

    /// What comes of this, where it comes soon enough.
    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
        match actix::clock::timeout(self.busy_timeout(), asking).await {
            Ok(answer) => answer,
            Err(_) => Err(Refused::Unavailable("no server has answered for the session in time".into())),
        }
    }
}
