//! `GET /` and the page's files, from the binary or, for work on the page, from a folder.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use actix_web::http::header::{ETag, EntityTag};
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::State;
use super::conditional::client_has;
use super::error::{Code, Problem};
use super::negotiation::prefers;
use super::route::{Route, other_method, routes};
use crate::auth::Action;
use crate::process::threads;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = routes![ReadPage => root];
    routes.extend([
        Route::page(Action::ReadPage, "/static/{name:.*}", asset),
        Route::page(Action::ReadPage, "/app", view),
        Route::page(Action::ReadPage, "/app/{view:.*}", view),
    ]);
    routes
}

/// The page's own scripts and styles, images within it, and sockets to this server; nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "static/"]
#[allow_missing = true]
struct Embedded;

/// The server's name.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Greeting {
    /// `callboard`.
    name: &'static str,
    /// The server's version.
    version: &'static str,
    /// `running`.
    status: &'static str,
}

/// A file of the page.
#[derive(Debug)]
struct File {
    data: Cow<'static, [u8]>,
    digest: [u8; 32],
}

/// Gives the page to a browser, and the server's name to a program.
#[utoipa::path(
    get, path = "/", tag = "server",
    responses((status = 200, description = "The page or the server's name, by `Accept`.", content(
        (Greeting = "application/json"),
        (String = "text/html"),
    )))
)]
async fn root(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    if prefers(request.headers(), "text/html", "application/json")
        && let Some(file) = find(&state, "index.html").await
    {
        let mut response = give(&request, "index.html", file);
        response.headers_mut().append(header::VARY, header::HeaderValue::from_static("accept"));
        return response;
    }
    let greeting = Greeting { name: env!("CARGO_PKG_NAME"), version: super::VERSION, status: "running" };
    HttpResponse::Ok().insert_header((header::VARY, "accept")).json(greeting)
}

/// The page at the address of one of its views, such as `/app/tasks/{session_id}`: it reads the rest itself.
async fn view(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let file = find(&state, "index.html").await.ok_or(Problem::from(Code::NotFound))?;
    Ok(give(&request, "index.html", file))
}

/// A file under `/static/`.
async fn asset(
    state: web::Data<State>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = find(&state, &name).await.ok_or(Problem::from(Code::NotFound))?;
    Ok(give(&request, &name, file))
}

/// A file that the page asks for beside `/`, or that there is nothing.
pub(super) async fn fallback(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if request.method() == Method::OPTIONS && request.path() == "*" {
        // It asks about the server as a whole (RFC 9110, section 9.3.7).
        return Ok(HttpResponse::NoContent().finish());
    }
    let name = request.path().trim_start_matches('/');
    let file = find(&state, name).await.ok_or(Problem::from(Code::NotFound))?;
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Ok(give(&request, name, file));
    }
    Ok(other_method(&request, "GET, HEAD, OPTIONS"))
}

async fn find(state: &State, name: &str) -> Option<File> {
    let Some(folder) = &state.settings.server.static_dir else {
        let EmbeddedFile { data, metadata } = Embedded::get(name)?;
        return Some(File { data, digest: metadata.sha256_hash() });
    };
    let path = within(Path::new(folder), name)?;
    let data = threads::blocking(move || std::fs::read(path).ok()).await.ok()??;
    let digest = Sha256::digest(&data).into();
    Some(File { data: data.into(), digest })
}

/// The path of a file in the folder; none where the name leads out of it.
fn within(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || name.contains(['\\', '\0']) || !plain {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    // A link may lead out of it, too.
    let real = folder.join(path).canonicalize().ok()?;
    real.starts_with(&folder).then_some(real)
}

fn give(request: &HttpRequest, name: &str, file: File) -> HttpResponse {
    // Weak, because the same file may be sent compressed.
    let tag = EntityTag::new_weak(opaque(&file.digest));
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    let is_html = mime.essence_str() == "text/html";
    let client_has_it = client_has(request.headers(), &tag);
    let mut response = if client_has_it { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let is_text = mime.type_() == "text" || matches!(mime.subtype().as_str(), "javascript" | "json");
    let content_type = if is_text { format!("{}; charset=utf-8", mime.essence_str()) } else { mime.to_string() };
    response
        .insert_header(ETag(tag))
        .insert_header((header::CACHE_CONTROL, cache_control(name)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if is_html {
        response
            .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
            .insert_header((header::REFERRER_POLICY, "no-referrer"));
    }
    if client_has_it {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, content_type));
    match file.data {
        Cow::Borrowed(data) => response.body(data),
        Cow::Owned(data) => response.body(data),
    }
}

/// What stands between the quotes of a file's tag.
fn opaque(digest: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    let mut tag = String::new();
    for byte in digest.iter().take(12) {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag
}

/// A file with a hash in its name never changes; any other is asked for again.
fn cache_control(name: &str) -> &'static str {
    if is_hashed(name) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Whether a build tool has put a hash in the name: `app-B7PI925R.js`, `app.3f2a91c0.css`.
fn is_hashed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut parts = file.rsplit(['.', '-']);
    let _extension = parts.next();
    let hash = parts.next().unwrap_or_default();
    parts.next().is_some()
        && hash.len() >= 8
        && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && hash.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let inside = outside.path().join("static");
        std::fs::create_dir_all(inside.join("sub")).unwrap();
        std::fs::write(inside.join("sub/app.js"), "a").unwrap();
        std::os::unix::fs::symlink("../secret", inside.join("link")).unwrap();
        assert!(within(&inside, "sub/app.js").is_some());
        let absolute = outside.path().join("secret").display().to_string();
        for name in
            ["../secret", "sub/../../secret", "link", &absolute, "", ".", "..", "sub/./../app.js", "nope", "a\0b"]
        {
            assert_eq!(within(&inside, name), None, "{name}");
        }
    }

    #[test]
    fn only_hashed_names_are_kept_for_long() {
        for (name, hashed) in [
            ("assets/app-B7PI925R.js", true),
            ("app.3f2a91c0.css", true),
            ("index.html", false),
            ("app.js", false),
            ("app.min1.js", false),
            ("my-wonderfulpage.js", false),
            ("3f2a91c0.css", false),
        ] {
            assert_eq!(is_hashed(name), hashed, "{name}");
        }
    }

    #[test]
    fn a_file_that_the_client_has_is_not_sent_again() {
        let file = || File { data: Cow::Borrowed(b"<html>"), digest: [7; 32] };
        let first = give(&TestRequest::get().to_http_request(), "index.html", file());
        assert_eq!(first.status(), 200);
        let headers = first.headers();
        assert_eq!(headers.get("content-type").unwrap(), "text/html; charset=utf-8");
        assert!(headers.contains_key("content-security-policy") && headers.contains_key("referrer-policy"));
        assert_eq!(headers.get("cache-control").unwrap(), "no-cache");
        let tag = headers.get("etag").unwrap().to_str().unwrap();
        for (sent, status) in [
            (tag, 304),
            (&tag[2..], 304),
            ("*", 304),
            ("\"x,\",W/\"y\"", 200),
            (&format!("\"x,\", {tag}"), 304),
            ("\"x\"", 200),
            ("", 200),
        ] {
            let request = TestRequest::get().insert_header(("if-none-match", sent)).to_http_request();
            assert_eq!(give(&request, "index.html", file()).status(), status, "{sent}");
        }
    }
}
