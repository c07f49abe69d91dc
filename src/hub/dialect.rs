//! How what happens is written for one kind of connection.

use bytes::Bytes;

use super::close::CloseCode;
use super::frame;
use super::messages::Announced;
use super::tell::{Interest, Parts};
use crate::domain::burst::{Burst, Passing, Told};
use crate::domain::entry::Class;
use crate::domain::event::Told as Event;
use crate::domain::tail::Replay;

/// What a replay is going to be, before its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// How many entries follow.
    pub count: u64,
    /// How many were left out.
    pub dropped: u64,
    /// The journal's last `seq`.
    pub last_seq: u64,
}

/// How what happens is written for one kind of connection: always whole frames, ready for the socket.
///
/// Where nothing is said otherwise, it is a WebSocket.
pub trait Dialect: Sync + 'static {
    /// Its name, unique among the dialects.
    fn name(&self) -> &'static str;

    /// Appends entries.
    fn entries(&self, told: &[Told], out: &mut Vec<u8>);

    /// Appends a line or progress that has no place in the journal.
    fn passing(&self, passing: &Passing, out: &mut Vec<u8>) {
        frame::write_text(out, &passing.json);
    }

    /// Appends the words before an announced replay; none by default.
    fn opening(&self, _opening: Opening, _out: &mut Vec<u8>) {}

    /// Appends the words after an announced replay; none by default.
    fn complete(&self, _out: &mut Vec<u8>) {}

    /// An event as this dialect writes it, without a frame; nothing where it tells no events.
    fn event(&self, _told: &Event) -> Bytes {
        Bytes::new()
    }

    /// Appends a frame with one event.
    fn event_frame(&self, _payload: &Bytes, _out: &mut Vec<u8>) {}

    /// Appends one frame with several events.
    fn batch_frame(&self, _payloads: &[Bytes], _out: &mut Vec<u8>) {}

    /// A frame with an answer about events, which is JSON; nothing where it tells no events.
    fn answer(&self, _json: &str) -> Bytes {
        Bytes::new()
    }

    /// How many of these messages are wanted, and what is written for them; `None` where there is none. They are frames
    /// already where nothing else is said.
    fn parts(&self, parts: &Parts, interest: Interest) -> Option<(usize, Bytes)> {
        parts.wanted(interest)
    }

    /// What keeps the connection alive, and asks the peer to show that it is there.
    fn ping(&self) -> Bytes {
        frame::ping()
    }

    /// The last thing that is written.
    fn farewell(&self, code: CloseCode, reason: &str) -> Option<Bytes> {
        Some(frame::close(Some(code.code()), reason))
    }

    /// Whether the peer can speak: then it is heard, and answers a close.
    fn is_spoken_both_ways(&self) -> bool {
        true
    }

    /// Whether the connection ends once the terminal entry is written.
    fn ends_with_the_session(&self) -> bool {
        false
    }

    /// A whole replay.
    fn replay(&self, replay: &Replay, announced: Announced) -> Bytes {
        let mut out = Vec::with_capacity(size(&replay.told) + 256);
        if announced == Announced::Yes {
            let (count, dropped, last_seq) = (replay.told.len() as u64, replay.dropped, replay.last_seq);
            self.opening(Opening { count, dropped, last_seq }, &mut out);
        }
        self.entries(&replay.told, &mut out);
        if announced == Announced::Yes {
            self.complete(&mut out);
        }
        out.into()
    }

    /// The entries of a burst and what is sent between them, in one piece.
    fn burst(&self, burst: &Burst) -> Bytes {
        let mut out = Vec::with_capacity(size(&burst.told));
        let mut from = 0;
        for passing in &burst.passing {
            self.entries(burst.told.get(from..passing.after).unwrap_or_default(), &mut out);
            self.passing(passing, &mut out);
            from = passing.after;
        }
        self.entries(burst.told.get(from..).unwrap_or_default(), &mut out);
        out.into()
    }
}

/// Whether the session's last entry is among these.
#[must_use]
pub fn has_the_end(told: &[Told]) -> bool {
    told.iter().any(|told| told.class == Class::Terminal)
}

/// The room that entries take, with frames round them.
fn size(told: &[Told]) -> usize {
    told.iter().map(|told| told.json.len() + told.kind.len() + 40).sum()
}
