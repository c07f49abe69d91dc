//! How a connection gets what it lacks: from the session where that has it in memory, else from the store first.
//!
//! Reads the journal page by page, and no further ahead than the outbox has room. Invariant: the connection gets every
//! entry after `since` once, in order, and then live ones.

use std::future::poll_fn;
use std::rc::Rc;

use actix::Addr;
use futures::FutureExt as _;

use super::pages::{self, Page, PageId, Pages};
use crate::domain::burst::{Burst, Told};
use crate::domain::id::SessionId;
use crate::hub::dialect::{Opening, has_the_end};
use crate::hub::{Dialect, Link, Shard};
use crate::session::Sessions;
use crate::session::messages::{Attached, Greeting, Refused};
use crate::store::{JournalRange, Row, SessionKey, Store};

/// The bytes of a journal that are read at once, at most.
const PAGE_BYTES: usize = 65_536;

/// A connection that wants a session's entries.
pub(super) struct CatchUp {
    pub(super) sessions: Sessions,
    pub(super) session_id: SessionId,
    pub(super) shard: Addr<Shard>,
    pub(super) link: Rc<Link>,
    /// Shared by all that catch up on this worker.
    pub(super) pages: Rc<Pages>,
}

impl CatchUp {
    /// Asks the session to take the connection on. Does nothing once the connection is being closed: the session must
    /// not hear of it after it has heard that it is gone.
    pub(super) async fn attach(&self, since: Option<u64>, greeting: Greeting) -> Result<Attached, Refused> {
        if !self.link.is_open() {
            return Ok(Attached::Live);
        }
        self.sessions.attach(self.session_id, self.link.id(), self.shard.clone(), since, greeting).await
    }

    /// Goes on from the first answer until the connection gets live entries.
    pub(super) async fn follow(&self, attached: Attached, since: Option<u64>) -> Result<(), Refused> {
        self.go_on(attached, since.unwrap_or(0), Greeting::Spoken).await
    }

    /// Attaches a connection again that got live entries up to `seq` and had no room for the next: it gets them as it
    /// reads. Whether it reads at all is the watchdog's question.
    pub(super) async fn resume(&self, seq: u64) -> Result<(), Refused> {
        if !room(&self.link, usize::MAX).await {
            return Ok(());
        }
        let attached = self.attach(Some(seq), Greeting::Silent).await?;
        self.go_on(attached, seq, Greeting::Silent).await
    }

    async fn go_on(&self, mut attached: Attached, mut at: u64, mut greeting: Greeting) -> Result<(), Refused> {
        while let Attached::Behind { key, last_seq } = attached {
            let span = Span { after: at, last_seq };
            let dialect = self.link.dialect();
            let read = async |span: Span| {
                let id = PageId { key, after: span.after, last_seq: span.last_seq, dialect: dialect.name() };
                let store = self.sessions.store().clone();
                self.pages.get(id, || async move { page(&store, key, span, dialect).await }.boxed_local()).await
            };
            replay(&self.link, read, span, greeting).await?;
            at = last_seq.max(at);
            greeting = Greeting::Silent;
            // What the session adds from memory comes at once: only then is the outbox bounded by one such addition.
            if !room(&self.link, usize::MAX).await {
                return Ok(());
            }
            attached = self.attach(Some(at), greeting).await?;
        }
        Ok(())
    }
}

/// A stretch of a journal: the entries after `after`, up to `last_seq`.
#[derive(Clone, Copy, Debug)]
struct Span {
    after: u64,
    last_seq: u64,
}

/// Reads the first page of a stretch, and writes it in a dialect.
async fn page(store: &Store, key: SessionKey, span: Span, dialect: &'static dyn Dialect) -> pages::Read {
    let range = JournalRange { after_seq: Some(span.after), after_row: None, max_bytes: PAGE_BYTES };
    write(store.journal(key, range).await?, span, dialect)
}

