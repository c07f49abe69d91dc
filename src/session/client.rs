//! How everything above the sessions speaks to them: a call for each message, sent to the worker that it falls on.

mod sharing;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler};
use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::sharing::by_link;
use crate::auth::policy::{asked_as, owns, sight};
use crate::auth::{Action, Decision, Principal, Resource, may};
use crate::cluster::Cluster;
use crate::domain::answerers::Assignee;
use crate::domain::id::{ConnectionId, ExecutionId, SessionId};
use crate::domain::owner::Owner;
use crate::domain::record::Spec;
use crate::domain::request::Answer;
use crate::domain::status::Status;
use crate::hub::Shard;
use crate::session::directory::Directory;
use crate::session::elsewhere::ask::Arrival;
use crate::session::elsewhere::messages::Leave;
use crate::session::elsewhere::questions::SessionsRemoved;
use crate::session::messages::Completion;
use crate::session::messages::{Answered, Attached, Called, Description, Greeting, Refused, Started, Via};
use crate::session::protocol::{
    Asked, Attach, AwaitCompletion, Cancel, Describe, For, Reach, ReleaseExecutionId, Remove, Reply, Request,
    ReserveExecutionId, StartSession, SubmitAnswer,
};
use crate::session::task::kinds::Kinds;
use crate::store::{Counts, Found, Health, Idempotency, ListRequests, ListSessions, RequestPage, Store, Summary};

/// How many sessions are cancelled at once where the queue is cleared.
const CLEARED_AT_ONCE: usize = 256;

/// How long a call waits for a store that stays as it is until an operator does something.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);

/// The sessions, as seen from one worker.
#[derive(Clone)]
pub(crate) struct Sessions {
    directories: Arc<[Addr<Directory>]>,
    here: usize,
    store: Store,
    kinds: Arc<Kinds>,
    /// How long to wait for what has to be written first.
    busy_timeout: Duration,
    /// The servers that share the sessions, where there are several.
    cluster: Option<Cluster>,
}

impl Sessions {
    /// The sessions of these directories, seen from the worker `here`. A call that waits for the store longer than
    /// `busy_timeout` is refused; what it asked for may still come about.
    #[must_use]
    pub(crate) fn new(
        directories: Arc<[Addr<Directory>]>,
        here: usize,
        store: Store,
        kinds: Arc<Kinds>,
        busy_timeout: Duration,
    ) -> Self {
        Self { directories, here, store, kinds, busy_timeout, cluster: None }
    }

    /// The same, which these servers share.
    #[must_use]
    pub(crate) fn in_cluster(self, cluster: Option<Cluster>) -> Self {
        Self { cluster, ..self }
    }

    /// The servers that share the sessions, where there are several.
    #[must_use]
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// What the server is called that has a session, where there are several.
    #[must_use]
    pub(crate) fn member_of(&self, session_id: SessionId) -> Option<Arc<str>> {
        self.cluster.as_ref()?.name_of_owner(session_id)
    }

    pub(super) fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    /// The task kinds.
    #[must_use]
    pub(crate) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The store, to read journals from.
    #[must_use]
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Starts a session, which belongs to the principal; it is in the store when this returns.
    ///
    /// # Errors
    /// [`Refused::UnknownTask`], [`Refused::Invalid`], [`Refused::IdempotencyConflict`], [`Refused::ExecutionExists`],
    /// [`Refused::QueueFull`], [`Refused::ShuttingDown`] or [`Refused::Unavailable`].
    pub(crate) async fn start(
        &self,
        principal: &Principal,
        spec: Spec,
        idempotency: Option<Idempotency>,
    ) -> Result<Started, Refused> {
        let owner = Some(principal.owner().clone()).filter(|owner| *owner != Owner::SERVER);
        self.start_owned(Spec { owner, ..spec }, idempotency).await
    }

    /// The same for a session that another one or a workflow starts: it belongs to whom the `spec` names.
    ///
    /// # Errors
    /// Those of [`Sessions::start`].
    pub(crate) async fn start_owned(&self, spec: Spec, idempotency: Option<Idempotency>) -> Result<Started, Refused> {
        let mut spec = self.checked(spec).await?;
        spec.title = self.kinds.title(&spec);
        match &self.cluster {
            None => self.start_here(spec, idempotency).await,
            Some(cluster) => self.start_anywhere(cluster, spec, idempotency).await,
        }
    }

