//! A live workflow that runs all of its nodes in each iteration, to compare with.

use crate::support::{Setup, Value, json};
use crate::workflow_live::stage::{connect, start, ticker, until_event};

fn clock(behind: usize) -> Value {
    let nodes = (0..behind).map(|at| json!({"id": format!("n{at}"), "type": "TextInput", "inputs": {"text": "still"}}));
    let nodes: Vec<Value> = std::iter::once(json!({"id": "t", "type": "Ticker"})).chain(nodes).collect();
    json!({"id": "clock", "name": "Clock", "nodes": nodes, "edges": []})
}

#[tokio::test]
async fn every_node_runs_in_each_iteration_where_that_is_asked_for() {
    let app = Setup::memory().node(ticker()).start().await;
    for (executor, runs_again) in [("plan", false), ("naive", true)] {
        let mut client = connect(&app, "").await;
        start(&app, clock(1), json!({"interval_ms": 1, "max_iterations": 20, "executor": executor})).await;
        let stopped = until_event(&mut client, "continuous_stopped").await;
        assert_eq!(stopped["data"]["execution_count"], 20);
        let mut messages = client.heard.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        let last = messages.rfind(|message| message["data"]["node_id"] == "n0").unwrap();
        let runs = last["data"]["data"]["runs"].as_u64().unwrap();
        assert_eq!(runs > 1, runs_again, "{executor}: {runs}");
        app.delete("/workflows/clock").await;
    }
}

#[tokio::test]
async fn it_is_for_small_graphs_and_no_other_word_is_taken() {
    let app = Setup::memory().node(ticker()).with(|settings| settings.workflows.max_naive_nodes = 2).start().await;
    start(&app, clock(1), json!({"executor": "naive"})).await;
    app.post("/workflows/clock/continuous/stop", json!({})).await;
    app.delete("/workflows/clock").await;
    start(&app, clock(2), json!({"executor": "plan"})).await;
    app.post("/workflows/clock/continuous/stop", json!({})).await;
    for executor in ["naive", "quick"] {
        let refused = app.post("/workflows/clock/continuous/start", json!({"executor": executor})).await;
        assert_eq!((refused.status, &refused.body["code"]), (422, &json!("invalid_body")), "{executor}");
        assert_eq!(refused.body["errors"][0]["loc"], json!(["body", "executor"]), "{}", refused.body);
    }
}
