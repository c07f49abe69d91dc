//! HTTP over a bare socket: what is sent is exactly what is written here, and answers are read without any library.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::hostile::server::PATIENCE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {:?}", self.head, self.text()))
    }

    /// Asserts that it is a problem with this status and code, and that it tells nothing about the inside.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string() && body["detail"].is_string() && body["type"].is_string(), "{body}");
        for inside in ["src/", "panicked", "SELECT", "sqlite", ".rs:"] {
            assert!(!self.text().contains(inside), "{inside} in {body}");
        }
        assert!(self.header("x-request-id").is_some(), "{}", self.head);
    }
}

/// A connection that was opened with limits on waiting.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes as they are, and reads one answer.
pub(crate) fn request(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut stream = connect(address);
    // The server may answer, and close, before all is sent.
    let _ = stream.write_all(request.as_ref());
    read_answer(&mut BufReader::new(stream), request.as_ref().starts_with(b"HEAD")).expect("an answer")
}

/// Reads one answer; none where the server closed instead.
pub(crate) fn read_answer(stream: &mut BufReader<impl Read>, without_body: bool) -> Option<Answer> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { status, head, body: Vec::new() };
    if without_body || status == 204 || status == 304 {
        return Some(answer);
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        while let Some(chunk) = read_chunk(stream) {
            answer.body.extend(chunk);
        }
    } else {
        let length = answer.header("content-length").unwrap_or("0").parse().unwrap();
        answer.body.resize(length, 0);
        stream.read_exact(&mut answer.body).unwrap();
    }
    Some(answer)
}

/// The next chunk of a chunked body; none at its end, or where it breaks off.
pub(crate) fn read_chunk(stream: &mut BufReader<impl Read>) -> Option<Vec<u8>> {
    let mut size = String::new();
    stream.read_line(&mut size).ok()?;
    let size = usize::from_str_radix(size.trim(), 16).ok()?;
    let mut chunk = vec![0; size + 2];
    stream.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    (size > 0).then_some(chunk)
}
