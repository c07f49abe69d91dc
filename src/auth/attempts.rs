//! How often somebody may try to log in.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// So many times as often may be tried for one name as from one address: else whoever wants to could lock somebody out.
const NAMES_TO_ADDRESSES: u32 = 5;
/// From so many on, those are forgotten who have not tried for a while.
const MANY: usize = 10_000;

/// How often somebody may try to log in.
#[derive(Debug)]
pub(crate) struct Attempts {
    addresses: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>,
    names: RateLimiter<String, DashMapStateStore<String>, DefaultClock>,
}

impl Attempts {
    /// So many times a minute from one address.
    #[must_use]
    pub(crate) fn new(per_minute: u32) -> Self {
        let quota = |times: u32| Quota::per_minute(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN));
        Self {
            addresses: RateLimiter::dashmap(quota(per_minute)),
            names: RateLimiter::dashmap(quota(per_minute.saturating_mul(NAMES_TO_ADDRESSES))),
        }
    }

    /// Takes one attempt.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(crate) fn take(&self, address: Option<IpAddr>, name: &str) -> Result<(), Duration> {
        if self.addresses.len() > MANY {
            self.addresses.retain_recent();
        }
        if self.names.len() > MANY {
            self.names.retain_recent();
        }
        let now = DefaultClock::default().now();
        let of_address = address.map_or(Ok(()), |address| self.addresses.check_key(&network(address)));
        let of_name = of_address.and_then(|()| self.names.check_key(&name.to_lowercase()));
        of_name.map_err(|wait| wait.wait_time_from(now))
    }
}

/// What counts as one address: of IPv6, everybody has a whole network.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_some_attempts_one_has_to_wait() {
        let attempts = Attempts::new(2);
        let from = |address: &str, name: &str| attempts.take(address.parse().ok(), name);
        assert_eq!((from("192.0.2.1", "a"), from("192.0.2.1", "b")), (Ok(()), Ok(())));
        assert!(from("192.0.2.1", "c").unwrap_err() <= Duration::from_secs(30));
        assert_eq!((from("2001:db8::1", "a"), from("2001:db8::2", "a")), (Ok(()), Ok(())));
        assert!(from("2001:db8::3", "a").is_err(), "one network is one address");
        let tries = (0..20).filter(|at| from(&format!("198.51.100.{at}"), "ADA").is_ok()).count();
        assert_eq!(tries, 10, "a name has a limit of its own");
    }
}
