//! Replays as they were written last: many connections that come at once share one text.
//!
//! Lives on one thread. Invariant: what is kept here is dropped soon, so that it costs little beside the outboxes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::dialect::Dialect;
use super::messages::Announced;
use crate::domain::tail::Replay;

/// How many are kept.
const KEPT: usize = 4;

/// The replays that were written last.
#[derive(Debug, Default)]
pub struct Replays(RefCell<VecDeque<Written>>);

#[derive(Debug)]
struct Written {
    /// Kept, so that no other replay takes its place in memory.
    replay: Arc<Replay>,
    dialect: &'static str,
    announced: Announced,
    frames: Bytes,
}

impl Replays {
    /// A replay in a dialect: written now, or shared with whoever got it before.
    pub fn write(&self, replay: &Arc<Replay>, dialect: &dyn Dialect, announced: Announced) -> Bytes {
        let mut kept = self.0.borrow_mut();
        let known = kept.iter().find(|written| {
            Arc::ptr_eq(&written.replay, replay) && written.dialect == dialect.name() && written.announced == announced
        });
        if let Some(written) = known {
            return written.frames.clone();
        }
        let frames = dialect.replay(replay, announced);
        kept.truncate(KEPT - 1);
        let written =
            Written { replay: Arc::clone(replay), dialect: dialect.name(), announced, frames: frames.clone() };
        kept.push_front(written);
        frames
    }

    /// Forgets them; what is in outboxes stays.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
