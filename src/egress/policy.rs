//! Which servers may be asked.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::address::{is_of_this_machine, is_public};

/// Why a server is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forbidden {
    /// It is no URL.
    #[error("{0:?} is no URL")]
    NotAUrl(String),
    /// It is neither http nor https.
    #[error("only http and https are asked, not {0}")]
    Scheme(String),
    /// The settings name other hosts.
    #[error("the host {0} is not among {1}.allowed_hosts")]
    Host(String, &'static str),
    /// It is in a private network, or on this machine.
    #[error("{0} is an address in a private network or on this machine; {1} allows them")]
    Private(String, &'static str),
    /// It has a user or a password in it, which would be shown wherever the URL is.
    #[error("a URL must not have a user or a password in it; use headers")]
    Credentials,
    /// It is this server itself.
    #[error("{0} is this server, which may not be asked by itself")]
    Own(String),
    /// It has no host.
    #[error(
        "{0:?} is a path alone, and this server is not asked by itself: a URL begins with https:// and the name of a host"
    )]
    PathAlone(String),
}

/// Which servers may be asked.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    rules: Rules,
    own: Option<SocketAddr>,
}

/// What the settings say of it.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Whether private addresses may be asked whatever their host is called.
    pub(crate) allow_private: bool,
    /// Hosts that may be private; `*.` at the beginning stands for any name before.
    pub(crate) hosts: Vec<String>,
    /// Whether these are the only ones that may be asked, where there are any.
    pub(crate) only_these: bool,
    /// The section of the settings.
    pub(crate) section: &'static str,
    /// The setting that allows private addresses.
    pub(crate) allowing: &'static str,
}

/// Whether the addresses of a host have to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// All of them may be asked.
    Any,
    /// Only those on the public internet.
    Public,
}

impl Policy {
    /// By these rules; `own` is the address that this server listens on.
    #[must_use]
    pub(crate) fn new(mut rules: Rules, own: Option<SocketAddr>) -> Self {
        rules.hosts.iter_mut().for_each(|host| *host = host.to_lowercase());
        Self { rules, own }
    }

    /// Where to ask.
    pub(crate) fn target(&self, url: &str) -> Result<Url, Forbidden> {
        let said = || url.chars().take(200).collect();
        if url.starts_with('/') && !url.starts_with("//") {
            return Err(Forbidden::PathAlone(said()));
        }
        let url = Url::parse(url).map_err(|_| Forbidden::NotAUrl(said()))?;
        self.check(&url)?;
        Ok(url)
    }

    /// Whether this URL may be asked as far as its text says; gives which of the host's addresses may.
    pub(crate) fn check(&self, url: &Url) -> Result<Addresses, Forbidden> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Forbidden::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        let host = url.host().ok_or_else(|| Forbidden::NotAUrl(url.to_string()))?;
        let name = host.to_string().to_lowercase();
        let literal = match host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        };
        // Whatever the settings allow: to itself it would be a caller on this machine.
        if self.is_own_port(url) && literal.is_some_and(|address| self.is_here(address)) {
            return Err(Forbidden::Own(name));
        }
        if self.is_named(&name) {
            return Ok(Addresses::Any);
        }
        if self.rules.only_these && !self.rules.hosts.is_empty() {
            return Err(Forbidden::Host(name, self.rules.section));
        }
        match literal {
            Some(address) if !self.may(address) => Err(Forbidden::Private(name, self.rules.allowing)),
            Some(_) | None => Ok(if self.rules.allow_private { Addresses::Any } else { Addresses::Public }),
        }
    }

    /// Whether the addresses of a name may be asked.
    pub(crate) fn addresses_of(&self, name: &str) -> Addresses {
        if self.rules.allow_private || self.is_named(&name.to_lowercase()) { Addresses::Any } else { Addresses::Public }
    }

    /// Whether a URL has the port that this server listens on.
    pub(crate) fn is_own_port(&self, url: &Url) -> bool {
        self.own.is_some_and(|own| url.port_or_known_default() == Some(own.port()))
    }

    /// Whether an address is one of this machine, at which this server may listen.
    pub(crate) fn is_here(&self, address: IpAddr) -> bool {
        let own = self.own.map(|own| own.ip().to_canonical());
        own == Some(address.to_canonical()) || is_of_this_machine(address)
    }

    fn may(&self, address: IpAddr) -> bool {
        self.rules.allow_private || is_public(address)
    }

    fn is_named(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        self.rules.hosts.iter().any(|host| match host.strip_prefix("*.") {
            Some(parent) => name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
            None => host == name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(hosts: &[&str], allow_private_addresses: bool) -> Policy {
        let allowed_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let rules = Rules {
            allow_private: allow_private_addresses,
            hosts: allowed_hosts,
            only_these: true,
            section: "x",
            allowing: "x.y",
        };
        Policy::new(rules, Some("0.0.0.0:8123".parse().unwrap()))
    }

    fn checked(policy: &Policy, url: &str) -> Result<Addresses, Forbidden> {
        policy.check(&Url::parse(url).unwrap())
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        let policy = policy(&[], false);
        let urls = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://10.0.0.1:8080/x",
            "https://169.254.169.254/latest",
        ];
        for url in urls {
            assert!(matches!(checked(&policy, url), Err(Forbidden::Private(..))), "{url}");
        }
        assert_eq!(checked(&policy, "https://example.com/"), Ok(Addresses::Public));
        assert_eq!(checked(&policy, "http://localhost/"), Ok(Addresses::Public));
        assert_eq!(policy.addresses_of("internal.example"), Addresses::Public);
        assert!(matches!(checked(&policy, "file:///etc/passwd"), Err(Forbidden::Scheme(_))));
        for url in ["http://user:secret@example.com/", "http://user@example.com/", "http://:secret@example.com/"] {
            assert_eq!(checked(&policy, url), Err(Forbidden::Credentials), "{url}");
        }
    }

    #[test]
    fn named_hosts_are_the_only_ones_and_may_be_private() {
        let policy = policy(&["api.example", "*.Internal.example", "10.0.0.1"], false);
        for url in ["http://api.example/", "http://API.example./", "http://a.internal.example/", "http://10.0.0.1/"] {
            assert_eq!(checked(&policy, url), Ok(Addresses::Any), "{url}");
        }
        for url in
            ["http://internal.example/", "http://evilinternal.example/", "http://api.example.com/", "http://10.0.0.2/"]
        {
            assert!(matches!(checked(&policy, url), Err(Forbidden::Host(..))), "{url}");
        }
    }

    #[test]
    fn private_ones_can_be_allowed_but_not_this_server() {
        for policy in [policy(&[], true), policy(&["127.0.0.1", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"], false)] {
            for host in ["127.0.0.1", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"] {
                assert_eq!(checked(&policy, &format!("http://{host}/")), Ok(Addresses::Any), "{host}");
                let own = checked(&policy, &format!("http://{host}:8123/health"));
                assert!(matches!(own, Err(Forbidden::Own(_))), "{host} {own:?}");
            }
        }
    }

    #[test]
    fn a_path_alone_asks_nobody() {
        for policy in [policy(&[], false), policy(&[], true), policy(&["127.0.0.1"], true)] {
            for url in ["/", "/nodes?x=1", "/health", "/\\evil.example/", "/workflows/examples"] {
                assert_eq!(policy.target(url), Err(Forbidden::PathAlone(url.into())), "{url}");
            }
            for url in ["//127.0.0.1:8123/", "nodes", "", "//evil.example/"] {
                assert!(matches!(policy.target(url), Err(Forbidden::NotAUrl(_))), "{url}");
            }
        }
    }
}
