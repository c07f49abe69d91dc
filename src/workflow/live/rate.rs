//! How many iterations a second there were, over about the last second.

use std::time::Duration;

/// How long is counted before the number is made anew.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts iterations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// When the present window began, as a time since some moment.
    began: Duration,
    count: u64,
    last: f64,
}

impl Rate {
    /// So many more iterations have ended by `now`, the time since a moment that is always the same.
    pub(crate) fn add(&mut self, count: u64, now: Duration) {
        self.roll(now);
        self.count += count;
    }

    /// Iterations a second, as of `now`.
    pub(crate) fn at(&mut self, now: Duration) -> f64 {
        self.roll(now);
        let passed = now.saturating_sub(self.began);
        // Until a first window is full, what it has so far is the best there is.
        if self.last == 0.0 && !passed.is_zero() {
            self.count as f64 / passed.max(WINDOW / 10).as_secs_f64()
        } else {
            self.last
        }
    }

    fn roll(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.began);
        if passed < WINDOW {
            return;
        }
        // After a pause nothing is known of the time before it.
        self.last = if passed < 2 * WINDOW { self.count as f64 / passed.as_secs_f64() } else { 0.0 };
        self.began = now;
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_last_second_had() {
        let mut rate = Rate::default();
        let mut at = Duration::ZERO;
        for _ in 0..250 {
            at += Duration::from_millis(10);
            rate.add(1, at);
        }
        assert!((rate.at(at) - 100.0).abs() < 2.0, "{}", rate.at(at));
        assert_eq!(rate.at(at + Duration::from_secs(10)), 0.0);
    }
}
