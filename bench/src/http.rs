//! A keep-alive HTTP/1.1 client: one request at a time, answers with a `Content-Length`.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MOST_BYTES: usize = 16 << 20;

thread_local! {
    static CREDENTIAL: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has all clients and sockets of this thread show a credential from now on, or none.
pub fn show(credential: Option<&str>) {
    CREDENTIAL.set(credential.map(str::to_owned));
}

/// The credential that clients of this thread show.
pub fn shown() -> Option<String> {
    CREDENTIAL.with_borrow(Clone::clone)
}

/// The line of a request's head that shows it; nothing where there is none.
pub fn credential() -> String {
    CREDENTIAL.with_borrow(|shown| {
        shown.as_ref().map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"))
    })
}

/// A connection that is opened when it is first needed, and kept.
pub struct Client {
    addr: SocketAddr,
    io: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body of an answer that is a success.
    pub fn success(self) -> Result<String> {
        ensure!((200..300).contains(&self.status), "HTTP {}: {}", self.status, self.body);
        Ok(self.body)
    }
}

impl Client {
    /// A client of the server at `addr`.
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, io: None, buffer: Vec::new() }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// The connection broke, or the answer is not one that this client reads. The next call opens a new connection.
    pub async fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let io = match self.io.take() {
            Some(io) => io,
            None => dial(self.addr).await?,
        };
        let (io, answer) = self.exchange(io, method, path, body).await?;
        self.io = Some(io);
        Ok(answer)
    }

    async fn exchange(
        &mut self,
        mut io: TcpStream,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<(TcpStream, Answer)> {
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let (addr, length, credential) = (self.addr, body.len(), credential());
        self.buffer.clear();
        write!(
            self.buffer,
            "{method} {path} HTTP/1.1\r\nhost: {addr}\r\n{credential}{kind}content-length: {length}\r\n\r\n{body}"
        )?;
        io.write_all(&self.buffer).await?;
        self.buffer.clear();
        loop {
            if let Some(answer) = parse(&self.buffer)? {
                return Ok((io, answer));
            }
            ensure!(self.buffer.len() < MOST_BYTES, "the answer is too long");
            ensure!(io.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
        }
    }
}

/// Opens a connection that sends at once.
pub async fn dial(addr: SocketAddr) -> Result<TcpStream> {
    let io = TcpStream::connect(addr).await.context("cannot connect")?;
    io.set_nodelay(true)?;
    Ok(io)
}

/// The answer in `bytes`, once all of it is there.
fn parse(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let (head, rest) = bytes.split_at(end + 4);
    let head = std::str::from_utf8(head)?;
    let status = status(head)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = match length {
        Some(length) => length?,
        None if status == 204 => 0,
        None => bail!("the answer has no Content-Length"),
    };
    match rest.get(..length) {
        Some(body) => Ok(Some(Answer { status, body: String::from_utf8_lossy(body).into_owned() })),
        None => Ok(None),
    }
}

/// The status in an answer's first line.
pub fn status(head: &str) -> Result<u16> {
    let word = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    word.and_then(|word| word.parse().ok()).with_context(|| format!("not an HTTP answer: {head:.80}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_it_is_complete() {
        let whole = b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH: 5\r\n\r\nhello";
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).unwrap().is_none(), "cut at {cut}");
        }
        let answer = parse(whole).unwrap().unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    }

    #[test]
    fn what_this_client_cannot_read_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").is_err());
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
        assert!(Answer { status: 503, body: String::new() }.success().is_err());
    }
}