    /// Starts a session that was checked on this server.
    pub(super) async fn start_here(&self, spec: Spec, idempotency: Option<Idempotency>) -> Result<Started, Refused> {
        let worker = match (spec.session_id, &idempotency) {
            (Some(id), _) => id.worker(self.directories.len()),
            (None, Some(idempotency)) => self.worker_of(&idempotency.key),
            (None, None) => self.here,
        };
        let directory = self.directories.get(worker).ok_or(Refused::ShuttingDown)?;
        ask(directory, self.patience(), |reply| StartSession { spec, idempotency, reply }).await
    }

    /// What its kind finds wrong with a start, where that takes long; the directory asks all other kinds.
    async fn checked(&self, spec: Spec) -> Result<Spec, Refused> {
        let Some(check) = self.kinds.get(&spec.task).and_then(|kind| kind.long_check()) else { return Ok(spec) };
        let faults = self.kinds.check(&spec.task, &spec.input, &spec.config);
        if !faults.is_empty() {
            return Err(Refused::Invalid(faults));
        }
        match check(spec).await {
            Some((spec, faults)) if faults.is_empty() => Ok(spec),
            Some((_, faults)) => Err(Refused::Invalid(faults)),
            None => Err(Refused::Unavailable("the check of what it is started with broke off".into())),
        }
    }

    /// The session that is called so: as its starter, who is the same owner, wanted, or by its own id.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`] or [`Refused::Unavailable`].
    pub(crate) async fn called(&self, principal: &Principal, execution_id: ExecutionId) -> Result<Called, Refused> {
        if let Some(session_id) = self.store.execution(principal.owner().clone(), execution_id.clone()).await? {
            return Ok(Called { session_id, execution_id });
        }
        let session_id = execution_id.as_str().parse().map_err(|_| Refused::UnknownSession)?;
        let summary = self.find(principal, session_id).await?;
        Ok(Called { session_id, execution_id: summary.execution_id() })
    }

    /// A session as it stands in the store.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`] or [`Refused::Unavailable`].
    pub(crate) async fn find(&self, principal: &Principal, session_id: SessionId) -> Result<Summary, Refused> {
        let summary = self.store.find(session_id).await?.ok_or(Refused::UnknownSession)?;
        if owns(principal, &summary.owner) {
            return Ok(summary);
        }
        // The session itself knows whom it asks something.
        let description = self.describe(principal, session_id).await?;
        Ok(description.summary)
    }

    /// The same of one that is theirs.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`], [`Refused::NotOwned`] where they only answer its question, or [`Refused::Unavailable`].
    pub(crate) async fn own(&self, principal: &Principal, session_id: SessionId) -> Result<Summary, Refused> {
        let summary = self.find(principal, session_id).await?;
        if owns(principal, &summary.owner) { Ok(summary) } else { Err(Refused::NotOwned) }
    }

    /// Lets nobody else call a session so, see [`ReserveExecutionId`].
    pub(crate) fn claim_execution(
        &self,
        owner: Option<Owner>,
        execution_id: ExecutionId,
    ) -> impl Future<Output = Result<(), Refused>> + use<> {
        let directory = self.directories.get(self.worker_of(execution_id.as_str())).cloned();
        let sessions = self.clone();
        async move {
            let directory = directory.ok_or(Refused::ShuttingDown)?;
            ask(&directory, sessions.patience(), |reply| ReserveExecutionId { owner, execution_id, reply }).await
        }
    }

    /// Gives a claim back.
    pub(crate) fn release_execution(&self, owner: Option<Owner>, execution_id: ExecutionId) {
        if let Some(directory) = self.directories.get(self.worker_of(execution_id.as_str())) {
            directory.do_send(ReleaseExecutionId { owner, execution_id });
        }
    }

