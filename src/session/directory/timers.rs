//! Which sessions have to be woken when.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use actix::clock::Instant;
use actix::{AsyncContext, Context, Handler};

use super::Directory;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::session::protocol::{DeadlineDue, SetTimer};
use crate::session::state::{Due, time_left};
use crate::store::Pending;

/// Which sessions have to be woken when, by the clock that does not jump.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, SessionId)>>,
    /// When the next alarm rings that somebody has set.
    alarm: Option<Instant>,
}

impl Timers {
    pub(crate) fn add(&mut self, at: Instant, session: SessionId) {
        self.heap.push(Reverse((at, session)));
    }

    /// Takes over the deadlines of sessions that are not in memory.
    pub(crate) fn resume(&mut self, pending: &[Pending]) {
        let (now, wall) = (Instant::now(), Timestamp::now());
        for pending in pending {
            match Due::read(pending.deadline) {
                Due::Never => {}
                Due::AtRestart => self.add(now, pending.id),
                Due::At(deadline) => self.add(now + time_left(deadline, wall, pending.since), pending.id),
            }
        }
    }

    /// Takes out the sessions whose moment has come.
    pub(crate) fn due(&mut self, now: Instant) -> BTreeSet<SessionId> {
        let mut due = BTreeSet::new();
        while let Some(Reverse((at, session))) = self.heap.peek().copied()
            && at <= now
        {
            self.heap.pop();
            due.insert(session);
        }
        due
    }

    /// When to set an alarm for, if none is set that rings soon enough.
    pub(crate) fn next_alarm(&mut self, now: Instant) -> Option<Instant> {
        let Reverse((next, _)) = self.heap.peek().copied()?;
        let rings_before = self.alarm.is_some_and(|alarm| alarm > now && alarm <= next);
        if rings_before {
            return None;
        }
        self.alarm = Some(next);
        Some(next)
    }
}

impl Directory {
    fn send_due(&mut self, actor: &mut Context<Self>) {
        for id in self.timers.due(Instant::now()) {
            // What is due for another server's session, that one knows.
            if self.may_have(id) {
                self.deliver(id, DeadlineDue, actor);
            }
        }
        self.set_alarm(actor);
    }

    pub(crate) fn set_alarm(&mut self, actor: &mut Context<Self>) {
        let now = Instant::now();
        if let Some(at) = self.timers.next_alarm(now) {
            actor.run_later(at.saturating_duration_since(now), |directory, actor| directory.send_due(actor));
        }
    }
}

impl Handler<SetTimer> for Directory {
    type Result = ();

    fn handle(&mut self, message: SetTimer, actor: &mut Context<Self>) {
        self.timers.add(message.at, message.session);
        self.set_alarm(actor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sessions_come_out_at_their_moment_and_once() {
        let now = Instant::now();
        let (a, b) = (SessionId::random(), SessionId::random());
        let mut timers = Timers::default();
        timers.add(now + Duration::from_secs(2), b);
        timers.add(now, a);
        timers.add(now, a);
        assert_eq!(timers.due(now).into_iter().collect::<Vec<_>>(), [a]);
        assert!(timers.due(now + Duration::from_secs(1)).is_empty());
        assert!(timers.due(now + Duration::from_secs(3)).contains(&b));
    }

    #[test]
    fn one_alarm_is_enough_until_an_earlier_one_is_needed() {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.add(now + Duration::from_secs(5), SessionId::random());
        assert_eq!(timers.next_alarm(now), Some(now + Duration::from_secs(5)));
        timers.add(now + Duration::from_secs(9), SessionId::random());
        assert_eq!(timers.next_alarm(now), None);
        timers.add(now + Duration::from_secs(1), SessionId::random());
        assert_eq!(timers.next_alarm(now), Some(now + Duration::from_secs(1)));
    }
}
