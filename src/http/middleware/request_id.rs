//! The id of a request: the client's own, or one that is made.

use std::cell::Cell;

use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};

use super::REQUEST_ID;

/// The id of a request, as it is kept with it.
#[derive(Clone, Debug)]
pub(in crate::http) struct RequestId(pub(super) HeaderValue);

impl RequestId {
    /// That of a request.
    pub(in crate::http) fn of(request: &HttpRequest) -> Option<String> {
        request.extensions().get::<Self>().and_then(|id| id.0.to_str().ok()).map(str::to_owned)
    }
}

/// Makes ids: a random beginning, one for each worker, and a count.
#[derive(Debug)]
pub(in crate::http) struct RequestIds {
    prefix: String,
    count: Cell<u64>,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self { prefix: format!("{:012x}", rand::random::<u64>() >> 16), count: Cell::new(0) }
    }
}

impl RequestIds {
    /// The id of a request with these headers; the client's where it is 1 to 128 visible characters.
    pub(in crate::http) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let given = headers.get(REQUEST_ID).filter(|value| {
            let bytes = value.as_bytes();
            (1..=128).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
        });
        given.cloned().unwrap_or_else(|| self.next())
    }

    fn next(&self) -> HeaderValue {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        HeaderValue::try_from(format!("{}-{count:x}", self.prefix)).unwrap_or(HeaderValue::from_static("unknown"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visible_id_is_kept_and_any_other_is_replaced() {
        let ids = RequestIds::default();
        let of = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
            ids.of(&headers)
        };
        assert_eq!(of(b"abc-123"), "abc-123");
        for bad in [&b""[..], b"a b", b"\xff", &[b'x'; 129]] {
            assert_ne!(of(bad).as_bytes(), bad);
        }
        assert_ne!(ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
        assert_ne!(ids.of(&HeaderMap::new()), RequestIds::default().of(&HeaderMap::new()));
    }
}
