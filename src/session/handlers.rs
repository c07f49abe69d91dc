//! What a session does when it hears something.

use std::sync::Arc;
use std::time::Duration;

use actix::clock::Instant;
use actix::{ActorContext, Context, Handler, Message};

use super::actor::Session;
use super::directory::{ArmDeadline, Forget, Parked};
use super::machine::{Cleanup, Command};
use super::messages::{
    Addressed, Answered, Attach, Attached, Cancel, Describe, Detach, Greeting, Reach, Refused, Remove, Started,
};
use super::unwritten::{Afterwards, AnswerReply};
use crate::domain::record::Internal;
use crate::domain::status::{OnDisconnect, Status};
use crate::domain::time::Timestamp;
use crate::hub::Announced;
use crate::hub::close::CloseCode;
use crate::store::{Health, State};

/// From the directory: rows up to this one are in the store.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Written {
    pub(super) row: u32,
}

/// From the directory: here is a run slot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct SlotAvailable;

/// From the directory: some deadline of this session has come.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct DeadlineDue;

impl Addressed for DeadlineDue {
    fn refuse(self, _: Refused) {}
}

/// From the directory: leave memory, if nothing happens here still.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Park;

/// From the directory: end. Nothing more will be sent.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Retire;

/// From the directory: the session is gone from the store.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Removed;

/// From the directory: the server goes down. The task is dropped as by a crash, and resumed at the next start.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Suspend;

/// From the session's own clean-up: it is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct CleanedUp;

impl Session {
    /// Writes down what has happened, unless the task's poll is about to.
    pub(super) fn settle(&mut self) {
        if self.task.is_none() {
            self.flush();
        }
        self.tell_end();
        self.rest();
    }

    fn cancel(&mut self, reason: String, actor: &mut Context<Self>) {
        self.told_idle = false;
        let cleanup = if self.port.has_cleanups() { Cleanup::Pending } else { Cleanup::Nothing };
        self.apply(Command::Cancel { reason, cleanup }, actor);
    }

    /// Refuses what has to be written while the store does not take writes.
    pub(super) fn writable(&self) -> Result<(), Refused> {
        match self.environment.store.health() {
            Health::Well => Ok(()),
            Health::Failing { reason, .. } => Err(Refused::Unavailable(reason)),
        }
    }

    /// Does what had to wait for a commit.
    pub(super) fn finish_afterwards(&mut self, afterwards: Afterwards) {
        // Whoever asked may be gone: then nobody is told.
        match afterwards {
            Afterwards::Started(reply) => {
                let started = Started {
                    session_id: self.id,
                    execution_id: self.execution_id(),
                    task: self.spec.task.clone(),
                    status: self.machine.status(),
                };
                let _ = reply.send(Ok(started));
            }
            Afterwards::Answered(AnswerReply { reply, request_id, status, .. }) => {
                let status = status.unwrap_or_else(|| self.machine.status());
                let _ = reply.send(Ok(Answered { request_id, status }));
            }
            Afterwards::Cancelled(reply) => {
                let _ = reply.send(Ok(self.machine.status()));
            }
            Afterwards::Described(reply, description) => {
                let _ = reply.send(Ok(description));
            }
            Afterwards::StepWritten(call) => self.port.resolve(call, super::call::Outcome::Written),
        }
    }

    /// Takes the patience up again that the journal tells of: nobody is connected after a restart.
    pub(super) fn restore_patience(&mut self) {
        if self.machine.state().deadline == Some(Timestamp::NEVER) {
            self.lose_patience();
        } else if let Some(until) = self.machine.patience() {
            let limit = self.patience().unwrap_or_default();
            self.expect_back(until.since(Timestamp::now()).min(limit));
        }
    }

    /// How long it goes on without connections; for ever where there is no limit.
    fn patience(&self) -> Option<Duration> {
        match self.spec.on_disconnect {
            OnDisconnect::Keep => None,
            OnDisconnect::CancelAfter(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        }
    }

    /// The last connection has gone.
    fn lose_patience(&mut self) {
        let Some(limit) = self.patience() else { return };
        if self.machine.status().is_terminal() {
            return;
        }
        let until = Timestamp::now().plus(limit);
        self.machine.set_patience(until);
        self.note(&Internal::Patience { until });
        self.expect_back(limit);
    }

    fn expect_back(&mut self, within: Duration) {
        let at = Instant::now() + within;
        self.patience_due = Some(at);
        self.directory.do_send(ArmDeadline { session: self.id, at });
    }

    /// Somebody is there.
    fn regain_patience(&mut self) {
        if self.patience().is_some() && !self.machine.status().is_terminal() {
            self.patience_due = None;
            let until = Timestamp::NEVER;
            self.machine.set_patience(until);
            self.note(&Internal::Patience { until });
        }
    }
}

impl Handler<Attach> for Session {
    type Result = ();

