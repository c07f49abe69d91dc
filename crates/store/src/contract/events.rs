//! The part of the contract on events.

use proptest::prelude::*;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::support::{ALL, Board, append, create, summary};
use crate::{Change, Draft, Error, EventRow, EventSpan, Recorded, Store};
use callboard_domain::event::{Happening, Kind};
use callboard_domain::time::Timestamp;

contract! {
    events_are_told_as_they_are_read_in_one_order_without_gaps,
    an_event_of_a_row_is_there_when_the_row_is,
    a_row_that_is_refused_later_makes_nothing_happen,
    an_event_that_is_wanted_is_given,
    events_are_read_from_anywhere_and_in_parts,
    old_events_are_removed_row_by_row_and_the_newest_stays,
    a_closed_store_takes_and_gives_no_events,
}

/// What a store tells of events.
pub(super) fn listen(store: &Store) -> UnboundedReceiver<Recorded> {
    let (told, heard) = unbounded_channel();
    store.tell_events(move |events| {
        for recorded in events {
            let _ = told.send(recorded);
        }
    });
    heard
}

/// An event that can be told from any other by this number.
pub(super) fn draft(kind: &str, number: u64) -> Draft {
    Draft::new(Happening::new(Kind::parse(kind).unwrap()).with("number", number), Timestamp::from_micros(7))
}

fn kept(number: u64) -> Draft {
    draft("custom.kept", number)
}

pub(super) fn number(recorded: &Recorded) -> u64 {
    recorded.event.happening.data["number"].as_u64().unwrap()
}

/// The next of them.
pub(super) async fn next(heard: &mut UnboundedReceiver<Recorded>, many: usize) -> Vec<Recorded> {
    let mut events = Vec::new();
    while events.len() < many {
        events.push(heard.recv().await.expect("the store was closed before that was told"));
    }
    events
}

/// All events with their places, read in parts of so many bytes.
async fn read(store: &Store, after: u64, max_bytes: usize) -> Vec<(u64, bytes::Bytes)> {
    let mut events: Vec<(u64, bytes::Bytes)> = Vec::new();
    loop {
        let from = events.last().map_or(after, |(seq, _)| *seq);
        let rows = store.events(from, max_bytes).await.unwrap();
        if rows.is_empty() {
            return events;
        }
        events.extend(rows.iter().flat_map(|row: &EventRow| row.after(from)));
    }
}

fn as_read(told: &[Recorded]) -> Vec<(u64, bytes::Bytes)> {
    told.iter().filter_map(|one| Some((one.event.seq?, one.json.clone()))).collect()
}

async fn events_are_told_as_they_are_read_in_one_order_without_gaps(board: &mut Board) {
    let mut heard = listen(&board.store);
    assert_eq!(board.store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 0 });
    for at in 0..200 {
        let kinds = ["custom.kept", "execution.progress", "execution.failed"];
        board.store.record((0..3).map(|turn| draft(kinds[turn], at * 3 + turn as u64)).collect());
    }
    let told = next(&mut heard, 600).await;
    assert!(told.iter().map(number).eq(0..600));
    let seqs: Vec<u64> = told.iter().filter_map(|one| one.event.seq).collect();
    assert!(seqs.iter().copied().eq(1..=400));
    assert!(told.iter().all(|one| one.json == one.event.to_json()));
    assert_eq!(read(&board.store, 0, usize::MAX).await, as_read(&told));
    assert_eq!(board.store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 400 });
    assert_eq!(board.store.unwritten(), 0);
}

async fn an_event_of_a_row_is_there_when_the_row_is(board: &mut Board) {
    let mut heard = listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append_with(create(&one), vec![kept(0), draft("execution.progress", 1)]);
    for row in 1..50 {
        board.store.append_with(append(&one, row, Change::None), vec![kept(u64::from(row) + 1)]);
    }
    board.written(0, one.id, 49).await;
    assert_eq!(read(&board.store, 0, usize::MAX).await.len(), 50);
    let told = next(&mut heard, 51).await;
    assert!(told.iter().map(number).eq(0..51));
}

