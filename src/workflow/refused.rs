//! Why a workflow was not changed, run or watched.

use serde::{Deserialize, Serialize};

use super::fault::GraphFaults;
use super::plan::SetError;
use crate::auth::quotas::TooMany;
use crate::store;

/// Why a workflow was not changed, run or watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum Refused {
    /// The id is not one.
    #[error("the value of id {0}")]
    InvalidId(String),
    /// There is no workflow with this id.
    #[error("there is no workflow with this id")]
    UnknownWorkflow,
    /// The input of a live workflow cannot be changed like this.
    #[error(transparent)]
    NotSet(#[from] SetError),
    /// Several live workflows have such a node.
    #[error("several live workflows have a node {0:?}: say which one with workflow_id")]
    AmbiguousNode(String),
    /// The graph is not valid.
    #[error("the graph is not valid")]
    Invalid(Box<GraphFaults>),
    /// There is a workflow with this id already.
    #[error("there is a workflow with this id already")]
    AlreadyExists,
    /// Somebody else has changed it: it has this version now.
    #[error("the workflow was changed meanwhile: it has version {0} now")]
    VersionConflict(u64),
    /// It is live already.
    #[error("the workflow is live already")]
    AlreadyRunning,
    /// It has begun all the iterations that it may, and only waits for what they have begun.
    #[error("the workflow has begun all its iterations, and is changed no more")]
    Ending,
    /// Too many workflows are live.
    #[error("too many workflows are live already")]
    TooManyLive,
    /// Whoever wants it live has as many live workflows as they may have.
    #[error(transparent)]
    TooManyOfOne(#[from] TooMany),
    /// The server is going down.
    #[error("the server is going down")]
    ShuttingDown,
    /// The store cannot be written or read now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Refused::UnknownWorkflow,
            error @ (store::Error::Unavailable(_)
            | store::Error::Unusable(_)
            | store::Error::Conflict(_)
            | store::Error::Outdated { .. }) => Refused::Unavailable(error.to_string()),
        }
    }
}
