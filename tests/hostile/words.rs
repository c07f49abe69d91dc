//! Messages that are frames as they should be, and say something wrong: each is answered, and the socket stays open.

use serde_json::{Value, json};

use crate::hostile::server::Server;
use crate::hostile::socket::{BINARY, End, Socket, frame};

/// A socket that has its replay.
fn attached(server: &Server, id: &str) -> Socket {
    let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
    assert_eq!(socket.hear().unwrap()["type"], "state_replay_start");
    socket.hear_type("state_replay_complete");
    socket
}

fn error_for(socket: &mut Socket, text: &str) -> Value {
    socket.say(text);
    socket.hear_error()
}

#[test]
fn what_is_not_json_is_told_in_the_exact_words() {
    let server = Server::start(&[]);
    let mut socket = attached(&server, &server.waiting());
    let deep = "[".repeat(100_000);
    for text in ["", "{", "nul", "{}{}", "{\"type\":\"cancel\",}", "\u{0}", &deep, "NaN", "{'type':'cancel'}"] {
        let error = error_for(&mut socket, text);
        let head: String = text.chars().take(20).collect();
        assert_eq!(error["message"], "Invalid JSON format", "{head}");
        assert_eq!(error["code"], "invalid_json", "{head}");
    }
    let lost = error_for(&mut socket, r#"{"type":"user_input","values":{"ids":[1,18446744073709551616]}}"#);
    assert_eq!(lost["code"], "invalid_message");
    assert!(lost["message"].as_str().unwrap().starts_with("values.ids.1: 18446744073709551616 "), "{lost}");
    socket.is_open();
}

#[test]
fn every_message_that_cannot_be_understood_is_told_why() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let mut socket = attached(&server, &id);
    let cases = [
        ("[]", "invalid_message"),
        ("null", "invalid_message"),
        ("\"cancel\"", "invalid_message"),
        ("{}", "invalid_message"),
        (r#"{"type":7}"#, "invalid_message"),
        (r#"{"type":null}"#, "invalid_message"),
        (r#"{"type":""}"#, "unknown_type"),
        (r#"{"type":"CONFIRM","value":true}"#, "unknown_type"),
        (r#"{"type":"\u0000"}"#, "unknown_type"),
        (r#"{"type":"confirm"}"#, "invalid_message"),
        (r#"{"type":"confirm","value":"true"}"#, "invalid_message"),
        (r#"{"type":"confirm","value":1}"#, "invalid_message"),
        (r#"{"type":"confirm","value":true,"request_id":7}"#, "invalid_message"),
        (r#"{"type":"confirm","value":true,"request_id":"no such question"}"#, "no_open_request"),
        (r#"{"type":"confirm","value":true,"request_id":"\u0000"}"#, "no_open_request"),
        (r#"{"type":"user_input"}"#, "invalid_message"),
        (r#"{"type":"user_input","values":[1]}"#, "invalid_message"),
        (r#"{"type":"user_input","values":{}}"#, "no_open_request"),
        (r#"{"type":"retry"}"#, "no_open_request"),
        (r#"{"type":"retry","value":0}"#, "invalid_message"),
    ];
    for (text, code) in cases {
        let error = error_for(&mut socket, text);
        assert_eq!(error["code"], code, "{text}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{text}: {error}");
    }
    socket.send(frame(BINARY, br#"{"type":"cancel"}"#));
    assert_eq!(socket.hear_error()["code"], "invalid_message");
    socket.is_open();
    server.until_status(&id, "waiting_confirmation");
}

#[test]
fn an_answer_that_comes_late_is_told_who_won() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let (mut first, mut second) = (attached(&server, &id), attached(&server, &id));
    first.say(r#"{"type":"confirm","value":true,"extra":"fields are allowed"}"#);
    let answered = second.hear_type("answered");
    second.hear_type("task_completed");
    let request_id = answered["request_id"].as_str().unwrap();
    let late = json!({"type": "confirm", "value": false, "request_id": request_id}).to_string();
    let error = error_for(&mut second, &late);
    assert_eq!(error["code"], "already_answered", "{error}");
    assert_eq!((&error["winner"]["value"], &error["winner"]["by"]), (&json!(true), &answered["by"]), "{error}");
    assert_eq!(error_for(&mut second, r#"{"type":"confirm","value":false}"#)["code"], "no_open_request");
    second.say(r#"{"type":"cancel"}"#);
    second.is_open();
    server.until_status(&id, "completed");
}

#[test]
fn the_answer_of_another_session_is_none() {
    let server = Server::start(&[]);
    let (one, other) = (server.waiting(), server.waiting());
    let mut socket = Socket::open(server.address, &format!("/ws/{one}"));
    let request = socket.hear_type("request_confirmation");
    let mut elsewhere = attached(&server, &other);
    let answer = json!({"type": "confirm", "value": true, "request_id": request["request_id"]}).to_string();
    assert_eq!(error_for(&mut elsewhere, &answer)["code"], "no_open_request");
    for id in [&one, &other] {
        server.until_status(id, "waiting_confirmation");
    }
}

#[test]
fn values_that_do_not_fit_are_told_field_by_field_and_the_form_stays_open() {
    let server = Server::start(&[]);
    let id = server.start_task("long_running_task", json!({"step_delay_ms": 0}));
    let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
    let form = socket.hear_type("request_user_input");
    for values in [
        json!({}),
        json!({"subject": 1, "body": null, "to_address": "nobody"}),
        json!({"subject": {"a": [1]}, "body": [], "to_address": ["a@b.example"]}),
        json!({"subject": "x".repeat(1_000_000), "body": "b", "to_address": "x"}),
        json!({"subject": "s", "body": "b", "to_address": "a@b.example", "unknown": 1}),
    ] {
        socket.say(&json!({"type": "user_input", "values": values}).to_string());
        let rejected = socket.hear_type("input_rejected");
        assert_eq!(rejected["request_id"], form["request_id"]);
        assert!(rejected["seq"].is_null() && !rejected["errors"].as_array().unwrap().is_empty(), "{rejected}");
    }
    let values = json!({"subject": "s", "body": "b", "to_address": "a@b.example"});
    socket.say(&json!({"type": "user_input", "values": values}).to_string());
    socket.hear_type("answered");
}

#[test]
fn who_asks_for_what_is_not_there_is_told_and_closed() {
    let server = Server::start(&[]);
    for id in [
        "00000000-0000-4000-8000-000000000000",
        "x",
        "0",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%ff%fe",
        &"a".repeat(2000),
        "00000000-0000-4000-8000-0000000000000",
    ] {
        let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
        assert_eq!(socket.hear_error()["code"], "unknown_session", "{id}");
        socket.say(r#"{"type":"cancel"}"#);
        assert_eq!(socket.end(), End::Closed(4504), "{id}");
    }
    server.until_nobody_watches("x");
}

#[test]
fn pages_of_other_origins_are_closed_without_a_word_of_the_session() {
    let server = Server::start(&[("SERVER__ALLOWED_ORIGINS", "https://board.example")]);
    let path = format!("/ws/{}", server.waiting());
    for origin in
        ["https://evil.example", "null", "file://", "http://localhost.evil.example", "https://board.example.evil"]
    {
        let mut socket = Socket::open_with(server.address, &path, &format!("Origin: {origin}\r\n"));
        assert_eq!(
            socket.next().map(|(first, data)| (first, data[..2].to_vec())),
            Some((0x88, vec![0x11, 0x97])),
            "{origin}"
        );
    }
    for origin in ["https://board.example", "http://localhost:5173"] {
        Socket::open_with(server.address, &path, &format!("Origin: {origin}\r\n")).is_open();
    }
}
