//! The headers that every answer has: what browsers may make of it, and how it is framed for clients of HTTP/1.0.

use actix_http::ConnectionType;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{StatusCode, Version};

/// Not to be found by pages of other sites that load it without asking (`<img>`, `<script>`). Pages of allowed origins
/// ask by CORS, which this does not touch.
const RESOURCE_POLICY: (HeaderName, &str) = (HeaderName::from_static("cross-origin-resource-policy"), "same-origin");

/// Tells browsers to take an answer for what it says it is, to keep it from pages of other sites, and, unless its
/// handler has said otherwise, to keep no copy of it.
pub(super) fn secure<B>(response: &mut ServiceResponse<B>) {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    let headers = response.headers_mut();
    let (policy, same_origin) = RESOURCE_POLICY;
    for (name, value) in
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (policy, same_origin), (header::CACHE_CONTROL, "no-store")]
    {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// A client of HTTP/1.0 knows no chunks: what has no length ends with the connection (RFC 9112, section 6.3).
pub(super) fn fit_version<B: MessageBody>(response: &mut ServiceResponse<B>) {
    let has_no_length = matches!(response.response().body().size(), BodySize::Stream);
    if has_no_length && response.request().version() < Version::HTTP_11 {
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
}
