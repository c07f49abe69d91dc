//! A stream on which the bare answers of the HTTP parser become problems.
//!
//! The parser refuses a head that it cannot read before any service sees it, with a status and no body. So this is done
//! to the bytes, which are recognised by what only the parser leaves out: a request's id.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_http::StatusCode;
use actix_web::http::header::HeaderMap;
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::{Code, PROBLEM_JSON, Problem};
use super::middleware::RequestIds;

/// From how many bytes on a line is so long that it must be why a head was refused.
const LONG: usize = 60_000;

/// The most bytes of an answer that the parser gives.
const LONGEST_ANSWER: usize = 256;

/// A stream of a client.
#[derive(Debug)]
pub(crate) struct Explained<T> {
    io: T,
    lines: Lines,
    /// It is no HTTP from here on.
    is_upgraded: bool,
    /// What is to be written instead of what was given.
    instead: BytesMut,
}

impl<T> Explained<T> {
    /// Wraps a stream that is new.
    pub(crate) fn new(io: T) -> Self {
        Self { io, lines: Lines::default(), is_upgraded: false, instead: BytesMut::new() }
    }

    /// The stream itself.
    pub(crate) fn get_ref(&self) -> &T {
        &self.io
    }
}

impl<T: AsyncWrite + Unpin> Explained<T> {
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(context, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Explained<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let read = Pin::new(&mut this.io).poll_read(context, into);
        if !this.is_upgraded {
            this.lines.see(into.filled().get(before..).unwrap_or_default());
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Explained<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_instead(context))?;
        if this.is_upgraded {
            return Pin::new(&mut this.io).poll_write(context, bytes);
        }
        this.is_upgraded = bytes.starts_with(b"HTTP/1.1 101 ");
        if let Some(bare) = Bare::at_the_end_of(bytes) {
            this.instead.extend_from_slice(bare.before);
            this.instead.extend_from_slice(&bare.explained(this.lines.is_target_long()));
            // What cannot be written now is when this is flushed.
            let _ = this.poll_instead(context)?;
            return Poll::Ready(Ok(bytes.len()));
        }
        this.lines.forget();
        Pin::new(&mut this.io).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_instead(context))?;
        Pin::new(&mut this.io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_instead(context))?;
        Pin::new(&mut this.io).poll_shutdown(context)
    }
}

/// Whether a line that asks for something was too long since the last answer.
#[derive(Debug, Default)]
struct Lines {
    /// The bytes of the line so far that the client is sending.
    length: usize,
    /// Whether a space has come before any colon, as after a method and never in a header.
    asks: Option<bool>,
    is_target_long: bool,
}

impl Lines {
    fn see(&mut self, bytes: &[u8]) {
        for (at, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if at > 0 {
                (self.length, self.asks) = (0, None);
            }
            self.length += part.len();
            if self.asks.is_none() {
                self.asks = part.iter().find(|byte| matches!(byte, b' ' | b':')).map(|byte| *byte == b' ');
            }
            self.is_target_long |= self.length >= LONG && self.asks == Some(true);
        }
    }

    fn is_target_long(&self) -> bool {
        self.is_target_long
    }

    fn forget(&mut self) {
        self.is_target_long = false;
    }
}

/// An answer that the parser gave.
#[derive(Debug, PartialEq)]
struct Bare<'a> {
    /// Answers to requests before it.
    before: &'a [u8],
    version: &'a str,
    status: u16,
    /// Its `Date` header.
    date: &'a str,
}

impl<'a> Bare<'a> {
    fn at_the_end_of(bytes: &'a [u8]) -> Option<Self> {
        let whole = bytes.strip_suffix(b"\r\n\r\n")?;
        let from = whole.len().saturating_sub(LONGEST_ANSWER);
        let begin = from + whole.get(from..)?.windows(7).rposition(|seven| seven == b"HTTP/1.")?;
        let (before, head) = whole.split_at(begin);
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (version, status) = (words.next()?, words.next()?.parse().ok()?);
        let (mut is_empty, mut date) = (false, "");
        for line in lines {
            match line.split_once(": ")? {
                ("content-length", "0") => is_empty = true,
                ("connection", _) => {}
                ("date", _) => date = line,
                _ => return None,
            }
        }
        (is_empty && (400..500).contains(&status)).then_some(Self { before, version, status, date })
    }

