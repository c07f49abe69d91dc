//! What a task says without waiting in between: one append, one row of the journal, one push to each socket.
//!
//! The row's text is a line of JSON for each entry or record; a line of an entry is, byte for byte, what
//! clients get. So it is written once and then only sliced.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::entry::{Class, Entry, Stamped, Unsaved};
use super::record::Internal;
use super::time::Timestamp;

/// One entry inside a [`Burst`].
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedEntry {
    /// Its place in the journal.
    pub seq: u64,
    /// What it means for replay.
    pub class: Class,
    /// The word in its `type`, for server-sent events.
    pub kind: Bytes,
    /// Its JSON, as clients get it.
    pub json: Bytes,
}

/// A line or progress inside a [`Burst`] that is sent and not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Passing {
    /// How many of the burst's entries stand before it.
    pub after: usize,
    /// The word in its `type`, for server-sent events.
    pub kind: Bytes,
    /// Its JSON, as clients get it.
    pub json: Bytes,
}

impl Passing {
    /// One that stands behind so many entries, by its JSON.
    #[must_use]
    pub fn new(after: usize, json: Bytes) -> Self {
        Self { after, kind: kind_of(&json), json }
    }
}

/// The entries of one row of the journal, and what is sent along with them.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    /// The row's text: entries and records, one a line.
    pub body: Bytes,
    /// Its entries, in order.
    pub entries: SmallVec<[EncodedEntry; 4]>,
    /// What is sent between them and not stored, in order.
    pub passing: Vec<Passing>,
}

/// A row of a journal that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a journal line is damaged: {0}")]
pub struct Damaged(#[from] serde_json::Error);

/// A line of a row that was read back.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A streamed line or progress: of these only the place matters, and there may be very many.
    Output(Output),
    /// Another entry that clients see.
    Entry(Box<Stamped>),
    /// A record that they do not.
    Internal(Box<Internal>),
}

/// The place of a streamed line or of progress.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Output {
    /// The lane of the task that it came from.
    #[serde(default)]
    pub lane: Option<String>,
    /// Its place in the journal.
    pub seq: u64,
    /// When.
    pub timestamp: Timestamp,
}

impl Burst {
    /// Reads a row back: its entries to publish, and every line of it.
    ///
    /// # Errors
    /// Where a line is not what this version writes.
    pub fn read(body: Bytes) -> Result<(Burst, Vec<Line>), Damaged> {
        let mut entries = SmallVec::new();
        let mut lines = Vec::new();
        for text in body.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
            if text.starts_with(br#"{"record""#) {
                lines.push(Line::Internal(serde_json::from_slice(text)?));
                continue;
            }
            let json = body.slice_ref(text);
            let kind = kind_of(&json);
            let (seq, class) = if kind.as_ref() == b"stream" || kind.as_ref() == b"progress" {
                let output: Output = serde_json::from_slice(text)?;
                let seq = output.seq;
                lines.push(Line::Output(output));
                (seq, Class::Output)
            } else {
                let stamped: Box<Stamped> = serde_json::from_slice(text)?;
                let read = (stamped.seq, stamped.entry.class());
                lines.push(Line::Entry(stamped));
                read
            };
            entries.push(EncodedEntry { seq, class, kind, json });
        }
        Ok((Burst { body, entries, passing: Vec::new() }, lines))
    }

    /// How many messages clients get of it.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.entries.len() + self.passing.len()
    }

    /// The bytes that it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len() + self.passing.iter().map(|passing| passing.json.len()).sum::<usize>()
    }

    /// Sends this along behind everything else; none of it has entries of its own.
    pub fn append_passing(&mut self, passing: Vec<Passing>) {
        let after = self.entries.len();
        self.passing.extend(passing.into_iter().map(|passing| Passing { after, ..passing }));
    }

    /// The `seq` of its last entry, where it has any.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.seq)
    }
}

