//! How often somebody may try to log in.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;

use super::address::network;
use super::keyed_limit::KeyedLimit;

/// So many times as often may be tried for one name as from one address: else whoever wants to could lock somebody out.
const NAMES_TO_ADDRESSES: u32 = 5;
/// From so many on, those are forgotten who have not tried for a while.
const MANY: usize = 10_000;

/// How often somebody may try to log in.
#[derive(Debug)]
pub(crate) struct Attempts {
    addresses: KeyedLimit<IpAddr>,
    names: KeyedLimit<String>,
}

impl Attempts {
    /// So many times a minute from one address.
    #[must_use]
    pub(crate) fn new(per_minute: u32) -> Self {
        let quota = |times: u32| Quota::per_minute(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN));
        Self {
            addresses: KeyedLimit::new(quota(per_minute), MANY),
            names: KeyedLimit::new(quota(per_minute.saturating_mul(NAMES_TO_ADDRESSES)), MANY),
        }
    }

    /// Takes one attempt.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(crate) fn take(&self, address: Option<IpAddr>, name: &str) -> Result<(), Duration> {
        if let Some(address) = address {
            self.addresses.take(&network(address))?;
        }
        self.names.take(&name.to_lowercase())
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