    /// Gives an answer; it is in the store when this returns.
    ///
    /// # Errors
    /// [`Refused::NoOpenRequest`], [`Refused::AmbiguousRequest`], [`Refused::AlreadyAnswered`],
    /// [`Refused::Rejected`], [`Refused::IdempotencyConflict`], [`Refused::UnknownSession`] or
    /// [`Refused::Unavailable`].
    pub(crate) async fn answer(
        &self,
        principal: &Principal,
        session_id: SessionId,
        request_id: Option<String>,
        answer: Answer,
        idempotency: Option<Idempotency>,
    ) -> Result<Answered, Refused> {
        match &self.cluster {
            None => self.answer_here(principal, session_id, request_id, answer, idempotency).await,
            Some(cluster) => {
                self.answer_anywhere(cluster, principal, session_id, (request_id, answer), idempotency).await
            }
        }
    }

    /// The same of a session of this server.
    pub(super) async fn answer_here(
        &self,
        principal: &Principal,
        session_id: SessionId,
        request_id: Option<String>,
        answer: Answer,
        idempotency: Option<Idempotency>,
    ) -> Result<Answered, Refused> {
        let (by, action) = (principal.clone(), by_link(principal, Action::AnswerShared, SubmitAnswer::ACTION));
        let message = |reply| SubmitAnswer { request_id, answer, by, idempotency, reply };
        self.ask_by(principal, action, session_id, message).await
    }

    /// Cancels a session, at whatever point it is; gives its status, the final one where it had ended. Without a reason,
    /// its journal says who did it.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`] or [`Refused::Unavailable`].
    pub(crate) async fn cancel(
        &self,
        principal: &Principal,
        session_id: SessionId,
        reason: Option<String>,
    ) -> Result<Status, Refused> {
        let reason = reason.unwrap_or_else(|| format!("Cancelled by {}.", principal.recorded_name()));
        self.cancel_reaching(principal, session_id, reason, Reach::Anywhere).await
    }

    async fn cancel_reaching(
        &self,
        principal: &Principal,
        session_id: SessionId,
        reason: String,
        reach: Reach,
    ) -> Result<Status, Refused> {
        match &self.cluster {
            None => self.cancel_here(principal, session_id, reason, reach).await,
            Some(cluster) => self.cancel_anywhere(cluster, principal, session_id, reason, reach).await,
        }
    }

    /// Cancels a session of this server.
    pub(super) async fn cancel_here(
        &self,
        principal: &Principal,
        session_id: SessionId,
        reason: String,
        reach: Reach,
    ) -> Result<Status, Refused> {
        self.ask(principal, session_id, |reply| Cancel { reason, reach, reply }).await
    }

    /// Cancels a session if it waits for a permit when it hears of it; gives its status.
    pub(crate) async fn cancel_queued(&self, session_id: SessionId, reason: String) -> Result<Status, Refused> {
        self.cancel_reaching(&Principal::server(), session_id, reason, Reach::Queued).await
    }

    /// Cancels all sessions that wait for a permit, for this reason; gives how many. Those that come meanwhile stay, and
    /// so do those that get their permit first.
    ///
    /// # Errors
    /// [`Refused::Unavailable`]; some may be cancelled then.
    pub(crate) async fn clear_queue(&self, reason: &str) -> Result<usize, Refused> {
        let mut query = ListSessions { status: vec![Status::Queued], limit: CLEARED_AT_ONCE, ..Default::default() };
        let mut cleared = 0;
        loop {
            let queued = self.list(&Principal::server(), query.clone()).await?;
            let Some(oldest) = queued.last().map(|summary| summary.key) else { return Ok(cleared) };
            let cancelling = queued.iter().map(|summary| self.cancel_queued(summary.id, reason.to_owned()));
            for cancelled in join_all(cancelling).await {
                match cancelled {
                    Ok(status) => cleared += usize::from(matches!(status, Status::Cancelled | Status::Cancelling)),
                    Err(Refused::UnknownSession) => {}
                    Err(refused) => return Err(refused),
                }
            }
            query.before = Some(oldest);
        }
    }

