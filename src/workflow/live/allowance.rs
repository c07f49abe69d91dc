//! How often something may be told: so many times within any second, at once while there is room.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// How often something may be told.
#[derive(Clone, Debug)]
pub struct Allowance {
    most: usize,
    /// When it was told, at most `most` times back; moments since a beginning that does not change.
    told: VecDeque<Duration>,
}

impl Allowance {
    /// So many times within any second, at least once.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX).max(1), told: VecDeque::new() }
    }

    /// It is told now; gives when it may be told again, not before `gap` has passed.
    pub fn tell(&mut self, now: Duration, gap: Duration) -> Duration {
        self.told.push_back(now);
        if self.told.len() > self.most {
            self.told.pop_front();
        }
        let is_full = self.told.len() == self.most;
        let room = self.told.front().filter(|_| is_full).map_or(now, |first| *first + SECOND);
        room.max(now + gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_few_come_at_once_and_the_next_waits_until_the_first_is_a_second_old() {
        let mut allowance = Allowance::new(3);
        let ms = Duration::from_millis;
        let next: Vec<Duration> = [0, 10, 20, 1000].map(|now| allowance.tell(ms(now), ms(1))).into();
        assert_eq!(next, [ms(1), ms(11), ms(1000), ms(1010)]);
    }

    proptest! {
        #[test]
        fn never_more_than_allowed_within_a_second(gaps in prop::collection::vec(0..300u64, 1..200), most in 1..9u32) {
            let mut allowance = Allowance::new(most);
            let (mut now, mut may, mut told) = (Duration::ZERO, Duration::ZERO, Vec::new());
            for gap in gaps {
                now = (now + Duration::from_millis(gap)).max(may);
                may = allowance.tell(now, Duration::ZERO);
                told.push(now);
            }
            for (at, from) in told.iter().enumerate() {
                let within = told[at..].iter().filter(|other| **other < *from + SECOND).count();
                prop_assert!(within <= most as usize);
            }
        }
    }
}
