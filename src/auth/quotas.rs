//! How many things one principal, and one address, may have at the same time: sockets, subscriptions, live workflows.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use serde::{Deserialize, Serialize};

use super::Principal;
use super::address::network;
use crate::config::limits::{Limits, Rates as Settings};
use crate::domain::owner::Owner;

/// How many things one principal, and one address, may have at the same time. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Quotas {
    principals: Quota<Owner>,
    addresses: Quota<IpAddr>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Thing {
    /// A WebSocket or an event stream.
    Socket,
    /// A subscription on an event socket.
    Subscription,
    /// A workflow that is live.
    LiveWorkflow,
}

/// One more than somebody may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("there are {most} {} already, which is as many as {} may have", .thing.words(), if *.is_principal { "one principal" } else { "one address" })]
pub(crate) struct TooMany {
    thing: Thing,
    most: u32,
    is_principal: bool,
}

/// What somebody has: it is free again when this goes.
#[derive(Debug, Default)]
pub(crate) struct Share {
    _of_principal: Option<Taken<Owner>>,
    _of_address: Option<Taken<IpAddr>>,
}

/// How many of each thing each key has, of those things that are limited.
#[derive(Debug)]
struct Quota<K: Hash + Eq + Clone> {
    most: [Option<u32>; 3],
    /// A library's map of many threads: what is counted here is counted on every worker.
    taken: Arc<DashMap<(Thing, K), u32>>,
}

/// A number of things of one key.
#[derive(Debug)]
struct Taken<K: Hash + Eq + Clone> {
    key: (Thing, K),
    many: u32,
    taken: Arc<DashMap<(Thing, K), u32>>,
}

impl Thing {
    fn words(self) -> &'static str {
        match self {
            Thing::Socket => "sockets",
            Thing::Subscription => "subscriptions",
            Thing::LiveWorkflow => "live workflows",
        }
    }
}

impl Quotas {
    /// Those of the settings: others than this machine can reach the server, or they cannot.
    #[must_use]
    pub(crate) fn new(settings: &Limits, is_public: bool) -> Self {
        let (principal, address) = settings.in_force(is_public);
        Self { principals: Quota::new(&principal), addresses: Quota::new(&address) }
    }

    /// Takes so many of these for somebody who comes from this address. Operators have no limit.
    ///
    /// # Errors
    /// Where that is more than they may have.
    pub(crate) fn take(
        &self,
        thing: Thing,
        many: u32,
        principal: &Principal,
        address: Option<IpAddr>,
    ) -> Result<Share, TooMany> {
        if principal.is_operator() {
            return Ok(Share::default());
        }
        let too_many = |most, is_principal| TooMany { thing, most, is_principal };
        let address = address.map(network);
        let of_address = address.map(|address| self.addresses.take(thing, many, address)).transpose();
        let of_address = of_address.map_err(|most| too_many(most, false))?.flatten();
        let owner = principal.grant().map(|grant| grant.owner.clone());
        let of_principal = owner.map(|owner| self.principals.take(thing, many, owner)).transpose();
        let of_principal = of_principal.map_err(|most| too_many(most, true))?.flatten();
        Ok(Share { _of_principal: of_principal, _of_address: of_address })
    }

    /// Takes one of these for an owner who had it before a restart, whether or not that is too many now.
    #[must_use]
    pub(crate) fn take_again(&self, thing: Thing, owner: &Owner) -> Share {
        let of_principal = owner.identity().and_then(|_| self.principals.take_anyway(thing, owner.clone()));
        Share { _of_principal: of_principal, _of_address: None }
    }
}

impl<K: Hash + Eq + Clone> Clone for Quota<K> {
    fn clone(&self) -> Self {
        Self { most: self.most, taken: Arc::clone(&self.taken) }
    }
}

impl<K: Hash + Eq + Clone> Quota<K> {
    fn new(settings: &Settings) -> Self {
        let limit = |most: Option<u32>| most.filter(|most| *most > 0);
        let most = [limit(settings.sockets), limit(settings.subscriptions), limit(settings.live_workflows)];
        Self { most, taken: Arc::default() }
    }

    fn most(&self, thing: Thing) -> Option<u32> {
        let [sockets, subscriptions, live_workflows] = self.most;
        match thing {
            Thing::Socket => sockets,
            Thing::Subscription => subscriptions,
            Thing::LiveWorkflow => live_workflows,
        }
    }

