//! The part of the contract on events.

use proptest::prelude::*;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::support::{self, ALL, Board, SERVER, append, create, summary};
use crate::{Change, EncodedEvent, Error, EventRow, EventSpan, Published, Store, UnnumberedEvent};
use callboard_domain::event::{Kind, NewEvent};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

contract! {
    events_are_published_as_they_are_read_in_one_order_without_gaps,
    an_event_of_a_row_is_there_when_the_row_is,
    a_row_that_is_refused_causes_nothing,
    events_are_read_with_their_owners,
    events_of_one_owner_are_read_from_anywhere_and_in_parts,
    an_event_that_is_wanted_is_given,
    events_are_read_from_anywhere_and_in_parts,
    old_events_are_removed_row_by_row_and_the_newest_stays,
    a_closed_store_takes_and_gives_no_events,
}

/// What a store publishes of events.
pub(super) fn listen(store: &Store) -> UnboundedReceiver<EncodedEvent> {
    let (published, received) = unbounded_channel();
    store.subscribe_events(0, move |what| {
        if let Published::Own(events) = what {
            events.into_iter().for_each(|event| drop(published.send(event)));
        }
    });
    received
}

/// An event that can be told from any other by this number.
pub(super) fn new(kind: &str, number: u64) -> UnnumberedEvent {
    let new_event = NewEvent::new(Kind::parse(kind).unwrap()).with("number", number);
    UnnumberedEvent::new(new_event, SERVER, Timestamp::from_micros(7))
}

fn kept(number: u64) -> UnnumberedEvent {
    new("custom.kept", number)
}

pub(super) fn number(recorded: &EncodedEvent) -> u64 {
    recorded.event.new_event.data["number"].as_u64().unwrap()
}

/// The next of them.
pub(super) async fn next(received: &mut UnboundedReceiver<EncodedEvent>, many: usize) -> Vec<EncodedEvent> {
    let mut events = Vec::new();
    while events.len() < many {
        events.push(support::in_time(received.recv()).await.expect("the store was closed before that was published"));
    }
    events
}

/// All events with their places, read in parts of so many bytes.
async fn read(store: &Store, after: u64, max_bytes: usize) -> Vec<(u64, bytes::Bytes)> {
    let mut events: Vec<(u64, bytes::Bytes)> = Vec::new();
    loop {
        let from = events.last().map_or(after, |(seq, _)| *seq);
        let rows = store.events(None, from, max_bytes).await.unwrap();
        if rows.is_empty() {
            return events;
        }
        events.extend(rows.iter().flat_map(|row: &EventRow| row.after(from)));
    }
}

fn as_read(published: &[EncodedEvent]) -> Vec<(u64, bytes::Bytes)> {
    published.iter().filter_map(|one| Some((one.event.seq?, one.json.clone()))).collect()
}

async fn events_are_published_as_they_are_read_in_one_order_without_gaps(board: &mut Board) {
    let mut received = listen(&board.store);
    assert_eq!(board.store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 0 });
    for at in 0..200 {
        let kinds = ["custom.kept", "execution.progress", "execution.failed"];
        board.store.record((0..3).map(|turn| new(kinds[turn], at * 3 + turn as u64)).collect());
    }
    let published = next(&mut received, 600).await;
    assert!(published.iter().map(number).eq(0..600));
    let seqs: Vec<u64> = published.iter().filter_map(|one| one.event.seq).collect();
    assert!(seqs.iter().copied().eq(1..=400));
    assert!(published.iter().all(|one| one.json == one.event.to_json()));
    assert_eq!(read(&board.store, 0, usize::MAX).await, as_read(&published));
    assert_eq!(board.store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 400 });
    assert_eq!(board.store.unwritten(), 0);
}

async fn an_event_of_a_row_is_there_when_the_row_is(board: &mut Board) {
    let mut received = listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append_with(create(&one), vec![kept(0), new("execution.progress", 1)]);
    for row in 1..50 {
        board.store.append_with(append(&one, row, Change::None), vec![kept(u64::from(row) + 1)]);
    }
    board.written(0, one.id, 49).await;
    assert_eq!(read(&board.store, 0, usize::MAX).await.len(), 50);
    let published = next(&mut received, 51).await;
    assert!(published.iter().map(number).eq(0..51));
}

async fn a_row_that_is_refused_causes_nothing(board: &mut Board) {
    let mut received = listen(&board.store);
    let (torn, well) = (summary(&board.store, 0), summary(&board.store, 0));
    board.write([create(&torn), create(&well)]).await;
    board.store.append_with(append(&well, 1, Change::None), vec![kept(1)]);
    board.store.append_with(append(&torn, 0, Change::None), vec![kept(90), new("execution.progress", 91)]);
    board.store.append_with(append(&torn, 1, Change::None), vec![kept(92)]);
    board.store.append_with(append(&well, 2, Change::None), vec![kept(2), new("execution.progress", 3)]);
    board.written(0, well.id, 2).await;
    board.refused(torn.id).await;
    board.store.append_with(append(&torn, 1, Change::None), vec![kept(93)]);
    board.store.append_with(append(&well, 3, Change::None), vec![kept(4)]);
    let published = next(&mut received, 4).await;
    assert!(published.iter().map(number).eq(1..=4), "{published:?}");
    assert!(published.iter().map(|one| one.event.seq).eq([Some(1), Some(2), None, Some(3)]));
    assert_eq!(read(&board.store, 0, usize::MAX).await, as_read(&published));
    assert_eq!(board.store.journal(well.key, ALL).await.unwrap().len(), 4);
}

