//! A workflow that runs once, as a session: what it gives, whom it asks, and that nothing of it is lost.

use crate::support;

use std::sync::Arc;
use std::time::Duration;

use callboard::domain::request::{Confirmation, Field, FieldType, Form};
use callboard::workflow::node::{Cx, Next, Node, NodeClass, NodeError, Reply, Spec, Work};
use callboard::workflow::port::{Input, Output, Type};
use support::{Setup, TestApp, Value, json};

/// What a node waits for when it runs.
type Begin = fn(&Cx<'_>) -> Result<Work, NodeError>;

/// A class of nodes that asks, sleeps, computes, counts or fails with what comes in.
struct Class {
    spec: Spec,
    work: Begin,
}

struct Waits(Begin, i64);

impl NodeClass for Class {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Waits(self.work, 0))
    }
}

impl Node for Waits {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        self.1 += 1;
        (self.0)(cx).map(Next::Wait)
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        match reply {
            Reply::Confirmed(yes) => cx.set(0, yes),
            Reply::Filled(values) => cx.set(0, Value::Object(values)),
            Reply::Value(value) => cx.set(0, value),
            Reply::Slept => cx.set(0, format!("{:x}", cx.seed())),
            Reply::Completed(value) => cx.set(0, value),
            Reply::Fetched(_) => return Err("another reply was expected".into()),
        }
        Ok(Next::Done)
    }
}

fn setup(setup: Setup) -> Setup {
    let classes: [(&str, Begin); 6] = [
        ("TestConfirm", |cx| Ok(Work::Confirm(Confirmation::new(cx.text(0)?)))),
        ("TestAsk", |_| Ok(Work::Ask(Form::from(vec![Field::new("name", FieldType::String, "Who?")])))),
        ("TestSleep", |_| Ok(Work::Sleep(Duration::from_millis(5)))),
        ("TestCompute", |cx| {
            let text = cx.text(0)?.to_owned();
            Ok(Work::Compute(Box::new(move || Ok(text.to_uppercase().into()))))
        }),
        ("TestFail", |_| Err("it never works".into())),
        ("TestTask", |_| {
            let config = json!({"lines": 0, "message": "Within?"});
            Ok(Work::Task { task: "approval".into(), input: Value::Null, config })
        }),
    ];
    classes.into_iter().fold(setup, |setup, (name, work)| {
        let spec = Spec::new(name, "test", "For a test.")
            .input(Input::new("message", Type::Json, "What comes in."))
            .output(Output::new("out", Type::Json, "What comes out."));
        setup.node(Arc::new(Class { spec, work }))
    })
}

fn graph(nodes: &[(&str, &str, Value)], edges: &[(&str, &str, &str, &str)]) -> Value {
    let nodes: Vec<Value> =
        nodes.iter().map(|(id, class, inputs)| json!({"id": id, "type": class, "inputs": inputs})).collect();
    let edge = |(source, source_output, target, target_input): &(&str, &str, &str, &str)| json!({"source": source, "source_output": source_output, "target": target, "target_input": target_input});
    json!({"nodes": nodes, "edges": edges.iter().map(edge).collect::<Vec<Value>>()})
}

async fn start(app: &TestApp, graph: Value, inputs: Value) -> String {
    app.start_with(json!({"task": "workflow", "input": {"graph": graph, "inputs": inputs}})).await
}

/// The ids of the open questions, by their messages; a form has none.
async fn questions(app: &TestApp, id: &str, count: usize) -> Vec<(String, String)> {
    let all = support::eventually(
        || format!("{count} questions"),
        async || {
            let journal = app.journal(id).await;
            let entries: Vec<Value> = journal.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect();
            let asked: Vec<(String, String)> = entries
                .iter()
                .filter(|entry| entry["type"].as_str().unwrap().starts_with("request_"))
                .map(|entry| {
                    let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
                    (text("message"), text("request_id"))
                })
                .collect();
            (asked.len() == count).then_some(asked)
        },
    );
    all.await
}

#[tokio::test]
async fn a_graph_runs_with_the_inputs_of_the_run() {
    let app = setup(Setup::memory()).start().await;
    let graph = graph(
        &[
            ("t", "TextInput", json!({"text": "a"})),
            ("c", "TestCompute", json!({})),
            ("s", "TestSleep", json!({"message": 0})),
        ],
        &[("t", "text", "c", "message")],
    );
    let outputs = async |inputs: Value| {
        let id = start(&app, graph.clone(), inputs).await;
        app.until_status(&id, "completed").await["result"]["outputs"].clone()
    };
    let first = outputs(json!({})).await;
    assert_eq!((&first["t"], &first["c"]), (&json!({"text": "a"}), &json!({"out": "A"})));
    let second = outputs(json!({"t": {"text": "b"}})).await;
    assert_eq!(second["c"], json!({"out": "B"}));
    assert_ne!(first["s"], second["s"], "each run has a seed of its own");
}

