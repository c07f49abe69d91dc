//! The gate before an endpoint: how many calls at once, how many a minute, and none while it wants to be left alone.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::retry::jitter;
use crate::settings::Settings;

/// The gate of one endpoint, shared by all who call it.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    rate: Option<DefaultDirectRateLimiter>,
    /// Until when nobody may call, since the server said so.
    closed_until: watch::Sender<Instant>,
}

impl Gate {
    pub(crate) fn new(settings: &Settings) -> Self {
        let per_minute = NonZeroU32::new(settings.requests_per_minute);
        Self {
            places: Arc::new(Semaphore::new(settings.max_concurrent)),
            rate: per_minute.map(|count| RateLimiter::direct(Quota::per_minute(count))),
            closed_until: watch::Sender::new(Instant::now()),
        }
    }

    /// Waits until one may call. `waits` is told of each wait that a limit causes.
    ///
    /// The place is given back when it is dropped.
    pub(crate) async fn enter(&self, mut waits: impl FnMut(Duration)) -> Option<OwnedSemaphorePermit> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                waits(Duration::ZERO);
                // It is never closed.
                Arc::clone(&self.places).acquire_owned().await.ok()?
            }
        };
        loop {
            self.until_open(&mut waits).await;
            let Some(rate) = &self.rate else { return Some(place) };
            match rate.check() {
                Ok(()) => return Some(place),
                Err(later) => {
                    let wait = later.wait_time_from(DefaultClock::default().now());
                    waits(wait);
                    sleep(wait).await;
                }
            }
        }
    }

    /// Waits until the server may be called again, and a little longer: everybody else waits for the same moment.
    async fn until_open(&self, waits: &mut impl FnMut(Duration)) {
        loop {
            let until = *self.closed_until.borrow();
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return;
            };
            let more = jitter(left);
            waits(left + more);
            sleep_until(until + more).await;
        }
    }

    /// Lets nobody in for so long.
    pub(crate) fn close(&self, pause: Duration) {
        let until = Instant::now() + pause;
        self.closed_until.send_if_modified(|closed| {
            let later = *closed < until;
            *closed = (*closed).max(until);
            later
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(max_concurrent: usize, requests_per_minute: u32) -> Gate {
        Gate::new(&Settings { max_concurrent, requests_per_minute, ..Settings::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_inside_than_may() {
        let gate = gate(2, 0);
        let first = gate.enter(|_| panic!("there is room")).await;
        let _second = gate.enter(|_| panic!("there is room")).await;
        let mut waited = 0;
        let mut third = Box::pin(gate.enter(|_| waited += 1));
        assert!(tokio::time::timeout(Duration::from_secs(60), &mut third).await.is_err());
        drop(first);
        assert!(third.await.is_some());
        assert_eq!(waited, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_opens_for_all_but_not_at_once() {
        let gate = Arc::new(gate(100, 0));
        gate.close(Duration::from_secs(10));
        gate.close(Duration::from_secs(5));
        let began = Instant::now();
        let mut entering = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let gate = Arc::clone(&gate);
            entering.spawn(async move {
                let _place = gate.enter(|_| {}).await;
                Instant::now()
            });
        }
        let times: Vec<Instant> = entering.join_all().await;
        assert!(times.iter().all(|at| *at >= began + Duration::from_secs(10)));
        let distinct: std::collections::BTreeSet<_> = times.iter().collect();
        assert!(distinct.len() > 25, "{}", distinct.len());
    }
}
