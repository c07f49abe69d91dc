//! What the edge does, round a few small handlers.

use actix_web::http::StatusCode;
use actix_web::test::{self, TestRequest};
use actix_web::{App, HttpResponse, web};

use super::*;
use crate::config::server::Server;

async fn answer(request: TestRequest) -> ServiceResponse<EitherBody<Encoder<EitherBody<BoxBody>>, BoxBody>> {
    let settings = Server { allowed_origins: vec!["https://ok.example".into()], ..Server::default() };
    let policy = Rc::new(Policy::new(&settings, false));
    let app = App::new()
        .wrap(ForPages::new(Rc::clone(&policy)))
        .wrap(Edge::new(policy, crate::metrics::Metrics::install(1).unwrap().http().unmatched()))
        .route("/thing", web::get().to(|| async { HttpResponse::Ok().json("x".repeat(2000)) }))
        .route("/thing", web::post().to(HttpResponse::Ok))
        .route(
            "/fails",
            web::get().to(|| async { Err::<String, _>(actix_web::error::ErrorInternalServerError("db at /var")) }),
        )
        .route(
            "/page",
            web::get().to(|| async { HttpResponse::Ok().insert_header(("cache-control", "no-cache")).finish() }),
        )
        .route("/number/{n}", web::get().to(|n: web::Path<u8>| async move { n.to_string() }));
    let app = test::init_service(app).await;
    test::call_service(&app, request.to_request()).await
}

fn code(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn every_answer_has_an_id() {
    for path in ["/thing", "/nothing", "/fails"] {
        let response = answer(TestRequest::get().uri(path)).await;
        assert!(response.headers().contains_key(REQUEST_ID), "{path}");
        let response = answer(TestRequest::get().uri(path).insert_header((REQUEST_ID, "abc-1"))).await;
        assert_eq!(response.headers().get(REQUEST_ID).unwrap(), "abc-1", "{path}");
    }
    let refused = answer(TestRequest::get().uri("/thing").insert_header(("host", "evil.example"))).await;
    assert!(refused.headers().contains_key(REQUEST_ID));
}

#[actix_web::test]
async fn errors_of_the_framework_are_problems() {
    for (path, status, word) in
        [("/nothing", 404, "not_found"), ("/fails", 500, "internal_error"), ("/number/x", 404, "not_found")]
    {
        let response = answer(TestRequest::get().uri(path)).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
        let body = test::read_body(response).await;
        assert_eq!(code(&body), word, "{path}");
        assert!(!String::from_utf8_lossy(&body).contains("/var"));
    }
}

#[actix_web::test]
async fn a_probe_may_call_the_server_by_any_name() {
    for (path, status) in [("/livez", 404), ("/thing", 403)] {
        let response = answer(TestRequest::get().uri(path).insert_header(("host", "x"))).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}

#[actix_web::test]
async fn foreign_hosts_and_origins_are_refused() {
    let host = answer(TestRequest::get().uri("/thing").insert_header(("host", "evil.example"))).await;
    assert_eq!((host.status(), code(&test::read_body(host).await)), (StatusCode::FORBIDDEN, "forbidden_host".into()));
    for (origin, status) in [
        (None, 200),
        (Some("http://localhost:5173"), 200),
        (Some("http://127.0.0.1:8000"), 200),
        (Some("https://ok.example"), 200),
        (Some("https://evil.example"), 403),
        (Some("null"), 403),
    ] {
        let mut request = TestRequest::post().uri("/thing").insert_header(("host", "127.0.0.1:8000"));
        if let Some(origin) = origin {
            request = request.insert_header(("origin", origin));
        }
        let response = answer(request).await;
        assert_eq!(response.status().as_u16(), status, "{origin:?}");
    }
}

#[actix_web::test]
async fn only_pages_of_trusted_origins_may_read() {
    for (origin, readable) in [
        ("https://ok.example", true),
        ("http://localhost:3000", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let response = answer(TestRequest::get().uri("/thing").insert_header(("origin", origin))).await;
        assert_eq!(response.status(), StatusCode::OK);
        let allowed = response.headers().get("access-control-allow-origin");
        assert_eq!(allowed.is_some_and(|value| value == origin), readable, "{origin}");
        if readable {
            let exposed = response.headers().get("access-control-expose-headers").unwrap().to_str().unwrap();
            let mut names: Vec<&str> = exposed.split(',').map(str::trim).collect();
            names.sort_unstable();
            assert_eq!(names, ["etag", "location", "retry-after", "x-request-id"]);
            assert!(response.headers().get("vary").unwrap().to_str().unwrap().to_ascii_lowercase().contains("origin"));
        }
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
        let preflight = TestRequest::default()
            .method(Method::OPTIONS)
            .uri("/thing")
            .insert_header(("origin", origin))
            .insert_header(("access-control-request-method", "POST"))
            .insert_header(("access-control-request-private-network", "true"))
            .insert_header(("access-control-request-headers", "content-type,idempotency-key,if-match,x-api-key"));
        let response = answer(preflight).await;
        assert_eq!(response.headers().contains_key("access-control-allow-private-network"), readable, "{origin}");
        assert_eq!(response.headers().contains_key("access-control-allow-origin"), readable, "{origin}");
    }
}

#[actix_web::test]
async fn pages_may_read_errors_too() {
    for (method, path) in [(Method::GET, "/nothing"), (Method::GET, "/fails"), (Method::GET, "/number/x")] {
        let request = TestRequest::with_uri(path).method(method).insert_header(("origin", "https://ok.example"));
        let response = answer(request).await;
        assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), "https://ok.example", "{path}");
        assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
    }
}

#[actix_web::test]
async fn every_answer_says_what_browsers_may_make_of_it() {
    for (path, host, cache) in [
        ("/thing", "localhost", "no-store"),
        ("/nothing", "localhost", "no-store"),
        ("/fails", "localhost", "no-store"),
        ("/thing", "evil.example", "no-store"),
        ("/page", "localhost", "no-cache"),
    ] {
        let response = answer(TestRequest::get().uri(path).insert_header(("host", host))).await;
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(header("cache-control"), Some(cache), "{path}");
    }
}

#[actix_web::test]
async fn the_name_in_the_target_counts_before_the_host_header() {
    for (target, host, status) in [
        ("http://evil.example/thing", "localhost", 403),
        ("http://localhost/thing", "evil.example", 200),
        ("http://127.0.0.1:8000/thing", "127.0.0.1:8000", 200),
        ("http://localhost@evil.example/thing", "localhost", 403),
    ] {
        let response = answer(TestRequest::with_uri(target).insert_header(("host", host))).await;
        assert_eq!(response.status().as_u16(), status, "{target}");
    }
}

#[actix_web::test]
async fn a_large_answer_is_compressed_where_the_client_takes_it() {
    let plain = answer(TestRequest::get().uri("/thing")).await;
    assert!(!plain.headers().contains_key("content-encoding"));
    let packed = answer(TestRequest::get().uri("/thing").insert_header(("accept-encoding", "gzip"))).await;
    assert_eq!(packed.headers().get("content-encoding").unwrap(), "gzip");
    let body = test::read_body(packed).await;
    assert!(body.starts_with(b"\x1f\x8b") && body.len() < 200);
}

#[actix_web::test]
async fn an_answer_to_no_page_carries_nothing_for_pages() {
    let response = answer(TestRequest::get().uri("/thing")).await;
    let names = response.headers().keys().map(HeaderName::as_str);
    assert!(!names.into_iter().any(|name| name.starts_with("access-control") || name == "vary"));
}