    /// The same with a body that says what is wrong.
    fn explained(&self, is_target_long: bool) -> Vec<u8> {
        let problem = match self.status {
            400 | 431 if is_target_long => Code::UriTooLong.into(),
            400 => Problem::new(Code::BadRequest, "The head of the request is not valid HTTP/1.1."),
            408 => Problem::new(Code::RequestTimeout, "The head of the request did not come in time."),
            other => Problem::of_status(StatusCode::from_u16(other).unwrap_or(StatusCode::BAD_REQUEST)),
        };
        let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let body = problem.body();
        let id = RequestIds::default().of(&HeaderMap::new());
        let lines = [
            format!("{} {} {}", self.version, status.as_u16(), status.canonical_reason().unwrap_or_default()),
            format!("content-length: {}", body.len()),
            "connection: close".to_owned(),
            format!("content-type: {PROBLEM_JSON}"),
            "cache-control: no-store".to_owned(),
            "x-content-type-options: nosniff".to_owned(),
            "cross-origin-resource-policy: same-origin".to_owned(),
            format!("x-request-id: {}", id.to_str().unwrap_or_default()),
            self.date.to_owned(),
        ];
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        [lines.join("\r\n").as_bytes(), b"\r\n\r\n", &body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\
        date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";

    /// What arrives where the client has sent `request` and the server writes `answers`.
    async fn told(request: &[u8], answers: &[&str]) -> String {
        // So little room that everything is written in pieces.
        let (mut client, server) = tokio::io::duplex(64);
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let length = request.len();
        let serve = async move {
            let mut server = Explained::new(server);
            server.read_exact(&mut vec![0; length]).await.unwrap();
            for answer in answers {
                server.write_all(answer.as_bytes()).await.unwrap();
            }
            server.shutdown().await.unwrap();
        };
        let ask = async {
            client.write_all(request).await.unwrap();
            let mut text = String::new();
            client.read_to_string(&mut text).await.unwrap();
            text
        };
        futures::future::join(serve, ask).await.1
    }

    #[tokio::test]
    async fn a_bare_answer_is_explained() {
        let long = "x".repeat(70_000);
        let too_large = BARE.replace("400 Bad Request", "431 Request Header Fields Too Large");
        for (request, bare, status, code) in [
            ("GET\r\n\r\n".to_owned(), BARE, "400 Bad Request", "bad_request"),
            (format!("GET /{long} HTTP/1.1\r\n\r\n"), BARE, "414 URI Too Long", "uri_too_long"),
            (format!("GET /{long}{long}"), &too_large, "414 URI Too Long", "uri_too_long"),
            (format!("GET / HTTP/1.1\r\nX: {long}{long}"), &too_large, "431 Request Header", "headers_too_large"),
            (format!("GET / HTTP/1.1\r\nX-Y: a {long}\r\n\r\n"), BARE, "400 Bad Request", "bad_request"),
        ] {
            let text = told(request.as_bytes(), &[bare]).await;
            assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{text}");
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{text}");
            assert!(head.contains("\r\nx-request-id: ") && head.ends_with("\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT"));
            assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["code"], code);
        }
    }

    #[tokio::test]
    async fn everything_else_goes_through_as_it_is() {
        let own = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: a\r\n\r\n";
        let fine = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let upgraded = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        for answers in
            [vec![own], vec![fine], vec!["\r\n\r\n"], vec![""], vec![upgraded, BARE], vec![upgraded, "a", BARE]]
        {
            assert_eq!(told(b"GET /", &answers).await, answers.concat());
        }
        let text = told(b"GET /", &[&[fine, BARE].concat()]).await;
        assert!(text.starts_with(fine) && text.contains("bad_request"), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes: Vec<u8>, line in "HTTP/1\\.[01 ]{0,3}[45a ]{0,5}(\r\n)?(content-length: 0)?") {
            let _ = Bare::at_the_end_of(&bytes);
            let _ = Bare::at_the_end_of(format!("{line}\r\n\r\n").as_bytes());
            Lines::default().see(&bytes);
        }
    }
}
