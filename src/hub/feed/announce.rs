//! How often it is told that connections come and go: everybody who listens to all events hears of each, so a storm of
//! newcomers would cost its square.

use std::cell::Cell;
use std::time::Duration;

use actix::clock::Instant;

/// How many comings and goings one worker tells of in a second.
const MOST: u32 = 100;

const SECOND: Duration = Duration::from_secs(1);

/// How many were told of in the present second.
#[derive(Debug, Default)]
pub(in crate::hub) struct Announcements {
    begun: Cell<Option<Instant>>,
    told: Cell<u32>,
}

impl Announcements {
    /// Whether one more may be told of at this moment; counts it.
    pub(in crate::hub) fn take(&self, now: Instant) -> bool {
        if self.begun.get().is_none_or(|begun| now.saturating_duration_since(begun) >= SECOND) {
            self.begun.set(Some(now));
            self.told.set(0);
        }
        self.told.set(self.told.get().saturating_add(1));
        self.told.get() <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_each_second_so_many_are_told_of() {
        let (announcements, begin) = (Announcements::default(), Instant::now());
        let told = |after: u64| (0..500).filter(|_| announcements.take(begin + Duration::from_millis(after))).count();
        assert_eq!((told(0), told(999), told(1000), told(1500), told(5000)), (100, 0, 100, 0, 100));
    }
}
