//! Whether a request is a WebSocket's opening handshake, as RFC 6455 §4.2.1 says.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;

/// The only version of the protocol that has left its drafts.
const VERSION: &[u8] = b"13";
/// The bytes of a key.
const KEY_BYTES: usize = 16;

/// Checks a request; whether it asks for an upgrade at all is known.
pub(super) fn check(request: &HttpRequest) -> Result<(), Error> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(invalid("the opening handshake is a GET"));
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return Err(invalid("the header Connection does not name Upgrade"));
    }
    match single(headers, &header::SEC_WEBSOCKET_VERSION) {
        Some(version) if version == VERSION => {}
        Some(_) => return Err(Error::UnsupportedVersion),
        None => return Err(invalid("there has to be one header Sec-WebSocket-Version")),
    }
    let key = single(headers, &header::SEC_WEBSOCKET_KEY);
    let key = key.ok_or_else(|| invalid("there has to be one header Sec-WebSocket-Key"))?;
    match STANDARD.decode(key) {
        Ok(bytes) if bytes.len() == KEY_BYTES => Ok(()),
        Ok(_) | Err(_) => Err(invalid("Sec-WebSocket-Key has to be 16 bytes in Base64")),
    }
}

/// Whether one of the words of a list, over all its lines, is this one, in whatever case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// The subprotocol that is spoken here, and the beginning of the one that carries a ticket.
const SUBPROTOCOL: &str = "callboard";
const TICKET: &str = "callboard.ticket.";

/// The subprotocol to choose of those that a client offers; none where it offers none that is known.
pub(super) fn subprotocol(request: &HttpRequest) -> Option<String> {
    let mut offered = offered(request.headers());
    let mut first = None;
    let plain = offered.find(|name| {
        if name.starts_with(TICKET) && first.is_none() {
            first = Some(*name);
        }
        *name == SUBPROTOCOL
    });
    // One of those that were offered has to be chosen, else browsers close.
    plain.or(first).map(str::to_owned)
}

/// The ticket that a client shows in the subprotocols that it offers: a browser can send no other header.
pub(crate) fn ticket(headers: &HeaderMap) -> Option<&str> {
    offered(headers).find_map(|name| name.strip_prefix(TICKET))
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The value of a header that stands there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name);
    let first = lines.next()?.as_bytes().trim_ascii();
    lines.next().is_none().then_some(first)
}

fn invalid(text: &str) -> Error {
    Error::NotAWebSocket(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    const THIRTEEN: (&str, &str) = ("sec-websocket-version", "13");
    const UPGRADE: (&str, &str) = ("connection", "Upgrade");

    fn checked(headers: &[(&'static str, &'static str)]) -> Result<(), Error> {
        let request = headers.iter().fold(TestRequest::get(), |request, header| request.append_header(*header));
        check(&request.to_http_request())
    }

    #[test]
    fn what_the_standard_allows_is_taken() {
        assert_eq!(checked(&[UPGRADE, THIRTEEN, KEY]), Ok(()));
        assert_eq!(checked(&[("connection", "keep-alive, uPGRADE"), THIRTEEN, KEY]), Ok(()));
        assert_eq!(checked(&[("connection", "keep-alive"), UPGRADE, THIRTEEN, KEY]), Ok(()));
    }

    #[test]
    fn what_it_does_not_allow_is_refused() {
        let key = |key| ("sec-websocket-key", key);
        for wrong in ["", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSE=", "!!!!"] {
            assert!(matches!(checked(&[UPGRADE, THIRTEEN, key(wrong)]), Err(Error::NotAWebSocket(_))), "{wrong}");
        }
        for headers in [
            &[UPGRADE, THIRTEEN][..],
            &[UPGRADE, KEY],
            &[THIRTEEN, KEY],
            &[UPGRADE, THIRTEEN, KEY, KEY],
            &[UPGRADE, THIRTEEN, THIRTEEN, KEY],
            &[("connection", "upgraded"), THIRTEEN, KEY],
        ] {
            assert!(matches!(checked(headers), Err(Error::NotAWebSocket(_))), "{headers:?}");
        }
        for version in ["8", "7", "14", "13, 8", "0x0d"] {
            let headers = [UPGRADE, ("sec-websocket-version", version), KEY];
            assert_eq!(checked(&headers), Err(Error::UnsupportedVersion), "{version}");
        }
    }
}
