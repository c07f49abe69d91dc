//! Tests of how events get to event sockets.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::dialect::{About, Signal};
use super::event_listener::{EventListener, Manner, Order};
use super::messages::{EventsBeginAnew, Passed};
use super::subscription::Subscription;
use super::*;
use crate::config::connections::Connections;
use crate::domain::event::{EncodedEvent, Event, Filter, Kind, NewEvent, Selector};
use crate::domain::id::SessionId;
use crate::domain::owner::Owner;
use crate::domain::status::Priority;
use crate::hub::links::{Arrival, Links};
use crate::hub::tests::{drain, links};
use crate::hub::{Dialect, Link};

/// Writes of each event one byte: its number in `data`; batches stand in brackets.
struct Letters(About);

static LETTERS: Letters = Letters(About { name: "letters", is_two_way: true, ends_with_feed: false });

thread_local! {
    static WRITTEN: RefCell<usize> = const { RefCell::new(0) };
}

impl Dialect for Letters {
    fn about(&self) -> &'static About {
        &LETTERS.0
    }

    fn payload(&self, item: &Item<'_>) -> Bytes {
        WRITTEN.with_borrow_mut(|written| *written += 1);
        let data = item.event.map(|event| &event.new_event().data);
        let number = data.and_then(|data| data.get("n")).and_then(serde_json::Value::as_u64).unwrap_or(u64::from(b'!'));
        vec![u8::try_from(number).unwrap()].into()
    }

    fn frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        match payloads {
            [one] => out.extend_from_slice(one),
            several => out.extend_from_slice(&[b"[", &*several.concat(), b"]"].concat()),
        }
    }

    fn signal(&self, signal: Signal<'_>) -> Bytes {
        if let Signal::Answer(json) = signal { Bytes::copy_from_slice(json) } else { Bytes::new() }
    }
}

/// The log that all of them follow at first.
const EPOCH: &str = "old";

fn socket(links: &Rc<Links>, order: Order, batch: Option<Duration>, words: &[&str], filter: Filter) -> Rc<Link> {
    let manner = Manner { client_id: "a".into(), place: "custom", whose: None, asked_as: Vec::new(), order, batch };
    follow(links, manner, words, filter)
}

fn follow(links: &Rc<Links>, manner: Manner, words: &[&str], filter: Filter) -> Rc<Link> {
    let link = links.open(Arrival { dialect: &LETTERS, address: None, topic: None, line: None });
    let subscription = Subscription::live(links.published_seq());
    link.set_event_listener(EventListener::new(manner, EPOCH.into(), subscription, links.enter_event_socket()));
    let subscriptions = words.iter().map(|word| Selector::parse(word).unwrap()).collect();
    links.set_filter(&link, EventFilter::new(subscriptions, filter));
    link
}

fn plain(links: &Rc<Links>, words: &[&str]) -> Rc<Link> {
    socket(links, Order::ByUrgency, None, words, Filter::default())
}

fn event(letter: u8, seq: Option<u64>, new_event: NewEvent) -> EncodedEvent {
    EncodedEvent::new(Event { seq, ..Event::now(new_event.with("n", letter)) })
}

fn of(kind: Kind) -> NewEvent {
    NewEvent::new(kind)
}

fn publish(links: &Links, events: Vec<EncodedEvent>) -> usize {
    publish_to(links, events, Audience::Subscribers)
}

fn publish_to(links: &Links, events: Vec<EncodedEvent>, audience: Audience) -> usize {
    links.publish(&Publish { to: Recipients::EventSockets(audience), items: Items::Events(events.into()) })
}

/// Some events of some sessions and crews, with the letters `a`, `b` and so on, all kept.
fn new_events() -> impl Strategy<Value = Vec<NewEvent>> {
    let kinds = ["execution.started", "execution.failed", "queue.cleared", "custom.a", "custom.a.b", "memory.stored"];
    let one = (prop::sample::select(kinds.to_vec()), 0..3u8, 0..3u8).prop_map(|(word, session, crew)| {
        let new_event = of(Kind::parse(word).unwrap());
        let new_event = if session > 0 { new_event.of_execution(id(session)) } else { new_event };
        if crew > 0 { new_event.of_crew(format!("c{crew}")) } else { new_event }
    });
    prop::collection::vec(one, 0..70)
}

fn id(session: u8) -> SessionId {
    SessionId::from_bytes([session; 16])
}

