//! Tests of the shard and the hub, with a dialect of their own and connections that are polled by hand.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use actix::clock::Instant;
use actix::{Actor, Addr, Context, Handler, Recipient};
use bytes::Bytes;
use proptest::prelude::*;

use super::dialect::{About, Signal};
use super::links::Arrival;
use super::*;
use crate::domain::burst::{Burst, BurstBuilder};
use crate::domain::entry::{Entry, Unsaved};
use crate::domain::id::{ConnectionId, SessionId};
use crate::domain::tail::{Replay, Tail, TailLimits};
use crate::domain::time::Timestamp;
use crate::metrics::Metrics;

/// Writes the position of each item, and 0 for those that have none; keeps which it was asked to write.
struct Numbers(About);

static NUMBERS: Numbers = Numbers(About { name: "numbers", is_two_way: true, ends_with_feed: false });

/// The same for connections that end with their feed.
static ENDING: Numbers = Numbers(About { name: "ending", is_two_way: false, ends_with_feed: true });

thread_local! {
    static WRITTEN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Dialect for Numbers {
    fn about(&self) -> &'static About {
        if self.0.ends_with_feed { &ENDING.0 } else { &NUMBERS.0 }
    }

    fn payload(&self, item: &Item<'_>) -> Bytes {
        let number = item.position.unwrap_or(0);
        WRITTEN.with_borrow_mut(|written| written.push(number));
        vec![u8::try_from(number).unwrap()].into()
    }

    fn frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        payloads.iter().for_each(|payload| out.extend_from_slice(payload));
    }

    fn signal(&self, signal: Signal<'_>) -> Bytes {
        match signal {
            Signal::Ping => frame::ping(),
            Signal::Farewell(code, reason) => frame::close(Some(code.code()), reason),
            Signal::Answer(_) | Signal::ReplayStart(_) | Signal::ReplayEnd => Bytes::new(),
        }
    }
}

/// What a session publishes.
fn published(burst: Burst) -> Publish {
    Publish { to: Recipients::Followers([topic()].into_iter().collect()), items: Items::Burst(Arc::new(burst)) }
}

fn joined(connection: ConnectionId, replay: Replay) -> Join {
    let (position, announced) = (replay.last_seq, Announced::No);
    Join { connection, topic: topic(), items: Items::Replay(Arc::new(replay)), position, announced }
}

/// What is not saved, alone.
fn passing(count: usize) -> Burst {
    let (mut builder, entry) = (BurstBuilder::default(), Entry::Stream { content: String::new() });
    let unsaved = Unsaved { entry: &entry, lane: None, save_state: false, timestamp: Timestamp::from_micros(0) };
    (0..count).for_each(|_| builder.pass(&unsaved));
    builder.finish()
}

fn burst(first: u64, count: u64) -> Burst {
    let mut builder = BurstBuilder::default();
    for seq in first..first + count {
        builder.append(&Entry::Stream { content: String::new() }, None, seq, Timestamp::from_micros(0));
    }
    builder.finish()
}

fn replay(first: u64, count: u64) -> Replay {
    Replay { entries: burst(first, count).entries.to_vec(), dropped: 0, last_seq: first + count - 1 }
}

pub(super) fn links(settings: &Connections) -> Rc<Links> {
    let counts = ConnectionCounts::new(settings.max_connections);
    Links::new(0, settings, counts, Metrics::install(1).unwrap().connections())
}

pub(super) fn open(links: &Links) -> Rc<Link> {
    links.open(Arrival { dialect: &NUMBERS, address: None, topic: None, line: None })
}

/// All that a connection has been told, and whether it is over.
pub(super) fn drain(link: &Link) -> (Vec<u8>, bool) {
    let mut told = Vec::new();
    loop {
        match link.poll_next(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(Some(bytes)) => told.extend_from_slice(&bytes),
            Poll::Ready(None) => return (told, true),
            Poll::Pending => return (told, false),
        }
    }
}

fn topic() -> Topic {
    Topic::Session(SessionId::from_bytes([7; 16]))
}

