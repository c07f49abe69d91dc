//! Event streams: readers that stop, that go, that are many, and that ask for nonsense.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use socket2::SockRef;

use crate::hostile::http::{connect, read_chunk, request};
use crate::hostile::server::{Server, until};

fn asking(id: &str, with: &str) -> String {
    format!("GET /sessions/{id}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{with}\r\n")
}

fn follow(server: &Server, id: &str) -> TcpStream {
    let mut stream = connect(server.address);
    stream.write_all(asking(id, "").as_bytes()).unwrap();
    stream
}

/// The events of an open stream, line by line.
struct Events {
    chunks: BufReader<TcpStream>,
    rest: Vec<u8>,
}

impl Events {
    fn of(stream: TcpStream) -> Self {
        let mut chunks = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(chunks.read_line(&mut line).unwrap() > 0, "no answer");
        }
        Self { chunks, rest: Vec::new() }
    }

    /// The next line; none at the end.
    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.drain(..=end).collect();
                return Some(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            self.rest.extend(read_chunk(&mut self.chunks)?);
        }
    }

    /// The lines up to this one.
    fn until(&mut self, end: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            lines.push(self.line().unwrap_or_else(|| panic!("it ended before {end:?}: {:?}", lines.last())));
            if lines.last().is_some_and(|line| line == end) {
                return lines;
            }
        }
    }
}

fn count(lines: &[String], start: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(start)).count()
}

#[test]
fn a_reader_that_stops_is_cut_while_another_gets_everything() {
    let server = Server::start(&[("CONNECTIONS__STALL_TIMEOUT", "1"), ("CONNECTIONS__CLOSE_TIMEOUT", "0.5")]);
    let id = server.start_task("approval", json!({"lines": 50_000}));
    server.until_status(&id, "waiting_confirmation");
    let before = server.memory();
    let stuck: Vec<TcpStream> = (0..20).map(|_| follow(&server, &id)).collect();
    let mut reader = Events::of(follow(&server, &id));
    reader.until("event: request_confirmation");
    server.post(&format!("/sessions/{id}/confirm"), &json!({"value": true}));
    let lines = reader.until("event: task_completed");
    assert_eq!(count(&lines, "event: stream"), 50_000);
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 100_000, "{grown} KiB for 20 streams with an outbox of 1 MiB each, and the session");
    server.until_nobody_watches(&id);
    drop(stuck);
}

#[test]
fn a_reader_that_goes_is_forgotten_at_once() {
    let server = Server::start(&[]);
    let id = server.waiting();
    for abrupt in [false, true] {
        let streams: Vec<TcpStream> = (0..50).map(|_| follow(&server, &id)).collect();
        // Whoever has read everything goes with an end of its stream, and not with "reset".
        let mut readers: Vec<Events> = streams.iter().map(|stream| Events::of(stream.try_clone().unwrap())).collect();
        readers.iter_mut().for_each(|reader| drop(reader.until("event: request_confirmation")));
        readers.iter_mut().for_each(|reader| drop(reader.until("")));
        assert_eq!(server.metric("callboard_connections"), 50.0);
        if abrupt {
            streams.iter().for_each(|stream| SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap());
        }
        drop((streams, readers));
        // Well before the next heartbeat: a client that goes costs nothing from then on.
        server.until_nobody_watches(&id);
    }
}

#[test]
fn a_thousand_streams_at_once_all_hear_the_end() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let streams: Vec<TcpStream> = (0..1000).map(|_| follow(&server, &id)).collect();
    until("all are there", || (server.metric("callboard_connections") == 1000.0).then_some(()));
    server.is_well();
    server.post(&format!("/sessions/{id}/confirm"), &json!({"value": true}));
    for stream in streams {
        let lines = Events::of(stream).until("event: task_completed");
        assert_eq!(count(&lines, "id: "), count(&lines, "event: "));
    }
    server.until_nobody_watches(&id);
}

#[test]
fn what_cannot_be_followed_is_answered_in_http() {
    let server = Server::start(&[]);
    let id = server.waiting();
    for unknown in ["00000000-0000-4000-8000-000000000000", "x", "%00", &"9".repeat(500)] {
        request(server.address, asking(unknown, "")).is_problem(404, "unknown_session");
    }
    for rubbish in ["x", "-1", "1.5", "99999999999999999999", "1 2", "0x10", "\u{e4}"] {
        let answer = request(server.address, asking(&id, &format!("Last-Event-ID: {rubbish}\r\n")));
        answer.is_problem(422, "invalid_header");
    }
    server.post(&format!("/sessions/{id}/confirm"), &json!({"value": true}));
    server.until_status(&id, "completed");
    for seen in ["18446744073709551615", "1000"] {
        let answer = request(server.address, asking(&id, &format!("Last-Event-ID: {seen}\r\n")));
        assert_eq!(answer.status, 204, "who has seen the end does not come back");
    }
    let mut events = Events::of(follow(&server, &id));
    events.until("event: task_completed");
    while events.line().is_some() {}
    server.until_nobody_watches(&id);
}
