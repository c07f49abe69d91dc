//! When a session leaves memory, and what it reports before: that nothing happens in it, and how it ended.

use actix::clock::Instant;
use actix::{ActorContext, Context, Handler};

use crate::hub::close::CloseCode;
use crate::session::actor::Session;
use crate::session::messages::{Completion, Refused};
use crate::session::protocol::{
    Forget, Outlook, Park, Remove, Removed, ReportCompletion, Retire, SessionEnded, SessionIdle, SessionParked, Suspend,
};
use crate::session::state::End;

impl Session {
    /// Whether nothing happens here but waiting for people.
    pub(crate) fn is_idle(&self) -> bool {
        let status = self.state.status();
        let task_waits = self.task.is_none() || self.channel.outstanding().is_people_only();
        let may_be_begun_anew = task_waits && !self.state.has_children() && !self.channel.has_cleanups();
        let still = status.is_terminal() || (status.is_waiting() && may_be_begun_anew);
        still && self.watchers.is_empty() && self.all_is_written()
    }

    /// Whether the store has all that has happened.
    pub(crate) fn all_is_written(&self) -> bool {
        self.pending_rows.is_empty() && self.builder.is_empty()
    }

    /// Reports to the directory that nothing happens here, once.
    pub(crate) fn report_idle(&mut self) {
        if !self.idle_reported && self.is_idle() {
            self.idle_reported = true;
            let outlook = if self.state.status().is_terminal() { Outlook::Over } else { Outlook::Waits };
            self.directory.do_send(SessionIdle { session: self.id, outlook });
        }
    }

    /// Reports its end to the directory, where that is wanted and written.
    pub(crate) fn report_completion(&mut self) {
        if !self.completion_wanted || !self.all_is_written() {
            return;
        }
        let (values, error) = match self.state.end() {
            Some(End::Completed(values)) => (Some(values.clone()), None),
            Some(End::Failed(error) | End::Cancelled(error)) => (None, Some(error.clone())),
            None => return,
        };
        self.completion_wanted = false;
        let completion = Completion { status: self.state.status(), values, error };
        self.directory.do_send(SessionEnded { session: self.id, completion });
    }
}

impl Handler<ReportCompletion> for Session {
    type Result = ();

    fn handle(&mut self, _: ReportCompletion, _: &mut Context<Self>) {
        // One that was read back because of this has to be asked to leave again.
        self.idle_reported = false;
        self.completion_wanted = true;
        self.settle();
    }
}

impl Handler<Remove> for Session {
    type Result = ();

    fn handle(&mut self, message: Remove, _: &mut Context<Self>) {
        let Remove { reply } = message;
        if !self.state.status().is_terminal() || !self.pending_rows.is_empty() {
            let _ = reply.send(Err(Refused::NotEnded));
            return;
        }
        let (store, key, session) = (self.environment.store.clone(), self.key, self.id);
        let directory = self.directory.clone();
        let removing = async move {
            let removed = store.remove(key).await;
            if removed.is_ok() {
                directory.do_send(Forget { sessions: vec![session] });
            }
            let _ = reply.send(removed.map_err(Refused::from));
        };
        // Not as a future of this actor, which may leave memory meanwhile.
        actix::spawn(removing);
    }
}

impl Handler<Park> for Session {
    type Result = ();

    fn handle(&mut self, _: Park, _: &mut Context<Self>) {
        self.idle_reported = false;
        let may_be_repeated = self.state.status().is_waiting() && self.answer_guard.is_active(Instant::now());
        if self.is_idle() && !may_be_repeated {
            self.directory.do_send(SessionParked { session: self.id });
        } else {
            self.report_idle();
        }
    }
}

impl Handler<Removed> for Session {
    type Result = ();

    fn handle(&mut self, _: Removed, actor: &mut Context<Self>) {
        self.watchers.close(self.id, CloseCode::Unknown);
        actor.stop();
    }
}

impl Handler<Suspend> for Session {
    type Result = ();

    fn handle(&mut self, _: Suspend, actor: &mut Context<Self>) {
        self.flush();
        self.errands.clear();
        self.drop_task(actor);
    }
}

impl Handler<Retire> for Session {
    type Result = ();

    fn handle(&mut self, _: Retire, actor: &mut Context<Self>) {
        self.drop_task(actor);
        actor.stop();
    }
}
