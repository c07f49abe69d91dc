//! How sessions go on that were there before the start: at once, but for those that are held, and those that end.

use actix::{Context, Handler};

use crate::domain::status::Status;
use crate::session::actor::Session;
use crate::session::protocol::{Quarantine, Resume};
use crate::session::state::Command;
use crate::session::task::kind::TaskError;

/// The cause in `recovered`.
const RESTARTED: &str = "the server was restarted";

impl Session {
    /// Begins where it stands, unless something else was decided for it.
    pub(crate) fn begin(&mut self, actor: &mut Context<Self>) {
        match self.quarantine.take() {
            None => self.go_on(actor),
            Some(Quarantine::Held) => self.is_held = true,
            Some(Quarantine::Fails(reason)) => self.apply(Command::Finish(Err(TaskError::Failed(reason))), actor),
        }
    }

    /// Goes on from where it stands.
    fn go_on(&mut self, actor: &mut Context<Self>) {
        if let Some(reason) = self.locked.as_ref().filter(|_| self.state.status() != Status::Cancelling) {
            log::error!(session_id:% = self.id, reason:%; "a session cannot go on");
            return;
        }
        match self.state.status() {
            Status::Queued => self.take_permit(actor),
            Status::Running => {
                let steps_in_doubt = std::mem::take(&mut self.steps_in_doubt);
                self.apply(Command::Recover { cause: RESTARTED.into(), steps_in_doubt }, actor);
            }
            Status::Cancelling => self.apply(Command::CleanedUp, actor),
            Status::WaitingConfirmation | Status::WaitingInput | Status::WaitingRetry => {
                self.set_timers();
                if self.worked_beside {
                    self.resume_branches(actor);
                }
            }
            Status::Completed | Status::Failed | Status::Cancelled => {}
        }
    }

    /// Lets the branches go on that do not wait for people.
    fn resume_branches(&mut self, actor: &mut Context<Self>) {
        let steps_in_doubt = std::mem::take(&mut self.steps_in_doubt);
        if !steps_in_doubt.is_empty() {
            self.apply(Command::Recover { cause: RESTARTED.into(), steps_in_doubt }, actor);
        }
        self.ensure_task(actor);
    }
}

impl Handler<Resume> for Session {
    type Result = ();

    fn handle(&mut self, _: Resume, actor: &mut Context<Self>) {
        if std::mem::take(&mut self.is_held) {
            self.go_on(actor);
            self.settle();
        }
    }
}
