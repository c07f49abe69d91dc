//! The whole route table, with a fake for the streams and no session anywhere.

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::test::{self, TestRequest};
use actix_web::{HttpRequest, HttpResponse};
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::auth::users::Users;
use crate::auth::{Credentials, Decision, Principal, PrincipalKind, Resource, Scope, may};
use crate::config;
use crate::connection::dialect::socket::{Encoding, Form, Packing};
use crate::connection::event_socket::EventSocketRequest;
use crate::connection::{AuditRequest, SessionRequest, WorkflowsRequest};
use crate::domain::id::SessionId;
use crate::event::types::EventTypes;
use crate::store::Store;
use crate::workflow::client::Live;
use crate::workflow::definitions::Definitions;
use crate::workflow::key::WorkflowKey;
use crate::workflow::messages::Status;

const NONE: &str = "00000000-0000-4000-8000-000000000000";

/// Answers with what it was asked.
struct Echo;

impl Streams for Echo {
    fn socket(
        &self,
        _: HttpRequest,
        _: web::Payload,
        asked: SessionRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        Box::pin(async move { Ok(HttpResponse::Ok().body(format!("{asked:?} {admission:?}"))) })
    }

    fn audit(
        &self,
        _: HttpRequest,
        _: web::Payload,
        asked: AuditRequest,
        admission: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        Box::pin(async move { Ok(HttpResponse::Ok().body(format!("{asked:?} {admission:?}"))) })
    }

    fn workflows(
        &self,
        _: HttpRequest,
        _: web::Payload,
        asked: WorkflowsRequest,
        _: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        Box::pin(async move { Ok(HttpResponse::Ok().body(format!("{asked:?}"))) })
    }

    fn workflow_events(
        &self,
        _: HttpRequest,
        standing: (WorkflowKey, Status),
        since: Option<u64>,
    ) -> Result<HttpResponse, actix_web::Error> {
        Ok(HttpResponse::Ok().body(format!("{} {since:?}", standing.1.workflow_id)))
    }

    fn event_socket(
        &self,
        _: HttpRequest,
        _: web::Payload,
        asked: EventSocketRequest,
        _: Admission,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        Box::pin(async move { Ok(HttpResponse::Ok().body(format!("{asked:?}"))) })
    }

