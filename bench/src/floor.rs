//! The floor under a session of `approval`: a server that sends what Callboard sends over the same sockets, and does
//! nothing else.
//!
//! It knows no session, keeps nothing and checks nothing: what it costs is the kernel's work and two system calls a
//! message. A ratio to it says on any machine what a server adds. Each thread has a listener and an epoll of its own.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

use anyhow::{Context, Result};
use memchr::memmem;
use rustix::event::epoll;
use socket2::{Domain, Protocol, Socket, Type};

const THREADS: usize = 2;
const BACKLOG: i32 = 4096;
const EVENTS: usize = 256;
/// The number of the listener among what an epoll watches; descriptors are never that large.
const LISTENER: u64 = u64::MAX;
/// The answer to the one key that the harness's sockets send.
const ACCEPT: &str = "L2m6qsrUwlxGbo32BEWsYNKFvK8=";
const DATE: &str = "Sun, 29 Nov 2026 12:00:00 GMT";
const SESSION: &str = "3f0e6c1a-8f5b-4d5a-9c57-0d6f3f6b7a10";
const REQUEST: &str = "b7a4a3f2-52c9-4a53-8b1d-6a3c1a0e9d21";

/// Serves until the process is ended.
///
/// # Errors
/// The address cannot be bound.
pub fn run(addr: SocketAddr) -> Result<()> {
    let mut serving = Vec::new();
    for _ in 0..THREADS {
        let listener = listen(addr)?;
        serving.push(std::thread::spawn(move || serve(&listener)));
    }
    for thread in serving {
        thread.join().ok().context("a thread of the floor panicked")??;
    }
    Ok(())
}

fn listen(addr: SocketAddr) -> Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// What the messages of a session are, framed.
struct Script {
    /// What a socket gets when it is opened: the session waits for its confirmation.
    replay: Vec<u8>,
    /// What it gets once that is given.
    rest: Vec<u8>,
}

impl Script {
    fn new() -> Self {
        let seconds = 1_795_951_855.995_761;
        let entry = |seq: usize, kind: &str, fields: &str| {
            format!(r#"{{"type":"{kind}",{fields},"seq":{seq},"timestamp":{seconds}}}"#)
        };
        let status = |seq: usize, status: &str| entry(seq, "status", &format!(r#""status":"{status}","attempt":1"#));
        let stream = |seq: usize, text: &str| entry(seq, "stream", &format!(r#""content":"{text}""#));
        let asked = format!(r#""request_id":"{REQUEST}","message":"Approve?""#);
        let replay = [
            r#"{"type":"state_replay_start","message":"Replaying 4 state messages","count":4,"dropped":0,"last_seq":4}"#
                .to_owned(),
            status(1, "running"),
            stream(2, "Waiting for approval"),
            status(3, "waiting_confirmation"),
            entry(4, "request_confirmation", &asked),
            r#"{"type":"state_replay_complete","message":"State replay finished"}"#.to_owned(),
        ];
        let answered = format!(r#""request_id":"{REQUEST}","by":"websocket","value":true"#);
        let mut rest = vec![entry(5, "answered", &answered), status(6, "running")];
        rest.extend((1..=5).map(|line| stream(6 + line, &format!("Line {line}/5"))));
        rest.push(status(12, "completed"));
        rest.push(entry(13, "task_completed", r#""values":{"approved":true}"#));
        Self { replay: framed(&replay), rest: framed(&rest) }
    }
}

fn framed(texts: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.push(0x81);
        match u8::try_from(text.len()) {
            Ok(length @ ..=125) => bytes.push(length),
            Ok(_) | Err(_) => {
                bytes.push(126);
                // All of them are short.
                bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn serve(listener: &Socket) -> Result<()> {
    let script = Script::new();
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poll, listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let mut connections: HashMap<u64, Connection> = HashMap::new();
    let mut events = Vec::with_capacity(EVENTS);
    let mut buffer = vec![0; 16_384];
    loop {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let number = event.data.u64();
            if number == LISTENER {
                while let Ok((socket, _)) = listener.accept() {
                    socket.set_nonblocking(true)?;
                    let number = u64::try_from(socket.as_raw_fd())?;
                    epoll::add(&poll, &socket, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?;
                    connections.insert(number, Connection::new(socket.into()));
                }
            } else if let Some(connection) = connections.get_mut(&number)
                && !connection.read(&mut buffer, &script)
            {
                // Closing the socket takes it out of the epoll, too.
                connections.remove(&number);
            }
        }
    }
}

/// One connection: HTTP until it is upgraded.
struct Connection {
    socket: TcpStream,
    is_websocket: bool,
    unread: Vec<u8>,
}

impl Connection {
    fn new(socket: TcpStream) -> Self {
        Self { socket, is_websocket: false, unread: Vec::new() }
    }

    /// Answers what one read completes; `false` once the connection is over.
    fn read(&mut self, buffer: &mut [u8], script: &Script) -> bool {
        match self.socket.read(buffer) {
            Ok(0) | Err(_) => return false,
            Ok(count) => self.unread.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
        loop {
            let answered = if self.is_websocket { self.answer_frame(script) } else { self.answer_request(script) };
            match answered {
                Some(true) => {}
                Some(false) => return false,
                None => return true,
            }
        }
    }

    /// `None` where the request is not complete.
    fn answer_request(&mut self, script: &Script) -> Option<bool> {
        let end = memmem::find(&self.unread, b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(self.unread.get(..end)?).to_ascii_lowercase();
        let header =
            |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if self.unread.len() < end + length {
            return None;
        }
        let mut answer = Vec::new();
        if header("sec-websocket-key").is_some() {
            self.is_websocket = true;
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                 sec-websocket-accept: {ACCEPT}\r\ndate: {DATE}\r\n\r\n"
            );
            answer.extend_from_slice(head.as_bytes());
            answer.extend_from_slice(&script.replay);
        } else {
            let body = format!(r#"{{"session_id":"{SESSION}","task":"approval","status":"waiting_confirmation"}}"#);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\ncontent-type: application/json\r\n\
                 x-request-id: 5f6f5a1c2d3e-0\r\ndate: {DATE}\r\n\r\n{body}",
                body.len()
            );
            answer.extend_from_slice(head.as_bytes());
        }
        self.unread.drain(..end + length);
        Some(self.socket.write_all(&answer).is_ok())
    }

    /// `None` where the frame is not complete. The harness sends short, masked frames only.
    fn answer_frame(&mut self, script: &Script) -> Option<bool> {
        const MASKED: usize = 6;
        let [opcode, length, mask @ ..] = self.unread.first_chunk::<MASKED>()?;
        let (opcode, length, mask) = (opcode & 15, usize::from(length & 127), *mask);
        let payload = self.unread.get(MASKED..MASKED + length)?;
        let text: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        self.unread.drain(..MASKED + length);
        match opcode {
            8 => {
                // It is over whether or not the peer still takes the answer.
                let _ = self.socket.write_all(&[0x88, 2, 3, 232]);
                Some(false)
            }
            1 if memmem::find(&text, b"confirm").is_some() => Some(self.socket.write_all(&script.rest).is_ok()),
            _ => Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_that_of_one_session() {
        let script = Script::new();
        let all = [script.replay, script.rest].concat();
        let text = String::from_utf8_lossy(&all);
        for seq in 1..=13 {
            assert_eq!(text.matches(&format!("\"seq\":{seq},")).count(), 1, "{seq}");
        }
        assert_eq!(text.matches("\"type\":\"stream\"").count(), 6);
    }
}
