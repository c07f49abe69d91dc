//! How everything above the workflows speaks to them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use actix::Addr;
use futures::future::Either;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::definition::Definition;
use super::elsewhere::questions::{
    ApplyThere, DescribeThere, ListThere, RemovedThere, SavedThere, StartThere, StepThere, StopThere,
};
use super::executor::messages::{Apply, Reply};
use super::graph::Graph;
use super::key::WorkflowKey;
use super::messages::{Applied, Status};
use super::plan::SetError;
use super::refused::Refused;
use super::routes::{Route, Routes, find};
use super::supervisor::Supervisor;
use super::supervisor::messages::{
    DefinitionRemoved, DefinitionSaved, DescribeLive, ListLive, StartLive, StepLive, StopLive, Unwatch, Watch,
};
use crate::auth::Principal;
use crate::auth::policy::{owns, sight};
use crate::auth::quotas::{Quotas, Share, Thing, TooMany};
use crate::cluster::handle::To;
use crate::cluster::{Cluster, Question, Unanswered};
use crate::domain::id::ConnectionId;
use crate::hub::{Shard, Topic};

/// How long another server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a live workflow runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct LiveOptions {
    /// Milliseconds between two iterations where a node is volatile; at least `workflows.min_interval_ms`.
    pub interval_ms: Option<u64>,
    /// Begins no more than so many iterations, and stops by itself once all has come in that they have begun.
    pub max_iterations: Option<u64>,
    /// Whether it becomes live again after a restart; as the definition says where it is left out.
    pub autostart: Option<bool>,
    /// What decides which nodes run in an iteration.
    #[serde(default)]
    #[schema(required = false)]
    pub executor: ExecutorKind,
}

/// What decides which nodes of a live workflow run in an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExecutorKind {
    /// Those that have news: what is below a change, up to where an output stays as it was.
    #[default]
    Plan,
    /// All of them, but for those that have had work done beside the loop: to compare with. For graphs of up to
    /// `workflows.max_naive_nodes` nodes; a larger version that is saved later runs as with `plan`.
    Naive,
}

/// What a definition is made of or changed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    /// Its id; a new one is made where there is none.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it becomes live again after a restart.
    pub autostart: bool,
    /// What it does.
    pub graph: Graph,
    /// Who changes it, where they said.
    pub author: Option<String>,
}

/// What a stored version must be for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any.
    Any,
    /// This one.
    Version(u64),
}

/// A change of a live input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputUpdate {
    /// The workflow; needed where several live ones have such a node.
    pub workflow_id: Option<String>,
    /// The node.
    pub node_id: String,
    /// The input.
    pub input_name: String,
    /// What it is from now on.
    pub value: Value,
    /// Who changes it, where they said.
    pub author: Option<String>,
}

/// Inputs of one run, by node and input; they take the place of the graph's constants.
pub(crate) type RunInputs = BTreeMap<String, Map<String, Value>>;

/// Who wants a workflow live.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Starter {
    principal: Principal,
    /// Where they come from.
    address: Option<IpAddr>,
}

impl Starter {
    /// What those who watch are notified of who it was.
    pub(super) fn author(&self) -> Option<String> {
        author(&self.principal)
    }

    /// Takes one more live workflow for them.
    ///
    /// # Errors
    /// Where they have as many as they may.
    pub(super) fn share(&self, quotas: &Quotas) -> Result<Share, TooMany> {
        quotas.take(Thing::LiveWorkflow, 1, &self.principal, self.address)
    }
}

impl From<&Principal> for Starter {
    fn from(principal: &Principal) -> Self {
        (principal, None).into()
    }
}

impl From<(&Principal, Option<IpAddr>)> for Starter {
    fn from((principal, address): (&Principal, Option<IpAddr>)) -> Self {
        Self { principal: principal.clone(), address }
    }
}

/// The live workflows. Cloning shares them; it may be used from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    supervisor: Addr<Supervisor>,
    routes: Routes,
    /// The servers that share the workflows, where there are several.
    cluster: Option<Cluster>,
}

