//! Frames that RFC 6455 forbids, or that announce more than anybody takes.

use crate::hostile::http::{connect, request};
use crate::hostile::server::{Server, until};
use crate::hostile::socket::{BINARY, CLOSE, End, PING, Socket, TEXT, frame, handshake};

const LIMIT: &[(&str, &str)] = &[("CONNECTIONS__MAX_MESSAGE_BYTES", "10000"), ("CONNECTIONS__CLOSE_TIMEOUT", "1")];

/// How each of these is answered: what is sent first, the code, and for people what it is.
fn check(server: &Server, cases: &[(&[Vec<u8>], u16, &str)]) {
    let path = format!("/ws/{}", server.waiting());
    for (frames, code, what) in cases {
        let mut socket = Socket::open(server.address, &path);
        for bytes in *frames {
            socket.send(bytes);
        }
        assert_eq!(socket.end(), End::Closed(*code), "{what}");
        assert_eq!(socket.next(), None, "{what}: after both have closed, the stream ends");
    }
    server.until_nobody_watches(path.trim_start_matches("/ws/"));
}

#[test]
fn what_the_standard_forbids_ends_with_1002() {
    let server = Server::start(LIMIT);
    let unmasked = vec![TEXT, 2, b'{', b'}'];
    let fragment = |first: u8, data: &str| frame(first, data.as_bytes());
    check(
        &server,
        &[
            (&[unmasked], 1002, "not masked"),
            (&[fragment(0xc1, "{}")], 1002, "first reserved bit: compression was not agreed on"),
            (&[fragment(0xa1, "{}")], 1002, "second reserved bit"),
            (&[fragment(0x91, "{}")], 1002, "third reserved bit"),
            (&[fragment(0x83, "{}")], 1002, "unknown data opcode"),
            (&[fragment(0x8b, "")], 1002, "unknown control opcode"),
            (&[frame(PING, &[b'x'; 126])], 1002, "a ping of 126 bytes"),
            (&[fragment(0x09, "half a ping")], 1002, "a ping in fragments"),
            (&[fragment(0x80, "no beginning")], 1002, "a continuation of nothing"),
            (&[fragment(0x01, "{"), fragment(TEXT, "{}")], 1002, "a message within a message"),
            (&[frame(CLOSE, &[3])], 1002, "a close with half a code"),
            (&[frame(CLOSE, &999_u16.to_be_bytes())], 1002, "a close code that is out of range"),
            (&[frame(CLOSE, &1005_u16.to_be_bytes())], 1002, "a close code that is for nobody to send"),
            (&[frame(CLOSE, b"\x03\xe8\xff")], 1002, "a close whose reason is not UTF-8"),
            (&[frame(CLOSE, &2000_u16.to_be_bytes())], 1002, "a close code that is not assigned"),
        ],
    );
    server.is_well();
}

#[test]
fn text_that_is_not_utf_8_ends_with_1007() {
    let server = Server::start(LIMIT);
    check(
        &server,
        &[
            (&[frame(TEXT, b"{\"type\":\"\xff\"}")], 1007, "in one frame"),
            (&[frame(0x01, b"{\"type\":\"\xc3"), frame(0x80, b"(\"}")], 1007, "over two fragments"),
            (&[frame(TEXT, b"\xed\xa0\x80")], 1007, "half a surrogate pair"),
        ],
    );
}

#[test]
fn what_is_too_large_ends_with_1009_before_it_is_kept() {
    let server = Server::start(LIMIT);
    let endless = |size: usize| -> Vec<Vec<u8>> {
        let mut frames = vec![frame(0x01, &vec![b'x'; size])];
        frames.resize(20_000 / size.max(10), frame(0x00, &vec![b'x'; size]));
        frames
    };
    check(
        &server,
        &[
            (&[frame(TEXT, &[b'x'; 10_001])], 1009, "one byte too many"),
            (&endless(1000), 1009, "fragments without end"),
            (&endless(0), 1009, "empty fragments without end"),
        ],
    );
    let path = format!("/ws/{}", server.waiting());
    let mut socket = Socket::open(server.address, &path);
    socket.send([TEXT, 0xfe, 0xff, 0xff]);
    assert_eq!(socket.hear_error()["code"], "too_large", "it is told before it is closed");
    let mut socket = Socket::open(server.address, &path);
    socket.send(frame(TEXT, format!("{:<10000}", "[]").as_bytes()));
    assert_eq!(socket.hear_error()["code"], "invalid_message", "the largest message is read");
}

