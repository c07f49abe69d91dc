//! Who has died, as somebody sees it who looks at the members' beats: by its own clock alone, and only while it sees, and
//! sees that the engine takes beats.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::Fence;

/// How often a member shows that it lives.
pub(super) const BEAT_EVERY: Duration = Duration::from_millis(250);

/// A member whose beat stands still for that long is dead.
const DEAD_AFTER: Duration = Duration::from_millis(1500);

/// For so long after a beat was sent, nobody takes its member for dead: a little less, as clocks do not run alike.
pub(super) const SAFE_FOR: Duration = Duration::from_millis(1400);

/// A member whose beat stands still for that long may be dead.
pub(super) const SUSPECTED_AFTER: Duration = Duration::from_millis(750);

/// Longer between two looks, or without a beat of its own, and the observer has not seen what happened: an outage of the engine
/// must bury nobody.
const BLIND_AFTER: Duration = Duration::from_millis(750);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Observer {
    seen: HashMap<Fence, Sighting>,
    last_look: Option<Instant>,
}

/// Since when a member's beat is the same.
#[derive(Debug)]
struct Sighting {
    beat: u64,
    since: Instant,
}

/// What a look at the members has shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Who has died, with the beat that it died at.
    pub(super) dead: Vec<(Fence, u64)>,
    /// Whose beat has changed since the look before.
    pub(super) alive: Vec<Fence>,
}

impl Observer {
    /// Takes in the beats of all members as they are at this moment; `me` is the observer, where it is one of them.
    pub(super) fn look(&mut self, at: Instant, beats: &[(Fence, u64)], me: Option<Fence>) -> Seen {
        let own = me.and_then(|me| beats.iter().find(|(fence, _)| *fence == me));
        let stands_still = own.and_then(|(me, beat)| self.seen.get(me).filter(|sighting| sighting.beat == *beat));
        let was_blind = self.last_look.is_none_or(|last| at.duration_since(last) > BLIND_AFTER)
            || stands_still.is_some_and(|sighting| at.duration_since(sighting.since) > BLIND_AFTER);
        self.last_look = Some(at);
        self.seen.retain(|fence, _| beats.iter().any(|(other, _)| other == fence));
        let mut seen = Seen::default();
        for (fence, beat) in beats {
            let sighting = self.seen.entry(*fence).or_insert(Sighting { beat: *beat, since: at });
            if sighting.beat != *beat {
                *sighting = Sighting { beat: *beat, since: at };
                seen.alive.push(*fence);
            } else if was_blind {
                sighting.since = at;
            } else if at.duration_since(sighting.since) >= DEAD_AFTER {
                seen.dead.push((*fence, *beat));
            }
        }
        seen
    }

    /// For how long a member's beat has been the same.
    pub(super) fn age(&self, member: Fence, now: Instant) -> Duration {
        self.seen.get(&member).map_or(Duration::ZERO, |sighting| now.saturating_duration_since(sighting.since))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOOK_EVERY: Duration = Duration::from_millis(100);

    #[test]
    fn a_member_that_stands_still_is_dead_after_a_second_and_a_half() {
        let (begin, fence) = (Instant::now(), Fence::random());
        let mut observer = Observer::default();
        let looks = (0..30).map(|count| begin + LOOK_EVERY * count);
        let died = looks.map(|at| (at, observer.look(at, &[(fence, 7)], None))).find(|(_, seen)| !seen.dead.is_empty());
        let (at, seen) = died.unwrap();
        assert_eq!((at - begin, seen.dead), (DEAD_AFTER, vec![(fence, 7)]));
    }

    #[test]
    fn who_was_blind_begins_anew() {
        let (begin, fence) = (Instant::now(), Fence::random());
        let mut observer = Observer::default();
        for count in 0..14 {
            assert_eq!(observer.look(begin + LOOK_EVERY * count, &[(fence, 1)], None), Seen::default());
        }
        let back = begin + Duration::from_secs(60);
        for count in 0..14 {
            assert_eq!(observer.look(back + LOOK_EVERY * count, &[(fence, 1)], None), Seen::default());
        }
        assert_eq!(observer.look(back + DEAD_AFTER, &[(fence, 1)], None).dead, [(fence, 1)]);
    }

    #[test]
    fn who_is_gone_and_comes_back_is_not_held_to_what_was_before() {
        let (begin, fence) = (Instant::now(), Fence::random());
        let mut observer = Observer::default();
        for count in 0..30 {
            let beats: &[_] = if count == 14 { &[] } else { &[(fence, 1)] };
            assert_eq!(observer.look(begin + LOOK_EVERY * count, beats, None), Seen::default(), "{count}");
        }
    }

    #[test]
    fn an_engine_that_takes_no_beats_of_anybody_buries_nobody() {
        let (begin, me, other) = (Instant::now(), Fence::random(), Fence::random());
        let mut observer = Observer::default();
        for count in 0..60 {
            let seen = observer.look(begin + LOOK_EVERY * count, &[(me, 1), (other, 1)], Some(me));
            assert_eq!(seen, Seen::default(), "{count}");
        }
        // It takes them again: who does not beat then is dead.
        let back = begin + LOOK_EVERY * 60;
        let looks = (0..30).map(|count| (LOOK_EVERY * count, 2 + u64::from(count)));
        let died = looks.map(|(after, beat)| (after, observer.look(back + after, &[(me, beat), (other, 1)], Some(me))));
        let (after, seen) = died.into_iter().find(|(_, seen)| !seen.dead.is_empty()).unwrap();
        assert_eq!(seen.dead, [(other, 1)]);
        assert!(after > DEAD_AFTER - BLIND_AFTER && after <= DEAD_AFTER, "{after:?}");
    }

    proptest! {
        #[test]
        fn nobody_is_buried_who_beats_in_time_and_nobody_while_it_is_not_seen(
            steps in proptest::collection::vec((1_u64..1000, proptest::collection::vec(any::<bool>(), 3)), 1..80),
        ) {
            let fences: Vec<_> = (0..3).map(|_| Fence::random()).collect();
            let begin = Instant::now();
            let mut at = begin;
            let mut observer = Observer::default();
            let mut beats = [0_u64; 3];
            // When each was last seen to beat, or when seeing began.
            let mut last = [begin; 3];
            let mut seeing_since = begin;
            for (count, (pause, beating)) in steps.into_iter().enumerate() {
                let pause = Duration::from_millis(pause);
                at += pause;
                if count == 0 || pause > BLIND_AFTER {
                    seeing_since = at;
                }
                for (index, beats_now) in beating.into_iter().enumerate() {
                    if beats_now && count > 0 {
                        beats[index] += 1;
                        last[index] = at;
                    }
                }
                let now: Vec<_> = fences.iter().copied().zip(beats).collect();
                let seen = observer.look(at, &now, None);
                for (index, fence) in fences.iter().enumerate() {
                    let still = at - last[index].max(seeing_since);
                    let is_dead = seen.dead.iter().any(|(dead, _)| dead == fence);
                    prop_assert_eq!(is_dead, still >= DEAD_AFTER, "{} still for {:?}", index, still);
                }
            }
        }
    }
}
