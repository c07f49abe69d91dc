//! How often something may be sent: so many times within any second, the first ones at once, and then evenly.

use std::time::Duration;

/// How often something may be sent: a bucket of half as many as are allowed, which the other half fills in a second.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    most: f64,
    per_second: f64,
    left: f64,
    at: Duration,
}

impl Allowance {
    /// So many times within any second, at least once.
    #[must_use]
    pub(crate) fn new(most: u32) -> Self {
        let most = most.max(1);
        let at_once = f64::from(most.div_ceil(2));
        let per_second = (f64::from(most) - at_once).max(0.5);
        Self { most: at_once, per_second, left: at_once, at: Duration::ZERO }
    }

    /// It is sent now, a moment since a beginning that does not change; gives when it may be sent again, not before
    /// `gap` has passed.
    pub(crate) fn send(&mut self, now: Duration, gap: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.left = (self.left + passed * self.per_second).min(self.most) - 1.0;
        let lacks = (1.0 - self.left).max(0.0) / self.per_second;
        // A moment too late rather than one too early, whatever was rounded.
        let wait = if lacks > 0.0 { Duration::from_secs_f64(lacks) + Duration::from_micros(1) } else { Duration::ZERO };
        now + wait.max(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_few_come_at_once_and_the_next_ones_evenly() {
        let mut allowance = Allowance::new(4);
        let ms = |at: Duration| at.as_millis();
        assert_eq!(ms(allowance.send(Duration::ZERO, Duration::ZERO)), 0);
        let next = allowance.send(Duration::ZERO, Duration::ZERO);
        assert_eq!(ms(next), 500);
        let next = allowance.send(next, Duration::ZERO);
        assert_eq!(ms(next), 1000);
        assert_eq!(ms(allowance.send(Duration::from_secs(9), Duration::from_millis(7))), 9007);
    }

    proptest! {
        #[test]
        fn never_more_than_allowed_within_a_second(gaps in prop::collection::vec(0..300u64, 1..200), most in 1..9u32) {
            let mut allowance = Allowance::new(most);
            let (mut now, mut may, mut sent) = (Duration::ZERO, Duration::ZERO, Vec::new());
            for gap in gaps {
                now = (now + Duration::from_millis(gap)).max(may);
                may = allowance.send(now, Duration::ZERO);
                sent.push(now);
            }
            for (at, from) in sent.iter().enumerate() {
                let within = sent[at..].iter().filter(|other| **other < *from + Duration::from_secs(1)).count();
                prop_assert!(within <= most as usize);
            }
        }
    }
}
