//! WebSocket frames (RFC 6455 §5): writing those of the server, and reading the heads of a client's bit by bit.
//!
//! Heads are written here and not by actix-http, whose writer takes a frame's payload as one piece: here it may be many
//! items that are joined in place, and one text is written once for all who get it.

use bytes::Bytes;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
/// The most bytes that a control frame may carry.
const CONTROL_BYTES: u64 = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// Goes on with a fragmented message.
    Continuation,
    /// Begins a text message.
    Text,
    /// Begins a binary message.
    Binary,
    /// Ends the connection.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping.
    Pong,
}

impl Opcode {
    const fn bits(self) -> u8 {
        match self {
            Opcode::Continuation => 0,
            Opcode::Text => 1,
            Opcode::Binary => 2,
            Opcode::Close => 8,
            Opcode::Ping => 9,
            Opcode::Pong => 10,
        }
    }

    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            3..=7 | 11.. => return None,
        })
    }

    /// Whether it is no part of a message.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// Appends the head of a whole, unmasked frame of `len` bytes.
pub fn write_head(out: &mut Vec<u8>, opcode: Opcode, len: usize) {
    out.push(FIN | opcode.bits());
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len), _) if len < 126 => out.push(len),
        (_, Ok(len)) => {
            out.push(126);
            out.extend_from_slice(&len.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// Appends a whole text frame.
pub fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 10);
    write_head(out, Opcode::Text, text.len());
    out.extend_from_slice(text);
}

/// A whole text frame.
#[must_use]
pub fn text(text: &[u8]) -> Bytes {
    whole(Opcode::Text, text)
}

/// A whole binary frame.
#[must_use]
pub fn binary(data: &[u8]) -> Bytes {
    whole(Opcode::Binary, data)
}

/// An empty ping.
#[must_use]
pub fn ping() -> Bytes {
    Bytes::from_static(&[FIN | 9, 0])
}

/// A pong with what the ping carried.
#[must_use]
pub fn pong(data: &[u8]) -> Bytes {
    whole(Opcode::Pong, data.get(..125).unwrap_or(data))
}

/// A close frame; a reason of more than 123 bytes is cut at a character. Without a code it is empty.
#[must_use]
pub fn close(code: Option<u16>, reason: &str) -> Bytes {
    let Some(code) = code else { return whole(Opcode::Close, &[]) };
    let end = (0..=reason.len().min(123)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    let mut data = code.to_be_bytes().to_vec();
    data.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    whole(Opcode::Close, &data)
}

fn whole(opcode: Opcode, data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len() + 10);
    write_head(&mut out, opcode, data.len());
    out.extend_from_slice(data);
    out.into()
}

/// The head of a client's frame: what it announces, before its data has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whether it is the last of its message.
    pub fin: bool,
    /// What it is.
    pub opcode: Opcode,
    /// The bytes that it announces.
    pub len: u64,
}

/// Why a frame is not what RFC 6455 allows; all that follows it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A client's frames must be masked.
    #[error("a frame is not masked")]
    Unmasked,
    /// A reserved bit is set, though no extension was agreed on.
    #[error("a reserved bit is set")]
    Reserved,
    /// There is no such opcode.
    #[error("an opcode is not known")]
    Opcode,
    /// A control frame is fragmented or too long.
    #[error("a control frame is fragmented or too long")]
    Control,
    /// The length is not one that RFC 6455 allows.
    #[error("a length is not valid")]
    Length,
}

/// Reads the heads of a client's frames from bytes that come in any pieces, without keeping the data.
#[derive(Debug, Default)]
pub struct HeadReader {
    /// The bytes of an unfinished head.
    head: [u8; 10],
    have: usize,
    /// Mask and data of the current frame that are still to come.
    skip: u64,
}

impl HeadReader {
    /// Takes bytes up to the end of the current frame, or of the next one's head; gives how many it took, and the
    /// head where one is complete. Takes at least one byte, where there is one.
    ///
    /// # Errors
    /// [`Fault`]; the reader must not be used any more then.
    pub fn read(&mut self, input: &[u8]) -> Result<(usize, Option<Head>), Fault> {
        if self.skip > 0 {
            let skipped = usize::try_from(self.skip).map_or(input.len(), |skip| skip.min(input.len()));
            self.skip -= skipped as u64;
            return Ok((skipped, None));
        }
        for (at, byte) in input.iter().enumerate() {
            if let Some(slot) = self.head.get_mut(self.have) {
                *slot = *byte;
            }
            self.have += 1;
            if let Some(head) = self.complete()? {
                self.have = 0;
                self.skip = head.len + 4;
                return Ok((at + 1, Some(head)));
            }
        }
        Ok((input.len(), None))
    }

