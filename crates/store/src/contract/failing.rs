//! Commits that fail: nothing is told that is not written, nothing is lost while there is hope.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::events;
use super::support::{ALL, Board, append, beside, create, summary};
use crate::Synchronous;
use crate::document::{Discard, Put};
use crate::engine::{Engine, Refusal};
use crate::handle::Parts;
use crate::memory::Memory;
use crate::query::Query;
use crate::seal::Sealer;
use crate::sqlite::Opening;
use crate::writer::Options;
use crate::{Append, Change, Document, Error, EventRow, Health, ListSessions, Precondition, SessionKey, Store};
use callboard_domain::id::SessionId;
use callboard_domain::time::Timestamp;

/// An engine that asks at each commit whether it may.
struct Doubtful {
    engine: Memory,
    verdicts: Receiver<Verdict>,
}

enum Verdict {
    Work,
    Fail,
}

impl Engine for Doubtful {
    fn commit(&mut self, batch: &[Append], events: Option<&EventRow>) -> Result<Vec<Refusal>, Error> {
        match self.verdicts.recv() {
            Ok(Verdict::Work) => self.engine.commit(batch, events),
            Ok(Verdict::Fail) | Err(_) => Err(Error::Unavailable("no room".into())),
        }
    }

    fn remove(&mut self, key: SessionKey) -> Result<(), Error> {
        self.engine.remove(key)
    }

    fn purge(&mut self, before: Timestamp, limit: usize) -> Result<Vec<SessionId>, Error> {
        self.engine.purge(before, limit)
    }

    fn put(&mut self, put: Put) -> Result<Document, Error> {
        self.engine.put(put)
    }

    fn discard(&mut self, discard: &Discard) -> Result<(), Error> {
        self.engine.discard(discard)
    }

    fn purge_events(&mut self, before_seq: u64) -> Result<(), Error> {
        self.engine.purge_events(before_seq)
    }

    fn answer(&mut self, query: Query) {
        self.engine.answer(query);
    }
}

fn options() -> Options {
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
    let engine = Doubtful { engine: Memory::default(), verdicts };
    let parts = Parts {
        engine,
        readers: Vec::<Memory>::new(),
        largest: None,
        last_event: 0,
        sealer: Sealer::random().unwrap(),
    };
    (Board::of(Store::start(parts, options(), 2).unwrap(), None), verdict)
}

async fn until_failing(store: &Store) {
    let mut health = store.watch_health();
    health.wait_for(|health| *health != Health::Well).await.unwrap();
}

#[actix::test]
async fn a_commit_that_fails_is_tried_again_and_told_only_then() {
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

#[actix::test]
async fn events_of_a_commit_that_fails_are_told_once_it_works_and_in_order() {
    let (board, verdict) = doubtful();
    let mut heard = events::listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append_with(create(&one), vec![events::draft("custom.a", 0)]);
    verdict.send(Verdict::Fail).unwrap();
    until_failing(&board.store).await;
    for number in 1..20 {
        board.store.record(vec![events::draft("custom.a", number), events::draft("task.progress", number)]);
    }
    assert!(heard.try_recv().is_err(), "nothing is told before it is written");
    for _ in 0..20 {
        verdict.send(Verdict::Fail).unwrap();
        verdict.send(Verdict::Work).unwrap();
    }
    let told = events::next(&mut heard, 39).await;
    let seqs: Vec<u64> = told.iter().filter_map(|one| one.event.seq).collect();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
    assert!(told.iter().map(events::number).is_sorted());
    assert_eq!(board.store.unwritten(), 0);
}

#[actix::test]
async fn a_full_disk_loses_no_event_that_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut opening = Opening::new(Synchronous::Full, 3);
    opening.max_pages = Some(200);
    let store = Store::start(opening.open(&path, None).unwrap(), options(), 2).unwrap();
    let mut heard = events::listen(&store);
    for number in 0..20_000 {
        store.record(vec![events::draft("custom.a", number)]);
    }
    until_failing(&store).await;
    assert!(store.close().await > 0);
    drop(store);
    let mut told = Vec::new();
    while let Ok(recorded) = tokio::time::timeout(Duration::from_secs(5), heard.recv()).await
        && let Some(recorded) = recorded
    {
        told.push(recorded);
    }
    let board = Board::at(&path);
    let rows = board.store.events(0, usize::MAX).await.unwrap();
    let there: Vec<_> = rows.iter().flat_map(|row| row.after(0)).map(|(_, json)| json).collect();
    assert_eq!(there, told.into_iter().map(|one| one.json).collect::<Vec<_>>());
}

