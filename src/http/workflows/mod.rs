//! Workflows over HTTP: their node classes, their definitions, and running them.

pub(super) mod check;
mod decode;
pub(super) mod events;
pub(super) mod live;
pub(super) mod nodes;
mod request;
pub(super) mod run;
pub(super) mod show;
pub(super) mod store;

use std::sync::Arc;

use crate::workflow::catalogue::Catalogue;
use crate::workflow::client::Live;
use crate::workflow::definitions::Definitions;

pub(super) use decode::WorkflowDraft;

/// What the handlers of workflows are given.
#[derive(Clone, Debug)]
pub struct Workflows {
    /// The stored ones.
    pub definitions: Definitions,
    /// The live ones.
    pub live: Live,
    /// The classes of their nodes.
    pub catalogue: Arc<Catalogue>,
}
