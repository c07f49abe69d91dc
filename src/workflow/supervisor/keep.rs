//! What the store knows of the live workflows that come back after a restart: how they run, and their inputs.
//!
//! At most one write of a workflow is under way; the next one takes all that changed meanwhile.

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use serde::{Deserialize, Serialize};

use super::Supervisor;
use crate::store::{self, Precondition, Store};
use crate::workflow::client::LiveOptions;
use crate::workflow::executor::messages::Inputs;
use crate::workflow::refused::Refused;

/// The collection of documents about live workflows.
pub(super) const LIVE: &str = "live";

/// What is kept of a live workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// How it runs.
    #[serde(default)]
    pub(super) options: LiveOptions,
    /// The inputs that were changed.
    #[serde(default)]
    pub(super) inputs: Inputs,
}

/// What the store is to know of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wish {
    /// This.
    Put(String),
    /// Nothing.
    Remove,
}

/// Who waits until something is written.
pub(super) type Waiting = Box<dyn FnOnce(Result<(), Refused>)>;

/// The writes of one workflow.
#[derive(Default)]
pub(super) struct Keeper {
    /// What is to be written next.
    next: Option<Wish>,
    waiting: Vec<Waiting>,
    is_writing: bool,
}

impl Supervisor {
    /// Has the store know this of a workflow, and lets who waits know when it does.
    pub(super) fn keep(&mut self, workflow_id: &str, wish: Wish, waiting: Option<Waiting>, ctx: &mut Context<Self>) {
        let keeper = self.keepers.entry(workflow_id.to_owned()).or_default();
        keeper.next = Some(wish);
        keeper.waiting.extend(waiting);
        if !keeper.is_writing {
            self.write(workflow_id.to_owned(), ctx);
        }
    }

    fn write(&mut self, workflow_id: String, ctx: &mut Context<Self>) {
        let Some(keeper) = self.keepers.get_mut(&workflow_id) else { return };
        let Some(wish) = keeper.next.take() else {
            self.keepers.remove(&workflow_id);
            return;
        };
        keeper.is_writing = true;
        let waiting = std::mem::take(&mut keeper.waiting);
        let (store, id) = (self.store.clone(), workflow_id.clone());
        let written = async move { write(&store, &id, wish).await }.into_actor(self);
        ctx.spawn(written.map(move |written, supervisor, ctx| {
            if let Err(error) = &written {
                log::error!(workflow_id, error:%; "what comes back after a restart could not be written");
            }
            let written = written.map_err(Refused::from);
            waiting.into_iter().for_each(|waiting| waiting(written.clone()));
            if let Some(keeper) = supervisor.keepers.get_mut(&workflow_id) {
                keeper.is_writing = false;
            }
            supervisor.write(workflow_id, ctx);
        }));
    }
}

async fn write(store: &Store, id: &str, wish: Wish) -> Result<(), store::Error> {
    match wish {
        Wish::Put(body) => store.put_document(LIVE, id, body, Precondition::Anything).await.map(|_| ()),
        Wish::Remove => match store.remove_document(LIVE, id, Precondition::Anything).await {
            Err(store::Error::NotFound) => Ok(()),
            removed => removed,
        },
    }
}
