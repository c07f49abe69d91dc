//! Where a request comes from, also where proxies pass it on that are trusted to say so.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpRequest};
use ipnet::IpNet;

/// The address of whoever sends a request, as it is kept with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerAddress(IpAddr);

impl CallerAddress {
    /// Keeps where a request comes from with it, and gives it.
    pub(crate) fn keep(request: &HttpRequest, proxies: &[IpNet]) -> Option<IpAddr> {
        let address = caller(request.head(), proxies)?;
        request.extensions_mut().insert(Self(address));
        Some(address)
    }

    /// Where a request comes from: its peer, where nobody has looked at it.
    #[must_use]
    pub(crate) fn of(request: &HttpRequest) -> Option<IpAddr> {
        let kept = request.extensions().get::<Self>().map(|kept| kept.0);
        kept.or_else(|| request.peer_addr().map(|address| address.ip()))
    }
}

/// What counts as one address: of IPv6, everybody has a whole network.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The address of whoever sends a request: the peer, or the rightmost hop that its proxies name and that is none of them.
fn caller(request: &RequestHead, proxies: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr?.ip().to_canonical();
    let is_proxy = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    if !is_proxy(&peer) {
        return Some(peer);
    }
    let mut last = peer;
    for hop in hops(&request.headers).into_iter().rev() {
        // Whatever stands left of something that is no address may be made up.
        let Some(hop) = hop else { return Some(last) };
        if !is_proxy(&hop) {
            return Some(hop);
        }
        last = hop;
    }
    Some(last)
}

/// The hops that a request has come by, the first one first; nothing for one that names no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    // A hop that is no text leaves those right of it as they are: the rightmost ones are the proxies'.
    let lines = |name| {
        let hops = headers.get_all(name).flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        hops.map(|hop| std::str::from_utf8(hop).ok())
    };
    // A client may send the one header that its proxy does not write.
    if headers.contains_key(header::X_FORWARDED_FOR) {
        return lines(header::X_FORWARDED_FOR).map(|hop| address(hop?)).collect();
    }
    let forwarded = lines(header::FORWARDED).map(|hop| {
        let mut pairs = hop?.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case("for")).and_then(|(_, value)| address(value))
    });
    forwarded.collect()
}

/// An address with or without a port, in quotes and brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        // Of IPv6, colons are part of the address.
        None => text.rsplit_once(':').filter(|(before, _)| !before.contains(':')).map_or(text, |(before, _)| before),
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    #[test]
    fn the_caller_is_the_rightmost_hop_that_no_trusted_proxy_is() {
        let proxies: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);
        let cases: [Case; 11] = [
            ("192.0.2.1", &[("x-forwarded-for", "198.51.100.1")], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 198.51.100.1, 10.0.0.2")], "198.51.100.1"),
            ("10.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", &[("x-forwarded-for", "198.51.100.1, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[("x-forwarded-for", "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.1:80")], "198.51.100.1"),
            ("fd00::1", &[("forwarded", "for=198.51.100.1;proto=https, for=\"[fd00::2]:80\"")], "198.51.100.1"),
            ("fd00::1", &[("forwarded", "For=\"[2001:db8::1]\"")], "2001:db8::1"),
            ("fd00::1", &[("forwarded", "for=_hidden")], "fd00::1"),
        ];
        for (peer, headers, expected) in cases {
            let request = TestRequest::get().peer_addr((peer.parse::<IpAddr>().unwrap(), 9).into());
            let request = headers.iter().fold(request, |request, header| request.append_header(*header));
            let found = caller(request.to_http_request().head(), &proxies);
            assert_eq!(found, expected.parse().ok(), "{peer} {headers:?}");
        }
    }

    #[test]
    fn what_is_no_text_hides_no_proxy_s_word() {
        let proxies: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (made_up, expected) in [(&b"\xff, 198.51.100.1"[..], "198.51.100.1"), (b"\xff", "10.0.0.1")] {
            let request = TestRequest::get().peer_addr(("10.0.0.1".parse::<IpAddr>().unwrap(), 9).into());
            let request = request.append_header(("x-forwarded-for", HeaderValue::from_bytes(made_up).unwrap()));
            let request = request.append_header(("forwarded", "for=1.1.1.1"));
            assert_eq!(caller(request.to_http_request().head(), &proxies), expected.parse().ok());
        }
    }
}
