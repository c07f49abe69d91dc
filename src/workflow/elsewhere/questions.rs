//! What one server asks another about live workflows, as it goes over the wire.

use serde::{Deserialize, Serialize};

use super::relay::SentMessage;
use crate::cluster::{Notice, Question};
use crate::hub::TopicKey;
use crate::workflow::client::{InputUpdate, LiveOptions, Starter};
use crate::workflow::definition::Definition;
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::{Applied, Status};
use crate::workflow::refused::Refused;

/// Make a workflow live, or let one that is paused run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StartThere {
    pub(crate) definition: Definition,
    pub(crate) options: LiveOptions,
    pub(crate) starter: Starter,
}

impl Question for StartThere {
    const NAME: &'static str = "start_live";
    type Answer = Result<Status, Refused>;
}

/// End a live workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StopThere {
    pub(crate) key: WorkflowKey,
    pub(crate) author: Option<String>,
}

impl Question for StopThere {
    const NAME: &'static str = "stop_live";
    type Answer = Result<Option<Status>, Refused>;
}

/// Do one iteration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StepThere {
    pub(crate) definition: Definition,
    pub(crate) starter: Starter,
}

impl Question for StepThere {
    const NAME: &'static str = "step_live";
    type Answer = Result<Status, Refused>;
}

/// Describe how a workflow stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DescribeThere {
    pub(crate) key: WorkflowKey,
}

impl Question for DescribeThere {
    const NAME: &'static str = "describe_live";
    type Answer = Result<Option<Status>, Refused>;
}

/// Change an input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApplyThere {
    pub(crate) key: WorkflowKey,
    pub(crate) update: InputUpdate,
}

impl Question for ApplyThere {
    const NAME: &'static str = "apply_live";
    type Answer = Result<Applied, Refused>;
}

/// Which workflows are live there, and have this node where one is named?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListThere {
    pub(crate) having: Option<String>,
}

impl Question for ListThere {
    const NAME: &'static str = "list_live";
    type Answer = Vec<WorkflowKey>;
}

/// A definition was saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedThere {
    pub(crate) definition: Definition,
}

impl Question for SavedThere {
    const NAME: &'static str = "workflow_saved";
    type Answer = ();
}

/// A definition was removed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RemovedThere {
    pub(crate) definition: Definition,
    pub(crate) author: Option<String>,
}

impl Question for RemovedThere {
    const NAME: &'static str = "workflow_removed";
    type Answer = ();
}

/// What does somebody lack of a workflow who has all up to the place `since`?
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LookThere {
    pub(crate) topic: TopicKey,
    pub(crate) since: Option<u64>,
}

impl Question for LookThere {
    const NAME: &'static str = "look_live";
    type Answer = Looked;
}

/// What somebody lacks of a workflow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// Which workflow it is, where it is live, and up to which place these messages reach.
    pub(crate) live: Option<(WorkflowKey, u64)>,
    /// What they lack; where the workflow is not live, nothing if that is not known.
    pub(crate) messages: Option<Vec<SentMessage>>,
}

/// To a server or all: connections here watch workflows, for some seconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct WatchedElsewhere;

impl Notice for WatchedElsewhere {
    const NAME: &'static str = "watch_live";
}