#[actix::test]
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

#[actix::test]
async fn what_is_asked_during_a_failure_is_answered() {
    let (board, verdict) = doubtful();
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    // The pause in which it is asked may be any of these.
    let asked = async {
        assert_eq!(board.store.find(one.id).await.unwrap(), None);
        assert!(matches!(board.store.remove(one.key).await, Err(Error::Unavailable(_))));
        assert!(matches!(board.store.purge(Timestamp::NEVER, 9).await, Err(Error::Unavailable(_))));
        let put = board.store.put_document("workflows", "one", "{}".into(), Precondition::Anything).await;
        assert!(matches!(put, Err(Error::Unavailable(_))));
        let removed = board.store.remove_document("workflows", "one", Precondition::Anything).await;
        assert!(matches!(removed, Err(Error::Unavailable(_))));
        assert_eq!(board.store.documents("workflows", None, 9).await, Ok(Vec::new()));
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

#[actix::test]
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
    assert!(board.heard.is_empty());
    let late = board.store.list(ListSessions::default()).await;
    assert!(matches!(late, Err(Error::Unavailable(_))));
    assert_eq!(board.store.close().await, 8);
    board.heard.clear();
}

#[actix::test]
async fn a_full_disk_loses_nothing_that_was_told() {
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
    let mut told = None;
    while let Some(committed) = board.next().await {
        told = told.max(committed.rows.iter().map(|(_, row)| *row).max());
    }
    drop(board);
    let board = Board::at(&path);
    let rows = board.store.journal(one.key, ALL).await.unwrap();
    assert!(lost > 0 && rows.len() + lost == 2000, "{} rows are there, {lost} are lost", rows.len());
    assert_eq!(rows.last().map(|row| row.row), told);
    assert!(beside(&path, ".lock").exists());
}

#[actix::test]
async fn a_document_for_which_there_is_no_room_is_refused_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut opening = Opening::new(Synchronous::Normal, 3);
    opening.max_pages = Some(60);
    let parts = opening.open(&folder.path().join("board.db"), None).unwrap();
    let store = Store::start(parts, options(), 2).unwrap();
    let mut written = 0;
    let refused = loop {
        let body = "x".repeat(9000);
        match store.put_document("workflows", &format!("{written:03}"), body, Precondition::Absent).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&refused, Error::Unavailable(reason) if reason.contains("full")), "{refused}");
    let larger = store.put_document("workflows", "000", "y".repeat(90_000), Precondition::Version(1)).await;
    assert_eq!(larger, Err(refused));
    assert_eq!(store.health(), Health::Well);
    let there = store.documents("workflows", None, 99).await.unwrap();
    assert!(written > 5 && there.len() == written, "{written} were written, {} are there", there.len());
    assert!(there.iter().all(|one| one.version == 1 && one.body.len() == 9000));
    store.remove_document("workflows", "001", Precondition::Version(1)).await.unwrap();
    let again = store.put_document("workflows", "000", "z".repeat(9000), Precondition::Version(1)).await.unwrap();
    assert_eq!(store.document("workflows", "000").await.unwrap(), Some(again));
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
    for _ in 0..3 {
        assert!(matches!(parts.engine.commit(&batch, None), Err(Error::Unavailable(_))));
    }
    parts.engine.connection().pragma_update_and_check(None, "max_page_count", 100_000, |_| Ok(())).unwrap();
    assert_eq!(parts.engine.commit(&batch, None).unwrap(), []);
    let rows = crate::engine::Read::journal(&mut parts.readers[0], one.key, ALL).unwrap();
    assert_eq!(rows.len(), 100);
}
