//! Which web pages of other origins may read what this server answers (CORS).

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_cors::{Cors, CorsMiddleware};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::{Method, header};
use futures::future::{FutureExt, LocalBoxFuture};

use super::REQUEST_ID;
use crate::http::origin::Policy;

/// Lets the pages of trusted origins in. Answers to all others say nothing, so that browsers keep them from the page.
///
/// A request without an origin is no page's: it goes round all this, and its answer is shorter.
pub(in crate::http) struct ForPages(Cors);

impl ForPages {
    /// The rules of this policy.
    pub(in crate::http) fn new(policy: Rc<Policy>) -> Self {
        let cors = Cors::default()
            .allowed_origin_fn(move |origin, _| policy.trusts(origin.as_bytes()))
            .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
            .allow_any_header()
            .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER, REQUEST_ID])
            .allow_private_network_access()
            .max_age(3600)
            .block_on_origin_mismatch(false);
        Self(cors)
    }
}

impl<S, B> Transform<S, ServiceRequest> for ForPages
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = ForPagesService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let direct = Rc::new(service);
        let cors = self.0.new_transform(Rc::clone(&direct)).now_or_never().unwrap_or(Err(()));
        ready(cors.map(|cors| ForPagesService { direct, cors }))
    }
}

/// The two ways into the same service.
pub(in crate::http) struct ForPagesService<S> {
    direct: Rc<S>,
    cors: CorsMiddleware<Rc<S>>,
}

impl<S, B> Service<ServiceRequest> for ForPagesService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(direct);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if request.headers().contains_key(header::ORIGIN) {
            return self.cors.call(request);
        }
        let inner = self.direct.call(request);
        Box::pin(async move { inner.await.map(ServiceResponse::map_into_left_body) })
    }
}
