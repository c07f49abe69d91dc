//! More connections or messages than the settings allow.

use crate::hostile::server::{Server, until};
use crate::hostile::socket::{End, Socket};

#[test]
fn one_connection_too_many_is_closed_with_1013_until_there_is_room() {
    let server = Server::start(&[("CONNECTIONS__MAX_CONNECTIONS", "3")]);
    let id = server.waiting();
    let path = format!("/ws/{id}");
    let mut within: Vec<Socket> = (0..3).map(|_| Socket::open(server.address, &path)).collect();
    for _ in 0..5 {
        assert_eq!(Socket::open(server.address, &path).end(), End::Closed(1013));
    }
    let stream = server.get_stream(&id);
    stream.is_problem(503, "too_many_connections");
    assert!(stream.header("retry-after").is_some());
    within.iter_mut().for_each(Socket::is_open);
    drop(within.pop());
    until("there is room again", || {
        let mut socket = Socket::open(server.address, &path);
        (socket.hear()?["type"] == "state_replay_start").then_some(())
    });
    within.iter_mut().for_each(Socket::is_open);
    drop(within);
    server.until_nobody_watches(&id);
    assert!(server.metric(r#"callboard_connections_closed_total{reason="too many connections"}"#) >= 5.0);
}

#[test]
fn limits_for_an_address_and_for_a_session_close_what_is_over_them() {
    let limits = [("CONNECTIONS__MAX_PER_ADDRESS", "8"), ("CONNECTIONS__MAX_PER_SESSION", "3")];
    let server = Server::start(&limits);
    let sessions: Vec<String> = (0..4).map(|_| server.waiting()).collect();
    let open = |id: &String| Socket::open(server.address, &format!("/ws/{id}"));
    let refused = r#"callboard_connections_closed_total{reason="too many connections"}"#;
    let until_refused = |count: f64| until("one is refused", || (server.metric(refused) == count).then_some(()));
    // Which of those that come at the same moment on different workers is the last, nobody can say.
    let close_one = |sockets: &mut Vec<Socket>, count: f64| {
        let closing = std::mem::take(sockets).into_iter().filter_map(|mut socket| {
            socket.say(r#"{"type":"ping","timestamp":1}"#);
            match socket.pong_or_end() {
                None => Some(socket),
                Some(end) => {
                    assert_eq!(end, End::Closed(1013));
                    None
                }
            }
        });
        sockets.extend(closing);
        until_refused(count);
    };
    let mut open_ones: Vec<Socket> = (0..4).map(|_| open(&sessions[0])).collect();
    until("the hub has counted", || (server.metric("callboard_connections") == 4.0).then_some(()));
    std::thread::sleep(std::time::Duration::from_secs(1));
    close_one(&mut open_ones, 1.0);
    assert_eq!(open_ones.len(), 3, "a fourth on a session");
    // A page that is loaded again leaves and comes back at the same moment.
    for _ in 0..5 {
        drop(open_ones.remove(0));
        open_ones.push(open(&sessions[0]));
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    open_ones.iter_mut().for_each(Socket::is_open);
    open_ones.extend((0..3).map(|_| open(&sessions[1])));
    open_ones.extend((0..2).map(|_| open(&sessions[2])));
    open_ones.push(open(&sessions[3]));
    std::thread::sleep(std::time::Duration::from_secs(1));
    close_one(&mut open_ones, 2.0);
    assert_eq!(open_ones.len(), 8, "a ninth of an address");
    drop(open_ones);
    sessions.iter().for_each(|id| server.until_nobody_watches(id));
}

#[test]
fn who_sends_faster_than_allowed_is_told_and_closed_with_4429() {
    let server = Server::start(&[("CONNECTIONS__MESSAGES_PER_SECOND", "5"), ("CONNECTIONS__MESSAGE_BURST", "20")]);
    let id = server.waiting();
    let mut slow = Socket::open(server.address, &format!("/ws/{id}"));
    let mut fast = Socket::open(server.address, &format!("/ws/{id}"));
    let message = crate::hostile::socket::frame(crate::hostile::socket::TEXT, br#"{"type":"ping","timestamp":1}"#);
    let many = message.repeat(1000);
    let mut sent = 0;
    while sent < 100_000 && fast.send(&many) {
        sent += 1000;
    }
    assert_eq!(fast.hear_error()["code"], "rate_limited");
    assert!(matches!(fast.end(), End::Closed(4429) | End::Cut));
    slow.is_open();
    let heard = server.metric("callboard_messages_received_total");
    assert!(heard <= 100.0, "{heard} messages were heard");
    until("the close is counted", || {
        (server.metric(r#"callboard_connections_closed_total{reason="too many messages"}"#) == 1.0).then_some(())
    });
}

#[test]
fn answers_that_come_all_at_once_are_each_heard_and_none_is_too_many() {
    let server = Server::start(&[]);
    let id = server.waiting();
    let mut socket = Socket::open(server.address, &format!("/ws/{id}"));
    socket.hear_type("state_replay_complete");
    let answer = crate::hostile::socket::frame(crate::hostile::socket::TEXT, br#"{"type":"retry"}"#);
    socket.send(answer.repeat(500));
    for _ in 0..500 {
        assert_eq!(socket.hear_error()["code"], "no_open_request");
    }
    socket.is_open();
}
