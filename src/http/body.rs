//! Reads the body of a request as JSON, within the limits.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

use super::State;
use super::decode::fault;
use super::error::{Code, Problem};
use crate::connection::socket;
use crate::domain::json::{self, Unreadable};

/// How long a body may take to come, so that slow senders do not hold connections for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes from which on a body is parsed where it holds up no other request of this worker.
const LARGE: usize = 262_144;

/// The JSON of a body; `None` where there is no body.
#[derive(Debug)]
pub(super) struct JsonBody(pub(super) Option<Value>);

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit =
            request.app_data::<web::Data<State>>().map_or(1_048_576, |state| state.settings.server.max_body_bytes);
        let body = json(request, payload, limit);
        Box::pin(async move { body.await.map(JsonBody) })
    }
}

/// Reads the JSON of a body of at most `limit` bytes; `None` where there is no body.
///
/// # Errors
/// Where it is too large, not JSON, or does not come in time.
pub(super) fn json(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> LocalBoxFuture<'static, Result<Option<Value>, Problem>> {
    let payload = payload.take();
    let expected = expect(request.headers(), limit);
    let cut_later = socket::cut_later(request);
    Box::pin(async move {
        if !expected? {
            return Ok(None);
        }
        let body = actix_web::rt::time::timeout(PATIENCE, read(payload, limit)).await;
        let body = body.map_err(|_| Code::RequestTimeout.into()).flatten().inspect_err(|_| cut_later())?;
        if body.len() <= LARGE {
            return parse(&body);
        }
        web::block(move || parse(&body)).await.map_err(|_| Problem::from(Code::ShuttingDown)).flatten()
    })
}

/// Whether there is a body to read, by the headers.
///
/// # Errors
/// Where the headers say that it is too large, or not JSON.
fn expect(headers: &HeaderMap, limit: usize) -> Result<bool, Problem> {
    let length = match headers.get(header::CONTENT_LENGTH) {
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse::<u64>().ok())
                .ok_or_else(|| Problem::new(Code::BadRequest, "The Content-Length header is not a number."))?,
        ),
        None => None,
    };
    if length == Some(0) || (length.is_none() && !headers.contains_key(header::TRANSFER_ENCODING)) {
        return Ok(false);
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Problem::new(Code::UnsupportedMediaType, "A body must not be compressed."));
    }
    if !headers.get(header::CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())) {
        return Err(Code::UnsupportedMediaType.into());
    }
    if length.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    Ok(true)
}

/// Whether a media type is `application/json` or ends in `+json`, whatever its parameters.
fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let ends_in_json = essence.len().checked_sub(5).and_then(|at| essence.get(at..));
    essence.eq_ignore_ascii_case(b"application/json")
        || ends_in_json.is_some_and(|end| end.eq_ignore_ascii_case(b"+json"))
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut whole = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| Problem::new(Code::BadRequest, "The body ended before it was there as announced."))?;
        if first.len() + whole.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        // Most bodies come in one piece, which need not be copied.
        if first.is_empty() && whole.is_empty() {
            first = chunk;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&chunk);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Parses a body in which every number can be held; the parser itself limits how deep it may be nested. A body that is
/// `null` counts as left out.
fn parse(body: &[u8]) -> Result<Option<Value>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    match json::read(body) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_null())),
        Err(Unreadable::Syntax(reason)) => {
            Err(Problem::new(Code::InvalidJson, format!("The body is not JSON: {reason}.")))
        }
        Err(Unreadable::Number(number)) => {
            let loc: Vec<&str> = std::iter::once("body").chain(number.path.iter().map(String::as_str)).collect();
            Err(Problem::invalid(Code::InvalidBody, vec![fault(&loc, number.reason(), "number_out_of_range")]))
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::PayloadTooLarge, format!("The body is larger than {limit} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;

    fn expected(headers: &[(&'static str, &'static str)]) -> Result<bool, &'static str> {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        expect(&map, 10).map_err(|problem| problem.code.word())
    }

    #[test]
    fn the_headers_decide_before_a_byte_is_read() {
        let json = ("content-type", "application/json");
        assert_eq!(expected(&[]), Ok(false));
        assert_eq!(expected(&[("content-type", "text/plain")]), Ok(false));
        assert_eq!(expected(&[("content-length", "0"), ("content-type", "text/plain")]), Ok(false));
        assert_eq!(expected(&[("content-length", "10"), json]), Ok(true));
        assert_eq!(expected(&[("transfer-encoding", "chunked"), json]), Ok(true));
        assert_eq!(expected(&[("content-length", "2")]), Err("unsupported_media_type"));
        assert_eq!(expected(&[("content-length", "2"), ("content-type", "text/plain")]), Err("unsupported_media_type"));
        assert_eq!(expected(&[("content-length", "11"), json]), Err("payload_too_large"));
        assert_eq!(expected(&[("content-length", "99999999999999"), json]), Err("payload_too_large"));
        assert_eq!(expected(&[("content-length", "x"), json]), Err("bad_request"));
        assert_eq!(
            expected(&[("content-length", "2"), json, ("content-encoding", "gzip")]),
            Err("unsupported_media_type")
        );
    }

    #[test]
    fn json_has_several_names() {
        for name in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(is_json(name.as_bytes()), "{name}");
        }
        for name in ["", "text/json5", "application/jsonp", "json", "application/x-www-form-urlencoded"] {
            assert!(!is_json(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let problem = parse(b"{\n\"a\": }").unwrap_err();
        assert_eq!(problem.code, Code::InvalidJson);
        assert!(problem.detail.contains("line 2 column 6"), "{}", problem.detail);
        for bad in [&b"{"[..], b"nul", b"\xff", b"{} {}"] {
            assert_eq!(parse(bad).unwrap_err().code, Code::InvalidJson, "{bad:?}");
        }
    }

    #[test]
    fn a_number_that_would_be_changed_is_a_fault_of_its_field() {
        let problem = parse(br#"{"values": {"ids": [1, 18446744073709551616]}}"#).unwrap_err();
        let [fault] = problem.errors.as_slice() else { panic!("{problem:?}") };
        assert_eq!((problem.code, fault.loc.join(".")), (Code::InvalidBody, "body.values.ids.1".to_owned()));
        assert_eq!(parse(b"1e999").unwrap_err().code, Code::InvalidBody);
        assert!(parse(br#"{"fee": NaN}"#).unwrap_err().detail.contains("NaN is not a JSON number (at fee)"));
        let kept = parse(b"[18446744073709551615, -9223372036854775808, 0.1]").unwrap().unwrap();
        assert_eq!(kept.to_string(), "[18446744073709551615,-9223372036854775808,0.1]");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()).unwrap_err().code, Code::InvalidJson);
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_refused_while_it_is_read() {
        for (bytes, fits) in [(100, true), (101, false)] {
            let (_, payload) = TestRequest::post().set_payload("x".repeat(bytes)).to_http_parts();
            let read = read(payload, 100).await;
            assert_eq!(
                read.as_ref().map(Bytes::len).map_err(|problem| problem.code.word()).ok(),
                fits.then_some(bytes)
            );
        }
    }

    #[actix_web::test]
    async fn a_body_in_pieces_is_put_together() {
        let pieces = ["[1,", "2,", "3]"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
        let stream: actix_http::BoxedPayloadStream = Box::pin(futures::stream::iter(pieces));
        assert_eq!(read(Payload::Stream { payload: stream }, 7).await.unwrap(), "[1,2,3]");
    }
}
