//! The event sockets: how events and answers are written there, in four forms. `said` reads what a client says.
//!
//! As JSON, an event is a text frame, and several together are an array; as Protocol Buffers, both are a binary frame
//! (`proto/callboard/events.proto`). Compressed, a frame that would be long is binary and begins as gzip does.

pub mod proto;
pub mod said;

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::domain::burst::Told as Entry;
use crate::domain::event::Told;
use crate::hub::Dialect;
use crate::hub::frame::{self, Opcode};

/// A payload up to this length is not compressed: it would hardly be shorter.
pub const SHORT: usize = 1024;

/// How an event is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As JSON text.
    Json,
    /// As Protocol Buffers.
    Protobuf,
}

/// Whether what is long is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// It is not.
    Plain,
    /// It is, with gzip.
    Gzip,
}

/// One form in which an event socket is told.
#[derive(Debug)]
pub struct Feed {
    name: &'static str,
    encoding: Encoding,
    packing: Packing,
}

static JSON: Feed = Feed { name: "feed", encoding: Encoding::Json, packing: Packing::Plain };
static JSON_GZIP: Feed = Feed { name: "feed, gzip", encoding: Encoding::Json, packing: Packing::Gzip };
static PROTOBUF: Feed = Feed { name: "feed, protobuf", encoding: Encoding::Protobuf, packing: Packing::Plain };
static PROTOBUF_GZIP: Feed =
    Feed { name: "feed, protobuf, gzip", encoding: Encoding::Protobuf, packing: Packing::Gzip };

/// The dialect of this form.
#[must_use]
pub fn feed(encoding: Encoding, packing: Packing) -> &'static Feed {
    match (encoding, packing) {
        (Encoding::Json, Packing::Plain) => &JSON,
        (Encoding::Json, Packing::Gzip) => &JSON_GZIP,
        (Encoding::Protobuf, Packing::Plain) => &PROTOBUF,
        (Encoding::Protobuf, Packing::Gzip) => &PROTOBUF_GZIP,
    }
}

impl Feed {
    fn write(&self, payload: &[u8], out: &mut Vec<u8>) {
        if self.packing == Packing::Gzip
            && payload.len() > SHORT
            && let Some(packed) = gzip(payload)
        {
            return write_binary(&packed, out);
        }
        match self.encoding {
            Encoding::Json => frame::write_text(out, payload),
            Encoding::Protobuf => write_binary(payload, out),
        }
    }
}

impl Dialect for Feed {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Journals of sessions are not told here.
    fn entries(&self, _: &[Entry], _: &mut Vec<u8>) {}

    fn event(&self, told: &Told) -> Bytes {
        match self.encoding {
            Encoding::Json => told.json().clone(),
            Encoding::Protobuf => proto::event(told.event()),
        }
    }

    fn event_frame(&self, payload: &Bytes, out: &mut Vec<u8>) {
        self.write(payload, out);
    }

    fn batch_frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        let all = match self.encoding {
            Encoding::Json => [b"[", &*payloads.join(&b','), b"]"].concat(),
            // A message that is written behind another adds to its lists.
            Encoding::Protobuf => payloads.concat(),
        };
        self.write(&all, out);
    }

    fn answer(&self, json: &str) -> Bytes {
        let payload = match self.encoding {
            Encoding::Json => Bytes::copy_from_slice(json.as_bytes()),
            Encoding::Protobuf => proto::answer(json),
        };
        let mut out = Vec::new();
        self.write(&payload, &mut out);
        out.into()
    }
}

fn write_binary(data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + 10);
    frame::write_head(out, Opcode::Binary, data.len());
    out.extend_from_slice(data);
}

/// Nothing where it cannot be compressed, which does not happen in memory.
fn gzip(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(data.len() / 4), Compression::fast());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, Happening, Kind};
    use prost::Message;
    use std::io::Read;

    fn told(text: &str) -> Told {
        Told::new(Event { seq: Some(7), ..Event::now(Happening::new(Kind::SystemError).with("text", text)) })
    }

    /// The opcode and payload of a frame that the server writes.
    fn unframed(frame: &[u8]) -> (u8, &[u8]) {
        let at = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        (frame[0] & 15, &frame[at..])
    }

    fn unpacked(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(data).read_to_end(&mut out).unwrap();
        out
    }

    fn one(form: &Feed, told: &Told) -> Vec<u8> {
        let mut out = Vec::new();
        form.event_frame(&form.event(told), &mut out);
        out
    }

    #[test]
    fn every_form_says_the_same() {
        let (short, long) = (told("a"), told(&"b".repeat(2000)));
        for event in [&short, &long] {
            assert_eq!(unframed(&one(&JSON, event)), (1, &event.json()[..]));
            let frame = one(&PROTOBUF, event);
            let (opcode, payload) = unframed(&frame);
            let decoded = proto::Frame::decode(payload).unwrap();
            assert_eq!((opcode, decoded.events[0].seq, &*decoded.events[0].r#type), (2, 7, "system.error"));
            assert_eq!(decoded.events[0].data, serde_json::to_string(&event.happening().data).unwrap());
        }
        assert_eq!(unframed(&one(&JSON_GZIP, &short)), (1, &short.json()[..]), "what is short is not compressed");
        let frame = one(&JSON_GZIP, &long);
        assert_eq!((unframed(&frame).0, unpacked(unframed(&frame).1)), (2, long.json().to_vec()));
        assert!(frame.len() < 500);
        let frame = one(&PROTOBUF_GZIP, &long);
        assert_eq!(unpacked(unframed(&frame).1), unframed(&one(&PROTOBUF, &long)).1);
    }

    #[test]
    fn several_are_one_frame_in_order() {
        let (first, second) = (told("1"), told("2"));
        for form in [&JSON, &PROTOBUF] {
            let mut out = Vec::new();
            form.batch_frame(&[form.event(&first), form.event(&second)], &mut out);
            let payload = unframed(&out).1;
            let texts: Vec<String> = match form.encoding {
                Encoding::Json => {
                    let events: Vec<serde_json::Value> = serde_json::from_slice(payload).unwrap();
                    events.iter().map(|event| event["data"]["text"].as_str().unwrap().to_owned()).collect()
                }
                Encoding::Protobuf => {
                    let data = proto::Frame::decode(payload).unwrap().events.into_iter().map(|event| event.data);
                    data.map(|data| data.chars().filter(char::is_ascii_digit).collect()).collect()
                }
            };
            assert_eq!(texts, ["1", "2"]);
        }
    }

    #[test]
    fn an_answer_is_json_in_every_form() {
        assert_eq!(unframed(&JSON.answer(r#"{"a":1}"#)), (1, &br#"{"a":1}"#[..]));
        let frame = PROTOBUF.answer(r#"{"a":1}"#);
        assert_eq!(proto::Frame::decode(unframed(&frame).1).unwrap().answer, r#"{"a":1}"#);
    }
}
