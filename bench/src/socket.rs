//! The client's side of a WebSocket: handshake, text frames, and what a server may send in between.
//!
//! As light as it can be: the handshake's key is a constant whose echo is not checked, and fragments are refused.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MOST_BYTES: usize = 16 << 20;
const LITTLE: usize = 4096;
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// A WebSocket.
pub struct Socket {
    io: TcpStream,
    buffer: Vec<u8>,
    read_to: usize,
}

/// What one read brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch {
    /// Messages.
    pub messages: usize,
    /// Bytes of their payloads.
    pub bytes: usize,
}

impl Socket {
    /// Connects and upgrades.
    ///
    /// # Errors
    /// No connection, or the server does not upgrade it.
    pub async fn open(addr: SocketAddr, path: &str) -> Result<Self> {
        let mut io = http::dial(addr).await?;
        let credential = http::credential();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {addr}\r\n{credential}upgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-key: Y2FsbGJvYXJkLWJlbmNoIQ==\r\nsec-websocket-version: 13\r\n\r\n"
        );
        io.write_all(request.as_bytes()).await?;
        let mut socket = Self { io, buffer: Vec::with_capacity(1024), read_to: 0 };
        loop {
            socket.fill().await?;
            if let Some(end) = memmem::find(&socket.buffer, b"\r\n\r\n") {
                let head = std::str::from_utf8(&socket.buffer[..end])?;
                ensure!(http::status(head)? == 101, "not upgraded: {}", head.lines().next().unwrap_or_default());
                socket.read_to = end + 4;
                return Ok(socket);
            }
        }
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.io.write_all(&encode(TEXT, text.as_bytes())).await?)
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// The connection broke or the server closed it.
    pub async fn next(&mut self) -> Result<&[u8]> {
        loop {
            match frame(&self.buffer[self.read_to..])? {
                None => self.fill().await?,
                Some(frame) => {
                    let payload = self.read_to + frame.payload.start..self.read_to + frame.payload.end;
                    self.read_to = payload.end;
                    if self.is_message(frame.opcode, payload.clone()).await? {
                        return Ok(&self.buffer[payload]);
                    }
                }
            }
        }
    }

    /// Waits for bytes, and counts the messages that are complete with them.
    ///
    /// # Errors
    /// The connection broke or the server closed it.
    pub async fn next_batch(&mut self) -> Result<Batch> {
        self.next_batch_of(|_| true).await
    }

    /// As `next_batch`, but only messages count that `counts` says so of.
    pub async fn next_batch_of(&mut self, mut counts: impl FnMut(&[u8]) -> bool) -> Result<Batch> {
        self.fill().await?;
        let mut batch = Batch::default();
        while let Some(frame) = frame(&self.buffer[self.read_to..])? {
            let payload = self.read_to + frame.payload.start..self.read_to + frame.payload.end;
            self.read_to = payload.end;
            if self.is_message(frame.opcode, payload.clone()).await? && counts(&self.buffer[payload.clone()]) {
                batch.messages += 1;
                batch.bytes += payload.len();
            }
        }
        Ok(batch)
    }

    /// Lets the kernel hold next to nothing that is not read.
    pub fn hold_little(&self) -> Result<()> {
        Ok(socket2::SockRef::from(&self.io).set_recv_buffer_size(LITTLE)?)
    }

    /// Ends it without a word.
    pub fn reset(self) -> Result<()> {
        Ok(socket2::SockRef::from(&self.io).set_linger(Some(Duration::ZERO))?)
    }

    /// Closes with the closing handshake, then resets, so that thousands of closed sockets do not hold their ports.
    pub async fn close(mut self) -> Result<()> {
        self.io.write_all(&encode(CLOSE, &1000u16.to_be_bytes())).await?;
        // The server's own close frame ends the wait as an error of `next`, which is what is expected here.
        let _ = tokio::time::timeout(CLOSE_WAIT, async { while self.next().await.is_ok() {} }).await;
        self.reset()
    }

    async fn fill(&mut self) -> Result<()> {
        if self.read_to > 0 {
            self.buffer.drain(..self.read_to);
            self.read_to = 0;
        }
        ensure!(self.buffer.len() < MOST_BYTES, "a message is too long");
        ensure!(self.io.read_buf(&mut self.buffer).await? > 0, "the server ended the connection");
        Ok(())
    }

    async fn is_message(&mut self, opcode: u8, payload: Range<usize>) -> Result<bool> {
        let payload = &self.buffer[payload];
        match opcode {
            TEXT | BINARY => return Ok(true),
            PING => self.io.write_all(&encode(PONG, payload)).await?,
            PONG => {}
            CLOSE => match payload {
                [high, low, ..] => bail!("the server closed the socket with {}", u16::from_be_bytes([*high, *low])),
                _ => bail!("the server closed the socket"),
            },
            other => bail!("a frame of an unknown kind: {other}"),
        }
        Ok(false)
    }
}

struct Frame {
    opcode: u8,
    payload: Range<usize>,
}

/// The frame at the start of `bytes`, once all of it is there.
fn frame(bytes: &[u8]) -> Result<Option<Frame>> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    ensure!(first & 0x80 != 0 && first & 0x70 == 0 && second & 0x80 == 0, "a frame that a server must not send here");
    let (start, length) = match (second, rest) {
        (127, [a, b, c, d, e, f, g, h, ..]) => (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h])),
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
        (126 | 127, _) => return Ok(None),
        (length, _) => (2, u64::from(*length)),
    };
    let length = usize::try_from(length)?;
    ensure!(length <= MOST_BYTES, "a message of {length} bytes");
    let payload = start..start + length;
    Ok((payload.end <= bytes.len()).then_some(Frame { opcode: first & 0x0f, payload }))
}

fn encode(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    bytes.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..=125), _) => bytes.push(0x80 | length),
        (_, Ok(length)) => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's frame has no mask, so the client's own is unmasked to be read back.
    fn as_server(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = encode(opcode, payload);
        let masked = bytes.split_off(bytes.len() - payload.len());
        bytes.truncate(bytes.len() - MASK.len());
        bytes[1] &= 0x7f;
        bytes.extend(masked.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    #[test]
    fn frames_of_every_length_are_read_once_they_are_complete() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let bytes = as_server(TEXT, &payload);
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                assert!(cut >= bytes.len() || frame(&bytes[..cut]).unwrap().is_none(), "{length} cut at {cut}");
            }
            let frame = frame(&bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, &bytes[frame.payload]), (TEXT, &payload[..]));
        }
    }

    #[test]
    fn the_mask_is_that_of_the_standards_example() {
        assert_eq!(encode(TEXT, b"Hello"), [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn masked_fragmented_compressed_and_boundless_frames_are_refused() {
        for bytes in [&encode(TEXT, b"x")[..], &[0x01, 0x00], &[0xc1, 0x00]] {
            assert!(frame(bytes).is_err());
        }
        assert!(frame(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]).is_err());
    }
}