#[test]
fn a_replay_is_written_once_for_all_who_come_at_once() {
    let replays = super::encoded_replays::EncodedReplays::default();
    let link = Link::new(ConnectionId::new(0, 0), &NUMBERS, 100, None, Instant::now(), Rc::default());
    let items = |count| Items::Replay(Arc::new(replay(1, count)));
    let (one, other) = (items(2), items(3));
    let encode = |items| replays.encode(items, Topic::Workflows, &link, Announced::No);
    let first = encode(&one).1;
    assert_eq!(first.as_ptr(), encode(&one).1.as_ptr());
    assert_eq!(encode(&other), (3, Bytes::from_static(&[1, 2, 3])));
    assert_eq!(WRITTEN.with_borrow(Vec::len), 5);
    replays.clear();
    assert_ne!(first.as_ptr(), encode(&one).1.as_ptr());
}

#[actix::test]
async fn a_burst_is_written_once_for_all_who_listen() {
    let links = links(&Connections::default());
    let listeners: Vec<Rc<Link>> = (0..5).map(|_| open(&links)).collect();
    for link in &listeners {
        links.join(&joined(link.id(), Replay::default()));
    }
    let bystander = open(&links);
    WRITTEN.take();
    links.publish(&published(burst(1, 2)));
    assert_eq!(WRITTEN.take(), [1, 2]);
    assert!(listeners.iter().all(|link| drain(link) == (vec![1, 2], false)));
    assert_eq!(drain(&bystander), (vec![], false));
}

#[actix::test]
async fn who_falls_behind_is_told_nothing_until_it_listens_again() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |link, topic, seq| heard.borrow_mut().push((link.id(), topic, seq)));
    let (slow, other) = (open(&links), open(&links));
    for link in [&slow, &other] {
        links.join(&joined(link.id(), replay(1, 2)));
    }
    links.publish(&published(burst(3, 3)));
    assert_eq!(drain(&other).0, [1, 2, 3, 4, 5]);
    links.publish(&published(burst(6, 2)));
    links.publish(&published(burst(8, 1)));
    assert_eq!(drain(&other).0, [6, 7, 8]);
    assert_eq!(behind.take(), [(slow.id(), topic(), 5)], "once, with what it has");
    assert_eq!(drain(&slow), (vec![1, 2, 3, 4, 5], false), "it keeps what waits, and stays");
    links.join(&joined(slow.id(), replay(6, 3)));
    links.publish(&published(burst(9, 1)));
    assert_eq!((drain(&slow).0, drain(&other).0), (vec![6, 7, 8, 9], vec![9]));
}

#[actix::test]
async fn nobody_falls_behind_for_what_is_not_saved() {
    let links = links(&Connections { outbox_bytes: 4, ..Connections::default() });
    links.on_falling_behind(|_, _, _| panic!("nobody lacks an entry"));
    let link = open(&links);
    links.join(&joined(link.id(), Replay::default()));
    links.publish(&published(passing(1)));
    links.publish(&published(burst(1, 2)));
    links.publish(&published(passing(1)));
    links.publish(&published(burst(3, 1)));
    assert_eq!(drain(&link), (vec![0, 1, 2, 3], false), "the second one found no room");
    links.publish(&published(passing(2)));
    assert_eq!(drain(&link), (vec![0, 0], false));
}

#[actix::test]
async fn who_is_too_slow_is_closed_and_has_no_gap() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let link = open(&links);
    links.join(&joined(link.id(), replay(1, 2)));
    links.publish(&published(burst(3, 3)));
    assert!(link.is_open());
    links.publish(&published(burst(6, 1)));
    assert!(!link.is_open());
    let (told, over) = drain(&link);
    assert_eq!(told, frame::close(Some(4410), "too slow"), "what waited gives way to the reason");
    assert!(over && link.is_leaving(), "the peer has a moment to read it, and is not waited for");
    link.peer_closed(None);
    assert!(!link.is_leaving());
}

#[actix::test]
async fn one_too_many_is_told_so_and_those_who_come_while_closing_down_too() {
    let links = links(&Connections { max_connections: 1, ..Connections::default() });
    let first = open(&links);
    assert!(first.is_open());
    assert_eq!(links.refusal(), Some(CloseCode::TooManyConnections));
    assert_eq!(drain(&open(&links)).0, frame::close(Some(1013), "too many connections"));
    links.begin_closing_down();
    assert_eq!(drain(&open(&links)).0, frame::close(Some(1001), "going away"));
}

