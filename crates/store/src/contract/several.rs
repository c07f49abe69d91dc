//! The part of the contract on several writers of one set of data, and on batches that are sent again.

use futures::future::join;

use super::events::{self, listen, next, number};
use super::support::{ALL, Board, SERVER, append, create, ended, new_cluster, redis_settings, summary};
use super::{failing, redis_server};
use crate::Precondition::{Absent, Version};
use crate::engine::{Batch, BatchEvent, Engine, Outcome, Read, Written};
use crate::memory::Tables;
use crate::redis::Several;
use crate::sqlite::Opening;
use crate::{
    Change, ChangeError, Error, EventSpan, Fence, Health, ListSessions, Memory, Reason, Store, Summary, Synchronous,
    Write,
};
use callboard_domain::id::{SessionId, Slot};
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

/// What two writers share: the first has the even slots, the second the odd ones.
struct Pair {
    shared: Shared,
    even: Board,
    odd: Board,
}

/// What several writers may use at once.
enum Shared {
    Memory(Memory),
    Redis(Several),
}

impl Shared {
    /// A writer without slots.
    fn member(&self) -> Board {
        match self {
            Shared::Memory(memory) => Board::member(memory),
            Shared::Redis(cluster) => Board::of(Store::start(cluster.member(3), failing::options(), 2).unwrap(), None),
        }
    }

    fn assign(&self, slots: impl IntoIterator<Item = Slot>, member: Fence) -> Result<(), Error> {
        match self {
            Shared::Memory(memory) => memory.assign(slots, member),
            Shared::Redis(cluster) => cluster.assign(slots, member),
        }
    }

    fn expel(&self, member: Fence) {
        match self {
            Shared::Memory(memory) => memory.expel(member).unwrap(),
            Shared::Redis(cluster) => cluster.expel(member),
        }
    }
}

impl Pair {
    fn new(shared: Shared) -> Self {
        let (even, odd) = (shared.member(), shared.member());
        shared.assign(Slot::all().step_by(2), even.store.fence()).unwrap();
        shared.assign(Slot::all().skip(1).step_by(2), odd.store.fence()).unwrap();
        Self { shared, even, odd }
    }
}

/// Runs each rule against each engine that several may use.
macro_rules! several {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(super::Pair::new(super::Shared::Memory(super::Memory::start().unwrap()))).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $rule() {
                let Some(port) = super::redis_server::shared() else { return };
                let cluster = super::Several::new(super::redis_settings(port), super::new_cluster());
                super::$rule(super::Pair::new(super::Shared::Redis(cluster))).await;
            })*
        }
    };
}

several! {
    each_writer_reads_what_the_other_has_written,
    events_of_two_writers_are_numbered_in_one_order_without_gaps,
    a_row_that_the_other_has_written_is_a_conflict_and_the_session_goes_on_once_it_is_read_anew,
    a_journal_has_no_holes_whoever_writes_it,
    a_session_in_the_slot_of_another_is_fenced_and_the_rest_is_written,
    a_writer_that_was_taken_for_dead_changes_and_publishes_nothing,
    of_two_writers_with_one_expectation_of_documents_one_wins,
    an_idempotency_key_and_an_execution_id_are_used_once_whoever_writes,
}

fn in_slot(store: &Store, slot: u8) -> Summary {
    Summary { id: SessionId::in_slot(Slot::new(slot), 0, 2), ..summary(store, 0) }
}