impl Live {
    /// Those that this supervisor has, with the ways to their executors.
    #[must_use]
    pub(crate) fn new(supervisor: Addr<Supervisor>, routes: Routes) -> Self {
        Self { supervisor, routes, cluster: None }
    }

    /// The same, which these servers share.
    #[must_use]
    pub(crate) fn in_cluster(self, cluster: Option<Cluster>) -> Self {
        Self { cluster, ..self }
    }

    /// Who knows those that are live at this server.
    #[must_use]
    pub(crate) fn supervisor(&self) -> &Addr<Supervisor> {
        &self.supervisor
    }

    /// The way to one that is live at this server.
    #[must_use]
    pub(crate) fn route(&self, key: &WorkflowKey) -> Option<Route> {
        self.routes.borrow().get(key).cloned()
    }

    /// Those that are live at this server, and have such a node where one is named.
    #[must_use]
    pub(crate) fn routes_having(&self, node_id: Option<&str>) -> Vec<WorkflowKey> {
        let routes = self.routes.borrow();
        let has = |route: &Route| node_id.is_none_or(|node_id| route.node_ids.iter().any(|id| id == node_id));
        routes.iter().filter(|(_, route)| has(route)).map(|(key, _)| key.clone()).collect()
    }

    /// The servers to ask about a workflow that is live at another one, if at all.
    fn elsewhere(&self, key: &WorkflowKey) -> Option<&Cluster> {
        self.cluster.as_ref().filter(|cluster| !cluster.view().is_mine(key.slot()))
    }

    /// Those of nobody: whatever is asked for is refused.
    #[cfg(test)]
    pub(crate) fn nobodys() -> Self {
        Self::new(Addr::new(actix::dev::channel::channel(1).0), tokio::sync::watch::channel(Default::default()).1)
    }

    /// Makes a workflow live, or lets one that is paused run; gives how it stands then. Where it comes back after a
    /// restart, that is in the store when this returns.
    ///
    /// # Errors
    /// [`Refused::Invalid`], [`Refused::AlreadyRunning`], [`Refused::TooManyLive`], [`Refused::TooManyOfOne`],
    /// [`Refused::ShuttingDown`] or [`Refused::Unavailable`].
    pub(crate) async fn start(
        &self,
        definition: Definition,
        options: LiveOptions,
        starter: impl Into<Starter>,
    ) -> Result<Status, Refused> {
        let starter = starter.into();
        let key = WorkflowKey::of(&definition);
        if let Some(cluster) = self.elsewhere(&key) {
            return ask_there(cluster, &key, StartThere { definition, options, starter }).await;
        }
        self.ask(|reply| StartLive { definition, options, starter, reply }).await
    }

    /// Ends a live workflow; gives how it stood at its end, `None` where it was not live. It does not come back.
    ///
    /// # Errors
    /// [`Refused::ShuttingDown`] or [`Refused::Unavailable`].
    pub(crate) async fn stop(&self, workflow_id: &str, principal: &Principal) -> Result<Option<Status>, Refused> {
        let (key, author) = (WorkflowKey::new(principal.owner(), workflow_id), author(principal));
        if let Some(cluster) = self.elsewhere(&key) {
            return ask_there(cluster, &key.clone(), StopThere { key, author }).await;
        }
        self.ask(|reply| StopLive { key, author, reply }).await
    }

    /// Does one iteration: of a workflow that is live or paused; one that is neither becomes paused first.
    ///
    /// # Errors
    /// [`Refused::Invalid`], [`Refused::TooManyLive`], [`Refused::TooManyOfOne`] or [`Refused::ShuttingDown`].
    pub(crate) async fn step(&self, definition: Definition, starter: impl Into<Starter>) -> Result<Status, Refused> {
        let starter = starter.into();
        let key = WorkflowKey::of(&definition);
        if let Some(cluster) = self.elsewhere(&key) {
            return ask_there(cluster, &key, StepThere { definition, starter }).await;
        }
        self.ask(|reply| StepLive { definition, starter, reply }).await
    }

