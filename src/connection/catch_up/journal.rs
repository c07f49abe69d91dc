//! A session's journal as a source: what the session has in memory it sends by itself, what lies before that is in the
//! store.

use std::cell::Cell;
use std::rc::Rc;

use actix::Addr;
use bytes::Bytes;
use futures::FutureExt as _;

use super::pages::{EncodedPage, PageId, Pages, Read};
use super::{Next, Page, Source};
use crate::auth::Principal;
use crate::connection::dialect::socket::Socket;
use crate::domain::burst::{Burst, EncodedEntry};
use crate::domain::id::SessionId;
use crate::domain::tail::Replay;
use crate::hub::dialect::{Opening, Signal, encode};
use crate::hub::{Dialect, Items, Link, Shard};
use crate::session::Sessions;
use crate::session::messages::{Attached, Greeting, Refused, Via};
use crate::store::{JournalRange, Row, SessionKey, Store};

/// The bytes of a journal that are read at once, at most.
const PAGE_BYTES: usize = 65_536;

/// A session's journal for one connection.
pub(in crate::connection) struct Journal {
    sessions: Sessions,
    /// Who follows it.
    principal: Principal,
    session_id: SessionId,
    shard: Addr<Shard>,
    pub(in crate::connection) link: Rc<Link>,
    /// Shared by all that catch up on this worker.
    pages: Rc<Pages>,
    /// What is read from the store just now.
    stretch: Cell<Option<Stretch>>,
    greeting: Cell<Greeting>,
}

/// The entries up to `last_seq`, of which the store has all.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    key: SessionKey,
    last_seq: u64,
    /// Whether the dialect's closing words follow it.
    is_announced: bool,
}

impl Journal {
    /// The journal of a session for a connection that hears opening and closing words where `greeting` says so.
    pub(in crate::connection) fn new(
        sessions: Sessions,
        (principal, session_id): (Principal, SessionId),
        shard: Addr<Shard>,
        link: Rc<Link>,
        pages: Rc<Pages>,
        greeting: Greeting,
    ) -> Self {
        let (stretch, greeting) = (Cell::new(None), Cell::new(greeting));
        Self { sessions, principal, session_id, shard, link, pages, stretch, greeting }
    }

    /// Asks the session to let the connection follow it; gives whether it does, else the store has what lies before. Does
    /// nothing once the connection is being closed: the session must not hear of it after it has heard that it is gone.
    pub(in crate::connection) async fn attach(&self, since: Option<u64>) -> Result<bool, Refused> {
        if !self.link.is_open() {
            return Ok(true);
        }
        let (sessions, connection, shard) = (&self.sessions, self.link.id(), self.shard.clone());
        let via = if Socket::is_of_audits(self.link.about()) { Via::Audit } else { Via::Session };
        let attaching =
            sessions.attach(&self.principal, self.session_id, connection, shard, since, (self.greeting.get(), via));
        match attaching.await? {
            Attached::Live => Ok(true),
            Attached::Behind { key, last_seq } => {
                self.stretch.set(Some(Stretch { key, last_seq, is_announced: false }));
                Ok(false)
            }
        }
    }

    async fn read(&self, stretch: Stretch, after: u64) -> Read {
        let dialect = self.link.dialect();
        let Stretch { key, last_seq, .. } = stretch;
        let id = PageId { key, after, last_seq, dialect: dialect.about().name };
        let store = self.sessions.store().clone();
        let session_id = self.session_id;
        self.pages.get(id, || async move { read(&store, id, session_id, dialect).await }.boxed_local()).await
    }
}

impl Source for Journal {
    type Error = Refused;

    async fn since(&self, position: u64) -> Result<Next, Refused> {
        if self.stretch.get().is_none() && self.attach(Some(position)).await? {
            return Ok(Next::Joined);
        }
        let Some(stretch) = self.stretch.get() else { return Ok(Next::Joined) };
        let read = async |after| self.read(stretch, after).await;
        let (page, rest) =
            page(self.link.dialect(), read, stretch, position, self.greeting.replace(Greeting::Silent)).await?;
        self.stretch.set(rest);
        Ok(Next::Page(page))
    }
}

