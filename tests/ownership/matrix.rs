//! Every route and message, for everybody: nobody, the owner with each scope alone, another, an operator, and whoever shows
//! a key that has been revoked or has expired.
//!
//! The routes and messages come from the server itself: one that has no row here fails.

use std::collections::BTreeMap;

use reqwest::Method;

use super::board::{BEYOND, OWN, agent, crew, key, key_for, operator, setup, shared, somebody, waiting, workflow};
use crate::support::api::{Answer, send};
use crate::support::{Api, TestApp, Value, json};

/// Whose what a route or message is about is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    /// Nobody needs a credential for it.
    Everybodys,
    /// Whoever may do it at all does it with what is their own, or for all.
    Callers,
    /// Somebody's, named by an id: another is answered as if there were none.
    Owners,
    /// The server's own: for operators.
    Operators,
    /// It says who somebody is; what it does has tests of its own.
    Credentials,
    /// For whoever has a share link, and nobody else.
    Links,
}
use Whose::{Callers, Credentials, Everybodys, Links, Operators, Owners};

const EVERYBODYS: &[&str] = &[
    "GET (fallback files)",
    "GET /",
    "GET /app",
    "GET /app/{view}",
    "GET /docs",
    "GET /docs/{name}",
    "GET /health",
    "GET /livez",
    "GET /readyz",
    "GET /static/{name}",
    "WS /ws/{session_id} → ping",
    "WS /ws/audit/{audit_id} → ping",
    "WS events → ping",
    "WS events → set_filter",
    "WS /ws → authenticate",
    "WS /ws/{session_id} → authenticate",
    "WS /ws/audit/{audit_id} → authenticate",
    "WS events → authenticate",
];
const CALLERS: &[&str] = &[
    "GET /openapi.json",
    "GET /asyncapi.json",
    "GET /events.proto",
    "GET /nodes",
    "GET /tasks",
    "GET /workflows/examples",
    "GET /metrics",
    "GET /api/v1/metrics/history",
    "GET /api/v1/websocket/health",
    "GET /sessions",
    "GET /requests",
    "GET /api/v1/executions",
    "POST /start-task",
    "POST /api/v1/executions",
    "POST /audits",
    "GET /workflows",
    "POST /workflows",
    "POST /workflows/validate",
    "GET /ws",
    "GET /api/v1/agents",
    "POST /api/v1/agents",
    "GET /api/v1/crews",
    "POST /api/v1/crews",
    "POST /api/v1/crews/import",
    "GET /memory/{client_id}",
    "DELETE /memory/{client_id}",
    "PUT /memory/{client_id}/{key}",
    "GET /api/v1/events",
    "POST /api/v1/events",
    "GET /api/v1/event-types",
    "GET /api/v1/event-types/{type}",
    "GET /session-info/{session_id}",
    "GET /ws/{session_id}",
    "GET /ws/audit/{audit_id}",
    "GET /api/v1/websocket/ws/executions/{execution_id}",
    "GET /api/v1/websocket/ws/crews/{crew_id}",
    "GET /api/v1/websocket/ws/global",
    "GET /api/v1/websocket/ws/custom",
    "GET /api/v1/websocket/ws/metrics",
    "WS /ws → ping",
    "WS /ws → subscribe",
    "WS /ws → unsubscribe",
    "WS /ws → task",
    "WS events → publish",
    "WS events → subscribe",
    "WS events → unsubscribe",
];
const OWNERS: &[&str] = &[
    "GET /sessions/{session_id}",
    "GET /sessions/{session_id}/events",
    "GET /sessions/{session_id}/callbacks",
    "POST /sessions/{session_id}/callbacks/{delivery_id}/redeliver",
    "GET /api/v1/executions/{execution_id}",
    "GET /workflows/{workflow_id}",
    "GET /workflows/{workflow_id}/status",
    "GET /workflows/{workflow_id}/events",
    "GET /api/v1/agents/{agent_id}",
    "GET /api/v1/crews/{crew_id}",
    "GET /memory/{client_id}/{key}",
    "GET /audits/{audit_id}",
    "GET /audits/{audit_id}/report",
    "GET /audits/{audit_id}/document",
    "POST /sessions/{session_id}/retry",
    "POST /workflows/{workflow_id}/run",
    "POST /workflows/{workflow_id}/continuous/start",
    "POST /workflows/{workflow_id}/continuous/step",
    "POST /workflows/{workflow_id}/continuous/stop",
    "POST /api/v1/crews/{crew_id}/kickoff",
    "POST /sessions/{session_id}/cancel",
    "POST /cancel-task/{session_id}",
    "POST /api/v1/executions/{execution_id}/cancel",
    "DELETE /sessions/{session_id}",
    "DELETE /workflows/{workflow_id}",
    "DELETE /api/v1/agents/{agent_id}",
    "DELETE /api/v1/crews/{crew_id}",
    "DELETE /memory/{client_id}/{key}",
    "WS /ws → get_status",
    "WS /ws → input_update",
    "WS /ws → confirm",
    "WS /ws → user_input",
    "WS /ws → retry",
    "WS /ws → cancel",
    "WS /ws/{session_id} → confirm",
    "WS /ws/{session_id} → user_input",
    "WS /ws/{session_id} → retry",
    "WS /ws/{session_id} → cancel",
    "WS /ws/audit/{audit_id} → cancel",
];
const OPERATORS: &[&str] = &[
    "POST /api/v1/queue/clear",
    "PUT /api/v1/event-types/{type}",
    "DELETE /api/v1/event-types/{type}",
    "POST /api/v1/websocket/broadcast",
    "POST /api/v1/websocket/broadcast/{subscription}",
    "GET /api/v1/websocket/connections",
    "DELETE /api/v1/websocket/connections",
    "GET /api/v1/websocket/connections/{client_id}",
    "POST /api/v1/websocket/connections/{client_id}/send",
    "POST /api/v1/websocket/disconnect/{client_id}",
    "GET /api/v1/keys",
    "POST /api/v1/keys",
    "DELETE /api/v1/keys/{key_id}",
    "GET /api/v1/users",
    "POST /api/v1/users",
    "PUT /api/v1/users/{name}",
    "DELETE /api/v1/users/{name}",
    "GET /api/v1/cluster",
    "GET /api/v1/audit-log",
];
const LINKS: &[&str] = &["GET /shared", "POST /shared"];
const CREDENTIALS: &[&str] = &["POST /tickets", "POST /login", "POST /logout", "GET /me"];

