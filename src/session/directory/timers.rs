//! Which sessions have to be woken when.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use actix::clock::Instant;

use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
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
    pub(crate) fn take_up(&mut self, pending: &[Pending]) {
        let (now, wall) = (Instant::now(), Timestamp::now());
        for pending in pending {
            match pending.deadline {
                None => {}
                // It had connections when the server went down: its patience begins now.
                Some(Timestamp::NEVER) => self.add(now, pending.id),
                // A clock that was set back does not make the wait longer than it was meant to be.
                Some(deadline) => {
                    let left = deadline.since(wall).min(deadline.since(pending.since));
                    self.add(now + left, pending.id);
                }
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
