//! Many readers that stop: what the server holds for them all together is bounded, and said in the README.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::json;

use crate::hostile::http::connect;
use crate::hostile::server::Server;
use crate::hostile::socket::Socket;

const READERS: usize = 100;
/// Small, so that the test is.
const OUTBOX: u64 = 65_536;
/// What is read at once of a journal.
const PAGE: u64 = 65_536;
/// The kernel's buffer does not count: it is none of the process. This is the server's own, before the kernel's, with
/// what a connection costs by itself.
const CONNECTION: u64 = 65_536 + 32_768;
/// The allocator's own, and what the journal costs the store while it is read.
const BASE: u64 = 32 << 20;

#[test]
fn a_hundred_readers_that_stop_hold_an_outbox_and_a_page_each_at_most() {
    let outbox = OUTBOX.to_string();
    let settings = [("CONNECTIONS__OUTBOX_BYTES", &*outbox), ("CONNECTIONS__SEND_BUFFER_BYTES", "4096")];
    let server = Server::start(&settings);
    // About 3 MB: many times what one of them may hold.
    let id = server.start_task("simulate_streaming", json!({"steps": 15_000, "step_delay_ms": 0}));
    server.until_status(&id, "completed");
    server.is_well();
    let sockets = held(&server, "sockets", || -> Vec<Socket> {
        (0..READERS).map(|at| Socket::open(server.address, &format!("/ws/{id}?since={}", at % 10))).collect()
    });
    let streams = "Accept: text/event-stream\r\n";
    let events = format!("/sessions/{id}/events");
    let events = held(&server, "event streams", || requests(READERS, &server, &events, streams));
    let pages = format!("/sessions/{id}/events?limit=100000");
    let pages = held(&server, "journals", || requests(READERS, &server, &pages, ""));
    let log = held(&server, "event logs", || requests(READERS, &server, "/api/v1/events?limit=10000", ""));
    drop((sockets, events, pages, log));
    server.until_nobody_watches(&id);
}

/// Opens readers, and checks what the server holds for them once that grows no more.
fn held<T>(server: &Server, what: &str, open: impl FnOnce() -> T) -> T {
    let bound = (READERS as u64 * (OUTBOX + PAGE + CONNECTION) + BASE) / 1024;
    let before = server.memory();
    let readers = open();
    let (mut most, mut still) = (0, 0);
    while still < 8 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let now = server.memory().saturating_sub(before);
        still = if now > most + 1024 { 0 } else { still + 1 };
        most = most.max(now);
        assert!(most < bound, "{most} KiB for {READERS} readers of {what}; the bound is {bound} KiB");
    }
    readers
}

/// Requests whose answers nobody reads.
fn requests(count: usize, server: &Server, path: &str, header: &str) -> Vec<TcpStream> {
    let request = |_| {
        let mut stream = connect(server.address);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n").unwrap();
        stream
    };
    (0..count).map(request).collect()
}
