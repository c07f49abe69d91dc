//! WebSockets: how items and answers are written there, in four forms.
//!
//! As JSON, an item is a text frame, and several together are an array; as Protocol Buffers, both are a binary frame
//! (`proto/callboard/events.proto`). Compressed, a frame that would be long is binary and begins as gzip does.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::session::Outbound;
use super::{audit, proto, workflow};
use crate::hub::dialect::{About, Signal};
use crate::hub::frame::{self, Opcode};
use crate::hub::{Dialect, Item};

/// A payload up to this length is not compressed: it would hardly be shorter.
pub const SHORT: usize = 1024;

/// How items are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As JSON text.
    #[default]
    Json,
    /// As Protocol Buffers.
    Protobuf,
}

/// Whether what is long is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// It is not.
    #[default]
    Plain,
    /// It is, with gzip.
    Gzip,
}

/// The form of the frames that a client asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// How items are encoded.
    pub encoding: Encoding,
    /// Whether long frames are compressed.
    pub packing: Packing,
}

/// Which socket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That of a session: words stand round a replay.
    Session,
    /// That of audits: their agents' messages, and the end.
    Audits,
    /// That of workflows.
    Workflows,
    /// An event socket.
    Events,
}

/// One kind of socket in one form.
#[derive(Debug)]
pub struct Socket {
    about: About,
    form: Form,
    kind: Kind,
}

const fn socket(kind: Kind, name: &'static str, encoding: Encoding, packing: Packing) -> Socket {
    let about = About { name, is_two_way: true, ends_with_feed: matches!(kind, Kind::Audits) };
    Socket { about, form: Form { encoding, packing }, kind }
}

const fn forms(kind: Kind, names: [&'static str; 4]) -> [Socket; 4] {
    let [plain, gzip, protobuf, protobuf_gzip] = names;
    [
        socket(kind, plain, Encoding::Json, Packing::Plain),
        socket(kind, gzip, Encoding::Json, Packing::Gzip),
        socket(kind, protobuf, Encoding::Protobuf, Packing::Plain),
        socket(kind, protobuf_gzip, Encoding::Protobuf, Packing::Gzip),
    ]
}

static SESSION: [Socket; 4] =
    forms(Kind::Session, ["session", "session, gzip", "session, protobuf", "session, protobuf, gzip"]);
static AUDITS: [Socket; 4] = forms(Kind::Audits, ["audit", "audit, gzip", "audit, protobuf", "audit, protobuf, gzip"]);
static WORKFLOWS: [Socket; 4] =
    forms(Kind::Workflows, ["workflow", "workflow, gzip", "workflow, protobuf", "workflow, protobuf, gzip"]);
static EVENTS: [Socket; 4] = forms(Kind::Events, ["feed", "feed, gzip", "feed, protobuf", "feed, protobuf, gzip"]);

impl Socket {
    /// The dialect of this kind of socket in this form.
    #[must_use]
    pub fn of(kind: Kind, form: Form) -> &'static Self {
        let [plain, gzip, protobuf, protobuf_gzip] = match kind {
            Kind::Session => &SESSION,
            Kind::Audits => &AUDITS,
            Kind::Workflows => &WORKFLOWS,
            Kind::Events => &EVENTS,
        };
        match (form.encoding, form.packing) {
            (Encoding::Json, Packing::Plain) => plain,
            (Encoding::Json, Packing::Gzip) => gzip,
            (Encoding::Protobuf, Packing::Plain) => protobuf,
            (Encoding::Protobuf, Packing::Gzip) => protobuf_gzip,
        }
    }

    /// Whether this is a socket of audits.
    #[must_use]
    pub fn is_of_audits(about: &About) -> bool {
        AUDITS.iter().any(|socket| std::ptr::eq(about, &socket.about))
    }

    fn write(&self, payload: &[u8], out: &mut Vec<u8>) {
        if self.form.packing == Packing::Gzip
            && payload.len() > SHORT
            && let Some(packed) = gzip(payload)
        {
            return write_binary(&packed, out);
        }
        match self.form.encoding {
            Encoding::Json => frame::write_text(out, payload),
            Encoding::Protobuf => write_binary(payload, out),
        }
    }

    fn encoded(&self, item: &Item<'_>) -> Bytes {
        match self.form.encoding {
            Encoding::Json => item.json.clone(),
            Encoding::Protobuf => proto::item(item),
        }
    }

    fn answer(&self, json: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(json.len() + 10);
        match self.form.encoding {
            Encoding::Json => self.write(json, &mut out),
            Encoding::Protobuf => self.write(&proto::answer(json), &mut out),
        }
        out.into()
    }

    /// The words round a replay; sockets of other kinds have none.
    fn outbound(&self, outbound: &Outbound<'_>) -> Bytes {
        if self.kind == Kind::Session { self.answer(&outbound.json()) } else { Bytes::new() }
    }
}