    fn handle(&mut self, message: Attach, _: &mut Context<Self>) {
        let Attach { connection, shard, since, greeting, reply } = message;
        let replay = match since {
            None => Some(self.tail.shared_snapshot()),
            Some(seq) => self.tail.since(seq).map(Arc::new),
        };
        let Some(replay) = replay else {
            let behind = Attached::Behind { key: self.key, last_seq: self.tail.last_seq() };
            let _ = reply.send(Ok(behind));
            return;
        };
        let announced = match greeting {
            Greeting::Spoken => Announced::Yes,
            Greeting::Silent => Announced::No,
        };
        if self.watchers.is_empty() {
            self.regain_patience();
        }
        self.told_idle = false;
        self.watchers.add(self.id, connection, shard, replay, announced);
        let _ = reply.send(Ok(Attached::Live));
        self.settle();
    }
}

impl Handler<Detach> for Session {
    type Result = ();

    fn handle(&mut self, message: Detach, _: &mut Context<Self>) {
        let before = self.watchers.len();
        self.watchers.remove(message.connection);
        if before > 0 && self.watchers.is_empty() {
            self.lose_patience();
        }
        self.settle();
    }
}

impl Handler<Cancel> for Session {
    type Result = ();

    fn handle(&mut self, message: Cancel, actor: &mut Context<Self>) {
        let Cancel { reason, reach, reply } = message;
        let State { status, started_at, .. } = self.machine.state();
        let is_meant = match reach {
            Reach::Anywhere => !status.is_terminal(),
            Reach::Unbegun => status == Status::Queued && started_at.is_none(),
        };
        if is_meant {
            if let Err(refused) = self.writable() {
                let _ = reply.send(Err(refused));
                return;
            }
            self.cancel(reason, actor);
        }
        self.afterwards.push(Afterwards::Cancelled(reply));
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

impl Handler<Describe> for Session {
    type Result = ();

    fn handle(&mut self, message: Describe, _: &mut Context<Self>) {
        self.flush();
        let description = Box::new(self.describe());
        self.afterwards.push(Afterwards::Described(message.reply, description));
        self.settle();
    }
}

impl Handler<Remove> for Session {
    type Result = ();

    fn handle(&mut self, message: Remove, _: &mut Context<Self>) {
        let Remove { reply } = message;
        if !self.machine.status().is_terminal() || !self.unwritten.is_empty() {
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

impl Handler<Written> for Session {
    type Result = ();

    fn handle(&mut self, message: Written, _: &mut Context<Self>) {
        let could_run = self.may_run();
        while let Some(row) = self.unwritten.pop(message.row) {
            for told in &row.burst.told {
                self.tail.push(told.clone());
            }
            self.watchers.publish(self.id, row.burst);
            for afterwards in row.afterwards {
                self.finish_afterwards(afterwards);
            }
        }
        if !could_run && self.may_run() {
            self.port.make_room();
        }
        self.settle();
    }
}

impl Handler<SlotAvailable> for Session {
    type Result = ();

    fn handle(&mut self, _: SlotAvailable, actor: &mut Context<Self>) {
        self.offered(actor);
        self.settle();
    }
}

impl Handler<DeadlineDue> for Session {
    type Result = ();

    fn handle(&mut self, _: DeadlineDue, actor: &mut Context<Self>) {
        let now = Instant::now();
        for request in self.overdue(now) {
            self.told_idle = false;
            self.apply(Command::TimeOut(request), actor);
        }
        if self.watchers.is_empty() && self.patience_due.is_some_and(|at| at <= now) {
            self.patience_due = None;
            self.cancel("nobody came back in time".into(), actor);
        }
        self.settle();
    }
}

impl Handler<Park> for Session {
    type Result = ();

    fn handle(&mut self, _: Park, _: &mut Context<Self>) {
        self.told_idle = false;
        let may_be_repeated = self.machine.status().is_waiting() && self.answer_guard.is_active(Instant::now());
        if self.is_idle() && !may_be_repeated {
            self.directory.do_send(Parked { session: self.id });
        } else {
            self.rest();
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
        self.minded.clear();
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