fn filters() -> impl Strategy<Value = EventFilter> {
    let words = vec![
        "execution.*".to_owned(),
        "global".to_owned(),
        "custom.a".to_owned(),
        "custom.a.*".to_owned(),
        "custom.*".to_owned(),
        "*".to_owned(),
        "memory".to_owned(),
        "metrics".to_owned(),
        "crew_c1".to_owned(),
        format!("execution_{}", id(1)),
    ];
    let types =
        prop::option::of(prop::sample::subsequence(vec!["execution.*", "custom.a", "custom.a.*", "queue.*"], 0..3));
    let filter = (types, prop::option::of(0..3u8), prop::option::of(0..3u8), any::<bool>()).prop_map(
        |(types, session, crew, urgent)| Filter {
            types: types.map(|types| {
                types.into_iter().map(|word| crate::domain::event::Pattern::parse(word).unwrap()).collect()
            }),
            min_priority: urgent.then_some(Priority::High),
            execution_id: session.filter(|session| *session > 0).map(|session| id(session).into()),
            crew_id: crew.filter(|crew| *crew > 0).map(|crew| format!("c{crew}").into()),
            agent_id: None,
        },
    );
    (prop::sample::subsequence(words, 0..5), filter).prop_map(|(words, filter)| {
        EventFilter::new(words.iter().map(|word| Selector::parse(word).unwrap()).collect(), filter)
    })
}

#[test]
fn an_event_reaches_whose_it_is_and_who_hears_everybody_s_and_a_broadcast_reaches_all() {
    let links = links(&Connections::default());
    let owners = ["ada", "bo"].map(|owner| owner.parse::<Owner>().unwrap());
    let socket = |whose: Option<&Owner>| {
        let (client_id, whose) = ("a".into(), whose.cloned());
        let manner =
            Manner { client_id, place: "custom", whose, asked_as: Vec::new(), order: Order::BySeq, batch: None };
        follow(&links, manner, &["*"], Filter::default())
    };
    let (ada, bo, all) = (socket(Some(&owners[0])), socket(Some(&owners[1])), socket(None));
    let owned = |at: usize, letter: u8| {
        let kind = Kind::Custom("custom.a".into());
        let EncodedEvent { event, json, .. } = event(letter, Some(u64::from(letter)), of(kind));
        EncodedEvent::of(event, owners[at].clone(), json)
    };
    publish(&links, vec![owned(0, 1), owned(1, 2), owned(0, 3)]);
    publish(&links, vec![event(4, Some(4), of(Kind::SystemStartup))]);
    let broadcast = event(5, None, of(Kind::Custom("custom.message".into())));
    publish_to(&links, vec![broadcast], Audience::Everybody);
    assert_eq!((drain(&ada).0, drain(&bo).0), (vec![1, 3, 5], vec![2, 5]));
    // It gets what is sent to all as one of the usual subscribers.
    assert_eq!(drain(&all).0, [1, 2, 3, 4]);
}

proptest! {
    #[test]
    fn each_gets_once_and_in_order_what_its_subscriptions_and_filter_say(
        all in prop::collection::vec(filters(), 1..6), changed in filters(), new_events in new_events(),
    ) {
        let links = links(&Connections::default());
        let readers: Vec<Rc<Link>> = all.iter().map(|_| socket(&links, Order::BySeq, None, &[], Filter::default())).collect();
        for (link, wants) in readers.iter().zip(&all) {
            // What it wanted before leaves nothing behind.
            links.set_filter(link, changed.clone());
            links.set_filter(link, wants.clone());
        }
        let told: Vec<EncodedEvent> = (1..).zip(new_events).map(|(seq, new_event)| event(seq as u8, Some(seq), new_event)).collect();
        publish(&links, told.clone());
        for (link, wants) in readers.iter().zip(&all) {
            let asked = |told: &&EncodedEvent| wants.subscriptions().iter().any(|one| one.takes(told.new_event()));
            let fits = told.iter().filter(asked).filter(|told| wants.filter().takes(told.new_event()));
            let expected: Vec<u8> = fits.map(|told| told.seq().unwrap() as u8).collect();
            prop_assert_eq!(drain(link).0, expected);
            links.end(link.id());
        }
        let counts = links.counts();
        prop_assert!(Kind::KNOWN.iter().all(|kind| !counts.is_heard(kind, Some(&id(1).into()))), "nobody is counted any more");
    }
}

#[actix::test]
async fn an_event_is_written_once_whoever_gets_it() {
    let links = links(&Connections::default());
    let readers: Vec<Rc<Link>> = (0..5).map(|_| plain(&links, &["global", "execution.*"])).collect();
    let other = plain(&links, &["queue"]);
    WRITTEN.take();
    let reached = publish(
        &links,
        vec![event(b'a', Some(1), of(Kind::ExecutionStarted)), event(b'b', Some(2), of(Kind::QueueCleared))],
    );
    assert_eq!((WRITTEN.take(), reached), (2, 11));
    assert!(readers.iter().all(|link| drain(link).0 == b"ab"));
    assert_eq!(drain(&other).0, b"b");
}

