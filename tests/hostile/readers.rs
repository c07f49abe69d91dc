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
    let before = server.memory();
    let bound = (READERS as u64 * (OUTBOX + PAGE + CONNECTION) + BASE) / 1024;
    let sockets: Vec<Socket> =
        (0..READERS).map(|at| Socket::open(server.address, &format!("/ws/{id}?since={}", at % 10))).collect();
    let events = requests(READERS, &server, &format!("/sessions/{id}/events"), "Accept: text/event-stream\r\n");
    let pages = requests(READERS, &server, &format!("/sessions/{id}/events?limit=100000"), "");
    let log = requests(READERS, &server, "/api/v1/events?limit=10000", "");
    let mut most = 0;
    for _ in 0..10 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        most = most.max(server.memory().saturating_sub(before));
    }
    assert!(most < 4 * bound, "{most} KiB for {READERS} readers of each of four kinds; the bound is {} KiB", 4 * bound);
    drop((sockets, events, pages, log));
    server.until_nobody_watches(&id);
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
