//! The event log, with a store of its own for each test.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::domain::event::{Kind, NewEvent};
use crate::domain::id::ExecutionId;
use crate::domain::owner::Owner;
use crate::domain::status::Priority;
use crate::store::Settings;
use crate::store::Store;

/// Hears all but what agents read.
struct Ear(UnboundedSender<EncodedEvent>);

impl Listener for Ear {
    fn hears(&self, kind: &Kind, _: Option<&ExecutionId>) -> bool {
        *kind != Kind::MemoryRetrieved
    }

    fn notify(&self, events: &Arc<[EncodedEvent]>) {
        for recorded in events.iter() {
            let _ = self.0.send(recorded.clone());
        }
    }
}

fn memory() -> Store {
    Store::open(&Settings { url: "memory:".into(), ..Settings::default() }, 1).unwrap()
}

async fn open(store: &Store, keep: u64) -> (Events, UnboundedReceiver<EncodedEvent>) {
    let (told, heard) = unbounded_channel();
    let events = Events::open(store.clone(), keep, 1000, vec![Arc::new(Ear(told))]).await.unwrap();
    EventLog::start_with(events.clone(), Duration::from_secs(3600), 0);
    (events, heard)
}

fn custom(number: u64) -> NewEvent {
    NewEvent::new(Kind::parse("custom.number").unwrap()).with("number", number)
}

/// Records that many and waits until the last is told.
async fn record(events: &Events, heard: &mut UnboundedReceiver<EncodedEvent>, many: u64) {
    for number in 0..many {
        events.record(custom(number));
    }
    for _ in 0..many {
        heard.recv().await.unwrap();
    }
}

fn at(events: &Events, seq: u64) -> Position {
    Position { seq, ..events.position() }
}

#[actix::test]
async fn a_page_goes_on_where_the_one_before_ended() {
    let store = memory();
    let (events, mut heard) = open(&store, 1000).await;
    record(&events, &mut heard, 100).await;
    assert_eq!(events.span(), Span { epoch: events.span().epoch, first_seq: 1, last_seq: 100 });
    for max_bytes in [1, 1000, usize::MAX] {
        let mut read = Vec::new();
        loop {
            let page = events.read(None, &at(&events, read.len() as u64), max_bytes).await.unwrap();
            assert_eq!(page.last_seq, 100);
            if page.events.is_empty() {
                break;
            }
            assert!(max_bytes > 1 || page.events.len() == 1);
            read.extend(page.events);
        }
        assert!(read.iter().map(|event| event.seq).eq(1..=100));
    }
}

#[actix::test]
async fn pages_of_one_owner_have_all_of_theirs_and_reach_what_is_published() {
    let store = memory();
    let (events, mut heard) = open(&store, 1000).await;
    let owners = ["server", "ada", "bo"].map(|owner| owner.parse::<Owner>().unwrap());
    for number in 0..90 {
        // Others' events stand between, some of them in one row.
        events.record_of(&owners[usize::try_from(number / 4 % 3).unwrap()], custom(number));
    }
    for _ in 0..90 {
        heard.recv().await.unwrap();
    }
    let of = |seq: u64| &owners[usize::try_from((seq - 1) / 4 % 3).unwrap()];
    for owner in &owners {
        for max_bytes in [1, 700, usize::MAX] {
            let (mut read, mut reached) = (Vec::new(), 0);
            while reached < 90 {
                let page = events.read(Some(owner), &at(&events, reached), max_bytes).await.unwrap();
                assert!(page.reached > reached, "{owner} stays at {reached}");
                reached = page.reached;
                read.extend(page.events);
            }
            assert!(read.iter().all(|event| event.owner == *owner));
            assert!(read.iter().map(|event| event.seq).eq((1..=90).filter(|seq| of(*seq) == owner)), "{owner}");
        }
    }
    let nobody: Owner = "nobody".parse().unwrap();
    let page = events.read(Some(&nobody), &at(&events, 7), 1).await.unwrap();
    assert_eq!((page.events.len(), page.reached, page.last_seq), (0, 90, 90));
    store.purge_events(50).await.unwrap();
    assert!(matches!(events.read(Some(&owners[1]), &at(&events, 7), 1).await, Err(Error::TooOld(_))));
}