/// The next page of a stretch, with the dialect's words round the stretch where it is announced; and what is left of it.
async fn page(
    dialect: &dyn Dialect,
    read: impl AsyncFn(u64) -> Read,
    stretch: Stretch,
    after: u64,
    greeting: Greeting,
) -> Result<(Page, Option<Stretch>), Refused> {
    let Stretch { last_seq, .. } = stretch;
    let begins = greeting == Greeting::Spoken;
    let is_announced = stretch.is_announced || begins;
    let opening = Opening { count: last_seq.saturating_sub(after), dropped: 0, last_seq };
    let before = if begins { dialect.signal(Signal::ReplayStart(opening)) } else { Bytes::new() };
    let mut page = Page { before, ..Page::empty(after.max(last_seq)) };
    if after < last_seq {
        let EncodedPage { frames, count, last, is_end } = read(after).await?;
        page = Page { frames, count, last, is_end, ..page };
    }
    let is_over = page.last >= last_seq;
    if is_over && is_announced {
        page.after = dialect.signal(Signal::ReplayEnd);
    }
    Ok((page, (!is_over).then_some(Stretch { is_announced, ..stretch })))
}

/// Reads a page of a journal, and encodes it in a dialect.
async fn read(store: &Store, id: PageId, session_id: SessionId, dialect: &'static dyn Dialect) -> Read {
    let range = JournalRange { after_seq: Some(id.after), after_row: None, max_bytes: PAGE_BYTES };
    encoded(store.journal(id.key, range).await?, Some(session_id), (id.after, id.last_seq), dialect)
}

/// Encodes the entries after `after` and up to `last_seq` that are in these rows.
fn encoded(
    rows: Vec<Row>,
    session_id: Option<SessionId>,
    (after, last_seq): (u64, u64),
    dialect: &dyn Dialect,
) -> Read {
    let mut entries: Vec<EncodedEntry> = Vec::new();
    for row in rows {
        let (burst, _) = Burst::read(row.body).map_err(|damaged| Refused::Unavailable(damaged.to_string()))?;
        entries.extend(burst.entries.into_iter().filter(|entry| entry.seq > after && entry.seq <= last_seq));
    }
    // A session that was removed in between has no rows.
    let last = entries.last().ok_or(Refused::UnknownSession)?.seq;
    let items = Items::Replay(Replay { entries, dropped: 0, last_seq: last }.into());
    let is_end = items.iter().any(|item| item.is_end);
    let (count, frames) = encode(dialect, &items, session_id, |_| true);
    Ok(EncodedPage { frames, count, last, is_end })
}

#[cfg(test)]
mod tests {
    use super::super::catch_up;
    use super::*;
    use crate::connection::dialect::socket::{Form, Kind, Socket};
    use crate::connection::dialect::sse::SSE;
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::Entry;
    use crate::domain::id::ConnectionId;
    use crate::domain::time::Timestamp;
    use actix::clock::Instant;
    use proptest::prelude::*;
    use std::task::{Context, Poll, Waker};

    const OUTBOX: usize = 16_384;

