//! Connections that come and go by the thousand, in every way there is: nothing of them is left.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use socket2::SockRef;

use crate::hostile::http::connect;
use crate::hostile::server::{Server, until};
use crate::hostile::socket::{CLOSE, Socket, frame, handshake};

/// Goes so that the other side hears "reset".
fn reset(stream: &TcpStream) {
    // A peer that was faster has reset it already.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// A thousand connections that are there at once, and then go, in ten ways.
fn round(server: &Server, path: &str) {
    let whole = handshake(path, "");
    let mut open = Vec::new();
    for at in 0..1000 {
        let mut stream = connect(server.address);
        let sent = match at % 10 {
            0 => &whole[..20],
            1 => &whole[..whole.len() - 2],
            _ => &whole[..],
        };
        stream.write_all(sent.as_bytes()).unwrap();
        match at % 10 {
            // Gone before the answer to the handshake.
            2 => reset(&stream),
            3 => continue,
            // Gone in the replay.
            4 => {
                let _ = stream.read(&mut [0; 200]);
                reset(&stream);
                continue;
            }
            5 => stream.shutdown(std::net::Shutdown::Write).unwrap(),
            6 => stream.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap(),
            7 => stream.write_all(&frame(0x81, b"{\"type\":\"ping\"}")[..9]).unwrap(),
            _ => {}
        }
        open.push(stream);
    }
    for (at, stream) in open.iter().enumerate() {
        if at % 3 == 0 {
            reset(stream);
        }
    }
}

#[test]
fn ten_thousand_connections_leave_nothing_behind() {
    let server = Server::start(&[("CONNECTIONS__CLOSE_TIMEOUT", "0.5")]);
    let id = server.start_task("approval", json!({}));
    server.until_status(&id, "waiting_confirmation");
    let mut memory = Vec::new();
    for _ in 0..10 {
        round(&server, &format!("/ws/{id}"));
        server.until_nobody_watches(&id);
        memory.push(server.memory());
    }
    // The first rounds warm up what is kept for all: buffers, caches, tables.
    let warm = memory[..4].iter().max().unwrap();
    let last = memory[7..].iter().min().unwrap();
    assert!(*last < warm + 6000, "memory grows from round to round: {memory:?} KiB");
    until("the sockets are given back", || {
        let descriptors = server.metric("process_open_fds");
        (descriptors < 120.0).then_some(())
    });
    let (opened, open) = (server.metric("callboard_connections_opened_total"), server.metric("callboard_connections"));
    assert!(opened > 5000.0 && open == 0.0, "{opened} {open}");
    let closed: f64 = server
        .get("/metrics")
        .text()
        .lines()
        .filter(|line| line.starts_with("callboard_connections_closed_total{"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        .sum();
    assert_eq!(closed, opened);
    let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
    socket.say(r#"{"type":"confirm","value":true}"#);
    socket.hear_type("task_completed");
}

#[test]
fn connections_that_go_in_a_long_replay_leave_nothing_behind() {
    let server = Server::start(&[]);
    let id = server.start_task("simulate_streaming", json!({"steps": 20_000, "step_delay_ms": 0}));
    server.until_status(&id, "completed");
    let mut memory = Vec::new();
    for _ in 0..6 {
        let sockets: Vec<Socket> = (0..60)
            .map(|_| {
                let mut socket = Socket::open(server.address, &format!("/ws/{id}?since=0"));
                socket.hear();
                socket
            })
            .collect();
        for (at, socket) in sockets.into_iter().enumerate() {
            if at % 2 == 0 {
                socket.abort();
            }
        }
        server.until_nobody_watches(&id);
        memory.push(server.memory());
    }
    // What is free may be kept for the next round, so only the peaks can be compared.
    let (first, last) = (memory[..3].iter().max().unwrap(), memory[3..].iter().max().unwrap());
    assert!(*last < first + 12_000, "memory grows from round to round: {memory:?} KiB");
}

#[test]
fn sessions_that_start_while_sockets_come_and_go_all_complete() {
    let server = Server::start(&[]);
    let address = server.address;
    let watched = server.waiting();
    let churning = std::thread::spawn(move || {
        for at in 0..600 {
            let mut stream = connect(address);
            let _ = stream.write_all(handshake(&format!("/ws/{watched}"), "").as_bytes());
            if at % 2 == 0 {
                reset(&stream);
            }
        }
    });
    let starting: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let body = r#"{"task":"simulate_streaming","config":{"steps":50,"step_delay_ms":0}}"#;
                    let answer = crate::hostile::http::request(
                        address,
                        format!(
                            "POST /start-task HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                            body.len()
                        ),
                    );
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    let id = answer.json()["session_id"].as_str().unwrap().to_owned();
                    let mut socket = Socket::open(address, &format!("/ws/{id}?since=0"));
                    let mut seq = 0;
                    loop {
                        let message = socket.hear().unwrap();
                        if let Some(next) = message["seq"].as_u64() {
                            assert_eq!(next, seq + 1);
                            seq = next;
                        }
                        if message["type"] == "task_completed" {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    starting.into_iter().for_each(|thread| thread.join().unwrap());
    churning.join().unwrap();
    let ended = r#"callboard_sessions_ended_total{status="completed",task="simulate_streaming"}"#;
    assert_eq!(server.metric(ended), 200.0);
    until("all connections have gone", || (server.metric("callboard_connections") == 0.0).then_some(()));
}
