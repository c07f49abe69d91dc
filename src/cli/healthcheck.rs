//! Asks a running server how it is, for container engines: the image needs no other program for it.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::config::Settings;

/// For the whole question and answer.
const LIMIT: Duration = Duration::from_secs(3);

/// What to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Question {
    /// Whether it answers at all.
    Live,
    /// Whether it takes work, too.
    Ready,
}

impl Question {
    const fn path(self) -> &'static str {
        match self {
            Question::Live => "/livez",
            Question::Ready => "/readyz",
        }
    }
}

/// Asks the server that these settings are of.
///
/// # Errors
/// Where it does not answer with 200 within the limit.
pub(super) fn run(settings: &Settings, question: Question) -> anyhow::Result<()> {
    let server = &settings.server;
    if server.port == 0 {
        bail!("the port is 0: which one the server took is not known here; give it with --port");
    }
    let addresses = addresses(&server.host, server.port).context("the address cannot be used")?;
    let deadline = Instant::now() + LIMIT;
    let mut failure = None;
    for address in addresses {
        let status = match settings.tls.files() {
            None => status(address, question.path(), deadline),
            Some(_) => status_over_tls(address, question.path()),
        };
        match status {
            Ok(200) => return Ok(()),
            Ok(status) => bail!("the server at {address} answers {} with {status}", question.path()),
            Err(error) => failure = Some((address, error)),
        }
    }
    match failure {
        Some((address, error)) => Err(error).with_context(|| format!("the server at {address} does not answer")),
        None => bail!("{} has no address", server.host),
    }
}

/// Where to reach a server that listens on `host`: one that listens everywhere is asked on loopback.
pub(super) fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let reached = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        Ok(ip) => ip,
        Err(_) => return Ok((host, port).to_socket_addrs()?.collect()),
    };
    Ok(vec![SocketAddr::new(reached, port)])
}

fn status(address: SocketAddr, path: &str, deadline: Instant) -> io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let (mut head, mut chunk) = (Vec::new(), [0; 256]);
    while !head.contains(&b'\n') && head.len() < 4096 {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut chunk)? {
            0 => break,
            count => head.extend(chunk.iter().take(count)),
        }
    }
    parse(&head).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "that is no HTTP"))
}

/// The same over TLS. Whose certificate it is does not matter: this only asks whether somebody is there.
fn status_over_tls(address: SocketAddr, path: &str) -> io::Result<u16> {
    let asked = async {
        let client =
            reqwest::Client::builder().no_proxy().timeout(LIMIT).tls_danger_accept_invalid_certs(true).build()?;
        client.get(format!("https://{address}{path}")).send().await
    };
    let answered = actix::System::new().block_on(asked);
    answered.map(|response| response.status().as_u16()).map_err(io::Error::other)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// The status of `HTTP/1.1 200 OK`.
fn parse(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_loopback() {
        for (host, reached) in [
            ("0.0.0.0", "127.0.0.1:8000"),
            ("::", "[::1]:8000"),
            ("127.0.0.1", "127.0.0.1:8000"),
            ("192.0.2.7", "192.0.2.7:8000"),
        ] {
            assert_eq!(addresses(host, 8000).unwrap(), [reached.parse().unwrap()], "{host}");
        }
        // Not every machine knows its own name.
        let named = addresses("localhost", 8000).unwrap_or_default();
        assert!(named.iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn only_http_has_a_status() {
        for (head, status) in [
            ("HTTP/1.1 200 OK\r\n", Some(200)),
            ("HTTP/1.1 503 Service Unavailable\r\nX: 1\r\n", Some(503)),
            ("HTTP/1.1", None),
            ("SSH-2.0-OpenSSH 200\r\n", None),
            ("", None),
        ] {
            assert_eq!(parse(head.as_bytes()), status, "{head:?}");
        }
        assert_eq!(parse(b"HTTP/1.1 \xff OK\r\n"), None);
    }
}