#[actix::test]
async fn urgent_ones_overtake_what_waits_but_not_where_the_order_matters() {
    let links = links(&Connections::default());
    let (hasty, orderly) = (plain(&links, &["*"]), socket(&links, Order::BySeq, None, &["*"], Filter::default()));
    for (letter, seq, kind) in [
        (b'a', 1, Kind::TaskCompleted),
        (b'b', 2, Kind::MemoryStored),
        (b'c', 3, Kind::SystemError),
        (b'd', 4, Kind::TaskFailed),
    ] {
        publish(&links, vec![event(letter, Some(seq), of(kind))]);
    }
    assert_eq!((drain(&hasty).0, drain(&orderly).0), (b"cdab".to_vec(), b"abcd".to_vec()));
    hasty.send_replay(1, Bytes::from_static(b"first"));
    publish(&links, vec![event(b'e', Some(5), of(Kind::SystemError))]);
    assert_eq!(drain(&hasty).0, b"firste", "nothing overtakes a replay");
}

#[actix::test]
async fn who_falls_behind_keeps_its_place_and_goes_on_without_gap_or_double() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |link, _, seq| heard.borrow_mut().push((link.id(), seq)));
    let link = plain(&links, &["*"]);
    for seq in 1..=5 {
        publish(&links, vec![event(b'a' - 1 + seq as u8, Some(seq), of(Kind::TaskCompleted))]);
    }
    assert_eq!(behind.take(), [(link.id(), 3)], "once, with what it has");
    assert!(!links.go_live(&link), "the log has more");
    assert_eq!(drain(&link).0, b"abc");
    publish(&links, vec![event(b'x', None, of(Kind::TaskProgress))]);
    assert_eq!(drain(&link).0, b"x", "what is kept nowhere comes where there is room");
    let listener = link.event_listener().unwrap();
    listener.advance(4);
    assert!(!links.go_live(&link));
    // The log may have been read further than this worker has heard.
    listener.advance(6);
    assert!(links.go_live(&link));
    publish(&links, vec![event(b'f', Some(6), of(Kind::TaskCompleted)), event(b'g', Some(7), of(Kind::TaskCompleted))]);
    assert_eq!(drain(&link).0, b"g");
}

#[actix::test]
async fn what_is_kept_nowhere_is_left_out_and_counted_where_there_is_no_room() {
    let links = links(&Connections { outbox_bytes: 4, ..Connections::default() });
    let link = plain(&links, &["*"]);
    for letter in b'a'..b'h' {
        publish(&links, vec![event(letter, None, of(Kind::TaskProgress))]);
    }
    assert!(link.is_open());
    assert_eq!((drain(&link).0, link.passed().dropped), (b"abc".to_vec(), 4));
    links.send_heartbeat(&link);
    assert_eq!(drain(&link).0, b"!", "a sign of life");
}

#[actix::test]
async fn a_batch_is_one_frame_in_order_and_something_urgent_ends_it() {
    let links = links(&Connections::default());
    let link = socket(&links, Order::ByUrgency, Some(Duration::from_millis(5)), &["*"], Filter::default());
    publish(&links, vec![event(b'a', Some(1), of(Kind::TaskCompleted)), event(b'b', None, of(Kind::TaskProgress))]);
    publish(&links, vec![event(b'c', Some(2), of(Kind::TaskCompleted))]);
    assert_eq!(drain(&link).0, b"");
    let due = links.batches_due();
    assert_eq!(due.len(), 1, "somebody comes once");
    links.send_batch(&due[0].0);
    assert_eq!(drain(&link).0, b"[abc]");
    publish(&links, vec![event(b'd', Some(3), of(Kind::TaskCompleted)), event(b'e', Some(4), of(Kind::SystemError))]);
    assert_eq!(drain(&link).0, b"[de]");
    publish(&links, vec![event(b'f', Some(5), of(Kind::TaskCompleted))]);
    links.set_filter(&link, EventFilter::default());
    assert_eq!(drain(&link).0, b"f", "what was wanted is sent before that changes");
}

