//! Which `Host` and `Origin` headers are taken, so that foreign web pages cannot use this server behind a user's back.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::dev::RequestHead;
use actix_web::http::header;

use crate::config::server::Server;

/// What the settings say about hosts and origins.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    loopback: bool,
    /// Whether pages of local development may, though nobody has named their origins.
    trusts_development: bool,
    origins: Vec<String>,
    hosts: Vec<String>,
}

impl Policy {
    /// The policy of these settings, on a server that knows whom its callers are or does not.
    pub(super) fn new(server: &Server, has_identity: bool) -> Self {
        Self {
            loopback: is_loopback(&server.host),
            trusts_development: !has_identity,
            origins: server.allowed_origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect(),
            hosts: server.allowed_hosts.clone(),
        }
    }

    /// Whether a request that calls the server by this name is served; see [`called`].
    ///
    /// A request without a name is: no browser sends one, so it is no page that was led here by a changed name.
    pub(super) fn takes_host(&self, host: Option<&[u8]>) -> bool {
        let Some(host) = host else { return true };
        if !self.loopback && self.hosts.is_empty() {
            return true;
        }
        let Some((name, port)) = authority(host) else { return false };
        let listed = self.hosts.iter().filter_map(|entry| authority(entry.as_bytes()));
        if is_loopback(name) || (!self.loopback && address(name).is_some()) {
            return true;
        }
        listed.into_iter().any(|(entry, only)| entry.eq_ignore_ascii_case(name) && (only.is_none() || only == port))
    }

    /// Whether a page of this `Origin` may change something or open a socket. A request without one is no page's.
    pub(super) fn takes_origin(&self, origin: Option<&[u8]>, host: Option<&[u8]>) -> bool {
        let Some(origin) = origin else { return true };
        host.is_some_and(|host| is_own(origin, host)) || self.trusts(origin)
    }

    /// Whether a page of this origin, which is not this server's own, may use it and read its answers.
    ///
    /// Pages of local development may wherever this server listens: an image listens on all addresses, also where it is
    /// only there for the machine that it runs on. Where people log in, such a page could act as whoever has: then its origin
    /// has to be named as any other.
    pub(super) fn trusts(&self, origin: &[u8]) -> bool {
        if self.origins.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin)) {
            return true;
        }
        if !self.trusts_development {
            return false;
        }
        let rest = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
        rest.and_then(authority)
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
    }
}

/// The name that a request calls the server by: that in its target, else its `Host` header (RFC 9112, section 3.2.2).
pub(super) fn called(head: &RequestHead) -> Option<&[u8]> {
    let in_target = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    in_target.or_else(|| head.headers.get(header::HOST).map(header::HeaderValue::as_bytes))
}

/// Whether an origin is the server's own, as the client calls it. The scheme is the proxy's matter.
fn is_own(origin: &[u8], host: &[u8]) -> bool {
    let (rest, usual) = if let Some(rest) = origin.strip_prefix(b"http://") {
        (rest, 80)
    } else if let Some(rest) = origin.strip_prefix(b"https://") {
        (rest, 443)
    } else {
        return false;
    };
    let (Some((name, port)), Some((own, own_port))) = (authority(rest), authority(host)) else { return false };
    name.eq_ignore_ascii_case(own) && port.unwrap_or(usual) == own_port.unwrap_or(usual)
}

