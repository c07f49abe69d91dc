//! What is told to many at once and kept nowhere: messages of several kinds, and the way to all shards.
//!
//! Who tells says of which kind a message is; a connection may want some kinds only. A kind is a number from 0 to 31,
//! and means what those agree on who tell and who listen.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use actix::{Addr, Message};
use bytes::Bytes;
use smallvec::SmallVec;

use super::feed::TellEvents;
use super::frame;
use super::gauge::Gauge;
use super::messages::Topic;
use super::shard::Shard;
use crate::domain::event::Kind;
use crate::domain::id::{ConnectionId, ExecutionId};

/// Which kinds of messages a connection wants: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest(pub u32);

impl Interest {
    /// Every kind.
    pub const ALL: Interest = Interest(u32::MAX);

    /// Only this kind; one that is none counts as nothing.
    #[must_use]
    pub const fn only(kind: u8) -> Self {
        Interest(if kind < 32 { 1 << kind } else { 0 })
    }

    /// Whether this kind is wanted.
    #[must_use]
    pub const fn wants(self, kind: u8) -> bool {
        self.0 & Interest::only(kind).0 != 0
    }
}

/// Messages that are told together, as text frames. Written once, whoever gets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// All frames in their order.
    whole: Bytes,
    /// Each of them, in its order.
    places: Vec<Part>,
    /// The kinds that there are.
    kinds: u32,
}

/// One message among several.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    kind: u8,
    seq: Option<u64>,
    frame: Range<usize>,
    /// Where its text begins within all frames.
    text: usize,
}

/// One message as its text, for those who write it otherwise than in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartText<'a> {
    /// Its kind.
    pub kind: u8,
    /// Its place in what is told on its topic, where it has one.
    pub seq: Option<u64>,
    /// The text itself.
    pub text: &'a [u8],
}

impl Parts {
    /// How many messages these are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Those that are wanted: how many, and their frames; `None` where there is none of them.
    #[must_use]
    pub fn wanted(&self, interest: Interest) -> Option<(usize, Bytes)> {
        let wanted = self.kinds & interest.0;
        if wanted == 0 {
            return None;
        }
        if wanted == self.kinds {
            return Some((self.len(), self.whole.clone()));
        }
        let mut out = Vec::new();
        let mut count = 0;
        for part in self.places.iter().filter(|part| interest.wants(part.kind)) {
            out.extend_from_slice(self.whole.get(part.frame.clone()).unwrap_or_default());
            count += 1;
        }
        Some((count, out.into()))
    }

    /// The texts of those that are wanted.
    pub fn texts(&self, interest: Interest) -> impl Iterator<Item = PartText<'_>> {
        self.places.iter().filter(move |part| interest.wants(part.kind)).map(|part| PartText {
            kind: part.kind,
            seq: part.seq,
            text: self.whole.get(part.text..part.frame.end).unwrap_or_default(),
        })
    }

    /// The bits of the kinds that there are and that are wanted: connections for which this is equal get the same.
    #[must_use]
    pub(super) fn share(&self, interest: Interest) -> u32 {
        self.kinds & interest.0
    }
}

/// Puts messages together.
#[derive(Debug, Default)]
pub struct PartsBuilder {
    out: Vec<u8>,
    parts: Parts,
}

impl PartsBuilder {
    /// Adds a message of this kind, which is its text; its `seq` is its place in what is told on its topic.
    pub fn push(&mut self, kind: u8, seq: Option<u64>, text: &[u8]) {
        let start = self.out.len();
        frame::write_text(&mut self.out, text);
        let frame = start..self.out.len();
        let text = frame.end.saturating_sub(text.len());
        self.parts.places.push(Part { kind, seq, frame, text });
        self.parts.kinds |= Interest::only(kind).0;
    }

    /// All that were added.
    #[must_use]
    pub fn finish(self) -> Parts {
        Parts { whole: self.out.into(), ..self.parts }
    }
}

/// To a shard: each of its connections that listens to any of these topics is told once, of the kinds that it wants.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Tell {
    /// Where.
    pub topics: SmallVec<[Topic; 2]>,
    /// The first `seq` of what is told on these topics, where somebody without room for it may get the rest later: it
    /// listens no more, and has all but this and what follows. Without it, such are closed as too slow.
    pub first_seq: Option<u64>,
    /// What.
    pub parts: Arc<Parts>,
}

/// To a shard: this connection listens from now on, and is told how things stand before all that follows.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Join {
    /// The connection; it may be gone, or listen already.
    pub connection: ConnectionId,
    /// What it listens to.
    pub topic: Topic,
    /// What it is told first.
    pub parts: Arc<Parts>,
}

/// The way to all shards. Cloning shares it.
#[derive(Clone)]
pub struct Broadcast {
    shards: Arc<[Addr<Shard>]>,
    gauge: Arc<Gauge>,
}

impl Broadcast {
    /// The way to these shards, whose connections `gauge` counts.
    #[must_use]
    pub fn new(shards: &[Addr<Shard>], gauge: Arc<Gauge>) -> Self {
        Self { shards: shards.into(), gauge }
    }

    /// Whether anybody anywhere listens to what is told this way, or is about to. Where nobody does, nothing need be
    /// written.
    #[must_use]
    pub fn has_listeners(&self) -> bool {
        self.gauge.has_listeners()
    }

    /// Tells everybody who listens.
    pub fn tell(&self, tell: &Tell) {
        for shard in &*self.shards {
            shard.do_send(tell.clone());
        }
    }

    /// Whether anybody may listen to events of this type, or to this session whatever the type. Where nobody does, an
    /// event that is kept nowhere need not be written.
    #[must_use]
    pub fn is_heard(&self, kind: &Kind, execution: Option<&ExecutionId>) -> bool {
        self.gauge.is_heard(kind, execution)
    }

    /// Whether anybody wants the server's own numbers again and again.
    #[must_use]
    pub fn is_metrics_heard(&self) -> bool {
        self.gauge.is_metrics_heard()
    }

    /// Tells events to their audience. Kept ones have to come in order, after their commit.
    pub fn tell_events(&self, message: &TellEvents) {
        for shard in &*self.shards {
            shard.do_send(message.clone());
        }
    }

    /// Lets a connection of this shard listen. It counts as a listener from here on, not only once the shard hears of
    /// it: what is told in between must not be left out.
    pub fn join(&self, shard: &Addr<Shard>, join: Join) {
        self.gauge.listener_comes();
        shard.do_send(join);
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