#[actix::test]
async fn a_batch_without_room_is_read_from_the_log() {
    let links = links(&Connections { outbox_bytes: 4, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |_, _, seq| heard.borrow_mut().push(seq));
    let link = socket(&links, Order::ByUrgency, Some(Duration::from_millis(5)), &["*"], Filter::default());
    publish(&links, vec![event(b'a', Some(1), of(Kind::TaskCompleted))]);
    links.send_batch(&link);
    publish(&links, vec![event(b'b', Some(2), of(Kind::TaskCompleted)), event(b'c', Some(3), of(Kind::TaskCompleted))]);
    links.send_batch(&link);
    assert_eq!((drain(&link).0, behind.take()), (b"a".to_vec(), vec![1]));
}

#[actix::test]
async fn a_broadcast_reaches_everybody_and_filters_apply() {
    let links = links(&Connections::default());
    let filter = Filter { min_priority: Some(Priority::High), ..Filter::default() };
    let (nothing, queue) = (plain(&links, &[]), plain(&links, &["queue"]));
    let picky = socket(&links, Order::BySeq, None, &["queue"], filter);
    let events = vec![event(b'a', None, of(Kind::parse("custom.a").unwrap()))];
    assert_eq!(publish_to(&links, events.clone(), Audience::Everybody), 2);
    let audience = Audience::SubscribersOf(Selector::parse("queue").unwrap());
    assert_eq!(publish_to(&links, events, audience), 1);
    assert_eq!((drain(&nothing).0, drain(&queue).0, drain(&picky).0), (b"a".to_vec(), b"aa".to_vec(), vec![]));
}

#[actix::test]
async fn nobody_hears_that_it_came_itself() {
    let links = links(&Connections::default());
    let (link, other) = (plain(&links, &["connection.*"]), plain(&links, &["connection.*"]));
    let came = of(Kind::ConnectionEstablished).with("connection_id", link.id().to_string());
    publish(&links, vec![event(b'a', None, came)]);
    assert_eq!((drain(&link).0, drain(&other).0), (vec![], b"a".to_vec()));
}

#[actix::test]
async fn the_numbers_come_to_those_who_asked_for_them() {
    let links = links(&Connections::default());
    let (metrics, system) = (plain(&links, &["metrics"]), plain(&links, &["system", "metrics"]));
    let other = plain(&links, &["system"]);
    assert!(links.counts().is_metrics_heard());
    let events = vec![event(b'm', None, of(Kind::SystemHealthCheck))];
    publish_to(&links, events, Audience::SubscribersOf(Selector::Metrics));
    assert_eq!((drain(&metrics).0, drain(&system).0, drain(&other).0), (b"m".to_vec(), b"m".to_vec(), vec![]));
    links.end(metrics.id());
    links.end(system.id());
    assert!(!links.counts().is_metrics_heard());
}

#[actix::test]
async fn an_operator_sees_and_closes_a_connection() {
    let links = links(&Connections::default());
    let link = plain(&links, &["queue"]);
    publish(&links, vec![event(b'a', Some(1), of(Kind::QueueCleared))]);
    let details = links.describe(actix::clock::Instant::now());
    assert_eq!((&*details[0].client_id, &*details[0].kind, details[0].queued_bytes), ("a", "custom", 1));
    assert_eq!(details[0].passed, Passed { messages_out: 1, bytes_out: 1, ..Passed::default() });
    let listening = details[0].listening.as_ref().unwrap();
    assert_eq!(listening.subscriptions, [Selector::parse("queue").unwrap()]);
    assert!(!links.disconnect("b") && links.disconnect("a") && !link.is_open());
    assert_eq!(link.reason(), "disconnected");
}

#[test]
fn who_has_heard_all_of_a_log_that_begins_anew_is_sent_that_and_then_what_comes_after_it() {
    let links = links(&Connections::default());
    let (live, gathering) = (
        plain(&links, &["global"]),
        socket(&links, Order::BySeq, Some(Duration::from_secs(9)), &["global"], Filter::default()),
    );
    let behind = plain(&links, &["global"]);
    behind.event_listener().unwrap().subscription.set(Subscription::joining(4));
    let numbered = |letter, seq| vec![event(letter, Some(seq), of(Kind::QueueCleared))];
    publish(&links, numbered(b'a', 5));
    links.events_begin_anew(&EventsBeginAnew {
        epoch: "new".into(),
        last_seq: 2,
        notice: Bytes::from_static(b"<new>"),
    });
    publish(&links, numbered(b'b', 3));
    links.send_batch(&gathering);
    for link in [&live, &gathering] {
        assert_eq!(drain(link).0, b"a<new>b");
        assert!(link.event_listener().unwrap().follows("new"));
    }
    assert!(
        drain(&behind).0.is_empty() && behind.event_listener().unwrap().follows(EPOCH),
        "it reads on, and sees it there"
    );
    assert_eq!(links.published_seq(), 3);
}
