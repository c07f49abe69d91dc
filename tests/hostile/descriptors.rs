//! More peers than the system lets this server have sockets for.

use std::net::TcpStream;

use crate::hostile::http::connect;
use crate::hostile::server::{Server, until};
use crate::hostile::socket::{End, Socket};

const FEW: u32 = 256;

#[test]
fn sockets_beyond_the_limit_on_files_are_refused_and_http_goes_on() {
    let server = Server::start_with_descriptors(FEW, &[]);
    let id = server.waiting();
    let log = server.log();
    assert!(log.contains("up to 256 open files are allowed") && log.contains("connections.max_connections"), "{log}");
    let path = format!("/ws/{id}");
    let mut within = Vec::new();
    let mut refused = 0;
    for at in 0..400 {
        let mut socket = Socket::open(server.address, &path);
        match socket.next() {
            Some((0x81, _)) => within.push(socket),
            Some((0x88, data)) => {
                assert_eq!(data[..2], 1013_u16.to_be_bytes());
                refused += 1;
            }
            other => panic!("socket {at} got {other:?}"),
        }
        if at % 50 == 49 {
            assert_eq!(server.get("/livez").status, 200, "after {at} sockets");
        }
    }
    assert!(within.len() > 80 && refused > 150, "{} within, {refused} refused", within.len());
    // Those who are there are served, and so are new sessions.
    within.iter_mut().take(5).for_each(Socket::is_open);
    server.waiting();
    assert!(!server.log().contains("Too many open files"), "{}", server.log());
    drop(within);
    server.until_nobody_watches(&id);
    assert!(matches!(Socket::open(server.address, &path).next(), Some((0x81, _))));
}

#[test]
fn connections_that_say_nothing_do_not_stop_the_listener() {
    let server = Server::start_with_descriptors(FEW, &[]);
    server.is_well();
    let silent: Vec<TcpStream> = (0..400).map(|_| connect(server.address)).collect();
    let answer = server.get("/livez");
    answer.is_problem(503, "too_many_connections");
    assert!(answer.header("retry-after").is_some() && answer.header("connection") == Some("close"));
    assert!(!server.log().contains("Too many open files"), "{}", server.log());
    drop(silent);
    until("there is room again", || (server.get("/livez").status == 200).then_some(()));
    server.is_well();
}

#[test]
fn a_socket_takes_one_descriptor() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let before = server.descriptors();
    let sockets: Vec<Socket> = (0..50).map(|_| Socket::open(server.address, &format!("/ws/{id}"))).collect();
    let taken = server.descriptors() - before;
    // The request before them may have its own for a moment more.
    assert!((45..60).contains(&taken), "{taken} descriptors for {} sockets", sockets.len());
    drop(sockets);
    server.until_nobody_watches(&id);
}

#[test]
fn a_connection_that_is_turned_away_over_the_setting_is_answered() {
    let server = Server::start(&[("SERVER__MAX_CONNECTIONS", "8"), ("CONNECTIONS__MAX_CONNECTIONS", "100")]);
    let id = server.waiting();
    let path = format!("/ws/{id}");
    let sockets: Vec<Socket> = (0..7).map(|_| Socket::open(server.address, &path)).collect();
    assert_eq!(Socket::open(server.address, &path).end(), End::Closed(1013), "one is kept for HTTP");
    until("that one has gone", || (server.get("/livez").status == 200).then_some(()));
    let mut idle = Vec::new();
    until("all places are taken", || {
        idle.push(connect(server.address));
        (server.get("/livez").status == 503).then_some(())
    });
    drop(sockets);
}
