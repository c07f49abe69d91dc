//! Agents when things go wrong: cancelled or killed in the middle, told to wait, given too much, or with a world that has
//! changed meanwhile.

use std::collections::BTreeSet;

use crate::agents::{agent, delta_of, kickoff, question, setup, task};
use crate::support::journal::{check, kinds, read};
use crate::support::model::{Model, Reply, call, text};
use crate::support::{Api, Client, TestProcess, Value, eventually, json};

/// Entries of this kind in a session's journal.
async fn entries(app: &Api, id: &str, kind: &str) -> Vec<Value> {
    app.journal(id).await.iter().map(|text| read(text)).filter(|entry| entry["type"] == kind).collect()
}

/// Starts a crew of one agent at one task.
async fn begin(app: &Api, tools: Value, body: Value) -> String {
    agent(app, "alpha", tools).await;
    kickoff(app, json!(["alpha"]), vec![task("t", "alpha", json!({}))], json!({}), body).await
}

/// A server of its own process, whose model `alpha` is this one.
async fn process(model: &Model) -> TestProcess {
    TestProcess::start_with(&[("model.alpha.base_url", &model.url), ("model.alpha.model", "alpha")]).await
}

#[tokio::test]
async fn a_cancel_in_mid_stream_closes_the_model_s_connection() {
    let model = Model::play([("alpha", vec![Reply::Hold("On and on. ")])]).await;
    let app = setup(&model).start().await;
    let id = begin(&app, json!({}), json!({})).await;
    let mut watcher = app.connect(&id, Some(0)).await;
    let first = delta_of(&mut watcher, "alpha").await;
    let next = delta_of(&mut watcher, "alpha").await;
    assert_eq!(first["part"].as_u64().unwrap() + 1, next["part"].as_u64().unwrap(), "{first} {next}");
    app.answer(&id, "cancel", json!({})).await.ok();
    app.until_status(&id, "cancelled").await;
    model.until_left().await;
    assert_eq!((model.calls().len(), entries(&app, &id, "agent_turn").await.len()), (1, 0));
    check(&app.journal(&id).await);
}

#[tokio::test]
async fn a_cancel_does_not_wait_for_a_retry_after() {
    let model = Model::play([("alpha", vec![text("Late.")])]).await;
    model.refuse(1, "500");
    let setup = setup(&model).with(|settings| {
        settings.model.values_mut().for_each(|model| model.max_tries = 3);
    });
    let app = setup.start().await;
    let id = begin(&app, json!({}), json!({})).await;
    model.until("alpha", 1).await;
    app.answer(&id, "cancel", json!({})).await.ok();
    app.until_status(&id, "cancelled").await;
    assert_eq!(model.calls().len(), 1);
    // Whoever comes next is told to wait, too: the server asked for that, not the session.
    let metrics = app.get("/metrics").await.body.to_string();
    assert!(metrics.contains("callboard_model_rate_limited_total 1"), "{metrics}");
}

#[tokio::test]
async fn fifty_crews_that_are_all_refused_for_a_moment_all_come_to_their_end_and_pay_once() {
    let model = Model::play([("alpha", vec![text("Done.")])]).await;
    model.refuse(8, "1");
    let setup = setup(&model).with(|settings| {
        settings.model.values_mut().for_each(|model| model.max_tries = 5);
    });
    let app = setup.start().await;
    let first = begin(&app, json!({}), json!({})).await;
    let mut all = vec![first];
    for _ in 1..50 {
        let begun = app.post("/api/v1/crews/crew/kickoff", json!({})).await;
        all.push(begun.body["session_id"].as_str().unwrap().to_owned());
    }
    for id in &all {
        let session = app.until_status(id, "completed").await;
        assert_eq!(session["result"]["usage"]["turns"], 1, "{session}");
    }
    let calls = model.calls();
    let keys: BTreeSet<&str> = calls.iter().map(|call| call.key.as_str()).collect();
    assert_eq!((keys.len(), calls.len()), (50, 58), "each call has a key of its own, which its tries share");
}