impl Dialect for Socket {
    fn about(&self) -> &'static About {
        // Every socket is one of those above, of which there is one for each kind and form.
        &Socket::of(self.kind, self.form).about
    }

    fn payload(&self, item: &Item<'_>) -> Bytes {
        if self.kind == Kind::Audits {
            let Some(message) = audit::message(item.json) else { return Bytes::new() };
            return self.encoded(&Item { kind: message.kind.as_bytes(), json: &message.json, ..*item });
        }
        if self.kind == Kind::Workflows
            && let Some(session_id) = item.session_id
        {
            return self.encoded(&Item { json: &workflow::with_session_id(item.json, session_id), ..*item });
        }
        self.encoded(item)
    }

    fn frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        match (payloads, self.form.encoding) {
            ([one], _) => self.write(one, out),
            (several, Encoding::Json) => self.write(&[b"[", &*several.join(&b','), b"]"].concat(), out),
            // A message that is written behind another adds to its lists.
            (several, Encoding::Protobuf) => self.write(&several.concat(), out),
        }
    }

    fn signal(&self, signal: Signal<'_>) -> Bytes {
        match signal {
            Signal::Ping => frame::ping(),
            Signal::Farewell(code, reason) => frame::close(Some(code.code()), reason),
            Signal::Answer(json) => self.answer(json),
            Signal::ReplayStart(opening) => self.outbound(&Outbound::replay_start(opening)),
            Signal::ReplayEnd => self.outbound(&Outbound::replay_end()),
        }
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
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::Entry;
    use crate::domain::event::{self, EncodedEvent, Event, NewEvent};
    use crate::domain::time::Timestamp;
    use crate::hub::dialect::encode;
    use crate::hub::{Items, MessagesBuilder};
    use prost::Message as _;
    use std::io::Read;
    use std::sync::Arc;

    fn all() -> impl Iterator<Item = &'static Socket> {
        SESSION.iter().chain(&WORKFLOWS).chain(&EVENTS)
    }

    /// An item of each feed with this text in it.
    fn feeds(text: &str) -> [Items; 3] {
        let mut burst = BurstBuilder::default();
        burst.append(&Entry::Stream { content: text.into() }, None, 7, Timestamp::from_micros(0));
        let mut messages = MessagesBuilder::default();
        messages.push(("node_state", 1), Some(7), |out| serde_json::to_writer(out, &serde_json::json!({"text": text})));
        let new_event = NewEvent::new(event::Kind::SystemError).with("text", text);
        let event = EncodedEvent::new(Event { seq: Some(7), ..Event::now(new_event) });
        [
            Items::Burst(Arc::new(burst.finish())),
            Items::Messages(Arc::new(messages.finish())),
            Items::Events([event].into()),
        ]
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

    /// The JSON or Protocol Buffers in a frame, whether it is compressed or not.
    fn plain(frame: &[u8]) -> Vec<u8> {
        let (_, payload) = unframed(frame);
        if payload.starts_with(&[0x1f, 0x8b]) { unpacked(payload) } else { payload.to_vec() }
    }

    #[test]
    fn every_item_can_be_written_in_every_form() {
        for socket in all() {
            for items in [feeds("a"), feeds(&"b".repeat(2000))].iter().flatten() {
                let item = items.get(0).unwrap();
                let (count, frame) = encode(socket, items, None, |_| true);
                let is_packed = socket.form.packing == Packing::Gzip && item.json.len() > SHORT;
                let is_text = socket.form.encoding == Encoding::Json && !is_packed;
                assert_eq!((count, unframed(&frame).0), (1, if is_text { 1 } else { 2 }), "{}", socket.about.name);
                assert!(!is_packed || frame.len() < 500);
                if socket.form.encoding == Encoding::Json {
                    assert_eq!(plain(&frame), &item.json[..]);
                    continue;
                }
                let decoded = proto::Frame::decode(&plain(&frame)[..]).unwrap();
                match item.event {
                    Some(event) => {
                        assert_eq!((decoded.events[0].seq, &*decoded.events[0].r#type), (7, "system.error"));
                        let data = serde_json::to_string(&event.new_event().data).unwrap();
                        assert_eq!(decoded.events[0].data, data);
                    }
                    None => {
                        let proto::Message { r#type, seq, json } = &decoded.messages[0];
                        assert_eq!((r#type.as_bytes(), *seq, json.as_bytes()), (item.kind, 7, &item.json[..]));
                    }
                }
            }
        }
    }

    #[test]
    fn several_are_one_frame_in_order() {
        for socket in &EVENTS {
            let payloads: Vec<Bytes> =
                ["1", "2"].iter().map(|text| socket.payload(&feeds(text)[2].get(0).unwrap())).collect();
            let mut out = Vec::new();
            socket.frame(&payloads, &mut out);
            let payload = plain(&out);
            let texts: Vec<String> = match socket.form.encoding {
                Encoding::Json => {
                    let events: Vec<serde_json::Value> = serde_json::from_slice(&payload).unwrap();
                    events.iter().map(|event| event["data"]["text"].as_str().unwrap().to_owned()).collect()
                }
                Encoding::Protobuf => {
                    let data = proto::Frame::decode(&payload[..]).unwrap().events.into_iter().map(|event| event.data);
                    data.map(|data| data.chars().filter(char::is_ascii_digit).collect()).collect()
                }
            };
            assert_eq!(texts, ["1", "2"]);
        }
    }

    #[test]
    fn an_answer_is_json_in_every_form() {
        let json = format!(r#"{{"a":"{}"}}"#, "x".repeat(2000));
        for socket in all() {
            let frame = socket.signal(Signal::Answer(json.as_bytes()));
            match socket.form.encoding {
                Encoding::Json => assert_eq!(plain(&frame), json.as_bytes()),
                Encoding::Protobuf => assert_eq!(proto::Frame::decode(&plain(&frame)[..]).unwrap().answer, json),
            }
        }
    }

    #[test]
    fn there_is_one_dialect_for_each_kind_and_form() {
        let names: std::collections::HashSet<&str> = all().map(|socket| socket.about().name).collect();
        assert_eq!(names.len(), 12);
        assert!(all().all(|socket| std::ptr::eq(socket.about(), &socket.about)));
    }
}
