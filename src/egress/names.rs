//! How names are looked up: what was checked is what is connected to.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;
use super::policy::{Addresses, Policy};

/// Looks names up, and keeps back addresses that may not be asked.
pub(super) struct Checked {
    pub(super) policy: Arc<Policy>,
    /// Whether it is asked at the port on which this server listens, whose own addresses are kept back then.
    pub(super) is_own_port: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, is_own_port) = (Arc::clone(&self.policy), self.is_own_port);
        async move {
            let found = addresses(name.as_str()).await?;
            let may = policy.addresses_of(name.as_str());
            let is_allowed = |address: &SocketAddr| {
                (may == Addresses::Any || is_public(address.ip())) && !(is_own_port && policy.is_here(address.ip()))
            };
            let allowed: Vec<SocketAddr> = found.into_iter().filter(is_allowed).collect();
            if allowed.is_empty() {
                return Err(format!("{} has no address that may be asked", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// The addresses of a name. Names of this machine are nobody's to look up: RFC 6761 §6.3.
async fn addresses(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    }
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}
