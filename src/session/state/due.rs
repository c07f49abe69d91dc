//! When something is due for a session though nobody asks. The store and the journal have moments for that; that one of
//! them, [`Timestamp::NEVER`], stands for no moment is known here only.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// When something is due for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not before somebody asks for it.
    Never,
    /// Then.
    At(Timestamp),
    /// As soon as the server has been started again: it was watched, or part of its task worked on.
    AtRestart,
}

impl Due {
    /// When a session is due that has these deadlines and this patience.
    pub(crate) fn soonest(deadlines: impl Iterator<Item = Timestamp>, patience: Option<Patience>) -> Self {
        let until = match patience {
            Some(Patience::Until(until)) => Some(until),
            Some(Patience::Watched) | None => None,
        };
        match deadlines.chain(until).min() {
            Some(at) => Due::At(at),
            None if patience == Some(Patience::Watched) => Due::AtRestart,
            None => Due::Never,
        }
    }

    /// As the store has it.
    pub(crate) fn stored(self) -> Option<Timestamp> {
        match self {
            Due::Never => None,
            Due::At(at) => Some(at),
            Due::AtRestart => Some(Timestamp::NEVER),
        }
    }

    /// What the store has.
    pub(crate) fn read(stored: Option<Timestamp>) -> Self {
        match stored {
            None => Due::Never,
            Some(Timestamp::NEVER) => Due::AtRestart,
            Some(at) => Due::At(at),
        }
    }
}

/// How long a session goes on without connections, where that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// There is one.
    Watched,
    /// There is none, and until then one has to come back.
    Until(Timestamp),
}

impl From<Patience> for Timestamp {
    fn from(patience: Patience) -> Self {
        match patience {
            Patience::Watched => Timestamp::NEVER,
            Patience::Until(until) => until,
        }
    }
}

impl From<Timestamp> for Patience {
    fn from(until: Timestamp) -> Self {
        if until == Timestamp::NEVER { Patience::Watched } else { Patience::Until(until) }
    }
}

/// How long it is until a deadline that was set at `since` or before. A clock that was set back does not make a wait
/// longer than it was meant to be.
pub(crate) fn time_left(deadline: Timestamp, now: Timestamp, since: Timestamp) -> Duration {
    deadline.since(now).min(deadline.since(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_back_from_the_store() {
        let at = Timestamp::from_micros(5);
        for due in [Due::Never, Due::At(at), Due::AtRestart] {
            assert_eq!(Due::read(due.stored()), due);
        }
        for patience in [Patience::Watched, Patience::Until(at)] {
            assert_eq!(Patience::from(Timestamp::from(patience)), patience);
        }
    }

    #[test]
    fn a_deadline_counts_before_a_restart() {
        let [early, late] = [1, 9].map(Timestamp::from_micros);
        let due = |deadlines: &[Timestamp], patience| Due::soonest(deadlines.iter().copied(), patience);
        assert_eq!(due(&[], None), Due::Never);
        assert_eq!(due(&[], Some(Patience::Watched)), Due::AtRestart);
        assert_eq!(due(&[late], Some(Patience::Watched)), Due::At(late));
        assert_eq!(due(&[late], Some(Patience::Until(early))), Due::At(early));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_wait_longer() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(time_left(at(20), at(15), at(10)), Duration::from_secs(5));
        assert_eq!(time_left(at(20), at(2), at(10)), Duration::from_secs(10));
        assert_eq!(time_left(at(20), at(30), at(10)), Duration::ZERO);
    }
}