async fn each_writer_reads_what_the_other_has_written(mut pair: Pair) {
    let (one, other) = (in_slot(&pair.even.store, 4), in_slot(&pair.odd.store, 5));
    pair.even.write([create(&one), append(&one, 1, Change::None)]).await;
    pair.odd.write([create(&other)]).await;
    assert_eq!(pair.odd.store.find(one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(pair.odd.store.journal(one.key, ALL).await.unwrap().len(), 2);
    let listed = pair.even.store.list(ListSessions { limit: 9, ..Default::default() }).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(pair.even.received.iter().all(|(_, message)| message.rows.iter().all(|(id, _)| *id == one.id)));
}

async fn events_of_two_writers_are_numbered_in_one_order_without_gaps(mut pair: Pair) {
    const EACH: u64 = 200;
    let (mut even, mut odd) = (listen(&pair.even.store), listen(&pair.odd.store));
    let (one, other) = (in_slot(&pair.even.store, 0), in_slot(&pair.odd.store, 1));
    pair.even.store.append(create(&one));
    pair.odd.store.append(create(&other));
    for at in 0..EACH {
        let row = u32::try_from(at).unwrap() + 1;
        pair.even.store.append_with(append(&one, row, Change::None), vec![events::new("custom.a", at)]);
        pair.odd.store.append_with(append(&other, row, Change::None), vec![events::new("custom.a", EACH + at)]);
        if at % 7 == 0 {
            // So that neither writes all of its own at once.
            join(pair.even.written(0, one.id, row), pair.odd.written(0, other.id, row)).await;
        }
    }
    let many = usize::try_from(EACH).unwrap();
    let (even, odd) = (next(&mut even, many).await, next(&mut odd, many).await);
    assert!(even.iter().map(number).eq(0..EACH) && odd.iter().map(number).eq(EACH..2 * EACH));
    for own in [&even, &odd] {
        assert!(own.is_sorted_by_key(|one| one.event.seq), "each publishes its own in their order");
    }
    let mut published: Vec<_> = even.iter().chain(&odd).map(|one| (one.event.seq.unwrap(), one.json.clone())).collect();
    published.sort();
    assert!(published.iter().map(|(seq, _)| *seq).eq(1..=2 * EACH));
    let rows = pair.odd.store.events(None, 0, usize::MAX).await.unwrap();
    assert_eq!(rows.iter().flat_map(|row| row.after(0)).collect::<Vec<_>>(), published);
    assert_eq!(pair.even.store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 2 * EACH });
}

async fn a_row_that_the_other_has_written_is_a_conflict_and_the_session_goes_on_once_it_is_read_anew(mut pair: Pair) {
    let (one, well) = (in_slot(&pair.even.store, 6), in_slot(&pair.even.store, 8));
    pair.even.write([create(&one), create(&well), append(&one, 1, Change::None)]).await;
    pair.shared.assign([Slot::new(6)], pair.odd.store.fence()).unwrap();
    pair.odd.write([append(&one, 2, Change::None)]).await;
    pair.shared.assign([Slot::new(6)], pair.even.store.fence()).unwrap();
    let mut received = listen(&pair.even.store);
    for row in 2..4 {
        pair.even.store.append_with(append(&one, row, Change::None), vec![events::new("custom.a", row.into())]);
    }
    pair.even.write([append(&well, 1, Change::None)]).await;
    let refused = pair.even.refused(one.id).await;
    assert_eq!((refused.key, refused.row), (one.key, 2));
    assert!(matches!(refused.reason, Reason::Conflict(_)), "{refused:?}");
    assert_eq!(pair.odd.store.journal(one.key, ALL).await.unwrap().len(), 3);
    pair.even.store.readmit(one.key);
    pair.even.store.append_with(append(&one, 3, Change::None), vec![events::new("custom.a", 9)]);
    pair.even.written(0, one.id, 3).await;
    let published = next(&mut received, 1).await;
    assert_eq!((number(&published[0]), published[0].event.seq), (9, Some(1)), "what was refused is not published");
}

async fn a_journal_has_no_holes_whoever_writes_it(mut pair: Pair) {
    let one = in_slot(&pair.even.store, 6);
    pair.even.write([create(&one)]).await;
    pair.even.store.append(append(&one, 2, Change::None));
    assert!(matches!(pair.even.refused(one.id).await.reason, Reason::Conflict(_)));
    assert_eq!(pair.odd.store.journal(one.key, ALL).await.unwrap().len(), 1);
}

async fn a_session_in_the_slot_of_another_is_fenced_and_the_rest_is_written(mut pair: Pair) {
    let (moved, new, kept) = (in_slot(&pair.even.store, 2), in_slot(&pair.even.store, 2), in_slot(&pair.even.store, 4));
    pair.even.write([create(&moved), create(&kept)]).await;
    pair.shared.assign([Slot::new(2)], pair.odd.store.fence()).unwrap();
    pair.even.store.append(append(&moved, 1, Change::Update(Box::new(ended(Status::Failed, 1)))));
    pair.even.store.append(create(&new));
    pair.even.write([append(&kept, 1, Change::None)]).await;
    for one in [&moved, &new] {
        assert_eq!(pair.even.refused(one.id).await.reason, Reason::Fenced);
    }
    assert_eq!(pair.odd.store.find(moved.id).await.unwrap(), Some(moved.clone()));
    assert_eq!(pair.odd.store.find(new.id).await.unwrap(), None);
    assert_eq!(pair.even.store.health(), Health::Well, "it is a member");
    pair.odd.write([append(&moved, 1, Change::Update(Box::new(ended(Status::Completed, 1))))]).await;
    assert!(matches!(pair.even.store.remove(moved.key).await, Err(Error::Unavailable(_))));
    assert_eq!(pair.even.store.purge(Timestamp::NEVER, 9).await.unwrap(), []);
    assert_eq!(pair.odd.store.purge(Timestamp::NEVER, 9).await.unwrap(), [moved.id]);
}

async fn a_writer_that_was_taken_for_dead_changes_and_publishes_nothing(mut pair: Pair) {
    let mut received = listen(&pair.even.store);
    let one = in_slot(&pair.even.store, 2);
    pair.even.write([create(&one)]).await;
    pair.shared.expel(pair.even.store.fence());
    pair.shared.assign(Slot::all(), pair.odd.store.fence()).unwrap();
    pair.even.store.append_with(append(&one, 1, Change::None), vec![events::new("custom.a", 1)]);
    assert_eq!(pair.even.refused(one.id).await.reason, Reason::Fenced);
    let unavailable = |error: Error| matches!(error, Error::Unavailable(_));
    assert!(unavailable(pair.even.store.record_one(events::new("custom.a", 2)).await.unwrap_err()));
    let put = pair.even.store.put_document(&SERVER, "a", "b", String::new(), Absent).await;
    assert!(unavailable(put.unwrap_err()));
    assert!(unavailable(pair.even.store.purge_events(9).await.unwrap_err()));
    assert!(matches!(pair.even.store.health(), Health::Failing { is_lasting: true, .. }));
    assert_eq!(pair.even.store.unwritten(), 0);
    assert!(received.try_recv().is_err());
    assert_eq!(pair.odd.store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 0 });
    pair.odd.write([append(&one, 1, Change::None)]).await;
    assert_eq!(pair.odd.store.journal(one.key, ALL).await.unwrap().len(), 2);
    assert_eq!(pair.shared.assign([Slot::new(0)], pair.even.store.fence()), Err(Error::NotFound));
    // Its next life is another.
    let mut again = pair.shared.member();
    pair.shared.assign([Slot::new(2)], again.store.fence()).unwrap();
    again.write([append(&one, 2, Change::None)]).await;
}

