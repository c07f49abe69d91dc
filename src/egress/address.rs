//! Which addresses are on the public internet: all others are somebody's own network, into which
//! nobody who can only speak to this server may look.
//!
//! After the special-purpose registries of IANA (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Whether an address is on the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether whoever connects to an address reaches this machine.
pub(super) fn is_of_this_machine(address: IpAddr) -> bool {
    let address = address.to_canonical();
    // The unspecified address stands for loopback where it is connected to.
    address.is_loopback() || address.is_unspecified() || is_of_an_interface(address).unwrap_or(false)
}

/// Whether an interface has this address: the system would send from the address itself. Nothing is sent.
fn is_of_an_interface(address: IpAddr) -> std::io::Result<bool> {
    let any = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((address, 9))?;
    Ok(socket.local_addr()?.ip() == address)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // "This network", reserved ones and broadcast.
        || a == 0
        || a >= 240
        // Shared by providers with their customers (RFC 6598).
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, relays and benchmarks.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // IPv4 in other clothes: mapped, compatible, behind a translator (RFC 6052), and 6to4 (RFC 3056).
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => return embedded(g, h),
        (0x2002, ..) => return embedded(b, c),
        _ => {}
    }
    // Only 2000::/3 is given out; of it, without the protocol assignments and the documentation.
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let own = [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "203.0.113.5",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff:1::1",
            "100::1",
        ];
        for address in own {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for address in ["127.0.0.1", "127.3.2.1", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"] {
            assert!(is_of_this_machine(address.parse().unwrap()), "{address}");
        }
        for address in ["192.0.2.1", "8.8.8.8", "255.255.255.255", "2001:db8::1"] {
            assert!(!is_of_this_machine(address.parse().unwrap()), "{address}");
        }
    }
}
