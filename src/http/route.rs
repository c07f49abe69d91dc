//! How a route is declared: its handler, whose attribute has path, method and description, and the action that it is.
//!
//! `utoipa-actix-web` is no help here: it makes a resource of each method, so that a method which a path does not take is
//! answered with 404 and without `Allow`. The traits of utoipa that are used instead are those of its own `utoipa-axum`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::marker::PhantomData;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::ServiceConfig;
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, HttpResponse, Responder, guard, web};
use futures::future::{LocalBoxFuture, Ready, ready};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{PathsBuilder, RefOr};

use super::State;
use super::error::{Code, Problem};
use crate::auth::{Action, Decision, Resource, may};
use crate::metrics::Http;

/// Declares the routes of a file: `routes![ListThings => list, ReadThing => show]`.
macro_rules! routes {
    ($($action:ident => $handler:ident),* $(,)?) => {
        pastey::paste! {
            vec![$($crate::http::route::Route::described::<[<__path_ $handler>], _, _>(
                $crate::auth::Action::$action,
                $handler,
            )),*]
        }
    };
}
pub(super) use routes;

/// One method of a path, and what is done there.
pub(super) struct Route {
    path: String,
    method: Method,
    action: Action,
    service: actix_web::Route,
    describe: Option<fn() -> Described>,
}

/// An operation in the OpenAPI document.
pub(super) struct Described {
    path: String,
    method: HttpMethod,
    operation: Operation,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Route {
    /// A route that is described by the attribute of its handler.
    pub(super) fn described<P, F, Args>(action: Action, handler: F) -> Self
    where
        P: utoipa::Path + SchemaReferences + for<'t> Tags<'t>,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let method = as_method(&one_method::<P>());
        Self { describe: Some(describe::<P>), ..Self::new(action, method, P::path(), handler) }
    }

    /// A route for people, which stands in no description.
    pub(super) fn page<F, Args>(action: Action, path: &str, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(action, Method::GET, path.to_owned(), handler)
    }

    fn new<F, Args>(action: Action, method: Method, path: String, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let service = checked(action, handler);
        let service = if method == Method::GET {
            // The server leaves out the body.
            service.guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            service.guard(guard::Method(method.clone()))
        };
        Self { path, method, action, service, describe: None }
    }

    /// What it is for, and where.
    pub(super) fn access(&self) -> (&Method, &str, Action) {
        (&self.method, &self.path, self.action)
    }

    /// Adds it to a description, with what has to be shown and the schemas that it names.
    pub(super) fn describe(
        &self,
        paths: PathsBuilder,
        security: Option<Vec<SecurityRequirement>>,
        schemas: &mut BTreeMap<String, RefOr<Schema>>,
    ) -> PathsBuilder {
        let Some(describe) = self.describe else { return paths };
        let Described { path, method, mut operation, schemas: named } = describe();
        operation.security = security;
        schemas.extend(named);
        paths.path(path, PathItem::new(method, operation))
    }
}

/// Each handler has one method: the attribute takes several, and no handler here has them.
fn one_method<P: utoipa::Path>() -> HttpMethod {
    P::methods().pop().unwrap_or(HttpMethod::Get)
}

fn as_method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

fn describe<P: utoipa::Path + SchemaReferences + for<'t> Tags<'t>>() -> Described {
    let mut operation = P::operation();
    operation.tags.get_or_insert_default().extend(P::tags().into_iter().map(str::to_owned));
    let mut schemas = Vec::new();
    P::schemas(&mut schemas);
    Described { path: P::path(), method: one_method::<P>(), operation, schemas }
}

/// Serves these routes, and counts what they answer. A path answers methods that it does not take with 405.
pub(super) fn mount(routes: Vec<Route>, config: &mut ServiceConfig, http: &Http) {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path.clone(), vec![route])),
        }
    }
    for (path, routes) in paths {
        let allow = allow(routes.iter().map(|route| &route.method));
        let resource = web::resource(&*path).app_data(http.route(&path));
        let resource = routes.into_iter().fold(resource, |resource, route| resource.route(route.service));
        config.service(resource.default_service(web::to(move |request: HttpRequest| {
            let answer = other_method(&request, &allow);
            ready(answer)
        })));
    }
}

/// The methods of a path, as the `Allow` header has them.
fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut words = Vec::new();
    for method in methods {
        words.push(method.as_str());
        if *method == Method::GET {
            words.push(Method::HEAD.as_str());
        }
    }
    words.push(Method::OPTIONS.as_str());
    words.join(", ")
}

/// The answer to a method that a path does not handle.
pub(super) fn other_method(request: &HttpRequest, allow: &str) -> HttpResponse {
    let mut response = if request.method() == Method::OPTIONS {
        HttpResponse::NoContent().finish()
    } else {
        Problem::from(Code::MethodNotAllowed).response()
    };
    if let Ok(value) = header::HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// What serves an action: a handler that is called only for whoever may do it.
pub(super) fn checked<F, Args>(action: Action, handler: F) -> actix_web::Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::route().to(Checked { action, handler, args: PhantomData })
}

/// Finds out who sends a request and whether they may, before anything of it is read that its handler takes.
struct Checked<F, Args> {
    action: Action,
    handler: F,
    args: PhantomData<fn(Args)>,
}

impl<F: Clone, Args> Clone for Checked<F, Args> {
    fn clone(&self) -> Self {
        Self { action: self.action, handler: self.handler.clone(), args: PhantomData }
    }
}

/// A request whose body is not read.
struct Unread(HttpRequest, Payload);

impl FromRequest for Unread {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone(), payload.take())))
    }
}

impl<F, Args> Handler<Unread> for Checked<F, Args>
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder,
{
    type Output = HttpResponse<BoxBody>;
    type Future = LocalBoxFuture<'static, HttpResponse<BoxBody>>;

    fn call(&self, Unread(request, mut payload): Unread) -> Self::Future {
        let Self { action, handler, .. } = self.clone();
        Box::pin(async move {
            if let Err(problem) = authorize(&request, action) {
                return problem.response();
            }
            match Args::from_request(&request, &mut payload).await {
                Ok(args) => handler.call(args).await.respond_to(&request).map_into_boxed_body(),
                Err(error) => HttpResponse::from_error(error),
            }
        })
    }
}

/// Finds out who sends a request, and keeps that with it.
///
/// # Errors
/// Where they may not do this.
fn authorize(request: &HttpRequest, action: Action) -> Result<(), Problem> {
    let state = request.app_data::<web::Data<State>>().ok_or(Code::Internal)?;
    let principal = state.authenticator.principal(request.head());
    let decision = may(&principal, action, Resource::Unread);
    request.extensions_mut().insert(principal);
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Hidden => Err(Code::NotFound.into()),
        Decision::Refused => Err(Code::NotAuthenticated.into()),
    }
}