    /// # Errors
    /// The most, where that is less.
    fn take(&self, thing: Thing, many: u32, key: K) -> Result<Option<Taken<K>>, u32> {
        let Some(most) = self.most(thing) else { return Ok(None) };
        let key = (thing, key);
        match self.taken.entry(key.clone()) {
            Entry::Occupied(mut there) if there.get().saturating_add(many) <= most => {
                *there.get_mut() += many;
            }
            Entry::Vacant(none) if many <= most => drop(none.insert(many)),
            Entry::Occupied(_) | Entry::Vacant(_) => return Err(most),
        }
        Ok(Some(Taken { key, many, taken: Arc::clone(&self.taken) }))
    }

    fn take_anyway(&self, thing: Thing, key: K) -> Option<Taken<K>> {
        self.most(thing)?;
        let key = (thing, key);
        *self.taken.entry(key.clone()).or_default() += 1;
        Some(Taken { key, many: 1, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Hash + Eq + Clone> Drop for Taken<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut there) = self.taken.entry(self.key.clone()) {
            let left = there.get().saturating_sub(self.many);
            *there.get_mut() = left;
            if left == 0 {
                there.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::known;
    use crate::auth::{PrincipalKind, Scope};

    fn quotas(principal: Option<u32>, address: Option<u32>) -> Quotas {
        let mut settings = Limits::default();
        settings.principal.sockets = principal;
        settings.address.sockets = address;
        Quotas::new(&settings, false)
    }

    #[test]
    fn each_principal_and_address_has_so_many_and_what_goes_is_free_again() {
        let quotas = quotas(Some(2), Some(3));
        let (ada, bo) = (known("ada", Scope::SessionsRead), known("bo", Scope::SessionsRead));
        let at = |end: u8| Some(IpAddr::from([192, 0, 2, end]));
        let first = quotas.take(Thing::Socket, 1, &ada, at(1)).unwrap();
        let second = quotas.take(Thing::Socket, 1, &ada, at(1)).unwrap();
        let refused = quotas.take(Thing::Socket, 1, &ada, at(2)).unwrap_err();
        assert_eq!(refused.to_string(), "there are 2 sockets already, which is as many as one principal may have");
        let third = quotas.clone().take(Thing::Socket, 1, &bo, at(1)).unwrap();
        assert!(quotas.take(Thing::Socket, 1, &bo, at(1)).unwrap_err().to_string().contains("one address"));
        drop(first);
        let again = quotas.take(Thing::Socket, 1, &ada, at(1)).unwrap();
        assert!(quotas.take(Thing::Subscription, 100, &ada, at(1)).is_ok());
        drop((second, third, again));
        assert!(quotas.principals.taken.is_empty() && quotas.addresses.taken.is_empty());
    }

    #[test]
    fn what_is_refused_takes_nothing() {
        let quotas = quotas(Some(1), None);
        let ada = known("ada", Scope::SessionsRead);
        assert!(quotas.take(Thing::Socket, 2, &ada, None).is_err());
        assert!(quotas.take(Thing::Socket, 1, &ada, None).is_ok());
        assert!(quotas.principals.taken.is_empty());
    }

    #[test]
    fn operators_and_what_is_not_limited_are_not_counted() {
        let limited = quotas(Some(1), Some(1));
        let (boss, operator) = (known("ops", Scope::Admin), Principal::new(PrincipalKind::Operator));
        let shares: Vec<_> = [&boss, &boss, &operator, &operator]
            .map(|principal| limited.take(Thing::Socket, 1, principal, Some([127, 0, 0, 1].into())))
            .into();
        assert!(shares.iter().all(Result::is_ok));
        let free = quotas(None, Some(0));
        let ada = known("ada", Scope::SessionsRead);
        let shares: Vec<_> = (0..500).map(|_| free.take(Thing::Socket, 1, &ada, None)).collect();
        assert!(shares.iter().all(Result::is_ok));
    }

    #[test]
    fn what_comes_back_after_a_restart_is_counted_and_not_refused() {
        let mut settings = Limits::default();
        settings.principal.live_workflows = Some(1);
        let quotas = Quotas::new(&settings, false);
        let ada = known("ada", Scope::WorkflowsLive);
        let before = [(); 2].map(|()| quotas.take_again(Thing::LiveWorkflow, ada.owner()));
        assert!(quotas.take(Thing::LiveWorkflow, 1, &ada, None).is_err());
        drop(before);
        assert!(quotas.take(Thing::LiveWorkflow, 1, &ada, None).is_ok());
    }
}
