//! The events that are kept, as an answer that is put together page by page, as fast as the client takes it: of one who
//! reads slowly no more than a page is held.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::error::Problem;
use crate::domain::event::{Filter, Kind, NewEvent};
use crate::domain::id::ExecutionId;
use crate::domain::owner::Owner;
use crate::domain::status::Priority;
use crate::event::{Error, Events, KeptEvent, Page, Position, Span};

/// An answer looks at no more than about this many bytes of events, so that it comes to an end.
const MAX_BYTES: usize = 8 * 1_048_576;

/// What is read at once.
const PAGE_BYTES: usize = 262_144;

/// Reads the log for one answer.
pub(super) struct Reader {
    events: Events,
    /// Whose events; everybody's where it is nobody.
    owner: Option<Owner>,
    filter: Filter,
    /// How many more events fit into the answer.
    left: usize,
    /// Behind which place it goes on.
    at: Position,
    /// Whether it may begin with the oldest event that is kept, whichever that is.
    is_anywhere: bool,
    looked_at: usize,
    /// What has been put together and has not left yet.
    part: Vec<u8>,
    /// Whether an event stands in the answer.
    has_any: bool,
}

/// What stands behind the events.
#[derive(Serialize)]
struct End<'a> {
    epoch: &'a str,
    first_seq: u64,
    last_seq: u64,
    next: String,
}

impl Reader {
    /// One who begins behind `since`, or with the oldest.
    pub(super) fn new(
        events: Events,
        owner: Option<Owner>,
        since: Option<Position>,
        filter: Filter,
        limit: usize,
    ) -> Self {
        let (is_anywhere, part) = (since.is_none(), br#"{"events":["#.to_vec());
        let at = since.unwrap_or_else(|| beginning(&events.span()));
        Self { events, owner, filter, left: limit, at, is_anywhere, looked_at: 0, part, has_any: false }
    }

    /// The first part of the answer, and who reads on where there is more.
    ///
    /// # Errors
    /// Where the position is none of this log, or what follows it is kept no longer, or the store cannot be read.
    pub(super) async fn begin(mut self) -> Result<(Bytes, Option<Self>), Problem> {
        let page = match self.page().await {
            // The oldest were removed meanwhile; who has seen none misses none.
            Err(Error::TooOld(span)) if self.is_anywhere => {
                self.at = beginning(&span);
                self.page().await?
            }
            page => page?,
        };
        Ok(self.take(page))
    }

    /// The next part, and who reads on.
    pub(super) async fn read(self) -> (Bytes, Option<Self>) {
        match self.page().await {
            Ok(page) => self.take(page),
            // The answer has begun. It ends early, and says where: whoever goes on from there is told what is wrong.
            Err(_) => (self.end(), None),
        }
    }

    async fn page(&self) -> Result<Page, Error> {
        self.events.read(self.owner.as_ref(), &self.at, PAGE_BYTES).await
    }

    fn take(mut self, page: Page) -> (Bytes, Option<Self>) {
        let Page { events, reached, .. } = page;
        let is_last = events.is_empty();
        for KeptEvent { seq, json, .. } in events {
            if self.left == 0 {
                return (self.end(), None);
            }
            self.looked_at += json.len();
            self.at.seq = seq;
            if fits(&json, &self.filter) {
                if std::mem::replace(&mut self.has_any, true) {
                    self.part.push(b',');
                }
                self.part.extend_from_slice(&json);
                self.left -= 1;
            }
        }
        if self.left == 0 {
            return (self.end(), None);
        }
        self.at.seq = reached;
        if is_last || self.looked_at >= MAX_BYTES {
            return (self.end(), None);
        }
        (std::mem::take(&mut self.part).into(), Some(self))
    }

    fn end(mut self) -> Bytes {
        let Span { epoch, first_seq, last_seq } = self.events.span();
        let end = End { epoch: &epoch, first_seq, last_seq: last_seq.max(self.at.seq), next: self.at.to_string() };
        // Numbers and texts: they can be written.
        let end = serde_json::to_vec(&end).unwrap_or_default();
        self.part.extend_from_slice(b"],");
        self.part.extend_from_slice(end.get(1..).unwrap_or_default());
        self.part.into()
    }
}

/// The position before all that is kept.
fn beginning(span: &Span) -> Position {
    Position { epoch: span.epoch.clone(), seq: span.first_seq.saturating_sub(1) }
}

/// Whether an event is one of those that are asked for.
fn fits(json: &Bytes, filter: &Filter) -> bool {
    #[derive(Deserialize)]
    struct Head {
        r#type: String,
        priority: Priority,
        execution_id: Option<ExecutionId>,
        crew_id: Option<String>,
        agent_id: Option<String>,
    }
    if *filter == Filter::default() {
        return true;
    }
    let Ok(head) = serde_json::from_slice::<Head>(json) else { return false };
    let Some(kind) = Kind::parse(&head.r#type) else { return false };
    let mut new_event = NewEvent::new(kind);
    new_event.priority = head.priority;
    new_event.execution_id = head.execution_id;
    new_event.crew_id = head.crew_id.map(Into::into);
    new_event.agent_id = head.agent_id.map(Into::into);
    filter.takes(&new_event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_given_where_it_fits() {
        let event = crate::domain::event::Event::now(NewEvent::new(Kind::ExecutionFailed).of_crew("c").with("a", 1));
        let json = Bytes::from(event.to_json());
        let of = |crew: &str| Filter { crew_id: Some(crew.into()), ..Filter::default() };
        assert!(fits(&json, &Filter::default()));
        assert!(fits(&json, &of("c")) && !fits(&json, &of("d")));
    }
}