    fn complete(&self) -> Result<Option<Head>, Fault> {
        let [first, second, extended @ ..] = self.head;
        if first & RESERVED != 0 {
            return Err(Fault::Reserved);
        }
        let opcode = Opcode::from_bits(first & 0x0f).ok_or(Fault::Opcode)?;
        if self.have < 2 {
            return Ok(None);
        }
        if second & MASKED == 0 {
            return Err(Fault::Unmasked);
        }
        let fin = first & FIN != 0;
        let (size, len) = match second & !MASKED {
            126 => (4, u64::from_be_bytes(extended) >> 48),
            127 => (10, u64::from_be_bytes(extended)),
            len => (2, u64::from(len)),
        };
        if opcode.is_control() && (!fin || size > 2 || len > CONTROL_BYTES) {
            return Err(Fault::Control);
        }
        if self.have < size {
            return Ok(None);
        }
        if len > i64::MAX as u64 {
            return Err(Fault::Length);
        }
        Ok(Some(Head { fin, opcode, len }))
    }
}

/// The heads in these pieces.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_all<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Head>, Fault> {
    let mut reader = HeadReader::default();
    let mut heads = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let (taken, head) = reader.read(piece)?;
            heads.extend(head);
            piece = piece.get(taken..).unwrap_or_default();
        }
    }
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPCODES: [Opcode; 6] =
        [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];

    /// A client's frame by the standard: head, mask, data.
    fn client_frame(head: Head) -> Vec<u8> {
        let mut frame = Vec::new();
        write_head(&mut frame, head.opcode, usize::try_from(head.len).unwrap());
        if !head.fin {
            frame[0] &= !FIN;
        }
        frame[1] |= MASKED;
        frame.resize(frame.len() + 4 + usize::try_from(head.len).unwrap(), 0xff);
        frame
    }

    fn heads() -> impl Strategy<Value = Vec<Head>> {
        let head = (any::<bool>(), 0..6usize, prop_oneof![0..130u64, 65_530..65_540u64]).prop_map(|(fin, at, len)| {
            let opcode = OPCODES[at];
            let control = opcode.is_control();
            Head { fin: fin || control, opcode, len: if control { len.min(125) } else { len } }
        });
        prop::collection::vec(head, 0..6)
    }

    proptest! {
        #[test]
        fn any_split_gives_the_heads_that_were_written(heads in heads(), size in 1..40usize) {
            let bytes: Vec<u8> = heads.iter().flat_map(|head| client_frame(*head)).collect();
            prop_assert_eq!(read_all(bytes.chunks(size)), Ok(heads.clone()));
            prop_assert_eq!(read_all(std::iter::once(&bytes[..])), Ok(heads));
        }
    }

    #[test]
    fn heads_are_written_in_the_shortest_form() {
        for (len, expected) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = Vec::new();
            write_head(&mut out, Opcode::Binary, len);
            assert_eq!(out.len(), expected, "{len}");
        }
        assert_eq!(text(b"hi")[..], [0x81, 2, b'h', b'i']);
        assert_eq!(ping()[..], [0x89, 0]);
        assert_eq!(close(None, "")[..], [0x88, 0]);
        assert_eq!(close(Some(1000), "ok")[..], [0x88, 4, 3, 0xe8, b'o', b'k']);
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let frame = close(Some(1000), &"ä".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }

    #[test]
    fn what_the_standard_forbids_is_a_fault() {
        let cases: [(&[u8], Fault); 7] = [
            (&[0x81, 0x01], Fault::Unmasked),
            (&[0xc1], Fault::Reserved),
            (&[0x83], Fault::Opcode),
            (&[0x8b], Fault::Opcode),
            (&[0x09, 0x80], Fault::Control),
            (&[0x88, 0xfe], Fault::Control),
            (&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Fault::Length),
        ];
        for (bytes, fault) in cases {
            assert_eq!(read_all(std::iter::once(bytes)), Err(fault), "{bytes:?}");
        }
    }

    #[test]
    fn a_huge_length_is_known_before_any_data() {
        let mut reader = HeadReader::default();
        let head = reader.read(&[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap().1;
        assert_eq!(head, Some(Head { fin: true, opcode: Opcode::Binary, len: 1 << 32 }));
    }
}
