//! Session keys: they rise with time, so that the journal grows at its end, and no two workers make the same one, of one
//! writer or of several.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use super::SessionKey;
use callboard_domain::time::Timestamp;

/// The bits that name the worker.
const WORKER_BITS: u32 = 6;

/// The bits above them, which name the writer's lane; the microseconds stand above both, until the year 2255.
const LANE_BITS: u32 = 4;

/// Where the microseconds begin.
const TICK_SHIFT: u32 = WORKER_BITS + LANE_BITS;

/// Most workers that can make keys.
pub(super) const MAX_WORKERS: usize = 1 << WORKER_BITS;

/// What sets the keys of writers apart that use one engine at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lane(u8);

impl Lane {
    /// The lane of the `count`-th writer; as many as there are lanes can write at once.
    pub(super) fn of(count: u64) -> Self {
        Self(u8::try_from(count % (1 << LANE_BITS)).unwrap_or(0))
    }

    /// Its number.
    pub(super) fn number(self) -> u8 {
        self.0
    }
}

/// The last key of each worker.
///
/// Atomics rather than a plain number, because the handle is shared between threads and this is the only thing in it
/// that changes. Each worker uses its own, so there is no contention.
pub(super) struct Keys {
    last: Box<[AtomicI64]>,
    lane: AtomicU8,
}

impl Keys {
    /// Keys for that many workers (at least one), all above `largest`.
    pub(super) fn new(workers: usize, lane: Lane, largest: Option<SessionKey>) -> Self {
        let tick = largest.map_or(0, |key| key.0 >> TICK_SHIFT);
        Self {
            last: (0..workers.clamp(1, MAX_WORKERS)).map(|_| AtomicI64::new(tick)).collect(),
            lane: AtomicU8::new(lane.0),
        }
    }

    /// Makes keys of another lane from now on.
    pub(super) fn change_lane(&self, lane: Lane) {
        self.lane.store(lane.0, Ordering::Relaxed);
    }

    /// The next key of `worker` now; by the wall clock, unless that went back.
    pub(super) fn next(&self, worker: usize, now: Timestamp) -> SessionKey {
        let worker = worker.checked_rem(self.last.len()).unwrap_or(0);
        let after = |last: i64| last.saturating_add(1).max(now.as_micros());
        let tick = match self.last.get(worker) {
            Some(last) => match last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last))) {
                Ok(last) | Err(last) => after(last),
            },
            None => now.as_micros(),
        };
        let lane = i64::from(self.lane.load(Ordering::Relaxed)) << WORKER_BITS;
        SessionKey((tick << TICK_SHIFT) | lane | i64::try_from(worker).unwrap_or(0))
    }
}

/// The first key of a moment.
pub(super) fn at(moment: Timestamp) -> SessionKey {
    SessionKey(moment.as_micros().saturating_mul(1 << TICK_SHIFT))
}

/// The worker that made a key, among `workers`.
pub(super) fn worker_of(key: SessionKey, workers: usize) -> usize {
    let worker = key.0 & ((1 << WORKER_BITS) - 1);
    usize::try_from(worker).unwrap_or(0).checked_rem(workers).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_rise_on_each_worker_and_differ_between_workers_whatever_the_clock_does(
            largest in proptest::option::of(0_i64..1 << 57),
            asked in proptest::collection::vec((0_usize..4, 0_i64..1 << 50), 1..200),
            lane in 0_u64..20,
        ) {
            let keys = Keys::new(4, Lane::of(lane), largest.map(SessionKey));
            let mut seen = Vec::<(usize, SessionKey)>::new();
            for (worker, clock) in asked {
                let key = keys.next(worker, Timestamp::from_micros(clock));
                prop_assert!(largest.is_none_or(|largest| key.0 > largest));
                prop_assert!(seen.iter().filter(|(of, _)| *of == worker).all(|(_, before)| *before < key));
                prop_assert!(seen.iter().all(|(_, before)| *before != key));
                prop_assert_eq!(worker_of(key, 4), worker);
                seen.push((worker, key));
            }
        }
    }

    #[test]
    fn writers_of_different_lanes_make_different_keys_at_one_moment() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let keys: Vec<_> = (0..16).map(|lane| Keys::new(64, Lane::of(lane), None)).collect();
        let mut made: Vec<_> = keys.iter().flat_map(|keys| (0..64).map(|worker| keys.next(worker, now))).collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 16 * 64);
    }

    #[test]
    fn a_key_follows_the_clock_across_workers() {
        let keys = Keys::new(2, Lane::default(), None);
        let early = keys.next(1, Timestamp::from_micros(1_700_000_000_000_000));
        let late = keys.next(0, Timestamp::from_micros(1_700_000_000_000_001));
        assert!(early < late);
    }
}
