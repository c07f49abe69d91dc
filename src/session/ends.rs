//! Who waits for the ends of sessions.
//!
//! The directory keeps them, because a session leaves memory while it waits for people: each time one comes back for
//! which somebody waits, it is asked to tell of its end.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use actix::{Context, Handler, Message};

use super::actor::Session;
use super::directory::Directory;
use super::machine::End;
use super::messages::{Addressed, AwaitEnd, Outcome, Refused, Reply};
use crate::domain::id::SessionId;

/// Most that may wait for sessions of one worker.
const MOST: usize = 100_000;

/// Who waits, by session.
#[derive(Debug, Default)]
pub(super) struct Ends {
    waiting: HashMap<SessionId, Vec<Reply<Result<Outcome, Refused>>>>,
    count: usize,
}

/// To a session: tell the directory of your end, at once where it is written.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct TellEnd;

impl Addressed for TellEnd {
    // Those who wait are told by the directory itself.
    fn refuse(self, _: Refused) {}
}

/// From a session: it has ended, and that is in the store.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct SessionEnded {
    pub(super) session: SessionId,
    pub(super) outcome: Outcome,
}

impl Ends {
    fn add(&mut self, session: SessionId, reply: Reply<Result<Outcome, Refused>>) {
        self.waiting.entry(session).or_default().push(reply);
        self.count += 1;
    }

    /// Whether somebody waits for that session.
    pub(super) fn are_awaited(&self, session: SessionId) -> bool {
        self.waiting.contains_key(&session)
    }

    /// Tells those who wait for a session.
    pub(super) fn tell(&mut self, session: SessionId, outcome: &Result<Outcome, Refused>) {
        for reply in self.waiting.remove(&session).into_iter().flatten() {
            self.count -= 1;
            // Whoever waited may be gone.
            let _ = reply.send(outcome.clone());
        }
    }

    /// Tells all that nothing more will be heard.
    pub(super) fn tell_all(&mut self, why: &Refused) {
        let sessions: Vec<_> = self.waiting.keys().copied().collect();
        for session in sessions {
            self.tell(session, &Err(why.clone()));
        }
    }

    /// Forgets those who have gone.
    pub(super) fn forget_gone(&mut self) {
        self.waiting.retain(|_, replies| {
            replies.retain(|reply| !reply.is_closed());
            !replies.is_empty()
        });
        self.count = self.waiting.values().map(Vec::len).sum();
    }
}

impl Session {
    /// Tells of its end, where that is wanted and written.
    pub(super) fn tell_end(&mut self) {
        if !self.end_wanted || !self.all_is_written() {
            return;
        }
        let (values, error) = match self.machine.end() {
            Some(End::Completed(values)) => (Some(values.clone()), None),
            Some(End::Failed(error) | End::Cancelled(error)) => (None, Some(error.clone())),
            None => return,
        };
        self.end_wanted = false;
        let outcome = Outcome { status: self.machine.status(), values, error };
        self.directory.do_send(SessionEnded { session: self.id, outcome });
    }
}

impl Handler<TellEnd> for Session {
    type Result = ();

    fn handle(&mut self, _: TellEnd, _: &mut Context<Self>) {
        // One that was read back because of this has to be asked to leave again.
        self.told_idle = false;
        self.end_wanted = true;
        self.settle();
    }
}

impl Handler<AwaitEnd> for Directory {
    type Result = ();

    fn handle(&mut self, message: AwaitEnd, actor: &mut Context<Self>) {
        let AwaitEnd { session, reply } = message;
        if self.draining {
            let _ = reply.send(Err(Refused::ShuttingDown));
            return;
        }
        if self.ends.count >= MOST {
            self.ends.forget_gone();
        }
        if self.ends.count >= MOST {
            let _ = reply.send(Err(Refused::Unavailable("too many wait for sessions to end".into())));
            return;
        }
        self.ends.add(session, reply);
        self.deliver(session, TellEnd, actor);
    }
}

impl Handler<SessionEnded> for Directory {
    type Result = ();

    fn handle(&mut self, message: SessionEnded, _: &mut Context<Self>) {
        self.ends.tell(message.session, &Ok(message.outcome));
    }
}
