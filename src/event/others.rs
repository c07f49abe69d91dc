//! Events that another server has recorded: read once somebody wants them, as most servers have nobody who does.

use std::sync::{Arc, OnceLock};

use super::EncodedEvent;
use crate::domain::event::Kind;
use crate::store::EventRow;

/// See the module.
pub(crate) struct EventsOfOthers {
    row: EventRow,
    /// Up to this `seq`, they were published before.
    after_seq: u64,
    all: OnceLock<Arc<[EncodedEvent]>>,
}

impl EventsOfOthers {
    /// Those of a row after this `seq`.
    pub(super) fn new(row: EventRow, after_seq: u64) -> Self {
        Self { row, after_seq, all: OnceLock::new() }
    }

    /// The `seq` of the last one.
    pub(crate) fn last_seq(&self) -> u64 {
        self.row.last_seq
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> &Arc<[EncodedEvent]> {
        self.all.get_or_init(|| self.read(|_| true).collect())
    }

    /// Those of these types, in order.
    pub(crate) fn of_kinds(&self, kinds: &[Kind]) -> impl Iterator<Item = EncodedEvent> {
        let is_one = |word: &str| kinds.iter().any(|kind| kind.word() == word);
        self.read(move |json| EncodedEvent::kind_in(json).is_none_or(is_one))
            .filter(move |event| kinds.contains(&event.new_event().kind))
    }

    fn read(&self, may_be_wanted: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = EncodedEvent> {
        let wanted = self.row.after(self.after_seq).filter(move |(_, json)| may_be_wanted(json));
        wanted.filter_map(|(seq, json)| {
            let event = EncodedEvent::read(self.row.owner.clone(), json);
            if event.is_none() {
                log::error!(seq; "an event of another server cannot be read, and is passed over");
            }
            event
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, NewEvent};
    use crate::domain::owner::Owner;

    #[test]
    fn those_that_are_wanted_are_read_and_what_cannot_be_read_is_passed_over() {
        let events: Vec<_> = [Kind::RequestOpened, Kind::ExecutionProgress, Kind::ExecutionFailed]
            .into_iter()
            .zip(4..)
            .map(|(kind, seq)| EncodedEvent::new(Event { seq: Some(seq), ..Event::now(NewEvent::new(kind)) }))
            .collect();
        let mut body: Vec<u8> = events.iter().flat_map(|event| [event.json().as_ref(), b"\n"].concat()).collect();
        body.extend_from_slice(b"{}\n");
        let row = EventRow { first_seq: 4, last_seq: 7, owner: Owner::SERVER, body: body.into() };
        let others = EventsOfOthers::new(row.clone(), 0);
        assert_eq!(others.all().as_ref(), events.as_slice());
        let ends: Vec<_> = others.of_kinds(&[Kind::RequestOpened, Kind::ExecutionFailed]).collect();
        assert_eq!(ends, [events[0].clone(), events[2].clone()]);
        assert_eq!(EventsOfOthers::new(row, 4).all().as_ref(), &events[1..]);
    }
}
