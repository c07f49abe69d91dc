//! One client's side of a session: start it, watch it, answer it, see it end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use memchr::memmem;
use tokio::time::timeout;

use crate::http::Client;
use crate::socket::Socket;

/// The session that is measured: a gate for one decision.
pub const APPROVAL: &str = r#"{"task":"approval"}"#;
/// Yes.
pub const CONFIRM: &str = r#"{"type":"confirm","value":true}"#;
const LINES: usize = 5;
const MOST_TIME: Duration = Duration::from_secs(30);

/// How one session went.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the start to the first message of the task.
    pub first: Duration,
    /// From the answer to the next message of the task.
    pub next: Duration,
}

/// Runs one session from its start to its end.
///
/// # Errors
/// It did not go as it should, or took over half a minute.
pub async fn run(http: &mut Client, addr: SocketAddr, handshake: bool) -> Result<Times> {
    timeout(MOST_TIME, run_unbounded(http, addr, handshake)).await.context("a session took too long")?
}

async fn run_unbounded(http: &mut Client, addr: SocketAddr, handshake: bool) -> Result<Times> {
    let started = Instant::now();
    let id = start(http, APPROVAL).await?;
    let mut socket = attach(addr, &id).await?;
    until(&mut socket, "stream").await?;
    let first = started.elapsed();
    until(&mut socket, "request_confirmation").await?;

    let answered = Instant::now();
    socket.send(CONFIRM).await?;
    until(&mut socket, "stream").await?;
    let next = answered.elapsed();
    let mut lines = 1;
    loop {
        match kind(socket.next().await?) {
            b"stream" => lines += 1,
            b"task_completed" => break,
            _ => {}
        }
    }
    ensure!(lines == LINES, "{lines} lines instead of {LINES}");
    if handshake {
        socket.close().await?;
    }
    Ok(Times { first, next })
}

/// Starts a session and gives its id.
pub async fn start(http: &mut Client, body: &str) -> Result<String> {
    let answer = http.call("POST", "/start-task", body).await?.success()?;
    let id = text_field(answer.as_bytes(), "session_id").context("no session_id in the answer")?;
    Ok(String::from_utf8_lossy(id).into_owned())
}

/// Opens a socket on a session.
pub async fn attach(addr: SocketAddr, id: &str) -> Result<Socket> {
    Socket::open(addr, &format!("/ws/{id}")).await
}

/// Reads to the next message of the type `wanted`, and gives it.
///
/// # Errors
/// The server sent an error message or closed the socket first.
pub async fn until(socket: &mut Socket, wanted: &str) -> Result<Vec<u8>> {
    loop {
        let message = socket.next().await?;
        let kind = kind(message);
        if kind == wanted.as_bytes() {
            return Ok(message.to_vec());
        }
        ensure!(kind != b"error", "{}", String::from_utf8_lossy(message));
    }
}

/// The `type` of a message, which stands before anything nested in all messages that are measured.
pub fn kind(message: &[u8]) -> &[u8] {
    text_field(message, "type").unwrap_or_default()
}

/// The text in the first field `name`, without reading all of the JSON: a quote within a text is escaped, so the name
/// in its quotes with a colon behind is a field. Only for texts without escapes.
pub fn text_field<'a>(json: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let value = raw_field(json, name)?.strip_prefix(b"\"")?;
    value.get(..memchr::memchr(b'"', value)?)
}

/// The number in the first field `name`.
pub fn number_field(json: &[u8], name: &str) -> Option<u64> {
    let value = raw_field(json, name)?;
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(value.get(..digits)?).ok()?.parse().ok()
}

fn raw_field<'a>(json: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut from = 0;
    loop {
        let at = from + memmem::find(json.get(from..)?, name.as_bytes())?;
        from = at + name.len();
        let quoted = at.checked_sub(1).and_then(|before| json.get(before)) == Some(&b'"');
        if let (true, Some(rest)) = (quoted, json.get(from..)?.strip_prefix(b"\":")) {
            return Some(rest.trim_ascii_start());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_quoted_name() {
        for json in [
            r#"{"type":"stream","content":"x"}"#,
            r#"{"content":"\"type\": \"no\", type","type": "stream"}"#,
            r#"{"subtype":"no","type":"stream"}"#,
        ] {
            assert_eq!(kind(json.as_bytes()), b"stream", "{json}");
        }
        for json in ["", "{}", r#"{"type"}"#, r#"{"type":}"#, r#"{"type":"cut"#, r#"{"type":7}"#] {
            assert_eq!(kind(json.as_bytes()), b"", "{json}");
        }
    }

    #[test]
    fn a_number_is_read_to_its_last_digit() {
        assert_eq!(number_field(br#"{"seq": 120,"x":1}"#, "seq"), Some(120));
        assert_eq!(number_field(br#"{"seq":"1"}"#, "seq"), None);
    }
}
