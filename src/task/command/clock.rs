//! How long a command may work: a clock that stops while it waits for people.
//!
//! Each attempt has the whole limit, and so has a command that is started again after a restart.

use std::time::Duration;

use tokio::time::Instant;

/// Counts working time down.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// What is left, as of `since` where it runs; without limit where there is none.
    left: Option<Duration>,
    /// Since when it runs.
    since: Option<Instant>,
}

impl Clock {
    /// A clock that runs from `now`.
    pub(super) fn started(limit: Option<Duration>, now: Instant) -> Self {
        Self { left: limit, since: Some(now) }
    }

    pub(super) fn stop(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.left = self.left.map(|left| left.saturating_sub(now.saturating_duration_since(since)));
        }
    }

    pub(super) fn go_on(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// When the time is up; `None` where it stands or there is no limit.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since?.checked_add(self.left?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_waited_does_not_count() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut clock = Clock::started(Some(Duration::from_secs(10)), start);
        assert_eq!(clock.due(), Some(at(10)));
        clock.stop(at(4));
        assert_eq!(clock.due(), None);
        clock.stop(at(5));
        clock.go_on(at(100));
        clock.go_on(at(101));
        assert_eq!(clock.due(), Some(at(106)));
        clock.stop(at(200));
        clock.go_on(at(300));
        assert_eq!(clock.due(), Some(at(300)));
    }

    #[test]
    fn without_a_limit_it_is_never_due() {
        assert_eq!(Clock::started(None, Instant::now()).due(), None);
        assert_eq!(Clock::started(Some(Duration::MAX), Instant::now()).due(), None);
    }
}
