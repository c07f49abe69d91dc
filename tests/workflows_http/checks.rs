//! Graphs with faults: what is told, what can be stored all the same, and what is offered.

use crate::support::{Setup, Value, json};
use crate::workflows_http::{drawing, put};

fn types(told: &Value, id: &str) -> Vec<String> {
    let errors = told["node_errors"][id]["errors"].as_array().unwrap();
    errors.iter().map(|fault| fault["type"].as_str().unwrap().to_owned()).collect()
}

fn faulty() -> Value {
    let link = |from: &str, output: &str, to: &str, input: &str| json!({"source": from, "source_output": output, "target": to, "target_input": input});
    json!({
        "id": "faulty",
        "nodes": [
            {"id": "class", "type": "TextImput"},
            {"id": "missing", "type": "JsonInput"},
            {"id": "type", "type": "TextInput", "inputs": {"text": 3}},
            {"id": "unknown", "type": "TextInput", "inputs": {"txt": "x"}},
            {"id": "custom", "type": "SelectInput", "inputs": {"value": "c", "options": ["a"]}},
            {"id": "number", "type": "NumberInput"},
            {"id": "mismatch", "type": "TextInput"},
            {"id": "nowhere", "type": "TextInput"},
            {"id": "m0", "type": "JsonInput"}, {"id": "m1", "type": "JsonInput"},
            {"id": "twice", "type": "TextInput"}, {"id": "twice", "type": "TextInput"}
        ],
        "edges": [
            link("number", "value", "mismatch", "text"),
            link("gone", "text", "nowhere", "text"),
            link("m0", "json", "m1", "json"), link("m1", "json", "m0", "json"),
            link("class", "text", "twice", "text")
        ]
    })
}

#[actix_web::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = Setup::memory().start().await;
    let refused = app.post("/workflows/validate", faulty()).await;
    assert_eq!(refused.code(422), "invalid_graph");
    let told = &refused.body;
    let expected = [
        ("class", "missing_node_type"),
        ("missing", "required_input_missing"),
        ("type", "invalid_input_type"),
        ("unknown", "unknown_input"),
        ("custom", "custom_validation_failed"),
        ("mismatch", "return_type_mismatch"),
        ("nowhere", "bad_linked_input"),
        ("m0", "dependency_cycle"),
        ("m1", "dependency_cycle"),
        ("twice", "duplicate_node_id"),
    ];
    assert_eq!(told["node_errors"].as_object().unwrap().len(), expected.len(), "{told}");
    for (id, kind) in expected {
        assert_eq!(types(told, id), [kind], "{id}");
    }
    let cycle = &told["node_errors"]["m0"]["errors"][0];
    assert_eq!((&cycle["details"], &cycle["extra_info"]["cycle"]), (&json!("m0 → m1 → m0"), &json!(["m0", "m1"])));
    assert_eq!(told["node_errors"]["class"]["class_type"], "TextImput");
    let sound = app.post("/workflows/validate", drawing("a")).await.ok();
    assert_eq!(
        sound,
        json!({"valid": true, "node_errors": {}, "node_count": 2, "order": ["TextInput-1", "TextInput-2"]})
    );
    assert_eq!(app.get("/workflows/a").await.code(404), "unknown_workflow");
}

#[actix_web::test]
async fn a_report_says_what_is_wrong_without_refusing() {
    let app = Setup::memory().start().await;
    let report = app.post("/workflows/validate?report=true", faulty()).await.ok();
    let refused = app.post("/workflows/validate", faulty()).await;
    assert_eq!((&report["valid"], &report["order"]), (&json!(false), &json!([])));
    assert_eq!(report["node_errors"], refused.body["node_errors"]);
    assert_eq!(app.post("/workflows/validate?report=true", drawing("a")).await.ok()["valid"], true);
    assert_eq!(app.post("/workflows/validate?report=perhaps", drawing("a")).await.code(422), "invalid_query");
    assert_eq!(app.post("/workflows/validate?report=true", json!({"nodes": 7})).await.status, 422);
}

#[actix_web::test]
async fn an_unfinished_drawing_is_stored_only_where_it_is_said_to_be_one() {
    let app = Setup::memory().start().await;
    assert_eq!(app.post("/workflows", faulty()).await.code(422), "invalid_graph");
    assert_eq!(app.post("/workflows?draft=maybe", faulty()).await.code(422), "invalid_query");
    assert_eq!(app.post("/workflows?draft=true", faulty()).await.status, 201);
    assert_eq!(put(&app, "/workflows/faulty", &faulty()).await.code(422), "invalid_graph");
    assert_eq!(put(&app, "/workflows/faulty?draft=true", &faulty()).await.ok()["version"], 2);
    let refused = app.post("/workflows/faulty/run", json!({})).await;
    assert_eq!(refused.code(422), "invalid_graph");
    assert_eq!(types(&refused.body, "class"), ["missing_node_type"]);
}

#[actix_web::test]
async fn what_there_is_to_build_with() {
    let app = Setup::memory().start().await;
    let told = app.get("/nodes").await.ok();
    let text = told["nodes"].as_array().unwrap().iter().find(|class| class["type"] == "TextInput").unwrap();
    assert_eq!((&text["category"], &text["inputs"][0]["name"]), (&json!("inputs"), &json!("text")));
    assert_eq!((&text["inputs"][0]["default"], &text["outputs"][0]["type"]), (&json!(""), &json!("text")));
    let number = told["types"].as_array().unwrap().iter().find(|one| one["name"] == "number").unwrap();
    assert_eq!(number["takes"], json!(["json", "number", "integer"]));
    let examples = app.get("/workflows/examples").await.ok();
    let examples = examples["examples"].as_array().unwrap();
    assert!(!examples.is_empty());
    for example in examples {
        assert!(example["description"].is_string(), "{example}");
        assert_eq!(app.post("/workflows?draft=true", example.clone()).await.status, 201, "{example}");
    }
}
