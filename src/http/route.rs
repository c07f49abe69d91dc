//! How a route is declared: its handler, whose attribute has path, method and description, and the action that it is.
//!
//! `utoipa-actix-web` is no help here: it makes a resource of each method, so that a method which a path does not take is
//! answered with 404 and without `Allow`. The traits of utoipa that are used instead are those of its own `utoipa-axum`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::ServiceConfig;
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, HttpResponse, Responder, guard, web};
use futures::future::{LocalBoxFuture, Ready, ready};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{PathsBuilder, RefOr};

use super::State;
use super::admission;
use super::error::{Code, Problem, sentence};
use super::named_owner::reaching;
use super::recorded;
use crate::auth::storage::NoRoom;
use crate::auth::{Action, CallerAddress, Decision, Principal, PrincipalKind, Refusal, Resource, Scope, lacking, may};
use crate::metrics::Http;

/// When whoever keeps as much as they may should ask again: only they can change that.
const FULL_FOR: Duration = Duration::from_secs(59);

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

/// The same for WebSockets, whose clients may say who they are once they are open.
macro_rules! sockets {
    ($($action:ident => $handler:ident),* $(,)?) => {
        pastey::paste! {
            vec![$($crate::http::route::Route::socket::<[<__path_ $handler>], _, _>(
                $crate::auth::Action::$action,
                $handler,
            )),*]
        }
    };
}
pub(super) use sockets;

/// One method of a path, and what is done there.
pub(super) struct Route {
    path: String,
    method: Method,
    action: Action,
    service: actix_web::Route,
    describe: Option<fn() -> Described>,
    is_socket: bool,
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
        Self { describe: Some(describe::<P>), ..Self::new(action, method, P::path(), checked(action, handler)) }
    }

    /// A WebSocket that is described by the attribute of its handler.
    pub(super) fn socket<P, F, Args>(action: Action, handler: F) -> Self
    where
        P: utoipa::Path + SchemaReferences + for<'t> Tags<'t>,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let service = web::route().to(Checked { action, door: Door::Socket, handler, args: PhantomData });
        Self { describe: Some(describe::<P>), is_socket: true, ..Self::new(action, Method::GET, P::path(), service) }
    }

    /// A route for people, which stands in no description.
    pub(super) fn page<F, Args>(action: Action, path: &str, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(action, Method::GET, path.to_owned(), checked(action, handler))
    }

    fn new(action: Action, method: Method, path: String, service: actix_web::Route) -> Self {
        let service = if method == Method::GET {
            // The server leaves out the body.
            service.guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            service.guard(guard::Method(method.clone()))
        };
        Self { path, method, action, service, describe: None, is_socket: false }
    }

    /// What it is for, and where.
    pub(super) fn access(&self) -> (&Method, &str, Action) {
        (&self.method, &self.path, self.action)
    }

    /// Whether it becomes a WebSocket.
    pub(super) fn is_socket(&self) -> bool {
        self.is_socket
    }

    /// Adds it to a description, with the schemas that it names, and what is not said at its handler.
    pub(super) fn describe(
        &self,
        paths: PathsBuilder,
        schemas: &mut BTreeMap<String, RefOr<Schema>>,
        complete: impl FnOnce(&mut Operation),
    ) -> PathsBuilder {
        let Some(describe) = self.describe else { return paths };
        let Described { path, method, mut operation, schemas: named } = describe();
        complete(&mut operation);
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
    // Each is tried in turn, and those with a part that varies cost a regular expression each.
    paths.sort_by_key(|(path, _)| path.contains('{'));
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
    web::route().to(Checked { action, door: Door::Request, handler, args: PhantomData })
}

/// How somebody comes in.
#[derive(Clone, Copy)]
enum Door {
    /// By a request, which shows all that there is to see.
    Request,
    /// By a WebSocket.
    Socket,
}

/// Finds out who sends a request and whether they may, before anything of it is read that its handler takes.
struct Checked<F, Args> {
    action: Action,
    door: Door,
    handler: F,
    args: PhantomData<fn(Args)>,
}

impl<F: Clone, Args> Clone for Checked<F, Args> {
    fn clone(&self) -> Self {
        Self { action: self.action, door: self.door, handler: self.handler.clone(), args: PhantomData }
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
        let (handler, asked) = (self.handler.clone(), request.clone());
        let answering = Box::pin(async move {
            match Args::from_request(&request, &mut payload).await {
                Ok(args) => handler.call(args).await.respond_to(&request).map_into_boxed_body(),
                Err(error) => HttpResponse::from_error(error),
            }
        });
        Box::pin(serve(asked, self.action, self.door, answering))
    }
}

