//! The extractor that admin routes take: a request that may not use them is answered with 401.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};

use super::State;
use super::error::{Code, Problem};
use crate::auth::Caller;

/// How the names of headers end in which proxies say whose request they pass on, such as `X-Real-IP`, `True-Client-IP`,
/// `X-Azure-ClientIP` and `CloudFront-Viewer-Address`.
const CALLERS: [&str; 3] = ["-ip", "-clientip", "-address"];

/// A caller that may use the admin routes. Take it before the body, so that nobody else's is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin;

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if is_admin(request) { Ok(Admin) } else { Err(Code::NotAuthenticated.into()) })
    }
}

/// Whether a request may use the admin routes.
pub(super) fn is_admin(request: &HttpRequest) -> bool {
    request.app_data::<web::Data<State>>().is_some_and(|state| state.gate.admits(caller(request)))
}

fn caller(request: &HttpRequest) -> Caller<'_> {
    let is_forwarding =
        |name: &str| name == "via" || name.contains("forwarded") || CALLERS.iter().any(|end| name.ends_with(end));
    Caller {
        peer: request.peer_addr().map(|address| address.ip()),
        is_forwarded: request.headers().keys().any(|name| is_forwarding(name.as_str())),
        authorization: request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn every_way_of_passing_on_is_seen() {
        let peer = "127.0.0.1:9".parse().unwrap();
        for (name, is_forwarded) in [
            ("Forwarded", true),
            ("X-Forwarded-For", true),
            ("x-forwarded-proto", true),
            ("X-Real-IP", true),
            ("Via", true),
            ("X-Forwarded", true),
            ("X-ForwardedFor", true),
            ("X-Original-Forwarded-For", true),
            ("CF-Connecting-IP", true),
            ("True-Client-IP", true),
            ("X-Azure-ClientIP", true),
            ("CloudFront-Viewer-Address", true),
            ("X-Request-ID", false),
            ("X-Client-Id", false),
            ("Origin", false),
        ] {
            let request = TestRequest::get().peer_addr(peer).insert_header((name, "x")).to_http_request();
            let caller = caller(&request);
            assert_eq!((caller.is_forwarded, caller.peer), (is_forwarded, Some(peer.ip())), "{name}");
        }
        let request = TestRequest::get().insert_header(("authorization", "Bearer t")).to_http_request();
        assert_eq!(caller(&request).authorization, Some(&b"Bearer t"[..]));
    }
}