    /// How a workflow stands; `None` where it is not live.
    ///
    /// # Errors
    /// [`Refused::ShuttingDown`].
    pub(crate) async fn status(&self, key: &WorkflowKey) -> Result<Option<Status>, Refused> {
        let key = key.clone();
        if let Some(cluster) = self.elsewhere(&key) {
            return ask_there(cluster, &key.clone(), DescribeThere { key }).await;
        }
        self.ask(|reply| DescribeLive { key, reply }).await
    }

    /// Changes an input of a live workflow that is somebody's to change; the iteration that is named is the first to see it. Where the workflow
    /// comes back after a restart, the change is in the store when this returns. Changes are made in the order of these
    /// calls, whenever they are awaited.
    ///
    /// # Errors
    /// [`Refused::UnknownWorkflow`] where it is not live, [`Refused::AmbiguousNode`], [`Refused::NotSet`] or
    /// [`Refused::Unavailable`].
    pub(crate) fn apply(
        &self,
        principal: &Principal,
        update: InputUpdate,
    ) -> impl Future<Output = Result<Applied, Refused>> + use<> {
        if let Some(cluster) = &self.cluster {
            return Either::Left(self.apply_anywhere(cluster.clone(), principal.clone(), update));
        }
        Either::Right(self.apply_here(principal, update))
    }

    fn apply_here(
        &self,
        principal: &Principal,
        update: InputUpdate,
    ) -> impl Future<Output = Result<Applied, Refused>> + use<> {
        let (reply, answer) = oneshot::channel();
        let found = find(&self.routes.borrow(), principal, update.workflow_id.as_deref(), &update.node_id);
        let sent = found.map(|executor| executor.do_send(Apply { update, reply }));
        async move {
            sent?;
            // A workflow that ends just now does not answer.
            answer.await.unwrap_or(Err(Refused::UnknownWorkflow))
        }
    }

    /// The same where several servers share the workflows; where the workflow is named, it is asked for at once.
    fn apply_anywhere(
        &self,
        cluster: Cluster,
        principal: Principal,
        update: InputUpdate,
    ) -> impl Future<Output = Result<Applied, Refused>> + use<> {
        let live = self.clone();
        let key = update.workflow_id.as_deref().map(|id| WorkflowKey::new(principal.owner(), id));
        let named = key.map(|key| match live.elsewhere(&key) {
            Some(cluster) => Either::Left(ask_there(cluster, &key.clone(), ApplyThere { key, update: update.clone() })),
            None => Either::Right(live.apply_here(&principal, update.clone())),
        });
        async move {
            if let Some(named) = named {
                return named.await;
            }
            let having = Some(update.node_id.clone());
            let mut keys = live.routes_having(having.as_deref());
            keys.extend(cluster.ask_others(&ListThere { having }).await.into_iter().flat_map(|(_, keys)| keys));
            keys.retain(|key| owns(&principal, &key.owner));
            match keys.as_slice() {
                [key] if live.elsewhere(key).is_none() => live.apply_here(&principal, update).await,
                [key] => ask_there(&cluster, key, ApplyThere { key: key.clone(), update }).await,
                [] => Err(SetError::UnknownNode(update.node_id).into()),
                [_, _, ..] => Err(Refused::AmbiguousNode(update.node_id)),
            }
        }
    }

    /// The live workflows that somebody may see, in their order.
    ///
    /// # Errors
    /// [`Refused::ShuttingDown`].
    pub(crate) async fn list(&self, principal: &Principal) -> Result<Vec<WorkflowKey>, Refused> {
        let mut keys = self.ask(|reply| ListLive { reply }).await?;
        if let Some(cluster) = &self.cluster {
            let there = cluster.ask_others(&ListThere { having: None }).await;
            keys.extend(there.into_iter().flat_map(|(_, keys)| keys));
            keys.sort_unstable();
            keys.dedup();
        }
        keys.retain(|key| sight(principal).is_none_or(|owner| key.owner == *owner));
        Ok(keys)
    }