    /// Tells all about a session.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`] or [`Refused::Unavailable`].
    pub(crate) async fn describe(
        &self,
        principal: &Principal,
        session_id: SessionId,
    ) -> Result<Box<Description>, Refused> {
        match &self.cluster {
            None => self.describe_here(principal, session_id).await,
            Some(cluster) => self.describe_anywhere(cluster, principal, session_id).await,
        }
    }

    /// The same of a session of this server.
    pub(super) async fn describe_here(
        &self,
        principal: &Principal,
        session_id: SessionId,
    ) -> Result<Box<Description>, Refused> {
        self.ask(principal, session_id, |reply| Describe { reply }).await
    }

    /// Waits until a session has ended, however long that takes; at once where it has. May be called on any thread.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`], also where it is removed; [`Refused::ShuttingDown`] or [`Refused::Unavailable`].
    pub(crate) async fn completion(&self, session_id: SessionId) -> Result<Completion, Refused> {
        match &self.cluster {
            None => self.completion_here(session_id).await,
            Some(cluster) => self.completion_anywhere(cluster, session_id).await,
        }
    }

    /// The same of a session of this server.
    pub(super) async fn completion_here(&self, session_id: SessionId) -> Result<Completion, Refused> {
        let directory = self.directory(session_id).ok_or(Refused::UnknownSession)?;
        let (reply, answer) = oneshot::channel();
        directory.do_send(AwaitCompletion { session: session_id, reply });
        answer.await.unwrap_or(Err(Refused::ShuttingDown))
    }

    /// Removes an ended session and its journal.
    ///
    /// # Errors
    /// [`Refused::UnknownSession`], [`Refused::NotEnded`] or [`Refused::Unavailable`].
    pub(crate) async fn remove(&self, principal: &Principal, session_id: SessionId) -> Result<(), Refused> {
        match &self.cluster {
            None => self.remove_here(principal, session_id).await,
            Some(cluster) => self.remove_anywhere(cluster, principal, session_id).await,
        }
    }

    /// The same of a session of this server.
    pub(super) async fn remove_here(&self, principal: &Principal, session_id: SessionId) -> Result<(), Refused> {
        self.ask(principal, session_id, |reply| Remove { reply }).await?;
        if let Some(cluster) = &self.cluster {
            cluster.notify_others(&SessionsRemoved { sessions: vec![session_id] }, &[]);
        }
        Ok(())
    }

    /// Lets a connection of this worker listen to a session: see [`Attach`].
    ///
    /// # Errors
    /// [`Refused::UnknownSession`] or [`Refused::Unavailable`].
    pub(crate) async fn attach(
        &self,
        principal: &Principal,
        session_id: SessionId,
        connection: ConnectionId,
        shard: Addr<Shard>,
        since: Option<u64>,
        (greeting, via): (Greeting, Via),
    ) -> Result<Attached, Refused> {
        let may_cancel = may(principal, Action::CancelSession, Resource::Unread) == Decision::Allowed;
        if let Some(cluster) = &self.cluster {
            let arrival = Arrival { connection, shard, since, greeting, via, may_cancel };
            return self.attach_anywhere(cluster, principal, session_id, &arrival).await;
        }
        let by = principal.clone();
        let message = |reply| Attach { connection, shard, since, greeting, via, by, may_cancel, reply };
        self.ask(principal, session_id, message).await
    }

    /// Says that a connection has gone.
    pub(crate) fn detach(&self, session_id: SessionId, connection: ConnectionId) {
        if let Some(directory) = self.directory(session_id) {
            directory.do_send(Leave { session_id, connection });
        }
    }

