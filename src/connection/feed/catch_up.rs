//! How an event socket gets what it lacks: page by page from the log, no further ahead than the client reads.
//!
//! Invariant: it gets every kept event after its position that it wants once, in order, and then what happens.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::{Feeds, POSITION_UNKNOWN, TOO_OLD, lost_words};
use crate::domain::event::Told;
use crate::event::{Error, Position, Span};
use crate::hub::{Link, Links};

/// How long to wait before a log is read again that could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// A connection that reads what it lacks.
pub(in crate::connection) struct LogReader {
    feeds: Feeds,
    links: Rc<Links>,
    link: Rc<Link>,
}

impl LogReader {
    /// For a connection that is behind.
    pub(in crate::connection) fn new(feeds: &Feeds, links: &Rc<Links>, link: &Rc<Link>) -> Self {
        Self { feeds: feeds.clone(), links: Rc::clone(links), link: Rc::clone(link) }
    }

    /// Reads on in a task of its own, until the connection is told what happens as it happens, or is closed.
    pub(in crate::connection) fn start(self) {
        actix::spawn(async move {
            let epoch = self.feeds.events.span().epoch;
            let read = async |seq| {
                let after = Position { epoch: epoch.clone(), seq };
                self.feeds.events.read(&after, self.feeds.page_bytes).await.map(|page| page.events)
            };
            follow(&self.links, &self.link, read, || self.feeds.events.span()).await;
        });
    }
}

/// Reads on until the connection is told what happens as it happens, or is closed.
async fn follow(
    links: &Links,
    link: &Rc<Link>,
    read: impl AsyncFn(u64) -> Result<Vec<(u64, Bytes)>, Error>,
    span: impl Fn() -> Span,
) {
    while poll_fn(|context| link.poll_room(usize::MAX, context)).await {
        let Some(reader) = link.reader() else { return };
        // A worker that was just started has heard of nothing yet.
        if reader.position() >= span().last_seq && links.go_live(link) {
            return;
        }
        match read(reader.position()).await {
            Ok(page) => {
                // A page that is empty says that there is nothing up to what was told here.
                let last = page.last().map_or_else(|| span().last_seq.max(links.told_seq()), |(seq, _)| *seq);
                tell(link, page);
                reader.advance(last);
            }
            Err(Error::Unavailable(error)) => {
                log::warn!(connection:% = link.id(), error:%; "events cannot be read; it is tried again");
                actix::clock::sleep(AGAIN).await;
            }
            Err(error @ (Error::TooOld(_) | Error::PositionUnknown(_))) => {
                let code = if let Error::TooOld(_) = error { TOO_OLD } else { POSITION_UNKNOWN };
                let span = span();
                tell_lost(link, code, &span);
                reader.advance(span.last_seq.max(links.told_seq()));
            }
        }
    }
}

/// Tells what is wanted of a page.
fn tell(link: &Link, page: Vec<(u64, Bytes)>) {
    let Some(reader) = link.reader() else { return };
    let wanted: Vec<Told> =
        page.into_iter().filter_map(|(_, json)| Told::read(json)).filter(|told| reader.takes(told)).collect();
    if wanted.is_empty() {
        return;
    }
    let (dialect, mut out) = (link.dialect(), Vec::new());
    let payloads: Vec<Bytes> = wanted.iter().map(|told| dialect.event(told)).collect();
    if reader.manner().batch.is_some() {
        dialect.batch_frame(&payloads, &mut out);
    } else {
        payloads.iter().for_each(|payload| dialect.event_frame(payload, &mut out));
    }
    link.tell_replay(payloads.len(), out.into());
}

/// Tells a client that what it lacks is not there any more.
fn tell_lost(link: &Link, code: &'static str, span: &Span) {
    link.count_error(code);
    link.tell_replay(1, link.dialect().answer(&lost_words(code, span)));
}
