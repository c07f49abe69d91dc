//! Server-sent events: the same JSON as on a WebSocket, one event for each entry of a session or message about workflows.

use bytes::Bytes;

use crate::hub::dialect::{About, Signal};
use crate::hub::{Dialect, Item};

/// Server-sent events, as the HTML standard's section on them says. A replay is not announced.
#[derive(Debug)]
pub(crate) struct Sse(About);

/// The dialect, to hand out.
pub(crate) static SSE: Sse = Sse(About { name: "events", is_two_way: false, ends_with_feed: true });

impl Dialect for Sse {
    fn about(&self) -> &'static About {
        &SSE.0
    }

    /// Without an id, the client's last one stays: it comes back behind the last item that is kept.
    fn payload(&self, item: &Item<'_>) -> Bytes {
        let mut out = Vec::with_capacity(item.json.len() + item.kind.len() + 48);
        if let Some(position) = item.position {
            out.extend_from_slice(b"id: ");
            out.extend_from_slice(position.to_string().as_bytes());
            out.push(b'\n');
        }
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(item.kind);
        out.extend_from_slice(b"\ndata: ");
        push_on_one_line(&mut out, item.json);
        out.extend_from_slice(b"\n\n");
        out.into()
    }

    fn frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        payloads.iter().for_each(|payload| out.extend_from_slice(payload));
    }

    fn signal(&self, signal: Signal<'_>) -> Bytes {
        match signal {
            Signal::Ping => Bytes::from_static(b": ping\n\n"),
            Signal::Farewell(_, reason) => format!(": {reason}\n\n").into(),
            Signal::Answer(_) | Signal::ReplayStart(_) | Signal::ReplayEnd => Bytes::new(),
        }
    }
}

/// What readers that split a stream as Unicode has it take for the end of a line, and how JSON writes it otherwise. The
/// other such characters are control characters, which JSON always escapes.
const LINE_ENDS: [(&[u8], &[u8]); 3] =
    [("\u{85}".as_bytes(), br"\u0085"), ("\u{2028}".as_bytes(), br"\u2028"), ("\u{2029}".as_bytes(), br"\u2029")];

/// Appends JSON so that nobody sees more than one line in it; it means the same.
fn push_on_one_line(out: &mut Vec<u8>, json: &[u8]) {
    let mut from = 0;
    let mut at = 0;
    while let Some(ahead) = json.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, 0xc2 | 0xe2))) {
        at += ahead;
        let rest = json.get(at..).unwrap_or_default();
        match LINE_ENDS.iter().find(|(raw, _)| rest.starts_with(raw)) {
            Some((raw, escaped)) => {
                out.extend_from_slice(json.get(from..at).unwrap_or_default());
                out.extend_from_slice(escaped);
                at += raw.len();
                from = at;
            }
            None => at += 1,
        }
    }
    out.extend_from_slice(json.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::burst::{Burst, BurstBuilder};
    use crate::domain::entry::{Entry, Unsaved};
    use crate::domain::time::Timestamp;
    use crate::hub::dialect::encode;
    use crate::hub::{Items, MessagesBuilder};
    use std::sync::Arc;

    fn burst(burst: Burst) -> Bytes {
        encode(&SSE, &Items::Burst(Arc::new(burst)), None, |_| true).1
    }

    proptest::proptest! {
        #[test]
        fn json_stays_on_one_line_and_means_the_same(text in "(\u{85}|\u{2028}|\u{2029}|\u{2027}|\u{84}|[^\"]|\n){0,40}") {
            let json = serde_json::to_vec(&text).unwrap();
            let mut out = Vec::new();
            push_on_one_line(&mut out, &json);
            let written = String::from_utf8(out).unwrap();
            let has_another_line = written.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\0']);
            proptest::prop_assert!(!has_another_line);
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }

    #[test]
    fn an_entry_is_an_event_with_its_seq_type_and_json() {
        let mut builder = BurstBuilder::default();
        let now = Timestamp::from_micros(1_500_000);
        builder.append(&Entry::Stream { content: "a\nb".into() }, None, 4, now);
        builder.append(&Entry::Stream { content: "c".into() }, None, 5, now);
        let expected = "id: 4\nevent: stream\ndata: {\"type\":\"stream\",\"content\":\"a\\nb\",\"seq\":4,\"timestamp\":1.5}\n\n\
                        id: 5\nevent: stream\ndata: {\"type\":\"stream\",\"content\":\"c\",\"seq\":5,\"timestamp\":1.5}\n\n";
        assert_eq!(burst(builder.finish()), expected);
        assert!(SSE.signal(Signal::ReplayEnd).is_empty(), "a replay is not announced");
    }

    #[test]
    fn what_is_not_saved_has_no_id_and_keeps_its_place() {
        let mut builder = BurstBuilder::default();
        let now = Timestamp::from_micros(1_500_000);
        builder.append(&Entry::Stream { content: "a".into() }, None, 4, now);
        let entry = Entry::Progress { done: 1.into(), total: 2.into(), label: "\u{2028}".into() };
        builder.pass(&Unsaved { entry: &entry, lane: None, save_state: false, timestamp: now });
        builder.append(&Entry::Stream { content: "b".into() }, None, 5, now);
        let expected = "id: 4\nevent: stream\ndata: {\"type\":\"stream\",\"content\":\"a\",\"seq\":4,\"timestamp\":1.5}\n\n\
                        event: progress\ndata: {\"type\":\"progress\",\"done\":1,\"total\":2,\"label\":\"\\u2028\",\
                        \"save_state\":false,\"timestamp\":1.5}\n\n\
                        id: 5\nevent: stream\ndata: {\"type\":\"stream\",\"content\":\"b\",\"seq\":5,\"timestamp\":1.5}\n\n";
        assert_eq!(burst(builder.finish()), expected);
    }

    #[test]
    fn a_message_about_workflows_is_an_event_on_one_line() {
        let mut builder = MessagesBuilder::default();
        let write = |text: &'static str| move |out: &mut Vec<u8>| serde_json::to_writer(out, text);
        builder.push(("node_state", 1), Some(7), write("\u{2028}"));
        builder.push(("workflow_event", 2), None, write(""));
        let items = Items::Messages(Arc::new(builder.finish()));
        let expected = "id: 7\nevent: node_state\ndata: \"\\u2028\"\n\nevent: workflow_event\ndata: \"\"\n\n";
        assert_eq!(encode(&SSE, &items, None, |_| true), (2, Bytes::from(expected)));
    }
}
