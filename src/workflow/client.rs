//! How everything above the workflows speaks to them.

use std::collections::BTreeMap;

use actix::Addr;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::definition::Definition;
use super::graph::Graph;
use super::refused::Refused;
use super::told::{Applied, Status};
use crate::domain::id::ConnectionId;
use crate::hub::Shard;

/// How a live workflow runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveOptions {
    /// Milliseconds between two iterations where a node is volatile; 0 for as fast as possible.
    pub interval_ms: Option<u64>,
    /// Stops by itself after so many iterations.
    pub max_iterations: Option<u64>,
    /// Whether it becomes live again after a restart; as the definition says where it is left out.
    pub autostart: Option<bool>,
}

/// What a definition is made of or changed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
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
pub enum Expected {
    /// Any.
    Any,
    /// This one.
    Version(u64),
}

/// A change of a live input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputUpdate {
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
pub type RunInputs = BTreeMap<String, Map<String, Value>>;

/// The live workflows. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Live {}

impl Live {
    /// Makes a workflow live, or lets one that is paused run; gives how it stands then.
    ///
    /// # Errors
    /// [`Refused::Invalid`], [`Refused::AlreadyRunning`], [`Refused::TooManyLive`] or [`Refused::ShuttingDown`].
    pub async fn start(
        &self,
        _definition: Definition,
        _options: LiveOptions,
        _author: Option<String>,
    ) -> Result<Status, Refused> {
        Err(Refused::ShuttingDown)
    }

    /// Ends a live workflow; gives how it stood at its end, `None` where it was not live.
    ///
    /// # Errors
    /// [`Refused::ShuttingDown`].
    pub async fn stop(&self, _workflow_id: &str, _author: Option<String>) -> Result<Option<Status>, Refused> {
        Err(Refused::ShuttingDown)
    }

    /// Does one iteration: of a workflow that is live or paused; one that is neither becomes paused first.
    ///
    /// # Errors
    /// [`Refused::Invalid`], [`Refused::TooManyLive`] or [`Refused::ShuttingDown`].
    pub async fn step(&self, _definition: Definition, _author: Option<String>) -> Result<Status, Refused> {
        Err(Refused::ShuttingDown)
    }

    /// How a workflow stands; `None` where it is not live.
    ///
    /// # Errors
    /// [`Refused::ShuttingDown`].
    pub async fn status(&self, _workflow_id: &str) -> Result<Option<Status>, Refused> {
        Err(Refused::ShuttingDown)
    }

    /// Changes an input of a live workflow; the iteration that is named is the first to see it.
    ///
    /// # Errors
    /// [`Refused::UnknownWorkflow`] where it is not live, [`Refused::UnknownNode`], [`Refused::AmbiguousNode`],
    /// [`Refused::UnknownInput`], [`Refused::InvalidValue`] or [`Refused::InputIsLinked`].
    pub async fn apply(&self, _update: InputUpdate) -> Result<Applied, Refused> {
        Err(Refused::ShuttingDown)
    }

    /// Says that a definition was saved: those who watch are told, and where it is live it goes on with the new graph.
    pub fn saved(&self, _definition: Definition) {}

    /// Says that a definition was removed: those who watch are told, and it is not live any more.
    pub fn removed(&self, _workflow_id: String, _author: Option<String>) {}

    /// Lets a connection watch one workflow, or all: it is told how they stand first.
    pub fn watch(&self, _connection: ConnectionId, _shard: Addr<Shard>, _workflow_id: Option<String>) {}

    /// Says that a connection has gone.
    pub fn unwatch(&self, _connection: ConnectionId) {}
}
