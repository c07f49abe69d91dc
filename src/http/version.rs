//! Versions in headers: which one a request builds on, which ones a client has, and which one it gets.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{self, HeaderMap};

use super::decode::fault;
use super::error::{Code, Problem};
use crate::workflow::client::Expected;

/// The version that `If-Match` wants (RFC 9110, section 13.1.1), where it was sent.
///
/// # Errors
/// Where it is not one tag, or `*`.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    if text == "*" {
        return Ok(Some(Expected::Any));
    }
    let weak = text.strip_prefix("W/");
    let tag = weak.unwrap_or(text).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(tag) = tag.filter(|tag| !tag.contains('"')) else {
        let fault = fault(&["header", "If-Match"], "must be one tag, such as \"3\", or *", "invalid_value");
        return Err(Problem::invalid(Code::InvalidHeader, vec![fault]));
    };
    // No version is 0: a tag that this server never gave, or a weak one, is that of no version.
    let version = if weak.is_some() { 0 } else { tag.parse().unwrap_or(0) };
    Ok(Some(Expected::Version(version)))
}

/// Whether `If-None-Match` names this version (RFC 9110, section 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, version: u64) -> bool {
    let tag = tag(version);
    let values = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

/// The tag of a version.
fn tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// Puts the tag of a version into an answer.
pub(super) fn tagged(mut answer: HttpResponseBuilder, version: u64) -> HttpResponseBuilder {
    answer.insert_header((header::ETAG, tag(version)));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_version_that_is_expected() {
        let read = |value: &str| {
            let request = TestRequest::get().insert_header((header::IF_MATCH, value)).to_http_request();
            if_match(request.headers()).map_err(|problem| problem.code.word())
        };
        let cases = [
            ("\"3\"", Ok(Some(Expected::Version(3)))),
            (" \"3\" ", Ok(Some(Expected::Version(3)))),
            ("*", Ok(Some(Expected::Any))),
            ("W/\"3\"", Ok(Some(Expected::Version(0)))),
            ("\"abc\"", Ok(Some(Expected::Version(0)))),
            ("\"99999999999999999999\"", Ok(Some(Expected::Version(0)))),
            ("3", Err("invalid_header")),
            ("\"1\", \"2\"", Err("invalid_header")),
            ("\"", Err("invalid_header")),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{value}");
        }
        assert_eq!(if_match(TestRequest::get().to_http_request().headers()), Ok(None));
    }

    #[test]
    fn the_versions_that_are_known() {
        for (value, known) in [("\"2\"", true), ("\"1\", W/\"2\"", true), ("*", true), ("\"22\"", false), ("2", false)]
        {
            let request = TestRequest::get().insert_header((header::IF_NONE_MATCH, value)).to_http_request();
            assert_eq!(is_known(request.headers(), 2), known, "{value}");
        }
    }
}