/// Tells a stretch of a journal that is read page by page, with the dialect's words round it where it is announced.
async fn replay(
    link: &Link,
    read: impl AsyncFn(Span) -> pages::Read,
    span: Span,
    greeting: Greeting,
) -> Result<(), Refused> {
    let Span { after, last_seq } = span;
    if greeting == Greeting::Spoken {
        let mut words = Vec::new();
        let count = last_seq.saturating_sub(after);
        link.dialect().opening(Opening { count, dropped: 0, last_seq }, &mut words);
        link.tell(words.into());
    }
    let mut at = after;
    while at < last_seq {
        if !room(link, PAGE_BYTES).await {
            return Ok(());
        }
        let page = read(Span { after: at, last_seq }).await?;
        at = page.last;
        if !tell(link, page).await {
            return Ok(());
        }
    }
    if greeting == Greeting::Spoken {
        let mut words = Vec::new();
        link.dialect().complete(&mut words);
        if room(link, words.len()).await {
            link.tell(words.into());
        }
    }
    Ok(())
}

/// Writes the entries of a stretch that are in these rows.
fn write(rows: Vec<Row>, span: Span, dialect: &dyn Dialect) -> pages::Read {
    let mut told: Vec<Told> = Vec::new();
    for row in rows {
        let (burst, _) = Burst::read(row.body).map_err(|damaged| Refused::Unavailable(damaged.to_string()))?;
        told.extend(burst.told.into_iter().filter(|told| told.seq > span.after && told.seq <= span.last_seq));
    }
    // A session that was removed in between has no rows.
    let last = told.last().ok_or(Refused::UnknownSession)?.seq;
    let mut frames = Vec::new();
    dialect.entries(&told, &mut frames);
    Ok(Page { frames: frames.into(), count: told.len(), last, ends: has_the_end(&told) })
}

/// Tells a page once there is room for it; gives whether the connection is still open.
async fn tell(link: &Link, page: Page) -> bool {
    if !room(link, page.frames.len()).await {
        return false;
    }
    link.tell_all(page.count, page.frames);
    if link.dialect().ends_with_the_session() && page.ends {
        link.finish();
    }
    link.is_open()
}

/// Waits for room; gives whether the connection is still open.
async fn room(link: &Link, bytes: usize) -> bool {
    poll_fn(|context| link.poll_room(bytes, context)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::dialect::{events::EVENTS, session::SESSION};
    use crate::domain::burst::BurstBuilder;
    use crate::domain::entry::Entry;
    use crate::domain::id::ConnectionId;
    use crate::domain::time::Timestamp;
    use actix::clock::Instant;
    use proptest::prelude::*;
    use std::task::{Context, Poll, Waker};

    const OUTBOX: usize = 16_384;

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
                builder.tell(&entry, None, seq, Timestamp::from_micros(0));
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

    /// What a client gets that reads a little whenever the replay has to wait, and how the replay ended.
    fn replayed(dialect: &'static dyn Dialect, journal: &[Row], span: Span) -> (String, Result<(), Refused>) {
        let link = Link::new(ConnectionId::new(0, 0), dialect, OUTBOX, None, Instant::now(), Rc::default());
        let read = async |span: Span| {
            let range = JournalRange { after_seq: Some(span.after), after_row: None, max_bytes: PAGE_BYTES };
            write(page(journal, range), span, dialect)
        };
        let mut work = Box::pin(replay(&link, read, span, Greeting::Spoken));
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
            let (text, outcome) = replayed(&SESSION, &journal, Span { after, last_seq });
            prop_assert_eq!(outcome, Ok(()));
            prop_assert_eq!(seqs(&text), expected.clone());
            let count = format!("\"count\":{},\"dropped\":0,\"last_seq\":{last_seq}}}", expected.len());
            let end = "{\"type\":\"state_replay_complete\",\"message\":\"State replay finished\"}";
            prop_assert!(text.contains(&count) && text.ends_with(end), "{}", text);
            let (text, _) = replayed(&EVENTS, &journal, Span { after, last_seq });
            prop_assert_eq!(seqs(&text), expected);
        }
    }

    #[test]
    fn a_session_that_was_removed_meanwhile_is_unknown() {
        let outcome = replayed(&SESSION, &journal(&[2, 2], 1), Span { after: 0, last_seq: 9 }).1;
        assert_eq!(outcome, Err(Refused::UnknownSession));
    }

    #[test]
    fn a_damaged_journal_is_not_told() {
        let row = Row { row: 0, last_seq: 1, body: "{}".into() };
        let outcome = replayed(&SESSION, &[row], Span { after: 0, last_seq: 1 }).1;
        assert!(matches!(outcome, Err(Refused::Unavailable(_))), "{outcome:?}");
    }
}
