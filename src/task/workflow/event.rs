//! How runs that are sessions go on, for those who watch workflows.

use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::workflow::plan::NodeView;

/// How a run of a workflow as a session goes on.
#[derive(Clone, Debug)]
pub(crate) struct RunEvent<'a> {
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub owner: Owner,
    /// The stored workflow, where it is one.
    pub workflow_id: &'a str,
    /// The version of that workflow.
    pub version: Option<u64>,
    /// How many nodes it has.
    pub node_count: usize,
    /// What has happened.
    pub what: What<'a>,
}

/// What has happened to a run.
#[derive(Clone, Debug)]
pub(crate) enum What<'a> {
    /// It has begun; not said again where it is resumed after a restart.
    Started,
    /// These nodes stand otherwise than before.
    Nodes(Vec<NodeView<'a>>),
    /// It has completed.
    Completed,
    /// It has failed or was cancelled, for this reason.
    Failed(&'a str),
}

/// Who observes how runs go on. It is called on the thread that runs the session, and must be quick.
pub(crate) trait Observer: Send + Sync + 'static {
    /// Called with what has happened.
    fn observe(&self, event: RunEvent<'_>);
}