    fn session() -> &'static Socket {
        Socket::of(Kind::Session, Form::default())
    }

    /// A journal whose rows have so many entries each, every entry of this length; the last one is the session's end.
    fn journal(rows: &[u64], length: usize) -> Vec<Row> {
        let total: u64 = rows.iter().sum();
        let mut seq = 0;
        let mut write = |(row, count): (usize, &u64)| {
            let mut builder = BurstBuilder::default();
            for _ in 0..*count {
                seq += 1;
                let content = "x".repeat(length);
                let end = Entry::TaskCancelled { reason: String::new() };
                let entry = if seq == total { end } else { Entry::Stream { content } };
                builder.append(&entry, None, seq, Timestamp::from_micros(0));
            }
            Row { row: u32::try_from(row).unwrap(), last_seq: seq, body: builder.finish().body }
        };
        rows.iter().enumerate().map(&mut write).collect()
    }

    /// A page as a store gives it.
    fn page(journal: &[Row], range: JournalRange) -> Vec<Row> {
        let wanted = |row: &&Row| row.last_seq > range.after_seq.unwrap_or(0);
        let mut bytes = 0;
        let fits = |row: &&Row| {
            let is_room = bytes < range.max_bytes;
            bytes += row.body.len();
            is_room
        };
        journal.iter().filter(wanted).take_while(fits).cloned().collect()
    }

    /// A stretch of a journal that is read page by page.
    struct Stored<'a> {
        journal: &'a [Row],
        dialect: &'static dyn Dialect,
        stretch: Cell<Option<Stretch>>,
        greeting: Cell<Greeting>,
    }

    impl Source for Stored<'_> {
        type Error = Refused;

        async fn since(&self, position: u64) -> Result<Next, Refused> {
            let Some(stretch) = self.stretch.get() else { return Ok(Next::Joined) };
            let read = async |after: u64| {
                let range = JournalRange { after_seq: Some(after), after_row: None, max_bytes: PAGE_BYTES };
                encoded(page(self.journal, range), None, (after, stretch.last_seq), self.dialect)
            };
            let greeting = self.greeting.replace(Greeting::Silent);
            let (page, rest) = super::page(self.dialect, read, stretch, position, greeting).await?;
            self.stretch.set(rest);
            Ok(Next::Page(page))
        }
    }

    /// What a client gets that reads a little whenever the replay has to wait, and how the replay ended.
    fn replayed(
        dialect: &'static dyn Dialect,
        journal: &[Row],
        (after, last_seq): (u64, u64),
    ) -> (String, Result<(), Refused>) {
        let link = Link::new(ConnectionId::new(0, 0), dialect, OUTBOX, None, Instant::now(), Rc::default());
        let stretch = Cell::new(Some(Stretch { key: SessionKey(1), last_seq, is_announced: false }));
        let source = Stored { journal, dialect, stretch, greeting: Cell::new(Greeting::Spoken) };
        let mut work = Box::pin(catch_up(&link, &source, after));
        let mut context = Context::from_waker(Waker::noop());
        let mut text = Vec::new();
        let mut outcome = None;
        loop {
            if outcome.is_none()
                && let Poll::Ready(ended) = work.poll_unpin(&mut context)
            {
                outcome = Some(ended);
            }
            match link.poll_next(&mut context) {
                Poll::Ready(Some(bytes)) => text.extend_from_slice(&bytes),
                Poll::Ready(None) | Poll::Pending if outcome.is_some() => break,
                Poll::Ready(None) | Poll::Pending => {}
            }
        }
        (String::from_utf8_lossy(&text).into_owned(), outcome.unwrap())
    }

    fn seqs(text: &str) -> Vec<u64> {
        let numbers = text.split("\"seq\":").skip(1);
        numbers.map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn exactly_what_was_announced_is_told_in_order(
            rows in prop::collection::vec(0..30u64, 1..20), length in 0..3000usize, after in 0..50u64, short in 0..50u64,
        ) {
            let journal = journal(&rows, length);
            let total = rows.iter().sum::<u64>();
            let after = after.min(total);
            let last_seq = total.saturating_sub(short).max(after);
            let expected: Vec<u64> = (after + 1..=last_seq).collect();
            let (text, outcome) = replayed(session(), &journal, (after, last_seq));
            prop_assert_eq!(outcome, Ok(()));
            prop_assert_eq!(seqs(&text), expected.clone());
            let count = format!("\"count\":{},\"dropped\":0,\"last_seq\":{last_seq}}}", expected.len());
            let end = "{\"type\":\"state_replay_complete\",\"message\":\"State replay finished\"}";
            prop_assert!(text.contains(&count) && text.ends_with(end), "{}", text);
            let (text, _) = replayed(&SSE, &journal, (after, last_seq));
            prop_assert_eq!(seqs(&text), expected);
        }
    }

    #[test]
    fn a_session_that_was_removed_meanwhile_is_unknown() {
        let outcome = replayed(session(), &journal(&[2, 2], 1), (0, 9)).1;
        assert_eq!(outcome, Err(Refused::UnknownSession));
    }

    #[test]
    fn a_damaged_journal_is_not_told() {
        let row = Row { row: 0, last_seq: 1, body: "{}".into() };
        let outcome = replayed(session(), &[row], (0, 1)).1;
        assert!(matches!(outcome, Err(Refused::Unavailable(_))), "{outcome:?}");
    }
}
