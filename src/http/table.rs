//! How the route table is written: a path with its methods, which answers all others with 405.

use actix_web::http::{Method, header};
use actix_web::web::ServiceConfig;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, guard, web};

use super::error::{Code, Problem};
use crate::metrics::Http;

/// One path, with a handler for each method that it takes.
pub(super) struct Route {
    path: &'static str,
    routes: Vec<actix_web::Route>,
    methods: Vec<Method>,
}

/// A path that takes no method yet.
pub(super) fn at(path: &'static str) -> Route {
    Route { path, routes: Vec::new(), methods: Vec::new() }
}

impl Route {
    /// Handles GET, and HEAD in the same way: the server leaves out the body.
    pub(super) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let either = guard::Any(guard::Get()).or(guard::Head());
        self.add(&[Method::GET, Method::HEAD], web::route().guard(either).to(handler))
    }

    /// Handles PUT.
    pub(super) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(&[Method::PUT], web::put().to(handler))
    }

    /// Handles POST.
    pub(super) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(&[Method::POST], web::post().to(handler))
    }

    /// Handles DELETE.
    pub(super) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(&[Method::DELETE], web::delete().to(handler))
    }

    /// The path and the methods that it takes.
    #[cfg(test)]
    pub(super) fn listed(&self) -> (&'static str, &[Method]) {
        (self.path, &self.methods)
    }

    /// Serves it, and counts what it answers.
    pub(super) fn mount(self, config: &mut ServiceConfig, http: &Http) {
        let allow = allow(&self.methods);
        let resource = web::resource(self.path).app_data(http.route(self.path));
        let resource = self.routes.into_iter().fold(resource, actix_web::Resource::route);
        config.service(resource.default_service(web::to(move |request: HttpRequest| {
            let answer = other_method(&request, allow.clone());
            std::future::ready(answer)
        })));
    }

    fn add(mut self, methods: &[Method], route: actix_web::Route) -> Self {
        self.methods.extend_from_slice(methods);
        self.routes.push(route);
        self
    }
}

fn allow(methods: &[Method]) -> String {
    let words: Vec<&str> = methods.iter().chain([&Method::OPTIONS]).map(Method::as_str).collect();
    words.join(", ")
}

/// The answer to a method that a path does not handle.
pub(super) fn other_method(request: &HttpRequest, allow: String) -> HttpResponse {
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
