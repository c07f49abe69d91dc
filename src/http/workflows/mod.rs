//! Workflows over HTTP: their node classes, their definitions, and running them.

pub(super) mod check;
pub(super) mod decode;
mod events;
mod live;
pub(super) mod nodes;
mod request;
pub(super) mod run;
pub(super) mod show;
mod store;

use std::sync::Arc;

use super::route::Route;
use crate::workflow::catalogue::Catalogue;
use crate::workflow::client::Live;
use crate::workflow::definitions::Definitions;

pub(super) use decode::WorkflowDraft;

/// What the handlers of workflows are given.
#[derive(Clone, Debug)]
pub(crate) struct Workflows {
    /// The stored ones.
    pub definitions: Definitions,
    /// The live ones.
    pub live: Live,
    /// The classes of their nodes.
    pub catalogue: Arc<Catalogue>,
}

/// The routes of workflows: those of names come before those of ids.
pub(super) fn routes() -> Vec<Route> {
    let all = [
        check::routes(),
        nodes::routes(),
        show::routes(),
        store::routes(),
        run::routes(),
        live::routes(),
        events::routes(),
    ];
    all.into_iter().flatten().collect()
}
