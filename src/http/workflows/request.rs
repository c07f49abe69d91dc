//! What a request says outside of its body: which workflow, by whom, and against which version.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, HttpResponseBuilder};

use super::super::client::visible;
use super::super::decode::fault;
use super::super::error::{Code, Problem};
use super::super::query::Query;
use crate::workflow::client::Expected;
use crate::workflow::definition::id_fault;
use crate::workflow::refused::Refused;

/// The workflow that a path names. An id that is none names no workflow.
#[derive(Clone, Debug)]
pub(in crate::http) struct Named(pub(super) String);

impl FromRequest for Named {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("workflow_id").filter(|id| id_fault(id).is_none());
        ready(id.map(|id| Named(id.to_owned())).ok_or_else(|| Refused::UnknownWorkflow.into()))
    }
}

/// Who asks, where they say so: in `X-Client-Id`, else in the query's `client_id`.
#[derive(Clone, Debug)]
pub(in crate::http) struct Author(pub(super) Option<String>);

impl FromRequest for Author {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(author(request.headers(), request.query_string()).map(Author))
    }
}

fn author(headers: &HeaderMap, query: &str) -> Result<Option<String>, Problem> {
    if let Some(author) = visible(headers, "X-Client-Id", 64)? {
        return Ok(Some(author.to_owned()));
    }
    let mut query = Query::of(query);
    let author = query.text("client_id");
    if author.as_ref().is_some_and(|id| id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_graphic())) {
        query.fault("client_id", "must be 1 to 64 visible ASCII characters", "invalid_value");
    }
    query.finish().map(|()| author)
}

/// A parameter that is `true` or `false`; false where it is left out.
pub(super) fn flag(query: &mut Query<'_>, name: &str) -> bool {
    match query.text(name).as_deref() {
        Some("true") => true,
        Some("false") | None => false,
        Some(_) => {
            query.fault(name, "must be true or false", "wrong_type");
            false
        }
    }
}

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

    #[test]
    fn who_asks() {
        let read = |name: Option<&str>, query: &str| {
            let request =
                name.into_iter().fold(TestRequest::get(), |request, name| request.insert_header(("x-client-id", name)));
            author(request.to_http_request().headers(), query).map_err(|problem| problem.code.word())
        };
        assert_eq!(read(Some("ada"), "client_id=bob"), Ok(Some("ada".into())));
        assert_eq!(read(None, "client_id=bob"), Ok(Some("bob".into())));
        assert_eq!(read(None, ""), Ok(None));
        assert_eq!(read(None, "client_id=a+b"), Err("invalid_query"));
        assert_eq!(read(Some("a b"), ""), Err("invalid_header"));
    }
}
