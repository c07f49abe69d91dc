//! Who may answer what, and what is told to those who may not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use callboard::config::Settings;
use callboard::domain::request::{Field, FieldType};
use callboard::session::TaskKind;
use futures::future::join_all;

use super::story::email;
use crate::support::api::send;
use crate::support::{Client, Setup, TestApp, Value, journal, json, kind};

/// A task with two open questions.
pub(crate) fn two_questions() -> Arc<dyn TaskKind> {
    kind("two_questions", |ctx| async move {
        let (left, right) = (ctx.lane("left"), ctx.lane("right"));
        let (left, right) = futures::join!(left.confirm("Left?"), right.confirm("Right?"));
        Ok(json!({"left": left, "right": right}))
    })
}

async fn waiting_for(app: &TestApp, task: &str, status: &str) -> (String, Vec<String>) {
    let id = app.start(task, json!({})).await;
    let session = app.until_status(&id, status).await;
    let open = session["open_requests"].as_array().unwrap();
    (id, open.iter().map(|request| request["request_id"].as_str().unwrap().to_owned()).collect())
}

/// What the client is told about its last message, in a word.
async fn told(client: &mut Client, message: Value) -> Value {
    client.say(message).await;
    loop {
        let answer = client.next().await.unwrap();
        if answer["type"] == "error" || answer["type"] == "input_rejected" {
            return answer;
        }
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_kind_leaves_the_question_open() {
    let app = Setup::memory().start().await;
    let (id, open) = waiting_for(&app, "long_running_task", "waiting_input").await;
    assert_eq!(app.answer(&id, "confirm", json!({"value": true})).await.code(409), "no_open_request");
    assert_eq!(app.answer(&id, "retry", json!({"value": true})).await.code(409), "no_open_request");
    let wrong = json!({"value": true, "request_id": open[0]});
    assert_eq!(app.answer(&id, "confirm", wrong).await.code(409), "no_open_request");
    let mut client = app.connect(&id, None).await;
    let error = told(&mut client, json!({"type": "confirm", "value": true})).await;
    assert_eq!(error["code"], "no_open_request");
    app.answer(&id, "input", json!({"values": email()})).await.ok();
    app.until_status(&id, "waiting_retry").await;
    assert_eq!(app.answer(&id, "input", json!({"values": {}})).await.code(409), "no_open_request");
}

#[tokio::test]
async fn a_session_is_answered_over_http_alone() {
    let app = Setup::memory().start().await;
    let id = app.start("long_running_task", json!({"step_delay_ms": 0})).await;
    app.until_status(&id, "waiting_input").await;
    app.answer(&id, "input", json!({"values": email()})).await.ok();
    app.until_status(&id, "waiting_retry").await;
    app.answer(&id, "retry", json!({"value": true})).await.ok();
    app.until_status(&id, "waiting_confirmation").await;
    app.answer(&id, "confirm", json!({"value": true})).await.ok();
    let session = app.until_status(&id, "completed").await;
    assert_eq!(session["result"], email());
    assert_eq!(session["attempt"], 2);
    let journal = app.journal(&id).await;
    assert_eq!(journal::all(&journal, "answered", "by"), ["http", "http", "http"]);
}

#[tokio::test]
async fn two_open_questions_have_to_be_told_apart() {
    let app = Setup::memory().task(two_questions()).start().await;
    let (id, open) = waiting_for(&app, "two_questions", "waiting_confirmation").await;
    assert_eq!(open.len(), 2);
    assert_eq!(app.answer(&id, "confirm", json!({"value": true})).await.code(409), "ambiguous_request");
    let mut client = app.connect(&id, None).await;
    let error = told(&mut client, json!({"type": "confirm", "value": true})).await;
    assert_eq!(error["code"], "ambiguous_request");
    // The second first: each answer reaches its own question.
    let answer = |of: usize, value: bool| json!({"value": value, "request_id": open[of]});
    let first = app.answer(&id, "confirm", answer(1, true)).await.ok();
    assert_eq!((&first["request_id"], &first["status"]), (&json!(open[1]), &json!("waiting_confirmation")));
    let late = app.answer(&id, "confirm", answer(1, false)).await;
    assert_eq!(late.code(409), "already_answered");
    assert_eq!(late.body["winner"]["value"], true);
    app.answer(&id, "confirm", json!({"value": false})).await.ok();
    let session = app.until_status(&id, "completed").await;
    let asked = journal::all(&app.journal(&id).await, "request_confirmation", "message");
    let expected = if asked[0] == "Left?" { (false, true) } else { (true, false) };
    assert_eq!(session["result"], json!({"left": expected.0, "right": expected.1}));
}

#[tokio::test]
async fn a_late_answer_is_told_who_was_first_also_after_the_end() {
    let app = Setup::memory().with(|settings| settings.sessions.park_after = 0.0).start().await;
    let (id, open) = waiting_for(&app, "approval", "waiting_confirmation").await;
    let request = app.request(reqwest::Method::POST, &format!("/sessions/{id}/confirm")).header("X-Client-Id", "ann");
    request.json(&json!({"value": true})).send().await.unwrap().error_for_status().unwrap();
    app.until_status(&id, "completed").await;
    let late = json!({"value": false, "request_id": open[0]});
    let answer = app.answer(&id, "confirm", late.clone()).await;
    assert_eq!(answer.code(409), "already_answered");
    assert_eq!(answer.body["winner"], json!({"by": "ann", "value": true}));
    assert_eq!(app.answer(&id, "confirm", json!({"value": false})).await.code(409), "no_open_request");
    let mut client = app.connect(&id, None).await;
    let error = told(&mut client, json!({"type": "confirm", "value": false, "request_id": open[0]})).await;
    assert_eq!((&error["code"], &error["winner"]), (&json!("already_answered"), &json!({"by": "ann", "value": true})));
}

#[tokio::test]
async fn a_question_of_another_session_cannot_be_answered_here() {
    let app = Setup::memory().start().await;
    let (here, own) = waiting_for(&app, "approval", "waiting_confirmation").await;
    let (there, other) = waiting_for(&app, "approval", "waiting_confirmation").await;
    for id in [other[0].as_str(), "00000000-0000-4000-8000-000000000000", "nonsense", ""] {
        let answer = app.answer(&here, "confirm", json!({"value": true, "request_id": id})).await;
        assert_eq!(answer.code(409), "no_open_request", "{id:?}");
    }
    for (id, open) in [(&here, &own), (&there, &other)] {
        let session = app.session(id).await;
        assert_eq!(session["status"], "waiting_confirmation");
        assert_eq!(session["open_requests"][0]["request_id"], open[0]);
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_eq!(app.answer(unknown, "confirm", json!({"value": true})).await.code(404), "unknown_session");
    assert_eq!(app.answer("nonsense", "confirm", json!({"value": true})).await.code(404), "unknown_session");
}

#[tokio::test]
async fn of_twenty_answers_at_once_one_wins_and_the_others_hear_of_it() {
    let app = Setup::sqlite().start().await;
    for _ in 0..5 {
        let (id, open) = waiting_for(&app, "approval", "waiting_confirmation").await;
        let mut sockets = Vec::new();
        for number in 0..10 {
            let url = format!("ws://{}/ws/{id}?client_id=socket-{number}", app.address);
            let mut client = Client::connect(&url).await.unwrap();
            client.replay().await;
            sockets.push(client);
        }
        let over_http = join_all((0..10).map(|number| {
            let request = app.request(reqwest::Method::POST, &format!("/sessions/{id}/confirm"));
            let body = json!({"value": number % 2 == 0, "request_id": open[0]});
            crate::support::api::send(request.header("X-Client-Id", format!("http-{number}")).json(&body))
        }));
        let over_sockets = join_all(sockets.iter_mut().enumerate().map(|(number, client)| {
            let message = json!({"type": "confirm", "value": number % 2 == 0, "request_id": open[0]});
            async move {
                client.say(message).await;
                // Who wins hears nothing but the journal; who does not hears an error besides.
                let mut winner = None;
                client.say(json!({"type": "ping", "timestamp": 1})).await;
                client.until_end().await;
                client.say(json!({"type": "confirm", "value": true, "request_id": "none"})).await;
                loop {
                    let error = client.heard.iter().map(|text| journal::read(text)).find(|m| m["type"] == "error");
                    match error {
                        Some(error) if error["code"] == "already_answered" => winner = Some(error["winner"].clone()),
                        Some(error) => assert_eq!(error["code"], "no_open_request"),
                        None => {
                            client.next().await.unwrap();
                            continue;
                        }
                    }
                    return winner;
                }
            }
        }));
        let (over_http, over_sockets) = futures::join!(over_http, over_sockets);
        let journal = app.journal(&id).await;
        let answered: Vec<Value> =
            journal.iter().map(|text| journal::read(text)).filter(|entry| entry["type"] == "answered").collect();
        assert_eq!(answered.len(), 1);
        let winner = json!({"by": answered[0]["by"], "value": answered[0]["value"]});
        let won = over_http.iter().filter(|answer| answer.status == 200).count()
            + over_sockets.iter().filter(|winner| winner.is_none()).count();
        assert_eq!(won, 1, "exactly one wins");
        let told = over_http.iter().filter(|answer| answer.status != 200).map(|answer| {
            assert_eq!(answer.code(409), "already_answered");
            answer.body["winner"].to_string()
        });
        let told: BTreeSet<String> = told.chain(over_sockets.iter().flatten().map(Value::to_string)).collect();
        assert_eq!(told, BTreeSet::from([winner.to_string()]), "all others are told the same winner");
    }
}

fn many_fields() -> Arc<dyn TaskKind> {
    kind("many_fields", |ctx| async move {
        let mut pattern = Field::new("code", FieldType::String, "Code");
        pattern.pattern = Some("[A-Z]{3}".into());
        let mut count = Field::new("count", FieldType::Integer, "Count").optional();
        (count.min, count.max) = (Some(json!(1)), Some(json!(5)));
        let form = vec![
            Field::new("name", FieldType::String, "Name"),
            Field::new("mail", FieldType::Email, "Mail"),
            pattern,
            count,
            Field::new("color", FieldType::Select, "Color").with_choices(["red", "blue"]),
            Field::new("day", FieldType::Date, "Day").optional(),
            Field::new("sure", FieldType::Boolean, "Sure").with_value(true),
        ];
        Ok(Value::Object(ctx.ask(form).await?))
    })
}

#[tokio::test]
async fn a_form_is_rejected_field_by_field_to_its_sender_only_and_stays_open() {
    let app = Setup::memory().task(many_fields()).start().await;
    let (id, open) = waiting_for(&app, "many_fields", "waiting_input").await;
    let wrong = json!({
        "mail": "nobody", "code": "abc", "count": 6, "color": "green", "day": "2026-02-30", "sure": "yes", "extra": 1
    });
    let mut sender = app.connect(&id, None).await;
    let mut other = app.connect(&id, None).await;
    other.replay().await;
    let rejected = told(&mut sender, json!({"type": "user_input", "values": wrong})).await;
    assert_eq!((&rejected["type"], &rejected["request_id"]), (&json!("input_rejected"), &json!(open[0])));
    assert!(rejected.get("seq").is_none(), "it is no part of the journal");
    let errors = rejected["errors"].as_array().unwrap();
    let mut named: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, ["code", "color", "count", "day", "extra", "mail", "name", "sure"]);
    assert!(errors.iter().all(|error| !error["message"].as_str().unwrap().is_empty()));
    let answer = app.answer(&id, "input", json!({"values": wrong})).await;
    assert_eq!(answer.code(422), "invalid_body");
    let mut locs: Vec<String> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["loc"][2].as_str().unwrap().to_owned())
        .collect();
    locs.sort_unstable();
    assert_eq!(locs, named);
    let right = json!({"name": "n", "mail": "a@example.org", "code": "ABC", "color": "red"});
    app.answer(&id, "input", json!({"values": right})).await.ok();
    let session = app.until_status(&id, "completed").await;
    assert_eq!(session["result"]["sure"], true, "what is left out has its default");
    other.until_end().await;
    assert!(other.heard.iter().all(|text| !text.contains("input_rejected")), "only the sender is told");
}

#[tokio::test]
async fn what_is_no_message_is_told_and_the_socket_stays_open() {
    let app = Setup::memory().start().await;
    let (id, _) = waiting_for(&app, "approval", "waiting_confirmation").await;
    let mut client = app.connect(&id, None).await;
    client.replay().await;
    let cases = [
        ("{", "invalid_json"),
        ("[]", "invalid_message"),
        ("{}", "invalid_message"),
        (r#"{"type": "dance"}"#, "unknown_type"),
        (r#"{"type": "confirm"}"#, "invalid_message"),
        (r#"{"type": "user_input", "values": 1}"#, "invalid_message"),
        (r#"{"type": "user_input", "values": {}}"#, "no_open_request"),
    ];
    for (text, code) in cases {
        client.say_text(text).await;
        let error = client.until("error").await;
        assert_eq!(error["code"], code, "{text}");
        if code == "invalid_json" {
            assert_eq!(error["message"], "Invalid JSON format");
        }
    }
    client.say(json!({"type": "ping", "timestamp": 12.5})).await;
    assert_eq!(client.until("pong").await, json!({"type": "pong", "timestamp": 12.5}));
    client.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(client.until_end().await["type"], "task_completed");
}

#[tokio::test]
async fn an_unknown_session_is_told_on_the_socket_and_closed() {
    let app = Setup::memory().start().await;
    for id in ["00000000-0000-4000-8000-000000000000", "nonsense"] {
        let mut client = app.connect(id, None).await;
        assert_eq!(client.until("error").await["code"], "unknown_session");
        assert_eq!(client.until_closed().await, Some(4504));
        assert_eq!(app.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
        let info = app.get(&format!("/session-info/{id}")).await.ok();
        assert_eq!((&info["task_exists"], &info["session_id"]), (&json!(false), &json!(id)));
    }
}

#[tokio::test]
async fn an_answer_that_ended_its_session_is_known_again() {
    let app = Setup::memory().with(|settings| settings.sessions.answer_guard = 60.0).start().await;
    let (id, _) = waiting_for(&app, "approval", "waiting_confirmation").await;
    let answer = |value: bool| app.answer(&id, "confirm", json!({"value": value}));
    answer(true).await.ok();
    app.until_status(&id, "completed").await;
    let again = answer(true).await;
    assert_eq!((again.code(409), &again.body["winner"]["value"]), ("already_answered", &json!(true)), "{}", again.body);
    assert_eq!(answer(false).await.code(409), "no_open_request");
}

/// Asks the same twice, and a third question at the end.
fn three_questions() -> Arc<dyn TaskKind> {
    kind("three_questions", |ctx| async move {
        let mut given = Vec::new();
        for question in ["Publish?", "Delete the old one?", "Tell everybody?"] {
            given.push(ctx.confirm(question).await);
        }
        Ok(json!({"given": given}))
    })
}

#[tokio::test]
async fn a_repeated_answer_is_not_taken_for_the_next_question() {
    let patient = |settings: &mut Settings| {
        settings.sessions.answer_guard = 60.0;
        settings.sessions.park_after = 0.01;
    };
    let app = Setup::memory().task(three_questions()).with(patient).start().await;
    let (id, open) = waiting_for(&app, "three_questions", "waiting_confirmation").await;
    let yes = || app.answer(&id, "confirm", json!({"value": true}));
    // Two at the same instant, as a double click sends them.
    let (one, other) = futures::join!(yes(), yes());
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!(won.ok()["request_id"], open[0]);
    assert_eq!(lost.code(409), "already_answered");
    assert_eq!(lost.body["winner"]["value"], true);
    let next = app.until_status(&id, "waiting_confirmation").await["open_requests"][0]["request_id"].clone();
    assert_ne!(next, open[0]);
    // Also after the session has left memory for a while, and over the socket.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let late = yes().await;
    assert_eq!((late.code(409), &late.body["open_request_id"]), ("already_answered", &next));
    let mut client = app.connect(&id, None).await;
    let error = told(&mut client, json!({"type": "confirm", "value": true})).await;
    assert_eq!((&error["code"], &error["open_request_id"]), (&json!("already_answered"), &next));
    // Another value, or the question's name, is an answer.
    app.answer(&id, "confirm", json!({"value": false})).await.ok();
    let third = app.until_status(&id, "waiting_confirmation").await["open_requests"][0]["request_id"].clone();
    app.answer(&id, "confirm", json!({"value": false, "request_id": third})).await.ok();
    assert_eq!(app.until_status(&id, "completed").await["result"], json!({"given": [true, false, false]}));
}

#[tokio::test]
async fn an_answer_with_a_key_is_taken_once_also_after_a_restart() {
    let app = Setup::sqlite().task(three_questions()).start().await;
    let (id, open) = waiting_for(&app, "three_questions", "waiting_confirmation").await;
    let post = async |app: &TestApp, what: &str, key: &str, body: Value| {
        let request = app.request(reqwest::Method::POST, &format!("/sessions/{id}/{what}"));
        send(request.header("Idempotency-Key", key).json(&body)).await
    };
    let refused = post(&app, "confirm", "k0", json!({"value": 7})).await;
    assert_eq!(refused.status, 422);
    let yes = || json!({"value": true});
    let (one, other) = futures::join!(post(&app, "confirm", "k1", yes()), post(&app, "confirm", "k1", yes()));
    let first = one.ok();
    assert_eq!(first, other.ok());
    assert_eq!(first["request_id"], open[0]);
    assert_eq!(post(&app, "confirm", "k1", json!({"value": false})).await.code(409), "idempotency_conflict");
    let app = app.restart().await;
    assert_eq!(post(&app, "confirm", "k1", json!({"value": true})).await.ok(), first);
    // The key of another route is another key, and only what was taken is kept.
    assert_eq!(post(&app, "retry", "k1", yes()).await.code(409), "no_open_request");
    assert_eq!(post(&app, "confirm", "k0", yes()).await.ok()["status"], "waiting_confirmation");
    post(&app, "confirm", "k2", yes()).await.ok();
    app.until_status(&id, "completed").await;
    assert_eq!(post(&app, "confirm", "k1", yes()).await.ok(), first);
    let journal = app.journal(&id).await;
    assert_eq!(journal::all(&journal, "answered", "value"), [true, true, true]);
    journal::check(&journal);
}

#[tokio::test]
async fn a_form_that_was_refused_comes_again_with_what_was_sent() {
    let app = Setup::memory().start().await;
    let (id, open) = waiting_for(&app, "long_running_task", "waiting_input").await;
    let mut client = app.connect(&id, None).await;
    let mut other = app.connect(&id, None).await;
    client.until("state_replay_complete").await;
    let sent = json!({"subject": "Hello", "body": "x", "to_address": "nobody"});
    let refused = told(&mut client, json!({"type": "user_input", "values": sent})).await;
    assert_eq!(refused["type"], "input_rejected");
    let again = client.next().await.unwrap();
    assert_eq!((&again["type"], &again["request_id"]), (&json!("request_user_input"), &json!(open[0])));
    assert!(again.get("seq").is_none() && again.get("timestamp").is_none());
    let shown: Vec<_> = again["fields"].as_array().unwrap().iter().map(|field| field["value"].clone()).collect();
    assert_eq!(shown, ["Hello", "x", "nobody"]);
    // Nobody else hears of it, and the form takes the right values now.
    client.say(json!({"type": "user_input", "values": email()})).await;
    client.until_status("waiting_retry").await;
    other.until_status("waiting_retry").await;
    let heard = other.entries().iter().filter(|entry| entry.contains("request_user_input")).count();
    assert_eq!(heard, 1);
}