async fn of_two_writers_with_one_expectation_of_documents_one_wins(pair: Pair) {
    let change = |writer: usize, version| {
        let expected = if version == 0 { Absent } else { Version(version) };
        let put = move |id| Write::put(&SERVER, "a", id, writer.to_string(), expected);
        vec![put("x"), put("y")]
    };
    for version in 0..50 {
        let (even, odd) = join(
            pair.even.store.change_documents(change(0, version)),
            pair.odd.store.change_documents(change(1, version)),
        )
        .await;
        let (winner, lost) = if even.is_ok() { ("0", odd) } else { ("1", even) };
        let outdated = Error::Outdated { version: version + 1 };
        assert_eq!(lost, Err(ChangeError::Preconditions(vec![(0, outdated.clone()), (1, outdated)])));
        let there = pair.odd.store.documents(&SERVER, "a", None, 9).await.unwrap();
        assert!(there.iter().all(|one| one.body == winner && one.version == version + 1) && there.len() == 2);
    }
}

async fn an_idempotency_key_and_an_execution_id_are_used_once_whoever_writes(mut pair: Pair) {
    let called = |store: &Store, slot| {
        let one = Summary { execution_id: Some("exec".parse().unwrap()), ..in_slot(store, slot) };
        (create(&one), one)
    };
    let ((first, one), (second, other)) = (called(&pair.even.store, 0), called(&pair.odd.store, 1));
    pair.even.write([first]).await;
    pair.odd.store.append(second);
    assert!(matches!(pair.odd.refused(other.id).await.reason, Reason::Conflict(_)));
    assert_eq!(pair.odd.store.execution(SERVER, "exec".parse().unwrap()).await.unwrap(), Some(one.id));
}

