//! What happens to every request before and after its handler: its id, who may ask, the log line, compression.

mod compress;
mod cors;
mod headers;
mod request_id;

use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::Instant;

use actix_http::encoding::Encoder;
use actix_web::HttpMessage as _;
use actix_web::body::{self, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use futures::future::LocalBoxFuture;

use super::error::{Code, PROBLEM_JSON, Problem};
use super::origin::{Policy, called};
use crate::metrics::Route;

pub(super) use cors::ForPages;
pub(super) use request_id::{RequestId, RequestIds};

/// The header of a request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer of the server.
pub(super) struct Edge {
    policy: Rc<Policy>,
    /// Counts what no route answers.
    unmatched: Rc<Route>,
}

impl Edge {
    /// The edge of a server with this policy.
    pub(super) fn new(policy: Rc<Policy>, unmatched: Route) -> Self {
        Self { policy, unmatched: Rc::new(unmatched) }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<Encoder<B>, BoxBody>>;
    type Error = actix_web::Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let (policy, unmatched) = (Rc::clone(&self.policy), Rc::clone(&self.unmatched));
        ready(Ok(EdgeService { service, policy, unmatched, ids: RequestIds::default() }))
    }
}

/// The edge, round everything within.
pub(super) struct EdgeService<S> {
    service: S,
    policy: Rc<Policy>,
    unmatched: Rc<Route>,
    ids: RequestIds,
}

impl<S, B> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<Encoder<B>, BoxBody>>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let arrival =
            Arrival { at: Instant::now(), id: self.ids.of(request.headers()), unmatched: Rc::clone(&self.unmatched) };
        request.extensions_mut().insert(RequestId(arrival.id.clone()));
        let is_head = *request.method() == Method::HEAD;
        if let Some(problem) = refusal(&self.policy, &request) {
            let refusal = problem.response();
            let refusal = if is_head { refusal.set_body(BoxBody::new(body::None::new())) } else { refusal };
            let response = request.into_response(refusal.map_into_right_body());
            return Box::pin(ready(Ok(finish(response, arrival))));
        }
        let encoding = compress::wanted(request.headers());
        let inner = self.service.call(request);
        Box::pin(async move {
            let response = inner.await?;
            let response = if !is_head && is_bare_error(&response) {
                bare_error(response)
            } else if is_head {
                // The HTTP server leaves a body out by the method of the request that it has read last, which is
                // another one where requests are pipelined: a body would be read as the next answer.
                response.map_body(|_, _| EitherBody::right(BoxBody::new(body::None::new())))
            } else {
                response.map_body(|head, body| {
                    let encoding = compress::suits(encoding, head.headers(), body.size());
                    EitherBody::left(Encoder::response(encoding, head, body))
                })
            };
            Ok(finish(response, arrival))
        })
    }
}

/// Why a request is refused whatever it asks.
///
/// A socket's origin is left to its handler: a browser cannot see an HTTP status there. Probes, which reveal
/// nothing worth a trick, are answered under any host name.
fn refusal(policy: &Policy, request: &ServiceRequest) -> Option<Problem> {
    let host = called(request.head());
    let is_probe = matches!(request.path(), "/livez" | "/readyz" | "/health");
    if !is_probe && !policy.takes_host(host) {
        return Some(Code::ForbiddenHost.into());
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && !policy.takes_origin(request.headers().get(header::ORIGIN).map(HeaderValue::as_bytes), host) {
        return Some(Code::ForbiddenOrigin.into());
    }
    None
}

/// Whether an answer is an error that one of the framework's parts gave, without a problem in it.
fn is_bare_error<B>(response: &ServiceResponse<B>) -> bool {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let is_ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == PROBLEM_JSON || value.as_bytes().starts_with(b"application/json"));
    is_error && !is_ours
}

/// The same error as a problem document.
fn bare_error<B>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<Encoder<B>, BoxBody>>
where
    B: MessageBody + 'static,
{
    let (request, response) = response.into_parts();
    let status = response.status();
    let mut problem = Problem::of_status(status).response();
    *problem.status_mut() = status;
    // Such as `Allow`, and what lets a page read the answer.
    for (name, value) in response.headers() {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(name) {
            problem.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, problem.map_into_right_body())
}

/// What is kept of a request until it is answered.
struct Arrival {
    at: Instant,
    id: HeaderValue,
    unmatched: Rc<Route>,
}

/// Puts on the answer what every answer has, counts it, and writes the log line.
fn finish<B: MessageBody>(mut response: ServiceResponse<B>, arrival: Arrival) -> ServiceResponse<B> {
    let Arrival { at, id, unmatched } = arrival;
    let (status, took) = (response.status(), at.elapsed());
    let request = response.request();
    request.app_data::<Route>().unwrap_or(&unmatched).answered(status.as_u16(), took);
    let level = if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        log::Level::Warn
    } else {
        log::Level::Debug
    };
    if log::log_enabled!(level) {
        log::log!(
            level,
            method = request.method().as_str(),
            path = request.path(),
            status = status.as_u16(),
            duration_ms = took.as_secs_f64() * 1000.0,
            request_id = id.to_str().unwrap_or_default();
            "answered a request"
        );
    }
    headers::secure(&mut response);
    headers::fit_version(&mut response);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

#[cfg(test)]
mod tests;
