//! The event log as a source: what an event socket subscribed to, read page by page.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::event_socket::EventSockets;
use super::{Next, Page, Source};
use crate::domain::event::EncodedEvent;
use crate::event::{Error, KeptEvent, Lost, Position, Span};
use crate::hub::dialect::Signal;
use crate::hub::subscription::Subscription;
use crate::hub::{Items, Link, Links};

/// How long to wait before a log is read again that could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// The event log for one connection.
pub(in crate::connection) struct Log {
    pub(in crate::connection) sockets: EventSockets,
    pub(in crate::connection) links: Rc<Links>,
    pub(in crate::connection) link: Rc<Link>,
}

impl Source for Log {
    type Error = Infallible;

    async fn since(&self, position: u64) -> Result<Next, Infallible> {
        let (events, links, link) = (&self.sockets.events, &self.links, &self.link);
        let Some(listener) = link.event_listener() else { return Ok(Next::Joined) };
        let span = events.span();
        if !listener.follows(&span.epoch) {
            listener.begin_anew(Arc::clone(&span.epoch), Subscription::joining(span.last_seq));
            return Ok(Next::Page(self.lost(Lost::BegunAnew, &span, span.last_seq)));
        }
        listener.advance(position);
        loop {
            let span = events.span();
            // What was read may be ahead of what was published here; a place that no event has leads nowhere.
            let is_there = matches!(events.has(position).await, Ok(true));
            // A worker that was just started has heard of nothing yet.
            if position >= span.last_seq && is_there && links.go_live(link) {
                return Ok(Next::Joined);
            }
            let after = Position { epoch: span.epoch, seq: position };
            let whose = if listener.reads_of_all() { None } else { listener.whose() };
            match events.read(whose, &after, self.sockets.page_bytes).await {
                Ok(page) => {
                    let read = |KeptEvent { owner, json, .. }| {
                        let may_be_its = listener.whose().is_none_or(|whose| owner == *whose) || names_assignees(&json);
                        if may_be_its { EncodedEvent::read(owner, json) } else { None }
                    };
                    let events = page.events.into_iter().filter_map(read).filter(|event| listener.takes(event));
                    return Ok(Next::Page(self.page(events.collect(), page.reached)));
                }
                Err(Error::Unavailable(error)) => {
                    log::warn!(connection:% = link.id(), error:%; "events cannot be read; it is tried again");
                    actix::clock::sleep(AGAIN).await;
                }
                Err(error @ (Error::TooOld(_) | Error::PositionUnknown(_))) => {
                    let lost = if let Error::TooOld(_) = error { Lost::TooOld } else { Lost::Unknown };
                    let span = events.span();
                    return Ok(Next::Page(self.lost(lost, &span, span.last_seq.max(links.published_seq()))));
                }
            }
        }
    }
}

/// Whether an event may be about a question that is put to somebody: a look at the text is cheaper than reading it.
fn names_assignees(json: &[u8]) -> bool {
    const MEMBER: &[u8] = b"\"assignees\":";
    json.windows(MEMBER.len()).any(|window| window == MEMBER)
}

impl Log {
    /// Why it cannot go on where it was, and goes on behind `last`.
    fn lost(&self, lost: Lost, span: &Span, last: u64) -> Page {
        self.link.count_error(lost.code());
        Page { before: self.link.dialect().signal(Signal::Answer(&lost.told(span))), ..Page::empty(last) }
    }

    /// These events as the connection's dialect writes them: one by one, or in one frame where it gathers them.
    fn page(&self, events: Vec<EncodedEvent>, last: u64) -> Page {
        let dialect = self.link.dialect();
        let items = Items::Events(events.into());
        let payloads: Vec<Bytes> = items.iter().map(|item| dialect.payload(&item)).collect();
        let is_gathering = self.link.event_listener().is_some_and(|listener| listener.manner().batch.is_some());
        let mut out = Vec::new();
        let together = if is_gathering { payloads.len().max(1) } else { 1 };
        payloads.chunks(together).for_each(|payloads| dialect.frame(payloads, &mut out));
        Page { frames: out.into(), count: payloads.len(), ..Page::empty(last) }
    }
}
