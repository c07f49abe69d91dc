//! Workflows that try to take all memory: the server stays within what its settings add up to.

use serde_json::{Value, json};

use crate::hostile::server::{Server, until};

/// MiB of values that the workflows here may hold each.
const VALUES: u64 = 16;
/// Computations at once.
const COMPUTING: u64 = 2;
/// MiB that one computation may take beside these values, as README says.
const COMPUTATION: u64 = 192;
/// MiB of a server in which nothing goes on.
const AT_REST: u64 = 64;

fn template(source: &str) -> Value {
    let values = json!({"s": "a", "n": 90_000_000, "t": "b".repeat(200_000), "l": [1]});
    json!({"nodes": [{"id": "t", "type": "Template", "inputs": {"template": source, "values": values}}], "edges": []})
}

fn script(code: &str) -> Value {
    json!({"nodes": [{"id": "s", "type": "Script", "inputs": {"code": code}}], "edges": []})
}

/// Many nodes, each of which gives four times a large text.
fn many(count: usize) -> Value {
    let mut nodes = vec![json!({"id": "t", "type": "TextInput", "inputs": {"text": "x".repeat(200_000)}})];
    nodes.extend((0..count).map(|at| json!({"id": format!("c{at}"), "type": "Concat", "inputs": {}})));
    let edge = |at: usize, input: &str| json!({"source": "t", "source_output": "text", "target": format!("c{at}"), "target_input": input});
    let edges: Vec<Value> = (0..count).flat_map(|at| ["a", "b", "c", "d"].map(|input| edge(at, input))).collect();
    json!({"nodes": nodes, "edges": edges})
}

#[test]
fn hostile_workflows_stay_within_what_the_settings_add_up_to() {
    let bytes = (VALUES << 20).to_string();
    let server =
        Server::start(&[("WORKFLOWS__MAX_TOTAL_BYTES", &bytes), ("WORKFLOWS__MAX_COMPUTING", &COMPUTING.to_string())]);
    let graphs = [
        template("{{ (s * n)|list|length }}"),
        template("{{ (l * n)|sort|length }}"),
        template(&format!("{{{{ [{}]|length }}}}", "t|upper, ".repeat(500))),
        script("let s = \"x\"; s.pad(200000, \"y\"); let a = []; for i in 0..9000 { a.push(s + i); } a"),
        script("let a = []; a.pad(9000, 1); let m = #{}; for i in 0..50 { m[`k${i}`] = a; } m"),
        script(&format!("let a = []; a.pad(9000, 1); f({}a)", "a,".repeat(20_000))),
        script(&format!(
            "fn f(n, a) {{ {} if n > 0 {{ f(n - 1, a) }} }} let a = []; a.pad(9000, 1); f(30, a)",
            (0..60).map(|at| format!("let b{at} = a; ")).collect::<String>()
        )),
        many(200),
        many(30),
    ];
    let started: Vec<String> = graphs
        .iter()
        .map(|graph| {
            let answer = server.post("/start-task", &json!({"task": "workflow", "input": {"graph": graph}}));
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()["session_id"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut most = 0;
    for id in &started {
        until("it has failed", || {
            most = most.max(server.memory());
            (server.get(&format!("/sessions/{id}")).json()["status"] == "failed").then_some(())
        });
    }
    let bound = AT_REST + COMPUTING * COMPUTATION + graphs.len() as u64 * VALUES;
    assert!(most >> 10 < bound, "{} MiB, and it may take {bound}", most >> 10);
    let error =
        |id: &String| server.get(&format!("/sessions/{id}")).json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(error(&started[7]).contains("take more than 16777216 bytes together"), "{}", error(&started[7]));
    server.is_well();
}
