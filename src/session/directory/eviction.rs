//! How a session leaves memory that is not what the store has: another server has written its journal, or owns it now.
//!
//! Invariant: from the row on that was refused, nothing is written of a session until it has been read anew.

use std::time::Duration;

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use super::Directory;
use super::residents::Resident;
use crate::domain::burst::BurstBuilder;
use crate::domain::id::SessionId;
use crate::hub::close::CloseCode;
use crate::session::actor::Session;
use crate::session::actor::pending_rows::{AnswerReply, OnCommit};
use crate::session::elsewhere::messages::Followers;
use crate::session::messages::Refused;
use crate::session::protocol::{Evict, Evicted};
use crate::store::{self, Reason};

/// The pause before a session is read anew that nobody asks for: it may be refused again and again.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Directory {
    /// Ends a session of which a row was refused. Whatever comes for it waits until it can be read anew.
    pub(crate) fn evict(&mut self, refused: &store::Refused) {
        let store::Refused { session: id, key, ref reason, .. } = *refused;
        let is_of_several = self.environment.sessions.cluster().is_some();
        let (why, followers) = match reason {
            // It was started or written elsewhere: whoever has asked finds it there.
            Reason::Conflict(_) | Reason::Fenced if is_of_several => (Refused::Elsewhere, Followers::ReadOn),
            Reason::Conflict(_) | Reason::Fenced => {
                (Refused::Unavailable("what the session wanted to write was refused".into()), Followers::Close)
            }
        };
        match self.residents.get_mut(&id) {
            Some(resident @ Resident::Live { .. }) => {
                if let Resident::Live { session, .. } = std::mem::replace(resident, Resident::Loading(Vec::new())) {
                    session.do_send(Evict { why, followers });
                }
            }
            // Nothing here could append to what was refused.
            Some(Resident::Loading(_)) | None => self.environment.rows.readmit(key),
        }
    }

    /// Reads a session anew, unless it is there: its task may have something to do.
    fn load_again(&mut self, id: SessionId, actor: &mut Context<Self>) {
        if !self.residents.contains_key(&id) && !self.draining && self.may_have(id) {
            self.residents.insert(id, Resident::Loading(Vec::new()));
            self.load(id, actor);
        }
    }
}

impl Handler<Evicted> for Directory {
    type Result = ();

    fn handle(&mut self, message: Evicted, actor: &mut Context<Self>) {
        let id = message.session;
        self.resumed_one(id);
        match self.residents.get(&id) {
            Some(Resident::Loading(waiting)) if waiting.is_empty() => {
                self.residents.remove(&id);
            }
            Some(Resident::Loading(_)) => self.load(id, actor),
            Some(Resident::Live { .. }) | None => {}
        }
        if !self.may_have(id) {
            self.completion_waiters.reply(id, &Err(Refused::Elsewhere));
        } else {
            let pause = actix::clock::sleep(READ_AGAIN_AFTER);
            let read = move |(), directory: &mut Self, actor: &mut Context<Self>| directory.load_again(id, actor);
            actor.spawn(pause.into_actor(self).map(read));
        }
    }
}

impl Handler<Evict> for Session {
    type Result = ();

    fn handle(&mut self, message: Evict, actor: &mut Context<Self>) {
        let Evict { why, followers } = message;
        self.errands.clear();
        self.drop_task(actor);
        self.release_permit();
        self.refuse_pending(&why);
        match followers {
            Followers::ReadOn => self.watchers.read_on(self.id, self.tail.last_seq()),
            // They come back, and are shown what is in the store.
            Followers::Close => self.watchers.close(self.id, CloseCode::GoingAway),
        }
        self.environment.rows.readmit(self.key);
        self.directory.do_send(Evicted { session: self.id });
        actor.stop();
    }
}

impl Session {
    /// Lets go of what is not written, and refuses those who wait for it.
    fn refuse_pending(&mut self, why: &Refused) {
        self.builder = BurstBuilder::default();
        let waiting = self.pending_rows.take_on_commit().chain(std::mem::take(&mut self.on_commit));
        for on_commit in waiting {
            // Whoever asked may be gone.
            match on_commit {
                OnCommit::Started(reply) => drop(reply.send(Err(why.clone()))),
                OnCommit::Answered(AnswerReply { reply, .. }) | OnCommit::AnswerRefused(reply, _) => {
                    drop(reply.send(Err(why.clone())));
                }
                OnCommit::Cancelled(reply) => drop(reply.send(Err(why.clone()))),
                OnCommit::Described(reply, _) => drop(reply.send(Err(why.clone()))),
                OnCommit::RequestRead(reply, _) => drop(reply.send(Err(why.clone()))),
                OnCommit::GuestsLeave(_) | OnCommit::StepWritten(_) => {}
            }
        }
    }
}