    fn events(
        &self,
        _: HttpRequest,
        session_id: SessionId,
        since: u64,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>> {
        Box::pin(async move { Ok(HttpResponse::Ok().body(format!("{session_id} {since}"))) })
    }
}

struct ProblemDetails {
    status: StatusCode,
    headers: actix_web::http::header::HeaderMap,
    body: bytes::Bytes,
}

impl ProblemDetails {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

fn admin() -> Admin {
    let metrics = crate::metrics::Metrics::install(1).unwrap();
    let (_, reports) = metrics.workflows().reporting();
    let (_, numbers) = crate::metrics::Statistics::new(metrics, reports, |_| {});
    let numbers = crate::hub::numbers::AllNumbers::new(numbers, None);
    Admin::new(actix::Actor::start(crate::hub::Hub::new(Vec::new(), &Settings::default().connections)), numbers)
}

async fn state(settings: Settings, lifecycle: Lifecycle) -> State {
    let store = crate::store::Settings { url: "memory:".into(), ..crate::store::Settings::default() };
    let store = Store::open(&store, 1).unwrap();
    let catalogue = Arc::new(crate::workflow::nodes::built_in(&crate::workflow::Settings::default()).unwrap());
    let definitions = Definitions::new(store.clone(), catalogue.clone(), Arc::default());
    let workflows = Workflows { definitions, live: Live::nobodys(), catalogue };
    let roster = Roster::new(store.clone(), &config::crews::Crews::default(), &[]);
    let memory = Memory::new(store.clone(), &config::memory::Memory::default());
    let event_types = EventTypes::start(store.clone(), 10).unwrap();
    let events = Events::open(store.clone(), 100, 100, Vec::new()).await.unwrap();
    let (keys, tickets) = (Keys::new(store.clone(), 100), Tickets::new(store.clone()));
    let users = Users::new(store.clone());
    let logins = Logins::new(store.clone(), users.clone(), std::time::Duration::from_secs(60));
    let storage = crate::auth::storage::Storage::new(store.clone(), &settings.limits, false);
    let links = crate::auth::links::Links::new(store.clone(), std::time::Duration::from_secs(60));
    let trail = crate::trail::Trail::reading(store.clone());
    let callbacks = crate::callback::Callbacks::new(&settings, &store, links.clone(), None, None).0;
    let sessions = Sessions::new(Arc::from([]), 0, store, Arc::default(), std::time::Duration::MAX);
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    let rates = Arc::new(Rates::new(&settings.limits, false));
    let authenticator = Authenticator::open(&settings, here, Credentials::none()).unwrap().0;
    State {
        sessions,
        settings: Arc::new(settings),
        started: Instant::now(),
        lifecycle: watch::channel(lifecycle).1,
        answered: crate::metrics::Metrics::install(1).unwrap().http(),
        metrics: Arc::new(|| "# TYPE x counter\n".into()),
        streams: Rc::new(Echo),
        workflows,
        authenticator: Arc::new(authenticator),
        keys,
        tickets,
        trail,
        callbacks,
        users,
        links,
        storage,
        logins,
        attempts: Arc::new(Attempts::new(100)),
        rates,
        roster,
        memory,
        events,
        event_types,
        admin: admin(),
        launcher: crate::process::Launcher::default(),
    }
}

async fn ask_while(lifecycle: Lifecycle, request: TestRequest) -> ProblemDetails {
    let app = test::init_service(app(state(Settings::default(), lifecycle).await)).await;
    let response = test::call_service(&app, request.to_request()).await;
    let (head, body) = response.into_parts().1.into_parts();
    let body = to_bytes(body).await.ok().unwrap();
    ProblemDetails { status: head.status(), headers: head.headers().clone(), body }
}

async fn ask(request: TestRequest) -> ProblemDetails {
    ask_while(Lifecycle::Serving, request).await
}

async fn get(path: &str) -> ProblemDetails {
    ask(TestRequest::get().uri(path)).await
}

/// The path of a route, with something for each of its parameters.
fn example(path: &str) -> String {
    let mut example = path.replace("{session_id}", NONE).replace("{execution_id}", NONE).replace("{type}", "custom.x");
    while let Some((before, after)) = example.split_once('{') {
        example = format!("{before}x{}", after.split_once('}').unwrap().1);
    }
    example
}

#[actix_web::test]
async fn every_route_refuses_other_methods_and_says_which_it_takes() {
    let mut methods = std::collections::BTreeMap::<String, Vec<String>>::new();
    for route in routes() {
        let (method, path, _) = route.access();
        methods.entry(example(path)).or_default().push(method.to_string());
    }
    for (path, methods) in methods {
        let told = ask(TestRequest::patch().uri(&path)).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (405, "method_not_allowed"), "{path}");
        let allow: Vec<&str> = told.header("allow").split(", ").collect();
        for method in &methods {
            assert!(allow.contains(&method.as_str()), "{path} {allow:?}");
        }
        assert_eq!(allow.contains(&"HEAD"), methods.iter().any(|method| method == "GET"), "{path} {allow:?}");
        let options = ask(TestRequest::default().method(actix_web::http::Method::OPTIONS).uri(&path)).await;
        assert_eq!((options.status.as_u16(), options.header("allow")), (204, told.header("allow")), "{path}");
    }
}

#[actix_web::test]
async fn every_route_refuses_whom_the_policy_refuses_before_it_reads_anything() {
    let mut settings = Settings::default();
    settings.server.admin_token = Some("correct-horse-battery".to_owned().into());
    let app = test::init_service(app(state(settings, Lifecycle::Serving).await)).await;
    for route in routes() {
        let (method, path, action) = route.access();
        for kind in [PrincipalKind::Operator, PrincipalKind::Local, PrincipalKind::Visitor] {
            let address = if kind == PrincipalKind::Local { "127.0.0.1:9" } else { "192.0.2.7:9" };
            // Nobody could read this body: it says that it is too large.
            let mut request = TestRequest::with_uri(&example(path))
                .method(method.clone())
                .peer_addr(address.parse().unwrap())
                .insert_header(("content-type", "application/json"))
                .insert_header(("content-length", "99999999999"));
            if kind == PrincipalKind::Operator {
                request = request.insert_header(("authorization", "Bearer correct-horse-battery"));
            }
            let status = test::call_service(&app, request.to_request()).await.status();
            let is_refused = may(&Principal::new(kind), action, Resource::Unread) != Decision::Allowed;
            assert_eq!(status == StatusCode::UNAUTHORIZED, is_refused, "{kind:?} {method} {path} {status}");
        }
    }
}

#[actix_web::test]
async fn where_identity_is_configured_every_route_needs_a_credential_but_those_for_everybody() {
    let mut settings = Settings::default();
    settings.auth.api_keys = true;
    let app = test::init_service(app(state(settings, Lifecycle::Serving).await)).await;
    for route in routes() {
        let (method, path, action) = route.access();
        for header in [("x-request-id", "x"), ("authorization", "Bearer x"), ("x-api-key", "x")] {
            let request = TestRequest::with_uri(&example(path)).method(method.clone()).insert_header(header);
            let response = test::call_service(&app, request.to_request()).await;
            let (status, is_for_all) = (response.status(), action.scope() == Scope::None);
            assert_eq!(status == StatusCode::UNAUTHORIZED, !is_for_all, "{header:?} {method} {path} {status}");
            assert_eq!(response.headers().contains_key("www-authenticate"), !is_for_all, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem() {
    for (path, code) in [
        ("/nope", "not_found"),
        ("/sessions/", "not_found"),
        ("/static/../Cargo.toml", "not_found"),
        ("/static/", "not_found"),
        ("/docs/nope.js", "not_found"),
        ("/%ff%00", "not_found"),
    ] {
        let told = get(path).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (404, code), "{path}");
    }
    for path in [format!("/sessions/{NONE}/events"), "/sessions/x/events".into()] {
        assert_eq!(get(&path).await.code(), "unknown_session", "{path}");
    }
    let posted = ask(TestRequest::post().uri("/nope")).await;
    assert_eq!(posted.code(), "not_found");
}

#[actix_web::test]
async fn every_address_of_the_page_gives_the_page() {
    for path in ["/app", "/app/", "/app/tasks", "/app/tasks/00000000-0000-4000-8000-000000000000/journal?status=live"] {
        let told = get(path).await;
        assert_eq!(told.status.as_u16(), 200, "{path}");
        assert_eq!(told.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(told.header("content-security-policy").contains("style-src 'self';"), "{path}");
        assert_eq!(told.header("cache-control"), "no-cache", "{path}");
    }
}

#[actix_web::test]
async fn an_unknown_session_comes_before_a_wrong_body() {
    for path in ["confirm", "input", "retry", "cancel"] {
        let request = TestRequest::post().uri(&format!("/sessions/{NONE}/{path}"));
        let told = ask(request.set_json(json!({"value": 1, "values": {}}))).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (404, "unknown_session"), "{path}");
    }
}

#[actix_web::test]
async fn a_bad_body_is_told_by_what_is_bad() {
    let post = || TestRequest::post().uri("/start-task");
    let json_type = ("content-type", "application/json");
    for (request, status, code) in [
        (post().set_payload("{").insert_header(json_type), 400, "invalid_json"),
        (post().set_payload("{}").insert_header(("content-type", "text/plain")), 415, "unsupported_media_type"),
        (post().set_payload("x".repeat(1_048_577)).insert_header(json_type), 413, "payload_too_large"),
        (post().set_json(json!({"task": "nope"})), 404, "unknown_task"),
        (post().set_json(json!({"priority": "urgent"})), 422, "invalid_body"),
        (post().insert_header(("idempotency-key", "a b")), 422, "invalid_header"),
    ] {
        let told = ask(request).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (status, code));
        assert_eq!(told.json().get("errors").is_some(), status == 422, "{code}");
    }
}

#[actix_web::test]
async fn a_browser_gets_html_and_a_program_its_name() {
    let name = get("/").await.json();
    assert_eq!((&name["name"], &name["status"]), (&json!("callboard"), &json!("running")));
    assert_eq!(get("/docs").await.header("location"), "/docs/");
    let docs = get("/docs/").await;
    assert_eq!(docs.status, StatusCode::OK);
    assert!(docs.header("content-type").starts_with("text/html") && !docs.header("content-security-policy").is_empty());
    assert!(get("/openapi.json").await.json()["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(get("/asyncapi.json").await.json()["asyncapi"], "3.0.0");
    let head = ask(TestRequest::default().method(actix_web::http::Method::HEAD).uri("/health")).await;
    assert_eq!(head.status, StatusCode::OK);
}

#[actix_web::test]
async fn it_says_how_it_does() {
    let health = get("/health").await.json();
    assert_eq!((&health["status"], &health["version"]), (&json!("healthy"), &json!(VERSION)));
    assert_eq!(get("/livez").await.status, StatusCode::OK);
    assert_eq!(get("/readyz").await.status, StatusCode::OK);
    assert_eq!(get("/metrics").await.body, "# TYPE x counter\n");
    let draining = ask_while(Lifecycle::Draining, TestRequest::get().uri("/readyz")).await;
    assert_eq!((draining.status.as_u16(), draining.code().as_str()), (503, "shutting_down"));
    assert!(!draining.header("retry-after").is_empty());
    assert_eq!(get("/tasks").await.json(), json!({"tasks": []}));
    let here = TestRequest::get().uri("/sessions").peer_addr("127.0.0.1:9".parse().unwrap());
    assert_eq!(ask(here).await.json(), json!({"sessions": [], "next_cursor": null, "complete": true}));
    let info = get("/session-info/no-id").await.json();
    assert_eq!((&info["session_id"], &info["task_exists"]), (&json!("no-id"), &json!(false)));
}

#[actix_web::test]
async fn a_socket_is_handed_over_with_what_was_asked() {
    let plain = get("/ws/x").await;
    assert_eq!((plain.status.as_u16(), plain.code().as_str()), (426, "upgrade_required"));
    let upgrade = |path: &str| {
        TestRequest::get().uri(path).insert_header(("connection", "upgrade")).insert_header(("upgrade", "WebSocket"))
    };
    let told = ask(upgrade("/ws/no-id?since=7&client_id=ada&compression=gzip&format=protobuf")).await;
    let asked = |since, form, session_id: &str, admission: Admission| {
        let request = SessionRequest { session_id: session_id.into(), since, form, faults: Vec::new() };
        format!("{request:?} {admission:?}")
    };
    let form = Form { encoding: Encoding::Protobuf, packing: Packing::Gzip };
    assert_eq!(told.body, asked(Some(7), form, "no-id", Admission::Allowed));
    let evil = ask(upgrade("/ws/x").insert_header(("origin", "https://evil.example"))).await;
    assert_eq!(evil.body, asked(None, Form::default(), "x", Admission::ForbiddenOrigin));
    let wrong = String::from_utf8_lossy(&ask(upgrade("/ws/x?since=undefined")).await.body).into_owned();
    assert!(
        wrong.contains(r#"since: None"#) && wrong.contains("the parameter since must be a whole number"),
        "{wrong}"
    );
    let host = ask(upgrade("/ws/x").insert_header(("host", "evil.example"))).await;
    assert_eq!(host.code(), "forbidden_host");
}
