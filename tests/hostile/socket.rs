//! A WebSocket client that can do everything wrong: frames are written byte by byte over a bare socket.

use std::io::{BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use socket2::SockRef;

use crate::hostile::http::{Answer, connect, read_answer};

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

const MASK: [u8; 4] = [0x1f, 0x83, 0x00, 0xe7];

/// A WebSocket.
pub(crate) struct Socket {
    reader: BufReader<TcpStream>,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a close frame of this code.
    Closed(u16),
    /// Without one.
    Cut,
}

/// The bytes of a handshake; `with` are further header lines.
pub(crate) fn handshake(path: &str, with: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{with}\r\n"
    )
}

/// A client's frame, as it should be: masked, with the shortest head.
pub(crate) fn frame(first: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match data.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(data.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

impl Socket {
    /// A socket that has made its handshake.
    pub(crate) fn open(address: SocketAddr, path: &str) -> Self {
        Self::open_with(address, path, "")
    }

    /// The same, with further header lines.
    pub(crate) fn open_with(address: SocketAddr, path: &str, with: &str) -> Self {
        Self::upgrade(connect(address), handshake(path, with)).unwrap_or_else(|answer| panic!("{answer:?}"))
    }

    /// Makes a handshake on a stream.
    pub(crate) fn upgrade(stream: TcpStream, handshake: impl AsRef<[u8]>) -> Result<Self, Option<Answer>> {
        let mut socket = Self { reader: BufReader::with_capacity(16_384, stream) };
        socket.send(handshake);
        match read_answer(&mut socket.reader, false) {
            Some(answer) if answer.status == 101 => Ok(socket),
            other => Err(other),
        }
    }

    /// Sends bytes as they are; gives whether somebody was there to take them.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.reader.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a text message.
    pub(crate) fn say(&mut self, text: &str) -> bool {
        self.send(frame(TEXT, text.as_bytes()))
    }

    /// The next frame: its first byte and its data. None where the server has closed the stream.
    pub(crate) fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.fill(&mut head)?;
        let [first, second] = head;
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let len = match second {
            126 => {
                let mut len = [0; 2];
                self.fill(&mut len)?;
                u64::from(u16::from_be_bytes(len))
            }
            127 => {
                let mut len = [0; 8];
                self.fill(&mut len)?;
                u64::from_be_bytes(len)
            }
            len => u64::from(len),
        };
        let mut data = vec![0; usize::try_from(len).unwrap()];
        self.fill(&mut data)?;
        Some((first, data))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        match self.reader.read_exact(bytes) {
            Ok(()) => Some(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the server says nothing and does not close")
            }
            Err(_) => None,
        }
    }

    /// The next text message; pings are answered.
    pub(crate) fn hear(&mut self) -> Option<Value> {
        loop {
            match self.next()? {
                (TEXT, data) => return Some(serde_json::from_slice(&data).unwrap()),
                (PING, data) => drop(self.send(frame(PONG, &data))),
                (CLOSE, _) => return None,
                _ => {}
            }
        }
    }

    /// The next text message of this type; those before it are left out.
    pub(crate) fn hear_type(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().unwrap_or_else(|| panic!("the socket ended before {kind}"));
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The next `error`.
    pub(crate) fn hear_error(&mut self) -> Value {
        self.hear_type("error")
    }

    /// Reads to the end; what is said before it is left out, and the close is answered.
    pub(crate) fn end(&mut self) -> End {
        loop {
            match self.next() {
                Some((CLOSE, data)) => {
                    let code = data.get(..2).map_or(1005, |code| u16::from_be_bytes(code.try_into().unwrap()));
                    self.send(frame(CLOSE, &data));
                    return End::Closed(code);
                }
                Some(_) => {}
                None => return End::Cut,
            }
        }
    }

    /// Reads up to the answer of a ping that was sent, which is none, or to the end.
    pub(crate) fn pong_or_end(&mut self) -> Option<End> {
        loop {
            match self.next() {
                Some((TEXT, data)) if data.starts_with(br#"{"type":"pong""#) => return None,
                Some((CLOSE, data)) => {
                    self.send(frame(CLOSE, &data));
                    return Some(End::Closed(u16::from_be_bytes(data[..2].try_into().unwrap())));
                }
                Some(_) => {}
                None => return Some(End::Cut),
            }
        }
    }

    /// Asserts that it is open still: what is asked is answered.
    pub(crate) fn is_open(&mut self) {
        assert!(self.say(r#"{"type":"ping","timestamp":4711}"#));
        assert_eq!(self.hear_type("pong")["timestamp"], 4711);
    }

    /// Goes without a word, and so that the kernel says nothing but "reset".
    pub(crate) fn abort(self) {
        SockRef::from(self.reader.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    }
}
