//! Bodies that are made to hurt: each is refused, and the server goes on.

use reqwest::Method;

use crate::support::api::send;
use crate::support::{Api, Setup, Value, json};
use crate::workflows_http::{drawing, put};

async fn raw(api: &Api, body: String) -> crate::support::api::Answer {
    send(api.request(Method::POST, "/workflows").header("content-type", "application/json").body(body)).await
}

#[actix_web::test]
async fn too_much_is_refused() {
    let app = Setup::memory().start().await;
    let nodes: Vec<Value> = (0..100_000).map(|at| json!({"id": at.to_string(), "type": "TextInput"})).collect();
    let refused = app.post("/workflows", json!({"nodes": nodes})).await;
    assert_eq!(refused.code(422), "invalid_graph");
    assert_eq!(refused.body["graph_errors"][0]["type"], "too_large");
    let huge = json!({"nodes": [{"id": "a", "type": "TextInput", "inputs": {"text": "x".repeat(300_000)}}]});
    for path in ["/workflows", "/workflows?draft=true", "/workflows/validate"] {
        let refused = app.post(path, huge.clone()).await;
        assert_eq!(refused.code(422), "invalid_graph", "{path}");
        assert_eq!(refused.body["node_errors"]["a"]["errors"][0]["type"], "too_large");
        assert!(refused.body.to_string().len() < 2_000);
    }
    let refused = raw(&app, format!("{{\"nodes\": [], \"notes\": \"{}\"}}", "x".repeat(9_000_000))).await;
    assert_eq!(refused.code(413), "payload_too_large");
    assert_eq!(app.post("/workflows", drawing("a")).await.status, 201);
}

#[actix_web::test]
async fn what_is_no_graph_is_refused() {
    let app = Setup::memory().start().await;
    let deep = |levels: usize| format!("{{\"nodes\": [], \"x\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(raw(&app, deep(100_000)).await.code(400), "invalid_json");
    assert_eq!(raw(&app, deep(100)).await.code(422), "invalid_body");
    assert_eq!(raw(&app, deep(60)).await.status, 201);
    for body in ["[]", "3", "{}", "{\"nodes\": 3}", "{\"nodes\": [[]]}", "{\"nodes\": [], \"edges\": [{}]}"] {
        assert_eq!(raw(&app, body.to_owned()).await.code(422), "invalid_body", "{body}");
    }
    for body in ["{", "nodes", "{\"nodes\": [NaN]}"] {
        assert_eq!(raw(&app, body.to_owned()).await.code(400), "invalid_json", "{body}");
    }
    let body = "{\"nodes\": [1e999]}";
    assert_eq!(raw(&app, body.to_owned()).await.code(422), "invalid_body", "{body}");
    app.post("/workflows", drawing("a")).await;
    assert_eq!(put(&app, "/workflows/a", &json!([])).await.code(422), "invalid_body");
    assert_eq!(app.get("/workflows/a").await.ok()["version"], 1);
}

#[actix_web::test]
async fn a_large_graph_is_taken_within_the_limits() {
    let app = Setup::sqlite().start().await;
    let nodes: Vec<Value> = (0..2_000).map(|at| json!({"id": format!("n{at}"), "type": "TextInput"})).collect();
    let link = |at: usize| json!({"source": format!("n{at}"), "source_output": "text", "target": format!("n{}", at + 1), "target_input": "text"});
    let edges: Vec<Value> = (0..1_999).map(link).collect();
    let made = app.post("/workflows", json!({"id": "large", "nodes": nodes, "edges": edges})).await;
    assert_eq!(made.status, 201, "{}", made.body["code"]);
    assert_eq!(app.get("/workflows/large").await.ok()["nodes"].as_array().unwrap().len(), 2_000);
    let mut ring = made.body;
    ring["edges"]
        .as_array_mut()
        .unwrap()
        .push(json!({"source": "n1999", "source_output": "text", "target": "n0", "target_input": "text"}));
    let refused = put(&app, "/workflows/large", &ring).await;
    assert_eq!(refused.code(422), "invalid_graph");
    assert_eq!(refused.body["node_errors"].as_object().unwrap().len(), 1_000);
}
