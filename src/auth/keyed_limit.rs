//! How often each of many may do something.

use std::hash::Hash;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// How often each of many may do something: each has a bucket of its own.
#[derive(Debug)]
pub(super) struct KeyedLimit<K: Hash + Eq + Clone> {
    buckets: RateLimiter<K, DashMapStateStore<K>, DefaultClock>,
    /// From so many on, those are forgotten who have done nothing for a while.
    many: usize,
}

impl<K: Hash + Eq + Clone> KeyedLimit<K> {
    /// So much for each.
    #[must_use]
    pub(super) fn new(quota: Quota, many: usize) -> Self {
        Self { buckets: RateLimiter::dashmap(quota), many }
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(super) fn take(&self, key: &K) -> Result<(), Duration> {
        if self.buckets.len() > self.many {
            self.buckets.retain_recent();
        }
        self.buckets.check_key(key).map_err(|wait| wait.wait_time_from(DefaultClock::default().now()))
    }
}