#[actix::test]
async fn a_position_is_refused_where_something_after_it_is_gone() {
    let store = memory();
    let (events, mut heard) = open(&store, 20).await;
    record(&events, &mut heard, 20).await;
    assert_eq!(events.read(None, &at(&events, 0), usize::MAX).await.unwrap().events.len(), 20);
    record(&events, &mut heard, 30).await;
    let span = events.span();
    assert_eq!((span.first_seq, span.last_seq), (31, 50));
    for seq in [0, 1, 29] {
        assert_eq!(events.read(None, &at(&events, seq), usize::MAX).await, Err(Error::TooOld(span.clone())));
    }
    for seq in 30..=50 {
        let page = events.read(None, &at(&events, seq), usize::MAX).await.unwrap();
        assert!(page.events.iter().map(|event| event.seq).eq(seq + 1..=50));
    }
}

#[actix::test]
async fn a_position_of_another_log_is_refused() {
    let store = memory();
    let (events, mut heard) = open(&store, 20).await;
    record(&events, &mut heard, 3).await;
    let other = Position { epoch: "other".into(), seq: 1 };
    for position in [other, at(&events, 4), at(&events, u64::MAX)] {
        assert_eq!(events.read(None, &position, 1).await, Err(Error::PositionUnknown(events.span())), "{position}");
    }
}

#[actix::test]
async fn a_log_is_the_same_after_a_restart_and_another_in_another_store() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        Settings { url: format!("sqlite:{}", folder.path().join("board.db").display()), ..Settings::default() };
    let mut before: Option<(Position, Vec<_>)> = None;
    for _ in 0..3 {
        let store = Store::open(&settings, 1).unwrap();
        let (events, mut heard) = open(&store, 1000).await;
        let from = Position { seq: 0, ..events.position() };
        if let Some((position, read)) = before {
            assert_eq!(events.position(), position);
            assert_eq!(events.read(None, &from, usize::MAX).await.unwrap().events, read);
        }
        record(&events, &mut heard, 5).await;
        before = Some((events.position(), events.read(None, &from, usize::MAX).await.unwrap().events));
        store.close().await;
    }
    assert_eq!(before.unwrap().0.seq, 15);
    let epochs: Vec<_> = [open(&memory(), 1).await.0, open(&memory(), 1).await.0].map(|one| one.span().epoch).into();
    assert_ne!(epochs[0], epochs[1]);
}

#[actix::test]
async fn old_events_are_removed_from_the_store() {
    let store = memory();
    let (events, mut heard) = open(&store, 16).await;
    for _ in 0..20 {
        record(&events, &mut heard, 5).await;
    }
    // What is told later is removed later.
    while store.event_span().await.unwrap().first_seq < 60 {
        record(&events, &mut heard, 1).await;
    }
    let span = events.span();
    assert_eq!(span.first_seq, span.last_seq - 15);
    assert_eq!(events.read(None, &at(&events, span.first_seq - 1), usize::MAX).await.unwrap().events.len(), 16);
}

#[actix::test]
async fn what_is_not_kept_is_told_at_once_and_only_where_somebody_may_hear_it() {
    let store = memory();
    let (events, mut heard) = open(&store, 10).await;
    assert!(events.is_heard(&Kind::SystemHealthCheck) && !events.is_heard(&Kind::MemoryRetrieved));
    events.record_all(&Owner::SERVER, [Kind::MemoryRetrieved, Kind::SystemHealthCheck].map(NewEvent::new));
    let told = heard.try_recv().unwrap();
    assert_eq!((told.event.new_event.kind, told.event.seq), (Kind::SystemHealthCheck, None));
    assert!(heard.try_recv().is_err());
    let written = events.write(Owner::SERVER, NewEvent::new(Kind::MemoryRetrieved)).await.unwrap();
    assert_eq!((written.event.seq, heard.try_recv().unwrap()), (None, written));
    assert_eq!(store.event_span().await.unwrap().last_seq, 0);
}

#[actix::test]
async fn several_things_get_their_places_in_their_order() {
    let (events, mut heard) = open(&memory(), 10).await;
    let urgent = NewEvent { priority: Priority::Critical, ..custom(1) };
    events.record_all(&Owner::SERVER, [custom(0), urgent, custom(2)]);
    let written = events.write(Owner::SERVER, custom(3)).await.unwrap();
    assert_eq!(written.event.seq, Some(4));
    for number in 0..4 {
        let told = heard.recv().await.unwrap();
        assert_eq!((told.event.seq, &told.event.new_event.data["number"]), (Some(number + 1), &number.into()));
        assert_eq!(told.event.new_event.priority == Priority::Critical, number == 1);
    }
}
