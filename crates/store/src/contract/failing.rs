//! Commits that fail: nothing is published that is not written, nothing is lost while there is hope.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::events;
use super::support::{ALL, Board, SERVER, append, beside, create, summary};
use crate::Synchronous;
use crate::engine::{Batch, Engine, Outcome, Written};
use crate::handle::Parts;
use crate::keys::Lane;
use crate::memory::Tables;
use crate::query::Query;
use crate::seal::Sealer;
use crate::sqlite::Opening;
use crate::writer::Options;
use crate::{
    Change, ChangeError, Document, Error, Fence, Health, ListSessions, Precondition, SessionKey, Store, Write,
};
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// An engine that asks at each commit whether it may.
struct Doubtful {
    engine: Tables,
    verdicts: Receiver<Verdict>,
}

enum Verdict {
    Work,
    /// The commit is done, and its answer lost.
    Lose,
    Fail,
}

impl Engine for Doubtful {
    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Error> {
        match self.verdicts.recv() {
            Ok(Verdict::Work) => self.engine.commit(batch),
            Ok(Verdict::Lose) => {
                self.engine.commit(batch)?;
                Err(Error::Unavailable("no answer".into()))
            }
            Ok(Verdict::Fail) | Err(_) => Err(Error::Unavailable("no room".into())),
        }
    }

    fn remove(&mut self, fence: Fence, key: SessionKey) -> Result<(), Error> {
        self.engine.remove(fence, key)
    }

    fn purge(&mut self, fence: Fence, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        self.engine.purge(fence, before, limit)
    }

    fn change(
        &mut self,
        fence: Fence,
        writes: Vec<Write>,
        at: Timestamp,
    ) -> Result<Vec<Option<Document>>, ChangeError> {
        self.engine.change(fence, writes, at)
    }

    fn purge_events(&mut self, fence: Fence, before_seq: u64) -> Result<(), Error> {
        self.engine.purge_events(fence, before_seq)
    }

    fn answer(&mut self, query: Query) {
        self.engine.answer(query);
    }
}

pub(super) fn options() -> Options {
    let pause = Duration::from_millis(1);
    Options {
        max_commit_bytes: 1 << 20,
        first_pause: pause,
        longest_pause: pause,
        on_commit: std::sync::Arc::new(|_, _| {}),
    }
}

fn doubtful() -> (Board, Sender<Verdict>) {
    let (verdict, verdicts) = channel();
    let engine = Doubtful { engine: Tables::default(), verdicts };
    let parts = Parts {
        engine,
        readers: Vec::<Tables>::new(),
        fence: Fence::random(),
        lane: Lane::default(),
        largest: None,
        sealer: Sealer::random().unwrap(),
    };
    (Board::of(Store::start(parts, options(), 2).unwrap(), None), verdict)
}

async fn until_failing(store: &Store) {
    let mut health = store.watch_health();
    health.wait_for(|health| *health != Health::Well).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_is_tried_again_and_published_only_then() {
    let (mut board, verdict) = doubtful();
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    board.store.append(append(&one, 1, Change::None));
    verdict.send(Verdict::Fail).unwrap();
    until_failing(&board.store).await;
    assert_eq!(board.store.health(), Health::Failing { reason: "no room".into(), is_lasting: false });
    assert_eq!(board.store.unwritten(), 2);
    for verdicts in [Verdict::Fail, Verdict::Fail, Verdict::Work, Verdict::Work] {
        verdict.send(verdicts).unwrap();
    }
    board.written(0, one.id, 1).await;
    assert_eq!(board.store.health(), Health::Well);
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 2);
    assert_eq!(board.store.unwritten(), 0);
}

#[tokio::test]
async fn events_of_a_commit_that_fails_are_published_once_it_works_and_in_order() {
    let (board, verdict) = doubtful();
    let mut received = events::listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append_with(create(&one), vec![events::new("custom.a", 0)]);
    verdict.send(Verdict::Fail).unwrap();
    until_failing(&board.store).await;
    for number in 1..20 {
        board.store.record(vec![events::new("custom.a", number), events::new("task.progress", number)]);
    }
    assert!(received.try_recv().is_err(), "nothing is published before it is written");
    for _ in 0..20 {
        verdict.send(Verdict::Fail).unwrap();
        verdict.send(Verdict::Work).unwrap();
    }
    let published = events::next(&mut received, 39).await;
    let seqs: Vec<u64> = published.iter().filter_map(|one| one.event.seq).collect();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
    assert!(published.iter().map(events::number).is_sorted());
    assert_eq!(board.store.unwritten(), 0);
}