#[tokio::test]
async fn a_kill_between_the_calls_of_one_turn_repeats_none_that_is_done() {
    let write = |key: &str| ("memory_write", json!({"key": key, "value": "written"}));
    let ask = ("ask_human", json!({"kind": "confirm", "message": "Go on?"}));
    let model =
        Model::play([("alpha", vec![Reply::Calls(vec![write("one"), ask, write("two")]), text("Done.")])]).await;
    let mut server = process(&model).await;
    let id = begin(&server, json!({"tools": ["memory_write", "ask_human"]}), json!({})).await;
    question(&server, &id).await;
    assert_eq!(server.get("/memory/global/one").await.ok(), "written");
    server.kill();
    server.up().await;
    // What was done is not done again, so that it does not undo what came after.
    let put = server.request(reqwest::Method::PUT, "/memory/global/one").json(&json!("by hand"));
    assert!(put.send().await.unwrap().status().is_success());
    assert_eq!(server.get("/memory/global/two").await.status, 404);
    server.answer(&id, "confirm", json!({"value": true})).await.ok();
    server.until_status(&id, "completed").await;
    assert_eq!(server.get("/memory/global/one").await.ok(), "by hand");
    assert_eq!(server.get("/memory/global/two").await.ok(), "written");
    let results = entries(&server, &id, "tool_result").await;
    let tools: Vec<&str> = results.iter().map(|result| result["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, ["memory_write", "ask_human", "memory_write"]);
    assert_eq!((model.calls().len(), model.calls()[1].results().len()), (2, 3));
    check(&server.journal(&id).await);
}

#[tokio::test]
async fn memory_that_has_changed_since_a_crash_does_not_change_what_an_agent_has_read() {
    let model =
        Model::play([("alpha", vec![call("memory_read", json!({"key": "price"})), Reply::Hold("It costs 3.")])]).await;
    let mut server = process(&model).await;
    let put = |server: &TestProcess, value: Value| {
        server.request(reqwest::Method::PUT, "/memory/global/price").json(&value).send()
    };
    assert!(put(&server, json!("3")).await.unwrap().status().is_success());
    let id = begin(&server, json!({"tools": ["memory_read"]}), json!({})).await;
    model.until("alpha", 2).await;
    server.kill();
    model.let_go();
    server.up().await;
    // The call in flight may be made before or after this; what it is made with is recorded.
    assert!(put(&server, json!("9")).await.unwrap().status().is_success());
    let session = server.until_status(&id, "completed").await;
    assert_eq!(session["result"]["output"], "It costs 3.");
    let calls = model.calls();
    assert_eq!((calls.len(), calls[2].results()), (3, vec!["3".to_owned()]));
    assert_eq!(calls[1].key, calls[2].key);
    assert_eq!(entries(&server, &id, "tool_result").await.len(), 1);
}

#[tokio::test]
async fn two_agents_that_ask_at_once_get_their_own_answers_in_any_order_and_after_a_kill() {
    let ask = || call("ask_human", json!({"kind": "form", "message": "Which?"}));
    let model = Model::play([("alpha", vec![ask(), text("Done.")]), ("beta", vec![ask(), text("Done.")])]).await;
    let url = model.url.as_str();
    let settings = [("alpha.base_url", url), ("alpha.model", "alpha"), ("beta.base_url", url), ("beta.model", "beta")];
    let settings = settings.map(|(key, value)| (format!("model.{key}"), value));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let mut server = TestProcess::start_with(&settings).await;
    let tasks = ["alpha", "beta"].map(|name| task(name, name, json!({"async_execution": true})));
    for name in ["alpha", "beta"] {
        agent(&server, name, json!({"tools": ["ask_human"]})).await;
    }
    let id = kickoff(&server, json!(["alpha", "beta"]), tasks.to_vec(), json!({}), json!({})).await;
    let open = eventually(
        || "two questions".into(),
        async || {
            let open = server.session(&id).await["open_requests"].as_array().cloned().unwrap_or_default();
            (open.len() == 2).then_some(open)
        },
    );
    let open = open.await;
    server.kill();
    server.up().await;
    for question in open.iter().rev() {
        let who = question["context"]["source"]["agent_id"].as_str().unwrap();
        let answer = json!({"request_id": question["request_id"], "values": {"answer": format!("for {who}")}});
        server.answer(&id, "input", answer).await.ok();
    }
    server.until_status(&id, "completed").await;
    for name in ["alpha", "beta"] {
        let calls = model.of(name);
        assert_eq!((calls.len(), calls[1].results()), (2, vec![json!({"answer": format!("for {name}")}).to_string()]));
    }
}

/// Starts a crew of one agent, which asks first, so that whoever watches from here on misses nothing.
async fn begin_with_a_question(app: &Api, tools: Value) -> (String, Client) {
    let id = begin(app, json!({"tools": tools}), json!({})).await;
    question(app, &id).await;
    let watcher = app.connect(&id, Some(0)).await;
    (id, watcher)
}

fn ask() -> Reply {
    call("ask_human", json!({"kind": "confirm", "message": "Go on?"}))
}

#[tokio::test]
async fn a_reader_that_stops_does_not_hold_up_a_reply_of_many_parts() {
    const PARTS: usize = 20_000;
    let model = Model::play([("alpha", vec![ask(), Reply::Parts(vec!["ha".to_owned(); PARTS])])]).await;
    let app = setup(&model).start().await;
    let (id, mut watcher) = begin_with_a_question(&app, json!(["ask_human"])).await;
    let _stopped = app.connect(&id, Some(0)).await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    watcher.until("agent_delta").await;
    watcher.until("task_completed").await;
    let turns = entries(&app, &id, "agent_turn").await;
    assert_eq!(turns[1]["text"].as_str().map(str::len), Some(2 * PARTS));
    check(&app.journal(&id).await);
}

#[tokio::test]
async fn a_key_that_a_model_sends_back_is_shown_in_no_part_of_its_reply() {
    const KEY: &str = "sk-test-0123456789";
    let parts = ["You sent sk-te", "st-012345", "6789, did you", "?"].map(str::to_owned).to_vec();
    let echo = call("memory_write", json!({"key": "k", "value": KEY}));
    let model = Model::play([("alpha", vec![ask(), echo, Reply::Parts(parts)])]).await;
    let setup = setup(&model).with(|settings| {
        settings.model.values_mut().for_each(|model| model.api_key = Some(KEY.to_owned().into()));
    });
    let app = setup.start().await;
    let (id, mut watcher) = begin_with_a_question(&app, json!(["ask_human", "memory_write"])).await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    let (mut drafts, mut heard) = (String::new(), String::new());
    loop {
        let message = watcher.next().await.unwrap();
        if message["type"] == "agent_delta" {
            drafts.push_str(message["text"].as_str().unwrap());
        }
        heard.push_str(&message.to_string());
        if message["type"] == "task_completed" {
            break;
        }
    }
    assert_eq!(drafts, "You sent ***, did you?");
    assert!(heard.contains("memory_write") && !heard.contains(KEY), "{heard}");
    assert!(!app.journal(&id).await.concat().contains(KEY));
}

#[tokio::test]
async fn a_file_of_five_megabytes_reaches_the_model_and_the_journal_in_pieces_that_fit() {
    let next = |offset: u64| call("read_file", json!({"path": "big.txt", "offset": offset}));
    let model = Model::play([("alpha", vec![next(0), next(5_000_000), text("Long.")])]).await;
    let setup = setup(&model);
    let folder = setup.file("inside");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("big.txt"), "0123456789".repeat(500_000) + "the end").unwrap();
    let mut most = 0;
    let setup = setup.with(|settings| {
        settings.agents.folders.insert("f".into(), folder.display().to_string());
        settings.agents.max_file_bytes = 10_000_000;
        most = settings.agents.max_tool_result_bytes;
    });
    let app = setup.start().await;
    let id = begin(&app, json!({"tools": ["read_file"]}), json!({"folder": "f"})).await;
    app.until_status(&id, "completed").await;
    let results = model.calls().pop().unwrap().results();
    assert!(results[0].len() <= most && results[0].contains("there is more"), "{} bytes", results[0].len());
    assert_eq!(results[1], "the end");
    let journal = app.journal(&id).await;
    check(&journal);
    assert!(journal.iter().all(|entry| entry.len() < most + 1000), "an entry is as large as the file");
    assert_eq!(kinds(&journal).iter().filter(|kind| *kind == "tool_result").count(), 2);
}