/// Host and port of `host`, `host:port` or `[address]:port`.
fn authority(text: &[u8]) -> Option<(&str, Option<u16>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (name, port) = match text.rfind(']') {
        Some(end) => {
            let (name, rest) = text.split_at(end + 1);
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
            name.starts_with('[').then_some((name, port))?
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    if name.is_empty() || name.contains(['/', '@', '?', '#', ' ']) {
        return None;
    }
    let port = match port {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((name, port))
}

fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => name.parse().ok(),
    }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || address(name).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn policy(host: &str, hosts: &[&str], origins: &[&str]) -> Policy {
        with_identity(host, hosts, origins, false)
    }

    fn with_identity(host: &str, hosts: &[&str], origins: &[&str], has_identity: bool) -> Policy {
        let server = Server {
            host: host.into(),
            allowed_hosts: hosts.iter().map(|name| (*name).into()).collect(),
            allowed_origins: origins.iter().map(|origin| (*origin).into()).collect(),
            ..Server::default()
        };
        Policy::new(&server, has_identity)
    }

    #[test]
    fn with_identity_pages_of_local_development_have_to_be_named() {
        let (open, known) = ("http://localhost:5173", with_identity("0.0.0.0", &[], &["http://localhost:3000"], true));
        assert!(policy("0.0.0.0", &[], &[]).trusts(open.as_bytes()));
        assert!(!known.trusts(open.as_bytes()) && known.trusts(b"http://localhost:3000"));
        let own = Some(&b"localhost:8000"[..]);
        assert!(known.takes_origin(Some(b"http://localhost:8000"), own));
        assert!(!known.takes_origin(Some(open.as_bytes()), own));
    }

    #[test]
    fn on_loopback_a_foreign_name_is_refused() {
        let cases = [
            ("localhost:8000", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8000", true),
            ("127.9.9.9", true),
            ("[::1]:8000", true),
            ("board.example:8000", true),
            ("BOARD.example", true),
            ("fixed.example:8443", true),
            ("fixed.example:8444", false),
            ("evil.example", false),
            ("localhost.evil.example:8000", false),
            ("127.0.0.1.evil.example", false),
            ("192.168.0.7:8000", false),
            ("[::1]evil", false),
            ("localhost:8000:1", false),
            ("localhost:x", false),
            ("evil@localhost", false),
            ("", false),
        ];
        for host in ["127.0.0.1", "localhost", "::1", "127.3.0.1"] {
            let policy = policy(host, &["board.example", "fixed.example:8443"], &[]);
            for (name, taken) in cases {
                assert_eq!(policy.takes_host(Some(name.as_bytes())), taken, "{host} {name}");
            }
            assert!(policy.takes_host(None));
        }
    }

    #[test]
    fn elsewhere_names_are_checked_where_there_is_a_list() {
        assert!(policy("0.0.0.0", &[], &[]).takes_host(Some(b"any.example")));
        let listed = policy("0.0.0.0", &["board.example"], &[]);
        for (name, taken) in [
            ("board.example", true),
            ("192.168.0.7:8000", true),
            ("[fe80::1]:8000", true),
            ("localhost", true),
            ("evil.example", false),
        ] {
            assert_eq!(listed.takes_host(Some(name.as_bytes())), taken, "{name}");
        }
    }

    #[test]
    fn only_own_local_and_configured_pages_may_change_something() {
        let cases = [
            ("http://127.0.0.1:8000", "127.0.0.1:8000", true, true),
            ("http://board.local:8000", "board.local:8000", true, true),
            ("https://board.local", "board.local", true, true),
            ("https://board.local", "board.local:443", true, true),
            ("http://board.local:80", "board.local", true, true),
            ("http://board.local", "board.local:8000", false, false),
            ("http://localhost:5173", "127.0.0.1:8000", true, true),
            ("http://LOCALHOST:5173", "127.0.0.1:8000", true, true),
            ("http://127.0.0.1", "127.0.0.1:8000", true, true),
            ("https://localhost:3000", "127.0.0.1:8000", true, true),
            ("http://localhost:3000", "board.local", true, true),
            ("ftp://localhost", "127.0.0.1:8000", false, false),
            ("http://127.0.0.2", "127.0.0.1:8000", false, false),
            ("http://[::1]:3000", "127.0.0.1:8000", true, true),
            ("https://ok.example", "127.0.0.1:8000", true, true),
            ("https://ok.example:444", "127.0.0.1:8000", false, false),
            ("http://ok.example", "127.0.0.1:8000", false, false),
            ("https://evil.example", "127.0.0.1:8000", false, false),
            ("http://localhost.evil.example", "127.0.0.1:8000", false, false),
            ("http://localhost@evil.example", "127.0.0.1:8000", false, false),
            ("http://localhost:1/evil", "127.0.0.1:8000", false, false),
            ("file://", "127.0.0.1:8000", false, false),
            ("null", "127.0.0.1:8000", false, false),
            ("null", "null", false, false),
            ("", "", false, false),
        ];
        let loopback = policy("127.0.0.1", &[], &["https://ok.example/"]);
        let public = policy("0.0.0.0", &[], &["https://ok.example"]);
        for (origin, host, on_loopback, elsewhere) in cases {
            let (origin_bytes, host) = (Some(origin.as_bytes()), Some(host.as_bytes()));
            assert_eq!(loopback.takes_origin(origin_bytes, host), on_loopback, "loopback {origin}");
            assert_eq!(public.takes_origin(origin_bytes, host), elsewhere, "public {origin}");
        }
        assert!(public.takes_origin(None, Some(b"any")));
    }

    #[test]
    fn the_target_names_the_server_where_it_names_one() {
        let request = |target: &str| {
            let request = TestRequest::with_uri(target).insert_header(("host", "board.example")).to_http_request();
            called(request.head()).map(<[u8]>::to_vec)
        };
        assert_eq!(request("/x").as_deref(), Some(&b"board.example"[..]));
        assert_eq!(request("//evil.example/x").as_deref(), Some(&b"board.example"[..]));
        assert_eq!(request("http://evil.example:81/x").as_deref(), Some(&b"evil.example:81"[..]));
        assert_eq!(request("http://u@evil.example/x").as_deref(), Some(&b"u@evil.example"[..]));
        assert_eq!(called(TestRequest::with_uri("/x").to_http_request().head()), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_fail(origin: Vec<u8>, host: Vec<u8>) {
            let policy = policy("127.0.0.1", &["board.example"], &[]);
            let _ = policy.takes_host(Some(&host));
            proptest::prop_assert!(policy.takes_origin(None, Some(&host)));
            let _ = policy.takes_origin(Some(&origin), Some(&host));
        }
    }
}
