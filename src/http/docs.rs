//! The descriptions of the interface, for programs and as a page: `/openapi.json`, `/asyncapi.json` and `/docs`.

use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use utoipa_swagger_ui::Config;

use super::error::{Code, Problem};
use super::route::{Route, routes};
use super::{asyncapi, openapi};
use crate::auth::Action;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = routes![ReadDescription => openapi_json, ReadDescription => asyncapi_json];
    routes.extend([
        Route::page(Action::ReadPage, "/docs", docs_root),
        Route::page(Action::ReadPage, "/docs/{name:.*}", docs_file),
    ]);
    routes
}

/// The page of Swagger UI, which sets styles within its elements, and asks this server only.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

static OPENAPI: LazyLock<Bytes> = LazyLock::new(|| openapi::document().to_json().unwrap_or_default().into());
static ASYNCAPI: LazyLock<Bytes> = LazyLock::new(|| asyncapi::document().to_string().into());
static SWAGGER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    // Without the bar to ask other servers, and without the links that would stand within buttons.
    Arc::new(Config::from("/openapi.json").use_base_layout().deep_linking(false))
});

/// What stands in for Swagger UI's own page, or beside it, so that everybody can use it.
const OURS: [(&str, &str, &str); 3] = [
    ("index.html", "text/html; charset=utf-8", include_str!("docs/index.html")),
    ("access.css", "text/css; charset=utf-8", include_str!("docs/access.css")),
    ("access.js", "text/javascript; charset=utf-8", include_str!("docs/access.js")),
];

/// The description of the HTTP interface (OpenAPI).
#[utoipa::path(
    get, path = "/openapi.json", tag = "server",
    responses((status = 200, description = "The description.", body = Object))
)]
async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(OPENAPI.clone())
}

/// The description of what is said on the WebSockets (AsyncAPI).
#[utoipa::path(
    get, path = "/asyncapi.json", tag = "server",
    responses((status = 200, description = "The description.", body = Object))
)]
async fn asyncapi_json() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(ASYNCAPI.clone())
}

/// Leads to the page of Swagger UI, whose files are named relative to it.
async fn docs_root() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// A file of Swagger UI.
async fn docs_file(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let name = if name.is_empty() { "index.html" } else { name.as_str() };
    let ours = OURS.iter().find(|(other, ..)| *other == name);
    let (media_type, bytes) = match ours {
        Some((_, media_type, text)) => ((*media_type).to_owned(), Bytes::from_static(text.as_bytes())),
        None => {
            let file = utoipa_swagger_ui::serve(name, Arc::clone(&SWAGGER)).ok().flatten();
            let file = file.ok_or(Problem::from(Code::NotFound))?;
            (file.content_type, file.bytes.into_owned().into())
        }
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CONTENT_SECURITY_POLICY, DOCS_POLICY));
    Ok(response.body(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;

    #[actix_web::test]
    async fn the_page_asks_for_our_description() {
        let text = |response: HttpResponse| {
            let bytes = response.into_body().try_into_bytes().unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        let page = docs_file(String::new().into()).await.unwrap();
        assert!(page.headers().get("content-type").unwrap().to_str().unwrap().starts_with("text/html"));
        assert!(text(page).contains("swagger-initializer.js"));
        let script = docs_file("swagger-initializer.js".to_owned().into()).await.unwrap();
        assert!(text(script).contains("/openapi.json"));
        assert_eq!(docs_file("../Cargo.toml".to_owned().into()).await.unwrap_err().code, Code::NotFound);
        assert!(OPENAPI.starts_with(b"{\"openapi\":\"3."));
    }
}
