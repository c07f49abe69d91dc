//! What is asked next where an answer sends somewhere else: RFC 9110 §15.4, and nothing that another origin must not see.

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName,
    LOCATION, USER_AGENT,
};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::workflow::node::NodeError;

/// The headers that another origin may see: all others may hold secrets, whatever they are called.
const HARMLESS: [HeaderName; 7] =
    [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, USER_AGENT];
/// The headers that tell of a body.
const OF_BODY: [HeaderName; 3] = [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE];

/// One request on the way to an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

impl Request {
    /// What is asked after this answer; `None` where it is the last one.
    pub(super) fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> Result<Option<Request>, NodeError> {
        let keeps_method = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method != Method::POST,
            StatusCode::SEE_OTHER => matches!(self.method, Method::GET | Method::HEAD),
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            _ => return Ok(None),
        };
        let Some(location) = headers.get(LOCATION) else { return Ok(None) };
        let url = std::str::from_utf8(location.as_bytes()).ok().and_then(|location| self.url.join(location).ok());
        let url = url.ok_or("the server redirects to what is no URL")?;
        if self.url.scheme() == "https" && url.scheme() == "http" {
            return Err("the server redirects from https to http, which is not followed".into());
        }
        let mut next = Request { url, ..self.clone() };
        if !keeps_method {
            next.method = Method::GET;
            next.body = None;
            OF_BODY.iter().for_each(|name| drop(next.headers.remove(name)));
        }
        if next.url.origin() != self.url.origin() {
            let kept = next.headers.iter().filter(|(name, _)| HARMLESS.contains(name));
            next.headers = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        }
        Ok(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: [&str; 7] =
        ["authorization", "cookie", "x-api-key", "referer", "x-anything", "origin", "proxy-authenticate"];

    fn post() -> Request {
        let mut headers: HeaderMap = HARMLESS.into_iter().map(|name| (name, "x".parse().unwrap())).collect();
        for name in SECRETS {
            headers.insert(name, "secret".parse().unwrap());
        }
        let url = Url::parse("https://a.example/one?key=k").unwrap();
        Request { method: Method::POST, url, headers, body: Some(Bytes::from_static(b"body")) }
    }

    fn redirected(request: &Request, status: u16, location: &str) -> Result<Option<Request>, NodeError> {
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        request.redirected(StatusCode::from_u16(status).unwrap(), &headers)
    }

    fn next(status: u16, location: &str) -> Request {
        redirected(&post(), status, location).unwrap().unwrap()
    }

    fn names(request: &Request) -> Vec<&str> {
        let mut names: Vec<&str> = request.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn another_origin_sees_harmless_headers_only() {
        for location in [
            "https://b.example/",
            "https://a.example:444/",
            "//b.example/x",
            "https://sub.a.example/",
            "https://a.example.b.example/",
        ] {
            let mut expected: Vec<&str> = HARMLESS.iter().map(HeaderName::as_str).collect();
            expected.sort_unstable();
            assert_eq!(names(&next(307, location)), expected, "{location}");
        }
        // And what is lost is lost, though it leads back.
        let away = next(308, "https://b.example/");
        let back = redirected(&away, 302, "https://a.example/").unwrap().unwrap();
        assert!(SECRETS.iter().all(|name| !back.headers.contains_key(*name)));
        for location in ["/two", "two", "https://a.example:443/two", "//A.example/two"] {
            assert_eq!(next(307, location).headers, post().headers, "{location}");
        }
    }

    #[test]
    fn the_method_and_the_body_stay_where_the_status_says_so() {
        for (status, method, becomes) in [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "PUT", "PUT"),
            (302, "DELETE", "DELETE"),
            (307, "POST", "POST"),
            (308, "PATCH", "PATCH"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let asked = Request { method: method.clone(), ..post() };
            let next = redirected(&asked, status, "/two").unwrap().unwrap();
            assert_eq!(next.method, becomes, "{status} {method}");
            assert_eq!(next.body.is_some(), next.method == method, "{status} {method}");
            assert_eq!(next.headers.contains_key(CONTENT_TYPE), next.body.is_some(), "{status} {method}");
        }
    }

    #[test]
    fn what_does_not_lead_anywhere_is_the_answer_or_an_error() {
        for status in [200, 201, 300, 304, 305, 404] {
            assert_eq!(redirected(&post(), status, "/two"), Ok(None), "{status}");
        }
        assert_eq!(post().redirected(StatusCode::FOUND, &HeaderMap::new()), Ok(None));
        assert!(redirected(&post(), 302, "http://a.example/").unwrap_err().to_string().contains("https to http"));
        assert!(redirected(&post(), 302, "https://[::/").unwrap_err().to_string().contains("no URL"));
        assert_eq!(next(302, "/ü").url.as_str(), "https://a.example/%C3%BC");
    }
}
