//! Which credential a request shows: the only place that reads the headers for them.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The header for API keys, beside `Authorization`.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The cookie of a login on the page. Browsers keep a cookie of such a name only for this host, and send it only over TLS.
pub(crate) const COOKIE: &str = "__Host-callboard";

/// What a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// Nothing.
    Nothing,
    /// A key or token.
    Token(&'a str),
    /// The token in the cookie of a login.
    Cookie(&'a str),
    /// Something that is neither: another scheme, an empty one, or no text.
    Unreadable,
    /// More than one, were they the same.
    Several,
}

/// What these headers show.
pub(super) fn shown(headers: &HeaderMap) -> Shown<'_> {
    let authorizations = headers.get_all(header::AUTHORIZATION).map(bearer);
    let keys = headers.get_all(API_KEY).map(api_key);
    let mut all = authorizations.chain(keys);
    match (all.next(), all.next()) {
        // A cookie comes by itself: whoever shows something else means that.
        (None, _) => cookie(headers).map_or(Shown::Nothing, Shown::Cookie),
        (Some(only), None) => only.map_or(Shown::Unreadable, Shown::Token),
        (Some(_), Some(_)) => Shown::Several,
    }
}

/// The token of an `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); the scheme in any case.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn api_key(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_request_shows_one_credential_or_none() {
        let cases: [(&[(&str, &str)], Shown<'_>); 16] = [
            (&[], Shown::Nothing),
            (&[("authorization", "Bearer a.b")], Shown::Token("a.b")),
            (&[("authorization", "bEARER  a ")], Shown::Token("a")),
            (&[("x-api-key", "a")], Shown::Token("a")),
            (&[("authorization", "Bearer")], Shown::Unreadable),
            (&[("authorization", "Bearer ")], Shown::Unreadable),
            (&[("authorization", "Basic YTpi")], Shown::Unreadable),
            (&[("authorization", "a")], Shown::Unreadable),
            (&[("x-api-key", "")], Shown::Unreadable),
            (&[("authorization", "Bearer a"), ("x-api-key", "b")], Shown::Several),
            (&[("authorization", "Bearer a"), ("x-api-key", "a")], Shown::Several),
            (&[("authorization", "Basic a"), ("x-api-key", "a")], Shown::Several),
            (&[("x-api-key", "a"), ("x-api-key", "a")], Shown::Several),
            (&[("cookie", "a=b; __Host-callboard=cbl_x; c=d")], Shown::Cookie("cbl_x")),
            (&[("cookie", "a=b"), ("x-api-key", "k")], Shown::Token("k")),
            (&[("cookie", "__Host-callboard2=x")], Shown::Nothing),
        ];
        for (headers, expected) in cases {
            let request = headers.iter().fold(TestRequest::get(), |request, header| request.append_header(*header));
            assert_eq!(shown(request.to_http_request().headers()), expected, "{headers:?}");
        }
    }
}