/// What is asked of each, and with which body, where it needs one to get as far as the thing itself.
fn rows() -> Vec<(&'static str, Whose, Value)> {
    let groups = [
        (Everybodys, EVERYBODYS),
        (Callers, CALLERS),
        (Owners, OWNERS),
        (Operators, OPERATORS),
        (Credentials, CREDENTIALS),
        (Links, LINKS),
    ];
    let without_body =
        groups.into_iter().flat_map(|(whose, routes)| routes.iter().map(move |route| (*route, whose, Value::Null)));
    without_body
        .chain([
            ("POST /sessions/{session_id}/confirm", Owners, json!({"value": true})),
            ("POST /sessions/{session_id}/input", Owners, json!({"values": {}})),
            ("POST /sessions/{session_id}/share", Owners, json!({"request_id": NONE, "expires_in": 60})),
            ("PUT /workflows/{workflow_id}", Owners, workflow("w")),
            ("PUT /api/v1/agents/{agent_id}", Owners, agent("a")),
            ("PUT /api/v1/crews/{crew_id}", Owners, crew("c", "numeric_validation")),
        ])
        .collect()
}

/// What the server has: each with the scope that it needs.
fn declared() -> BTreeMap<String, String> {
    let printed =
        std::process::Command::new(env!("CARGO_BIN_EXE_callboard")).arg("access").env_clear().output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    let line = |line: &str| {
        let (place, scope) = line.trim_end().rsplit_once(' ').unwrap();
        (place.split_whitespace().collect::<Vec<_>>().join(" "), scope.to_owned())
    };
    text.lines().map(line).collect()
}

