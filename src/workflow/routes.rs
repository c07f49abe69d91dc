//! Which executors there are, as everybody sees it who sends to them: so that a change of an input takes one hop.

use std::collections::HashMap;
use std::sync::Arc;

use actix::Addr;
use tokio::sync::watch;

use super::executor::Executor;
use super::refused::Refused;

/// The way to one executor.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its mailbox.
    pub executor: Addr<Executor>,
    /// The ids of its nodes; none until it is set up.
    pub node_ids: Arc<[String]>,
}

/// The ways to all executors, by workflow. The supervisor publishes them.
pub(crate) type Routes = watch::Receiver<HashMap<String, Route>>;

/// The executor of this workflow; without an id, of the only one that has such a node.
///
/// # Errors
/// [`Refused::UnknownWorkflow`], [`Refused::UnknownNode`] or [`Refused::AmbiguousNode`].
pub(super) fn find(
    routes: &HashMap<String, Route>,
    workflow_id: Option<&str>,
    node_id: &str,
) -> Result<Addr<Executor>, Refused> {
    if let Some(id) = workflow_id {
        return routes.get(id).map(|route| route.executor.clone()).ok_or(Refused::UnknownWorkflow);
    }
    let mut having = routes.values().filter(|route| route.node_ids.iter().any(|id| id == node_id));
    match (having.next(), having.next()) {
        (Some(route), None) => Ok(route.executor.clone()),
        (Some(_), Some(_)) => Err(Refused::AmbiguousNode(node_id.to_owned())),
        (None, _) => Err(Refused::UnknownNode(node_id.to_owned())),
    }
}
