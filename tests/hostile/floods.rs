//! Messages and requests as fast as they go, and an end of the server in the middle of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::hostile::server::{Server, until};
use crate::hostile::socket::{End, PING, Socket, TEXT, frame};

#[test]
fn without_a_limit_a_flood_is_survived_and_others_are_served() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let before = server.memory();
    let mut flood = Socket::open(server.address, &format!("/ws/{id}"));
    let sent = Arc::new(AtomicU64::new(0));
    let sending = {
        let sent = Arc::clone(&sent);
        std::thread::spawn(move || {
            let mut many = frame(TEXT, br#"{"type":"nonsense"}"#).repeat(60);
            many.extend(frame(TEXT, b"{").repeat(20));
            many.extend(frame(PING, b"are you there?").repeat(20));
            // It reads nothing, so that the server has to end it.
            while sent.load(Ordering::Relaxed) < 100_000 && flood.send(&many) {
                sent.fetch_add(100, Ordering::Relaxed);
            }
            flood
        })
    };
    until("the flood has begun", || (sent.load(Ordering::Relaxed) > 1000).then_some(()));
    for _ in 0..3 {
        server.is_well();
    }
    let mut flood = sending.join().unwrap();
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 30_000, "{grown} KiB more");
    assert!(matches!(flood.end(), End::Closed(4410) | End::Cut));
    drop(flood);
    server.until_nobody_watches(&id);
}

#[test]
fn a_flood_of_answers_changes_nothing_twice() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let threads: Vec<_> = (0..8)
        .map(|at| {
            let mut socket = Socket::open(server.address, &format!("/ws/{id}?since=0&client_id=c{at}"));
            std::thread::spawn(move || {
                let answer = frame(TEXT, br#"{"type":"confirm","value":true}"#);
                socket.send(answer.repeat(50));
                let mut seqs = Vec::new();
                loop {
                    let message = socket.hear().unwrap();
                    seqs.extend(message["seq"].as_u64());
                    if message["type"] == "task_completed" {
                        return seqs;
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        let seqs = thread.join().unwrap();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no gap and no double");
    }
    let events = server.get(&format!("/sessions/{id}/events")).json();
    let answered = events["events"].as_array().unwrap().iter().filter(|event| event["type"] == "answered").count();
    assert_eq!(answered, 1);
}

#[test]
fn a_server_that_is_told_to_end_ends_in_a_flood() {
    let mut server = Server::start(&[]);
    let ids: Vec<String> = (0..4)
        .map(|_| server.start_task("simulate_streaming", json!({"steps": 100_000, "step_delay_ms": 1})))
        .collect();
    let waiting = server.waiting();
    let ended = Arc::new(AtomicBool::new(false));
    let address = server.address;
    let flooding: Vec<_> = (0..4)
        .map(|at| {
            let path = format!("/ws/{}", ids[at]);
            let ended = Arc::clone(&ended);
            let mut socket = Socket::open(address, &path);
            std::thread::spawn(move || {
                let many = frame(TEXT, br#"{"type":"nonsense"}"#).repeat(20);
                while !ended.load(Ordering::Relaxed) && socket.send(&many) {
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        })
        .collect();
    let mut told = Socket::open(address, &format!("/ws/{waiting}"));
    told.hear_type("state_replay_complete");
    let stuck: Vec<Socket> = (0..20).map(|at| Socket::open(address, &format!("/ws/{}?since=0", ids[at % 4]))).collect();
    let half = crate::hostile::http::connect(address);
    until("the flood is heard", || (server.metric("callboard_messages_received_total") > 1000.0).then_some(()));
    let (status, took) = server.terminate();
    ended.store(true, Ordering::Relaxed);
    assert_eq!(status.code(), Some(0), "{status:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(told.end(), End::Closed(1001));
    flooding.into_iter().for_each(|thread| thread.join().unwrap());
    drop((stuck, half));
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    let left: Vec<_> = std::fs::read_dir(server.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with("-wal")), "the database is closed: {left:?}");
}
