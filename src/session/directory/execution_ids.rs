//! Which words sessions that are being started want to be called by: of two starts with the same word, one is refused.
//!
//! The store has the words of sessions that are there. A claim covers the time between the look at the store and the
//! commit, during which only one directory knows of it.

use std::collections::HashSet;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use crate::domain::id::{ExecutionId, SessionId};
use crate::domain::owner::Owner;
use crate::session::directory::Directory;
use crate::session::messages::Refused;
use crate::session::protocol::{ReleaseExecutionId, ReserveExecutionId};
use crate::store::{self, Store};

/// Words that were claimed, by whose sessions they are for.
pub(crate) type ReservedExecutionIds = HashSet<(Option<Owner>, ExecutionId)>;

impl Handler<ReserveExecutionId> for Directory {
    type Result = ();

    fn handle(&mut self, message: ReserveExecutionId, actor: &mut Context<Self>) {
        let ReserveExecutionId { owner, execution_id, reply } = message;
        let reserved = (owner, execution_id);
        if !self.reserved_execution_ids.insert(reserved.clone()) {
            let _ = reply.send(Err(Refused::ExecutionExists));
            return;
        }
        let store = self.environment.store.clone();
        let (owner, execution_id) = reserved.clone();
        let looking = async move { is_taken(&store, owner, execution_id).await };
        actor.spawn(looking.into_actor(self).map(move |taken, directory, _| {
            let answer = match taken {
                Ok(false) => Ok(()),
                Ok(true) => Err(Refused::ExecutionExists),
                Err(error) => Err(error.into()),
            };
            let is_refused = answer.is_err();
            // Where whoever asked has gone, nobody gives the claim back.
            if reply.send(answer).is_err() || is_refused {
                directory.reserved_execution_ids.remove(&reserved);
            }
        }));
    }
}

impl Handler<ReleaseExecutionId> for Directory {
    type Result = ();

    fn handle(&mut self, message: ReleaseExecutionId, _: &mut Context<Self>) {
        let ReleaseExecutionId { owner, execution_id } = message;
        self.reserved_execution_ids.remove(&(owner, execution_id));
    }
}

/// Whether a session is called so, by its starter or by its own id.
async fn is_taken(store: &Store, owner: Option<Owner>, execution_id: ExecutionId) -> Result<bool, store::Error> {
    if let Ok(id) = execution_id.as_str().parse::<SessionId>()
        && store.find(id).await?.is_some()
    {
        return Ok(true);
    }
    Ok(store.execution(owner.unwrap_or(Owner::SERVER), execution_id).await?.is_some())
}
