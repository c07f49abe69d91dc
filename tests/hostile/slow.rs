//! Peers that stop: reading, answering, or in the middle of a frame. Others do not notice.

use std::time::Duration;

use serde_json::json;

use crate::hostile::server::{Server, until};
use crate::hostile::socket::{End, Socket, frame};

const LINES: u64 = 100_000;

#[test]
fn a_reader_that_stops_is_cut_while_others_get_everything() {
    let server = Server::start(&[("CONNECTIONS__STALL_TIMEOUT", "1"), ("CONNECTIONS__CLOSE_TIMEOUT", "0.5")]);
    let id = server.start_task("approval", json!({"lines": LINES}));
    server.until_status(&id, "waiting_confirmation");
    let path = format!("/ws/{id}");
    let mut reader = Socket::open(server.address, &path);
    let request = reader.hear_type("request_confirmation");
    reader.hear_type("state_replay_complete");
    let mut stuck: Vec<Socket> = (0..20).map(|_| Socket::open(server.address, &path)).collect();
    let before = server.memory();
    reader.say(r#"{"type":"confirm","value":true}"#);
    let mut seq = request["seq"].as_u64().unwrap();
    let mut most = 0;
    loop {
        let message = reader.hear().expect("who reads gets everything");
        seq += 1;
        assert_eq!(message["seq"], seq);
        if seq.is_multiple_of(10_000) {
            most = most.max(server.memory());
        }
        if message["type"] == "task_completed" {
            break;
        }
    }
    assert!(seq > LINES);
    let grown = most.saturating_sub(before);
    assert!(grown < 100_000, "{grown} KiB for 20 sockets with an outbox of 1 MiB each, and the session");
    until("the stuck ones have gone", || (server.metric("callboard_connections") == 1.0).then_some(()));
    reader.is_open();
    for socket in &mut stuck {
        assert!(matches!(socket.end(), End::Closed(4410) | End::Cut));
    }
    let slow = server.metric(r#"callboard_connections_closed_total{reason="too slow"}"#);
    assert_eq!(slow, 20.0);
    // It comes back for the rest.
    let mut back = Socket::open(server.address, &format!("{path}?since={}", seq - 70_000));
    assert_eq!(back.hear().unwrap()["count"], 70_000);
    back.hear_type("state_replay_complete");
    drop((reader, back, stuck));
    server.until_nobody_watches(&id);
}

#[test]
fn a_reader_that_stops_in_a_long_replay_is_cut() {
    let server = Server::start(&[("CONNECTIONS__STALL_TIMEOUT", "1"), ("CONNECTIONS__CLOSE_TIMEOUT", "0.5")]);
    let id = server.start_task("simulate_streaming", json!({"steps": 30_000, "step_delay_ms": 0}));
    server.until_status(&id, "completed");
    let before = server.memory();
    let stuck: Vec<Socket> = (0..30).map(|_| Socket::open(server.address, &format!("/ws/{id}?since=0"))).collect();
    let mut reader = Socket::open(server.address, &format!("/ws/{id}?since=0"));
    reader.hear_type("state_replay_complete");
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 60_000, "{grown} KiB for 30 replays of which none is read");
    until("the stuck ones have gone", || (server.metric("callboard_connections") == 1.0).then_some(()));
    reader.is_open();
    drop((reader, stuck));
    server.until_nobody_watches(&id);
}

#[test]
fn peers_that_answer_no_ping_are_closed_with_4408() {
    let heartbeat = [("CONNECTIONS__HEARTBEAT_INTERVAL", "0.5"), ("CONNECTIONS__HEARTBEAT_GRACE", "0.5")];
    let server = Server::start(&heartbeat);
    let id = server.waiting();
    let path = format!("/ws/{id}");
    let mut well = Socket::open(server.address, &path);
    let mut silent = Socket::open(server.address, &path);
    // Half a frame is a sign of life once, and then none.
    let mut half: Vec<Socket> = Vec::new();
    for bytes in [&[0x81][..], &[0x81, 0xfe], &frame(0x81, b"{\"type\":\"cancel\"}")[..12], &frame(0x01, b"{")] {
        let mut socket = Socket::open(server.address, &path);
        socket.send(bytes);
        half.push(socket);
    }
    let listening = std::thread::spawn(move || {
        // Answers pings until it hears that the session is cancelled.
        well.hear_type("task_cancelled");
        well.is_open();
    });
    assert_eq!(silent.end(), End::Closed(4408));
    for mut socket in half {
        assert_eq!(socket.end(), End::Closed(4408));
    }
    // Longer than anybody may be silent.
    std::thread::sleep(Duration::from_millis(1500));
    server.post(&format!("/cancel-task/{id}"), &json!({}));
    listening.join().unwrap();
    server.until_nobody_watches(&id);
    assert_eq!(server.metric(r#"callboard_connections_closed_total{reason="no heartbeat"}"#), 5.0);
}

#[test]
fn a_peer_that_does_not_answer_a_close_is_cut() {
    let server = Server::start(&[("CONNECTIONS__CLOSE_TIMEOUT", "0.3")]);
    let mut sockets: Vec<Socket> = (0..10).map(|_| Socket::open(server.address, "/ws/nobody")).collect();
    until("all have gone", || (server.metric("callboard_connections") == 0.0).then_some(()));
    for socket in &mut sockets {
        assert_eq!(socket.hear_error()["code"], "unknown_session");
        assert_eq!(socket.end(), End::Closed(4504));
        assert_eq!(socket.next(), None);
    }
}
