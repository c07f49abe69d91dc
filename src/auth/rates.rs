//! How much one principal, and one address, may ask of this server.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;

use super::address::network;
use super::keyed_limit::KeyedLimit;
use super::{Action, Principal, Scope};
use crate::config::limits::{Limits, Rates as Settings};
use crate::domain::owner::Owner;

/// From so many on, those are forgotten who have asked for nothing for a while.
const MANY: usize = 20_000;

/// How much one principal, and one address, may ask of this server.
#[derive(Debug)]
pub(crate) struct Rates {
    principals: Buckets<Owner>,
    addresses: Buckets<IpAddr>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Request,
    Start,
    Message,
}

/// A bucket of each kind for each key; none for what has no limit.
#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone> {
    requests: Option<KeyedLimit<K>>,
    starts: Option<KeyedLimit<K>>,
    messages: Option<KeyedLimit<K>>,
}

impl Rates {
    /// Those of the settings: others than this machine can reach the server, or they cannot.
    #[must_use]
    pub(crate) fn new(settings: &Limits, is_public: bool) -> Self {
        let (principal, address) = settings.in_force(is_public);
        Self { principals: Buckets::new(principal), addresses: Buckets::new(address) }
    }

    /// Takes one request that does this.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(crate) fn request(
        &self,
        principal: &Principal,
        address: Option<IpAddr>,
        action: Action,
    ) -> Result<(), Duration> {
        // Probes come as often as they come.
        if action == Action::CheckHealth {
            return Ok(());
        }
        self.take(What::Request, principal, address)?;
        let is_start = matches!(action.scope(), Scope::SessionsStart | Scope::WorkflowsRun | Scope::AuditsStart);
        if is_start { self.take(What::Start, principal, address) } else { Ok(()) }
    }

    /// Takes one message on a socket.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(crate) fn message(&self, principal: &Principal, address: Option<IpAddr>) -> Result<(), Duration> {
        self.take(What::Message, principal, address)
    }

    fn take(&self, what: What, principal: &Principal, address: Option<IpAddr>) -> Result<(), Duration> {
        if principal.is_operator() {
            return Ok(());
        }
        if let Some(address) = address {
            self.addresses.take(what, &network(address))?;
        }
        match principal.grant() {
            Some(grant) => self.principals.take(what, &grant.owner),
            None => Ok(()),
        }
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(settings: Settings) -> Self {
        Self {
            requests: keyed(settings.requests_per_second, 1.0, settings.request_burst),
            starts: keyed(settings.starts_per_minute, 60.0, settings.start_burst),
            messages: keyed(settings.messages_per_second, 1.0, settings.message_burst),
        }
    }

    fn take(&self, what: What, key: &K) -> Result<(), Duration> {
        let bucket = match what {
            What::Request => &self.requests,
            What::Start => &self.starts,
            What::Message => &self.messages,
        };
        bucket.as_ref().map_or(Ok(()), |bucket| bucket.take(key))
    }
}

/// So many in so many seconds, and so many at once; nothing where there is no limit.
fn keyed<K: Hash + Eq + Clone>(times: Option<f64>, seconds: f64, burst: Option<u32>) -> Option<KeyedLimit<K>> {
    let times = times.filter(|times| *times > 0.0)?;
    let quota = Quota::with_period(Duration::try_from_secs_f64(seconds / times).ok()?.max(Duration::from_nanos(1)))?;
    let burst = burst.and_then(NonZeroU32::new).or_else(|| NonZeroU32::new(times.ceil() as u32))?;
    Some(KeyedLimit::new(quota.allow_burst(burst), MANY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PrincipalKind;
    use crate::auth::testing::known;

    fn taken(rates: &Rates, principal: &Principal, address: &str, action: Action) -> usize {
        (0..300).take_while(|_| rates.request(principal, address.parse().ok(), action).is_ok()).count()
    }

    #[test]
    fn each_principal_and_address_has_a_burst_of_its_own() {
        let mut settings = Limits::default();
        settings.principal.requests_per_second = Some(0.01);
        settings.principal.request_burst = Some(3);
        settings.address.requests_per_second = Some(0.01);
        settings.address.request_burst = Some(5);
        let rates = Rates::new(&settings, false);
        let (ada, bob) = (known("ada", Scope::SessionsRead), known("bob", Scope::SessionsRead));
        assert_eq!(taken(&rates, &ada, "192.0.2.1", Action::ListSessions), 3);
        assert_eq!(taken(&rates, &bob, "192.0.2.1", Action::ListSessions), 1, "the address has had five");
        assert_eq!(taken(&rates, &bob, "192.0.2.2", Action::ListSessions), 2);
        assert_eq!(taken(&rates, &ada, "192.0.2.3", Action::CheckHealth), 300);
        assert_eq!(taken(&rates, &known("ops", Scope::Admin), "192.0.2.4", Action::ListSessions), 300);
        let wait = rates.request(&ada, None, Action::ListSessions).unwrap_err();
        assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(100), "{wait:?}");
    }

    #[test]
    fn there_are_limits_where_others_can_reach_the_server_and_where_they_are_set() {
        let visitor = Principal::new(PrincipalKind::Visitor);
        assert_eq!(taken(&Rates::new(&Limits::default(), false), &visitor, "192.0.2.1", Action::StartSession), 300);
        let public = taken(&Rates::new(&Limits::default(), true), &visitor, "192.0.2.1", Action::StartSession);
        assert!((200..300).contains(&public), "{public}");
        let mut settings = Limits::default();
        settings.address.starts_per_minute = Some(0.5);
        settings.address.start_burst = Some(2);
        let rates = Rates::new(&settings, false);
        assert_eq!(taken(&rates, &visitor, "192.0.2.1", Action::StartSession), 2);
        assert_eq!(taken(&rates, &visitor, "192.0.2.1", Action::ListSessions), 300);
        settings.address.starts_per_minute = Some(0.0);
        assert_eq!(
            taken(&Rates::new(&settings, true), &visitor, "192.0.2.1", Action::StartAudit),
            200,
            "requests count"
        );
    }
}
