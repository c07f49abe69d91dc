//! How a session is stopped, and cleans up.

use actix::{AsyncContext, Context, Handler, WrapFuture};
use futures::future::join_all;

use crate::config::seconds;
use crate::domain::status::Status;
use crate::session::actor::Session;
use crate::session::actor::pending_rows::OnCommit;
use crate::session::protocol::{Cancel, CleanedUp, Reach};
use crate::session::state::{Cleanup, Command};

impl Session {
    pub(crate) fn cancel(&mut self, reason: String, actor: &mut Context<Self>) {
        self.idle_reported = false;
        let cleanup = if self.channel.has_cleanups() { Cleanup::Pending } else { Cleanup::Nothing };
        self.apply(Command::Cancel { reason, cleanup }, actor);
    }

    pub(crate) fn clean_up(&mut self, actor: &mut Context<Self>) {
        let cleanups = self.channel.take_cleanups();
        self.drop_task(actor);
        let limit = seconds(self.environment.settings.cleanup_timeout);
        let id = self.id;
        let itself = actor.address();
        let work = async move {
            if tokio::time::timeout(limit, join_all(cleanups)).await.is_err() {
                log::warn!(session_id:% = id; "the clean-up of a cancelled task took too long and was dropped");
            }
            itself.do_send(CleanedUp);
        };
        actor.spawn(work.into_actor(self));
    }
}

impl Handler<Cancel> for Session {
    type Result = ();

    fn handle(&mut self, message: Cancel, actor: &mut Context<Self>) {
        let Cancel { reason, reach, reply } = message;
        let status = self.state.status();
        let is_meant = match reach {
            Reach::Anywhere => !status.is_terminal(),
            Reach::Queued => status == Status::Queued,
        };
        if is_meant {
            if let Err(refused) = self.writable() {
                let _ = reply.send(Err(refused));
                return;
            }
            self.cancel(reason, actor);
        }
        self.on_commit.push(OnCommit::Cancelled(reply));
        self.settle();
    }
}

impl Handler<CleanedUp> for Session {
    type Result = ();

    fn handle(&mut self, _: CleanedUp, actor: &mut Context<Self>) {
        self.apply(Command::CleanedUp, actor);
        self.settle();
    }
}
