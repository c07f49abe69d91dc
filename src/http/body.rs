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
use super::decode::{fault, too_deep};
use super::error::{Code, Problem};
use crate::connection::socket;
use crate::domain::json::{self, Unreadable};
use crate::process::threads;

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
        let body = json(request, payload, limit(request));
        Box::pin(async move { body.await.map(JsonBody) })
    }
}

/// A body that may be any JSON, `null` as well; `None` where there is no body.
#[derive(Debug)]
pub(super) struct AnyJson(pub(super) Option<Value>);

impl FromRequest for AnyJson {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = value(request, payload, limit(request));
        Box::pin(async move { body.await.map(AnyJson) })
    }
}

/// The most bytes of a body, unless its route says otherwise.
fn limit(request: &HttpRequest) -> usize {
    request.app_data::<web::Data<State>>().map_or(1_048_576, |state| state.settings.server.max_body_bytes)
}

/// Reads the JSON of a body of at most `limit` bytes; `None` where there is no body, or it is `null`.
///
/// # Errors
/// Where it is too large, not JSON, or does not come in time.
pub(super) fn json(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> LocalBoxFuture<'static, Result<Option<Value>, Problem>> {
    let body = value(request, payload, limit);
    Box::pin(async move { body.await.map(|body| body.filter(|value| !value.is_null())) })
}

fn value(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> LocalBoxFuture<'static, Result<Option<Value>, Problem>> {
    let payload = payload.take();
    let announced = announced(request.headers(), limit);
    let cut_later = socket::cut_later(request);
    Box::pin(async move {
        let announced = announced?;
        let body = actix_web::rt::time::timeout(PATIENCE, read(payload, announced, limit)).await;
        let body = body.map_err(|_| Code::RequestTimeout.into()).flatten().inspect_err(|_| cut_later())?;
        if body.len() <= LARGE {
            return parse(&body);
        }
        threads::blocking(move || parse(&body)).await.map_err(Problem::from).flatten()
    })
}

/// What the headers say of a body.
#[derive(Debug, PartialEq)]
enum Announced {
    /// There is none.
    Nothing,
    /// It is JSON.
    Json,
    /// It comes in chunks, of which there may be none; if there are some, this is why they are refused.
    AtMostEmpty(Problem),
}

/// What the headers say of a body. Only a body that has something in it needs a media type.
///
/// # Errors
/// Where they say that it is too large, or not JSON.
fn announced(headers: &HeaderMap, limit: usize) -> Result<Announced, Problem> {
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
    let comes_in_chunks = length.is_none() && headers.contains_key(header::TRANSFER_ENCODING);
    if length.unwrap_or(0) == 0 && !comes_in_chunks {
        return Ok(Announced::Nothing);
    }
    match readable(headers) {
        Err(problem) if comes_in_chunks => return Ok(Announced::AtMostEmpty(problem)),
        readable => readable?,
    }
    if length.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    Ok(Announced::Json)
}

/// Whether a body with these headers can be read.
///
/// # Errors
/// Where it is compressed, no JSON, or in another character set than JSON's.
fn readable(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |text: &'static str| Err(Problem::new(Code::UnsupportedMediaType, text));
    let codings =
        headers.get_all(header::CONTENT_ENCODING).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if codings.map(<[u8]>::trim_ascii).any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")) {
        return unsupported("A body must not be compressed: leave the Content-Encoding header out, or send identity.");
    }
    let mut types = headers.get_all(header::CONTENT_TYPE);
    let Some(media_type) = types.next() else { return Err(Code::UnsupportedMediaType.into()) };
    if types.any(|other| other != media_type) {
        return Err(Problem::new(Code::BadRequest, "The Content-Type header was sent twice, with different values."));
    }
    let media_type = media_type.as_bytes();
    if !is_json(media_type) {
        return Err(Code::UnsupportedMediaType.into());
    }
    if charset(media_type)
        .is_some_and(|set| !set.eq_ignore_ascii_case(b"utf-8") && !set.eq_ignore_ascii_case(b"us-ascii"))
    {
        return unsupported("JSON must be sent in UTF-8, whose charset in the Content-Type header is utf-8.");
    }
    Ok(())
}

/// The character set that a media type names.
fn charset(media_type: &[u8]) -> Option<&[u8]> {
    media_type.split(|byte| *byte == b';').skip(1).find_map(|parameter| {
        let at = parameter.iter().position(|byte| *byte == b'=')?;
        let (name, value) = parameter.split_at(at);
        let value = value.strip_prefix(b"=")?.trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
        (name.trim_ascii().eq_ignore_ascii_case(b"charset") && !value.is_empty()).then_some(value)
    })
}

/// Whether a media type is `application/json` or ends in `+json`, whatever its parameters.
fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let ends_in_json = essence.len().checked_sub(5).and_then(|at| essence.get(at..));
    essence.eq_ignore_ascii_case(b"application/json")
        || ends_in_json.is_some_and(|end| end.eq_ignore_ascii_case(b"+json"))
}

async fn read(mut payload: Payload, announced: Announced, limit: usize) -> Result<Bytes, Problem> {
    let refusal = match announced {
        Announced::Nothing => return Ok(Bytes::new()),
        Announced::Json => None,
        Announced::AtMostEmpty(problem) => Some(problem),
    };
    let mut whole = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| Problem::new(Code::BadRequest, "The body ended before it was there as announced."))?;
        if !chunk.is_empty()
            && let Some(problem) = refusal
        {
            return Err(problem);
        }
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