/// Answers a request, where its sender may ask for that, and writes down what came of it. Not generic, as there is one
/// [`Checked`] for each handler.
async fn serve(
    request: HttpRequest,
    action: Action,
    door: Door,
    answering: LocalBoxFuture<'static, HttpResponse<BoxBody>>,
) -> HttpResponse<BoxBody> {
    if let Some(state) = request.app_data::<web::Data<State>>() {
        state.authenticator.catch_up(request.head()).await;
    }
    match door {
        Door::Socket if admission::is_upgrade(&request) => admission::admit(&request, action).await,
        Door::Socket | Door::Request => {
            let admitted = match authorize(&request, action) {
                Ok(()) => has_room(&request, action).await,
                refused => refused,
            };
            if let Err(problem) = admitted {
                let refusal = problem.response();
                recorded::record(&request, action, &refusal).await;
                return refusal;
            }
        }
    }
    let answer = answering.await;
    recorded::record(&request, action, &answer).await;
    answer
}

/// Finds out who sends a request, and keeps that with it.
///
/// # Errors
/// Where they may not do this.
fn authorize(request: &HttpRequest, action: Action) -> Result<(), Problem> {
    let state = request.app_data::<web::Data<State>>().ok_or(Code::Internal)?;
    let identified = state.authenticator.identify(request.head());
    within_limits(request, state, &identified, action)?;
    let identified = match identified {
        // Whoever needs none may show one that is good no longer, as a page does that is loaded again.
        Err(_) if action.scope() == Scope::None => Ok(Principal::new(PrincipalKind::Anonymous)),
        identified => identified,
    };
    let principal = identified.map_err(refused_credential)?;
    let (principal, allowed) = match permitted(principal.clone(), action, request.query_string()) {
        Ok(reaching) => (reaching, Ok(())),
        // Of whoever is refused it is known, too, who they are.
        Err(problem) => (principal, Err(problem)),
    };
    request.extensions_mut().insert(principal);
    allowed
}

/// Somebody who may do this, for what belongs to whom the query names.
///
/// # Errors
/// Where they may not.
fn permitted(principal: Principal, action: Action, query: &str) -> Result<Principal, Problem> {
    match may(&principal, action, Resource::Unread) {
        Decision::Allowed if action.scope() == Scope::None => Ok(principal),
        Decision::Allowed => reaching(principal, query),
        Decision::Hidden => Err(Code::NotFound.into()),
        Decision::Refused => Err(refused(&principal, action)),
    }
}

/// Whether its sender may keep something more, where it asks for that.
///
/// # Errors
/// Where they keep as much as they may.
async fn has_room(request: &HttpRequest, action: Action) -> Result<(), Problem> {
    // What removes something keeps nothing.
    if !action.keeps_something() || request.method() == Method::DELETE {
        return Ok(());
    }
    let state = request.app_data::<web::Data<State>>().ok_or(Code::Internal)?;
    match state.storage.has_room(&Principal::of(request), action).await {
        Ok(()) => Ok(()),
        Err(full @ NoRoom::Full { .. }) => Err(Problem::new(Code::TooManyRequests, sentence(&full)).after(FULL_FOR)),
        Err(NoRoom::Store(error)) => Err(error.into()),
    }
}

/// Counts a request against the limits of its sender.
///
/// # Errors
/// Where there were too many.
pub(super) fn within_limits(
    request: &HttpRequest,
    state: &State,
    identified: &Result<Principal, Refusal>,
    action: Action,
) -> Result<(), Problem> {
    let address = CallerAddress::keep(request, &state.settings.server.trusted_proxies);
    let taken = match identified {
        Ok(principal) => state.rates.request(principal, address, action),
        Err(_) => state.rates.request(&Principal::new(PrincipalKind::Anonymous), address, action),
    };
    taken.map_err(|wait| Problem::from(Code::TooManyRequests).after(wait))
}

fn refused_credential(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Several => Problem::new(Code::Unauthenticated, "Show one credential, not several."),
        Refusal::CrossSite => Problem::new(Code::Forbidden, "Send the header X-CSRF-Token with what GET /me gives."),
        Refusal::Bad => Code::Unauthenticated.into(),
    }
}

/// Why somebody may not do this to anything.
fn refused(principal: &Principal, action: Action) -> Problem {
    let code = match principal.kind() {
        // What is shown may be good for something else, but is no share link.
        _ if action.scope() == Scope::Link => return Code::Unauthenticated.into(),
        PrincipalKind::Anonymous => return Code::Unauthenticated.into(),
        PrincipalKind::Known | PrincipalKind::Link => Code::Forbidden,
        PrincipalKind::Operator | PrincipalKind::Local | PrincipalKind::Visitor => Code::Unauthenticated,
    };
    Problem::new(code, sentence(&lacking(principal, action)))
}