async fn a_row_that_is_refused_later_makes_nothing_happen(board: &mut Board) {
    let (torn, well) = (summary(&board.store, 0), summary(&board.store, 0));
    board.write([create(&torn), create(&well)]).await;
    board.store.append(append(&torn, 0, Change::None));
    board.write([append(&well, 1, Change::None)]).await;
    board.store.append_with(append(&torn, 1, Change::None), vec![kept(1)]);
    board.store.append_with(append(&well, 2, Change::None), vec![kept(2)]);
    board.written(0, well.id, 2).await;
    let there = read(&board.store, 0, usize::MAX).await;
    assert_eq!(there.len(), 1);
    assert!(there[0].1.windows(10).any(|part| part == br#""number":2"#));
    assert_eq!(board.store.journal(well.key, ALL).await.unwrap().len(), 3);
}

async fn an_event_that_is_wanted_is_given(board: &mut Board) {
    let mut heard = listen(&board.store);
    for at in 1..20 {
        board.store.record(vec![kept(0)]);
        let recorded = board.store.record_one(kept(at)).await.unwrap();
        assert_eq!((recorded.event.seq, number(&recorded)), (Some(at * 2), at));
        assert_eq!(next(&mut heard, 2).await[1], recorded);
    }
}

async fn events_are_read_from_anywhere_and_in_parts(board: &mut Board) {
    for at in 0..30 {
        board.store.record((0..=at % 3).map(|turn| kept(at * 10 + turn)).collect());
    }
    board.store.record_one(kept(999)).await.unwrap();
    let all = read(&board.store, 0, usize::MAX).await;
    assert_eq!(all.len(), 61);
    for after in 0..63 {
        let expected: Vec<_> = all.iter().filter(|(seq, _)| *seq > after).cloned().collect();
        for max_bytes in [0, 300, usize::MAX] {
            assert_eq!(read(&board.store, after, max_bytes).await, expected, "after {after}");
        }
    }
    assert_eq!(board.store.events(0, 0).await.unwrap().len(), 1);
}

async fn old_events_are_removed_row_by_row_and_the_newest_stays(board: &mut Board) {
    board.store.purge_events(u64::MAX).await.unwrap();
    for at in 0..10 {
        board.store.record(vec![kept(at)]);
        // What is no write of this kind ends a commit, so each has a row of its own.
        board.store.purge_events(0).await.unwrap();
    }
    for (before, first) in [(1, 1), (2, 2), (6, 6), (3, 6), (10, 10), (11, 10), (u64::MAX, 10)] {
        board.store.purge_events(before).await.unwrap();
        let span = board.store.event_span().await.unwrap();
        assert_eq!(span, EventSpan { first_seq: first, last_seq: 10 }, "before {before}");
        assert!(read(&board.store, 0, 0).await.iter().map(|(seq, _)| *seq).eq(first..=10));
    }
    assert_eq!(board.store.record_one(kept(0)).await.unwrap().event.seq, Some(11));
}

async fn a_closed_store_takes_and_gives_no_events(board: &mut Board) {
    board.store.record(vec![kept(1)]);
    assert_eq!(board.store.close().await, 0);
    board.store.record(vec![kept(2)]);
    let unavailable = |error: Error| matches!(error, Error::Unavailable(_));
    assert!(unavailable(board.store.record_one(kept(3)).await.unwrap_err()));
    assert!(unavailable(board.store.events(0, 1).await.unwrap_err()));
    assert!(unavailable(board.store.event_span().await.unwrap_err()));
    assert!(unavailable(board.store.purge_events(1).await.unwrap_err()));
}

#[derive(Clone, Debug)]
enum Step {
    /// A row with that many events.
    Row(usize),
    Record(usize),
    Purge(u64),
    /// Waits for all that came before.
    Barrier,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..4).prop_map(Step::Row),
        4 => (0_usize..4).prop_map(Step::Record),
        1 => (0_u64..60).prop_map(Step::Purge),
        1 => Just(Step::Barrier),
    ]
}

async fn keeps_the_order(mut board: Board, steps: Vec<Step>) {
    let mut heard = listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    let (mut row, mut sent, mut removed) = (0, 0, 0);
    for step in steps {
        let mut drafts = |many: usize| -> Vec<Draft> {
            sent += many as u64;
            (sent - many as u64..sent).map(kept).collect()
        };
        match step {
            Step::Row(many) => {
                row += 1;
                board.store.append_with(append(&one, row, Change::None), drafts(many));
            }
            Step::Record(many) => board.store.record(drafts(many)),
            Step::Purge(before) => {
                board.store.purge_events(before).await.unwrap();
                removed = removed.max(before);
            }
            Step::Barrier => board.written(0, one.id, row).await,
        }
    }
    let told = next(&mut heard, usize::try_from(sent).unwrap()).await;
    assert!(told.iter().map(number).eq(0..sent), "in the order in which they were sent");
    assert!(told.iter().map(|one| one.event.seq).eq((1..=sent).map(Some)), "without gaps");
    let there = read(&board.store, 0, 100).await;
    let told = as_read(&told);
    assert_eq!(there, told[told.len() - there.len()..], "what is there is what was told last");
    assert!(
        there.len() as u64 >= (sent + 1).saturating_sub(removed.max(1)).min(sent),
        "no more is gone than was removed"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_the_order_without_gaps(steps in proptest::collection::vec(step(), 0..60)) {
        actix::System::new().block_on(async {
            keeps_the_order(Board::memory(), steps.clone()).await;
            keeps_the_order(Board::sqlite(), steps).await;
        });
    }
}