#[tokio::test]
async fn what_is_wrong_is_said_before_it_starts() {
    let app = setup(Setup::memory()).start().await;
    let graph = graph(&[("t", "TextInput", json!({"text": 1})), ("n", "Nope", json!({}))], &[]);
    let answer = app.post("/start-task", json!({"task": "workflow", "input": {"graph": graph}})).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    let faults: Vec<(&Value, &Value)> =
        answer.body["errors"].as_array().unwrap().iter().map(|fault| (&fault["loc"], &fault["type"])).collect();
    assert!(
        faults.contains(&(&json!(["body", "input", "graph", "nodes", "n"]), &json!("missing_node_type"))),
        "{faults:?}"
    );
    assert!(
        faults.contains(&(&json!(["body", "input", "graph", "nodes", "t", "text"]), &json!("invalid_input_type"))),
        "{faults:?}"
    );
    let graph = self::graph(&[("t", "TextInput", json!({}))], &[]);
    let inputs = json!({"t": {"text": 1, "x": 1}, "u": {"a": 1}});
    let answer =
        app.post("/start-task", json!({"task": "workflow", "input": {"graph": graph, "inputs": inputs}})).await;
    let kinds: Vec<&Value> = answer.body["errors"].as_array().unwrap().iter().map(|fault| &fault["type"]).collect();
    assert_eq!(kinds, ["invalid_value", "unknown_input", "unknown_node"]);
    let answer = app.post("/start-task", json!({"task": "workflow", "input": {"graph": {"nodes": 1}}})).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
}

#[tokio::test]
async fn people_are_asked_at_once_and_answer_in_any_order() {
    let app = setup(Setup::memory()).start().await;
    let graph = graph(
        &[
            ("a", "TestConfirm", json!({"message": "First?"})),
            ("b", "TestConfirm", json!({"message": "Second?"})),
            ("f", "TestAsk", json!({})),
        ],
        &[("a", "out", "f", "message")],
    );
    for backwards in [false, true] {
        let id = start(&app, graph.clone(), json!({})).await;
        let mut asked = questions(&app, &id, 2).await;
        asked.sort();
        if backwards {
            asked.reverse();
        }
        for (message, request) in asked {
            let body = json!({"value": message == "First?", "request_id": request});
            app.answer(&id, "confirm", body).await.ok();
        }
        let form = questions(&app, &id, 3).await.remove(2).1;
        app.answer(&id, "input", json!({"values": {"name": "Ada"}, "request_id": form})).await.ok();
        let end = app.until_status(&id, "completed").await;
        let outputs = json!({"a": {"out": true}, "b": {"out": false}, "f": {"out": {"name": "Ada"}}});
        assert_eq!(end["result"]["outputs"], outputs);
    }
}

#[tokio::test]
async fn a_node_that_fails_fails_the_session_by_name() {
    let app = setup(Setup::memory()).start().await;
    let nodes = [
        ("Fail-1", "TestFail", json!({"message": 0})),
        ("b", "TestSleep", json!({})),
        ("Fail-2", "TestFail", json!({"message": 0})),
    ];
    let id = start(&app, graph(&nodes, &[("Fail-1", "out", "b", "message")]), json!({})).await;
    let end = app.until_status(&id, "failed").await;
    assert_eq!(end["error"], "Fail-1: it never works; Fail-2: it never works");
}

/// How the journal of a run says that its nodes stand.
async fn node_states(app: &TestApp, id: &str) -> serde_json::Map<String, Value> {
    let entries = app.journal(id).await.into_iter().map(|entry| serde_json::from_str::<Value>(&entry).unwrap());
    let told = entries.filter(|entry| entry["type"] == "node_states");
    told.flat_map(|entry| entry["nodes"].as_object().unwrap().clone()).collect()
}

#[tokio::test]
async fn the_journal_of_a_run_says_how_its_nodes_stand() {
    let app = setup(Setup::memory()).start().await;
    let nodes = [
        ("t", "TextInput", json!({"text": "a".repeat(5_000)})),
        ("ask", "TestConfirm", json!({"message": "Go on?"})),
        ("Fail-1", "TestFail", json!({})),
        ("below", "TestSleep", json!({})),
    ];
    let links = [("t", "text", "below", "message"), ("ask", "out", "Fail-1", "message")];
    let id = start(&app, graph(&nodes, &links), json!({})).await;
    let request = questions(&app, &id, 1).await.remove(0).1;
    let states = node_states(&app, &id).await;
    assert_eq!((&states["ask"]["state"], &states["t"]["state"]), (&json!("waiting"), &json!("completed")));
    assert!(states["ask"]["start_time"].as_f64().unwrap() > 1.0e9, "{states:?}");
    assert_eq!((&states["t"]["result"]["text"]["truncated"], &states.get("Fail-1")), (&json!(true), &None));
    app.answer(&id, "confirm", json!({"value": true, "request_id": request})).await.ok();
    app.until_status(&id, "failed").await;
    let states = node_states(&app, &id).await;
    assert_eq!(
        (&states["ask"]["result"], &states["Fail-1"]["error"]),
        (&json!({"out": true}), &json!("it never works"))
    );
}

