//! The log of events, as several members share it: what is published of a commit, how it is read with its writers, and how
//! it begins anew after a loss.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;
use tokio::sync::watch;

use super::documents;
use super::link::{Failure, Link};
use super::place::Place;
use super::read::Reader;
use super::record::damaged;
use super::scripts::run;
use crate::cluster::View;
use crate::cluster::relay::{Entry, Log, Renewed, Source};
use crate::events::EPOCH_PLACE;
use crate::fence::fenced;
use crate::{Error, EventRow, Fence};

/// Reads the log for the relay.
pub(super) struct LogReader {
    pub(super) reader: Reader,
    pub(super) link: Link,
    pub(super) place: Arc<Place>,
    pub(super) view: watch::Receiver<Arc<View>>,
}

impl Source for LogReader {
    fn entries(&mut self, after_seq: u64, max_bytes: usize) -> Result<Vec<Entry>, Error> {
        self.reader.entries(None, after_seq, max_bytes)
    }

    fn renew(&mut self, known: Log) -> Result<Renewed, Error> {
        let me = self.view.borrow().me;
        renew(&mut self.link, &self.place, me, known)?.ok_or_else(fenced)
    }
}

/// See [`Source::renew`]; nothing where this is no member.
pub(super) fn renew(link: &mut Link, place: &Place, member: Fence, known: Log) -> Result<Option<Renewed>, Failure> {
    let (collection, id) = EPOCH_PLACE;
    let ids = documents::place(&Owner::SERVER, collection);
    let mut call = place.script(|scripts| &scripts.renew);
    call.arg(member.to_string()).arg(known.generation).arg(known.last_seq);
    call.arg(crate::events::new_epoch()).arg(Timestamp::now().as_micros());
    call.arg(format!("document:{ids}{id}")).arg(format!("documents:{ids}")).arg(id);
    let answer: Vec<String> = link.call(|connection| run(&call, connection))?;
    let [_, generation, began, last, epoch] = answer.as_slice() else { return Ok(None) };
    let number = |text: &str| text.parse().unwrap_or(0);
    let generation = number(generation);
    Ok(Some(Renewed { generation, began: number(began), last_seq: number(last), epoch: epoch.clone() }))
}

/// What is published of a commit: the generation of the log and the writer, then each row: its numbers, the lengths of what
/// follows, the owner and the text. The script of a commit writes the same.
pub(super) fn announcement(generation: u64, writer: Fence, rows: &[EventRow]) -> Vec<u8> {
    let mut message = format!("{generation} {writer}\n").into_bytes();
    for EventRow { first_seq, last_seq, owner, body } in rows {
        let owner = owner.as_str();
        message.extend_from_slice(format!("{first_seq} {last_seq} {} {}\n{owner}", owner.len(), body.len()).as_bytes());
        message.extend_from_slice(body);
    }
    message
}

/// Reads what was published of a commit.
pub(super) fn read_announcement(message: &[u8]) -> Option<(u64, Fence, Vec<EventRow>)> {
    let mut rest = Bytes::copy_from_slice(message);
    let head = line(&mut rest)?;
    let (generation, writer) = head.split_once(' ')?;
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let head = line(&mut rest)?;
        let mut numbers = head.split(' ').map(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let (first_seq, last_seq) = (next()?, next()?);
        let (owner, body) = (usize::try_from(next()?).ok()?, usize::try_from(next()?).ok()?);
        if rest.len() < owner.checked_add(body)? {
            return None;
        }
        let owner = std::str::from_utf8(&rest.split_to(owner)).ok()?.parse().ok()?;
        rows.push(EventRow { first_seq, last_seq, owner, body: rest.split_to(body) });
    }
    Some((generation.parse().ok()?, Fence::parse(writer)?, rows))
}

/// Takes a line off.
fn line(rest: &mut Bytes) -> Option<String> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = rest.split_to(end);
    rest.advance(1);
    String::from_utf8(line.into()).ok()
}

/// What the engine says of an entry of the log: last number, first number, owner, text and writer.
pub(super) fn read_entry(parts: [Vec<u8>; 5]) -> Result<Entry, Error> {
    let [last, first, owner, body, writer] = parts;
    let unreadable = || damaged("an event");
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    let row = EventRow {
        first_seq: number(&first).ok_or_else(unreadable)?,
        last_seq: number(&last).ok_or_else(unreadable)?,
        owner: std::str::from_utf8(&owner).ok().and_then(|owner| owner.parse().ok()).ok_or_else(unreadable)?,
        body: body.into(),
    };
    Ok((std::str::from_utf8(&writer).ok().and_then(Fence::parse), row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_read_as_it_was_written_and_nothing_else_is() {
        let row = |first_seq, last_seq, owner: &str, body: &'static str| EventRow {
            first_seq,
            last_seq,
            owner: owner.parse().unwrap(),
            body: body.into(),
        };
        let rows = vec![row(1, 2, "server", "{}\n{\n}\n"), row(3, 3, "Ada", ""), row(4, u64::MAX, "b", "x 1 2\n")];
        let writer = Fence::random();
        let message = announcement(7, writer, &rows);
        assert_eq!(read_announcement(&message), Some((7, writer, rows.clone())));
        let ends = [1, 2, 3].map(|count| announcement(7, writer, &rows[..count]).len());
        for end in (0..message.len()).filter(|end| !ends.contains(end)) {
            let read = read_announcement(&message[..end]);
            assert!(read.is_none_or(|(_, _, rows)| rows.is_empty()), "{end}");
        }
    }
}
