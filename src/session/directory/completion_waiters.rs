//! Who waits for the ends of sessions.
//!
//! The directory keeps them, because a session leaves memory while it waits for people: each time one comes back for
//! which somebody waits, it is asked to report its end.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use actix::{Context, Handler};

use crate::domain::id::{SessionId, Slot};
use crate::session::directory::Directory;
use crate::session::messages::Completion;
use crate::session::messages::Refused;
use crate::session::protocol::{AwaitCompletion, Reply, ReportCompletion, SessionEnded};

/// Most that may wait for sessions of one worker.
const MOST: usize = 100_000;

/// Who waits, by session.
#[derive(Debug, Default)]
pub(crate) struct CompletionWaiters {
    waiting: HashMap<SessionId, Vec<Reply<Result<Completion, Refused>>>>,
    count: usize,
}

impl CompletionWaiters {
    fn add(&mut self, session: SessionId, reply: Reply<Result<Completion, Refused>>) {
        self.waiting.entry(session).or_default().push(reply);
        self.count += 1;
    }

    /// Whether somebody waits for that session.
    pub(crate) fn are_awaited(&self, session: SessionId) -> bool {
        self.waiting.contains_key(&session)
    }

    /// Replies to those who wait for a session.
    pub(crate) fn reply(&mut self, session: SessionId, outcome: &Result<Completion, Refused>) {
        for reply in self.waiting.remove(&session).into_iter().flatten() {
            self.count -= 1;
            // Whoever waited may be gone.
            let _ = reply.send(outcome.clone());
        }
    }

    /// Replies to those who wait for sessions of these slots.
    pub(crate) fn reply_in(&mut self, slots: &[Slot], why: &Refused) {
        let sessions: Vec<_> = self.waiting.keys().filter(|id| slots.contains(&id.slot())).copied().collect();
        for session in sessions {
            self.reply(session, &Err(why.clone()));
        }
    }

    /// Replies to all that nothing more will be heard.
    pub(crate) fn reply_to_all(&mut self, why: &Refused) {
        let sessions: Vec<_> = self.waiting.keys().copied().collect();
        for session in sessions {
            self.reply(session, &Err(why.clone()));
        }
    }

    /// Forgets those who have gone.
    pub(crate) fn forget_gone(&mut self) {
        self.waiting.retain(|_, replies| {
            replies.retain(|reply| !reply.is_closed());
            !replies.is_empty()
        });
        self.count = self.waiting.values().map(Vec::len).sum();
    }
}

impl Handler<AwaitCompletion> for Directory {
    type Result = ();

    fn handle(&mut self, message: AwaitCompletion, actor: &mut Context<Self>) {
        let AwaitCompletion { session, reply } = message;
        if self.draining {
            let _ = reply.send(Err(Refused::ShuttingDown));
            return;
        }
        if !self.may_have(session) {
            let _ = reply.send(Err(Refused::Elsewhere));
            return;
        }
        if self.completion_waiters.count >= MOST {
            self.completion_waiters.forget_gone();
        }
        if self.completion_waiters.count >= MOST {
            let _ = reply.send(Err(Refused::Unavailable("too many wait for sessions to end".into())));
            return;
        }
        self.completion_waiters.add(session, reply);
        self.deliver(session, ReportCompletion, actor);
    }
}

impl Handler<SessionEnded> for Directory {
    type Result = ();

    fn handle(&mut self, message: SessionEnded, _: &mut Context<Self>) {
        self.completion_waiters.reply(message.session, &Ok(message.completion));
    }
}
