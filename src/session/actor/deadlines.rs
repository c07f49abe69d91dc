//! When something is due for a session: the time-outs of its questions, and the end of its patience without connections.

use std::time::Duration;

use actix::clock::Instant;
use actix::{Context, Handler};

use crate::domain::id::RequestId;
use crate::domain::record::Internal;
use crate::domain::status::OnDisconnect;
use crate::domain::time::Timestamp;
use crate::session::actor::Session;
use crate::session::protocol::{DeadlineDue, SetTimer};
use crate::session::state::{Command, Due, NewLine, Patience, time_left};

impl Session {
    /// The questions whose time has run out.
    fn overdue(&self, now: Instant) -> Vec<RequestId> {
        let open = self.state.open().iter().map(|request| request.id);
        open.filter(|id| self.question_timers.get(id).is_some_and(|at| *at <= now)).collect()
    }

    /// Sets timers for the questions that have a time limit and no timer.
    pub(crate) fn set_timers(&mut self) {
        let now = Timestamp::now();
        let since = self.state.row().since;
        for request in self.state.open() {
            let Some(deadline) = request.deadline else { continue };
            if self.question_timers.contains_key(&request.id) {
                continue;
            }
            let at = Instant::now() + time_left(deadline, now, since);
            self.question_timers.insert(request.id, at);
            self.directory.do_send(SetTimer { session: self.id, at });
        }
    }

    /// Takes the patience up again that the journal has: nobody is connected after a restart.
    pub(crate) fn restore_patience(&mut self) {
        if self.state.due() == Due::AtRestart {
            self.lose_patience();
            return;
        }
        let limit = self.patience().unwrap_or_default();
        match self.state.patience() {
            Some(Patience::Until(until)) => self.expect_back(until.since(Timestamp::now()).min(limit)),
            Some(Patience::Watched) => self.expect_back(limit),
            None => {}
        }
    }

    /// How long it goes on without connections; for ever where there is no limit.
    fn patience(&self) -> Option<Duration> {
        match self.spec.on_disconnect {
            OnDisconnect::Keep => None,
            OnDisconnect::CancelAfter(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        }
    }

    /// Whether only sockets of its kind count as watching it.
    pub(crate) fn counts_own_sockets_only(&self) -> bool {
        self.environment.kinds.get(&self.spec.task).is_some_and(|kind| kind.counts_own_sockets_only())
    }

    /// The last connection has gone.
    pub(crate) fn lose_patience(&mut self) {
        let Some(limit) = self.patience() else { return };
        if self.state.status().is_terminal() {
            return;
        }
        self.watch(Patience::Until(Timestamp::now().plus(limit)));
        self.expect_back(limit);
    }

    /// Somebody is there.
    pub(crate) fn regain_patience(&mut self) {
        if self.patience().is_some() && !self.state.status().is_terminal() {
            self.patience_due = None;
            self.watch(Patience::Watched);
        }
    }

    fn watch(&mut self, patience: Patience) {
        let now = self.now();
        self.write(&NewLine::Record(Internal::Patience { until: patience.into() }, None), now);
    }

    fn expect_back(&mut self, within: Duration) {
        let at = Instant::now() + within;
        self.patience_due = Some(at);
        self.directory.do_send(SetTimer { session: self.id, at });
    }
}

impl Handler<DeadlineDue> for Session {
    type Result = ();

    fn handle(&mut self, _: DeadlineDue, actor: &mut Context<Self>) {
        let now = Instant::now();
        for request in self.overdue(now) {
            self.idle_reported = false;
            self.apply(Command::TimeOut(request), actor);
        }
        if !self.watchers.are_counted() && self.patience_due.is_some_and(|at| at <= now) {
            self.patience_due = None;
            self.cancel("nobody came back in time".into(), actor);
        }
        self.settle();
    }
}
