//! Workflows that the tests make live, and what they read of them.

use callboard::workflow::node::{Cx, Next, Node, NodeClass, NodeError, Spec};
use callboard::workflow::port::{Input, Output, Type};
use std::sync::Arc;

use crate::support::{Api, Client, Value, json};

/// Two inputs: `a`, which `b` follows, and `n`, a number.
pub(crate) fn chain() -> Value {
    json!({
        "id": "chain", "name": "Chain",
        "nodes": [
            {"id": "a", "type": "TextInput", "inputs": {"text": "first"}},
            {"id": "b", "type": "TextInput"},
            {"id": "n", "type": "NumberInput"},
        ],
        "edges": [{"source": "a", "source_output": "text", "target": "b", "target_input": "text"}],
    })
}

/// Stores a workflow; gives its id.
pub(crate) async fn store(app: &Api, workflow: Value) -> String {
    let stored = app.post("/workflows", workflow.clone()).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    workflow["id"].as_str().unwrap().to_owned()
}

/// Stores a workflow and makes it live.
pub(crate) async fn start(app: &Api, workflow: Value, options: Value) -> Value {
    let id = store(app, workflow).await;
    app.post(&format!("/workflows/{id}/continuous/start"), options).await.ok()
}

pub(crate) async fn connect(app: &Api, query: &str) -> Client {
    Client::connect(&format!("ws://{}/ws{query}", app.address)).await.unwrap()
}

/// Changes an input over this socket.
pub(crate) async fn update(client: &mut Client, node: &str, input: &str, value: Value) {
    let data = json!({"node_id": node, "input_name": input, "input_value": value});
    client.say(json!({"type": "input_update", "data": data})).await;
}

/// Reads on until a node gives this on its first output.
pub(crate) async fn until_result(client: &mut Client, node: &str, result: Value) -> Value {
    loop {
        let state = client.until("node_state").await;
        if state["data"]["node_id"] == node && state["data"]["data"]["result"] == result {
            return state;
        }
    }
}

/// Reads on until this event.
pub(crate) async fn until_event(client: &mut Client, event: &str) -> Value {
    loop {
        let message = client.until("workflow_event").await;
        if message["event"] == event {
            return message;
        }
    }
}

/// Ticks in every iteration, and gives a long text.
struct Ticker(Spec);

struct Ticking;

impl NodeClass for Ticker {
    fn spec(&self) -> &Spec {
        &self.0
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Ticking)
    }
}

impl Node for Ticking {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let length = usize::try_from(cx.integer(0)?).unwrap_or(0);
        let count = cx.iteration();
        cx.set(0, format!("{count} {}", "x".repeat(length)));
        Ok(Next::Done)
    }
}

/// A class whose nodes tick, and give a text of `length` characters.
pub(crate) fn ticker() -> Arc<dyn NodeClass> {
    let spec = Spec::new("Ticker", "test", "Ticks.").volatile();
    let spec = spec.input(Input::new("length", Type::Integer, "How long.").or(0));
    Arc::new(Ticker(spec.output(Output::new("text", Type::Text, "The count."))))
}
