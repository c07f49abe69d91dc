//! How rows of a journal go to servers whose connections follow it, and are read there: the entries byte for byte.

use bytes::Bytes;

use super::questions::JournalGrew;
use crate::domain::burst::{Burst, Damaged, Passing};
use crate::domain::id::SessionId;

/// A row, to be sent behind the notice of it. What is between is left out: records that no client sees.
pub(crate) fn written(session_id: SessionId, last_seq: u64, burst: &Burst) -> (JournalGrew, Vec<u8>) {
    let before = burst.entries.first().map_or(last_seq, |entry| entry.seq.saturating_sub(1));
    let mut text = Vec::with_capacity(burst.bytes() + burst.messages());
    let entries = burst.entries.iter().map(|entry| &entry.json);
    for json in entries.chain(burst.passing.iter().map(|passing| &passing.json)) {
        text.extend_from_slice(json);
        text.push(b'\n');
    }
    let shown = burst.passing.iter().map(|passing| passing.after).collect();
    (JournalGrew { session_id, before, entries: burst.entries.len(), shown }, text)
}

/// The row that was sent.
///
/// # Errors
/// Where a line is not what this version writes.
pub(crate) fn read(notice: &JournalGrew, text: &Bytes) -> Result<Burst, Damaged> {
    let end = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .nth(notice.entries.wrapping_sub(1))
        .unwrap_or(if notice.entries == 0 { 0 } else { text.len() });
    let (mut burst, _) = Burst::read(text.slice(..end))?;
    let rest = text.slice(end..);
    let lines = rest.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let shown = lines.zip(&notice.shown).map(|(line, after)| Passing::new(*after, rest.slice_ref(line)));
    burst.passing = shown.collect();
    Ok(burst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::{Entry, Unsaved};
    use crate::domain::record::Internal;
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_arrives_as_it_was_but_for_its_records(parts in prop::collection::vec((0..3u8, ".{0,20}"), 0..12), last in 0..9u64) {
            let mut builder = BurstBuilder::default();
            let timestamp = Timestamp::from_micros(1);
            let mut seq = last;
            for (kind, content) in parts {
                let entry = Entry::Stream { content };
                match kind {
                    0 => {
                        seq += 1;
                        builder.append(&entry, None, seq, timestamp);
                    }
                    1 => builder.pass(&Unsaved { entry: &entry, lane: None, save_state: false, timestamp }),
                    _ => builder.note(&Internal::CancelRequested { reason: "enough".into() }),
                }
            }
            let burst = builder.finish();
            let (notice, text) = written(SessionId::random(), last, &burst);
            let read = read(&notice, &text.into()).unwrap();
            prop_assert_eq!((notice.before, &read.entries, &read.passing), (last, &burst.entries, &burst.passing));
        }
    }
}
