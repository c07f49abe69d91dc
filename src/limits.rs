//! How often something may be done: a token bucket, without a clock of its own, and a limit for log lines.

use std::cell::Cell;
use std::time::Duration;

use actix::clock::Instant;

/// How often somebody may do something: so many times at once, and then at a steady rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub(crate) fn new(per_second: f64, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst);
        Self { per_second, burst, tokens: burst, at: now }
    }

    /// Whether it may be done once more now.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        allowed
    }
}

/// Lets a log line through now and then, and counts those that it holds back. Lives on one thread.
#[derive(Debug)]
pub(crate) struct LogLimit {
    bucket: Cell<TokenBucket>,
    held_back: Cell<u64>,
}

impl LogLimit {
    /// One line in this time.
    #[must_use]
    pub(crate) fn a_line_in(time: Duration) -> Self {
        Self::new(1.0 / time.as_secs_f64(), 1)
    }

    /// So many lines at once, and so many a second.
    #[must_use]
    pub(crate) fn new(per_second: f64, burst: u32) -> Self {
        Self { bucket: Cell::new(TokenBucket::new(per_second, burst, Instant::now())), held_back: Cell::new(0) }
    }

    /// Whether a line may be written now, and how many were held back before it.
    pub(crate) fn take(&self) -> Option<u64> {
        let mut bucket = self.bucket.get();
        let allowed = bucket.take(Instant::now());
        self.bucket.set(bucket);
        if allowed {
            return Some(self.held_back.take());
        }
        self.held_back.set(self.held_back.get() + 1);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate_counts() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(2.0, 3, start);
        let taken: Vec<bool> = [0, 0, 0, 0, 499, 500, 500, 900, 1100, 9000, 9000, 9000, 9000]
            .into_iter()
            .map(|ms| bucket.take(start + Duration::from_millis(ms)))
            .collect();
        assert_eq!(taken, [true, true, true, false, false, true, false, false, true, true, true, true, false]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate(gaps in prop::collection::vec(0..400u64, 1..200)) {
            let start = Instant::now();
            let mut now = start;
            let mut bucket = TokenBucket::new(5.0, 4, start);
            let mut taken = 0.0;
            for gap in gaps {
                now += Duration::from_millis(gap);
                taken += f64::from(u8::from(bucket.take(now)));
                prop_assert!(taken <= 4.0 + 5.0 * (now - start).as_secs_f64() + 1e-6);
            }
        }
    }
}
