//! Calls over real sockets, to a server that plays what servers do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stand_in;

use std::time::Duration;

use callboard_model::{Answer, Arguments, Client, Error, Message, Progress, Request, Settings, Tool, TurnWarning};
use serde_json::{Value, json};
use stand_in::{Play, StandIn};

const KEY: &str = "sk-test-0123456789";

fn settings(server: &StandIn) -> Settings {
    let api_key = Some(KEY.to_owned().into());
    Settings { base_url: server.url(), api_key, model: Some("m".into()), timeout: 60.0, ..Settings::default() }
}

fn client(server: &StandIn) -> Client {
    Client::new(settings(server)).unwrap()
}

fn request() -> Request {
    Request {
        messages: vec![Message::User("hello".into())].into(),
        idempotency_key: "key-1".into(),
        ..Request::default()
    }
}

fn chunk(delta: &Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
}

fn text(text: &str) -> String {
    chunk(&json!({"content": text}))
}

const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn a_reply_is_streamed_and_whole_at_its_end() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
    let parts = [
        &chunk(&json!({"role": "assistant", "content": null, "reasoning_content": "hm"})),
        &text("a"),
        ": keepalive\n\n",
        &text("b"),
        usage,
        DONE,
    ];
    let server = StandIn::start([Play::stream(&parts.concat())]).await;
    let mut told = Vec::new();
    let turn = client(&server).complete(&request(), |progress| told.push(progress)).await.unwrap();
    assert_eq!((turn.text.as_str(), turn.reasoning.as_str(), turn.tries), ("ab", "hm", 1));
    assert_eq!((turn.usage.total(), turn.usage.estimated), (5, false));
    let parts =
        [Progress::Try(1), Progress::Reasoning("hm".into()), Progress::Text("a".into()), Progress::Text("b".into())];
    assert_eq!(told, parts);
    let asked = server.requests().await;
    assert_eq!(asked[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(asked[0].header("idempotency-key"), Some("key-1"));
    assert_eq!((&asked[0].json()["model"], &asked[0].json()["stream"]), (&json!("m"), &json!(true)));
}

#[tokio::test]
async fn a_reply_that_is_not_streamed_is_one_too() {
    let call = json!({"id": "c", "function": {"name": "look", "arguments": "{\"at\":1}"}});
    let body = json!({"choices": [{"message": {"content": "a", "tool_calls": [call]}, "finish_reason": "stop"}]});
    let server = StandIn::start([Play::json(200, &body)]).await;
    let tools = vec![Tool { name: "look".into(), description: "Looks.".into(), parameters: json!({"type": "object"}) }];
    let turn = client(&server).complete(&Request { tools, ..request() }, |_| {}).await.unwrap();
    assert_eq!((turn.text.as_str(), turn.calls[0].name.as_str()), ("a", "look"));
    assert!(matches!(&turn.calls[0].arguments, Arguments::Valid(map) if map["at"] == 1));
    assert!(turn.usage.estimated);
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_is_tried_again_with_the_same_key() {
    let whole = [text("a"), text("b"), DONE.into()].concat();
    // All at once, as each waits a little before its second try.
    let mut cases = tokio::task::JoinSet::new();
    for at in (0..whole.len() - 4).step_by(5) {
        cases.spawn(cut_at(whole.clone(), at));
    }
    cases.join_all().await;
}

async fn cut_at(whole: String, at: usize) {
    let server = StandIn::start([Play::cut(&whole[..at]), Play::stream(&whole)]).await;
    let mut tries = Vec::new();
    let count = |progress| {
        if let Progress::Try(number) = progress {
            tries.push(number);
        }
    };
    let turn = client(&server).complete(&request(), count).await.unwrap();
    assert_eq!((turn.text.as_str(), turn.tries), ("ab", 2), "cut at {at}");
    assert_eq!(tries, [1, 2]);
    let asked = server.requests().await;
    let keys: Vec<Option<&str>> = asked.iter().map(|asked| asked.header("idempotency-key")).collect();
    assert_eq!(keys, [Some("key-1"), Some("key-1")]);
}

#[tokio::test]
async fn too_many_requests_are_waited_out_and_the_servers_word_is_a_floor() {
    let limited = Play::json(429, &json!({"error": {"message": "slow down"}})).with_header("retry-after", "0.3");
    let server = StandIn::start([limited, Play::stream(&[text("a"), DONE.into()].concat())]).await;
    let began = tokio::time::Instant::now();
    let mut was_limited = false;
    let note = |progress| was_limited |= progress == Progress::RateLimited;
    let turn = client(&server).complete(&request(), note).await.unwrap();
    assert_eq!(turn.text, "a");
    assert!(was_limited && began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_server_that_asks_for_too_long_a_pause_is_not_waited_for() {
    let limited = Play::json(429, &json!({"error": "later"})).with_header("retry-after", "86400");
    let server = StandIn::start([limited]).await;
    let error = client(&server).complete(&request(), |_| {}).await.unwrap_err();
    assert_eq!(error, Error::RateLimited { message: "later".into() });
}

#[tokio::test]
async fn an_error_within_a_reply_fails_the_call_and_shows_no_key() {
    let echo = json!({"error": {"message": format!("bad key {KEY}, sent as Bearer {KEY}")}});
    let server = StandIn::start([Play::stream(&[text("a"), format!("data: {echo}\n\n")].concat())]).await;
    let error = client(&server).complete(&request(), |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::InReply { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    let server = StandIn::start([Play::json(401, &echo)]).await;
    let error = client(&server).complete(&request(), |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }) && !format!("{error:?}").contains(KEY), "{error:?}");
}

#[tokio::test]
async fn a_key_that_the_server_sends_back_is_not_in_the_reply() {
    let call = json!({"id": "c", "function": {"name": "keep", "arguments": {"value": KEY}}});
    let parts = [text(&format!("You sent Bearer {KEY}.")), chunk(&json!({"tool_calls": [call]})), DONE.into()];
    let server = StandIn::start([Play::stream(&parts.concat())]).await;
    let turn = client(&server).complete(&request(), |_| {}).await.unwrap();
    assert_eq!(turn.text, "You sent Bearer ***.");
    assert_eq!(turn.calls[0].arguments, Arguments::Valid(json!({"value": "***"}).as_object().unwrap().clone()));
}

#[tokio::test]
async fn an_error_in_a_field_of_its_own_or_in_the_last_line_fails_the_call() {
    let error = json!({"code": 500, "message": "out of memory"});
    for written in [
        format!("error: {error}\n\n"),
        format!("event: error\ndata: {error}\n\n"),
        format!("event: error\ndata: {}\n\n", json!({"error": error})),
        format!("data: {}", json!({"error": error})),
    ] {
        let server = StandIn::start([Play::stream(&[text("a"), written.clone()].concat())]).await;
        let failed = client(&server).complete(&request(), |_| {}).await.unwrap_err();
        assert_eq!(failed, Error::InReply { message: "out of memory".into() }, "{written}");
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_none_even_where_it_looks_whole() {
    let length = |text: &str| {
        let chunk = json!({"choices": [{"delta": {"content": text}, "finish_reason": "length"}]});
        Play::stream(&[format!("data: {chunk}\n\n"), DONE.into()].concat())
    };
    let server = StandIn::start([length("{\"a\": 1}"), length("{\"a\": 1")]).await;
    let client = client(&server);
    let request = Request { schema: Some(json!({"type": "object"})), ..request() };
    for _ in 0..2 {
        let turn = client.complete(&request, |_| {}).await.unwrap();
        assert_eq!(turn.warnings, [TurnWarning::Length]);
        assert!(matches!(turn.answer, Some(Answer::Unfit(reasons)) if reasons[0].contains("cut off")));
    }
    // That says nothing about what the server can do.
    let asked = server.requests().await;
    assert_eq!(asked[1].json()["response_format"]["type"], "json_schema");
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_told_by_name_and_not_tried_again() {
    let body =
        json!({"error": {"code": 400, "type": "exceed_context_size_error", "message": "too long", "n_ctx": 4096}});
    let server = StandIn::start([Play::json(400, &body)]).await;
    let error = client(&server).complete(&request(), |_| {}).await.unwrap_err();
    assert_eq!(error, Error::Overflow { limit: Some(4096), message: "too long".into() });
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn a_schema_is_asked_for_as_far_as_the_server_knows_it_and_that_is_remembered() {
    let no = |what: &str| Play::json(400, &json!({"error": {"message": format!("{what} is not supported")}}));
    let good = || Play::stream(&[text("```json\n{\"a\":1}\n```"), DONE.into()].concat());
    let server = StandIn::start([no("json_schema"), no("json_object"), good(), good()]).await;
    let client = client(&server);
    let schema = json!({"type": "object", "required": ["a"]});
    let request = Request { schema: Some(schema), ..request() };
    for _ in 0..2 {
        let turn = client.complete(&request, |_| {}).await.unwrap();
        assert_eq!(turn.answer, Some(Answer::Fits(json!({"a": 1}))));
    }
    let formats: Vec<Value> =
        server.requests().await.iter().map(|asked| asked.json()["response_format"]["type"].clone()).collect();
    assert_eq!(formats, [json!("json_schema"), json!("json_object"), Value::Null, Value::Null]);
}

#[tokio::test]
async fn options_of_the_stream_that_a_server_refuses_are_left_out() {
    let server = StandIn::start([
        Play::json(400, &json!({"error": {"message": "unknown field stream_options"}})),
        Play::stream(&[text("a"), DONE.into()].concat()),
    ]);
    let server = server.await;
    assert_eq!(client(&server).complete(&request(), |_| {}).await.unwrap().text, "a");
    assert!(server.requests().await[1].json().get("stream_options").is_none());
}

#[tokio::test]
async fn the_first_model_of_the_list_is_taken_where_none_is_named() {
    let list = json!({"data": [{"id": "first"}, {"id": "second"}]});
    let done = || Play::stream(&[text("a"), DONE.into()].concat());
    let server = StandIn::start([Play::json(200, &list), done(), done()]).await;
    let client = Client::new(Settings { model: None, ..settings(&server) }).unwrap();
    client.complete(&request(), |_| {}).await.unwrap();
    client.complete(&request(), |_| {}).await.unwrap();
    let asked = server.requests().await;
    assert_eq!(asked.len(), 3, "the list is asked for once");
    assert_eq!(asked[2].json()["model"], "first");
    let server = StandIn::start([Play::json(200, &json!({"data": []}))]).await;
    let client = Client::new(Settings { model: None, ..settings(&server) }).unwrap();
    assert_eq!(client.complete(&request(), |_| {}).await.unwrap_err(), Error::NoModel);
}

#[tokio::test]
async fn a_server_that_counts_far_fewer_tokens_has_cut_the_conversation() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":1}}\n\n";
    let server = StandIn::start([Play::stream(&[&text("a"), usage, DONE].concat())]).await;
    let long = Request { messages: vec![Message::User("word ".repeat(4000))].into(), ..request() };
    let turn = client(&server).complete(&long, |_| {}).await.unwrap();
    assert_eq!(turn.warnings, [TurnWarning::Truncated]);
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_time_that_is_set() {
    let server = StandIn::start([Play::hold(&text("a")), Play::stream(&[text("b"), DONE.into()].concat())]).await;
    let client = Client::new(Settings { timeout: 0.2, ..settings(&server) }).unwrap();
    assert_eq!(client.complete(&request(), |_| {}).await.unwrap().text, "b");
}

#[tokio::test]
async fn a_reply_without_end_is_refused() {
    let server = StandIn::start([Play::stream(&text(&"x".repeat(5000)))]).await;
    let client = Client::new(Settings { max_reply_bytes: 1024, ..settings(&server) }).unwrap();
    assert_eq!(client.complete(&request(), |_| {}).await.unwrap_err(), Error::TooLarge { limit: 1024 });
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let server = StandIn::start([Play::hold(&text("a"))]).await;
    let client = client(&server);
    let (began, begun) = tokio::sync::oneshot::channel();
    let mut began = Some(began);
    let call = tokio::spawn(async move {
        client
            .complete(&request(), move |progress| {
                if matches!(progress, Progress::Text(_)) {
                    began.take().map(|began| began.send(()));
                }
            })
            .await
    });
    begun.await.unwrap();
    call.abort();
    tokio::time::timeout(Duration::from_secs(5), server.left()).await.unwrap();
}
