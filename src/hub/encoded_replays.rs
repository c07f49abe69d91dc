//! Replays as they were encoded last: many connections that come at once share one text.
//!
//! Lives on one thread. Invariant: what is kept here is dropped soon, so that it costs little beside the outboxes.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::Bytes;

use super::dialect::{About, Opening, Signal, encode};
use super::item::{Item, Items};
use super::kinds::KindSet;
use super::link::Link;
use super::messages::Announced;
use super::topic::Topic;

/// How many are kept.
const KEPT: usize = 4;

/// The replays that were encoded last.
#[derive(Debug, Default)]
pub struct EncodedReplays(RefCell<VecDeque<EncodedReplay>>);

#[derive(Debug)]
struct EncodedReplay {
    /// Kept, so that no other replay takes its place in memory.
    items: Items,
    about: &'static About,
    kinds: KindSet,
    announced: Announced,
    count: usize,
    frames: Bytes,
}

impl EncodedReplays {
    /// How many items of a replay a connection gets, and their frames in its dialect: encoded now, or shared with whoever
    /// got them before.
    pub fn encode(&self, items: &Items, topic: Topic, link: &Link, announced: Announced) -> (usize, Bytes) {
        if items.is_empty() && announced == Announced::No {
            return (0, Bytes::new());
        }
        let (about, kinds) = (link.about(), link.kinds());
        let mut kept = self.0.borrow_mut();
        let known = kept.iter().find(|encoded| {
            encoded.items.is_same(items)
                && std::ptr::eq(encoded.about, about)
                && (encoded.kinds, encoded.announced) == (kinds, announced)
        });
        if let Some(EncodedReplay { count, frames, .. }) = known {
            return (*count, frames.clone());
        }
        // What a client wants to hear of workflows says nothing of a session that it has started.
        let is_wanted = |item: &Item<'_>| !topic.is_of_workflows() || kinds.has(item.kind_index);
        let (count, mut frames) = encode(link.dialect(), items, topic.session_id(), is_wanted);
        if let Announced::Yes { dropped, last_seq } = announced {
            let opening = Opening { count: count as u64, dropped, last_seq };
            let signal = |signal| link.dialect().signal(signal);
            frames = [signal(Signal::ReplayStart(opening)), frames, signal(Signal::ReplayEnd)].concat().into();
        }
        kept.truncate(KEPT - 1);
        let items = items.clone();
        kept.push_front(EncodedReplay { items, about, kinds, announced, count, frames: frames.clone() });
        (count, frames)
    }

    /// Forgets them; what is in outboxes stays.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