    /// Says that a definition was saved: those who watch are notified, and where it is live it goes on with the new graph.
    pub(crate) fn saved(&self, definition: Definition) {
        let key = WorkflowKey::of(&definition);
        match self.elsewhere(&key) {
            Some(cluster) => {
                actix::spawn(ask_for_long(cluster.ask(To::Slot(key.slot()), &SavedThere { definition })));
            }
            None => self.supervisor.do_send(DefinitionSaved { definition }),
        }
    }

    /// Says that a definition was removed: those who watch are notified, and it is not live any more.
    pub(crate) fn removed(&self, definition: Definition, principal: &Principal) {
        let (key, author) = (WorkflowKey::of(&definition), author(principal));
        match self.elsewhere(&key) {
            Some(cluster) => {
                actix::spawn(ask_for_long(cluster.ask(To::Slot(key.slot()), &RemovedThere { definition, author })));
            }
            None => self.supervisor.do_send(DefinitionRemoved { definition, author }),
        }
    }

    /// Lets a connection watch one workflow ([`WorkflowKey::topic`]) or all that somebody sees (`topic_of_all`): it is
    /// sent how they stand first; or, where it has what was published of that workflow up to the place `since`, what it lacks.
    pub(crate) fn watch(&self, connection: ConnectionId, shard: Addr<Shard>, topic: Topic, since: Option<u64>) {
        self.supervisor.do_send(Watch { connection, shard, topic, since, standing: None });
    }

    /// Lets a connection watch the workflow that stands like this, from the place `since`. Where what it lacks is not known,
    /// it is sent how the workflow stands, and that there is a gap.
    pub(crate) fn watch_from(
        &self,
        connection: ConnectionId,
        shard: Addr<Shard>,
        (key, standing): (WorkflowKey, Status),
        since: u64,
    ) {
        let topic = key.topic();
        let (since, standing) = (Some(since), Some((key, Box::new(standing))));
        self.supervisor.do_send(Watch { connection, shard, topic, since, standing });
    }

    /// Says that a connection has gone.
    pub(crate) fn unwatch(&self, connection: ConnectionId) {
        self.supervisor.do_send(Unwatch { connection });
    }

    async fn ask<T, M>(&self, message: impl FnOnce(Reply<T>) -> M) -> Result<T, Refused>
    where
        M: actix::Message<Result = ()> + Send + 'static,
        Supervisor: actix::Handler<M>,
    {
        let (reply, answer) = oneshot::channel();
        self.supervisor.do_send(message(reply));
        // The other side drops the reply only when it goes down.
        answer.await.unwrap_or(Err(Refused::ShuttingDown))
    }
}

/// Asks the server at which a workflow is live, or would be.
fn ask_there<T, Q>(
    cluster: &Cluster,
    key: &WorkflowKey,
    question: Q,
) -> impl Future<Output = Result<T, Refused>> + use<T, Q>
where
    Q: Question<Answer = Result<T, Refused>>,
{
    let asking = cluster.ask(To::Slot(key.slot()), &question);
    async move {
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(unanswered)) => Err(Refused::Unavailable(unanswered.to_string())),
            Err(_) => Err(Refused::Unavailable("no server has answered for the workflow in time".into())),
        }
    }
}

/// Lets another server know of something, which nobody waits for.
async fn ask_for_long(asking: impl Future<Output = Result<(), Unanswered>>) {
    if !matches!(tokio::time::timeout(PATIENCE, asking).await, Ok(Ok(()))) {
        log::warn!("another server was not notified that a workflow was changed");
    }
}

/// What those who watch are notified of who did something.
fn author(principal: &Principal) -> Option<String> {
    principal.name().map(str::to_owned)
}
