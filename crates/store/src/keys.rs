//! Session keys: they rise with time, so that the journal grows at its end, and no two workers make the same one.

use std::sync::atomic::{AtomicI64, Ordering};

use super::SessionKey;
use callboard_domain::time::Timestamp;

/// The bits that name the worker; the microseconds stand above them.
const WORKER_BITS: u32 = 6;

/// Most workers that can make keys.
pub(super) const MAX_WORKERS: usize = 1 << WORKER_BITS;

/// The last key of each worker.
///
/// Atomics rather than a plain number, because the handle is shared between threads and this is the only thing in it
/// that changes. Each worker uses its own, so there is no contention.
pub(super) struct Keys {
    last: Box<[AtomicI64]>,
}

impl Keys {
    /// Keys for that many workers (at least one), all above `largest`.
    pub(super) fn new(workers: usize, largest: Option<SessionKey>) -> Self {
        let tick = largest.map_or(0, |key| key.0 >> WORKER_BITS);
        Self { last: (0..workers.clamp(1, MAX_WORKERS)).map(|_| AtomicI64::new(tick)).collect() }
    }

    /// The next key of `worker` now; by the wall clock, unless that went back.
    pub(super) fn next(&self, worker: usize, now: Timestamp) -> SessionKey {
        let slot = worker.checked_rem(self.last.len()).unwrap_or(0);
        let after = |last: i64| last.saturating_add(1).max(now.as_micros());
        let tick = match self.last.get(slot) {
            Some(last) => match last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last))) {
                Ok(last) | Err(last) => after(last),
            },
            None => now.as_micros(),
        };
        SessionKey((tick << WORKER_BITS) | i64::try_from(slot).unwrap_or(0))
    }
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
        ) {
            let keys = Keys::new(4, largest.map(SessionKey));
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
    fn a_key_follows_the_clock_across_workers() {
        let keys = Keys::new(2, None);
        let early = keys.next(1, Timestamp::from_micros(1_700_000_000_000_000));
        let late = keys.next(0, Timestamp::from_micros(1_700_000_000_000_001));
        assert!(early < late);
    }
}