#[tokio::test]
async fn a_full_disk_loses_no_event_that_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut opening = Opening::new(Synchronous::Full, 3);
    opening.max_pages = Some(200);
    let store = Store::start(opening.open(&path, None).unwrap(), options(), 2).unwrap();
    let mut received = events::listen(&store);
    for number in 0..20_000 {
        store.record(vec![events::new("custom.a", number)]);
    }
    until_failing(&store).await;
    assert!(store.close().await > 0);
    drop(store);
    let mut published = Vec::new();
    while let Ok(recorded) = tokio::time::timeout(Duration::from_secs(5), received.recv()).await
        && let Some(recorded) = recorded
    {
        published.push(recorded);
    }
    let board = Board::at(&path);
    let rows = board.store.events(None, 0, usize::MAX).await.unwrap();
    let there: Vec<_> = rows.iter().flat_map(|row| row.after(0)).map(|(_, json)| json).collect();
    assert_eq!(there, published.into_iter().map(|one| one.json).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_made_once() {
    let (mut board, verdict) = doubtful();
    let mut received = events::listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append_with(create(&one), vec![events::new("custom.a", 0)]);
    for verdicts in [Verdict::Lose, Verdict::Fail, Verdict::Lose, Verdict::Work] {
        verdict.send(verdicts).unwrap();
    }
    board.written(0, one.id, 0).await;
    assert_eq!(events::next(&mut received, 1).await[0].event.seq, Some(1));
    verdict.send(Verdict::Work).unwrap();
    board.store.append_with(append(&one, 1, Change::None), vec![events::new("custom.a", 1)]);
    board.written(0, one.id, 1).await;
    assert_eq!(events::next(&mut received, 1).await[0].event.seq, Some(2));
    assert!(board.received.iter().all(|(_, message)| message.refused.is_empty()), "it stands in nobody's way");
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_order_is_kept_over_a_failure() {
    let (mut board, verdict) = doubtful();
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    verdict.send(Verdict::Fail).unwrap();
    until_failing(&board.store).await;
    for row in 1..50 {
        board.store.append(append(&one, row, Change::None));
    }
    for _ in 0..50 {
        verdict.send(Verdict::Work).unwrap();
    }
    let mut last = None;
    while last != Some(49) {
        let rows = board.next().await.unwrap().rows;
        assert!(rows.iter().all(|(id, row)| *id == one.id && last.is_none_or(|last| last < *row)));
        last = rows.last().map(|(_, row)| *row);
    }
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 50);
}

#[tokio::test]
async fn what_is_asked_during_a_failure_is_answered() {
    let (board, verdict) = doubtful();
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    // The pause in which it is asked may be any of these.
    let asked = async {
        assert_eq!(board.store.find(one.id).await.unwrap(), None);
        assert!(matches!(board.store.remove(one.key).await, Err(Error::Unavailable(_))));
        assert!(matches!(board.store.purge(Timestamp::NEVER, 9).await, Err(Error::Unavailable(_))));
        let put = board.store.put_document(&SERVER, "workflows", "one", "{}".into(), Precondition::Anything).await;
        assert!(matches!(put, Err(Error::Unavailable(_))));
        let removed = board.store.remove_document(&SERVER, "workflows", "one", Precondition::Anything).await;
        assert!(matches!(removed, Err(Error::Unavailable(_))));
        assert_eq!(board.store.documents(&SERVER, "workflows", None, 9).await, Ok(Vec::new()));
    };
    let failing = async {
        loop {
            let _ = verdict.send(Verdict::Fail);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = asked => {}
        () = failing => {}
    }
    drop(verdict);
    assert_eq!(board.store.close().await, 1);
}

#[tokio::test]
async fn closing_a_failing_store_counts_what_is_lost() {
    let (mut board, verdict) = doubtful();
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    verdict.send(Verdict::Fail).unwrap();
    until_failing(&board.store).await;
    for row in 1..8 {
        board.store.append(append(&one, row, Change::None));
    }
    drop(verdict);
    assert_eq!(board.store.close().await, 8);
    assert!(board.received.is_empty());
    let late = board.store.list(ListSessions::default()).await;
    assert!(matches!(late, Err(Error::Unavailable(_))));
    assert_eq!(board.store.close().await, 8);
    board.received.clear();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut opening = Opening::new(Synchronous::Full, 3);
    opening.max_pages = Some(200);
    let store = Store::start(opening.open(&path, None).unwrap(), options(), 2).unwrap();
    let mut board = Board::of(store, None);
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    for row in 1..2000 {
        let mut append = append(&one, row, Change::None);
        append.body = vec![b'x'; 3000].into();
        board.store.append(append);
    }
    until_failing(&board.store).await;
    let Health::Failing { reason, .. } = board.store.health() else { panic!("it has recovered by itself") };
    assert!(reason.contains("full"), "{reason}");
    let lost = board.store.close().await;
    let mut published = None;
    while let Some(committed) = board.next().await {
        published = published.max(committed.rows.iter().map(|(_, row)| *row).max());
    }
    drop(board);
    let board = Board::at(&path);
    let rows = board.store.journal(one.key, ALL).await.unwrap();
    assert!(lost > 0 && rows.len() + lost == 2000, "{} rows are there, {lost} are lost", rows.len());
    assert_eq!(rows.last().map(|row| row.row), published);
    assert!(beside(&path, ".lock").exists());
}

#[tokio::test]
async fn a_document_for_which_there_is_no_room_is_refused_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut opening = Opening::new(Synchronous::Normal, 3);
    opening.max_pages = Some(60);
    let parts = opening.open(&folder.path().join("board.db"), None).unwrap();
    let store = Store::start(parts, options(), 2).unwrap();
    let mut written = 0;
    let refused = loop {
        let body = "x".repeat(9000);
        match store.put_document(&SERVER, "workflows", &format!("{written:03}"), body, Precondition::Absent).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&refused, Error::Unavailable(reason) if reason.contains("full")), "{refused}");
    let larger = store.put_document(&SERVER, "workflows", "000", "y".repeat(90_000), Precondition::Version(1)).await;
    assert_eq!(larger, Err(refused));
    assert_eq!(store.health(), Health::Well);
    let there = store.documents(&SERVER, "workflows", None, 99).await.unwrap();
    assert!(written > 5 && there.len() == written, "{written} were written, {} are there", there.len());
    assert!(there.iter().all(|one| one.version == 1 && one.body.len() == 9000));
    store.remove_document(&SERVER, "workflows", "001", Precondition::Version(1)).await.unwrap();
    let again =
        store.put_document(&SERVER, "workflows", "000", "z".repeat(9000), Precondition::Version(1)).await.unwrap();
    assert_eq!(store.document(&SERVER, "workflows", "000").await.unwrap(), Some(again));
}

#[test]
fn a_full_disk_can_be_cleared_and_the_same_batch_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut opening = Opening::new(Synchronous::Normal, 1);
    opening.max_pages = Some(60);
    let mut parts = opening.open(&folder.path().join("board.db"), None).unwrap();
    let store = Board::memory_store();
    let one = summary(&store, 0);
    let mut batch = vec![create(&one)];
    for row in 1..100 {
        let mut append = append(&one, row, Change::None);
        append.body = vec![b'x'; 8000].into();
        batch.push(append);
    }
    let batch = Batch { fence: parts.fence, number: 1, appends: batch, events: Vec::new() };
    for _ in 0..3 {
        assert!(matches!(parts.engine.commit(&batch), Err(Error::Unavailable(_))));
    }
    parts.engine.connection().pragma_update_and_check(None, "max_page_count", 100_000, |_| Ok(())).unwrap();
    assert_eq!(parts.engine.commit(&batch).unwrap(), Outcome::Written(Written::default()));
    let rows = crate::engine::Read::journal(&mut parts.readers[0], one.key, ALL).unwrap();
    assert_eq!(rows.len(), 100);
}
