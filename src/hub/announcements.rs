//! How often it is published that connections come and go: everybody who subscribed to all events gets each, so a storm of
//! newcomers would cost its square.

use std::cell::Cell;
use std::time::Duration;

use actix::clock::Instant;

/// How many comings and goings one worker publishes in a second.
const MOST: u32 = 100;

const SECOND: Duration = Duration::from_secs(1);

/// How many were published in the present second.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    begun: Cell<Option<Instant>>,
    published: Cell<u32>,
}

impl Announcements {
    /// Whether one more may be published at this moment; counts it.
    pub(super) fn take(&self, now: Instant) -> bool {
        if self.begun.get().is_none_or(|begun| now.saturating_duration_since(begun) >= SECOND) {
            self.begun.set(Some(now));
            self.published.set(0);
        }
        self.published.set(self.published.get().saturating_add(1));
        self.published.get() <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_each_second_so_many_are_published() {
        let (announcements, begin) = (Announcements::default(), Instant::now());
        let published =
            |after: u64| (0..500).filter(|_| announcements.take(begin + Duration::from_millis(after))).count();
        assert_eq!(
            (published(0), published(999), published(1000), published(1500), published(5000)),
            (100, 0, 100, 0, 100)
        );
    }
}
