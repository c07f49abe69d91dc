//! Which executors there are, as everybody sees it who sends to them: so that a change of an input takes one hop.

use std::collections::HashMap;
use std::sync::Arc;

use actix::Addr;
use tokio::sync::watch;

use super::executor::Executor;
use super::key::WorkflowKey;
use super::plan::SetError;
use super::refused::Refused;
use crate::auth::Principal;
use crate::auth::policy::owns;

/// The way to one executor.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its mailbox.
    pub executor: Addr<Executor>,
    /// The ids of its nodes; none until it is set up.
    pub node_ids: Arc<[String]>,
}

/// The ways to all executors, by workflow. The supervisor publishes them.
pub(crate) type Routes = watch::Receiver<HashMap<WorkflowKey, Route>>;

/// The executor of this workflow; without an id, of the only one that has such a node among those that are somebody's to
/// change.
///
/// # Errors
/// [`Refused::UnknownWorkflow`], [`SetError::UnknownNode`] or [`Refused::AmbiguousNode`].
pub(super) fn find(
    routes: &HashMap<WorkflowKey, Route>,
    principal: &Principal,
    workflow_id: Option<&str>,
    node_id: &str,
) -> Result<Addr<Executor>, Refused> {
    if let Some(id) = workflow_id {
        let key = WorkflowKey::new(principal.owner(), id);
        return routes.get(&key).map(|route| route.executor.clone()).ok_or(Refused::UnknownWorkflow);
    }
    let own = routes.iter().filter(|(key, _)| owns(principal, &key.owner)).map(|(_, route)| route);
    let mut having = own.filter(|route| route.node_ids.iter().any(|id| id == node_id));
    match (having.next(), having.next()) {
        (Some(route), None) => Ok(route.executor.clone()),
        (Some(_), Some(_)) => Err(Refused::AmbiguousNode(node_id.to_owned())),
        (None, _) => Err(SetError::UnknownNode(node_id.to_owned()).into()),
    }
}