/// Something of its owner's for each parameter of a path, made anew.
async fn made(path: &str, owner: &Api) -> String {
    let mut path = path.to_owned();
    while let Some((before, after)) = path.split_once('{') {
        let (name, rest) = after.split_once('}').unwrap();
        let value = match name {
            "session_id" => waiting(owner).await,
            "execution_id" => {
                let id = format!("exec-{}", waiting(owner).await);
                owner.start_with(json!({"task": "asks", "execution_id": id})).await;
                id
            }
            "audit_id" => {
                let body = json!({"document": "Nothing.", "media_type": "text/plain"});
                owner.post("/audits", body).await.body["audit_id"].as_str().unwrap().to_owned()
            }
            "workflow_id" => {
                owner.post("/workflows", workflow("w")).await;
                "w".to_owned()
            }
            "agent_id" => {
                owner.post("/api/v1/agents", agent("a")).await;
                "a".to_owned()
            }
            "crew_id" => {
                owner.post("/api/v1/crews", crew("c", "numeric_validation")).await;
                "c".to_owned()
            }
            "client_id" => {
                send(owner.request(Method::PUT, "/memory/notes/k").json(&json!(1))).await;
                "notes".to_owned()
            }
            "key" => "k".to_owned(),
            "type" => "custom.x".to_owned(),
            "subscription" => "queue".to_owned(),
            _ => "x".to_owned(),
        };
        path = format!("{before}{value}{rest}");
    }
    path
}

/// A body that names what there is not, where it names anything.
fn named_nothing(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(id) = body.get_mut("id") {
        *id = json!("nothing");
    }
    body
}

/// Whether an answer shows that the thing is there. Of a new session nothing was sent: who is told so sees the session.
fn is_seen(answer: &Answer) -> bool {
    answer.status != 404 || answer.body["code"] == "unknown_delivery"
}

/// The same path with ids that nobody has.
fn nobodys(path: &str) -> String {
    let mut path = path.replace("{session_id}", NONE).replace("{execution_id}", NONE).replace("{audit_id}", NONE);
    while let Some((before, after)) = path.split_once('{') {
        path = format!("{before}nothing{}", after.split_once('}').unwrap().1);
    }
    path
}

const NONE: &str = "00000000-0000-4000-8000-000000000000";

async fn ask(api: &Api, method: &str, path: &str, body: &Value) -> Answer {
    let request = api.request(method.parse().unwrap(), path);
    send(if body.is_null() { request } else { request.json(body) }).await
}

/// What an answer says beside the ids that were asked for.
fn said(answer: &Answer, path: &str) -> (u16, String) {
    let id = path.split('/').filter(|part| part.len() == NONE.len() || part.starts_with("exec-")).collect::<Vec<_>>();
    let text = answer.body.to_string();
    (answer.status, id.iter().fold(text, |text, id| text.replace(*id, "ID")))
}

struct People {
    owner: Api,
    other: Api,
    nobody: Api,
    revoked: Api,
    expired: Api,
    operator: Api,
    /// Whoever has a link to a question of the owner's.
    link: Api,
    /// The owner, with one scope alone.
    with: BTreeMap<&'static str, Api>,
}

impl People {
    async fn of(app: &TestApp) -> Self {
        let mut with = BTreeMap::new();
        for scope in OWN.into_iter().chain(BEYOND) {
            with.insert(scope, app.bearing(&key(app, "ada", &[scope]).await.1));
        }
        let (id, revoked) = key(app, "ada", &OWN).await;
        assert_eq!(operator(app).delete(&format!("/api/v1/keys/{id}")).await.status, 204);
        let soon = json!({"name": "ada", "owner": "ada", "scopes": OWN, "expires_in": 0.001});
        let (_, expired) = key_for(app, soon).await;
        let owner = somebody(app, "ada").await;
        let link = app.bearing(&shared(&owner, &waiting(&owner).await).await);
        Self {
            owner,
            link,
            other: somebody(app, "bo").await,
            nobody: (**app).clone(),
            revoked: app.bearing(&revoked),
            expired: app.bearing(&expired),
            operator: operator(app),
            with,
        }
    }
}