async fn events_are_read_with_their_owners(board: &mut Board) {
    let mut received = listen(&board.store);
    let of = |owner: &str, number: u64| {
        let new_event = NewEvent::new(Kind::parse("custom.kept").unwrap()).with("number", number);
        UnnumberedEvent::new(new_event, owner.parse().unwrap(), Timestamp::from_micros(7))
    };
    board.store.record(vec![of("server", 0), of("ada", 1), of("ada", 2), of("server", 3)]);
    let published = next(&mut received, 4).await;
    let rows = board.store.events(None, 0, usize::MAX).await.unwrap();
    let owners = rows.iter().flat_map(|row| row.after(0).map(|(seq, _)| (seq, row.owner.as_str())));
    assert_eq!(owners.collect::<Vec<_>>(), [(1, "server"), (2, "ada"), (3, "ada"), (4, "server")]);
    assert_eq!(read(&board.store, 0, 0).await, as_read(&published));
}

async fn events_of_one_owner_are_read_from_anywhere_and_in_parts(board: &mut Board) {
    let owners = ["server", "ada", "bo"].map(|owner| owner.parse::<Owner>().unwrap());
    let of = |at: usize, number: u64| {
        let new_event = NewEvent::new(Kind::parse("custom.kept").unwrap()).with("number", number);
        UnnumberedEvent::new(new_event, owners[at % 3].clone(), Timestamp::from_micros(7))
    };
    for at in 0..40_usize {
        board.store.record((0..=at as u64 % 3).map(|turn| of(at / 2, at as u64 * 10 + turn)).collect());
    }
    board.store.purge_events(0).await.unwrap();
    for purged in [0, 12, 40] {
        board.store.purge_events(purged).await.unwrap();
        let all = board.store.events(None, 0, usize::MAX).await.unwrap();
        for owner in &owners {
            for after in [0, 1, 17, 79, 99] {
                let own = all.iter().filter(|row| row.owner == *owner && row.last_seq > after);
                for max_bytes in [0, 300, usize::MAX] {
                    let (mut rows, mut from) = (Vec::new(), after);
                    while let page = board.store.events(Some(owner), from, max_bytes).await.unwrap()
                        && let Some(last) = page.last()
                    {
                        from = last.last_seq;
                        rows.extend(page);
                    }
                    assert!(rows.iter().eq(own.clone()), "{owner} after {after} in {max_bytes}: {rows:?}");
                }
            }
        }
    }
}

async fn an_event_that_is_wanted_is_given(board: &mut Board) {
    let mut received = listen(&board.store);
    for at in 1..20 {
        board.store.record(vec![kept(0)]);
        let recorded = board.store.record_one(kept(at)).await.unwrap();
        assert_eq!((recorded.event.seq, number(&recorded)), (Some(at * 2), at));
        assert_eq!(next(&mut received, 2).await[1], recorded);
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
    assert_eq!(board.store.events(None, 0, 0).await.unwrap().len(), 1);
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
    assert!(unavailable(board.store.events(None, 0, 1).await.unwrap_err()));
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
    let mut received = listen(&board.store);
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    let (mut row, mut sent, mut removed) = (0, 0, 0);
    for step in steps {
        let mut many_new = |many: usize| -> Vec<UnnumberedEvent> {
            sent += many as u64;
            (sent - many as u64..sent).map(kept).collect()
        };
        match step {
            Step::Row(many) => {
                row += 1;
                board.store.append_with(append(&one, row, Change::None), many_new(many));
            }
            Step::Record(many) => board.store.record(many_new(many)),
            Step::Purge(before) => {
                board.store.purge_events(before).await.unwrap();
                removed = removed.max(before);
            }
            Step::Barrier => board.written(0, one.id, row).await,
        }
    }
    let published = next(&mut received, usize::try_from(sent).unwrap()).await;
    assert!(published.iter().map(number).eq(0..sent), "in the order in which they were sent");
    assert!(published.iter().map(|one| one.event.seq).eq((1..=sent).map(Some)), "without gaps");
    let there = read(&board.store, 0, 100).await;
    let published = as_read(&published);
    assert_eq!(there, published[published.len() - there.len()..], "what is there is what was published last");
    assert!(
        there.len() as u64 >= (sent + 1).saturating_sub(removed.max(1)).min(sent),
        "no more is gone than was removed"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_the_order_without_gaps(steps in proptest::collection::vec(step(), 0..60)) {
        support::block_on(async {
            keeps_the_order(Board::memory(), steps.clone()).await;
            keeps_the_order(Board::shared(), steps.clone()).await;
            if let Some(board) = Board::redis() {
                keeps_the_order(board, steps.clone()).await;
            }
            keeps_the_order(Board::sqlite(), steps).await;
        });
    }
}