    /// Lists the sessions that somebody may see, as they stand in the store, newest first.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn list(&self, principal: &Principal, query: ListSessions) -> Result<Vec<Summary>, Refused> {
        let (owner, also_asking) = shown(principal);
        self.store.list(ListSessions { owner, also_asking, ..query }).await.map_err(Refused::from)
    }

    /// The sessions that somebody may see in which each of these words begins a word, newest first.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn search(
        &self,
        principal: &Principal,
        words: Vec<String>,
        query: ListSessions,
    ) -> Result<Found, Refused> {
        let (owner, also_asking) = shown(principal);
        self.store.search(words, ListSessions { owner, also_asking, ..query }).await.map_err(Refused::from)
    }

    /// How many sessions that somebody may see there are of each status.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn count(
        &self,
        principal: &Principal,
        words: Vec<String>,
        query: ListSessions,
    ) -> Result<Counts, Refused> {
        let (owner, also_asking) = shown(principal);
        self.store.count(words, ListSessions { owner, also_asking, ..query }).await.map_err(Refused::from)
    }

    /// The open questions that somebody may answer, in order.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(crate) async fn requests(&self, principal: &Principal, query: ListRequests) -> Result<RequestPage, Refused> {
        let (owner, also_asking) = shown(principal);
        self.store.requests(ListRequests { owner, also_asking, ..query }).await.map_err(Refused::from)
    }

    /// Hands a message to a session of this server, for the server itself.
    pub(super) async fn hand_to<T, M>(
        &self,
        session_id: SessionId,
        message: impl FnOnce(Reply<Result<T, Refused>>) -> M,
    ) -> Result<T, Refused>
    where
        M: actix::Message<Result = ()> + Send + 'static,
        Directory: Handler<For<M>>,
    {
        let directory = self.directory(session_id).ok_or(Refused::UnknownSession)?;
        ask(directory, self.patience(), |reply| For { session_id, message: message(reply) }).await
    }

    pub(super) async fn ask<T, M>(
        &self,
        principal: &Principal,
        session_id: SessionId,
        message: impl FnOnce(Reply<Result<T, Refused>>) -> M,
    ) -> Result<T, Refused>
    where
        M: Request,
        Directory: Handler<For<Asked<M>>>,
    {
        self.ask_by(principal, M::ACTION, session_id, message).await
    }

    async fn ask_by<T, M>(
        &self,
        principal: &Principal,
        action: Action,
        session_id: SessionId,
        message: impl FnOnce(Reply<Result<T, Refused>>) -> M,
    ) -> Result<T, Refused>
    where
        M: Request,
        Directory: Handler<For<Asked<M>>>,
    {
        let directory = self.directory(session_id).ok_or(Refused::UnknownSession)?;
        let by = principal.clone();
        let message = |reply| For { session_id, message: Asked { by, action, message: message(reply) } };
        ask(directory, self.patience(), message).await
    }

    /// Returns when a call has waited long enough for the store: soon where only an operator can help it.
    pub(super) async fn patience(&self) {
        let since = Instant::now();
        while let Some(left) = self.busy_timeout.checked_sub(since.elapsed()) {
            // Looking now and then is cheaper than listening: every call waits here, and hardly ever for long.
            tokio::time::sleep(left.min(SHORT_PATIENCE)).await;
            if matches!(self.store.health(), Health::Failing { is_lasting: true, .. }) {
                return;
            }
        }
    }

    pub(super) fn directory(&self, session_id: SessionId) -> Option<&Addr<Directory>> {
        self.directories.get(session_id.worker(self.directories.len()))
    }

    fn worker_of(&self, key: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = usize::try_from(hasher.finish() & 0xffff_ffff).unwrap_or(0);
        hash.checked_rem(self.directories.len()).unwrap_or(0)
    }
}

/// Whose sessions somebody is shown, and as whom they are asked something in those of others.
fn shown(principal: &Principal) -> (Option<Owner>, Vec<Assignee>) {
    match sight(principal) {
        Some(owner) => (Some(owner.clone()), asked_as(principal)),
        None => (None, Vec::new()),
    }
}

/// Sends a message with a reply in it, and waits for that.
pub(super) async fn ask<A, M, T>(
    addr: &Addr<A>,
    patience: impl Future<Output = ()>,
    message: impl FnOnce(Reply<Result<T, Refused>>) -> M,
) -> Result<T, Refused>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: actix::Message<Result = ()> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    addr.do_send(message(reply));
    tokio::select! {
        biased;
        // The other side drops the reply only when it goes down.
        answer = answer => answer.unwrap_or(Err(Refused::ShuttingDown)),
        () = patience => Err(Refused::Unavailable("it did not write in time".into())),
    }
}
