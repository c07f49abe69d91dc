//! How a directory starts sessions: once for each idempotency key, however often it is asked.

use std::collections::HashMap;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::sync::oneshot;

use crate::domain::owner::Owner;
use crate::domain::record::Spec;
use crate::session::actor::Session;
use crate::session::actor::events::start_refused;
use crate::session::actor::pending_rows::OnCommit;
use crate::session::directory::Directory;
use crate::session::messages::{Refused, Started};
use crate::session::protocol::{Reply, StartSession};
use crate::store::{Health, Idempotency};

/// Starts that are under way, by idempotency key.
#[derive(Debug, Default)]
pub(crate) struct StartsInProgress {
    by_key: HashMap<StartKey, StartInProgress>,
}

/// Whose start it is, and its idempotency key.
type StartKey = (Owner, String);

fn start_key(spec: &Spec, idempotency: &Idempotency) -> StartKey {
    (spec.owner(), idempotency.key.clone())
}

/// A start that somebody has asked for, and who wants to know.
#[derive(Debug)]
struct StartInProgress {
    digest: [u8; 32],
    waiting: Vec<StartReply>,
    /// Starts with another body: theirs may be the one that the key was used with before.
    others: Vec<(Spec, Idempotency, StartReply)>,
}

impl Directory {
    /// Why this session cannot be started.
    fn refusal(&self, spec: &Spec) -> Option<Refused> {
        let environment = &self.environment;
        if self.draining {
            return Some(Refused::ShuttingDown);
        }
        if environment.kinds.get(&spec.task).is_none() {
            return Some(Refused::UnknownTask(spec.task.clone()));
        }
        let faults = environment.kinds.check(&spec.task, &spec.input, &spec.config);
        if !faults.is_empty() {
            return Some(Refused::Invalid(faults));
        }
        if let Health::Failing { reason, .. } = environment.store.health() {
            return Some(Refused::Unavailable(reason));
        }
        if !environment.store_has_room() {
            return Some(Refused::Unavailable("too much waits to be written".into()));
        }
        if environment.permits.waiting_of_all() < environment.settings.max_queued_sessions {
            return None;
        }
        environment.events.record_of(&spec.owner(), start_refused(spec));
        Some(Refused::QueueFull)
    }

    /// Begins a session once nobody else calls one as its starter wants to.
    fn begin(&mut self, spec: Spec, idempotency: Option<Idempotency>, reply: StartReply, actor: &mut Context<Self>) {
        let Some(execution_id) = spec.execution_id.clone() else {
            return self.begin_claimed(spec, idempotency, reply, actor);
        };
        let sessions = self.environment.sessions.clone();
        let owner = spec.owner.clone();
        let claim = sessions.claim_execution(owner.clone(), execution_id.clone());
        let (store, chosen) = (self.environment.store.clone(), spec.session_id);
        let claim = async move {
            claim.await?;
            // Who chooses the id of a session calls its execution the same, so that two who choose it at once meet there.
            match chosen {
                Some(id) if store.find(id).await?.is_some() => Err(Refused::ExecutionExists),
                Some(_) | None => Ok(()),
            }
        };
        actor.spawn(claim.into_actor(self).map(move |claimed: Result<(), Refused>, directory, actor| {
            if let Some(refused) = claimed.err().or_else(|| directory.refusal(&spec)) {
                let _ = reply.send(Err(refused));
                return;
            }
            let (begun, answer) = oneshot::channel();
            directory.begin_claimed(spec, idempotency, begun, actor);
            // Outside of this actor: the claim is given back though the server goes down meanwhile.
            actix::spawn(async move {
                let started = answer.await.unwrap_or(Err(Refused::ShuttingDown));
                sessions.release_execution(owner, execution_id);
                let _ = reply.send(started);
            });
        }));
    }