#[tokio::test]
async fn node_states_in_a_journal_end_at_the_limit_of_a_run() {
    let limited = Setup::memory().with(|settings| settings.workflows.max_journal_state_bytes = 200);
    let app = setup(limited).start().await;
    let nodes = [("t", "TextInput", json!({"text": "a".repeat(150)})), ("u", "TextInput", json!({"text": "b"}))];
    let id = start(&app, graph(&nodes, &[]), json!({})).await;
    app.until_status(&id, "completed").await;
    assert!(node_states(&app, &id).await.len() < 2);
}

#[tokio::test]
async fn a_cancelled_run_asks_nobody_any_more() {
    let app = setup(Setup::memory()).start().await;
    let id = start(&app, graph(&[("a", "TestConfirm", json!({"message": "?"}))], &[]), json!({})).await;
    let request = questions(&app, &id, 1).await.remove(0).1;
    app.post(&format!("/cancel-task/{id}"), json!({})).await.ok();
    app.until_status(&id, "cancelled").await;
    assert_eq!(app.answer(&id, "confirm", json!({"value": true, "request_id": request})).await.status, 409);
}

#[tokio::test]
async fn a_run_goes_on_over_restarts_with_what_it_had() {
    let mut app = setup(Setup::sqlite()).start().await;
    let graph = graph(
        &[
            ("s", "TestSleep", json!({"message": 0})),
            ("a", "TestConfirm", json!({"message": "First?"})),
            ("b", "TestConfirm", json!({"message": "Second?"})),
            ("c", "TestCompute", json!({"message": "x"})),
            ("z", "TestAsk", json!({})),
        ],
        &[("b", "out", "z", "message")],
    );
    let id = start(&app, graph, json!({})).await;
    let mut asked = questions(&app, &id, 2).await;
    asked.sort();
    app = app.restart().await;
    app.answer(&id, "confirm", json!({"value": true, "request_id": asked[1].1})).await.ok();
    let form = questions(&app, &id, 3).await.remove(2).1;
    app = app.restart().await;
    app.answer(&id, "input", json!({"values": {"name": "Bo"}, "request_id": form})).await.ok();
    app = app.restart().await;
    app.answer(&id, "confirm", json!({"value": false, "request_id": asked[0].1})).await.ok();
    let outputs = app.until_status(&id, "completed").await["result"]["outputs"].clone();
    assert_eq!(outputs["a"], json!({"out": false}));
    assert_eq!((&outputs["b"], &outputs["z"]), (&json!({"out": true}), &json!({"out": {"name": "Bo"}})));
    assert_eq!(outputs["c"], json!({"out": "X"}));
    assert_eq!(questions(&app, &id, 3).await.len(), 3, "nobody was asked twice");
}

#[tokio::test]
async fn a_node_may_be_a_task_of_its_own() {
    let mut app = setup(Setup::sqlite()).start().await;
    let id = start(&app, graph(&[("t", "TestTask", json!({"message": 0}))], &[]), json!({})).await;
    let child = support::eventually(
        || "the task".to_owned(),
        async || {
            let found = app.get(&format!("/sessions?label=parent={id}")).await.ok();
            found["sessions"][0]["session_id"].as_str().map(str::to_owned)
        },
    );
    let child = child.await;
    app.until_status(&child, "waiting_confirmation").await;
    app = app.restart().await;
    app.answer(&child, "confirm", json!({"value": true})).await.ok();
    let end = app.until_status(&id, "completed").await;
    assert_eq!(end["result"]["outputs"]["t"], json!({"out": {"approved": true}}));
}

#[tokio::test]
async fn outputs_that_are_too_large_together_fail_by_name() {
    let app = setup(Setup::memory()).start().await;
    let text = |id: &str| (id.to_owned(), json!({"text": "x".repeat(200_000)}));
    let texts: Vec<(String, Value)> = ["a", "b", "c", "d", "e"].map(text).to_vec();
    let nodes: Vec<(&str, &str, Value)> =
        texts.iter().map(|(id, inputs)| (id.as_str(), "TextInput", inputs.clone())).collect();
    let id = start(&app, graph(&nodes[..4], &[]), json!({})).await;
    app.until_status(&id, "completed").await;
    let id = start(&app, graph(&nodes, &[]), json!({})).await;
    let session = app.until_status(&id, "failed").await;
    let expected =
        "result_too_large: with those of e, the outputs of the workflow are larger than 1000000 bytes together";
    assert_eq!(session["error"], expected);
}
