//! `store.url` where it names a Redis: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` over TLS, and
//! `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/SERVICE[/DATABASE]` for what Sentinels watch.

use std::fmt;
use std::str::FromStr;

use callboard_domain::secret::Secret;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Where the engine is, and who asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) is_encrypted: bool,
    /// The engine itself, or the Sentinels that know where it is.
    pub(super) hosts: Vec<Endpoint>,
    /// The name that Sentinels know the engine by.
    pub(super) service: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: i64,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
}

/// A text that is no such address. The reason never shows the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadAddress(&'static str);

/// Whether a store's address is meant for this engine.
pub(crate) fn is_meant(url: &str) -> bool {
    matches!(url.split_once("://"), Some(("redis" | "rediss" | "redis+sentinel", _)))
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (scheme, rest) = text.split_once("://").ok_or(BadAddress("it has no scheme"))?;
        if rest.contains(['?', '#']) {
            return Err(BadAddress("nothing may follow its path, and ? and # in a password are written %3F and %23"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, authority),
        };
        let (user, password) = credentials.map_or(Ok((None, None)), read_credentials)?;
        let is_sentinel = scheme == "redis+sentinel";
        let port = if is_sentinel { SENTINEL_PORT } else { REDIS_PORT };
        let hosts = hosts.split(',').map(|host| endpoint(host, port)).collect::<Result<Vec<_>, _>>()?;
        let (service, database) = if is_sentinel {
            let (service, database) = path.split_once('/').unwrap_or((path, ""));
            let service = decode(service)?;
            if service.is_empty() {
                return Err(BadAddress("it must name the service that the Sentinels watch, as in …/mymaster"));
            }
            (Some(service), database)
        } else if hosts.len() > 1 {
            return Err(BadAddress("it names several hosts, which only redis+sentinel:// may do"));
        } else {
            (None, path)
        };
        let database = match database {
            "" => 0,
            number => match number.parse() {
                Ok(number) if number >= 0 => number,
                Ok(_) | Err(_) => return Err(BadAddress("its path must be the number of a database, as in …/0")),
            },
        };
        Ok(Self { is_encrypted: scheme == "rediss", hosts, service, user, password, database })
    }
}

fn read_credentials(text: &str) -> Result<(Option<String>, Option<Secret>), BadAddress> {
    let (user, password) = text.split_once(':').ok_or(BadAddress("it has a user without a password"))?;
    let (user, password) = (decode(user)?, decode(password)?);
    if password.is_empty() {
        return Err(BadAddress("its password is empty"));
    }
    Ok(((!user.is_empty()).then_some(user), Some(password.into())))
}

fn decode(text: &str) -> Result<String, BadAddress> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| BadAddress("its percent-encoding is not UTF-8"))
}

fn endpoint(text: &str, default_port: u16) -> Result<Endpoint, BadAddress> {
    const BAD: BadAddress = BadAddress(
        "it must name a host, as in redis://127.0.0.1:6379 (/, @ and : in a password \
                                        are written %2F, %40 and %3A)",
    );
    // A scheme that the library treats as it does HTTP, so that a host is read and checked as one.
    let url = Url::parse(&format!("https://{text}/")).map_err(|_| BAD)?;
    // The default port of the scheme is left out of the parsed address.
    let port = if text.ends_with(":443") { 443 } else { url.port().unwrap_or(default_port) };
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        // Without brackets, as a socket's address has it.
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(BAD),
    };
    Ok(Endpoint { host, port })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// As operators are shown it: without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.service, self.is_encrypted) {
            (Some(_), _) => "redis+sentinel://",
            (None, true) => "rediss://",
            (None, false) => "redis://",
        })?;
        for (index, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if index == 0 { "" } else { "," })?;
        }
        if let Some(service) = &self.service {
            write!(f, "/{service}")?;
        }
        if self.database != 0 {
            write!(f, "/{}", self.database)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_password() {
        let cases = [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379"),
            ("redis://127.0.0.1:7000/", "redis://127.0.0.1:7000"),
            ("rediss://ada:s%40cret@redis.example:443/3", "rediss://redis.example:443/3"),
            ("redis://:secret@[::1]:7000/0", "redis://[::1]:7000"),
            ("redis+sentinel://:secret@a,b:7,[::1]/board/2", "redis+sentinel://a:26379,b:7,[::1]:26379/board/2"),
        ];
        for (text, shown) in cases {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), shown);
        }
        let address: Address = cases[2].0.parse().unwrap();
        assert_eq!(
            (address.user.as_deref(), address.password.as_ref().map(Secret::reveal)),
            (Some("ada"), Some("s@cret"))
        );
        assert!(address.is_encrypted && address.database == 3);
        let address: Address = cases[4].0.parse().unwrap();
        assert_eq!((address.user, address.service.as_deref(), address.hosts.len()), (None, Some("board"), 3));
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_without_showing_it() {
        let wrong = [
            "redis://",
            "redis://:@host",
            "redis://secret@host",
            "redis://:secret@",
            "redis://:secret@host:x",
            "redis://:secret@host/secret",
            "redis://:secret@host/-1",
            "redis://:secret@a,b",
            "redis://:sec?ret@host",
            "redis://:sec/ret@host",
            "redis://:secret%ff@host",
            "redis+sentinel://:secret@host",
            "redis+sentinel://:secret@host//1",
        ];
        for text in wrong {
            let error = text.parse::<Address>().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_tried(text in "(redis|rediss|redis\\+sentinel)://.*") {
            if let Ok(address) = text.parse::<Address>() {
                let again: Address = address.to_string().parse().unwrap();
                prop_assert_eq!(again.to_string(), address.to_string());
            }
        }
    }
}
