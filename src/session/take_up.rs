//! How sessions go on that were there before the start: at once, but for those that are held, and those that end.

use std::collections::HashMap;

use actix::{Context, Handler, Message};

use super::actor::Session;
use super::directory::{Directory, Seat};
use super::kind::TaskError;
use super::machine::Command;
use super::queue::TakenUp;
use crate::domain::id::SessionId;
use crate::domain::status::Status;
use crate::store;

/// The cause in `recovered`.
const RESTARTED: &str = "the server was restarted";

/// At the start: take up what ran, and set the timers of what waits.
#[derive(Clone, Debug, Default, Message)]
#[rtype(result = "()")]
pub struct TakeUp {
    /// The sessions of this worker that a restart has to think of.
    pub pending: Vec<store::Pending>,
    /// Those of them that do not go on by themselves.
    pub apart: HashMap<SessionId, Apart>,
}

/// What becomes of a session of before the start that does not go on by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apart {
    /// It waits for [`Release`].
    Held,
    /// It fails, for this reason.
    Fails(String),
}

/// A session that was held may go on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Release {
    /// Which.
    pub session: SessionId,
}

/// From a session that was read back: it goes on, and has its place in the queue where it needs one.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct WentOn {
    pub(super) session: SessionId,
}

/// From the directory: what was held goes on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct GoOn;

impl Session {
    /// Begins where it stands, unless something else was decided for it.
    pub(super) fn begin(&mut self, actor: &mut Context<Self>) {
        match self.apart.take() {
            None => self.go_on(actor),
            Some(Apart::Held) => self.is_held = true,
            Some(Apart::Fails(reason)) => self.apply(Command::Finish(Err(TaskError::Failed(reason))), actor),
        }
    }

    /// Goes on from where it stands.
    fn go_on(&mut self, actor: &mut Context<Self>) {
        match self.machine.status() {
            Status::Queued => self.take_slot(actor),
            Status::Running => {
                let steps_in_doubt = std::mem::take(&mut self.doubts);
                self.apply(Command::Recover { cause: RESTARTED.into(), steps_in_doubt }, actor);
            }
            Status::Cancelling => self.apply(Command::CleanedUp, actor),
            Status::WaitingConfirmation | Status::WaitingInput | Status::WaitingRetry => {
                self.arm();
                if self.worked_beside {
                    self.take_up_beside(actor);
                }
            }
            Status::Completed | Status::Failed | Status::Cancelled => {}
        }
    }

    /// Lets the branches go on that do not wait for people.
    fn take_up_beside(&mut self, actor: &mut Context<Self>) {
        let steps_in_doubt = std::mem::take(&mut self.doubts);
        if !steps_in_doubt.is_empty() {
            self.apply(Command::Recover { cause: RESTARTED.into(), steps_in_doubt }, actor);
        }
        self.ensure_task(actor);
    }
}

impl Handler<GoOn> for Session {
    type Result = ();

    fn handle(&mut self, _: GoOn, actor: &mut Context<Self>) {
        if std::mem::take(&mut self.is_held) {
            self.go_on(actor);
            self.settle();
        }
    }
}

impl Directory {
    /// Says to the queue once all sessions of before the start have taken their places there.
    pub(super) fn went_on(&mut self, id: SessionId) {
        if self.taking_up.remove(&id) && self.taking_up.is_empty() {
            self.queue.do_send(TakenUp);
        }
    }
}

impl Handler<TakeUp> for Directory {
    type Result = ();

    fn handle(&mut self, message: TakeUp, actor: &mut Context<Self>) {
        self.timers.take_up(&message.pending);
        self.set_alarm(actor);
        self.apart = message.apart;
        for pending in message.pending.iter().filter(|pending| pending.status.is_resumed_at_start()) {
            match self.seats.get(&pending.id) {
                Some(Seat::Live { .. }) => continue,
                Some(Seat::Loading(_)) => {}
                None => {
                    self.seats.insert(pending.id, Seat::Loading(Vec::new()));
                    self.wake(pending.id, actor);
                }
            }
            self.taking_up.insert(pending.id);
        }
        if self.taking_up.is_empty() {
            self.queue.do_send(TakenUp);
        }
    }
}

impl Handler<WentOn> for Directory {
    type Result = ();

    fn handle(&mut self, message: WentOn, _: &mut Context<Self>) {
        self.went_on(message.session);
    }
}

impl Handler<Release> for Directory {
    type Result = ();

    fn handle(&mut self, message: Release, _: &mut Context<Self>) {
        self.apart.remove(&message.session);
        self.whisper(message.session, GoOn);
    }
}