/// Parses a body in which every number can be held, and which is nested no deeper than what is kept may be.
fn parse(body: &[u8]) -> Result<Option<Value>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    match json::read(body) {
        Ok(value) => Ok(Some(value)),
        Err(Unreadable::Syntax(reason)) => {
            Err(Problem::new(Code::InvalidJson, format!("The body is not JSON: {reason}.")))
        }
        Err(Unreadable::Number(number)) => {
            let loc: Vec<&str> = std::iter::once("body").chain(number.path.iter().map(String::as_str)).collect();
            Err(Problem::invalid(Code::InvalidBody, vec![fault(&loc, number.reason(), "number_out_of_range")]))
        }
        Err(Unreadable::Deep(deep)) => Err(too_deep(deep)),
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

    fn said(headers: &[(&'static str, &'static str)]) -> Result<&'static str, &'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        match announced(&map, 10) {
            Ok(Announced::Nothing) => Ok("nothing"),
            Ok(Announced::Json) => Ok("json"),
            Ok(Announced::AtMostEmpty(problem)) | Err(problem) if problem.code == Code::UnsupportedMediaType => {
                Err(if headers.iter().any(|(name, _)| *name == "transfer-encoding") { "empty" } else { "unsupported" })
            }
            Ok(Announced::AtMostEmpty(problem)) | Err(problem) => Err(problem.code.word()),
        }
    }

    #[test]
    fn the_headers_decide_before_a_byte_is_read() {
        let json = ("content-type", "application/json");
        let (sized, chunked) = (("content-length", "2"), ("transfer-encoding", "chunked"));
        assert_eq!(said(&[]), Ok("nothing"));
        assert_eq!(said(&[("content-type", "text/plain")]), Ok("nothing"));
        assert_eq!(said(&[("content-length", "0"), ("content-type", "text/plain")]), Ok("nothing"));
        assert_eq!(said(&[("content-length", "0"), ("content-encoding", "gzip")]), Ok("nothing"));
        assert_eq!(said(&[("content-length", "10"), json]), Ok("json"));
        assert_eq!(said(&[chunked, json]), Ok("json"));
        assert_eq!(said(&[chunked]), Err("empty"));
        assert_eq!(said(&[chunked, ("content-type", "text/plain")]), Err("empty"));
        assert_eq!(said(&[sized]), Err("unsupported"));
        assert_eq!(said(&[sized, ("content-type", "text/plain")]), Err("unsupported"));
        assert_eq!(said(&[("content-length", "11"), json]), Err("payload_too_large"));
        assert_eq!(said(&[("content-length", "99999999999999"), json]), Err("payload_too_large"));
        assert_eq!(said(&[("content-length", "x"), json]), Err("bad_request"));
    }

    #[test]
    fn only_the_coding_identity_is_read_however_it_is_written() {
        let json = ("content-type", "application/json");
        for (codings, expected) in [
            (vec!["identity"], Ok("json")),
            (vec!["Identity"], Ok("json")),
            (vec![" IDENTITY , identity"], Ok("json")),
            (vec![""], Ok("json")),
            (vec!["gzip"], Err("unsupported")),
            (vec!["identity, gzip"], Err("unsupported")),
            (vec!["identity", "br"], Err("unsupported")),
        ] {
            let mut headers = vec![("content-length", "2"), json];
            headers.extend(codings.iter().map(|coding| ("content-encoding", *coding)));
            assert_eq!(said(&headers), expected, "{codings:?}");
        }
    }

    #[test]
    fn the_media_type_is_one_and_its_characters_are_utf_8() {
        for (types, expected) in [
            (vec!["application/json; charset=utf-8"], Ok("json")),
            (vec!["application/json;Charset=\"UTF-8\"; x=y"], Ok("json")),
            (vec!["application/json; charset=US-ASCII"], Ok("json")),
            (vec!["application/json; charset="], Ok("json")),
            (vec!["application/json; charset=utf-16"], Err("unsupported")),
            (vec!["application/json; x; charset=latin1"], Err("unsupported")),
            (vec!["application/json", "application/json"], Ok("json")),
            (vec!["application/json", "text/plain"], Err("bad_request")),
            (vec!["application/json, text/plain"], Err("unsupported")),
        ] {
            let mut headers = vec![("content-length", "2")];
            headers.extend(types.iter().map(|media_type| ("content-type", *media_type)));
            assert_eq!(said(&headers), expected, "{types:?}");
        }
    }

    #[actix_web::test]
    async fn chunks_without_a_media_type_are_read_only_to_see_that_there_are_none() {
        for (text, code) in [("", None), ("{}", Some(Code::UnsupportedMediaType))] {
            let (request, mut payload) = TestRequest::post()
                .insert_header((header::TRANSFER_ENCODING, "chunked"))
                .set_payload(text)
                .to_http_parts();
            let read = json(&request, &mut payload, 100).await;
            assert_eq!(read.as_ref().err().map(|problem| problem.code), code, "{text:?}");
            assert!(read.is_err() || read == Ok(None));
        }
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
        let problem = parse(format!("{}{}", "[".repeat(101), "]".repeat(101)).as_bytes()).unwrap_err();
        assert_eq!((problem.code, &*problem.errors[0].kind), (Code::InvalidBody, "too_deep"));
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_refused_while_it_is_read() {
        for (bytes, fits) in [(100, true), (101, false)] {
            let (_, payload) = TestRequest::post().set_payload("x".repeat(bytes)).to_http_parts();
            let read = read(payload, Announced::Json, 100).await;
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
        assert_eq!(read(Payload::Stream { payload: stream }, Announced::Json, 7).await.unwrap(), "[1,2,3]");
    }
}