#[actix::test]
async fn an_ended_connection_leaves_nothing_behind() {
    let links = links(&Connections::default());
    let link = open(&links);
    links.join(&joined(link.id(), Replay::default()));
    links.end(link.id());
    links.end(link.id());
    assert!(links.is_empty() && link.is_gone());
    links.join(&joined(link.id(), replay(1, 1)));
    links.publish(&published(burst(2, 1)));
    assert_eq!(drain(&link), (vec![], true));
    let report = links.report().unwrap();
    assert_eq!((report.opened.len(), report.closed), (1, vec![link.id()]));
    assert!(links.report().is_none());
}

proptest! {
    /// A connection that comes at any point, with what it has, is told all that follows once and in order.
    #[test]
    fn replay_and_live_entries_make_the_whole_journal(
        bursts in prop::collection::vec(1..4u64, 1..20), comes in 0..20usize, has in 0..20u64,
    ) {
        let links = links(&Connections::default());
        let link = open(&links);
        let mut tail = Tail::new(TailLimits { snapshot: 100, bytes: usize::MAX });
        let mut last = 0;
        let comes = comes.min(bursts.len() - 1);
        let mut since = 0;
        for (at, count) in bursts.into_iter().enumerate() {
            if at == comes {
                since = has.min(last);
                links.join(&joined(link.id(), tail.since(since).unwrap()));
            }
            let burst = burst(last + 1, count);
            last += count;
            burst.entries.iter().for_each(|entry| tail.push(entry.clone()));
            links.publish(&published(burst));
        }
        let expected: Vec<u8> = (since + 1..=last).map(|seq| u8::try_from(seq).unwrap()).collect();
        prop_assert_eq!(drain(&link).0, expected);
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Probe {
    reports: Vec<ReportConnections>,
}

impl Actor for Probe {
    type Context = Context<Self>;
}

impl Handler<ReportConnections> for Probe {
    type Result = ();

    fn handle(&mut self, report: ReportConnections, _: &mut Self::Context) {
        self.reports.push(report);
    }
}

#[derive(actix::Message)]
#[rtype(result = "Vec<ReportConnections>")]
struct TakeReports;

impl Handler<TakeReports> for Probe {
    type Result = Vec<ReportConnections>;

    fn handle(&mut self, _: TakeReports, _: &mut Self::Context) -> Vec<ReportConnections> {
        std::mem::take(&mut self.reports)
    }
}

fn shard(links: &Rc<Links>, hub: Recipient<ReportConnections>) -> Addr<Shard> {
    Shard::new(Rc::clone(links), hub).start()
}

#[actix::test]
async fn a_replay_stands_before_what_is_published_after_it() {
    let links = links(&Connections::default());
    let shard = shard(&links, Probe::default().start().recipient());
    let link = open(&links);
    shard.do_send(published(burst(1, 2)));
    shard.do_send(joined(link.id(), replay(1, 2)));
    shard.do_send(published(burst(3, 1)));
    shard.do_send(CloseTopic { topic: topic(), code: CloseCode::Unknown });
    assert_eq!(shard.send(CountConnections).await.unwrap(), 1);
    let expected: Vec<u8> = [&[1, 2, 3][..], &frame::close(Some(4504), "unknown")].concat();
    assert_eq!(drain(&link).0, expected);
}

#[actix::test]
async fn everybody_is_told_that_the_server_goes_down() {
    let links = links(&Connections::default());
    let shard = shard(&links, Probe::default().start().recipient());
    let listeners: Vec<Rc<Link>> = (0..600).map(|_| open(&links)).collect();
    shard.send(CloseAll { code: CloseCode::GoingAway }).await.unwrap();
    while listeners.iter().any(|link| link.is_open()) {
        actix::clock::sleep(Duration::from_millis(1)).await;
    }
    for link in listeners {
        let words = String::from_utf8_lossy(&drain(&link).0[4..]).into_owned();
        let ms: u32 =
            words.strip_prefix("going away; retry in ").unwrap().strip_suffix(" ms").unwrap().parse().unwrap();
        assert!((500..=3000).contains(&ms), "{ms}");
    }
}

#[actix::test]
async fn the_hub_hears_in_batches_who_came_and_went() {
    let links = links(&Connections::default());
    let probe = Probe::default().start();
    let shard = shard(&links, probe.clone().recipient());
    shard.send(CountConnections).await.unwrap();
    let connections: Vec<ConnectionId> = (0..3).map(|_| open(&links).id()).collect();
    links.end(connections[1]);
    let mut reports = Vec::new();
    while reports.is_empty() {
        reports = probe.send(TakeReports).await.unwrap();
        actix::clock::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].opened.iter().map(|opened| opened.connection).collect::<Vec<_>>(), connections);
    assert_eq!(reports[0].closed, [connections[1]]);
}

#[actix::test]
async fn the_hub_closes_the_newest_of_too_many_at_one_address() {
    let settings = Connections { max_per_address: 2, ..Connections::default() };
    let links = links(&settings);
    let shard = shard(&links, Probe::default().start().recipient());
    let hub = Hub::new(vec![shard.clone()], &settings).start();
    let address = Some([10, 0, 0, 1].into());
    let arrivals = || Arrival { dialect: &NUMBERS, address, topic: None, line: None };
    let listeners: Vec<Rc<Link>> = (0..3).map(|_| links.open(arrivals())).collect();
    hub.send(links.report().unwrap()).await.unwrap();
    assert_eq!(hub.send(CountConnections).await.unwrap(), 3);
    while listeners.iter().all(|link| link.is_open()) {
        actix::clock::sleep(Duration::from_millis(5)).await;
    }
    shard.send(CountConnections).await.unwrap();
    assert_eq!(listeners.iter().map(|link| link.is_open()).collect::<Vec<_>>(), [true, true, false]);
    links.end(listeners[2].id());
    hub.send(links.report().unwrap()).await.unwrap();
    assert_eq!(hub.send(CountConnections).await.unwrap(), 2);
}

#[actix::test]
async fn who_leaves_and_comes_back_does_not_count_twice() {
    let settings = Connections { max_per_address: 1, ..Connections::default() };
    let links = links(&settings);
    let shard = shard(&links, Probe::default().start().recipient());
    let hub = Hub::new(vec![shard.clone()], &settings).start();
    let address = Some([10, 0, 0, 1].into());
    let arrival = || Arrival { dialect: &NUMBERS, address, topic: None, line: None };
    let before = links.open(arrival());
    hub.send(links.report().unwrap()).await.unwrap();
    links.end(before.id());
    let again = links.open(arrival());
    hub.send(links.report().unwrap()).await.unwrap();
    links.end(again.id());
    let gone = links.report().unwrap();
    // The one that comes is reported before the one that went on another worker.
    let back = links.open(arrival());
    hub.send(links.report().unwrap()).await.unwrap();
    hub.send(gone).await.unwrap();
    actix::clock::sleep(2 * ALL_HAVE_REPORTED).await;
    shard.send(CountConnections).await.unwrap();
    assert!(back.is_open());
    assert_eq!(hub.send(CountConnections).await.unwrap(), 1);
}

#[actix::test]
async fn the_watchdog_pings_closes_and_cuts() {
    let links = links(&Connections {
        heartbeat_interval: 10.0,
        heartbeat_grace: 5.0,
        stall_timeout: 60.0,
        ..Connections::default()
    });
    let (stuck, silent) = (open(&links), open(&links));
    stuck.send(1, Bytes::from_static(b"x"));
    let start = Instant::now();
    let mut pings = 0;
    for second in 0..16 {
        links.sweep(start + Duration::from_secs(second));
        if second < 15 {
            let told = drain(&silent).0;
            assert!(told.is_empty() || told == frame::ping(), "{told:?}");
            pings += told.len() / 2;
        }
    }
    assert_eq!(pings, 1, "the first comes early, the second is not due");
    assert_eq!(drain(&silent), (frame::close(Some(4408), "no heartbeat").to_vec(), true));
    assert!(!stuck.is_gone());
    links.sweep(start + Duration::from_secs(18));
    assert!(silent.is_gone() && stuck.is_gone(), "both had their time to answer");
}

#[actix::test]
async fn who_reads_slowly_is_not_stuck() {
    let links = links(&Connections { heartbeat_interval: 3600.0, stall_timeout: 5.0, ..Connections::default() });
    let (slow, stuck) = (open(&links), open(&links));
    let start = Instant::now();
    for link in [&slow, &stuck] {
        (0..20).for_each(|_| link.send(1, Bytes::from_static(b"x")));
    }
    for second in 0..6 {
        links.sweep(start + Duration::from_secs(second));
        if second % 4 == 0 {
            assert!(slow.poll_next(&mut TaskContext::from_waker(Waker::noop())).is_ready());
        }
    }
    assert!(slow.is_open() && !stuck.is_open());
    assert_eq!(drain(&stuck).0, frame::close(Some(4410), "too slow"));
}

#[actix::test]
async fn a_slow_reader_gets_what_waits_before_its_time_to_close_begins() {
    let settings = Connections { close_timeout: 2.0, stall_timeout: 20.0, ..Connections::default() };
    let links = links(&settings);
    let (slow, stuck) = (open(&links), open(&links));
    for link in [&slow, &stuck] {
        (0..3).for_each(|_| link.send(1, Bytes::from_static(b"x")));
        links.close(link.id(), CloseCode::Disconnected);
    }
    let start = Instant::now();
    links.sweep(start);
    links.sweep(start + Duration::from_secs(10));
    assert_eq!(drain(&slow).0, [b"xxx", &frame::close(Some(4509), "disconnected")[..]].concat());
    links.sweep(start + Duration::from_secs(15));
    assert!(slow.is_gone() && !stuck.is_gone());
    links.sweep(start + Duration::from_secs(20));
    assert!(stuck.is_gone());
}

fn one() -> Topic {
    Topic::Workflow(TopicKey::of("one"))
}

/// Messages of these kinds; their positions begin at `first`, or they have none.
fn messages(first: Option<u64>, kinds: &[u8]) -> Items {
    let mut builder = MessagesBuilder::default();
    for (at, kind) in (0..).zip(kinds) {
        builder.push(("node_state", *kind), first.map(|first| first + at), |out| serde_json::to_writer(out, kind));
    }
    Items::Messages(Arc::new(builder.finish()))
}

fn about_workflows(topics: &[Topic], first: Option<u64>, kinds: &[u8]) -> Publish {
    Publish { to: Recipients::Followers(topics.iter().copied().collect()), items: messages(first, kinds) }
}

/// Joins as [`Broadcast::join`] does, on this thread.
fn watch(links: &Links, connection: ConnectionId, topic: Topic, position: u64) {
    links.counts().add_watcher();
    let items = messages((position > 0).then_some(position), if position > 0 { &[0] } else { &[] });
    links.join(&Join { connection, topic, items, position, announced: Announced::No });
}

#[actix::test]
async fn who_follows_several_topics_gets_a_message_once_and_of_its_kinds() {
    let links = links(&Connections::default());
    let (both, all, picky, deaf) = (open(&links), open(&links), open(&links), open(&links));
    for (link, topic) in [(&both, one()), (&both, Topic::Workflows), (&all, Topic::Workflows), (&picky, one())] {
        watch(&links, link.id(), topic, 0);
    }
    picky.set_kinds(KindSet::only(2));
    WRITTEN.take();
    links.publish(&about_workflows(&[one(), Topic::Workflows], Some(5), &[1, 2, 3]));
    assert_eq!(WRITTEN.take(), [5, 6, 7], "encoded once");
    assert_eq!((drain(&both).0, drain(&all).0, drain(&picky).0), (vec![5, 6, 7], vec![5, 6, 7], vec![6]));
    links.publish(&about_workflows(&[one()], Some(8), &[2, 3, 2]));
    assert_eq!(drain(&picky).0, [8, 10], "also of messages that do not stand next to each other");
    assert!(drain(&all).0.is_empty() && drain(&deaf).0.is_empty());
    assert_eq!(drain(&both).0, [8, 9, 10]);
    assert_eq!(KindSet::only(64), KindSet(0));
}

#[actix::test]
async fn how_things_stand_comes_before_what_follows() {
    let links = links(&Connections::default());
    let link = open(&links);
    watch(&links, link.id(), one(), 4);
    links.publish(&about_workflows(&[one()], Some(5), &[1]));
    assert_eq!(drain(&link).0, [4, 5]);
}

#[actix::test]
async fn watchers_are_counted_however_they_go() {
    let links = links(&Connections::default());
    let (stays, goes, closed) = (open(&links), open(&links), open(&links));
    for link in [&stays, &goes, &closed] {
        watch(&links, link.id(), one(), 0);
        watch(&links, link.id(), Topic::Workflows, 0);
        watch(&links, link.id(), one(), 0);
    }
    links.end(goes.id());
    links.close(closed.id(), CloseCode::Done);
    watch(&links, goes.id(), one(), 0);
    watch(&links, closed.id(), one(), 0);
    assert!(links.counts().has_watchers());
    links.end(stays.id());
    assert!(!links.counts().has_watchers());
}

#[actix::test]
async fn who_has_no_room_for_the_latest_goes_on_later_from_what_it_has() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |link, topic, position| heard.borrow_mut().push((link.id(), topic, position)));
    let (slow, quick) = (open(&links), open(&links));
    for link in [&slow, &quick] {
        watch(&links, link.id(), one(), 0);
        watch(&links, link.id(), Topic::Workflows, 0);
    }
    for first in [1, 3, 5, 7] {
        links.publish(&about_workflows(&[one()], Some(first), &[1, 1]));
        assert_eq!(drain(&quick).0, [first as u8, first as u8 + 1]);
    }
    assert_eq!(behind.take(), [(slow.id(), one(), 2)], "half of the outbox stays free for others");
    assert_eq!(drain(&slow), (vec![1, 2], false));
    links.publish(&about_workflows(&[Topic::Workflows], None, &[2]));
    assert_eq!(drain(&slow).0, [0], "it still follows the other topic");
    watch(&links, slow.id(), one(), 8);
    links.publish(&about_workflows(&[one()], Some(9), &[1]));
    assert_eq!(drain(&slow).0, [8, 9]);
}

