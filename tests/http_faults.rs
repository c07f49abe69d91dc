//! HTTP requests that are wrong, too much, too slow or not HTTP at all, sent byte by byte to the real server.

use std::collections::BTreeSet;
use std::io::{BufReader, Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::hostile::http::{Answer, connect, read_answer, request};
use crate::hostile::server::{PATIENCE, Server, until};
use serde_json::{Value, json};

/// A POST whose body is JSON, or says so.
fn posting(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A request without a body, with these further header lines.
fn asking(method: &str, path: &str, with: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{with}\r\n")
}

/// The places that an answer finds fault with.
fn faults(answer: &Answer) -> BTreeSet<String> {
    let body = answer.json();
    let place = |fault: &Value| {
        assert!(fault["msg"].is_string() && fault["type"].is_string(), "{fault}");
        let parts = fault["loc"].as_array().unwrap().iter().map(|part| part.as_str().unwrap().to_owned());
        parts.collect::<Vec<_>>().join(".")
    };
    body["errors"].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn a_body_that_is_not_json_is_400() {
    let server = Server::start(&[]);
    let deep = ["[".repeat(200_000), "{\"a\":".repeat(100_000), format!("{}{}", "[".repeat(500), "]".repeat(500))];
    let cases: Vec<&[u8]> = vec![
        b"{",
        b"nul",
        b"\xff\xfe",
        b"{\"task\":\"\xc3(\"}",
        b"{\"task\":\"a\"}x",
        b"\0",
        b"{'task':1}",
        b"{\"task\":\"\\ud800\"}",
        b"NaN",
        b"{\"a\":01}",
        b"\xef\xbb\xbf{}",
    ];
    for body in cases.into_iter().chain(deep.iter().map(String::as_bytes)) {
        let answer = request(server.address, posting("/start-task", body));
        answer.is_problem(400, "invalid_json");
    }
    for number in ["1e999", "18446744073709551616", "-9223372036854775809", "9007199254740993.0"] {
        let body = format!(r#"{{"task":"approval","input":{{"ids":[{number}]}}}}"#);
        let answer = request(server.address, posting("/start-task", body.as_bytes()));
        answer.is_problem(422, "invalid_body");
        assert_eq!(faults(&answer), ["body.input.ids.0".to_owned()].into(), "{number}");
    }
    server.is_well();
}

#[test]
fn everything_wrong_with_a_body_is_named_at_once() {
    let server = Server::start(&[]);
    let body = json!({
        "task": 7, "config": [], "priority": "urgent", "labels": {"a": 1, "": "x"}, "on_disconnect": {"cancel_after": -1},
        "unknown": true, "another": null,
    });
    let answer = server.post("/start-task", &body);
    answer.is_problem(422, "invalid_body");
    let found = faults(&answer);
    for place in ["task", "config", "priority", "labels.a", "labels.", "on_disconnect", "unknown", "another"] {
        assert!(found.contains(&format!("body.{place}")), "{place}: {found:?}");
    }
    for (body, place) in [
        (json!([]), "body"),
        (json!("x"), "body"),
        (json!({"task": "approval", "config": {"lines": -1}}), "body.config.lines"),
        (json!({"task": "approval", "config": {"lines": 1e300}}), "body.config.lines"),
        (json!({"task": "approval", "config": {"lines": 18_446_744_073_709_551_615_u64}}), "body.config.lines"),
        (json!({"task": "approval", "config": {"lnes": 1}}), "body.config.lnes"),
        (json!({"on_disconnect": {"cancel_after": "soon"}}), "body.on_disconnect"),
        (json!({"task": "x".repeat(65)}), "body.task"),
        (json!({"labels": {"x".repeat(65): "v"}}), &format!("body.labels.{}", "x".repeat(65))),
    ] {
        let answer = server.post("/start-task", &body);
        answer.is_problem(422, "invalid_body");
        assert_eq!(faults(&answer), [place.to_owned()].into(), "{body}");
    }
    assert_eq!(server.post("/start-task", &json!(null)).status, 200, "a body that is null counts as left out");
    server.post("/start-task", &json!({"task": "no\u{0}such"})).is_problem(404, "unknown_task");
    let id = server.waiting();
    for (path, body, place) in [
        ("confirm", json!({}), "body.value"),
        ("confirm", json!({"value": "yes"}), "body.value"),
        ("input", json!({"values": []}), "body.values"),
        ("retry", json!({"value": 0}), "body.value"),
        ("confirm", json!({"value": true, "request_id": 7}), "body.request_id"),
        ("cancel", json!({"reason": []}), "body.reason"),
    ] {
        let answer = server.post(&format!("/sessions/{id}/{path}"), &body);
        answer.is_problem(422, "invalid_body");
        assert!(faults(&answer).contains(place), "{path} {body}: {}", answer.text());
    }
    server.until_status(&id, "waiting_confirmation");
}

#[test]
fn a_body_over_the_limit_is_413_however_it_comes() {
    let server = Server::start(&[("SERVER__MAX_BODY_BYTES", "10000")]);
    let before = server.memory();
    request(server.address, posting("/start-task", " ".repeat(10_001))).is_problem(413, "payload_too_large");
    request(server.address, posting("/start-task", " ".repeat(9_998) + "[]")).is_problem(422, "invalid_body");
    for length in ["10001", "99999999999", "18446744073709551615"] {
        let head =
            asking("POST", "/start-task", &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"));
        request(server.address, head).is_problem(413, "payload_too_large");
    }
    // Chunks without end: it is told after the limit, and cut off.
    let head = asking("POST", "/start-task", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    let mut stream = connect(server.address);
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"1000\r\n", &[b' '; 4096][..], b"\r\n"].concat();
    let begin = Instant::now();
    while stream.write_all(&chunk).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "it is read for ever");
        std::thread::sleep(Duration::from_millis(2));
    }
    // One byte a chunk.
    let mut stream = connect(server.address);
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.write_all(&b"1\r\n \r\n".repeat(11_000));
    read_answer(&mut BufReader::new(stream), false).unwrap().is_problem(413, "payload_too_large");
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 12_000, "{grown} KiB more");
    server.is_well();
}

#[test]
fn a_body_of_another_kind_is_415_and_a_broken_one_is_400() {
    let server = Server::start(&[]);
    for kind in [
        "Content-Type: text/plain\r\n",
        "",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: \r\n",
    ] {
        let answer =
            request(server.address, asking("POST", "/start-task", &format!("{kind}Content-Length: 2\r\n")) + "{}");
        answer.is_problem(415, "unsupported_media_type");
    }
    let gzip = "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n";
    request(server.address, asking("POST", "/start-task", gzip) + "{}").is_problem(415, "unsupported_media_type");
    for wrong in
        ["Content-Length: x", "Content-Length: -1", "Content-Length: 1\r\nContent-Length: 2", "Transfer-Encoding: x"]
    {
        let answer = request(
            server.address,
            asking("POST", "/start-task", &format!("Content-Type: application/json\r\n{wrong}\r\n")) + "{}",
        );
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
    // Both lengths: who reads which is how requests are smuggled.
    let both = "Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n";
    let mut stream = connect(server.address);
    stream.write_all((asking("POST", "/start-task", both) + "0\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(read_answer(&mut BufReader::new(stream), false).map(|answer| answer.status), Some(400));
    // A chunk's size that is none.
    let head = asking("POST", "/start-task", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    for size in ["x\r\n", "-1\r\n", "fffffffffffffffff\r\n"] {
        let answer = request(server.address, head.clone() + size);
        assert_eq!(answer.status, 400, "{size:?} {}", answer.text());
    }
    server.is_well();
}

#[test]
fn what_is_not_http_is_answered_with_400_or_nothing() {
    let server = Server::start(&[]);
    let cases: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20),
        b"GET\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a\x01b\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n: empty\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\nHost: localhost\r\n", &b"X: y\r\n".repeat(200)[..], b"\r\n"].concat(),
        [b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", &[b'y'; 300_000][..], b"\r\n\r\n"].concat(),
        [b"GET /", &[b'y'; 300_000][..], b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat(),
    ];
    for bytes in cases {
        let mut stream = connect(server.address);
        let _ = stream.write_all(&bytes);
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        if let Some(answer) = read_answer(&mut BufReader::new(stream), false) {
            assert!(matches!(answer.status, 400 | 404 | 414 | 431), "{start}: {}", answer.status);
        }
    }
    server.is_well();
    assert!(!server.log().contains("ERROR"), "strangers must not be able to fill the log: {}", server.log());
}

#[test]
fn heads_that_come_slowly_are_ended_and_others_are_served() {
    let server = Server::start(&[("SERVER__HEADER_TIMEOUT", "1")]);
    let mut slow: Vec<_> = (0..100).map(|_| connect(server.address)).collect();
    let begin = Instant::now();
    let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let mut at = 0;
    let mut open = slow.len();
    while open > 0 {
        assert!(begin.elapsed() < PATIENCE, "{open} are open still");
        let byte = [head[at % head.len()]];
        at += 1;
        slow.retain_mut(|stream| stream.write_all(&byte).is_ok());
        open = slow.len();
        if at % 10 == 0 {
            assert_eq!(server.get("/livez").status, 200);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    server.is_well();
}

#[test]
fn requests_in_a_pipeline_are_answered_in_their_order() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let paths = ["/livez", "/nothing", "/session-info/x", &format!("/sessions/{id}"), "/tasks", "/livez"];
    let mut stream = connect(server.address);
    let all: String =
        paths.iter().map(|path| asking("GET", path, &format!("X-Request-ID: {}\r\n", path.len()))).collect();
    let posted = posting("/start-task", r#"{"task":"approval"}"#);
    stream
        .write_all(
            &[all.as_bytes(), &posted, asking("HEAD", "/tasks", "").as_bytes(), &posting("/start-task", "{")].concat(),
        )
        .unwrap();
    let mut reader = BufReader::new(stream);
    for path in paths {
        let answer = read_answer(&mut reader, false).unwrap();
        assert_eq!(answer.header("x-request-id"), Some(path.len().to_string().as_str()), "{path}");
        assert_eq!(answer.status, if path == "/nothing" { 404 } else { 200 }, "{path}");
    }
    assert_eq!(read_answer(&mut reader, false).unwrap().json()["task"], "approval");
    assert_eq!(read_answer(&mut reader, true).unwrap().status, 200);
    read_answer(&mut reader, false).unwrap().is_problem(400, "invalid_json");
    // A thousand at once, of which not all answers fit anywhere if nobody reads.
    let mut stream = connect(server.address);
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let before = server.memory();
    let many = asking("GET", "/openapi.json", "").repeat(1000);
    while stream.write_all(many.as_bytes()).is_ok() && server.memory() < before + 100_000 {}
    assert!(server.memory() < before + 30_000, "{} KiB more", server.memory() - before);
    server.is_well();
}

#[test]
fn head_is_get_without_its_body_and_other_methods_are_405() {
    let server = Server::start(&[]);
    let id = server.waiting();
    for path in
        ["/", "/health", "/livez", "/readyz", "/metrics", "/tasks", "/sessions", "/openapi.json", "/asyncapi.json"]
    {
        let mut stream = connect(server.address);
        stream.write_all([asking("HEAD", path, ""), asking("GET", "/livez", "")].concat().as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        assert_eq!(read_answer(&mut reader, true).unwrap().status, 200, "{path}");
        assert_eq!(read_answer(&mut reader, false).unwrap().status, 200, "after HEAD {path} comes the next answer");
    }
    let answers = format!("/sessions/{id}/confirm");
    let session = format!("/sessions/{id}");
    for (method, path, allow) in [
        ("GET", "/start-task", "POST, OPTIONS"),
        ("PUT", "/start-task", "POST, OPTIONS"),
        ("DELETE", &answers, "POST, OPTIONS"),
        ("PATCH", &session, "GET, HEAD, DELETE, OPTIONS"),
        ("POST", "/sessions", "GET, HEAD, OPTIONS"),
        ("TRACE", "/", "GET, HEAD, OPTIONS"),
        ("BREW", "/metrics", "GET, HEAD, OPTIONS"),
        ("POST", "/metrics", "GET, HEAD, OPTIONS"),
    ] {
        let answer = request(server.address, asking(method, path, ""));
        answer.is_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    let options = request(server.address, asking("OPTIONS", "/start-task", ""));
    assert_eq!((options.status, options.header("allow")), (204, Some("POST, OPTIONS")));
}

#[test]
fn no_path_leads_out_of_the_pages_folder() {
    for folder in [false, true] {
        let page = tempfile::tempdir().unwrap();
        let inside = page.path().join("static");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("index.html"), "page").unwrap();
        std::fs::write(page.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(page.path().join("secret"), inside.join("link")).unwrap();
        let shown = inside.to_string_lossy().into_owned();
        let server = if folder { Server::start(&[("SERVER__STATIC_DIR", &shown)]) } else { Server::start(&[]) };
        for path in [
            "/static/../secret",
            "/../secret",
            "/%2e%2e/secret",
            "/static/%2e%2e/secret",
            "/static/..%2fsecret",
            "/static/..%5csecret",
            "/static/%252e%252e/secret",
            "//secret",
            "/static//etc/passwd",
            "/static/link",
            "/link",
            "/static/%00",
            "/static/index.html%00.png",
            "/static/",
            "/docs/../../Cargo.toml",
            "/docs/%2e%2e%2fCargo.toml",
            "/static/%ff%fe",
            "/%c0%ae%c0%ae/secret",
        ] {
            let answer = request(server.address, asking("GET", path, ""));
            assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.text());
            assert!(!answer.text().contains("secret\n") && answer.text() != "secret", "{path}");
        }
    }
}

#[test]
fn foreign_names_and_pages_are_refused() {
    let server = Server::start(&[]);
    for host in ["evil.example", "localhost.evil.example", "", "localhost:x", "evil@localhost", "[::1]x"] {
        let answer = request(server.address, format!("GET /tasks HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(matches!(answer.status, 400 | 403), "{host}: {}", answer.status);
    }
    let two = request(server.address, "GET /tasks HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n");
    assert!(matches!(two.status, 400 | 403), "two names: {}", two.status);
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "x", "\u{e4}"] {
        let with = format!("Origin: {origin}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n");
        request(server.address, asking("POST", "/start-task", &with) + "{}").is_problem(403, "forbidden_origin");
        let read = request(server.address, asking("GET", "/tasks", &format!("Origin: {origin}\r\n")));
        assert_eq!(read.header("access-control-allow-origin"), None, "{origin}");
    }
    let ours = "Origin: http://localhost:5173\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
    assert_eq!(request(server.address, asking("POST", "/start-task", ours) + "{}").status, 200);
}

#[test]
fn ids_cursors_and_numbers_that_are_strange_are_told_so() {
    let server = Server::start(&[]);
    let id = server.waiting();
    for (query, place) in [
        ("limit=0", "query.limit"),
        ("limit=-1", "query.limit"),
        ("limit=1001", "query.limit"),
        ("limit=99999999999999999999999", "query.limit"),
        ("limit=1.5", "query.limit"),
        ("limit=%00", "query.limit"),
        ("limit=NaN", "query.limit"),
        ("cursor=x", "query.cursor"),
        ("cursor=%ff%fe", "query.cursor"),
        ("cursor=AAAAAAAAAAAAAAAAAAAAAAA", "query.cursor"),
        ("cursor=..%2f..", "query.cursor"),
        ("status=done", "query.status"),
        ("label=x", "query.label"),
    ] {
        let answer = server.get(&format!("/sessions?{query}"));
        answer.is_problem(422, "invalid_query");
        assert_eq!(faults(&answer), [place.to_owned()].into(), "{query}");
    }
    for cursor in ["AAAAAAAAAAA", "__________8", "f_________8", "gAAAAAAAAAA"] {
        let page = server.get(&format!("/sessions?cursor={cursor}"));
        assert_eq!(page.status, 200, "any cursor of the right form is a place: {}", page.text());
    }
    for query in
        ["task=%27%20OR%201=1--", "label=a%00=%00", "task=%00", "status=&limit=&cursor=", "unknown=1", "%ff=%ff"]
    {
        assert_eq!(server.get(&format!("/sessions?{query}")).status, 200, "{query}");
    }
    for query in ["since=18446744073709551616", "since=-1", "limit=0", "limit=100001", "since=1e3"] {
        server.get(&format!("/sessions/{id}/events?{query}")).is_problem(422, "invalid_query");
    }
    let late = server.get(&format!("/sessions/{id}/events?since={}", u64::MAX));
    assert_eq!(late.json()["events"], json!([]));
    for wrong in
        ["x", "%00", "00000000-0000-4000-8000-000000000000", &id[..35], &format!("{id}0"), "%ff", &"9".repeat(3000)]
    {
        for path in [format!("/sessions/{wrong}"), format!("/sessions/{wrong}/events")] {
            server.get(&path).is_problem(404, "unknown_session");
        }
        server.post(&format!("/cancel-task/{wrong}"), &json!({})).is_problem(404, "unknown_session");
        let info = server.get(&format!("/session-info/{wrong}"));
        assert_eq!((info.status, &info.json()["task_exists"]), (200, &json!(false)), "{wrong}");
    }
    server.is_well();
}

#[test]
fn headers_of_clients_are_checked_before_they_are_echoed() {
    let server = Server::start(&[]);
    for (given, kept) in [("abc-1", true), ("a b", false), ("\u{e4}", false), (&"x".repeat(129), false), ("", false)] {
        let answer = request(server.address, asking("GET", "/tasks", &format!("X-Request-ID: {given}\r\n")));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-request-id") == Some(given), kept, "{given}");
    }
    for wrong in ["a b", "", &"x".repeat(256), "\u{e4}"] {
        let with = format!("Idempotency-Key: {wrong}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n");
        request(server.address, asking("POST", "/start-task", &with) + "{}").is_problem(422, "invalid_header");
    }
}

#[test]
fn the_same_key_starts_one_session_from_many_at_once() {
    let server = Server::start(&[]);
    let address = server.address;
    let start = move |key: &str, body: &str| {
        let length = body.len();
        let with = format!("Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        request(address, asking("POST", "/start-task", &with) + body)
    };
    let body = r#"{"task":"approval","labels":{"x":"y"}}"#;
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                let ids = (0..40).map(|key| start(&format!("key-{key}"), body).json()["session_id"].clone());
                ids.collect::<Vec<Value>>()
            })
        })
        .collect();
    let mut answers: Vec<Vec<Value>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let first = answers.pop().unwrap();
    assert!(first.iter().all(Value::is_string));
    assert!(answers.iter().all(|ids| *ids == first), "each key has one session");
    assert_eq!(first.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), 40);
    start("key-1", r#"{"task":"approval"}"#).is_problem(409, "idempotency_conflict");
    assert_eq!(server.get("/sessions?limit=1000").json()["sessions"].as_array().unwrap().len(), 40);
}

#[test]
fn metrics_can_be_read_by_prometheus() {
    let server = Server::start(&[]);
    server.is_well();
    until("commits are measured", || (server.metric("callboard_store_commit_seconds_count") > 1.0).then_some(()));
    assert!(server.metric("callboard_store_commit_rows_sum") >= 2.0);
    let answer = server.get("/metrics");
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = answer.text();
    let types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(types.len() >= 20, "{types:?}");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().unwrap();
        let described = types
            .iter()
            .filter_map(|told| told.split(' ').next())
            .any(|told| ["", "_bucket", "_sum", "_count"].iter().any(|end| name == format!("{told}{end}")));
        assert!(described, "{line}");
    }
    let Ok(mut promtool) = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
    else {
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let status = promtool.wait().unwrap();
    let mut said = String::new();
    promtool.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success() && said.is_empty(), "{said}");
}