/// The value of the first key, `type`, of an entry's JSON.
fn kind_of(json: &Bytes) -> Bytes {
    const START: usize = br#"{"type":""#.len();
    let rest = json.get(START..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
    json.slice(START.min(json.len())..(START + end).min(json.len()))
}

/// Writes a [`Burst`].
#[derive(Debug, Default)]
pub struct BurstBuilder {
    body: Vec<u8>,
    entries: SmallVec<[(u64, Class, usize, usize); 8]>,
    passing: Vec<Passing>,
}

impl BurstBuilder {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Adds an entry that clients will see.
    pub fn append(&mut self, entry: &Entry, lane: Option<&str>, seq: u64, timestamp: Timestamp) {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            #[serde(flatten)]
            entry: &'a Entry,
            #[serde(skip_serializing_if = "Option::is_none")]
            lane: Option<&'a str>,
            seq: u64,
            timestamp: Timestamp,
        }
        let start = self.body.len();
        if self.write(&Borrowed { entry, lane, seq, timestamp }) {
            self.entries.push((seq, entry.class(), start, self.body.len() - 1));
        }
    }

    /// Adds a line or progress that is sent in this place and not stored.
    pub fn pass(&mut self, unsaved: &Unsaved<'_>) {
        match serde_json::to_vec(unsaved) {
            Ok(json) => {
                self.passing.push(Passing::new(self.entries.len(), json.into()));
            }
            Err(error) => log::error!(error:%; "a line of output could not be written"),
        }
    }

    /// Takes out what is only sent, where there is nothing to store.
    pub fn take_passing(&mut self) -> Vec<Passing> {
        if self.is_empty() { std::mem::take(&mut self.passing) } else { Vec::new() }
    }

    /// Adds a record that they will not.
    pub fn note(&mut self, record: &Internal) {
        self.write(record);
    }

    /// The burst, ready to store and to publish.
    #[must_use]
    pub fn finish(self) -> Burst {
        let body = Bytes::from(self.body);
        let entries = self
            .entries
            .iter()
            .map(|&(seq, class, start, end)| {
                let json = body.slice(start..end);
                EncodedEntry { seq, class, kind: kind_of(&json), json }
            })
            .collect();
        Burst { body, entries, passing: self.passing }
    }

    /// Whether the line could be written. What the domain's types hold always can: their keys are strings.
    fn write<T: Serialize>(&mut self, line: &T) -> bool {
        let start = self.body.len();
        if let Err(error) = serde_json::to_writer(&mut self.body, line) {
            log::error!(error:%; "a journal line could not be written");
            self.body.truncate(start);
            return false;
        }
        self.body.push(b'\n');
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answerers::Answerers;
    use crate::id::RequestId;

    #[test]
    fn a_burst_survives_the_store() {
        let id = RequestId::random();
        let mut builder = BurstBuilder::default();
        let now = Timestamp::from_micros(1_700_000_000_000_001);
        builder.note(&Internal::SleepStarted { lane: None, ordinal: 3, until: now });
        builder.append(&Entry::Stream { content: "a\nb".into() }, None, 5, now);
        builder.append(
            &Entry::RequestConfirmation {
                request_id: id,
                message: "m".into(),
                timeout: None,
                expires_at: None,
                default: None,
                context: None,
                answerers: Answerers::default(),
            },
            Some("agent"),
            6,
            now,
        );
        let written = builder.finish();
        let (read, lines) = Burst::read(written.body.clone()).unwrap();
        assert_eq!(read.entries, written.entries);
        assert_eq!(lines.len(), 3);
        assert_eq!(read.entries[0].kind, "stream");
        assert_eq!(read.entries[1].kind, "request_confirmation");
        assert_eq!(read.entries[1].class, Class::Request(id));
        assert_eq!(read.last_seq(), Some(6));
        let stamped: Stamped = serde_json::from_slice(&read.entries[1].json).unwrap();
        assert_eq!(stamped.lane.as_deref(), Some("agent"));
    }

    #[test]
    fn what_is_not_saved_stands_in_its_place_and_not_in_the_row() {
        let now = Timestamp::from_micros(1_500_000);
        let line = |content: &str| Entry::Stream { content: content.into() };
        let pass = |builder: &mut BurstBuilder, content: &str| {
            builder.pass(&Unsaved { entry: &line(content), lane: Some("l"), save_state: false, timestamp: now });
        };
        let mut builder = BurstBuilder::default();
        pass(&mut builder, "before");
        assert!(builder.is_empty(), "there is nothing to store");
        builder.append(&line("saved"), None, 5, now);
        pass(&mut builder, "after");
        assert_eq!(builder.take_passing(), [], "they go with the row");
        let mut burst = builder.finish();
        let row = r#"{"type":"stream","content":"saved","seq":5,"timestamp":1.5}"#;
        assert_eq!(burst.body, format!("{row}\n"));
        let places: Vec<usize> = burst.passing.iter().map(|passing| passing.after).collect();
        assert_eq!(places, [0, 1]);
        let json = r#"{"type":"stream","content":"before","lane":"l","save_state":false,"timestamp":1.5}"#;
        assert_eq!((burst.passing[0].kind.as_ref(), burst.passing[0].json.as_ref()), (&b"stream"[..], json.as_bytes()));
        let mut alone = BurstBuilder::default();
        pass(&mut alone, "behind");
        burst.append_passing(alone.take_passing());
        assert_eq!(burst.passing.last().map(|passing| passing.after), Some(1));
        assert_eq!((burst.messages(), burst.last_seq()), (4, Some(5)));
    }

    #[test]
    fn a_damaged_row_is_an_error() {
        assert!(Burst::read(Bytes::from_static(b"{\"type\":\"status\"}\n")).is_err());
        assert!(Burst::read(Bytes::from_static(b"\0\0\0")).is_err());
    }
}