#[test]
fn a_frame_that_announces_4_gib_costs_no_memory() {
    let server = Server::start(&[("CONNECTIONS__CLOSE_TIMEOUT", "1")]);
    let id = server.waiting();
    server.is_well();
    let before = server.memory();
    for head in [[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0], [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
        let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
        socket.send(head);
        // It goes on sending until the server has cut it off.
        let mut sent = 0;
        while sent < 64 << 20 && socket.send([0; 65_536]) {
            sent += 65_536;
        }
        let grown = server.memory().saturating_sub(before);
        // The allocator keeps some megabytes for each worker that has read at full speed.
        assert!(grown < 24_000, "{grown} KiB more after {sent} bytes");
    }
    let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
    socket.send([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(socket.end(), End::Closed(1009));
    drop(socket);
    server.until_nobody_watches(&id);
}

#[test]
fn a_handshake_that_is_none_is_answered_in_http() {
    let server = Server::start(&[]);
    let path = format!("/ws/{}", server.waiting());
    let whole = handshake(&path, "");
    for (missing, status) in [
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
        ("Sec-WebSocket-Version: 13\r\n", 400),
        ("Upgrade: websocket\r\n", 426),
        ("Connection: Upgrade\r\n", 400),
    ] {
        let answer = request(server.address, whole.replace(missing, ""));
        assert_eq!(answer.status, status, "without {missing}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "without {missing}");
    }
    let old = request(server.address, whole.replace("Version: 13", "Version: 12"));
    assert_eq!((old.status, old.header("sec-websocket-version")), (426, Some("13")), "{}", old.text());
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    for (right, wrong, status) in [
        (key, "abc", 400),
        (key, "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400),
        ("Connection: Upgrade", "Connection: upgraded", 400),
        (" HTTP/1.1", " HTTP/1.0", 426),
    ] {
        let answer = request(server.address, whole.replace(right, wrong));
        assert_eq!(answer.status, status, "{wrong}: {}", answer.text());
    }
    let posted = request(server.address, whole.replace("GET ", "POST "));
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    for wrong in ["since=-1", "since=undefined", "since=99999999999999999999", "client_id=%01"] {
        let mut socket = Socket::open(server.address, &format!("{path}?{wrong}"));
        assert_eq!(socket.hear().unwrap()["type"], "state_replay_start", "{wrong}");
        socket.hear_type("request_confirmation");
        socket.hear_type("state_replay_complete");
        let error = socket.hear().unwrap();
        assert_eq!(error["code"], "invalid_message", "{error}");
        let parameter = wrong.split('=').next().unwrap();
        assert!(error["message"].as_str().unwrap().contains(parameter), "{error}");
        socket.is_open();
    }
    let mut future = Socket::open(server.address, &format!("{path}?since={}", u64::MAX));
    assert_eq!(future.hear().unwrap()["count"], 0);
    future.is_open();
    until("the others have gone", || (server.metric("callboard_connections") == 1.0).then_some(()));
    let errors = r#"callboard_socket_errors_total{code="invalid_message"}"#;
    until("the errors are counted", || (server.metric(errors) == 4.0).then_some(()));
}

#[test]
fn frames_may_come_byte_by_byte_and_many_at_once() {
    let server = Server::start(&[]);
    let path = format!("/ws/{}", server.waiting());
    let mut socket = Socket::open(server.address, &path);
    socket.hear_type("state_replay_complete");
    for byte in frame(TEXT, br#"{"type":"ping","timestamp":1}"#) {
        socket.send([byte]);
    }
    assert_eq!(socket.hear_type("pong")["timestamp"], 1);
    let mut together = frame(0x01, br#"{"type":"pi"#);
    together.extend(frame(PING, b"between"));
    together.extend(frame(0x00, b""));
    together.extend(frame(0x80, br#"ng","timestamp":2}"#));
    together.extend(frame(BINARY, b"\x00"));
    together.extend(frame(TEXT, br#"{"type":"ping","timestamp":3}"#));
    socket.send(together);
    assert_eq!(socket.next(), Some((0x8a, b"between".to_vec())));
    assert_eq!(socket.hear().unwrap()["timestamp"], 2);
    assert_eq!(socket.hear().unwrap()["code"], "invalid_message", "a binary message");
    assert_eq!(socket.hear().unwrap()["timestamp"], 3);
    // A frame right behind the handshake, before its answer.
    let early = [handshake(&path, "").as_bytes(), &frame(TEXT, br#"{"type":"ping","timestamp":4}"#)].concat();
    let mut socket = Socket::upgrade(connect(server.address), early).expect("an upgrade");
    assert_eq!(socket.hear_type("pong")["timestamp"], 4);
}

#[test]
fn what_somebody_said_before_they_went_is_heard() {
    let server = Server::start(&[]);
    for _ in 0..10 {
        let session = server.waiting();
        let mut socket = Socket::open(server.address, &format!("/ws/{session}"));
        socket.hear_type("state_replay_complete");
        // The end comes in the same packet, or right behind it.
        socket.say(r#"{"type":"cancel"}"#);
        drop(socket);
        server.until_status(&session, "cancelled");
    }
}