#[actix::test]
async fn who_has_no_room_for_what_is_sent_only_once_is_closed() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let link = open(&links);
    watch(&links, link.id(), one(), 0);
    (0..2).for_each(|_| {
        links.publish(&about_workflows(&[one()], None, &[1, 1]));
    });
    assert_eq!(drain(&link).0, frame::close(Some(4410), "too slow").to_vec());
    assert!(!links.counts().has_watchers());
}

#[actix::test]
async fn who_has_no_room_for_the_end_reads_on_and_is_not_cut() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |link, _, position| heard.borrow_mut().push((link.id(), position)));
    let [quick, slow] = [(); 2].map(|()| {
        let link = links.open(Arrival { dialect: &ENDING, address: None, topic: None, line: None });
        links.join(&joined(link.id(), Replay::default()));
        link
    });
    links.publish(&published(burst(1, 3)));
    assert_eq!(drain(&quick), (vec![1, 2, 3], false));
    let mut end = BurstBuilder::default();
    end.append(&Entry::TaskCancelled { reason: String::new() }, None, 4, Timestamp::from_micros(0));
    links.publish(&published(end.finish()));
    assert_eq!((drain(&quick), behind.take()), ((vec![4], true), vec![(slow.id(), 3)]));
    assert_eq!(drain(&slow), (vec![1, 2, 3], false));
}

#[actix::test]
async fn a_worker_without_event_sockets_hears_of_no_events() {
    use crate::domain::event::{EncodedEvent, Event, Kind, NewEvent};
    let links = links(&Connections::default());
    let shard = shard(&links, Probe::default().start().recipient());
    let broadcast = Broadcast::new(std::slice::from_ref(&shard), Arc::clone(links.counts()));
    let event = EncodedEvent::new(Event { seq: Some(7), ..Event::now(NewEvent::new(Kind::QueueCleared)) });
    let items = Items::Events([event].into());
    let publish = Publish { to: Recipients::EventSockets(Audience::Subscribers), items };
    broadcast.publish(&publish);
    shard.send(CountConnections).await.unwrap();
    assert_eq!(links.published_seq(), 0);
    let _ticket = links.enter_event_socket();
    broadcast.publish(&publish);
    shard.send(CountConnections).await.unwrap();
    assert_eq!(links.published_seq(), 7);
}