    fn begin_claimed(
        &mut self,
        spec: Spec,
        idempotency: Option<Idempotency>,
        reply: StartReply,
        actor: &Context<Self>,
    ) {
        let environment = self.environment.clone();
        let chosen = spec.session_id.filter(|id| self.may_have(*id));
        let Some(id) = chosen.or_else(|| spec.session_id.is_none().then(|| self.new_id(&spec)).flatten()) else {
            let _ = reply.send(Err(Refused::Elsewhere));
            return;
        };
        let key = environment.store.next_key(environment.worker);
        let mut session = Session::fresh(id, key, spec, idempotency, environment, actor.address());
        session.on_commit.push(OnCommit::Started(reply));
        self.add(id, session);
    }

    fn start_once(&mut self, spec: Spec, idempotency: Idempotency, reply: StartReply, actor: &mut Context<Self>) {
        let key = start_key(&spec, &idempotency);
        if let Some(underway) = self.starting.by_key.get_mut(&key) {
            if underway.digest == idempotency.digest {
                underway.waiting.push(reply);
            } else {
                underway.others.push((spec, idempotency, reply));
            }
            return;
        }
        let underway = StartInProgress { digest: idempotency.digest, waiting: vec![reply], others: Vec::new() };
        self.starting.by_key.insert(key.clone(), underway);
        let store = self.environment.store.clone();
        let (digest, (owner, key)) = (idempotency.digest, key);
        let looking = async move {
            let Some((id, before)) = store.idempotent(owner, key).await? else { return Ok(None) };
            if before != digest {
                return Err(Refused::IdempotencyConflict);
            }
            let summary = store.find(id).await?.ok_or(Refused::UnknownSession)?;
            let execution_id = summary.execution_id();
            let (task, status) = (summary.task, summary.state.status);
            Ok(Some(Started { session_id: id, execution_id, task, status }))
        };
        actor.spawn(looking.into_actor(self).map(move |found: Result<Option<Started>, Refused>, directory, actor| {
            directory.looked_up(spec, idempotency, found, actor);
        }));
    }

    fn looked_up(
        &mut self,
        spec: Spec,
        idempotency: Idempotency,
        found: Result<Option<Started>, Refused>,
        actor: &mut Context<Self>,
    ) {
        let key = start_key(&spec, &idempotency);
        let known = match found {
            Ok(None) => self.refusal(&spec).map(Err),
            Ok(Some(started)) => Some(Ok(started)),
            Err(refused) => Some(Err(refused)),
        };
        if let Some(known) = known {
            self.reply_to_starters(&key, &known, actor);
            return;
        }
        let (reply, answer) = oneshot::channel();
        self.begin(spec, Some(idempotency), reply, actor);
        actor.spawn(answer.into_actor(self).map(move |started, directory, actor| {
            let started = started.unwrap_or(Err(Refused::ShuttingDown));
            directory.reply_to_starters(&key, &started, actor);
        }));
    }

    fn reply_to_starters(&mut self, key: &StartKey, started: &Result<Started, Refused>, actor: &mut Context<Self>) {
        let Some(StartInProgress { waiting, others, .. }) = self.starting.by_key.remove(key) else { return };
        for reply in waiting {
            // Whoever asked may be gone.
            let _ = reply.send(started.clone());
        }
        for (spec, idempotency, reply) in others {
            if started.is_ok() {
                let _ = reply.send(Err(Refused::IdempotencyConflict));
            } else {
                self.start_once(spec, idempotency, reply, actor);
            }
        }
    }
}

/// Who waits for a start.
type StartReply = Reply<Result<Started, Refused>>;

impl Handler<StartSession> for Directory {
    type Result = ();

    fn handle(&mut self, message: StartSession, actor: &mut Context<Self>) {
        let StartSession { spec, idempotency, reply } = message;
        match idempotency {
            Some(idempotency) => self.start_once(spec, idempotency, reply, actor),
            None => match self.refusal(&spec) {
                Some(refused) => {
                    let _ = reply.send(Err(refused));
                }
                None => self.begin(spec, None, reply, actor),
            },
        }
    }
}