/// A batch of one session with a row that is refused among those that are not, and events of both.
fn mixed(fence: Fence, number: u64, well: &Summary, torn: &Summary, row: u32) -> Batch {
    let appends = vec![append(well, row, Change::None), append(torn, 0, Change::None), append(torn, row, Change::None)];
    let event = |append, number| BatchEvent { append, event: events::new("custom.a", number) };
    let events = vec![event(Some(0), 1), event(Some(1), 2), event(None, 3), event(Some(2), 4)];
    Batch { fence, number, appends, events }
}

/// What is true of each engine.
fn a_batch_that_is_sent_again_changes_nothing_and_gets_the_same_answer(
    engine: &mut impl Engine,
    reader: &mut impl Read,
    fence: Fence,
) {
    let store = Board::memory_store();
    let (well, torn) = (summary(&store, 0), summary(&store, 0));
    let first = Batch { fence, number: 1, appends: vec![create(&well), create(&torn)], events: Vec::new() };
    for _ in 0..3 {
        assert_eq!(engine.commit(&first).unwrap(), Outcome::Written(Written::default()));
    }
    for row in 1..4 {
        let batch = mixed(fence, u64::from(row) + 1, &well, &torn, row);
        let outcome = engine.commit(&batch).unwrap();
        let Outcome::Written(Written { refusals, events }) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(refusals.iter().map(|refusal| refusal.index).collect::<Vec<_>>(), [1, 2]);
        let last = u64::from(row) * 2;
        assert_eq!((events.len(), events[0].first_seq, events[0].last_seq), (1, last - 1, last));
        for _ in 0..2 {
            assert_eq!(engine.commit(&batch).unwrap(), outcome);
        }
        assert!(matches!(engine.commit(&first), Err(Error::Conflict(_))), "it was overtaken");
        assert_eq!(reader.journal(well.key, ALL).unwrap().len(), usize::try_from(row).unwrap() + 1);
        assert_eq!(reader.journal(torn.key, ALL).unwrap().len(), 1);
        assert_eq!(reader.event_span().unwrap(), EventSpan { first_seq: 1, last_seq: last });
    }
}

#[test]
fn shared_memory_makes_a_batch_once() {
    let memory = Memory::start().unwrap();
    let fence = Fence::random();
    memory.admit(fence).unwrap();
    memory.assign(Slot::all(), fence).unwrap();
    let mut reader = memory.clone();
    a_batch_that_is_sent_again_changes_nothing_and_gets_the_same_answer(&mut memory.clone(), &mut reader, fence);
    // Each writer counts its own.
    let other = Fence::random();
    memory.admit(other).unwrap();
    let batch = Batch { fence: other, number: 1, appends: Vec::new(), events: Vec::new() };
    assert_eq!(memory.clone().commit(&batch).unwrap(), Outcome::Written(Written::default()));
}

#[test]
fn redis_makes_a_batch_once() {
    let Some(port) = redis_server::shared() else { return };
    let cluster = Several::new(redis_settings(port), new_cluster());
    let mut parts = cluster.member(1);
    cluster.assign(Slot::all(), parts.fence).unwrap();
    let mut reader = parts.readers.pop().unwrap();
    a_batch_that_is_sent_again_changes_nothing_and_gets_the_same_answer(&mut parts.engine, &mut reader, parts.fence);
}

#[test]
fn sqlite_makes_a_batch_once() {
    let folder = tempfile::tempdir().unwrap();
    let opening = Opening::new(Synchronous::Full, 1);
    let mut parts = opening.open(&folder.path().join("board.db"), None).unwrap();
    let mut reader = parts.readers.pop().unwrap();
    a_batch_that_is_sent_again_changes_nothing_and_gets_the_same_answer(&mut parts.engine, &mut reader, parts.fence);
}

#[test]
fn memory_makes_a_batch_once() {
    let mut tables = Tables::default();
    let fence = Fence::random();
    let store = Board::memory_store();
    let one = summary(&store, 0);
    let batch = Batch { fence, number: 1, appends: vec![create(&one)], events: Vec::new() };
    for _ in 0..3 {
        assert_eq!(tables.commit(&batch).unwrap(), Outcome::Written(Written::default()));
    }
    assert_eq!(tables.journal(one.key, ALL).unwrap().len(), 1);
}
