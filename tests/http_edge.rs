//! What the edge of the server makes of requests as proxies, old clients and pages send them, byte by byte.

use std::io::{BufReader, Read as _, Write as _};

use serde_json::json;

use crate::hostile::http::{connect, read_answer, request};
use crate::hostile::server::Server;

/// A request with a `Host` header and these further lines.
fn asking(line: &str, with: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{with}\r\n")
}

#[test]
fn a_post_without_content_needs_no_content_type_however_it_is_framed() {
    let server = Server::start(&[]);
    for (framing, body) in [
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", "0\r\nTrailer: x\r\n\r\n"),
        ("Content-Length: 0\r\n", ""),
        ("", ""),
    ] {
        let id = server.waiting();
        let answer = request(server.address, asking(&format!("POST /cancel-task/{id}"), framing) + body);
        assert_eq!(answer.status, 200, "{framing:?}: {}", answer.text());
        let answer = request(server.address, asking("POST /start-task", framing) + body);
        assert_eq!(answer.status, 200, "{framing:?}: {}", answer.text());
    }
    let chunk = "Transfer-Encoding: chunked\r\n";
    let answer = request(server.address, asking("POST /start-task", chunk) + "2\r\n{}\r\n0\r\n\r\n");
    answer.is_problem(415, "unsupported_media_type");
}

#[test]
fn an_old_client_gets_no_chunks_and_no_connection_that_it_did_not_ask_for() {
    let server = Server::start(&[]);
    let id = server.start_task("approval", json!({"lines": 3}));
    assert_eq!(server.post(&format!("/sessions/{id}/confirm"), &json!({"value": true})).status, 200);
    server.until_status(&id, "completed");
    for (target, with) in [
        (format!("/sessions/{id}/events"), "Accept: text/event-stream\r\n"),
        (format!("/sessions/{id}/events"), "Accept: text/event-stream\r\nConnection: keep-alive\r\n"),
        ("/openapi.json".to_owned(), "Accept-Encoding: gzip\r\n"),
        ("/livez".to_owned(), ""),
    ] {
        let mut stream = connect(server.address);
        stream.write_all(format!("GET {target} HTTP/1.0\r\n{with}\r\n").as_bytes()).unwrap();
        let mut all = Vec::new();
        // It comes to an end, because the server closes.
        stream.read_to_end(&mut all).unwrap();
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
        assert!(head.contains(" 200 ok") && !head.contains("transfer-encoding"), "{head}");
        assert!(!head.contains("connection: keep-alive"), "{head}");
        let body = &all[end + 4..];
        let is_whole = body.ends_with(b"\n\n") || body.ends_with(b"}") || body.starts_with(b"\x1f\x8b");
        assert!(is_whole, "{target}: {}", String::from_utf8_lossy(body));
    }
    let mut stream = connect(server.address);
    let kept = "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    stream.write_all(kept.repeat(2).as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    for _ in 0..2 {
        assert_eq!(read_answer(&mut reader, false).unwrap().header("connection"), Some("keep-alive"));
    }
    let upgrade = format!(
        "GET /ws/{id} HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    request(server.address, upgrade).is_problem(426, "upgrade_required");
}

#[test]
fn the_target_says_which_host_is_asked() {
    let server = Server::start(&[]);
    for (line, status) in [
        ("GET http://evil.example/tasks", 403),
        ("GET http://localhost/tasks", 200),
        ("GET http://127.0.0.1:8000/sessions?limit=1", 200),
        ("POST http://evil.example/start-task", 403),
    ] {
        assert_eq!(request(server.address, asking(line, "")).status, status, "{line}");
    }
    let foreign = "GET http://localhost/tasks HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(request(server.address, foreign).status, 200, "the target counts, not the header");
    assert_eq!(request(server.address, asking("OPTIONS *", "")).status, 204);
}

#[test]
fn lists_take_only_as_many_labels_as_a_session_may_have() {
    let server = Server::start(&[]);
    let many: String = (0..1500).map(|at| format!("label=k{at}=v&")).collect();
    for path in ["/sessions", "/api/v1/executions"] {
        server.get(&format!("{path}?{many}")).is_problem(422, "invalid_query");
        let same = server.get(&format!("{path}?{}", "label=k=v&".repeat(1500)));
        assert_eq!(same.status, 200, "{}", same.text());
    }
    let labels = |name: &str| server.post("/start-task", &json!({"task": "approval", "labels": {name: "c"}}));
    for (name, filter) in [("a=b", "a%3Db%3Dc"), ("a:b c", "a:b%20c=c"), ("=", "%3D%3Dc")] {
        let started = labels(name).json();
        let found = server.get(&format!("/sessions?label={filter}")).json();
        assert_eq!(found["sessions"][0]["session_id"], started["session_id"], "{name}");
    }
}

#[test]
fn an_event_stream_has_no_ends_of_lines_within_an_event() {
    let server = Server::start(&[]);
    let message = "a\u{2028}b\u{2029}c\u{85}d\r\ne\rf";
    let id = server.start_task("approval", json!({"lines": 1, "message": message}));
    server.until_status(&id, "waiting_confirmation");
    assert_eq!(server.post(&format!("/sessions/{id}/confirm"), &json!({"value": true})).status, 200);
    server.until_status(&id, "completed");
    let answer = server.get_stream(&id);
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let text = answer.text();
    assert!(!text.contains(['\u{2028}', '\u{2029}', '\u{85}', '\r']), "{text:?}");
    let asked = text.lines().find_map(|line| line.strip_prefix("data: ").filter(|data| data.contains("\"message\"")));
    let asked: serde_json::Value = serde_json::from_str(asked.unwrap()).unwrap();
    assert_eq!(asked["message"], message);
}

#[test]
fn answers_are_counted_by_the_pattern_of_their_route() {
    let server = Server::start(&[]);
    let id = server.waiting();
    for path in [format!("/sessions/{id}"), format!("/sessions/{id}/"), "/no/such/path".into(), "/no/such".into()] {
        server.get(&path);
    }
    request(server.address, asking("PUT /start-task", "")).is_problem(405, "method_not_allowed");
    let metric = |labels: &str| server.metric(&format!("callboard_http_requests_total{{{labels}}}"));
    assert!(metric("route=\"/sessions/{session_id}\",status=\"200\"") >= 1.0);
    assert!(metric("route=\"unmatched\",status=\"404\"") >= 3.0);
    assert!(metric("route=\"/start-task\",status=\"405\"") >= 1.0);
    let text = server.get("/metrics").text();
    assert!(text.contains("callboard_http_request_seconds_bucket{route=\"/start-task\","), "{text}");
    assert!(!text.contains("/no/such") && !text.contains(&id), "{text}");
}
