//! Running what is stored: what is refused before anything is started.

use crate::support::{Setup, json};
use crate::workflows_http::drawing;

#[actix_web::test]
async fn a_run_that_cannot_be_is_refused_place_by_place() {
    let app = Setup::memory().start().await;
    app.post("/workflows", drawing("a")).await;
    let inputs = json!({
        "TextInput-1": {"text": 3, "txt": "x"},
        "TextInput-2": {"text": "it is linked"},
        "TextInput-3": {"text": "there is none"}
    });
    let refused = app.post("/workflows/a/run", json!({"inputs": inputs})).await;
    assert_eq!(refused.code(422), "invalid_inputs");
    let told: Vec<(String, &str)> = refused.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["loc"][2].as_str().unwrap().to_owned(), fault["type"].as_str().unwrap()))
        .collect();
    let expected = [
        ("TextInput-1".to_owned(), "invalid_value"),
        ("TextInput-1".to_owned(), "unknown_input"),
        ("TextInput-2".to_owned(), "input_is_linked"),
        ("TextInput-3".to_owned(), "unknown_node"),
    ];
    assert_eq!(told, expected);
    assert_eq!(app.post("/workflows/a/run", json!({"priority": 3, "x": 1})).await.code(422), "invalid_body");
    let refused = app.post("/workflows/a/continuous/start", json!({"interval_ms": -1})).await;
    assert_eq!(refused.code(422), "invalid_body");
}
