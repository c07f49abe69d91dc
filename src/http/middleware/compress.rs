//! Whether an answer is sent compressed.

use actix_web::body::BodySize;
use actix_web::http::header::{self, ContentEncoding, HeaderMap};

/// A smaller answer is not worth the work.
const LEAST_BYTES: u64 = 1024;

/// What the client takes: gzip where it says so, else nothing.
pub(super) fn wanted(headers: &HeaderMap) -> ContentEncoding {
    let takes = |text: &str| {
        text.split(',').any(|entry| {
            let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let weight = parameters.trim().strip_prefix("q=").unwrap_or("1").trim();
            name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
        })
    };
    let found = headers.get_all(header::ACCEPT_ENCODING).any(|value| value.to_str().is_ok_and(takes));
    if found { ContentEncoding::Gzip } else { ContentEncoding::Identity }
}

/// What an answer with these headers is sent in, where `wanted` is asked for.
///
/// Event streams are not compressed, because an encoder would hold events back; images are so already.
pub(super) fn suits(wanted: ContentEncoding, headers: &HeaderMap, size: BodySize) -> ContentEncoding {
    let large = match size {
        BodySize::None => false,
        BodySize::Sized(bytes) => bytes >= LEAST_BYTES,
        BodySize::Stream => true,
    };
    let media_type = headers.get(header::CONTENT_TYPE).map_or(&b""[..], header::HeaderValue::as_bytes);
    let shrinks = ["text/", "application/json", "application/problem+json", "application/javascript", "image/svg"]
        .iter()
        .any(|start| media_type.starts_with(start.as_bytes()));
    let streams = media_type.starts_with(b"text/event-stream");
    if large && shrinks && !streams { wanted } else { ContentEncoding::Identity }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn what_the_client_takes_is_read() {
        for (value, encoding) in [
            ("gzip, deflate, br", ContentEncoding::Gzip),
            ("br;q=1.0, GZIP;q=0.8", ContentEncoding::Gzip),
            ("gzip;q=0", ContentEncoding::Identity),
            ("br", ContentEncoding::Identity),
            ("", ContentEncoding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(wanted(&headers), encoding, "{value}");
        }
        assert_eq!(wanted(&HeaderMap::new()), ContentEncoding::Identity);
    }

    #[test]
    fn only_large_texts_are_compressed_and_streams_never() {
        let large = BodySize::Sized(LEAST_BYTES);
        for (media_type, size, encoding) in [
            ("application/json", large, ContentEncoding::Gzip),
            ("application/json", BodySize::Sized(100), ContentEncoding::Identity),
            ("application/json", BodySize::None, ContentEncoding::Identity),
            ("text/html; charset=utf-8", large, ContentEncoding::Gzip),
            ("text/event-stream", BodySize::Stream, ContentEncoding::Identity),
            ("image/png", large, ContentEncoding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            assert_eq!(suits(ContentEncoding::Gzip, &headers, size), encoding, "{media_type}");
        }
        assert_eq!(suits(ContentEncoding::Gzip, &HeaderMap::new(), BodySize::Stream), ContentEncoding::Identity);
    }
}