#[tokio::test]
async fn every_route_and_message_has_a_row() {
    let rows: BTreeMap<&str, Whose> = rows().into_iter().map(|(place, whose, _)| (place, whose)).collect();
    for (place, scope) in declared() {
        let whose =
            rows.get(place.as_str()).unwrap_or_else(|| panic!("{place} has no row in tests/ownership/matrix.rs"));
        assert_eq!(*whose == Operators, scope == "admin", "{place} {scope}");
        assert_eq!(*whose == Links, scope == "link", "{place} {scope}");
        assert_eq!(*whose == Everybodys, scope == "none" && *whose != Credentials, "{place} {scope}");
    }
}

#[tokio::test]
async fn each_route_is_for_its_owner_with_its_scope_and_for_nobody_else() {
    let app = setup().start().await;
    let people = People::of(&app).await;
    let declared = declared();
    for (place, whose, body) in rows() {
        let Some(scope) = declared.get(place) else { continue };
        let (method, path) = place.split_once(' ').unwrap();
        // The last one is a stream without an end: that it is the owner's alone is tested with the feeds.
        let is_endless = place == "GET /workflows/{workflow_id}/events";
        if method == "WS" || whose == Everybodys || path.starts_with('(') || is_endless {
            continue;
        }
        if whose == Links {
            let without_link = [&people.nobody, &people.revoked, &people.owner, &people.operator];
            for api in without_link.into_iter().chain(people.with.values()) {
                assert_eq!(ask(api, method, path, &body).await.code(401), "unauthenticated", "{place}");
            }
            continue;
        }
        if scope != "none" {
            let by_link = ask(&people.link, method, &nobodys(path), &body).await;
            assert_eq!(by_link.code(403), "forbidden", "{place}");
        }
        if whose == Credentials {
            continue;
        }
        let there = made(path, &people.owner).await;
        for (who, api) in [("nobody", &people.nobody), ("revoked", &people.revoked), ("expired", &people.expired)] {
            let answer = ask(api, method, &there, &body).await;
            assert_eq!(answer.status, 401, "{who} {place}: {}", answer.body);
        }
        for (granted, api) in &people.with {
            let may = scope == "login" || granted == scope || *granted == "admin";
            if !may {
                let answer = ask(api, method, &there, &body).await;
                assert_eq!(answer.code(403), "forbidden", "{granted} {place}");
                let detail = answer.body["detail"].as_str().unwrap();
                assert!(detail.contains(scope), "{granted} {place}: {detail}");
            }
        }
        if whose != Operators {
            let to_other = ask(&people.other, method, &there, &body).await;
            let none = nobodys(path);
            let of_nothing = ask(&people.other, method, &none, &named_nothing(&body)).await;
            if whose == Owners {
                assert_eq!(to_other.status, 404, "{place}: {}", to_other.body);
                assert_eq!(said(&to_other, &there), said(&of_nothing, &none), "{place}");
            }
            let granted = people.with.get(scope.as_str()).unwrap_or(&people.owner);
            let to_owner = ask(granted, method, &there, &body).await;
            assert!(![401, 403].contains(&to_owner.status), "{place}: {} {}", to_owner.status, to_owner.body);
            assert!(whose != Owners || is_seen(&to_owner), "{place}: {}", to_owner.body);
        }
        let there = made(path, &people.owner).await;
        let named = if there.contains('?') { format!("{there}&owner=ada") } else { format!("{there}?owner=ada") };
        let to_operator = ask(&people.operator, method, &named, &body).await;
        assert!(![401, 403].contains(&to_operator.status), "{place}: {} {}", to_operator.status, to_operator.body);
        assert!(whose != Owners || is_seen(&to_operator), "{place}: {}", to_operator.body);
    }
}

#[tokio::test]
async fn only_an_operator_names_another_owner() {
    let app = setup().start().await;
    let (ada, bo) = (somebody(&app, "ada").await, somebody(&app, "bo").await);
    assert_eq!(ada.post("/workflows", workflow("w")).await.status, 201);
    assert_eq!(ada.get("/workflows/w?owner=ada").await.status, 200);
    assert_eq!(bo.get("/workflows/w?owner=ada").await.code(403), "forbidden");
    assert_eq!(operator(&app).get("/workflows/w").await.status, 404);
    assert_eq!(operator(&app).get("/workflows/w?owner=ada").await.ok()["owner"], "ada");
    assert_eq!(operator(&app).get("/workflows/w?owner=%0A").await.status, 422);
}
