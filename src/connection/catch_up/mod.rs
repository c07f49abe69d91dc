//! How a connection gets what it lacks of a feed: page by page from the feed's source, no further ahead than it reads.
//!
//! Invariant: it gets every item after its position that it wants once, in order, and then what is published.

pub(super) mod board;
pub(super) mod journal;
pub(super) mod log;
pub(super) mod pages;

use std::future::poll_fn;

use bytes::Bytes;

use crate::hub::Link;

/// Where the items of a feed come from that a connection lacks.
pub(super) trait Source {
    /// Why nothing more can be read.
    type Error;

    /// What comes after `position`.
    async fn since(&self, position: u64) -> Result<Next, Self::Error>;
}

/// What a source has after a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Some items.
    Page(Page),
    /// What is left stands before what is published from now on: the connection is live.
    Joined,
}

/// Items that were read together, ready for the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// What the dialect says before them.
    pub(super) before: Bytes,
    pub(super) frames: Bytes,
    /// How many items these are.
    pub(super) count: usize,
    /// What the dialect says after them.
    pub(super) after: Bytes,
    /// Nothing else is lacking up to here.
    pub(super) last: u64,
    /// Whether the feed's last item is among them.
    pub(super) is_end: bool,
}

impl Page {
    /// A page without items, up to this position.
    pub(super) const fn empty(last: u64) -> Self {
        let none = Bytes::new;
        Self { before: none(), frames: none(), count: 0, after: none(), last, is_end: false }
    }
}

/// Sends a connection what it lacks after `position`, until it is live or closed. The next page is read once the one
/// before has left: who stands still holds one page and no more.
pub(super) async fn catch_up<S: Source>(link: &Link, source: &S, mut position: u64) -> Result<(), S::Error> {
    while poll_fn(|context| link.poll_room(usize::MAX, context)).await {
        let Next::Page(page) = source.since(position).await? else { return Ok(()) };
        position = page.last;
        let Page { before, frames, count, after, is_end, .. } = page;
        for (messages, frames) in [(1, before), (count, frames), (1, after)] {
            link.send_replay(messages, frames);
        }
        if is_end && link.about().ends_with_feed {
            link.finish();
        }
    }
    Ok(())
}
