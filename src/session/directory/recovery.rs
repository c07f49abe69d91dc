//! How a directory resumes the sessions of before the start: at once, but for those that are held, and those that end.

use actix::{Context, Handler};

use crate::domain::id::SessionId;
use crate::session::directory::Directory;
use crate::session::directory::residents::Resident;
use crate::session::protocol::{Release, Resume, ResumeSessions, SessionResumed, SessionsResumed};

impl Directory {
    /// Says to the queue once all sessions of before the start have taken their places there.
    pub(crate) fn resumed_one(&mut self, id: SessionId) {
        if self.resuming.remove(&id) && self.resuming.is_empty() {
            self.queue.do_send(SessionsResumed);
        }
    }
}

impl Handler<ResumeSessions> for Directory {
    type Result = ();

    fn handle(&mut self, message: ResumeSessions, actor: &mut Context<Self>) {
        self.timers.resume(&message.pending);
        self.set_alarm(actor);
        self.quarantine = message.quarantine;
        for pending in message.pending.iter().filter(|pending| pending.status.is_resumed_at_start()) {
            match self.residents.get(&pending.id) {
                Some(Resident::Live { .. }) => continue,
                Some(Resident::Loading(_)) => {}
                None => {
                    self.residents.insert(pending.id, Resident::Loading(Vec::new()));
                    self.load(pending.id, actor);
                }
            }
            self.resuming.insert(pending.id);
        }
        if self.resuming.is_empty() {
            self.queue.do_send(SessionsResumed);
        }
    }
}

impl Handler<SessionResumed> for Directory {
    type Result = ();

    fn handle(&mut self, message: SessionResumed, _: &mut Context<Self>) {
        self.resumed_one(message.session);
    }
}

impl Handler<Release> for Directory {
    type Result = ();

    fn handle(&mut self, message: Release, _: &mut Context<Self>) {
        self.quarantine.remove(&message.session);
        self.send_if_live(message.session, Resume);
    }
}
