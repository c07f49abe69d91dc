//! Server-sent events: the same JSON as on a session's WebSocket, one event for each entry.

use bytes::Bytes;

use crate::domain::burst::Told;
use crate::hub::Dialect;
use crate::hub::close::CloseCode;

/// Server-sent events, as the HTML standard's section on them says. A replay is not announced.
#[derive(Debug)]
pub struct Events;

/// The dialect, to hand out.
pub static EVENTS: Events = Events;

impl Dialect for Events {
    fn name(&self) -> &'static str {
        "events"
    }

    fn entries(&self, told: &[Told], out: &mut Vec<u8>) {
        for told in told {
            out.extend_from_slice(b"id: ");
            out.extend_from_slice(told.seq.to_string().as_bytes());
            out.extend_from_slice(b"\nevent: ");
            out.extend_from_slice(&told.kind);
            out.extend_from_slice(b"\ndata: ");
            out.extend_from_slice(&told.json);
            out.extend_from_slice(b"\n\n");
        }
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(b": ping\n\n")
    }

    fn farewell(&self, _: CloseCode, reason: &str) -> Option<Bytes> {
        Some(format!(": {reason}\n\n").into())
    }

    fn is_spoken_both_ways(&self) -> bool {
        false
    }

    fn ends_with_the_session(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::Entry;
    use crate::domain::tail::Replay;
    use crate::domain::time::Timestamp;
    use crate::hub::Announced;

    #[test]
    fn an_entry_is_an_event_with_its_seq_type_and_json() {
        let mut builder = BurstBuilder::default();
        let now = Timestamp::from_micros(1_500_000);
        builder.tell(&Entry::Stream { content: "a\nb".into() }, None, 4, now);
        builder.tell(&Entry::Stream { content: "c".into() }, None, 5, now);
        let burst = builder.finish();
        let expected = "id: 4\nevent: stream\ndata: {\"type\":\"stream\",\"content\":\"a\\nb\",\"seq\":4,\"timestamp\":1.5}\n\n\
                        id: 5\nevent: stream\ndata: {\"type\":\"stream\",\"content\":\"c\",\"seq\":5,\"timestamp\":1.5}\n\n";
        assert_eq!(EVENTS.burst(&burst), expected);
        let replay = Replay { told: burst.told.to_vec(), dropped: 0, last_seq: 5 };
        assert_eq!(EVENTS.replay(&replay, Announced::Yes), expected, "a replay is not announced");
    }
}
